//! `uplion admin`: the people who administer an installation. The first is made with its first admin key.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    client::Client,
    endpoint,
    failure::Failure,
    output::{self, Format},
    prompt,
    write_options::{CreateOptions, WriteOptions},
};

/// What holds the password, for who cannot type it.
const PASSWORD: &str = "UPLION_PASSWORD";

#[derive(Debug, Clone, Args)]
pub struct Admin {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Registers somebody who may do everything, and signs in with an e-mail address and a password.
    Create(Create),
}

#[derive(Debug, Clone, Args)]
struct Create {
    /// Asked for if it is not given. The password is typed, or read from standard input or `UPLION_PASSWORD`.
    #[arg(long, env = "UPLION_EMAIL")]
    email: Option<String>,
    /// For people; the e-mail address if it is not given.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    options: CreateOptions,
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
}

impl Admin {
    pub async fn run(self) -> Result<(), Failure> {
        let Command::Create(create) = self.command;
        create.run().await
    }
}

impl Create {
    async fn run(self) -> Result<(), Failure> {
        let endpoint = self.control.endpoint()?;
        let url = endpoint.url.clone();
        let email = match self.email {
            Some(email) => email,
            None => prompt::text("e-mail", "say whom with --email or UPLION_EMAIL")?,
        };
        let name = self.name.unwrap_or_else(|| email.clone());
        let password = prompt::new_password(PASSWORD, &format!("a password for {email}"))?;
        let body = json!({
            "email": email, "name": name, "password": password.expose(), "access": "admin",
        });
        let options = WriteOptions::from(self.options);
        let written = Client::new(endpoint)?.post(&options, &["users"], &body).await?;
        if self.format.json {
            return output::print_json(&written);
        }
        output::print(&format!("{email} may do everything at {url}. Sign in with `uplion login`"))
    }
}
