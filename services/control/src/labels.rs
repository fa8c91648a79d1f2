//! The names that stand beside ids where people read them.

use std::collections::HashMap;

use uplion_domain::{KeyId, ProjectId};
use uplion_projections::{
    api_keys::{self, Named},
    columns,
    projection::TypedRow,
    projects::{self, Project},
    table::Value,
};

use crate::{problem::Problem, reading::Reader};

const PAGE: usize = 5_000;

#[derive(Clone)]
pub struct Labels {
    pub reader: Reader,
}

#[derive(Debug, Default)]
pub struct Loaded {
    projects: HashMap<ProjectId, String>,
    keys: HashMap<KeyId, String>,
}

impl Labels {
    pub async fn load(&self) -> Result<Loaded, Problem> {
        let mut loaded = Loaded::default();
        let mut after = None;
        loop {
            let parameters = [Value::Null, Value::Null, columns::maybe_text(after), limit()];
            let page = self.reader.query(&projects::LIST, &parameters, Project::from_row).await?;
            after = page.last().map(|project| project.project);
            let last = page.len() < PAGE;
            loaded.projects.extend(page.into_iter().map(|row| (row.project, row.name)));
            if last {
                break;
            }
        }
        let mut after = None;
        loop {
            let parameters = [columns::maybe_text(after), limit()];
            let page = self.reader.query(&api_keys::NAMES, &parameters, Named::from_row).await?;
            after = page.last().map(|key| key.key);
            let last = page.len() < PAGE;
            loaded.keys.extend(page.into_iter().map(|named| (named.key, named.name)));
            if last {
                return Ok(loaded);
            }
        }
    }
}

fn limit() -> Value {
    Value::BigInt(i64::try_from(PAGE).expect("a page is small"))
}

impl Loaded {
    pub fn project(&self, id: ProjectId) -> Option<String> {
        self.projects.get(&id).cloned()
    }

    pub fn key(&self, id: KeyId) -> Option<String> {
        self.keys.get(&id).cloned()
    }
}
