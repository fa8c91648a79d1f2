//! `uplion project member`

use clap::{Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::json;

use super::super::{
    client::Client,
    failure::Failure,
    output::{self, Format},
    params,
    table::{Column, Table, table},
    write_options::WriteOptions,
};

#[derive(Debug, Clone, Subcommand)]
pub enum Member {
    /// Adds a user to a project.
    Add {
        /// The project, by name or id.
        project: String,
        /// Their e-mail address or id.
        user: String,
        #[arg(long, default_value = "member")]
        role: Role,
        #[command(flatten)]
        options: WriteOptions,
    },
    /// Lists the members of a project.
    List {
        /// The project, by name or id.
        project: String,
    },
    /// Changes what a member is in a project. The last owner stays one.
    Role {
        /// The project, by name or id.
        project: String,
        /// Their e-mail address or id.
        user: String,
        role: Role,
        #[command(flatten)]
        options: WriteOptions,
    },
    /// Removes a member. Their keys stay: they are the project's.
    Remove {
        /// The project, by name or id.
        project: String,
        /// Their e-mail address or id.
        user: String,
        #[command(flatten)]
        options: WriteOptions,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Role {
    /// Changes the project's name, its members and all of its keys.
    Owner,
    /// Sees all of the project, and has keys of their own.
    Member,
}

#[derive(Debug, Deserialize)]
struct View {
    user: String,
    name: Option<String>,
    email: Option<String>,
    role: String,
    added_at: String,
}

impl Member {
    pub async fn run(self, client: &Client, format: Format) -> Result<(), Failure> {
        match self {
            Self::Add { project, user, role, options } => {
                let body = json!({ "user": user, "role": params::word(role) });
                let path = ["projects", &project, "members"];
                let written = client.post(&options, &path, &body).await?;
                let done = format!("{user} is {} of project {project}", params::word(role));
                output::print_written(format, &written, &done)
            }
            Self::List { project } => {
                let members = client.list(&["projects", &project, "members"], &[]).await?;
                output::print_list(format, members, list_table)
            }
            Self::Role { project, user, role, options } => {
                let path = ["projects", &project, "members", &user];
                let body = json!({ "role": params::word(role) });
                let written = client.patch(&options, &path, &body).await?;
                let done = format!("{user} is now {} of project {project}", params::word(role));
                output::print_written(format, &written, &done)
            }
            Self::Remove { project, user, options } => {
                options.confirm(&format!("{user} is no member of {project} any more"))?;
                let path = ["projects", &project, "members", &user];
                let written = client.delete(&options, &path).await?;
                let done = format!("{user} is no member of project {project} any more");
                output::print_written(format, &written, &done)
            }
        }
    }
}

fn list_table(members: &[View]) -> Table {
    let columns = ["E-MAIL", "NAME", "ID", "ROLE", "ADDED"].map(Column::Text);
    let row = |member: &View| {
        let View { user, name, email, role, added_at } = member;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![text(email), text(name), user.clone(), role.clone(), added_at.clone()]
    };
    table(&columns, &members.iter().map(row).collect::<Vec<_>>())
}
