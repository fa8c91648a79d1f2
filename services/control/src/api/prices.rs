//! Prices: set, list, show, withdraw.

use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use uplion_domain::{
    ModelName, PriceId, Rates, Unit,
    installation::Currency,
    model::Model,
    price::{self, Price, Rule},
};
use uplion_projections::{prices, projection::TypedRow};
use uuid::Uuid;

use super::{
    Tag,
    page::{self, Page, Versioned, current_row},
    rates::{self, RatesView, RuleView},
};
use crate::{
    aggregate::Recorded as _,
    auth::Auth,
    caller::Target,
    headers::{self, ChangeHeaders, CreateHeaders, ReadAt},
    installation::Foundation,
    names::{self, Names},
    permissions::Action,
    problem::Problem,
    reading::Reader,
    receipt::{WriteResponse, Written},
    write::{Writer, replay},
};

pub struct Prices {
    pub writer: Writer,
    pub reader: Reader,
    pub names: Names,
    pub foundation: Foundation,
}

/// Decimal units of the installation's currency, as text: `0.15`.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct NewPrice {
    /// By its name or an alias.
    model: String,
    /// The project that alone pays this, by id or name; left out: whoever has no price of its own.
    project: Option<String>,
    /// For a million tokens of the prompt. What the model needs of input and output is said, also if it is 0, unless a
    /// request has a price of its own.
    input: Option<String>,
    /// For a million tokens of the answer.
    output: Option<String>,
    /// For a million tokens of the prompt that the upstream had in its cache; as `input` if left out.
    cached_input: Option<String>,
    /// For a million tokens of reasoning; as `output` if left out.
    reasoning: Option<String>,
    /// For the request itself; nothing if left out.
    request: Option<String>,
    /// Of other units, beside those above.
    rates: Option<RatesView>,
    /// Rates of requests of which something is so: the first that applies counts, before the rates above. The last may
    /// ask for nothing, if there are none above.
    rules: Option<Vec<RuleView>>,
    /// RFC 3339, also past: then it counts for what is admitted from now on. Now if left out.
    effective_from: Option<String>,
}

/// What a model charges from some time on: units of the installation's currency for a million tokens.
#[derive(Debug, Object)]
#[oai(rename = "Price")]
struct PriceView {
    id: String,
    model: String,
    /// That alone pays this; null: for whoever has no price of its own.
    project: Option<String>,
    /// Of the installation, which all of these are in.
    currency: String,
    input: String,
    cached_input: String,
    output: String,
    reasoning: String,
    /// For the request itself.
    request: String,
    /// By unit, where no rule before the last applies: all of those above are among them.
    rates: RatesView,
    /// The first that applies to a request counts; the last applies to whatever no other does.
    rules: Vec<RuleView>,
    effective_from: String,
    set_at: String,
    withdrawn_at: Option<String>,
}

#[OpenApi(tag = "Tag::Prices")]
impl Prices {
    /// Set a price
    ///
    /// It takes the place of the one before from `effective_from` on. No settled charge changes.
    #[oai(path = "/prices", method = "post", operation_id = "set_price")]
    async fn set(
        &self,
        auth: Auth,
        headers: CreateHeaders,
        body: Json<NewPrice>,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::SetPrice, Target::Installation)?;
        let context = headers.by(caller)?;
        let model = self.names.model(&body.model).await?;
        let project = self.names.maybe_project(body.project.as_deref()).await?;
        if let Some(project) = project {
            self.names.must_be_open(project).await?;
        }
        let rules = body.rules()?;
        self.must_be_whole(&model, &rules).await?;
        let currency = self.foundation.currency().await?;
        let from = body.effective_from.as_deref();
        let from = from.map(|at| names::time("effective_from", at)).transpose()?;
        let set = |at| price::Command::Set {
            model: model.clone(),
            project,
            currency: Some(currency),
            rules: rules.clone(),
            effective_from: from.unwrap_or(at),
            at,
        };
        let id = PriceId::new(Uuid::now_v7());
        Ok(self.writer.execute::<Price>(&id, &context, set).await?.created())
    }

    /// List prices
    ///
    /// By model, everybody's before those of single projects, the earliest first; withdrawn ones and those to come are
    /// among them. Prices of projects are shown to those who see the project.
    #[oai(path = "/prices", method = "get", operation_id = "list_prices")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn list(
        &self,
        auth: Auth,
        /// Only of this model, by its name or an alias.
        model: Query<Option<String>>,
        /// Only those that this project alone pays, by id or name.
        project: Query<Option<String>>,
        /// Only those in force at this time, RFC 3339: one for everybody, and one for each project that has its own.
        in_force_at: Query<Option<String>>,
        /// Those behind this one.
        after: Query<Option<String>>,
        /// At most 1000; 100 if not said.
        limit: Query<Option<usize>>,
        at: ReadAt,
    ) -> Result<Json<Page<PriceView>>, Problem> {
        let caller = auth.0.may(Action::ListPrices, Target::Installation)?;
        self.reader.wait_for(at.position()?, &[prices::NAME]).await?;
        let model = self.names.maybe_model(model.0.as_deref()).await?;
        let project = self.names.maybe_project(project.0.as_deref()).await?;
        // Who may not see a project is not told whether that name is taken.
        if project.is_some_and(|project| !caller.sees_project(project)) {
            return Err(Problem::unseen());
        }
        let after = page::cursor::<Price>(self.writer.events.as_ref(), after.0.as_deref()).await?;
        let limit = page::limit(limit.0);
        let in_force_at = headers::time(in_force_at.0.as_deref())?;
        let parameters = prices::Listed { model, project, in_force_at, after, limit }.values();
        let mut rows =
            self.reader.query(&prices::LIST, &parameters, prices::Price::from_row).await?;
        let next = (rows.len() == limit).then(|| rows.last().map(|row| row.price.to_string()));
        rows.retain(|row| row.project.is_none_or(|project| caller.sees_project(project)));
        let currency = self.foundation.currency().await?;
        let data = rows.into_iter().map(|row| PriceView::of(row, currency)).collect();
        Ok(Json(Page { data, next: next.flatten() }))
    }

    /// Show a price
    #[oai(path = "/prices/:price", method = "get", operation_id = "get_price")]
    async fn show(&self, auth: Auth, price: Path<String>) -> Result<Versioned<PriceView>, Problem> {
        let caller = auth.0.may(Action::GetPrice, Target::Installation)?;
        let id = names::price(&price)?;
        let events = self.writer.events.as_ref();
        match current_row::<Price, prices::Price>(events, &id, &prices::Prices).await? {
            Some((version, row)) if row.project.is_none_or(|id| caller.sees_project(id)) => {
                let currency = self.foundation.currency().await?;
                Ok(Versioned::at(version, PriceView::of(row, currency)))
            }
            Some(_) | None => Err(Problem::not_found(format!("there is no price {id}"))),
        }
    }

    /// Withdraw a price
    ///
    /// For requests to come it is as if it had never been: the one before is in force again.
    #[oai(path = "/prices/:price/withdraw", method = "post", operation_id = "withdraw_price")]
    async fn withdraw(
        &self,
        auth: Auth,
        price: Path<String>,
        headers: ChangeHeaders,
    ) -> Result<WriteResponse<Written>, Problem> {
        let caller = auth.0.may(Action::WithdrawPrice, Target::Installation)?;
        let context = headers.by(caller)?;
        let id = names::price(&price)?;
        let withdraw = |at| price::Command::Withdraw { at };
        Ok(self.writer.execute::<Price>(&id, &context, withdraw).await?.changed())
    }
}

impl Prices {
    /// What is not said would be free: of what the model is for, each rule says what it costs.
    async fn must_be_whole(&self, model: &ModelName, rules: &[Rule]) -> Result<(), Problem> {
        let history = self.writer.events.history(&Model::aggregate(model)).await?;
        let operations = match replay::<Model>(&history)? {
            Model::Registered(registration) => registration.operations,
            Model::Unknown | Model::Retired => None,
        };
        for (number, rule) in rules.iter().enumerate() {
            let missing = rule.unsaid(operations.as_ref());
            if let Some(missing) = missing.first() {
                let rule = match rules.len() {
                    1 => String::new(),
                    _ => format!("rule {} of {}: ", number + 1, rules.len()),
                };
                return Err(Problem::unacceptable(
                    "rejected",
                    format!("{rule}{missing}: nothing says what it costs: say 0 if it is free"),
                ));
            }
        }
        Ok(())
    }
}

impl NewPrice {
    fn rules(&self) -> Result<Vec<Rule>, Problem> {
        let rules: Result<Vec<Rule>, Problem> =
            self.rules.iter().flatten().map(RuleView::read).collect();
        let (mut rules, rates) = (rules?, self.rates()?);
        if rules.is_empty() && rates.is_empty() {
            return Err(Problem::unacceptable("rejected", "a price says what is charged"));
        }
        if !rates.is_empty() || rules.iter().all(|rule| !rule.when.is_always()) {
            rules.push(Rule::always(rates));
        }
        Ok(rules)
    }

    /// What is charged where no rule applies.
    fn rates(&self) -> Result<Rates, Problem> {
        let Self { input, output, cached_input, reasoning, request, .. } = self;
        let named = [
            (Unit::INPUT, input),
            (Unit::CACHED_INPUT, cached_input),
            (Unit::OUTPUT, output),
            (Unit::REASONING, reasoning),
            (Unit::REQUESTS, request),
        ];
        let mut rates = self.rates.as_ref().map(rates::read).transpose()?.unwrap_or_default();
        for (unit, amount) in named {
            if let Some(amount) = amount {
                let amount = names::amount(unit.as_str(), amount)?;
                rates = rates.with(unit, amount);
            }
        }
        Ok(rates)
    }
}

impl PriceView {
    fn of(row: prices::Price, installation: Currency) -> Self {
        let rates = row.rates();
        let rate = |unit| rates.of(&unit).to_string();
        let prices::Price {
            price,
            model,
            project,
            currency,
            rules,
            effective_from,
            set_at,
            withdrawn_at,
        } = row;
        Self {
            id: price.to_string(),
            model: model.to_string(),
            project: project.map(|project| project.to_string()),
            currency: currency.unwrap_or(installation).to_string(),
            input: rate(Unit::INPUT),
            cached_input: rate(Unit::CACHED_INPUT),
            output: rate(Unit::OUTPUT),
            reasoning: rate(Unit::REASONING),
            request: rate(Unit::REQUESTS),
            rates: rates::view(&rates),
            rules: rules.iter().map(RuleView::of).collect(),
            effective_from: effective_from.to_string(),
            set_at: set_at.to_string(),
            withdrawn_at: withdrawn_at.map(|at| at.to_string()),
        }
    }
}
