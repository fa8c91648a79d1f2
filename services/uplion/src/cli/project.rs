//! `uplion project`

mod member;

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    allowance::{Bound, Budget, Limits, LimitsView, note_unenforced},
    client::Client,
    endpoint,
    failure::Failure,
    money::{Currency, shown_currency},
    output::{self, Format, facts},
    params,
    table::{Column, Table, table},
    write_options::{CreateOptions, WriteOptions},
};

#[derive(Debug, Clone, Args)]
pub struct Project {
    #[command(flatten)]
    control: endpoint::ControlArgs,
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
        /// Its first owner, by e-mail address or id. Without one, administrators alone can change it.
        #[arg(long, value_name = "USER")]
        owner: Option<String>,
        #[command(flatten)]
        allowance: Allowance,
        #[command(flatten)]
        options: CreateOptions,
    },
    /// Lists projects.
    List {
        /// Only those that are so now.
        #[arg(long, value_parser = ["open", "suspended", "closed"])]
        status: Option<String>,
        /// Only those that this user is a member of, by e-mail address or id.
        #[arg(long, value_name = "USER")]
        member: Option<String>,
    },
    /// Shows one.
    Show {
        /// Its name or id.
        project: String,
    },
    /// Changes its name, its budget or its limits. What is not given stays as it is.
    #[command(visible_alias = "rename")]
    Change {
        /// Its name or id.
        project: String,
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        allowance: Allowance,
        #[command(flatten)]
        options: WriteOptions,
    },
    /// Suspends it: none of its keys is served until it is resumed.
    Suspend(Target),
    /// Resumes it.
    Resume(Target),
    /// Closes it for ever: none of its keys is served again.
    #[command(visible_alias = "close")]
    Revoke(Target),
    /// Its members, and what they may.
    #[command(subcommand)]
    Member(member::Member),
}

#[derive(Debug, Clone, Args)]
struct Target {
    /// Its name or id.
    project: String,
    #[command(flatten)]
    options: WriteOptions,
}

#[derive(Debug, Clone, Args)]
struct Allowance {
    /// What it may spend in a calendar period (UTC), like 250/month: day, week, month or total; `none` for any amount.
    #[arg(long, value_name = "AMOUNT/PERIOD", allow_hyphen_values = true)]
    budget: Option<Bound<Budget>>,
    #[command(flatten)]
    limits: Limits,
}

#[derive(Debug, Deserialize)]
struct View {
    id: String,
    name: String,
    status: String,
    members: u64,
    budget: Option<Budget>,
    limits: Option<LimitsView>,
    created_at: String,
    suspended_at: Option<String>,
    closed_at: Option<String>,
}

impl Project {
    pub async fn run(self) -> Result<(), Failure> {
        let Self { control, format, act } = self;
        let client = Client::new(control.endpoint()?)?;
        match act {
            Act::Create { name, owner, allowance, options } => {
                let mut body = allowance.over(&Value::Null);
                body.retain(|_, value| !value.is_null());
                body.insert("name".into(), json!(name));
                body.extend(owner.map(|owner| ("owner".into(), json!(owner))));
                note_unenforced(&body);
                let written =
                    client.post(&options.into(), &["projects"], &Value::Object(body)).await?;
                let id = written["id"].as_str().unwrap_or_default();
                output::print_written(format, &written, &format!("created project {name} ({id})"))
            }
            Act::List { status, member } => {
                let query = params::query([("status", status), ("member", member)]);
                let projects = client.list(&["projects"], &query).await?;
                let currency = shown_currency(&client, format).await?;
                output::print_list(format, projects, |projects: &[View]| {
                    list_table(projects, &currency)
                })
            }
            Act::Show { project } => {
                let shown = client.get(&["projects", &project], &[]).await?;
                let currency = shown_currency(&client, format).await?;
                output::print_one(format, shown, |project: View| project.details(&currency))
            }
            Act::Change { project, name, allowance, options } => {
                change(&client, format, options, &project, name, &allowance).await
            }
            Act::Suspend(target) => {
                target.confirm("is suspended: none of its keys is served until it is resumed")?;
                let done = "suspended: none of its keys is served until it is resumed";
                target.send(&client, format, "suspend", done).await
            }
            Act::Resume(target) => target.send(&client, format, "resume", "resumed").await,
            Act::Revoke(target) => {
                target.confirm("is closed for ever: none of its keys is served again")?;
                let done = "closed: none of its keys is served again";
                target.send(&client, format, "close", done).await
            }
            Act::Member(member) => member.run(&client, format).await,
        }
    }
}

async fn change(
    client: &Client,
    format: Format,
    mut options: WriteOptions,
    project: &str,
    name: Option<String>,
    allowance: &Allowance,
) -> Result<(), Failure> {
    let path = ["projects", project];
    let current = if allowance.limits.are_given() {
        client.read_to_change(&mut options, &path).await?
    } else {
        Value::Null
    };
    let mut body = allowance.over(&current["limits"]);
    body.extend(name.map(|name| ("name".into(), json!(name))));
    if body.is_empty() {
        let text = "nothing to change: give --name, --budget or a limit";
        return Err(Failure::Local(text.to_owned()));
    }
    note_unenforced(&body);
    let written = client.patch(&options, &path, &Value::Object(body)).await?;
    output::print_written(format, &written, &format!("changed project {project}"))
}

impl Target {
    fn confirm(&self, what: &str) -> Result<(), Failure> {
        self.options.confirm(&format!("project {} {what}", self.project))
    }

    async fn send(
        self,
        client: &Client,
        format: Format,
        action: &str,
        done: &str,
    ) -> Result<(), Failure> {
        let Self { project, options } = self;
        let written = client.action(&options, &["projects", &project, action]).await?;
        output::print_written(format, &written, &format!("project {project} is {done}"))
    }
}

impl Allowance {
    /// What was given, under the API's names.
    fn over(&self, limits: &Value) -> Map<String, Value> {
        let budget = self.budget.as_ref().map(|budget| budget.json(Budget::json));
        params::body([("budget", budget), ("limits", self.limits.over(limits))])
    }
}

fn list_table(projects: &[View], currency: &Currency) -> Table {
    let columns = [
        Column::Text("NAME"),
        Column::Text("ID"),
        Column::Number("MEMBERS"),
        Column::Text("BUDGET"),
        Column::Text("STATUS"),
        Column::Aside("CREATED"),
    ];
    let row = |project: &View| {
        let View { id, name, members, budget, status, created_at, .. } = project;
        let budget = budget.as_ref().map(|budget| budget.text_in(currency)).unwrap_or_default();
        vec![
            name.clone(),
            id.clone(),
            members.to_string(),
            budget,
            status.clone(),
            created_at.clone(),
        ]
    };
    table(&columns, &projects.iter().map(row).collect::<Vec<_>>())
}

impl View {
    fn details(self, currency: &Currency) -> String {
        facts(&[
            ("name", Some(self.name)),
            ("id", Some(self.id)),
            ("status", Some(self.status)),
            ("members", Some(self.members.to_string())),
            ("budget", self.budget.map(|budget| budget.text_in(currency))),
            ("limits", self.limits.map(|limits| limits.to_string())),
            ("created", Some(self.created_at)),
            ("suspended", self.suspended_at),
            ("closed", self.closed_at),
        ])
    }
}
