//! One `uplion dev` for all cases, with a model for each.

use std::{fs, path::PathBuf, sync::Arc, time::Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use uplion_tests::{
    chat::{ChatResponse, Client},
    http,
    installation::Administrator,
    scratch,
    uplion::{Role, Uplion},
    wait,
};

use crate::{
    Named,
    bill::RATES,
    case::{Ask, Asks, Case},
    client::Answered,
    upstream::{self, Script, Scripts},
};

/// Of the upstream of each model.
const IN_FLIGHT: u32 = 16;

pub struct Installation {
    client: Client,
    administrator: Administrator,
    scripts: Arc<Scripts>,
    dev: Uplion,
}

/// Under which script an upstream is found: the first of a model, and the second.
fn second(model: &str) -> String {
    format!("{model}-second")
}

impl Installation {
    pub async fn start(cases: &[Named]) -> Self {
        let scripts: Scripts = cases.iter().flat_map(scripts).collect();
        let scripts = Arc::new(scripts);
        let address = upstream::start(Arc::clone(&scripts)).await;
        let data: PathBuf = scratch::folder("cases").unwrap().join("data");
        let dev = Role::new("dev").option("--data", &data).start().await.unwrap();
        let credentials = fs::read(data.join("credentials.json")).unwrap();
        let credentials: Value = serde_json::from_slice(&credentials).unwrap();
        let said = |name: &str| credentials[name].as_str().unwrap().to_owned();
        let administrator = Administrator::new(said("admin_url"), &said("admin_key"));
        let client = Client::new(http::client(), &dev.url(), &said("api_key"));
        let installation = Self { client, administrator, scripts, dev };
        for named in cases {
            installation.register(named, &format!("http://{address}")).await;
        }
        installation.all_are_served(cases).await;
        installation
    }

    async fn register(&self, Named { model, case, .. }: &Named, base: &str) {
        // Nobody listens there.
        let first = if case.upstream.is_empty() { "http://127.0.0.1:9" } else { base };
        let mut urls = vec![format!("{first}/{model}/v1")];
        if !case.second.is_empty() {
            urls.push(format!("{base}/{}/v1", second(model)));
        }
        let upstream = |url| {
            let asked = &case.stream_options;
            json!({ "url": url, "max_in_flight": IN_FLIGHT, "stream_options": asked })
        };
        let upstreams: Vec<Value> = urls.iter().map(upstream).collect();
        let registered = json!({ "name": model, "upstreams": upstreams });
        self.administrator.post("models", &registered).await.unwrap();
        let mut price = json!({ "model": model });
        for (unit, rate, _) in RATES {
            price[unit] = rate.into();
        }
        self.administrator.post("prices", &price).await.unwrap();
    }

    async fn all_are_served(&self, cases: &[Named]) {
        let listed = async || {
            let models = self.client.models().await.unwrap_or_default();
            cases.iter().all(|named| models.contains(&named.model))
        };
        wait::until(wait::PATIENCE, "the models to be listed", listed).await.unwrap();
    }

    /// What is otherwise than the case says, in one text; none if nothing is.
    pub async fn run(&self, named: &Named) -> Vec<String> {
        let mut found = Vec::new();
        for asks in &named.case.asks {
            let asks = match asks {
                Asks::One(ask) => std::slice::from_ref(ask.as_ref()),
                Asks::AtOnce(asks) => asks.as_slice(),
            };
            let answers = asks.iter().map(|ask| self.try_one(named, ask));
            found.extend(join_all(answers).await.into_iter().flatten());
        }
        let Named { name, .. } = named;
        if found.is_empty() {
            Vec::new()
        } else {
            vec![format!("{name}\n    {}", found.join("\n    "))]
        }
    }

    async fn try_one(&self, Named { model, .. }: &Named, ask: &Ask) -> Vec<String> {
        let began = Instant::now();
        let response = match self.client.ask(&body(model, ask)).await {
            Ok(response) => response,
            Err(error) => return vec![format!("no answer: {error:#}")],
        };
        let answered = Answered { response, took: began.elapsed() };
        let gets = &ask.gets;
        let mut found = answered.differences(gets);
        let asked = self.asked(model);
        found.extend(asked.iter().filter(|body| !upstream::is_json(body)).cloned());
        if let Some(calls) = gets.calls.filter(|calls| *calls != asked.len()) {
            found.push(format!("{} calls of upstreams, not {calls}", asked.len()));
        }
        let sent = asked.last().map_or("", String::as_str);
        found.extend(gets.sent.iter().filter(|text| !sent.contains(text.as_str())).cloned());
        found.extend(gets.not_sent.iter().filter(|text| sent.contains(text.as_str())).cloned());
        if let Some(bill) = &gets.bill {
            match self.settled(&answered.response).await {
                Ok([settled, shown]) => found.extend(bill.differences(&settled, &shown)),
                Err(error) => found.push(format!("{error:#}")),
            }
        }
        if !found.is_empty() {
            let ChatResponse { status, content_type, body, unbroken, .. } = &answered.response;
            let whole = if *unbroken { "" } else { ", broken off" };
            found.push(format!("got {status} {content_type}{whole}: {body:.600}"));
        }
        found
    }

    fn asked(&self, model: &str) -> Vec<String> {
        let of = |name: &str| self.scripts.get(name).map(Script::asked).unwrap_or_default();
        [of(model), of(&second(model))].concat()
    }

    /// The data of the settlement's event, and the request as it is shown.
    async fn settled(&self, response: &ChatResponse) -> anyhow::Result<[Value; 2]> {
        let path = format!("requests/{}", response.request);
        let settled = async || {
            let story = self.administrator.get(&path, &[("wait", "5000")]).await.ok()?;
            let events = story["events"].as_array()?;
            let is = |event: &&Value| {
                event["event"]["type"].as_str().is_some_and(|kind| kind.contains("settled"))
            };
            let settled = events.iter().find(is)?["event"]["data"].clone();
            let shown = &story["request"];
            shown["settled_at"].is_string().then(|| [settled, shown.clone()])
        };
        let found = wait::until_some(wait::PATIENCE, "a settlement", settled).await;
        found.map_err(|error| error.context(self.dev.output()))
    }
}

fn scripts(Named { model, case, .. }: &Named) -> Vec<(String, Script)> {
    let Case { upstream, second: other, .. } = case;
    vec![
        (model.clone(), Script::new(upstream.clone())),
        (second(model), Script::new(other.clone())),
    ]
}

fn body(model: &str, ask: &Ask) -> Value {
    let text = ask.text.as_deref().unwrap_or("hello world");
    let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": text }] });
    let members = body.as_object_mut().unwrap();
    if ask.stream {
        members.insert("stream".to_owned(), true.into());
    }
    members.extend(ask.more.clone());
    body
}
