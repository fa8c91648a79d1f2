//! `uplion login`, `logout` and `whoami`

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::{
    client::{Client, read},
    endpoint::{self, CredentialKind},
    failure::Failure,
    output::{self, Format, facts, named},
    prompt,
    sign_ins::{SignIn, SignIns},
    write_options::WriteOptions,
};
use crate::secret::Secret;

/// What holds the password, for who cannot type it.
const PASSWORD: &str = "UPLION_PASSWORD";

#[derive(Debug, Clone, Args)]
pub struct Login {
    /// Asked for if it is not given. The password is typed, or read from standard input or `UPLION_PASSWORD`.
    #[arg(long, env = "UPLION_EMAIL")]
    email: Option<String>,
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Clone, Args)]
pub struct Logout {
    #[command(flatten)]
    control: endpoint::ControlArgs,
}

#[derive(Debug, Clone, Args)]
pub struct Whoami {
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
}

#[derive(Deserialize)]
struct Opened {
    id: String,
    user: String,
    expires_at: String,
    token: String,
}

#[derive(Debug, Deserialize)]
struct Current {
    actor: String,
    access: String,
    user: Option<Person>,
    memberships: Vec<Membership>,
    session: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Person {
    name: Option<String>,
    email: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Membership {
    project: String,
    project_name: Option<String>,
    role: String,
}

impl Login {
    pub async fn run(self) -> Result<(), Failure> {
        let endpoint = self.control.anonymous()?;
        let url = endpoint.url.clone();
        let client = Client::new(endpoint)?;
        let email = match self.email {
            Some(email) => email,
            None => prompt::text("e-mail", "say who you are with --email or UPLION_EMAIL")?,
        };
        let password = prompt::password(PASSWORD, &format!("password at {url}"))?;
        let body = json!({ "email": email, "password": password.expose(), "mode": "token" });
        let opened: Opened =
            read(client.post(&WriteOptions::default(), &["sessions"], &body).await?)?;
        let Opened { id, user, expires_at, token } = opened;
        let sign_in = SignIn { url: url.clone(), token: Secret::new(token) };
        SignIns::of_this_account().keep(&sign_in)?;
        if self.control.endpoint()?.kind != CredentialKind::SignIn {
            output::note(
                "an admin key is at hand, in UPLION_ADMIN_KEY or in the data folder, and is shown instead of this sign-in",
            );
        }
        if self.format.json {
            // All but the token, which is nobody's business but the next command's.
            let answer = json!({ "url": url, "id": id, "user": user, "expires_at": expires_at });
            return output::print_json(&answer);
        }
        output::print(&format!("signed in at {url} as {email}, until {expires_at}"))
    }
}

impl Logout {
    pub async fn run(self) -> Result<(), Failure> {
        let Some(endpoint) = self.control.signed_in()? else {
            return output::print("nobody was signed in");
        };
        let url = endpoint.url.clone();
        let client = Client::new(endpoint)?;
        match client.delete(&WriteOptions::default(), &["sessions", "current"]).await {
            // It had ended before.
            Ok(_) | Err(Failure::NotSignedIn(_)) => {}
            Err(failure) => return Err(failure),
        }
        SignIns::of_this_account().forget(&url)?;
        output::print(&format!("signed out at {url}"))
    }
}

impl Whoami {
    pub async fn run(self) -> Result<(), Failure> {
        let endpoint = self.control.endpoint()?;
        let url = endpoint.url.clone();
        let current = Client::new(endpoint)?.get(&["sessions", "current"], &[]).await?;
        if self.format.json {
            return output::print_json(&current);
        }
        output::print(&read::<Current>(current)?.details(url))
    }
}

impl Current {
    fn details(self, url: String) -> String {
        let Self { actor, access, user, memberships, session } = self;
        let (name, email) = user.map_or((None, None), |person| (person.name, person.email));
        let mut lines = vec![
            ("at", Some(url)),
            ("as", Some(actor)),
            ("name", name),
            ("e-mail", email),
            ("access", Some(access)),
            ("session", session),
        ];
        let projects = memberships.iter().map(|Membership { project, project_name, role }| {
            ("project", Some(format!("{}, {role}", named(project_name.as_deref(), project))))
        });
        lines.extend(projects);
        facts(&lines)
    }
}
