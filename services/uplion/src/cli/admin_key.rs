//! `uplion admin-key`

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::json;

use super::{
    client::Client,
    endpoint,
    failure::Failure,
    output::{self, Format},
    params,
    table::{Column, Table, table},
    write_options::{CreateOptions, WriteOptions},
};

#[derive(Debug, Clone, Args)]
pub struct AdminKey {
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Issues one and shows its secret, now and never again.
    #[command(visible_alias = "create")]
    Issue {
        /// For people: what it is for.
        name: String,
        #[arg(long)]
        access: Access,
        /// From when on it is not taken, like 2027-01-01T00:00:00Z; by default never.
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        #[command(flatten)]
        options: CreateOptions,
    },
    /// Lists all but the installation's first, which is configuration.
    List,
    /// Revokes one for ever, and at once.
    Revoke {
        /// Its id.
        key: String,
        #[command(flatten)]
        options: WriteOptions,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Access {
    /// Sees everything and changes nothing.
    Auditor,
    Admin,
}

#[derive(Debug, Deserialize)]
struct View {
    id: String,
    name: String,
    access: String,
    status: String,
    issued_at: String,
    expires_at: Option<String>,
}

impl AdminKey {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.endpoint()?)?;
        match act {
            Act::Issue { name, access, expires, options } => {
                let access = params::word(access);
                let body = json!({ "name": name, "access": access, "expires_at": expires });
                let written = client.post(&options.into(), &["admin-keys"], &body).await?;
                output::print_secret_once(format, &written, &format!("issued admin key {name}"))
            }
            Act::List => {
                let keys = client.list(&["admin-keys"], &[]).await?;
                output::print_list(format, keys, list_table)
            }
            Act::Revoke { key, options } => {
                options.confirm(&format!("admin key {key} is revoked for ever"))?;
                let written = client.action(&options, &["admin-keys", &key, "revoke"]).await?;
                output::print_written(format, &written, &format!("revoked admin key {key}"))
            }
        }
    }
}

fn list_table(keys: &[View]) -> Table {
    let columns = ["NAME", "ID", "ACCESS", "STATUS", "ISSUED", "EXPIRES"].map(Column::Text);
    let row = |key: &View| {
        let View { id, name, access, status, issued_at, expires_at } = key;
        let expires = expires_at.clone().unwrap_or_default();
        [name, id, access, status, issued_at, &expires].map(Clone::clone).to_vec()
    };
    table(&columns, &keys.iter().map(row).collect::<Vec<_>>())
}
