//! `uplion key`

mod grace;
mod model_limits;
mod shown;
mod terms;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::{
    grace::Grace,
    shown::{Shown, listed},
    terms::Terms,
};
use super::{
    answer::{self, Format},
    client::{Client, read},
    failure::Failure,
    place, said,
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
        /// The member whose key it is, by e-mail address or id; by default the project's, or of a mere member their own.
        #[arg(long, value_name = "USER")]
        owner: Option<String>,
        #[command(flatten)]
        terms: Terms,
        #[command(flatten)]
        creating: Creating,
    },
    /// Lists keys.
    List(Filter),
    /// Shows one.
    Show {
        /// Its id, or its name if no other has it.
        key: String,
    },
    /// Changes what it is called, what it may use, how long and how much. What is not given stays as it is.
    Change {
        /// Its id, or its name if no other has it.
        key: String,
        #[arg(long)]
        name: Option<String>,
        /// It may use all models from now on.
        #[arg(long, conflicts_with = "models")]
        all_models: bool,
        #[command(flatten)]
        terms: Terms,
        #[command(flatten)]
        writing: Writing,
    },
    /// Serves it again.
    Enable(Order),
    /// Does not serve it until it is enabled.
    Disable(Order),
    /// Gives it a new secret and shows it, now and never again.
    Rotate {
        /// Its id, or its name if no other has it.
        key: String,
        /// So long the secret before is served too, like 24h or 30m; by default not at all.
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        grace: Option<Grace>,
        #[command(flatten)]
        writing: Writing,
    },
    /// Revokes it for ever. It is rejected everywhere within 100 ms.
    Revoke(Order),
}

#[derive(Debug, Clone, Args)]
struct Filter {
    /// Only of this project, by name or id.
    #[arg(long)]
    project: Option<String>,
    /// Only those of this member, by e-mail address or id.
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
    /// Only those that are so now.
    #[arg(long, value_parser = ["active", "disabled", "expired", "revoked"])]
    status: Option<String>,
}

#[derive(Debug, Clone, Args)]
struct Order {
    /// Its id, or its name if no other has it.
    key: String,
    #[command(flatten)]
    writing: Writing,
}

impl Key {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.place()?)?;
        match act {
            Act::Create { name, project, owner, terms, creating } => {
                let project = match project {
                    Some(project) => project,
                    None => only_project(&client).await?,
                };
                let mut body = terms.over(&Value::Null);
                body.retain(|_, value| !value.is_null());
                body.extend([("name".into(), json!(name)), ("project".into(), json!(project))]);
                body.extend(owner.map(|owner| ("owner".into(), json!(owner))));
                let written =
                    client.post(&creating.into(), &["keys"], &Value::Object(body)).await?;
                answer::shown_once(format, &written, &format!("issued key {name}"))
            }
            Act::List(filter) => {
                let keys = client.list(&["keys"], &filter.query()).await?;
                answer::many(format, keys, listed)
            }
            Act::Show { key } => {
                let shown = client.get(&["keys", &id(&client, &key).await?], &[]).await?;
                answer::one(format, shown, Shown::told)
            }
            Act::Change { key, name, all_models, terms, writing } => {
                let id = id(&client, &key).await?;
                let name = name.map(|name| ("name", json!(name)));
                let models = all_models.then_some(("models", Value::Null));
                let said = name.into_iter().chain(models);
                change(&client, format, writing, &id, said, &terms).await
            }
            Act::Enable(order) => order.carry_out(&client, format, "enable", "enabled").await,
            Act::Disable(order) => order.carry_out(&client, format, "disable", "disabled").await,
            Act::Rotate { key, grace, writing } => {
                let id = id(&client, &key).await?;
                let body = json!({ "grace_seconds": grace.map(|Grace(seconds)| seconds) });
                let written = client.post(&writing, &["keys", &id, "rotate"], &body).await?;
                answer::shown_once(format, &written, &format!("rotated key {key}"))
            }
            Act::Revoke(order) => order.carry_out(&client, format, "revoke", "revoked").await,
        }
    }
}

async fn change(
    client: &Client,
    format: Format,
    mut writing: Writing,
    id: &str,
    said: impl Iterator<Item = (&str, Value)>,
    terms: &Terms,
) -> Result<(), Failure> {
    let path = ["keys", id];
    let current = if terms.are_over_others() {
        client.read_to_change(&mut writing, &path).await?
    } else {
        Value::Null
    };
    let mut body = terms.over(&current);
    body.extend(said.map(|(name, value)| (name.to_owned(), value)));
    if body.is_empty() {
        let text =
            "nothing to change: give --name, --model, --expires, --quota, --budget or a limit";
        return Err(Failure::Here(text.to_owned()));
    }
    let written = client.patch(&writing, &path, &Value::Object(body)).await?;
    answer::wrote(format, &written, &format!("changed key {id}"))
}

impl Order {
    async fn carry_out(
        self,
        client: &Client,
        format: Format,
        order: &str,
        done: &str,
    ) -> Result<(), Failure> {
        let Self { key, writing } = self;
        let id = id(client, &key).await?;
        let written = client.order(&writing, &["keys", &id, order]).await?;
        answer::wrote(format, &written, &format!("{done} key {id}"))
    }
}

impl Filter {
    fn query(self) -> Vec<(&'static str, String)> {
        let Self { project, owner, status } = self;
        said::query([("project", project), ("owner", owner), ("status", status)])
    }
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

/// What a person typed, as an id. Among keys of one name, revoked ones do not count if another is not.
pub async fn id(client: &Client, typed: &str) -> Result<String, Failure> {
    if typed.parse::<uplion_domain::KeyId>().is_ok() {
        return Ok(typed.to_owned());
    }
    let keys = client.list(&["keys"], &[]).await?;
    let keys = keys.into_iter().map(read).collect::<Result<Vec<Shown>, _>>()?;
    let called: Vec<Shown> = keys.into_iter().filter(|key| key.name == typed).collect();
    let standing: Vec<&Shown> = called.iter().filter(|key| key.status != "revoked").collect();
    let meant = if standing.is_empty() { called.iter().collect() } else { standing };
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
