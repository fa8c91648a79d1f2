//! Sessions: sign in, who am I, list, sign out, revoke.

mod view;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use poem_openapi::{
    ApiResponse, Enum, Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use uplion_domain::{
    KeyDigest, ProjectId, SessionId, UserId,
    project::Project,
    session::{self, Session, Why},
    user::User,
};
use uplion_projections::{
    columns,
    projection::TypedRow,
    sessions::{self, LIST},
};
use uuid::Uuid;

use self::view::{CurrentSession, CurrentUser, Membership, SessionView};
use super::{
    Tag,
    page::{self, Page},
};
use crate::{
    aggregate::Recorded,
    auth::{Auth, Authenticator, proof::COOKIE, sign_in::SignIns},
    caller::Target,
    headers::ReadAt,
    metrics::SignInEnd,
    origin::Origin,
    permissions::{Action, Role},
    problem::Problem,
    reading::Reader,
    receipt::{WriteResponse, Written},
    secret::Secret,
    write::{WriteContext, Writer, now, replay},
};

/// A browser's session ends with the working day, a program's within a month.
const COOKIE_LASTS: Duration = Duration::from_hours(12);
const TOKEN_LASTS: Duration = Duration::from_hours(30 * 24);

pub struct Sessions {
    pub writer: Writer,
    pub reader: Reader,
    pub sign_ins: SignIns,
    pub authenticator: Authenticator,
}

// No `Debug`: people type passwords into the wrong field.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct Credentials {
    email: String,
    password: Secret,
    /// How the session is shown from now on; `cookie` if left out.
    #[oai(default)]
    mode: Mode,
}

/// How a session is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
enum Mode {
    /// In a cookie that a browser sends and no script can read. It lasts 12 hours.
    #[default]
    Cookie,
    /// As a bearer token, for programs. It lasts 30 days.
    Token,
}

/// A session that was opened.
#[derive(Object)]
struct OpenedSession {
    id: String,
    user: String,
    expires_at: String,
    /// Shown now and never again; null if it is in a cookie.
    token: Option<String>,
}

#[derive(ApiResponse)]
enum SignedIn {
    /// Signed in.
    #[oai(status = 201)]
    Opened(
        Json<OpenedSession>,
        /// In mode `cookie`.
        #[oai(header = "Set-Cookie")]
        Option<String>,
    ),
}

#[derive(ApiResponse)]
enum SignedOut {
    /// The session is closed, and the cookie is taken back.
    #[oai(status = 204)]
    Closed(#[oai(header = "Set-Cookie")] String),
}

#[OpenApi(tag = "Tag::Sessions")]
impl Sessions {
    /// Sign in
    ///
    /// With an e-mail address and a password. Who fails often has to wait, longer each time.
    #[oai(path = "/sessions", method = "post", operation_id = "sign_in")]
    async fn sign_in(
        &self,
        request: &poem::Request,
        body: Json<Credentials>,
    ) -> Result<SignedIn, Problem> {
        let origin = request.data::<Origin>().cloned();
        let origin = origin.ok_or_else(|| Problem::internal("nobody saw the call arrive"))?;
        let Json(Credentials { email, password, mode }) = body;
        if mode == Mode::Cookie {
            self.authenticator.must_be_from_here(request)?;
        }
        let (user, account) = self.sign_ins.by_password(&email, password, &origin).await?;
        let caller = self.authenticator.signed_in(user, account, None, origin).await?;
        let context = WriteContext::of(caller);
        let opened = self.open(user, mode, &context).await?;
        if !self.sign_ins.still(user, account).await? {
            self.close(opened.id, &context, Why::Revoked).await?;
            return Err(Problem::wrong_credentials());
        }
        self.sign_ins.ended(SignInEnd::Opened, &context.caller.origin);
        Ok(opened.answer(user, mode, context.caller.origin.over_https))
    }

    /// Who am I?
    #[oai(path = "/sessions/current", method = "get", operation_id = "get_current_session")]
    async fn current(&self, auth: Auth) -> Result<Json<CurrentSession>, Problem> {
        let caller = auth.0.may(Action::GetCurrentSession, Target::Installation)?;
        let mut memberships = Vec::new();
        for (project, role) in &caller.projects {
            memberships.push(self.membership(*project, *role).await?);
        }
        let user = match caller.user() {
            Some(user) => Some(self.person(user).await?),
            None => None,
        };
        Ok(Json(CurrentSession {
            actor: caller.actor.to_string(),
            access: caller.everywhere.map_or("none", Role::as_str).to_owned(),
            user,
            memberships,
            session: caller.session.map(|session| session.to_string()),
        }))
    }

    /// List sessions
    ///
    /// That are open: one's own, or with `user` somebody's, or with `all` everybody's.
    #[oai(path = "/sessions", method = "get", operation_id = "list_sessions")]
    async fn list(
        &self,
        auth: Auth,
        /// Of this user, by id.
        user: Query<Option<String>>,
        /// Everybody's.
        #[oai(default)]
        all: Query<bool>,
        /// Those opened after this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        at: ReadAt,
    ) -> Result<Json<Page<SessionView>>, Problem> {
        let of = match (&user.0, auth.0.user()) {
            (Some(text), _) => Some(text.parse().map_err(|_| Problem::unseen())?),
            (None, Some(own)) if !all.0 => Some(own),
            (None, _) => None,
        };
        let caller =
            auth.0.may(Action::ListSessions, of.map_or(Target::Installation, Target::User))?;
        self.reader.wait_for(at.position()?, &[sessions::NAME]).await?;
        let after =
            page::cursor::<Session>(self.writer.events.as_ref(), after.0.as_deref()).await?;
        let limit = page::limit(limit.0);
        let parameters = [
            columns::maybe_text(of),
            columns::time(now()),
            columns::maybe_text(after),
            page::limit_value(limit),
        ];
        let rows = self.reader.query(&LIST, &parameters, sessions::Session::from_row).await?;
        let next = (rows.len() == limit).then(|| rows.last().map(|row| row.session.to_string()));
        let rows = self.still_good(rows).await?.into_iter();
        let data = rows.map(|row| SessionView::of(&row, caller.session)).collect();
        Ok(Json(Page { data, next: next.flatten() }))
    }

    /// Sign out
    #[oai(path = "/sessions/current", method = "delete", operation_id = "sign_out")]
    async fn sign_out(&self, auth: Auth) -> Result<SignedOut, Problem> {
        let user = auth.0.user();
        let caller =
            auth.0.may(Action::SignOut, user.map_or(Target::Installation, Target::User))?;
        let Some(session) = caller.session else {
            return Err(Problem::conflict(
                "no_session",
                "a key is not signed in: revoke it instead",
            ));
        };
        let https = caller.origin.over_https;
        let context = WriteContext::of(caller);
        self.close(session, &context, Why::SignedOut).await?;
        Ok(SignedOut::Closed(cookie("", Duration::ZERO, https)))
    }

    /// Revoke a session
    ///
    /// Whoever shows it is refused from now on.
    #[oai(path = "/sessions/:session", method = "delete", operation_id = "revoke_session")]
    async fn revoke(
        &self,
        auth: Auth,
        session: Path<String>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let id: SessionId = session.parse().map_err(|_| Problem::unseen())?;
        let user = self.whose(id).await?.ok_or_else(Problem::unseen)?;
        let caller = auth.0.may(Action::RevokeSession, Target::User(user))?;
        let context = WriteContext::of(caller);
        let revoke = |at| session::Command::Close { why: Why::Revoked, at };
        Ok(self.writer.execute::<Session>(&id, &context, revoke).await?.changed())
    }
}

/// A session, and the secret that proves it.
struct Opened {
    id: SessionId,
    secret: Secret,
    expires_at: uplion_domain::Timestamp,
}

impl Sessions {
    /// In force with its commit: who shows it is looked up in the event store, so nobody waits for the log.
    async fn open(
        &self,
        user: UserId,
        mode: Mode,
        context: &WriteContext,
    ) -> Result<Opened, Problem> {
        let secret = Secret::minted("")?;
        let (id, digest) = (SessionId::new(Uuid::now_v7()), KeyDigest::of(secret.reveal()));
        let lasts = i64::try_from(mode.lasts().as_millis()).unwrap_or(i64::MAX);
        let expires_at = now().plus_millis(lasts);
        let open = |at| session::Command::Open { user, digest, expires_at, at };
        self.writer.at_once().execute::<Session>(&id, context, open).await?;
        Ok(Opened { id, secret, expires_at })
    }

    async fn close(&self, id: SessionId, context: &WriteContext, why: Why) -> Result<(), Problem> {
        let close = |at| session::Command::Close { why, at };
        self.writer.at_once().execute::<Session>(&id, context, close).await.map(drop)
    }

    /// Without those that were over with their users' passwords, or with the users themselves.
    async fn still_good(
        &self,
        rows: Vec<sessions::Session>,
    ) -> Result<Vec<sessions::Session>, Problem> {
        let mut users: BTreeMap<UserId, User> = BTreeMap::new();
        for row in &rows {
            if let Entry::Vacant(unknown) = users.entry(row.user) {
                let history = self.writer.events.history(&User::aggregate(&row.user)).await?;
                unknown.insert(replay(&history)?);
            }
        }
        let good = |row: &sessions::Session| users[&row.user].keeps_session(row.opened_at);
        Ok(rows.into_iter().filter(good).collect())
    }

    async fn whose(&self, id: SessionId) -> Result<Option<UserId>, Problem> {
        let history = self.writer.events.history(&Session::aggregate(&id)).await?;
        for stored in &history {
            let envelope =
                uplion_domain::Envelope::decode(&stored.event).map_err(Problem::unreadable)?;
            if let Some(session::Event::Opened { user, .. }) = Session::unwrap(envelope.event) {
                return Ok(Some(user));
            }
        }
        Ok(None)
    }

    async fn person(&self, user: UserId) -> Result<CurrentUser, Problem> {
        let person = self.sign_ins.people.person(&user.to_string()).await?;
        let (name, email) = person.map_or((None, None), |person| (person.name, person.email));
        Ok(CurrentUser { id: user.to_string(), name, email })
    }

    async fn membership(&self, project: ProjectId, role: Role) -> Result<Membership, Problem> {
        let history = self.writer.events.history(&Project::aggregate(&project)).await?;
        let project_name = match replay::<Project>(&history)? {
            Project::Open(tenancy) => Some(tenancy.name),
            Project::Absent | Project::Closed => None,
        };
        let (project, role) = (project.to_string(), role.as_str().to_owned());
        Ok(Membership { project, project_name, role })
    }
}

impl Mode {
    const fn lasts(self) -> Duration {
        match self {
            Self::Cookie => COOKIE_LASTS,
            Self::Token => TOKEN_LASTS,
        }
    }
}

impl Opened {
    fn answer(&self, user: UserId, mode: Mode, https: bool) -> SignedIn {
        let token = format!("{}.{}", self.id, self.secret.reveal());
        let session = |token| {
            let (id, expires_at) = (self.id.to_string(), self.expires_at.to_string());
            Json(OpenedSession { id, user: user.to_string(), expires_at, token })
        };
        match mode {
            Mode::Cookie => {
                SignedIn::Opened(session(None), Some(cookie(&token, mode.lasts(), https)))
            }
            Mode::Token => SignedIn::Opened(session(Some(token)), None),
        }
    }
}

/// Out of reach of scripts and of other sites' pages; over TLS alone where there is TLS.
fn cookie(token: &str, lasts: Duration, https: bool) -> String {
    let secure = if https { "; Secure" } else { "" };
    let seconds = lasts.as_secs();
    format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}")
}
