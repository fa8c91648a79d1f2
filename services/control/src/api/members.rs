//! The members of a project: add, list, change what they are, remove.

use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use uplion_domain::project::{Command, Project, Role};
use uplion_log_store::people::Person;
use uplion_projections::{columns, members, projection::TypedRow};

use super::{
    Tag,
    page::{self, Page},
};
use crate::{
    auth::Auth,
    caller::Target,
    headers::{ChangeHeaders, ReadAt},
    names::Names,
    permissions::Action,
    problem::Problem,
    reading::Reader,
    receipt::{WriteResponse, Written},
    write::Writer,
};

pub struct Members {
    pub writer: Writer,
    pub reader: Reader,
    pub names: Names,
}

// No `Debug` on what is said of a person: it would be one slip away from a log line.

#[derive(Object)]
#[oai(deny_unknown_fields)]
struct NewMember {
    /// By id or e-mail address.
    user: String,
    /// `member` if left out.
    role: Option<MemberRole>,
}

#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct ChangedMember {
    role: MemberRole,
}

/// A user in a project.
#[derive(Object)]
#[oai(rename = "Member")]
struct MemberView {
    user: String,
    /// Null of a person who was erased.
    name: Option<String>,
    email: Option<String>,
    role: MemberRole,
    added_at: String,
}

#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
enum MemberRole {
    /// Changes the project's name, its members and all of its keys.
    Owner,
    /// Sees all of the project, and has keys of their own.
    Member,
}

#[OpenApi(tag = "Tag::Members")]
impl Members {
    /// Add a member to a project
    #[oai(path = "/projects/:project/members", method = "post", operation_id = "add_member")]
    async fn add(
        &self,
        auth: Auth,
        /// Its id or its name.
        project: Path<String>,
        headers: ChangeHeaders,
        body: Json<NewMember>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let id = self.names.project(&project).await?;
        let caller = auth.0.may(Action::AddMember, Target::Project(id))?;
        let context = headers.by(caller)?;
        let user = self.names.registered_user(&body.user).await?;
        let role = body.role.map_or(Role::Member, MemberRole::role);
        let add = |at| Command::AddMember { user, role, at };
        Ok(self.writer.execute::<Project>(&id, &context, add).await?.changed())
    }

    /// List the members of a project
    #[oai(path = "/projects/:project/members", method = "get", operation_id = "list_members")]
    async fn list(
        &self,
        auth: Auth,
        /// Its id or its name.
        project: Path<String>,
        /// Only those in this role.
        role: Query<Option<MemberRole>>,
        /// Those whose ids are after this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        at: ReadAt,
    ) -> Result<Json<Page<MemberView>>, Problem> {
        let id = self.names.project(&project).await?;
        auth.0.may(Action::ListMembers, Target::Project(id))?;
        self.reader.wait_for(at.position()?, &[members::NAME]).await?;
        let after = page::cursor::<uplion_domain::user::User>(
            self.writer.events.as_ref(),
            after.0.as_deref(),
        )
        .await?;
        let limit = page::limit(limit.0);
        let parameters = [
            columns::text(id),
            columns::maybe_text(role.0.map(MemberRole::role)),
            columns::maybe_text(after),
            page::limit_value(limit),
        ];
        let read = members::Member::from_row;
        let rows = self.reader.query(&members::OF_PROJECT, &parameters, read).await?;
        let users: Vec<String> = rows.iter().map(|row| row.user.to_string()).collect();
        let people = self.names.people.among(&users).await?;
        let view = |row: members::Member| MemberView::of(&row, &people);
        Ok(Json(Page::of(rows, limit, |row| row.user.to_string(), view)))
    }

    /// Change a member's role
    ///
    /// The last owner stays one.
    #[oai(
        path = "/projects/:project/members/:user",
        method = "patch",
        operation_id = "change_member"
    )]
    async fn change(
        &self,
        auth: Auth,
        /// Its id or its name.
        project: Path<String>,
        /// Their id or e-mail address.
        user: Path<String>,
        headers: ChangeHeaders,
        body: Json<ChangedMember>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let id = self.names.project(&project).await?;
        let caller = auth.0.may(Action::ChangeMember, Target::Project(id))?;
        let context = headers.by(caller)?;
        let (user, role) = (self.names.user(&user).await?, body.role.role());
        let change = |at| Command::ChangeRole { user, role, at };
        Ok(self.writer.execute::<Project>(&id, &context, change).await?.changed())
    }

    /// Remove a member from a project
    ///
    /// Their keys stay: they are the project's. The last owner cannot be removed.
    #[oai(
        path = "/projects/:project/members/:user",
        method = "delete",
        operation_id = "remove_member"
    )]
    async fn remove(
        &self,
        auth: Auth,
        /// Its id or its name.
        project: Path<String>,
        /// Their id or e-mail address.
        user: Path<String>,
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        let id = self.names.project(&project).await?;
        let caller = auth.0.may(Action::RemoveMember, Target::Project(id))?;
        let context = headers.by(caller)?;
        let user = self.names.user(&user).await?;
        let remove = |at| Command::RemoveMember { user, at };
        Ok(self.writer.execute::<Project>(&id, &context, remove).await?.changed())
    }
}

impl MemberRole {
    const fn role(self) -> Role {
        match self {
            Self::Owner => Role::Owner,
            Self::Member => Role::Member,
        }
    }

    const fn of(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Member => Self::Member,
        }
    }
}

impl MemberView {
    fn of(row: &members::Member, people: &[Person]) -> Self {
        let members::Member { project: _, user, role, added_at } = *row;
        let user = user.to_string();
        let person = people.iter().find(|person| person.user == user);
        Self {
            name: person.and_then(|person| person.name.clone()),
            email: person.and_then(|person| person.email.clone()),
            user,
            role: MemberRole::of(role),
            added_at: added_at.to_string(),
        }
    }
}
