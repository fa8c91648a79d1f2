//! `uplion model`

mod probing;
mod terms;
mod upstream;
mod view;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use uplion_domain::name;

use self::{
    probing::Probing,
    terms::Terms,
    upstream::{Upstream, Upstreams},
    view::{View, list_table},
};
use super::{
    allowance::{Bound, Count},
    client::{Client, read},
    endpoint,
    failure::Failure,
    output::{self, Format},
    params,
    write_options::{CreateOptions, WriteOptions},
};

#[derive(Debug, Clone, Args)]
pub struct Model {
    #[command(flatten)]
    control: endpoint::ControlArgs,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Registers a model.
    #[command(visible_alias = "register")]
    Create(NewModel),
    /// Lists models.
    List {
        /// Only those that the installation runs itself, or that others do.
        #[arg(long)]
        kind: Option<Kind>,
        /// Only those that are so now.
        #[arg(long, value_parser = ["registered", "retired"])]
        status: Option<String>,
    },
    /// Shows one.
    Show {
        /// Its name or an alias.
        model: String,
    },
    /// Changes who answers for it, its other names, or how it runs. What is not given stays as it is.
    Change(Change),
    /// Those that answer for it, one by one.
    #[command(subcommand)]
    Upstream(Upstream),
    /// Its other names, one by one.
    #[command(subcommand)]
    Alias(Alias),
    /// Retires it for ever. Its aliases are free for others, its name is not.
    #[command(visible_alias = "retire")]
    Revoke {
        /// Its name or an alias.
        model: String,
        #[command(flatten)]
        options: WriteOptions,
    },
}

#[derive(Debug, Clone, Args)]
struct NewModel {
    /// What clients call it. Never used again, also not after it is retired.
    name: String,
    #[command(flatten)]
    upstreams: Upstreams,
    /// Another name that leads to it; may be repeated.
    #[arg(long = "alias", value_name = "NAME")]
    aliases: Vec<String>,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    probing: Probing,
    #[command(flatten)]
    options: CreateOptions,
}

#[derive(Debug, Clone, Args)]
struct Change {
    /// Its name or an alias.
    model: String,
    #[command(flatten)]
    upstreams: Upstreams,
    /// No registered upstream answers from now on: workers bring their own.
    #[arg(long, conflicts_with = "upstream")]
    no_upstreams: bool,
    /// All its other names from now on; may be repeated.
    #[arg(long = "alias", value_name = "NAME")]
    aliases: Vec<String>,
    /// It has no other names from now on.
    #[arg(long, conflicts_with = "aliases")]
    no_aliases: bool,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    terms: Terms,
    #[command(flatten)]
    options: WriteOptions,
}

#[derive(Debug, Clone, Subcommand)]
enum Alias {
    /// Leads another name to it.
    Add(OneAlias),
    /// Leads a name to it no more.
    Remove(OneAlias),
}

#[derive(Debug, Clone, Args)]
struct OneAlias {
    /// Its name or an alias.
    model: String,
    /// The other name.
    alias: String,
    #[command(flatten)]
    options: WriteOptions,
}

#[derive(Debug, Clone, Args)]
struct Running {
    /// Who runs what answers for it; of a new one remote if it has upstreams, else local.
    #[arg(long)]
    kind: Option<Kind>,
    /// Processes that may run it at once; `none` for as many as there are.
    #[arg(long, value_name = "N")]
    max_processes: Option<Bound<Count>>,
    /// What it serves, like `chat_completion` or `embedding`; may be repeated. Without it everything is tried.
    #[arg(long = "operation", value_name = "OPERATION")]
    operations: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// The installation itself.
    Local,
    /// A provider, or somebody else's server.
    Remote,
}

impl Model {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.endpoint()?)?;
        match act {
            Act::Create(model) => model.register(&client, format).await,
            Act::List { kind, status } => {
                let query = params::query([("kind", kind.map(params::word)), ("status", status)]);
                let models = client.list(&["models"], &query).await?;
                output::print_list(format, models, list_table)
            }
            Act::Show { model } => {
                let shown = client.get(&["models", &model], &[]).await?;
                output::print_one(format, shown, View::details)
            }
            Act::Change(change) => change.run(&client, format).await,
            Act::Upstream(upstream) => upstream.run(&client, format).await,
            Act::Alias(alias) => alias.run(&client, format).await,
            Act::Revoke { model, options } => {
                options
                    .confirm(&format!("model {model} is retired for ever, and so is its name"))?;
                let written = client.action(&options, &["models", &model, "retire"]).await?;
                output::print_written(format, &written, &format!("retired model {model}"))
            }
        }
    }
}

impl NewModel {
    async fn register(self, client: &Client, format: Format) -> Result<(), Failure> {
        let Self { name, upstreams, aliases, running, terms, probing, options } = self;
        let candidates = upstreams.candidates(&name);
        probing.before(&candidates).await?;
        let mut body = running.fields();
        body.extend(terms.field());
        body.retain(|_, value| !value.is_null());
        let all = [
            ("name", json!(name)),
            ("upstreams", json!(upstreams.to_json())),
            ("aliases", json!(aliases)),
        ];
        body.extend(all.map(|(name, value)| (name.to_owned(), value)));
        let written = client.post(&options.into(), &["models"], &Value::Object(body)).await?;
        output::print_written(format, &written, &format!("registered model {name}"))?;
        if !format.json {
            probing.after(client, &candidates).await;
        }
        Ok(())
    }
}

impl Change {
    async fn run(self, client: &Client, format: Format) -> Result<(), Failure> {
        let Self { model, upstreams, no_upstreams, aliases, no_aliases, running, terms, options } =
            self;
        if no_upstreams {
            options.confirm(&format!("nobody answers for {model} any more"))?;
        }
        if no_aliases {
            options.confirm(&format!("{model} has no other names any more"))?;
        }
        let mut body = running.fields();
        body.extend(terms.field());
        if no_upstreams || upstreams.are_given() {
            body.insert("upstreams".into(), json!(upstreams.to_json()));
        }
        if no_aliases || !aliases.is_empty() {
            body.insert("aliases".into(), json!(aliases));
        }
        change(client, format, &options, &model, body).await
    }
}

async fn change(
    client: &Client,
    format: Format,
    options: &WriteOptions,
    model: &str,
    body: Map<String, Value>,
) -> Result<(), Failure> {
    if body.is_empty() {
        let text = "nothing to change: give --upstream, --no-upstreams, --alias, --no-aliases, --kind, --operation, --max-processes, or terms like --deadline";
        return Err(Failure::Local(text.to_owned()));
    }
    let written = client.patch(options, &["models", model], &Value::Object(body)).await?;
    output::print_written(format, &written, &format!("changed model {model}"))
}

impl Alias {
    async fn run(self, client: &Client, format: Format) -> Result<(), Failure> {
        let (adds, OneAlias { model, alias, mut options }) = match self {
            Self::Add(one) => (true, one),
            Self::Remove(one) => (false, one),
        };
        if !adds {
            options
                .confirm(&format!("who asks for {alias} is told that there is no such model"))?;
        }
        let current = client.read_to_change(&mut options, &["models", &model]).await?;
        let mut aliases: Vec<String> = read(current["aliases"].clone())?;
        let is_it = |known: &String| name::key(known) == name::key(&alias);
        let known = aliases.iter().any(is_it);
        aliases.retain(|known| !is_it(known));
        match (adds, known) {
            (true, _) => aliases.push(alias),
            (false, true) => {}
            (false, false) => {
                return Err(Failure::Missing(format!(
                    "{alias} is no alias of {model}: `uplion model show {model}` says which it has"
                )));
            }
        }
        let body = Map::from_iter([("aliases".to_owned(), json!(aliases))]);
        change(client, format, &options, &model, body).await
    }
}

impl Running {
    fn fields(&self) -> Map<String, Value> {
        let Self { kind, max_processes, operations } = self;
        let kind = kind.map(params::word).map(Value::from);
        let most = max_processes.as_ref().map(|bound| bound.json(|Count(most)| json!(most)));
        let operations = (!operations.is_empty()).then(|| json!(operations));
        params::body([("kind", kind), ("max_processes", most), ("operations", operations)])
    }
}
