//! `uplion key`

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::{self, Format, facts, named},
    client::{Client, read},
    failure::Failure,
    place,
    table::{Column, table},
    writing::{Creating, Writing},
};

#[derive(Debug, Clone, Args)]
pub struct Key {
    #[command(flatten)]
    control: place::Control,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Issues a key and shows its secret, now and never again.
    #[command(visible_alias = "issue")]
    Create {
        /// For people: what or whom it is for.
        #[arg(default_value = "key")]
        name: String,
        /// The project that its usage is billed to, by name or id; not needed if there is only one.
        #[arg(long)]
        project: Option<String>,
        /// A model that it may use; may be repeated. Without it, all.
        #[arg(long = "model", value_name = "MODEL")]
        models: Vec<String>,
        #[command(flatten)]
        creating: Creating,
    },
    /// Lists all keys.
    List {
        /// Only of this project, by name or id.
        #[arg(long)]
        project: Option<String>,
    },
    /// Shows one.
    Show {
        /// Its id, or its name if no other has it.
        key: String,
    },
    /// Changes which models it may use.
    Change {
        /// Its id, or its name if no other has it.
        key: String,
        /// A model that it may use from now on; may be repeated.
        #[arg(long = "model", value_name = "MODEL", required_unless_present = "all_models")]
        models: Vec<String>,
        /// It may use all models from now on.
        #[arg(long, conflicts_with = "models")]
        all_models: bool,
        #[command(flatten)]
        writing: Writing,
    },
    /// Revokes it for ever. It is rejected everywhere within 100 ms.
    Revoke {
        /// Its id, or its name if no other has it.
        key: String,
        #[command(flatten)]
        writing: Writing,
    },
}

#[derive(Debug, Deserialize)]
struct Shown {
    id: String,
    name: String,
    project: String,
    project_name: Option<String>,
    models: Option<Vec<String>>,
    status: String,
    issued_at: String,
    revoked_at: Option<String>,
}

impl Key {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.place()?)?;
        match act {
            Act::Create { name, project, models, creating } => {
                create(&client, format, &creating.into(), &name, project, &models).await
            }
            Act::List { project } => {
                let keys = keys(&client, project).await?;
                if format.json {
                    return answer::print_json(&json!(keys));
                }
                let rows = keys.into_iter().map(read).collect::<Result<Vec<Shown>, _>>()?;
                answer::print(&listed(&rows))
            }
            Act::Show { key } => {
                let shown = client.get(&["keys", &id(&client, &key).await?], &[]).await?;
                if format.json {
                    answer::print_json(&shown)
                } else {
                    answer::print(&read::<Shown>(shown)?.told())
                }
            }
            Act::Change { key, models, all_models, writing } => {
                let id = id(&client, &key).await?;
                let body =
                    json!({ "models": if all_models { Value::Null } else { json!(models) } });
                let written = client.put(&writing, &["keys", &id, "models"], &body).await?;
                let may = if all_models { "all models".to_owned() } else { models.join(", ") };
                answer::wrote(format, &written, &format!("key {id} may use {may}"))
            }
            Act::Revoke { key, writing } => {
                let id = id(&client, &key).await?;
                let written = client.order(&writing, &["keys", &id, "revoke"]).await?;
                answer::wrote(format, &written, &format!("revoked key {id}"))
            }
        }
    }
}

async fn create(
    client: &Client,
    format: Format,
    writing: &Writing,
    name: &str,
    project: Option<String>,
    models: &[String],
) -> Result<(), Failure> {
    let project = match project {
        Some(project) => project,
        None => only_project(client).await?,
    };
    let models = if models.is_empty() { Value::Null } else { json!(models) };
    let body = json!({ "project": project, "name": name, "models": models });
    let written = client.post(writing, &["keys"], &body).await?;
    let text = |field: &str| written[field].as_str().unwrap_or_default().to_owned();
    let (id, secret) = (text("id"), text("secret"));
    answer::wrote(
        format,
        &written,
        &format!("issued key {name} ({id}), whose secret is shown only now:\n{secret}"),
    )
}

async fn only_project(client: &Client) -> Result<String, Failure> {
    let projects = client.list(&["projects"], &[]).await?;
    let open: Vec<&Value> = projects.iter().filter(|project| project["status"] == "open").collect();
    match open[..] {
        [project] => Ok(project["id"].as_str().unwrap_or_default().to_owned()),
        [] => Err(Failure::Here(
            "there is no project yet: `uplion project create NAME` makes one".into(),
        )),
        _ => Err(Failure::Here("there are several projects: say which with --project".into())),
    }
}

async fn keys(client: &Client, project: Option<String>) -> Result<Vec<Value>, Failure> {
    let query: Vec<_> = project.map(|project| ("project", project)).into_iter().collect();
    client.list(&["keys"], &query).await
}

/// What a person typed, as an id. Among keys of one name, revoked ones do not count if another is active.
pub async fn id(client: &Client, typed: &str) -> Result<String, Failure> {
    if typed.parse::<uplion_domain::KeyId>().is_ok() {
        return Ok(typed.to_owned());
    }
    let keys = keys(client, None).await?;
    let keys = keys.into_iter().map(read).collect::<Result<Vec<Shown>, _>>()?;
    let called: Vec<Shown> = keys.into_iter().filter(|key| key.name == typed).collect();
    let active: Vec<&Shown> = called.iter().filter(|key| key.status == "active").collect();
    let meant = if active.is_empty() { called.iter().collect() } else { active };
    match meant[..] {
        [key] => Ok(key.id.clone()),
        [] => Err(Failure::Missing(format!(
            "no key is called {typed}: `uplion key list` shows them all"
        ))),
        _ => {
            let ids: Vec<&str> = meant.iter().map(|key| key.id.as_str()).collect();
            Err(Failure::Here(format!(
                "several keys are called {typed}: say which by id: {}",
                ids.join(", ")
            )))
        }
    }
}

fn listed(keys: &[Shown]) -> String {
    let columns = ["NAME", "ID", "PROJECT", "MODELS", "STATUS", "ISSUED"].map(Column::Text);
    let row = |key: &Shown| {
        let project = key.project_name.as_ref().unwrap_or(&key.project);
        vec![
            key.name.clone(),
            key.id.clone(),
            project.clone(),
            key.may_use(),
            key.status.clone(),
            key.issued_at.clone(),
        ]
    };
    table(&columns, &keys.iter().map(row).collect::<Vec<_>>())
}

impl Shown {
    fn may_use(&self) -> String {
        self.models.as_ref().map_or_else(|| "all".to_owned(), |models| models.join(", "))
    }

    fn told(self) -> String {
        let may_use = self.may_use();
        let project = named(self.project_name.as_deref(), &self.project);
        facts(&[
            ("name", Some(self.name)),
            ("id", Some(self.id)),
            ("project", Some(project)),
            ("models", Some(may_use)),
            ("status", Some(self.status)),
            ("issued", Some(self.issued_at)),
            ("revoked", self.revoked_at),
        ])
    }
}
