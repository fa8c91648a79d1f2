//! Users: register, list, show, change, set a password, disable, enable, erase.

mod view;

use poem_openapi::{
    OpenApi,
    param::{Path, Query},
    payload::Json,
};
use uplion_domain::{
    Timestamp, UserId,
    user::{Command, User},
};
use uplion_log_store::people::{Person, Personal, PersonalChange};
use uplion_projections::{columns, projection::TypedRow, users};
use uuid::Uuid;

use self::view::{ChangedUser, NewPassword, NewUser, UserAccess, UserStatus, UserView};
use super::{
    Tag,
    page::{self, Page, Versioned, current_row},
};
use crate::{
    auth::{Auth, sign_in::SignIns},
    caller::Target,
    headers::{ChangeHeaders, CreateHeaders, ReadAt},
    names::Names,
    permissions::Action,
    person,
    problem::Problem,
    reading::Reader,
    receipt::{WriteResponse, Written},
    secret::Secret,
    write::Writer,
};

pub struct Users {
    pub writer: Writer,
    pub reader: Reader,
    pub names: Names,
    pub sign_ins: SignIns,
}

#[OpenApi(tag = "Tag::Users")]
impl Users {
    /// Register a user
    ///
    /// Name, e-mail address and password lie beside the log and can be erased; on the log is an id alone.
    #[oai(path = "/users", method = "post", operation_id = "register_user")]
    async fn register(
        &self,
        auth: Auth,
        headers: CreateHeaders,
        body: Json<NewUser>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::RegisterUser, Target::Installation)?;
        let context = headers.by(caller)?;
        let id = UserId::new(Uuid::now_v7());
        let sign_in = body.sign_in()?;
        let mut known = vec![
            Personal::Email(person::email(&body.email)?),
            Personal::Name(person::name(&body.name)?),
        ];
        if let Some(password) = body.password.clone() {
            known.push(Personal::Password(Some(self.sign_ins.passwords.hash(password).await?)));
        }
        known.extend(body.identity().transpose()?.map(Some).map(Personal::Identity));
        let access = body.access();
        let register = |at| vec![Command::Register { access, sign_in, at }];
        let personal = of(id, known);
        Ok(self.writer.execute_all::<User>(&id, &context, &personal, register).await?.created())
    }

    /// List users
    #[oai(path = "/users", method = "get", operation_id = "list_users")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn list(
        &self,
        auth: Auth,
        /// Only the one with this address.
        email: Query<Option<String>>,
        /// Only with this access.
        access: Query<Option<UserAccess>>,
        /// Only with this status.
        status: Query<Option<UserStatus>>,
        /// Those registered after this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        at: ReadAt,
    ) -> Result<Json<Page<UserView>>, Problem> {
        auth.0.may(Action::ListUsers, Target::Installation)?;
        self.reader.wait_for(at.position()?, &[users::NAME]).await?;
        let after = page::cursor::<User>(self.writer.events.as_ref(), after.0.as_deref()).await?;
        let limit = page::limit(limit.0);
        let only = match &email.0 {
            Some(email) => Some(self.names.people.by_email(email).await?),
            None => None,
        };
        let parameters = [
            // Of an address that nobody has: of nobody.
            columns::maybe_text(only.map(|person| person.map_or_else(String::new, |of| of.user))),
            columns::maybe_text(access.0.map(UserAccess::access)),
            columns::maybe_text(status.0.map(UserStatus::as_str)),
            columns::maybe_text(after),
            page::limit_value(limit),
        ];
        let rows = self.reader.query(&users::LIST, &parameters, users::User::from_row).await?;
        let ids: Vec<String> = rows.iter().map(|row| row.user.to_string()).collect();
        let people = self.names.people.among(&ids).await?;
        let view = |row: users::User| {
            let user = row.user.to_string();
            UserView::of(&row, people.iter().find(|person| person.user == user).cloned())
        };
        Ok(Json(Page::of(rows, limit, |row| row.user.to_string(), view)))
    }

    /// Show a user
    #[oai(path = "/users/:user", method = "get", operation_id = "get_user")]
    async fn show(
        &self,
        auth: Auth,
        /// Their id or e-mail address.
        user: Path<String>,
    ) -> Result<Versioned<UserView>, Problem> {
        let id = self.names.user(&user).await?;
        auth.0.may(Action::GetUser, Target::User(id))?;
        let person = self.person(id).await?;
        let events = self.writer.events.as_ref();
        match current_row::<User, _>(events, &id, &users::Users).await? {
            Some((version, row)) => Ok(Versioned::at(version, UserView::of(&row, person))),
            None => Err(Problem::unseen()),
        }
    }

    /// Change a user
    ///
    /// Everybody may change their own name; e-mail addresses and accesses are for administrators.
    #[oai(path = "/users/:user", method = "patch", operation_id = "change_user")]
    async fn change(
        &self,
        auth: Auth,
        /// Their id or e-mail address.
        user: Path<String>,
        headers: ChangeHeaders,
        body: Json<ChangedUser>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let id = self.names.user(&user).await?;
        let mut caller = auth.0.may(Action::ChangeUser, Target::User(id))?;
        if body.email.is_some() || body.access.is_some() {
            caller = caller.may(Action::ChangeUserAccess, Target::User(id))?;
        }
        let context = headers.by(caller)?;
        let known = self.person(id).await?;
        let (name, email) = (
            body.name.as_deref().map(person::name).transpose()?,
            body.email.as_deref().map(person::email).transpose()?,
        );
        let of_known = |field: fn(&Person) -> &Option<String>| {
            known.as_ref().and_then(|known| field(known).clone())
        };
        let name = name.filter(|name| of_known(|known| &known.name).as_ref() != Some(name));
        let email = email.filter(|email| of_known(|known| &known.email).as_ref() != Some(email));
        let details: Vec<_> =
            name.map(Personal::Name).into_iter().chain(email.map(Personal::Email)).collect();
        let changes = !details.is_empty();
        let access = body.access.map(UserAccess::access);
        let commands = |at| {
            let details = changes.then_some(Command::ChangeDetails { at });
            let access = access.map(|access| Command::ChangeAccess { access, at });
            details.into_iter().chain(access).collect()
        };
        let personal = of(id, details);
        Ok(self.writer.execute_all::<User>(&id, &context, &personal, commands).await?.changed())
    }

    /// Set a user's password
    ///
    /// All of the user's sessions are over. Who changes their own says the one that they have.
    #[oai(path = "/users/:user/password", method = "put", operation_id = "set_password")]
    async fn set_password(
        &self,
        auth: Auth,
        /// Their id or e-mail address.
        user: Path<String>,
        headers: ChangeHeaders,
        body: Json<NewPassword>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let id = self.names.user(&user).await?;
        let caller = auth.0.may(Action::SetPassword, Target::User(id))?;
        let own = caller.user() == Some(id);
        let context = headers.by(caller)?;
        if own {
            let current = body.current_password.clone().unwrap_or_else(|| Secret::given(""));
            if !self.sign_ins.confirm(id, current, &context.caller.origin).await? {
                let wrong = "current_password is not the password that you have";
                return Err(Problem::unacceptable("wrong_password", wrong));
            }
        }
        let hash = self.sign_ins.passwords.hash(body.password.clone()).await?;
        let personal = of(id, [Personal::Password(Some(hash))]);
        let change = |at| vec![Command::ChangePassword { at }];
        Ok(self.writer.execute_all::<User>(&id, &context, &personal, change).await?.changed())
    }

    /// Disable a user
    ///
    /// Nobody signs in as them, and their sessions are over at once. Their API keys are their projects' and go on.
    #[oai(path = "/users/:user/disable", method = "post", operation_id = "disable_user")]
    async fn disable(
        &self,
        auth: Auth,
        /// Their id or e-mail address.
        user: Path<String>,
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        self.order(Action::DisableUser, auth, &user, headers, &[], |at| Command::Disable { at })
            .await
    }

    /// Enable a disabled user
    ///
    /// They sign in anew: sessions from before stay over.
    #[oai(path = "/users/:user/enable", method = "post", operation_id = "enable_user")]
    async fn enable(
        &self,
        auth: Auth,
        /// Their id or e-mail address.
        user: Path<String>,
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        self.order(Action::EnableUser, auth, &user, headers, &[], |at| Command::Enable { at }).await
    }

    /// Erase a user
    ///
    /// For ever: name, e-mail address, password and what was noted beside their changes are gone. The id stays in the
    /// events that it is in, and says nothing any more of who it was.
    #[oai(path = "/users/:user/erase", method = "post", operation_id = "erase_user")]
    async fn erase(
        &self,
        auth: Auth,
        /// Their id or e-mail address.
        user: Path<String>,
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        let everything = [Personal::Forgotten];
        self.order(Action::EraseUser, auth, &user, headers, &everything, |at| Command::Erase { at })
            .await
    }
}

impl Users {
    async fn order(
        &self,
        action: Action,
        auth: Auth,
        user: &str,
        headers: ChangeHeaders,
        personal: &[Personal],
        command: fn(Timestamp) -> Command,
    ) -> Result<WriteResponse<Written>, Problem> {
        let id = self.names.user(user).await?;
        let caller = auth.0.may(action, Target::User(id))?;
        let context = headers.by(caller)?;
        let personal = of(id, personal.iter().cloned());
        let commands = |at| vec![command(at)];
        Ok(self.writer.execute_all::<User>(&id, &context, &personal, commands).await?.changed())
    }

    async fn person(&self, id: UserId) -> Result<Option<Person>, Problem> {
        Ok(self.names.people.person(&id.to_string()).await?)
    }
}

fn of(user: UserId, known: impl IntoIterator<Item = Personal>) -> Vec<PersonalChange> {
    let change = |what| PersonalChange { user: user.to_string(), what };
    known.into_iter().map(change).collect()
}
