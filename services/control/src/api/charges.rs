//! Charges: what each request that ended was charged, and at which rates.

use std::collections::BTreeMap;

use poem_openapi::{Object, OpenApi, param::Query, payload::Json};
use uplion_domain::RequestId;
use uplion_projections::{
    projection::TypedRow,
    requests::{self, Charged, Request},
};

use super::{
    Tag,
    page::{self, Page},
    rates::{self, RatesView},
    request::{reported_units, units, words},
};
use crate::{
    auth::Auth,
    headers::{self, ReadAt},
    labels::{Labels, Loaded, named},
    names::{self, Names},
    permissions::Action,
    problem::Problem,
    reading::Reader,
};

pub struct Charges {
    pub reader: Reader,
    pub names: Names,
    pub labels: Labels,
}

/// What a request was charged: its usage, at the rates that were in force when it was admitted.
#[derive(Debug, Object)]
#[expect(clippy::struct_field_names, reason = "what a charge charges is called so in the log")]
struct Charge {
    request: String,
    project: String,
    project_name: Option<String>,
    key: Option<String>,
    key_name: Option<String>,
    model: Option<String>,
    /// `chat_completion`, `embedding`, ...
    operation: Option<String>,
    /// `completed`, `cancelled` or `failed`.
    outcome: String,
    settled_at: Option<String>,
    /// When it was taken back, because the client was told of an error after all: the charge is nothing then.
    reversed_at: Option<String>,
    prompt_tokens: u64,
    /// A part of the prompt's.
    cached_tokens: u64,
    completion_tokens: u64,
    /// A part of the completion's.
    reasoning_tokens: u64,
    /// What was charged, by unit: no token is in two of them.
    units: BTreeMap<String, u64>,
    /// How it was come by: `reported` by the upstream or `counted`.
    usage_source: String,
    /// In whose words it was reported, if not in OpenAI's: `input_output`, `x_groq`, ...
    usage_dialect: Option<String>,
    /// Why a person should look at it, none for nearly all: `beyond_asked`, `beyond_body` and `beyond_model` say that
    /// less was charged than was reported; `wrong_charge`, `wrong_rates` and `wrong_usage` that it does not follow from
    /// what the request was accepted under.
    marks: Vec<String>,
    /// What the upstream reported, by unit, if less was charged.
    reported_units: Option<BTreeMap<String, u64>>,
    /// By unit.
    rates: Option<RatesView>,
    /// The price that they are of.
    price: Option<String>,
    /// Exact.
    charge: String,
    /// Of the installation, which charge and rates are in.
    currency: String,
}

#[OpenApi(tag = "Tag::Usage")]
impl Charges {
    /// List charges
    ///
    /// Of the requests that ended, the newest first.
    #[oai(path = "/charges", method = "get", operation_id = "list_charges")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn list(
        &self,
        auth: Auth,
        /// Only of this project, by id or name.
        project: Query<Option<String>>,
        /// Only of this key, by id.
        key: Query<Option<String>>,
        /// Only of this model, by its name or an alias.
        model: Query<Option<String>>,
        /// Of requests that ended at this time or later. RFC 3339.
        from: Query<Option<String>>,
        /// Of requests that ended before this time.
        to: Query<Option<String>>,
        /// True: only those that a person should look at.
        marked: Query<Option<bool>>,
        /// Of requests before this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        at: ReadAt,
    ) -> Result<Json<Page<Charge>>, Problem> {
        let project = self.names.maybe_project(project.0.as_deref()).await?;
        let seen = auth.0.sees(Action::ListCharges, project)?;
        self.reader.wait_for(at.position()?, &named(requests::NAME)).await?;
        let key = key.0.map(|text| names::key(&text)).transpose()?;
        let model = self.names.maybe_model(model.0.as_deref()).await?;
        let (from, to) = headers::span(from.0.as_deref(), to.0.as_deref())?;
        let after = after.0.as_deref();
        let after = page::cursor_of::<RequestId>(&self.reader, &requests::ONE, after).await?;
        let limit = page::limit(limit.0);
        let statement = match marked.0 {
            Some(true) => &requests::MARKED_CHARGES,
            Some(false) | None => &requests::CHARGES,
        };
        let mut rows = Vec::new();
        for project in seen.filters() {
            let parameters = Charged {
                project,
                key,
                model: model.clone(),
                settled_from: from,
                settled_to: to,
                older_than: after.clone(),
                limit,
            };
            let parameters = parameters.values();
            let read = Request::from_row;
            rows.extend(self.reader.query(statement, &parameters, read).await?);
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.request));
        rows.truncate(limit);
        let (projects, keys) =
            (rows.iter().map(|row| row.project), rows.iter().filter_map(|row| row.key));
        let labels = self.labels.of(projects, keys).await?;
        let view = |row| Charge::of(row, &labels);
        Ok(Json(Page::of(rows, limit, |row| row.request.to_string(), view)))
    }
}

impl Charge {
    fn of(row: Request, labels: &Loaded) -> Self {
        Self {
            request: row.request.to_string(),
            project_name: labels.project(row.project),
            project: row.project.to_string(),
            key_name: row.key.and_then(|key| labels.key(key)),
            key: row.key.map(|key| key.to_string()),
            model: row.model.map(|model| model.to_string()),
            operation: row.operation.as_ref().map(ToString::to_string),
            outcome: row.status.as_str().to_owned(),
            settled_at: row.settled_at.map(|at| at.to_string()),
            reversed_at: row.reversed_at.map(|at| at.to_string()),
            prompt_tokens: row.usage.prompt_tokens(),
            cached_tokens: row.usage.cached_tokens(),
            completion_tokens: row.usage.completion_tokens(),
            reasoning_tokens: row.usage.reasoning_tokens(),
            units: units(&row.usage),
            usage_source: row.usage.source.to_string(),
            usage_dialect: row.usage.dialect.as_ref().map(ToString::to_string),
            marks: words(&row.marks),
            reported_units: reported_units(&row.reported),
            rates: row.rates.as_ref().map(rates::view),
            price: row.price.map(|price| price.to_string()),
            charge: row.cost.to_string(),
            currency: labels.currency(),
        }
    }
}
