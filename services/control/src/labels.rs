//! The names that stand beside ids where people read them.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use uplion_domain::{KeyId, ProjectId, installation::Currency};
use uplion_projections::{
    Statement, api_keys,
    columns::text,
    projects,
    statement::MANY,
    table::{Row, Value},
};

use crate::{installation::Foundation, problem::Problem, reading::Reader};

#[derive(Clone)]
pub struct Labels {
    pub reader: Reader,
    pub foundation: Foundation,
}

#[derive(Debug)]
pub struct Loaded {
    currency: Currency,
    projects: HashMap<ProjectId, String>,
    keys: HashMap<KeyId, String>,
}

/// Which projections an answer is read from that has names beside what `asked` holds: who waits until something is in
/// the one sees the names that were given before in the others.
pub const fn named(asked: &'static str) -> [&'static str; 3] {
    [asked, projects::NAME, api_keys::NAME]
}

impl Labels {
    /// Of these alone: there may be many more.
    pub async fn of(
        &self,
        projects: impl IntoIterator<Item = ProjectId>,
        keys: impl IntoIterator<Item = KeyId>,
    ) -> Result<Loaded, Problem> {
        let projects = self.read(&projects::NAMES, projects, projects::Named::from_row).await?;
        let keys = self.read(&api_keys::NAMES, keys, api_keys::Named::from_row).await?;
        Ok(Loaded {
            currency: self.foundation.currency().await?,
            projects: projects.into_iter().map(|named| (named.project, named.name)).collect(),
            keys: keys.into_iter().map(|named| (named.key, named.name)).collect(),
        })
    }

    async fn read<I: Ord + fmt::Display, N>(
        &self,
        statement: &'static Statement,
        ids: impl IntoIterator<Item = I>,
        read: fn(Row) -> N,
    ) -> Result<Vec<N>, Problem> {
        let ids: Vec<I> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let mut named = Vec::new();
        for chunk in ids.chunks(MANY) {
            let mut parameters: Vec<Value> = chunk.iter().map(text).collect();
            parameters.resize(MANY, Value::Null);
            named.extend(self.reader.query(statement, &parameters, read).await?);
        }
        Ok(named)
    }
}

impl Loaded {
    /// Of every amount.
    pub fn currency(&self) -> String {
        self.currency.to_string()
    }

    pub fn project(&self, id: ProjectId) -> Option<String> {
        self.projects.get(&id).cloned()
    }

    pub fn key(&self, id: KeyId) -> Option<String> {
        self.keys.get(&id).cloned()
    }
}
