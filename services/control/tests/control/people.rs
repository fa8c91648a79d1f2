//! People in an installation: registered, signed in, members of projects.

use std::sync::LazyLock;

use argon2::{Argon2, PasswordHasher as _};
use poem::http::Method;
use serde_json::{Value, json};
use uplion_domain::{
    Envelope, Event, EventId, ProjectId, UserId,
    project::{self, Role},
    user::{self, Access, SignIn},
};
use uplion_log_store::{
    event_store::Commit,
    people::{PasswordHash, Personal, PersonalChange},
};
use uuid::Uuid;

use crate::installation::{ApiResponse, Installation, anonymous, now, with_json};

pub const PASSWORD: &str = "correct horse battery";

static HASH: LazyLock<String> =
    LazyLock::new(|| Argon2::default().hash_password(PASSWORD.as_bytes()).unwrap().to_string());

/// Somebody with an e-mail address and [`PASSWORD`].
pub struct Somebody {
    pub id: UserId,
    pub email: String,
}

impl Installation {
    pub async fn user(&self, name: &str, access: Access) -> Somebody {
        let (id, email) = (UserId::new(Uuid::now_v7()), format!("{name}@example.org"));
        let hash = HASH.clone();
        let registered = user::Event::Registered { access, sign_in: SignIn::Password, at: now() };
        let changes = [
            Personal::Name(name.to_owned()),
            Personal::Email(email.clone()),
            Personal::Password(Some(PasswordHash(hash))),
        ];
        let personal = changes.map(|what| PersonalChange { user: id.to_string(), what });
        self.record(Event::User(id, registered), personal.into()).await;
        Somebody { id, email }
    }

    pub async fn happens_to(&self, somebody: &Somebody, event: user::Event) {
        self.record(Event::User(somebody.id, event), Vec::new()).await;
    }

    pub async fn member(&self, project: &str, somebody: &Somebody, role: Role) {
        let (user, at) = (somebody.id, now());
        let project: ProjectId = project.parse().unwrap();
        let added = project::Event::MemberAdded { user, role, at };
        self.record(Event::Project(project, added), Vec::new()).await;
    }

    pub async fn no_member(&self, project: &str, somebody: &Somebody) {
        let removed = project::Event::MemberRemoved { user: somebody.id, at: now() };
        let project: ProjectId = project.parse().unwrap();
        self.record(Event::Project(project, removed), Vec::new()).await;
    }

    /// Without waiting for the log.
    pub async fn new_project(&self, name: &str) -> String {
        let id = ProjectId::new(Uuid::now_v7());
        let created = project::Event::Created { name: name.to_owned(), at: now() };
        self.record(Event::Project(id, created), Vec::new()).await;
        id.to_string()
    }

    /// As if a command had led to it.
    pub async fn record(&self, event: Event, personal: Vec<PersonalChange>) {
        let uplion_domain::subject::Subject::Control(aggregate) = event.subject() else {
            panic!("{event:?} is of no aggregate")
        };
        let version = self.store.events.history(&aggregate).await.unwrap().len();
        let envelope = Envelope {
            id: EventId::fresh(Uuid::now_v7()),
            at: now(),
            traceparent: None,
            actor: None,
            request_id: None,
            event,
        };
        let version = u64::try_from(version).unwrap();
        let commit =
            Commit { personal, ..Commit::new(aggregate, version, vec![envelope.encode()]) };
        self.store.events.commit(commit).await.unwrap();
    }

    pub async fn sign_in(&self, email: &str, password: &str, mode: &str) -> ApiResponse {
        let body = json!({ "email": email, "password": password, "mode": mode });
        let post = anonymous(Method::POST, "/sessions").header("Sec-Fetch-Site", "same-origin");
        self.send(with_json(post, &body)).await
    }

    /// A token of a new session.
    pub async fn token(&self, somebody: &Somebody) -> String {
        let opened = self.sign_in(&somebody.email, PASSWORD, "token").await;
        assert_eq!(opened.status, 201, "{opened:?}");
        opened.body["token"].as_str().unwrap().to_owned()
    }

    pub async fn ask(&self, token: &str, method: Method, path: &str, body: Value) -> ApiResponse {
        let asked = anonymous(method, path).header("Authorization", format!("Bearer {token}"));
        let request = if body.is_null() { asked.finish() } else { with_json(asked, &body) };
        self.send(request).await
    }

    pub async fn read(&self, token: &str, path: &str) -> ApiResponse {
        self.ask(token, Method::GET, path, Value::Null).await
    }
}
