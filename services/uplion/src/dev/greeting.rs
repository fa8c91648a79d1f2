//! What `dev` tells the person who started it.

use std::path::Path;

use super::{credentials::Credentials, discover};
use crate::data_folder;
use crate::say::say;

pub fn print(credentials: &Credentials, models: &[String], data: &Path) {
    let Credentials { base_url, api_key, admin_url, admin_email, .. } = credentials;
    let api_key = api_key.as_deref().unwrap_or_default();
    let admin_email = admin_email.as_deref().unwrap_or_default();
    let model = models.last().map_or("demo", String::as_str);
    let question = serde_json::json!({
        "model": model,
        "messages": [{ "role": "user", "content": "Hello!" }],
    });
    say!(
        "\nUPLION is running.\n\n\
         \x20 base URL   {base_url}\n\
         \x20 API key    {api_key}\n\
         \x20 models     {}\n\
         \x20 control    {admin_url}/control/v1  (its admin key is in credentials.json)\n\
         \x20 sign in    {admin_email}  (the password is in credentials.json)\n\
         \x20 data       {}\n\n\
         Ask it something:\n\n\
         \x20 curl {base_url}/chat/completions -H 'Authorization: Bearer {api_key}' -H 'Content-Type: application/json' -d '{}'\n\n\
         See what it cost: `uplion usage{}`. Stop it with Ctrl-C.\n",
        models.join(", "),
        data.display(),
        question.to_string().replace('\'', r"'\''"),
        elsewhere(data),
    );
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
