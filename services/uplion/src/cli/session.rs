//! `uplion session`

use clap::{Args, Subcommand};
use serde::Deserialize;

use super::{
    client::Client,
    endpoint,
    failure::Failure,
    output::{self, Format},
    params,
    table::{Column, Table, table},
    user,
    write_options::{ReasonOption, WriteOptions},
};

#[derive(Debug, Clone, Args)]
pub struct Session {
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Lists the sessions that are open: by default your own.
    List {
        /// Of this user, by e-mail address or id.
        #[arg(long)]
        user: Option<String>,
        /// Everybody's.
        #[arg(long, conflicts_with = "user")]
        all: bool,
    },
    /// Revokes one: whoever shows it is refused from now on.
    Revoke {
        /// Its id.
        session: String,
        #[command(flatten)]
        options: ReasonOption,
    },
}

#[derive(Debug, Deserialize)]
struct View {
    id: String,
    user: String,
    opened_at: String,
    expires_at: String,
    current: bool,
}

impl Session {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.endpoint()?)?;
        match act {
            Act::List { user, all } => {
                let user = match user {
                    Some(given) => Some(user::id(&client, &given).await?),
                    None => None,
                };
                let query =
                    params::query([("user", user), ("all", all.then(|| "true".to_owned()))]);
                let sessions = client.list(&["sessions"], &query).await?;
                output::print_list(format, sessions, list_table)
            }
            Act::Revoke { session, options } => {
                let options = WriteOptions::from(options);
                options.confirm(&format!("session {session} is over at once"))?;
                let written = client.delete(&options, &["sessions", &session]).await?;
                output::print_written(format, &written, &format!("revoked session {session}"))
            }
        }
    }
}

fn list_table(sessions: &[View]) -> Table {
    let columns = ["ID", "USER", "OPENED", "EXPIRES", ""].map(Column::Text);
    let row = |session: &View| {
        let View { id, user, opened_at, expires_at, current } = session;
        let here = if *current { "this one" } else { "" };
        [id, user, opened_at, expires_at].into_iter().cloned().chain([here.to_owned()]).collect()
    };
    table(&columns, &sessions.iter().map(row).collect::<Vec<_>>())
}
