//! Projects: create, list, show, change, suspend, resume, close.

mod view;

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
    types::MaybeUndefined,
};
use uplion_domain::{
    Limits, ProjectId, Timestamp,
    project::{self, Command, Project},
};
use uplion_projections::{columns, members, projection::TypedRow, projects};
use uuid::Uuid;

use self::view::{ChangedProject, NewProject, ProjectStatus, ProjectView};
use super::{
    Tag,
    allowance::{BudgetView, LimitsView},
    page::{self, Page, Versioned, current_row},
};
use crate::{
    auth::Auth,
    caller::{Target, VisibleProjects},
    headers::{ChangeHeaders, CreateHeaders, ReadAt},
    installation::Foundation,
    names::Names,
    permissions::Action,
    problem::Problem,
    reading::Reader,
    receipt::{WriteResponse, Written},
    write::Writer,
};

pub struct Projects {
    pub writer: Writer,
    pub reader: Reader,
    pub names: Names,
    pub foundation: Foundation,
}

#[OpenApi(tag = "Tag::Projects")]
impl Projects {
    /// Create a project
    #[oai(path = "/projects", method = "post", operation_id = "create_project")]
    async fn create(
        &self,
        auth: Auth,
        headers: CreateHeaders,
        body: Json<NewProject>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::CreateProject, Target::Installation)?;
        let context = headers.by(caller)?;
        let owner = match &body.owner {
            Some(user) => Some(self.names.registered_user(user).await?),
            None => None,
        };
        let budget = body.budget.as_ref().map(BudgetView::read).transpose()?;
        let limits = body.limits.as_ref().map_or(Limits::NONE, LimitsView::read);
        let commands = |at| {
            let create = Command::Create { name: body.name.clone(), at };
            let role = project::Role::Owner;
            let own = owner.map(|user| Command::AddMember { user, role, at });
            let allow =
                [Command::ChangeBudget { budget, at }, Command::ChangeLimits { limits, at }];
            std::iter::once(create).chain(own).chain(allow).collect()
        };
        let id = ProjectId::new(Uuid::now_v7());
        Ok(self.writer.execute_all::<Project>(&id, &context, &[], commands).await?.created())
    }

    /// List projects
    ///
    /// All of them to administrators and auditors, to others those that they are members of.
    #[oai(path = "/projects", method = "get", operation_id = "list_projects")]
    async fn list(
        &self,
        auth: Auth,
        /// Only with this status.
        status: Query<Option<ProjectStatus>>,
        /// Only those that this user is a member of, by id or e-mail address.
        member: Query<Option<String>>,
        /// Those created after this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        at: ReadAt,
    ) -> Result<Json<Page<ProjectView>>, Problem> {
        let seen = auth.0.sees(Action::ListProjects, None)?;
        let mut member = match &member.0 {
            Some(text) => Some(self.names.user(text).await?),
            None => None,
        };
        if let VisibleProjects::Projects(_) = seen {
            let own = auth.0.user();
            if member.is_some() && member != own {
                return Err(Problem::unseen());
            }
            member = own;
        }
        self.reader.wait_for(at.position()?, &[projects::NAME, members::NAME]).await?;
        let after =
            page::cursor::<Project>(self.writer.events.as_ref(), after.0.as_deref()).await?;
        let limit = page::limit(limit.0);
        let parameters = [
            columns::maybe_text(status.0.map(ProjectStatus::as_str)),
            columns::maybe_text(member),
            columns::maybe_text(after),
            page::limit_value(limit),
        ];
        let read = projects::Project::from_row;
        let rows = self.reader.query(&projects::LIST, &parameters, read).await?;
        let currency = self.foundation.currency().await?;
        let view = |row| ProjectView::of(row, currency);
        Ok(Json(Page::of(rows, limit, |row| row.project.to_string(), view)))
    }

    /// Show a project
    #[oai(path = "/projects/:project", method = "get", operation_id = "get_project")]
    async fn show(
        &self,
        auth: Auth,
        /// Its id or its name.
        project: Path<String>,
    ) -> Result<Versioned<ProjectView>, Problem> {
        let id = self.names.project(&project).await?;
        auth.0.may(Action::GetProject, Target::Project(id))?;
        let events = self.writer.events.as_ref();
        match current_row::<Project, _>(events, &id, &projects::Projects).await? {
            Some((version, row)) => {
                Ok(Versioned::at(version, ProjectView::of(row, self.foundation.currency().await?)))
            }
            None => Err(Problem::unseen()),
        }
    }

    /// Change a project
    ///
    /// Its owners may rename it; its budget and its limits are for administrators.
    #[oai(path = "/projects/:project", method = "patch", operation_id = "change_project")]
    async fn change(
        &self,
        auth: Auth,
        /// Its id or its name.
        project: Path<String>,
        headers: ChangeHeaders,
        body: Json<ChangedProject>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let id = self.names.project(&project).await?;
        let mut caller = auth.0.may(Action::ChangeProject, Target::Project(id))?;
        if !body.budget.is_undefined() || !body.limits.is_undefined() {
            caller = caller.may(Action::ChangeProjectAllowance, Target::Project(id))?;
        }
        let context = headers.by(caller)?;
        let budget = match &body.budget {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(budget) => Some(Some(budget.read()?)),
        };
        let limits = match &body.limits {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(Limits::NONE),
            MaybeUndefined::Value(limits) => Some(limits.read()),
        };
        let commands = |at| {
            let name = body.name.clone().map(|name| Command::Rename { name, at });
            let budget = budget.map(|budget| Command::ChangeBudget { budget, at });
            let limits = limits.map(|limits| Command::ChangeLimits { limits, at });
            name.into_iter().chain(budget).chain(limits).collect()
        };
        Ok(self.writer.execute_all::<Project>(&id, &context, &[], commands).await?.changed())
    }

    /// Suspend a project
    ///
    /// None of its keys is served until it is resumed. Its members can still change it.
    #[oai(path = "/projects/:project/suspend", method = "post", operation_id = "suspend_project")]
    async fn suspend(
        &self,
        auth: Auth,
        /// Its id or its name.
        project: Path<String>,
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        self.order(Action::SuspendProject, auth, &project, headers, |at| Command::Suspend { at })
            .await
    }

    /// Resume a suspended project
    #[oai(path = "/projects/:project/resume", method = "post", operation_id = "resume_project")]
    async fn resume(
        &self,
        auth: Auth,
        /// Its id or its name.
        project: Path<String>,
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        self.order(Action::ResumeProject, auth, &project, headers, |at| Command::Resume { at })
            .await
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
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        self.order(Action::CloseProject, auth, &project, headers, |at| Command::Close { at }).await
    }
}

impl Projects {
    async fn order(
        &self,
        action: Action,
        auth: Auth,
        project: &str,
        headers: ChangeHeaders,
        command: fn(Timestamp) -> Command,
    ) -> Result<WriteResponse<Written>, Problem> {
        let id = self.names.project(project).await?;
        let caller = auth.0.may(action, Target::Project(id))?;
        let context = headers.by(caller)?;
        Ok(self.writer.execute::<Project>(&id, &context, command).await?.changed())
    }
}
