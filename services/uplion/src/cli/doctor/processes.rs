//! Who is there, as each process says of itself once a second, and what hinders it; the upstreams of the workers too.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::finding::Finding;
use crate::cli::doctor::VERSION;

#[derive(Debug, Deserialize)]
pub struct Process {
    pub role: String,
    pub id: String,
    pub version: String,
    #[serde(default)]
    pub leaving: bool,
    pub hindrance: Option<String>,
    pub worker: Option<WorkerReport>,
}

#[derive(Debug, Deserialize)]
pub struct WorkerReport {
    pub upstreams: Vec<Upstream>,
}

#[derive(Debug, Deserialize)]
pub struct Upstream {
    pub model: String,
    pub url: String,
    pub health: String,
    pub reason: Option<String>,
}

/// A role without which something does not happen, and what that is.
const NEEDED: [(&str, &str, &str); 3] = [
    ("gateway", "gateway.none", "clients are not answered"),
    ("worker", "worker.none", "nobody answers requests"),
    ("projector", "projector.none", "nothing is archived, and bills wait"),
];

/// Nothing of all of it while it is not known who is there.
pub fn examine(processes: &[Process]) -> Vec<Finding> {
    let missing = NEEDED.iter().filter(|(role, ..)| !processes.iter().any(|one| one.role == *role));
    let mut findings: Vec<Finding> = missing
        .map(|(role, id, so)| {
            Finding::bad(id, format!("no {role} is there: {so}"), format!("start `uplion {role}`"))
        })
        .collect();
    for process in processes {
        findings.extend(process.hindered());
        findings.extend(process.other_version());
    }
    findings.extend(upstreams(processes));
    findings.push(Finding::good("process.ok", counted(processes)));
    findings
}

/// Whether some worker takes the model's requests, whatever becomes of them.
pub fn serve(processes: &[Process], model: &str) -> bool {
    let mut upstreams = processes.iter().filter_map(|one| one.worker.as_ref());
    upstreams.any(|worker| worker.upstreams.iter().any(|upstream| upstream.model == model))
}

impl Process {
    fn hindered(&self) -> Option<Finding> {
        let Self { role, id, hindrance, .. } = self;
        let what = format!("{role} {id} does not do its work: {}", hindrance.as_ref()?);
        let advice = "it goes on by itself once that is mended";
        Some(Finding::bad("process.hindered", what, advice).named(id.clone()))
    }

    fn other_version(&self) -> Option<Finding> {
        let Self { role, id, version, .. } = self;
        if version == VERSION {
            return None;
        }
        let what = format!("{role} {id} is of version {version}, this is {VERSION}");
        let advice = "use the same build of `uplion` everywhere";
        Some(Finding::watch("version.differs", what, advice).named(id.clone()))
    }
}

/// Those that are down, each once; and the models that have no other.
fn upstreams(processes: &[Process]) -> Vec<Finding> {
    let mut down: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut up: BTreeMap<&str, bool> = BTreeMap::new();
    let all = processes.iter().filter_map(|one| one.worker.as_ref()).flat_map(|one| &one.upstreams);
    for Upstream { model, url, health, reason } in all {
        let is_down = health == "down";
        *up.entry(model).or_default() |= !is_down;
        if is_down {
            down.insert((model, url), reason.as_deref().unwrap_or("it does not say why"));
        }
    }
    let none_up = up.iter().filter(|(_, is_up)| !**is_up).map(|(model, _)| {
        let what = format!("all upstreams of {model} are down: its clients get 503");
        let advice = "see below of each why; `uplion model upstream add` gives it another";
        Finding::bad("model.unavailable", what, advice).named(*model)
    });
    let each = down.iter().map(|((model, url), reason)| {
        let what = format!("{url} does not answer for {model}: {reason}");
        let advice = format!(
            "`uplion model upstream list {model}` says how it is registered; once that is mended the worker finds out by itself"
        );
        Finding::watch("upstream.down", what, advice).named(*url)
    });
    none_up.chain(each).collect()
}

fn counted(processes: &[Process]) -> String {
    let mut roles: BTreeMap<&str, usize> = BTreeMap::new();
    for process in processes.iter().filter(|process| !process.leaving) {
        *roles.entry(&process.role).or_default() += 1;
    }
    let counts: Vec<String> = roles.iter().map(|(role, count)| format!("{count} {role}")).collect();
    format!("there: {}", counts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(role: &str, hindrance: Option<&str>) -> Process {
        Process {
            role: role.into(),
            id: format!("{role}_1"),
            version: VERSION.into(),
            leaving: false,
            hindrance: hindrance.map(ToOwned::to_owned),
            worker: None,
        }
    }

    fn worker(upstreams: &[(&str, &str, &str)]) -> Process {
        let upstream = |(model, url, health): &(&str, &str, &str)| Upstream {
            model: (*model).into(),
            url: (*url).into(),
            health: (*health).into(),
            reason: (*health == "down").then(|| "connection refused".to_owned()),
        };
        let report = WorkerReport { upstreams: upstreams.iter().map(upstream).collect() };
        Process { worker: Some(report), ..process("worker", None) }
    }

    fn ids(found: &[Finding]) -> Vec<&str> {
        found.iter().map(|finding| finding.id).collect()
    }

    #[test]
    fn who_is_missing_is_told_with_what_does_not_happen() {
        let found = examine(&[process("gateway", None), worker(&[])]);
        assert_eq!(ids(&found), ["projector.none", "process.ok"]);
    }

    #[test]
    fn what_hinders_a_process_is_told_in_its_words() {
        let halted = process("projector", Some("ingest of TRAFFIC: it was made anew"));
        let found = examine(&[process("gateway", None), worker(&[]), halted]);
        assert_eq!(ids(&found), ["process.hindered", "process.ok"]);
        assert!(found[0].what.contains("ingest of TRAFFIC"), "{found:?}");
    }

    #[test]
    fn an_upstream_that_is_down_is_told_and_a_model_that_has_no_other_is_bad() {
        let one = worker(&[
            ("a", "http://1", "down"),
            ("a", "http://2", "up"),
            ("b", "http://1", "down"),
        ]);
        let found = upstreams(&[one]);
        assert_eq!(ids(&found), ["model.unavailable", "upstream.down", "upstream.down"]);
        assert_eq!(found[0].name.as_deref(), Some("b"));
    }

    #[test]
    fn another_version_is_told() {
        let old = Process { version: "0.0.9".into(), ..process("gateway", None) };
        let found = examine(&[old, worker(&[]), process("projector", None)]);
        assert_eq!(ids(&found), ["version.differs", "process.ok"]);
    }
}
