//! What `dev` tells the person who started it.

use std::path::Path;

use serde_json::json;

use super::{
    administrator::FirstAdministrator,
    credentials::{ADMIN_EMAIL, Credentials},
    discover,
    first_start::Prepared,
};
use crate::{
    cli::{escaped, printable},
    data_folder,
    say::say,
};

pub fn print(credentials: &Credentials, prepared: &Prepared, data: &Path) {
    let Credentials { base_url, api_key, admin_url, .. } = credentials;
    let Prepared { models, first_administrator } = prepared;
    let api_key = api_key.as_deref().unwrap_or_default();
    say!(
        "\nUPLION is running.\n\n\
         \x20 base URL   {base_url}\n\
         \x20 API key    {api_key}\n\
         \x20 models     {}\n\
         \x20 control    {admin_url}/control/v1  (its admin key is in credentials.json)\n\
         \x20 sign in    {}\n\
         \x20 data       {}\n\n\
         {}\n\n\
         See what it cost: `uplion usage{}`. Stop it with Ctrl-C.\n",
        printable(&models.join(", ")),
        sign_in(credentials, first_administrator),
        data.display(),
        what_to_ask(base_url, api_key, models),
        elsewhere(data),
    );
}

/// Nobody is promised who cannot sign in.
fn sign_in(credentials: &Credentials, first: &FirstAdministrator) -> String {
    match first {
        FirstAdministrator::Registered | FirstAdministrator::Known => {
            let password = match credentials.admin_password {
                Some(_) => "the password is in credentials.json, unless it was changed",
                None => "with the password that it had; `uplion user password` sets another",
            };
            format!("{ADMIN_EMAIL}  ({password})")
        }
        FirstAdministrator::Gone { another } => {
            format!("{}  ({ADMIN_EMAIL} does not sign in any more)", printable(another))
        }
    }
}

fn what_to_ask(base_url: &str, api_key: &str, models: &[String]) -> String {
    let Some(model) = models.last() else {
        return "No model is registered: `uplion model create NAME --upstream URL` registers one."
            .to_owned();
    };
    let question = json!({ "model": model, "messages": [{ "role": "user", "content": "Hello!" }] });
    format!(
        "Ask it something:\n\n\
         \x20 curl {base_url}/chat/completions -H 'Authorization: Bearer {api_key}' -H 'Content-Type: application/json' -d '{}'",
        escaped(&question.to_string()).replace('\'', r"'\''"),
    )
}

/// Commands look into the default folder by themselves.
fn elsewhere(data: &Path) -> String {
    if data == Path::new(data_folder::DEFAULT) {
        String::new()
    } else {
        format!(" --data {}", data.display())
    }
}

/// Says how to add the servers that were found on this machine.
pub async fn hint(used: &[String]) {
    let Ok(client) = reqwest::Client::builder().build() else { return };
    for found in discover::on_usual_ports(&client, used).await {
        say!(
            "{} is at {} with {} models. To add them: uplion dev --upstream {}",
            found.server,
            found.url,
            found.models.len(),
            found.url
        );
    }
}
