//! `uplion nats permissions`: what each role may do at NATS, for the configuration of a nats-server.

use std::{fmt::Write as _, process::ExitCode};

use clap::{
    Args, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use serde_json::{Value, json};
use uplion_log_transport::nats::{Permissions, Role};

use crate::say::say;

#[derive(Debug, Clone, Subcommand)]
pub enum Nats {
    /// Prints the users that nats-server should know, each with what its role needs and nothing else.
    Permissions(Arguments),
}

#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// Of this role alone.
    #[arg(long, required_unless_present = "all", value_name = "ROLE", value_parser = role())]
    role: Option<Role>,
    /// Of every role.
    #[arg(long, conflicts_with_all = ["role", "user", "password_env"])]
    all: bool,
    /// As the configuration of a nats-server has it, or as JSON for whatever makes users otherwise.
    #[arg(long, default_value = "conf")]
    format: Format,
    /// What the user is called; by default as its role.
    #[arg(long, value_name = "NAME", value_parser = name)]
    user: Option<String>,
    /// The variable that holds the user's password where nats-server runs; by default `UPLION_NATS_PASSWORD_` and the role.
    #[arg(long, value_name = "VAR", value_parser = variable)]
    password_env: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Conf,
    Json,
}

/// A user as nats-server should know it.
struct User {
    role: Role,
    name: String,
    password_env: String,
}

pub fn run(Nats::Permissions(arguments): Nats) -> ExitCode {
    let users = arguments.users();
    match arguments.format {
        Format::Conf => say!("{}", conf(&users).trim_end()),
        Format::Json => say!("{:#}", json(&users)),
    }
    ExitCode::SUCCESS
}

impl Arguments {
    fn users(&self) -> Vec<User> {
        let Some(role) = self.role else { return Role::ALL.into_iter().map(User::of).collect() };
        let User { role, name, password_env } = User::of(role);
        let name = self.user.clone().unwrap_or(name);
        let password_env = self.password_env.clone().unwrap_or(password_env);
        vec![User { role, name, password_env }]
    }
}

impl User {
    fn of(role: Role) -> Self {
        let name = role.as_str().to_owned();
        Self { role, password_env: format!("UPLION_NATS_PASSWORD_{}", name.to_uppercase()), name }
    }
}

fn conf(users: &[User]) -> String {
    let mut text = "authorization {\n  users: [\n".to_owned();
    for User { role, name, password_env } in users {
        let Permissions { publish, subscribe } = role.permissions();
        let (publish, subscribe) = (list(&publish), list(&subscribe));
        let _ = write!(
            text,
            "    {{\n      user: \"{name}\"\n      password: ${password_env}\n      permissions: {{\n        publish: {{ allow: [{publish}] }}\n        subscribe: {{ allow: [{subscribe}] }}\n      }}\n    }}\n"
        );
    }
    text + "  ]\n}\n"
}

fn list(subjects: &[String]) -> String {
    let indent = "\n          ";
    let quoted = subjects.iter().map(|subject| format!("{indent}\"{subject}\""));
    quoted.collect::<Vec<_>>().concat() + "\n        "
}

fn json(users: &[User]) -> Value {
    let users = users.iter().map(|User { role, name, password_env }| {
        let Permissions { publish, subscribe } = role.permissions();
        json!({
            "role": role.as_str(),
            "user": name,
            "password_env": password_env,
            "permissions": { "publish": { "allow": publish }, "subscribe": { "allow": subscribe } },
        })
    });
    json!({ "users": users.collect::<Vec<_>>() })
}

fn role() -> impl TypedValueParser<Value = Role> {
    let names = PossibleValuesParser::new(Role::ALL.map(Role::as_str));
    names.try_map(|name| name.parse::<Role>())
}

/// It is written between quotes.
fn name(text: &str) -> Result<String, String> {
    let is_plain = |sign: char| sign.is_alphanumeric() || "-_.@".contains(sign);
    let is_name = !text.is_empty() && text.chars().all(is_plain);
    let refused = "a user's name here has letters, digits and - _ . @ alone";
    if is_name { Ok(text.to_owned()) } else { Err(refused.to_owned()) }
}

fn variable(text: &str) -> Result<String, String> {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let begins = text.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_');
    let refused = "a variable's name has letters, digits and _ alone, and begins with no digit";
    if begins && text.chars().all(is_plain) { Ok(text.to_owned()) } else { Err(refused.to_owned()) }
}
