//! What the doctor finds in an installation.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use serde_json::Value;
use uplion_tests::{
    installation::{ADMIN_KEY, Installation},
    scratch, uplion, wait,
};

/// A request that nobody serves, or cannot be recorded, takes a while to fail.
const PATIENCE: Duration = Duration::from_mins(2);

/// Whom it asks, and with what.
#[derive(Debug, Clone)]
pub struct Patient {
    environment: BTreeMap<&'static str, String>,
}

/// Ids, each with what was said.
#[derive(Debug)]
pub struct Findings {
    pub exit: Option<i32>,
    pub verdict: String,
    pub found: Vec<(String, String)>,
}

impl Patient {
    pub fn of(installation: &Installation, api_key: Option<&str>) -> Self {
        let gateway = installation.gateways.first().map(|gateway| format!("{}/v1", gateway.url()));
        let environment = [
            ("UPLION_URL", Some(installation.control.url())),
            ("UPLION_ADMIN_KEY", Some(ADMIN_KEY.to_owned())),
            ("UPLION_BASE_URL", gateway),
            ("UPLION_API_KEY", api_key.map(ToOwned::to_owned)),
            ("HOME", Some(scratch::folder("home").unwrap().display().to_string())),
        ];
        let known = environment.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Self { environment: known.collect() }
    }

    /// A gateway of which nobody knows a control.
    pub fn alone(gateway: &str) -> Self {
        let home = scratch::folder("home").unwrap().display().to_string();
        let environment = [("UPLION_BASE_URL", format!("{gateway}/v1")), ("HOME", home)];
        Self { environment: environment.into() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.insert(name, value.into());
        self
    }

    pub async fn examine(&self, arguments: &[&str]) -> Findings {
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let arguments = [&["doctor", "--json"], arguments].concat();
        let told = uplion::run(&arguments, &environment).await.unwrap();
        let json: Value =
            serde_json::from_str(&told.stdout).unwrap_or_else(|error| panic!("{error}: {told:?}"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let found = json["findings"].as_array().unwrap().iter();
        let found = found.map(|finding| {
            let said = format!("{} -> {}", text(&finding["what"]), text(&finding["advice"]));
            (text(&finding["id"]), said)
        });
        let verdict = text(&json["summary"]["verdict"]);
        Findings { exit: told.status.code(), verdict, found: found.collect() }
    }

    /// Until it finds all of these.
    pub async fn found(&self, case: &str, ids: &[&str]) -> Findings {
        let findings = self.until(case, |findings| ids.iter().all(|id| findings.has(id))).await;
        println!("{case}:");
        for (id, said) in findings.found.iter().filter(|(id, _)| ids.contains(&id.as_str())) {
            println!("    {id}: {said}");
        }
        findings
    }

    /// Until it finds this, and says so of it.
    pub async fn says(&self, case: &str, id: &str, words: &[&str]) -> Findings {
        let findings = self.until(case, |findings| {
            findings
                .found
                .iter()
                .any(|(found, said)| found == id && words.iter().all(|word| said.contains(word)))
        });
        let findings = findings.await;
        println!("{case}:\n    {id}: {}", findings.said(id));
        findings
    }

    /// Until nothing is wrong any more.
    pub async fn well(&self, after: &str) -> Findings {
        self.until(after, |findings| findings.exit == Some(0)).await
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Findings) -> bool) -> Findings {
        let last = Mutex::new(String::new());
        let examined = async || {
            let findings = self.examine(&[]).await;
            *last.lock().unwrap() = format!("{findings:?}");
            is_so(&findings).then_some(findings)
        };
        let waited = wait::until_some(PATIENCE, what, examined).await;
        waited.unwrap_or_else(|error| panic!("{error}: {}", last.lock().unwrap()))
    }
}

impl Findings {
    pub fn has(&self, id: &str) -> bool {
        self.found.iter().any(|(found, _)| found == id)
    }

    pub fn said(&self, id: &str) -> &str {
        let found = self.found.iter().find(|(found, _)| found == id);
        found.map_or_else(|| panic!("no {id} in {self:?}"), |(_, said)| said.as_str())
    }

    pub fn is_bad(&self) {
        assert_eq!((self.exit, self.verdict.as_str()), (Some(1), "bad"), "{self:?}");
    }
}
