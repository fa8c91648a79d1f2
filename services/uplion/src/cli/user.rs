//! `uplion user`

mod shown;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use self::shown::{Shown, listed};
use super::{
    answer::{self, Format},
    client::Client,
    failure::Failure,
    place, said, typed,
    writing::{Creating, Writing},
};

/// What holds the password that there is, and the one that is to be, for who cannot type them.
const PASSWORD: &str = "UPLION_PASSWORD";
const NEW_PASSWORD: &str = "UPLION_NEW_PASSWORD";

#[derive(Debug, Clone, Args)]
pub struct User {
    #[command(flatten)]
    control: place::Control,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Registers a user.
    #[command(visible_alias = "register")]
    Create {
        email: String,
        #[arg(long)]
        name: String,
        /// In the whole installation, beside what projects give.
        #[arg(long, default_value = "none")]
        access: Access,
        /// Gives them a password: it is typed, or read from standard input or `UPLION_NEW_PASSWORD`.
        #[arg(long)]
        password: bool,
        /// They sign in through a provider of `OpenID` Connect, which has this address.
        #[arg(long, value_name = "URL", requires = "subject", conflicts_with = "password")]
        issuer: Option<String>,
        /// What that provider calls them.
        #[arg(long, requires = "issuer")]
        subject: Option<String>,
        #[command(flatten)]
        creating: Creating,
    },
    /// Lists users.
    List {
        /// Only with this access.
        #[arg(long)]
        access: Option<Access>,
        /// Only those that are so now.
        #[arg(long, value_parser = ["active", "disabled", "erased"])]
        status: Option<String>,
    },
    /// Shows one.
    Show {
        /// Their e-mail address or id.
        user: String,
    },
    /// Changes their name, their e-mail address or their access. What is not given stays as it is.
    #[command(visible_alias = "set")]
    Change {
        /// Their e-mail address or id.
        user: String,
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        email: Option<String>,
        /// In the whole installation, beside what projects give.
        #[arg(long)]
        access: Option<Access>,
        #[command(flatten)]
        writing: Writing,
    },
    /// Sets a password, which is typed, or read from standard input or `UPLION_NEW_PASSWORD`. All of their sessions are over.
    Password {
        /// Their e-mail address or id; by default your own, for which the one that you have is asked first (`UPLION_PASSWORD`).
        user: Option<String>,
        #[command(flatten)]
        writing: Writing,
    },
    /// Disables them: nobody signs in as them, and their sessions are over. Their keys are their projects' and go on.
    Disable(Order),
    /// Enables them again.
    Enable(Order),
    /// Erases them for ever: their name, their address, their password and the reasons that they gave.
    Erase {
        /// Said in advance: it is meant.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        order: Order,
    },
}

#[derive(Debug, Clone, Args)]
struct Order {
    /// Their e-mail address or id.
    user: String,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Access {
    None,
    /// Sees everything and changes nothing.
    Auditor,
    Admin,
}

impl User {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.place()?)?;
        match act {
            Act::Create { email, name, access, password, issuer, subject, creating } => {
                let mut body =
                    json!({ "email": email, "name": name, "access": said::word(access) });
                if password {
                    let password = typed::new_password(NEW_PASSWORD, "their password")?;
                    body["password"] = json!(password.expose());
                }
                if let (Some(issuer), Some(subject)) = (issuer, subject) {
                    body["identity"] = json!({ "issuer": issuer, "subject": subject });
                }
                let written = client.post(&creating.into(), &["users"], &body).await?;
                let id = written["id"].as_str().unwrap_or_default();
                answer::wrote(format, &written, &format!("registered {email} ({id})"))
            }
            Act::List { access, status } => {
                let query = said::query([("access", access.map(said::word)), ("status", status)]);
                let users = client.list(&["users"], &query).await?;
                answer::many(format, users, listed)
            }
            Act::Show { user } => {
                let shown = client.get(&["users", &user], &[]).await?;
                answer::one(format, shown, Shown::told)
            }
            Act::Change { user, name, email, access, writing } => {
                let body = said::body([
                    ("name", name.map(Value::from)),
                    ("email", email.map(Value::from)),
                    ("access", access.map(said::word).map(Value::from)),
                ]);
                if body.is_empty() {
                    let text = "nothing to change: give --name, --email or --access";
                    return Err(Failure::Here(text.to_owned()));
                }
                let path = ["users", &user];
                let written = client.patch(&writing, &path, &Value::Object(body)).await?;
                answer::wrote(format, &written, &format!("changed user {user}"))
            }
            Act::Password { user, writing } => set_password(&client, format, user, &writing).await,
            Act::Disable(order) => {
                order
                    .carry_out(&client, format, "disable", "disabled: their sessions are over")
                    .await
            }
            Act::Enable(order) => order.carry_out(&client, format, "enable", "enabled").await,
            Act::Erase { yes, order } => {
                let what = format!("this erases {} for ever", order.user);
                typed::confirmed(yes, &what, &order.user)?;
                order.carry_out(&client, format, "erase", "erased").await
            }
        }
    }
}

async fn set_password(
    client: &Client,
    format: Format,
    user: Option<String>,
    writing: &Writing,
) -> Result<(), Failure> {
    let own = client.get(&["sessions", "current"], &[]).await?["user"].clone();
    let is_own = |user: &String| own["id"] == user.as_str() || own["email"] == user.as_str();
    let user = match user {
        Some(user) if !is_own(&user) => {
            let password = typed::new_password(NEW_PASSWORD, "their new password")?;
            let body = json!({ "password": password.expose() });
            let written = client.put(writing, &["users", &user, "password"], &body).await?;
            let done = format!("set the password of {user}: their sessions are over");
            return answer::wrote(format, &written, &done);
        }
        Some(_) | None => own["id"].as_str().map(ToOwned::to_owned),
    };
    let Some(user) = user else {
        return Err(Failure::Here("a key has no password: say whose is to be set".into()));
    };
    let current = typed::password(PASSWORD, "the password that you have")?;
    let password = typed::new_password(NEW_PASSWORD, "your new password")?;
    let body = json!({ "password": password.expose(), "current_password": current.expose() });
    let written = client.put(writing, &["users", &user, "password"], &body).await?;
    answer::wrote(format, &written, "set your password: your sessions are over, sign in anew")
}

impl Order {
    async fn carry_out(
        self,
        client: &Client,
        format: Format,
        order: &str,
        done: &str,
    ) -> Result<(), Failure> {
        let Self { user, writing } = self;
        let written = client.order(&writing, &["users", &user, order]).await?;
        answer::wrote(format, &written, &format!("user {user} is {done}"))
    }
}

/// What a person typed, as an id.
pub async fn id(client: &Client, typed: &str) -> Result<String, Failure> {
    if typed.parse::<uplion_domain::UserId>().is_ok() {
        return Ok(typed.to_owned());
    }
    let user = client.get(&["users", typed], &[]).await?;
    Ok(user["id"].as_str().unwrap_or_default().to_owned())
}
