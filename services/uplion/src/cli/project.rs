//! `uplion project`

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;

use super::{
    answer::{self, Format, facts},
    client::{Client, read},
    failure::Failure,
    place,
    table::{Column, table},
    writing::Writing,
};

#[derive(Debug, Clone, Args)]
pub struct Project {
    #[command(flatten)]
    control: place::Control,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Creates a project.
    Create {
        name: String,
        #[command(flatten)]
        writing: Writing,
    },
    /// Lists all projects.
    List,
    /// Shows one.
    Show {
        /// Its name or id.
        project: String,
    },
    /// Gives it another name.
    #[command(visible_alias = "rename")]
    Change {
        /// Its name or id.
        project: String,
        #[arg(long)]
        name: String,
        #[command(flatten)]
        writing: Writing,
    },
    /// Closes it for ever: none of its keys is served again.
    #[command(visible_alias = "close")]
    Revoke {
        /// Its name or id.
        project: String,
        #[command(flatten)]
        writing: Writing,
    },
}

#[derive(Debug, Deserialize)]
struct Shown {
    id: String,
    name: String,
    status: String,
    created_at: String,
    closed_at: Option<String>,
}

impl Project {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.place()?)?;
        match act {
            Act::Create { name, writing } => {
                let written =
                    client.post(&writing, &["projects"], &json!({ "name": name })).await?;
                let id = written["id"].as_str().unwrap_or_default();
                answer::wrote(format, &written, &format!("created project {name} ({id})"))
            }
            Act::List => {
                let projects = client.list(&["projects"], &[]).await?;
                if format.json {
                    return answer::print_json(&json!(projects));
                }
                let rows = projects.into_iter().map(read).collect::<Result<Vec<Shown>, _>>()?;
                answer::print(&listed(&rows))
            }
            Act::Show { project } => {
                let shown = client.get(&["projects", &project], &[]).await?;
                if format.json {
                    answer::print_json(&shown)
                } else {
                    answer::print(&read::<Shown>(shown)?.told())
                }
            }
            Act::Change { project, name, writing } => {
                let written = client
                    .patch(&writing, &["projects", &project], &json!({ "name": name }))
                    .await?;
                answer::wrote(format, &written, &format!("project {project} is now called {name}"))
            }
            Act::Revoke { project, writing } => {
                let written = client.order(&writing, &["projects", &project, "close"]).await?;
                answer::wrote(
                    format,
                    &written,
                    &format!("closed project {project}: none of its keys is served"),
                )
            }
        }
    }
}

fn listed(projects: &[Shown]) -> String {
    let columns = ["NAME", "ID", "STATUS", "CREATED"].map(Column::Text);
    let row = |project: &Shown| {
        let Shown { id, name, status, created_at, closed_at: _ } = project;
        [name, id, status, created_at].map(Clone::clone).to_vec()
    };
    table(&columns, &projects.iter().map(row).collect::<Vec<_>>())
}

impl Shown {
    fn told(self) -> String {
        let Self { id, name, status, created_at, closed_at } = self;
        facts(&[
            ("name", Some(name)),
            ("id", Some(id)),
            ("status", Some(status)),
            ("created", Some(created_at)),
            ("closed", closed_at),
        ])
    }
}
