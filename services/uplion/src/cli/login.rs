//! `uplion login`, `logout` and `whoami`

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::{
    answer::{self, Format, facts, named},
    client::{Client, read},
    failure::Failure,
    place::{self, Proof},
    sign_ins::{SignIn, SignIns},
    typed,
    writing::Writing,
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
    control: place::Control,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Clone, Args)]
pub struct Logout {
    #[command(flatten)]
    control: place::Control,
}

#[derive(Debug, Clone, Args)]
pub struct Whoami {
    #[command(flatten)]
    control: place::Control,
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
        let place = self.control.anonymous()?;
        let url = place.url.clone();
        let client = Client::new(place)?;
        let email = match self.email {
            Some(email) => email,
            None => typed::text("e-mail", "say who you are with --email or UPLION_EMAIL")?,
        };
        let password = typed::password(PASSWORD, &format!("password at {url}"))?;
        let body = json!({ "email": email, "password": password.expose(), "mode": "token" });
        let opened: Opened = read(client.post(&Writing::default(), &["sessions"], &body).await?)?;
        let Opened { id, user, expires_at, token } = opened;
        let sign_in = SignIn { url: url.clone(), token: Secret::new(token) };
        SignIns::of_this_account().keep(&sign_in)?;
        if self.control.place()?.proof != Proof::SignIn {
            answer::note(
                "an admin key is at hand, in UPLION_ADMIN_KEY or in the data folder, and is shown instead of this sign-in",
            );
        }
        if self.format.json {
            // All but the token, which is nobody's business but the next command's.
            let told = json!({ "url": url, "id": id, "user": user, "expires_at": expires_at });
            return answer::print_json(&told);
        }
        answer::print(&format!("signed in at {url} as {email}, until {expires_at}"))
    }
}

impl Logout {
    pub async fn run(self) -> Result<(), Failure> {
        let Some(place) = self.control.signed_in()? else {
            return answer::print("nobody was signed in");
        };
        let url = place.url.clone();
        let client = Client::new(place)?;
        match client.delete(&Writing::default(), &["sessions", "current"]).await {
            // It had ended before.
            Ok(_) | Err(Failure::NotSignedIn(_)) => {}
            Err(failure) => return Err(failure),
        }
        SignIns::of_this_account().forget(&url)?;
        answer::print(&format!("signed out at {url}"))
    }
}

impl Whoami {
    pub async fn run(self) -> Result<(), Failure> {
        let place = self.control.place()?;
        let url = place.url.clone();
        let current = Client::new(place)?.get(&["sessions", "current"], &[]).await?;
        if self.format.json {
            return answer::print_json(&current);
        }
        answer::print(&read::<Current>(current)?.told(url))
    }
}

impl Current {
    fn told(self, url: String) -> String {
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
