//! `uplion model`

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::{self, Format, facts},
    client::{Client, read},
    failure::Failure,
    place,
    table::{Column, table},
    writing::{Creating, Writing},
};

#[derive(Debug, Clone, Args)]
pub struct Model {
    #[command(flatten)]
    control: place::Control,
    #[command(flatten)]
    format: Format,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    /// Registers a model.
    #[command(visible_alias = "register")]
    Create {
        /// What clients call it. Never used again, also not after it is retired.
        name: String,
        #[command(flatten)]
        upstreams: Upstreams,
        /// Another name that leads to it; may be repeated.
        #[arg(long = "alias", value_name = "NAME")]
        aliases: Vec<String>,
        #[command(flatten)]
        creating: Creating,
    },
    /// Lists all models.
    List,
    /// Shows one.
    Show {
        /// Its name or an alias.
        model: String,
    },
    /// Changes who answers for it, or its other names.
    Change {
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
        writing: Writing,
    },
    /// Retires it for ever. Its aliases are free for others, its name is not.
    #[command(visible_alias = "retire")]
    Revoke {
        /// Its name or an alias.
        model: String,
        #[command(flatten)]
        writing: Writing,
    },
}

#[derive(Debug, Clone, Args)]
struct Upstreams {
    /// An OpenAI-compatible server that answers, up to /v1; may be repeated. Without it, workers bring their own.
    #[arg(long, value_name = "URL")]
    upstream: Vec<String>,
    /// What these upstreams call the model; by default the same.
    #[arg(long, value_name = "NAME", requires = "upstream")]
    upstream_model: Option<String>,
    /// The workers' environment variable that holds what these upstreams want as bearer token.
    #[arg(long, value_name = "VAR", requires = "upstream")]
    api_key_env: Option<String>,
    /// Requests at each of them at once; by default 16.
    #[arg(long, value_name = "N", requires = "upstream")]
    max_in_flight: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct Shown {
    name: String,
    upstreams: Vec<Upstream>,
    aliases: Vec<String>,
    status: String,
    registered_at: String,
    retired_at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Upstream {
    url: String,
    model: String,
    api_key_env: Option<String>,
    max_in_flight: u32,
}

impl Model {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.place()?)?;
        match act {
            Act::Create { name, upstreams, aliases, creating } => {
                let body =
                    json!({ "name": name, "upstreams": upstreams.said(), "aliases": aliases });
                let written = client.post(&creating.into(), &["models"], &body).await?;
                answer::wrote(format, &written, &format!("registered model {name}"))
            }
            Act::List => {
                let models = client.list(&["models"], &[]).await?;
                if format.json {
                    return answer::print_json(&json!(models));
                }
                let rows = models.into_iter().map(read).collect::<Result<Vec<Shown>, _>>()?;
                answer::print(&listed(&rows))
            }
            Act::Show { model } => {
                let shown = client.get(&["models", &model], &[]).await?;
                if format.json {
                    answer::print_json(&shown)
                } else {
                    answer::print(&read::<Shown>(shown)?.told())
                }
            }
            Act::Change { model, upstreams, no_upstreams, aliases, no_aliases, writing } => {
                let upstreams =
                    (no_upstreams || !upstreams.upstream.is_empty()).then(|| upstreams.said());
                let aliases = (no_aliases || !aliases.is_empty()).then_some(aliases);
                change(&client, format, &writing, &model, upstreams, aliases).await
            }
            Act::Revoke { model, writing } => {
                let written = client.order(&writing, &["models", &model, "retire"]).await?;
                answer::wrote(format, &written, &format!("retired model {model}"))
            }
        }
    }
}

async fn change(
    client: &Client,
    format: Format,
    writing: &Writing,
    model: &str,
    upstreams: Option<Vec<Value>>,
    aliases: Option<Vec<String>>,
) -> Result<(), Failure> {
    if upstreams.is_none() && aliases.is_none() {
        let text = "nothing to change: give --upstream, --no-upstreams, --alias or --no-aliases";
        return Err(Failure::Here(text.to_owned()));
    }
    if let Some(upstreams) = upstreams {
        let body = json!({ "upstreams": upstreams });
        let written = client.put(writing, &["models", model, "upstreams"], &body).await?;
        answer::wrote(format, &written, &format!("changed who answers for {model}"))?;
    }
    if let Some(aliases) = aliases {
        let body = json!({ "aliases": aliases });
        let written = client.put(writing, &["models", model, "aliases"], &body).await?;
        answer::wrote(format, &written, &format!("changed the other names of {model}"))?;
    }
    Ok(())
}

impl Upstreams {
    fn said(&self) -> Vec<Value> {
        let Self { upstream, upstream_model, api_key_env, max_in_flight } = self;
        let one = |url: &String| {
            json!({
                "url": url, "model": upstream_model, "api_key_env": api_key_env, "max_in_flight": max_in_flight,
            })
        };
        upstream.iter().map(one).collect()
    }
}

fn listed(models: &[Shown]) -> String {
    let columns = ["NAME", "ALIASES", "UPSTREAMS", "STATUS", "REGISTERED"].map(Column::Text);
    let row = |model: &Shown| {
        let upstreams: Vec<&str> =
            model.upstreams.iter().map(|upstream| upstream.url.as_str()).collect();
        vec![
            model.name.clone(),
            model.aliases.join(", "),
            upstreams.join(", "),
            model.status.clone(),
            model.registered_at.clone(),
        ]
    };
    table(&columns, &models.iter().map(row).collect::<Vec<_>>())
}

impl Shown {
    fn told(self) -> String {
        let Self { name, upstreams, aliases, status, registered_at, retired_at } = self;
        let aliases = (!aliases.is_empty()).then(|| aliases.join(", "));
        let mut lines = vec![
            ("name", Some(name)),
            ("aliases", aliases),
            ("status", Some(status)),
            ("registered", Some(registered_at)),
            ("retired", retired_at),
        ];
        lines.extend(upstreams.iter().map(|upstream| ("upstream", Some(upstream.told()))));
        facts(&lines)
    }
}

impl Upstream {
    fn told(&self) -> String {
        let Self { url, model, api_key_env, max_in_flight } = self;
        let key = api_key_env.as_ref().map(|name| format!(", key in ${name}")).unwrap_or_default();
        format!("{url} as {model}, {max_in_flight} at once{key}")
    }
}
