//! Projects: create, list, show, rename, close.

use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
    types::ToJSON,
};
use uplion_domain::{
    ProjectId,
    project::{self, Project},
};
use uplion_projections::{columns, projection::TypedRow, projects, table::Value};
use uuid::Uuid;

use super::{
    Tag,
    page::{self, Found, Page, current},
};
use crate::{
    auth::Auth,
    caller::{Seen, Target},
    headers,
    names::Names,
    permissions::Operation,
    problem::Problem,
    reading::Reader,
    receipt::{Answer, Written},
    write::{Said, Writer},
};

pub struct Projects {
    pub writer: Writer,
    pub reader: Reader,
    pub names: Names,
}

/// What a project is called.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct ProjectName {
    /// 1 to 128 characters; no other open project has it.
    name: String,
}

/// A tenant: keys belong to it, usage is billed to it.
#[derive(Debug, Object)]
#[oai(rename = "Project")]
struct ProjectView {
    id: String,
    name: String,
    /// `open` or `closed`.
    status: String,
    created_at: String,
    closed_at: Option<String>,
}

#[OpenApi(tag = "Tag::Projects")]
impl Projects {
    /// Create a project
    #[oai(path = "/projects", method = "post", operation_id = "create_project")]
    async fn create(
        &self,
        auth: Auth,
        /// Said again with the same key, the command is carried out once.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: Json<ProjectName>,
    ) -> Result<Answer<Written>, Problem> {
        let caller = auth.0.may(Operation::CreateProject, Target::Installation)?;
        let command = format!("create project {}", body.to_json_string());
        let said = Said::new(caller, None, idempotency_key.0, &command)?;
        let id = ProjectId::new(Uuid::now_v7());
        let create = |at| project::Command::Create { name: body.name.clone(), at };
        Ok(self.writer.execute::<Project>(&id, &said, create).await?.created())
    }

    /// List projects
    #[oai(path = "/projects", method = "get", operation_id = "list_projects")]
    async fn list(
        &self,
        auth: Auth,
        /// Those created after this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        /// See also the write that was answered with this position.
        #[oai(name = "Uplion-Position")]
        position: Header<Option<String>>,
        /// The same as `Uplion-Position`.
        at: Query<Option<String>>,
    ) -> Result<Json<Page<ProjectView>>, Problem> {
        let seen = auth.0.sees(Operation::ListProjects, None)?;
        let position = headers::position(position.0.as_deref(), at.0.as_deref())?;
        self.reader.at(position, &[projects::NAME]).await?;
        let limit = page::limit(limit.0);
        let rows = match seen {
            Seen::All => {
                let after = columns::maybe_text(after.0);
                let parameters = [Value::Null, Value::Null, after, page::limit_value(limit)];
                self.reader.query(&projects::LIST, &parameters, projects::Project::from_row).await?
            }
            Seen::Projects(mine) => self.each_of(mine, after.0, limit).await?,
        };
        Ok(Json(Page::of(rows, limit, |row| row.project.to_string(), ProjectView::of)))
    }

    /// Show a project
    #[oai(path = "/projects/:project", method = "get", operation_id = "get_project")]
    async fn show(
        &self,
        auth: Auth,
        /// Its id or its name.
        project: Path<String>,
    ) -> Result<Found<ProjectView>, Problem> {
        let id = self.names.project(&project).await?;
        auth.0.may(Operation::GetProject, Target::Project(id))?;
        let events = self.writer.events.as_ref();
        match current::<Project, _>(events, &id, &projects::Projects).await? {
            Some((version, row)) => Ok(Found::at(version, ProjectView::of(row))),
            None => Err(Problem::unseen()),
        }
    }

    /// Rename a project
    #[oai(path = "/projects/:project", method = "patch", operation_id = "rename_project")]
    async fn rename(
        &self,
        auth: Auth,
        /// Its id or its name.
        project: Path<String>,
        /// The version that you saw last; without it the last writer wins.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        /// Said again with the same key, the command is carried out once.
        #[oai(name = "Idempotency-Key")]
        idempotency_key: Header<Option<String>>,
        body: Json<ProjectName>,
    ) -> Result<Answer<Written>, Problem> {
        let command = format!("rename project {} {}", project.0, body.to_json_string());
        let id = self.names.project(&project).await?;
        let caller = auth.0.may(Operation::RenameProject, Target::Project(id))?;
        let said = Said::new(caller, if_match.0.as_deref(), idempotency_key.0, &command)?;
        let rename = |at| project::Command::Rename { name: body.name.clone(), at };
        Ok(self.writer.execute::<Project>(&id, &said, rename).await?.changed())
    }

    /// Close a project
    ///
    /// For ever: none of its keys is served again. Its name is free for another.
    #[oai(path = "/projects/:project/close", method = "post", operation_id = "close_project")]
    async fn close(
        &self,
        auth: Auth,
        /// Its id or its name.
        project: Path<String>,
        /// The version that you saw last.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<Answer<Written>, Problem> {
        let id = self.names.project(&project).await?;
        let caller = auth.0.may(Operation::CloseProject, Target::Project(id))?;
        let said = Said::new(caller, if_match.0.as_deref(), None, "")?;
        let close = |at| project::Command::Close { at };
        Ok(self.writer.execute::<Project>(&id, &said, close).await?.changed())
    }
}

impl Projects {
    /// Some projects by id, in the order of their creation.
    async fn each_of(
        &self,
        projects: Vec<ProjectId>,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<projects::Project>, Problem> {
        let later = |id: &ProjectId| after.as_ref().is_none_or(|after| id.to_string() > *after);
        let mut rows = Vec::new();
        for project in projects.into_iter().filter(later).take(limit) {
            let parameters = [columns::text(project)];
            let read = projects::Project::from_row;
            rows.extend(self.reader.query(&projects::ONE, &parameters, read).await?);
        }
        Ok(rows)
    }
}

impl ProjectView {
    fn of(row: projects::Project) -> Self {
        let projects::Project { project, name, created_at, closed_at, .. } = row;
        Self {
            id: project.to_string(),
            name,
            status: if closed_at.is_some() { "closed" } else { "open" }.to_owned(),
            created_at: created_at.to_string(),
            closed_at: closed_at.map(|at| at.to_string()),
        }
    }
}
