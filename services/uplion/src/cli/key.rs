//! `uplion key`

mod model_limits;
mod terms;
mod view;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uplion_domain::name;

use self::{
    terms::Terms,
    view::{View, list_table},
};
use super::{
    allowance::note_unenforced,
    client::{Client, read},
    duration::Seconds,
    endpoint,
    failure::Failure,
    money::shown_currency,
    output::{self, Format},
    params, short_ids,
    write_options::{CreateOptions, WriteOptions},
};

#[derive(Debug, Clone, Args)]
pub struct Key {
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Issues a key and shows its secret, now and never again.
    #[command(visible_alias = "issue")]
    Create(NewKey),
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
        options: WriteOptions,
    },
    /// Serves it again.
    Enable(Target),
    /// Does not serve it until it is enabled.
    Disable(Target),
    /// Gives it a new secret and shows it, now and never again.
    Rotate {
        /// Its id, or its name if no other has it.
        key: String,
        /// So long the secret before is served too, like 24h or 30m; by default not at all.
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        grace: Option<Seconds>,
        #[command(flatten)]
        options: WriteOptions,
    },
    /// Revokes it for ever. It is rejected everywhere within 100 ms.
    Revoke(Target),
}

#[derive(Debug, Clone, Args)]
struct NewKey {
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
    options: CreateOptions,
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
struct Target {
    /// Its id, or its name if no other has it.
    key: String,
    #[command(flatten)]
    options: WriteOptions,
}

impl Key {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.endpoint()?)?;
        match act {
            Act::Create(key) => key.issue(&client, format).await,
            Act::List(filter) => {
                let keys = client.list(&["keys"], &filter.query()).await?;
                let currency = shown_currency(&client, format).await?;
                output::print_list(format, keys, |keys: &[View]| list_table(keys, &currency))
            }
            Act::Show { key } => {
                let shown = client.get(&["keys", &id(&client, &key).await?], &[]).await?;
                let currency = shown_currency(&client, format).await?;
                output::print_one(format, shown, |key: View| key.details(&currency))
            }
            Act::Change { key, name, all_models, terms, options } => {
                let id = id(&client, &key).await?;
                let name = name.map(|name| ("name", json!(name)));
                let models = all_models.then_some(("models", Value::Null));
                let given = name.into_iter().chain(models);
                change(&client, format, options, &id, given, &terms).await
            }
            Act::Enable(target) => target.send(&client, format, "enable", "enabled").await,
            Act::Disable(target) => {
                target.confirm("is not served until it is enabled")?;
                target.send(&client, format, "disable", "disabled").await
            }
            Act::Rotate { key, grace, options } => {
                if grace.as_ref().is_none_or(|Seconds(seconds)| *seconds == 0) {
                    options.confirm(&format!(
                        "the secret that key {key} has now is refused at once, where --grace 24h leaves it a day"
                    ))?;
                }
                let id = id(&client, &key).await?;
                let body = json!({ "grace_seconds": grace.map(|Seconds(seconds)| seconds) });
                let written = client.post(&options, &["keys", &id, "rotate"], &body).await?;
                output::print_secret_once(format, &written, &format!("rotated key {key}"))
            }
            Act::Revoke(target) => {
                target.confirm("is revoked for ever: whoever uses it is refused at once")?;
                target.send(&client, format, "revoke", "revoked").await
            }
        }
    }
}

impl NewKey {
    async fn issue(self, client: &Client, format: Format) -> Result<(), Failure> {
        let Self { name, project, owner, terms, options } = self;
        let project = match project {
            Some(project) => project,
            None => only_project(client).await?,
        };
        let mut body = terms.over(client, &Value::Null).await?;
        body.retain(|_, value| !value.is_null());
        body.extend([("name".into(), json!(name)), ("project".into(), json!(project))]);
        body.extend(owner.map(|owner| ("owner".into(), json!(owner))));
        note_unenforced(&body);
        let written = client.post(&options.into(), &["keys"], &Value::Object(body)).await?;
        output::print_secret_once(format, &written, &format!("issued key {name}"))
    }
}

async fn change(
    client: &Client,
    format: Format,
    mut options: WriteOptions,
    id: &str,
    given: impl Iterator<Item = (&str, Value)>,
    terms: &Terms,
) -> Result<(), Failure> {
    let path = ["keys", id];
    let current = if terms.are_over_others() {
        client.read_to_change(&mut options, &path).await?
    } else {
        Value::Null
    };
    let mut body = terms.over(client, &current).await?;
    body.extend(given.map(|(name, value)| (name.to_owned(), value)));
    if body.is_empty() {
        let text =
            "nothing to change: give --name, --model, --expires, --quota, --budget or a limit";
        return Err(Failure::Local(text.to_owned()));
    }
    note_unenforced(&body);
    let written = client.patch(&options, &path, &Value::Object(body)).await?;
    output::print_written(format, &written, &format!("changed key {id}"))
}

impl Target {
    fn confirm(&self, what: &str) -> Result<(), Failure> {
        self.options.confirm(&format!("key {} {what}", self.key))
    }

    async fn send(
        self,
        client: &Client,
        format: Format,
        action: &str,
        done: &str,
    ) -> Result<(), Failure> {
        let Self { key, options } = self;
        let id = id(client, &key).await?;
        let written = client.action(&options, &["keys", &id, action]).await?;
        output::print_written(format, &written, &format!("{done} key {id}"))
    }
}

impl Filter {
    fn query(self) -> Vec<(&'static str, String)> {
        let Self { project, owner, status } = self;
        params::query([("project", project), ("owner", owner), ("status", status)])
    }
}

async fn only_project(client: &Client) -> Result<String, Failure> {
    let projects = client.list(&["projects"], &[]).await?;
    let open: Vec<&Value> = projects.iter().filter(|project| project["status"] == "open").collect();
    match open[..] {
        [project] => Ok(project["id"].as_str().unwrap_or_default().to_owned()),
        [] => Err(Failure::Local(
            "there is no project yet: `uplion project create NAME` makes one".into(),
        )),
        _ => Err(Failure::Local("there are several projects: say which with --project".into())),
    }
}

/// The id of what was given by id or name. Among keys of one name, revoked ones do not count if another is not.
pub async fn id(client: &Client, given: &str) -> Result<String, Failure> {
    if given.parse::<uplion_domain::KeyId>().is_ok() || short_ids::is_short(given) {
        return Ok(given.to_owned());
    }
    let keys = client.list(&["keys"], &[]).await?;
    let keys = keys.into_iter().map(read).collect::<Result<Vec<View>, _>>()?;
    let called: Vec<View> =
        keys.into_iter().filter(|key| name::key(&key.name) == name::key(given)).collect();
    let standing: Vec<&View> = called.iter().filter(|key| key.status != "revoked").collect();
    let meant = if standing.is_empty() { called.iter().collect() } else { standing };
    match meant[..] {
        [key] => Ok(key.id.clone()),
        [] => Err(Failure::Missing(format!(
            "no key is called {given}: `uplion key list` shows them all"
        ))),
        _ => {
            let ids: Vec<&str> = meant.iter().map(|key| key.id.as_str()).collect();
            Err(Failure::Local(format!(
                "several keys are called {given}: say which by id: {}",
                ids.join(", ")
            )))
        }
    }
}
