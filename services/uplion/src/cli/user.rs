//! `uplion user`

mod view;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use uplion_domain::name;

use self::view::{View, list_table};
use super::{
    client::Client,
    endpoint,
    failure::Failure,
    output::{self, Format},
    params, prompt,
    write_options::{CreateOptions, WriteOptions},
};

/// What holds the password that there is, and the one that is to be, for who cannot type them.
const PASSWORD: &str = "UPLION_PASSWORD";
const NEW_PASSWORD: &str = "UPLION_NEW_PASSWORD";

#[derive(Debug, Clone, Args)]
pub struct User {
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Registers a user.
    #[command(visible_alias = "register")]
    Create(NewUser),
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
    Change(Change),
    /// Sets a password, which is typed, or read from standard input or `UPLION_NEW_PASSWORD`. All of their sessions are over.
    Password {
        /// Their e-mail address or id; by default your own, for which the one that you have is asked first (`UPLION_PASSWORD`).
        user: Option<String>,
        #[command(flatten)]
        options: WriteOptions,
    },
    /// Disables them: nobody signs in as them, and their sessions are over. Their keys are their projects' and go on.
    Disable(Target),
    /// Enables them again.
    Enable(Target),
    /// Erases them for ever: their name, their address, their password and the reasons that they gave.
    Erase(Target),
}

#[derive(Debug, Clone, Args)]
struct NewUser {
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
    options: CreateOptions,
}

#[derive(Debug, Clone, Args)]
struct Change {
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
    options: WriteOptions,
}

#[derive(Debug, Clone, Args)]
struct Target {
    /// Their e-mail address or id.
    user: String,
    #[command(flatten)]
    options: WriteOptions,
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
        let client = Client::new(control.endpoint()?)?;
        match act {
            Act::Create(user) => user.register(&client, format).await,
            Act::List { access, status } => {
                let query =
                    params::query([("access", access.map(params::word)), ("status", status)]);
                let users = client.list(&["users"], &query).await?;
                output::print_list(format, users, list_table)
            }
            Act::Show { user } => {
                let shown = client.get(&["users", &user], &[]).await?;
                output::print_one(format, shown, View::details)
            }
            Act::Change(change) => change.run(&client, format).await,
            Act::Password { user, options } => set_password(&client, format, user, &options).await,
            Act::Disable(target) => {
                target.options.confirm(&format!("nobody signs in as {} any more", target.user))?;
                target.send(&client, format, "disable", "disabled: their sessions are over").await
            }
            Act::Enable(target) => target.send(&client, format, "enable", "enabled").await,
            Act::Erase(target) => {
                let yes = target.options.yes;
                let what = format!("this erases {} for ever", target.user);
                prompt::confirmed(yes, &what, &target.user)?;
                target.send(&client, format, "erase", "erased").await
            }
        }
    }
}

impl NewUser {
    async fn register(self, client: &Client, format: Format) -> Result<(), Failure> {
        let Self { email, name, access, password, issuer, subject, options } = self;
        let mut body = json!({ "email": email, "name": name, "access": params::word(access) });
        if password {
            let password = prompt::new_password(NEW_PASSWORD, "their password")?;
            body["password"] = json!(password.expose());
        }
        if let (Some(issuer), Some(subject)) = (issuer, subject) {
            body["identity"] = json!({ "issuer": issuer, "subject": subject });
        }
        let written = client.post(&options.into(), &["users"], &body).await?;
        let id = written["id"].as_str().unwrap_or_default();
        output::print_written(format, &written, &format!("registered {email} ({id})"))
    }
}

impl Change {
    async fn run(self, client: &Client, format: Format) -> Result<(), Failure> {
        let Self { user, name, email, access, options } = self;
        let body = params::body([
            ("name", name.map(Value::from)),
            ("email", email.map(Value::from)),
            ("access", access.map(params::word).map(Value::from)),
        ]);
        if body.is_empty() {
            let text = "nothing to change: give --name, --email or --access";
            return Err(Failure::Local(text.to_owned()));
        }
        if matches!(access, Some(Access::None | Access::Auditor)) {
            options
                .confirm(&format!("{user} administers this installation no more, if they did"))?;
        }
        let path = ["users", &user];
        let written = client.patch(&options, &path, &Value::Object(body)).await?;
        output::print_written(format, &written, &format!("changed user {user}"))
    }
}

async fn set_password(
    client: &Client,
    format: Format,
    user: Option<String>,
    options: &WriteOptions,
) -> Result<(), Failure> {
    let own = client.get(&["sessions", "current"], &[]).await?["user"].clone();
    let is_own = |user: &String| {
        let same = |email: &str| name::key(email) == name::key(user);
        own["id"] == user.as_str() || own["email"].as_str().is_some_and(same)
    };
    let user = match user {
        Some(user) if !is_own(&user) => {
            let password = prompt::new_password(NEW_PASSWORD, "their new password")?;
            let body = json!({ "password": password.expose() });
            let written = client.put(options, &["users", &user, "password"], &body).await?;
            let done = format!("set the password of {user}: their sessions are over");
            return output::print_written(format, &written, &done);
        }
        Some(_) | None => own["id"].as_str().map(ToOwned::to_owned),
    };
    let Some(user) = user else {
        return Err(Failure::Local("a key has no password: say whose is to be set".into()));
    };
    let current = prompt::password(PASSWORD, "the password that you have")?;
    let password = prompt::new_password(NEW_PASSWORD, "your new password")?;
    let body = json!({ "password": password.expose(), "current_password": current.expose() });
    let written = client.put(options, &["users", &user, "password"], &body).await?;
    output::print_written(
        format,
        &written,
        "set your password: your sessions are over, sign in anew",
    )
}

impl Target {
    async fn send(
        self,
        client: &Client,
        format: Format,
        action: &str,
        done: &str,
    ) -> Result<(), Failure> {
        let Self { user, options } = self;
        let written = client.action(&options, &["users", &user, action]).await?;
        output::print_written(format, &written, &format!("user {user} is {done}"))
    }
}

/// The id of what was given by id or name.
pub async fn id(client: &Client, given: &str) -> Result<String, Failure> {
    if given.parse::<uplion_domain::UserId>().is_ok() {
        return Ok(given.to_owned());
    }
    let user = client.get(&["users", given], &[]).await?;
    Ok(user["id"].as_str().unwrap_or_default().to_owned())
}
