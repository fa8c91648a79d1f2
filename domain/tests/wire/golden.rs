//! `golden/` holds what was once written: a file for each type, with a list of `CloudEvents`, and one for each optional
//! field that joined a type later, `TYPE+FIELD.json`.
//!
//! `golden/MANIFEST` has the SHA-256 of each, so that nobody changes one by accident: what stands in somebody's
//! log does not change either. `UPLION_GENERATE=1` writes examples of types that have none yet, and their lines.

use std::{collections::BTreeMap, env, fs, path::PathBuf, sync::Once};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uplion_domain::{
    Envelope, EventId, cloud_event,
    wire::{self, Encoded},
};

use crate::examples;

/// Tests run side by side; one of them writes.
static GENERATED: Once = Once::new();
const ADVICE: &str = "run `make generate`";

#[test]
fn every_type_ever_written_has_a_generated_example() {
    generate_missing();
    for kind in wire::types() {
        assert!(file(kind).exists(), "{kind} has no example: {ADVICE}");
    }
    let known: Vec<_> = wire::types().collect();
    for (name, _) in goldens() {
        let kind = kind_of(&name);
        assert!(known.contains(&kind), "{kind} was written once and is no longer read");
    }
}

#[test]
fn every_example_can_be_read_and_is_written_as_it_was() {
    generate_missing();
    let written_today: Vec<_> = examples::all().iter().map(|one| one.encode().kind).collect();
    for (name, events) in goldens() {
        let kind = kind_of(&name).to_owned();
        assert!(!events.is_empty(), "{name} has no example");
        for event in events {
            let encoded = encoded(&event);
            let envelope = Envelope::decode(&encoded).unwrap_or_else(|error| panic!("{error:?}"));
            if written_today.contains(&kind) {
                let again = envelope.encode();
                assert_eq!(again.kind, kind);
                assert_eq!(payload(&again), event["data"], "{kind}");
                assert_eq!(event["subject"], json!(envelope.event.subject().to_string()));
            }
        }
    }
}

#[test]
fn every_type_written_today_has_an_example_in_the_code() {
    generate_missing();
    let written_today: Vec<_> = examples::all().iter().map(|one| one.encode().kind).collect();
    let golden: Vec<_> = goldens().into_keys().collect();
    for kind in written_today {
        assert!(golden.contains(&kind), "{kind} has no example: {ADVICE}");
    }
    for (field, envelope) in examples::later() {
        let name = format!("{}+{field}", envelope.encode().kind);
        assert!(golden.contains(&name), "{name} has no example: {ADVICE}");
    }
}

#[test]
fn an_example_once_recorded_never_changes() {
    generate_missing();
    let recorded = manifest();
    for (name, hash) in &recorded {
        let content =
            fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(*hash, sha256(&content), "{name} was changed: what was written stays written");
    }
    for (name, _) in goldens() {
        let name = format!("{name}.json");
        assert!(recorded.contains_key(&name), "{name} is not in the manifest: {ADVICE}");
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn file(name: &str) -> PathBuf {
    folder().join(format!("{name}.json"))
}

fn kind_of(name: &str) -> &str {
    name.split('+').next().unwrap_or(name)
}

/// By the name of the file.
fn goldens() -> BTreeMap<String, Vec<Value>> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let examples = files.filter(|path| path.extension().is_some_and(|is| is == "json"));
    examples
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
        })
        .collect()
}

/// Name and hash, as `sha256sum` writes them.
fn manifest() -> BTreeMap<String, String> {
    let lines = fs::read_to_string(folder().join("MANIFEST")).unwrap_or_default();
    let pair = |line: &str| {
        let (hash, name) = line.split_once("  ").unwrap();
        (name.to_owned(), hash.to_owned())
    };
    lines.lines().map(pair).collect()
}

fn encoded(event: &Value) -> Encoded {
    let text = |name: &str| event[name].as_str().map(str::to_owned);
    Encoded {
        id: EventId::known(text("id").unwrap()),
        kind: text("type").unwrap(),
        at: text("time").unwrap().parse().unwrap(),
        traceparent: text("traceparent"),
        actor: text("actor"),
        request_id: text("requestid"),
        payload: serde_json::to_vec(&event["data"]).unwrap(),
    }
}

fn payload(encoded: &Encoded) -> Value {
    serde_json::from_slice(&encoded.payload).unwrap()
}

fn sha256(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

/// Nothing that is there is touched, no recorded hash either: a removed example comes back only as it was.
fn generate_missing() {
    if env::var_os("UPLION_GENERATE").is_none() {
        return;
    }
    GENERATED.call_once(|| {
        let mut recorded = manifest();
        let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let first = examples::all().into_iter().map(|envelope| (None, envelope));
        let later = examples::later().into_iter().map(|(field, envelope)| (Some(field), envelope));
        for (field, envelope) in first.chain(later) {
            let encoded = envelope.encode();
            let spelled =
                cloud_event::json(examples::source(), &encoded, &envelope.event.subject()).unwrap();
            let field = field.map(|field| format!("+{field}")).unwrap_or_default();
            let name = format!("{}{field}", encoded.kind);
            missing.entry(name).or_default().push(String::from_utf8(spelled).unwrap());
        }
        missing.retain(|name, _| !file(name).exists());
        for (name, events) in missing {
            let content = format!("[\n{}\n]\n", events.join(",\n"));
            fs::write(file(&name), &content).unwrap();
            recorded.entry(format!("{name}.json")).or_insert(sha256(content.as_bytes()));
        }
        let lines = recorded.iter().map(|(name, hash)| format!("{hash}  {name}\n"));
        fs::write(folder().join("MANIFEST"), lines.collect::<String>()).unwrap();
    });
}
