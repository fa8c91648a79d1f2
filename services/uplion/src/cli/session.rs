//! `uplion session`

use clap::{Args, Subcommand};
use serde::Deserialize;

use super::{
    answer::{self, Format},
    client::Client,
    failure::Failure,
    place, said,
    table::{Column, table},
    user,
    writing::Ending,
};

#[derive(Debug, Clone, Args)]
pub struct Session {
    #[command(flatten)]
    control: place::Control,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Lists the sessions that are open: your own, if nothing else is said.
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
        ending: Ending,
    },
}

#[derive(Debug, Deserialize)]
struct Shown {
    id: String,
    user: String,
    opened_at: String,
    expires_at: String,
    current: bool,
}

impl Session {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.place()?)?;
        match act {
            Act::List { user, all } => {
                let user = match user {
                    Some(typed) => Some(user::id(&client, &typed).await?),
                    None => None,
                };
                let query = said::query([("user", user), ("all", all.then(|| "true".to_owned()))]);
                let sessions = client.list(&["sessions"], &query).await?;
                answer::many(format, sessions, listed)
            }
            Act::Revoke { session, ending } => {
                let written = client.delete(&ending.into(), &["sessions", &session]).await?;
                answer::wrote(format, &written, &format!("revoked session {session}"))
            }
        }
    }
}

fn listed(sessions: &[Shown]) -> String {
    let columns = ["ID", "USER", "OPENED", "EXPIRES", ""].map(Column::Text);
    let row = |session: &Shown| {
        let Shown { id, user, opened_at, expires_at, current } = session;
        let here = if *current { "this one" } else { "" };
        [id, user, opened_at, expires_at].into_iter().cloned().chain([here.to_owned()]).collect()
    };
    table(&columns, &sessions.iter().map(row).collect::<Vec<_>>())
}
