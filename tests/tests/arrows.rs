//! The rules of the tree that the compiler does not check: who may depend on whom, and what sources may not hold.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What each crate may use of our own crates; dev-dependencies are free.
const ARROWS: &[(&str, &[&str])] = &[
    ("uplion-domain", &[]),
    ("uplion-log-transport", &["uplion-domain"]),
    ("uplion-projections", &["uplion-domain"]),
    ("uplion-log-store", &["uplion-log-transport", "uplion-projections", "uplion-domain"]),
    ("uplion-protocol", &["uplion-domain"]),
    ("uplion-http", &[]),
    ("uplion-gateway", SERVICE),
    ("uplion-worker", SERVICE),
    ("uplion-control", SERVICE_AT_REST),
    ("uplion-projector", SERVICE_AT_REST),
    ("uplion-control-client", &["uplion-domain"]),
    ("uplion-operator", &["uplion-control-client", "uplion-log-transport", "uplion-domain"]),
    ("uplion-tests", &["uplion-control-client", "uplion-log-transport", "uplion-domain"]),
    ("uplion-bench", &[]),
];

const SERVICE: &[&str] = &[
    "uplion-protocol",
    "uplion-http",
    "uplion-log-transport",
    "uplion-projections",
    "uplion-domain",
];

const SERVICE_AT_REST: &[&str] = &[
    "uplion-protocol",
    "uplion-http",
    "uplion-log-transport",
    "uplion-log-store",
    "uplion-projections",
    "uplion-domain",
];

const DRIVERS: &[&str] =
    &["tokio-postgres", "postgres", "deadpool-postgres", "rusqlite", "libsqlite3-sys", "refinery"];

/// jiff is not among them: the domain reads and spells times with it, and may not ask it for the time.
const RUNTIMES_CLOCKS_AND_DICE: &[&str] = &[
    "tokio",
    "futures",
    "async-nats",
    "hyper",
    "reqwest",
    "poem",
    "chrono",
    "time",
    "rand",
    "fastrand",
    "getrandom",
];

const ASKS_CLOCK_OR_DICE: &[&str] = &["::now(", "::now_v7(", "::new_v4("];

/// Named in a manifest for another reason than to be called.
const USED_UNNAMED: &[(&str, &str)] = &[
    // Chooses the version of Kubernetes that kube is built for.
    ("uplion-operator", "k8s-openapi"),
    // What kube derives calls it.
    ("uplion-operator", "serde_json"),
    // Chooses the provider of tokio-postgres-rustls.
    ("uplion-log-store", "rustls"),
];

fn cargo(arguments: &[&str]) -> String {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(arguments).current_dir(ROOT).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

struct Package {
    name: String,
    folder: PathBuf,
    /// What it uses when it is built for use.
    uses: BTreeSet<String>,
    /// What only its tests and benchmarks use.
    tests_use: BTreeSet<String>,
}

/// Our crates.
fn packages() -> Vec<Package> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version=1"]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let read = |package: &serde_json::Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let (uses, tests_use): (Vec<_>, Vec<_>) =
            dependencies.partition(|dependency| dependency["kind"].is_null());
        let names =
            |all: Vec<&serde_json::Value>| all.iter().map(|one| text(&one["name"])).collect();
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        let folder = manifest.parent().unwrap().to_owned();
        Package {
            name: text(&package["name"]),
            folder,
            uses: names(uses),
            tests_use: names(tests_use),
        }
    };
    metadata["packages"].as_array().unwrap().iter().map(read).collect()
}

/// All that a crate is built from, itself included.
fn tree(package: &str) -> BTreeSet<String> {
    let printed =
        cargo(&["tree", "--package", package, "--edges=normal", "--prefix=none", "--format={p}"]);
    printed.lines().filter_map(|line| line.split(' ').next()).map(ToOwned::to_owned).collect()
}

fn found(tree: &BTreeSet<String>, forbidden: &[&'static str]) -> Vec<&'static str> {
    forbidden.iter().copied().filter(|name| tree.contains(*name)).collect()
}

/// Every Rust file of the workspace, by its path from the root.
fn sources() -> Vec<(PathBuf, String)> {
    let mut sources = Vec::new();
    let mut folders = vec![PathBuf::from(ROOT)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules"
            {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                sources.push((path.strip_prefix(ROOT).unwrap().to_owned(), text));
            }
        }
    }
    assert!(sources.len() > 20, "the workspace was not found");
    sources
}

#[test]
fn each_crate_uses_only_those_that_the_picture_allows() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    for Package { name: package, uses, .. } in packages() {
        if package == "uplion" {
            continue;
        }
        let allowed = allowed.get(&*package).unwrap_or_else(|| panic!("{package} has no arrows"));
        for used in uses.iter().filter(|used| used.starts_with("uplion")) {
            assert!(allowed.contains(&&**used), "{package} may not use {used}");
        }
    }
}

#[test]
fn every_dependency_is_used() {
    let sources = sources();
    let root = fs::canonicalize(ROOT).unwrap();
    let mut unused = Vec::new();
    for Package { name, folder, uses, tests_use } in packages() {
        let folder = folder.strip_prefix(&root).unwrap();
        let mut built = String::new();
        let mut all = String::new();
        for (path, text) in sources.iter().filter(|(path, _)| path.starts_with(folder)) {
            all.push_str(text);
            if path.starts_with(folder.join("src")) {
                built.push_str(text.split("#[cfg(test)]\nmod tests").next().unwrap());
            }
        }
        let missing = |used: &str, text: &str| {
            let known = USED_UNNAMED.contains(&(&*name, used));
            !known && !names(text, &used.replace('-', "_"))
        };
        unused.extend(
            uses.iter().filter(|used| missing(used, &built)).map(|one| format!("{name}: {one}")),
        );
        unused.extend(
            tests_use.iter().filter(|used| missing(used, &all)).map(|one| format!("{name}: {one}")),
        );
    }
    let every: BTreeSet<String> = packages()
        .into_iter()
        .flat_map(|package| package.uses.into_iter().chain(package.tests_use))
        .collect();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let named = lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    unused.extend(
        named.filter(|name| !every.contains(*name)).map(|name| format!("the workspace: {name}")),
    );
    assert_eq!(unused, Vec::<String>::new());
}

/// Whether a text has the word.
fn names(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}

#[test]
fn the_domain_has_no_runtime_driver_clock_or_dice() {
    let tree = tree("uplion-domain");
    assert_eq!(found(&tree, RUNTIMES_CLOCKS_AND_DICE), Vec::<&str>::new());
    assert_eq!(found(&tree, DRIVERS), Vec::<&str>::new());
}

#[test]
fn no_pure_crate_asks_for_the_time_or_throws_dice() {
    let pure = ["domain/src", "services/protocol/src", "projections/src"];
    for (path, text) in sources() {
        if pure.iter().any(|folder| path.starts_with(folder)) {
            let asks = ASKS_CLOCK_OR_DICE.iter().find(|asks| text.contains(**asks));
            assert_eq!(asks, None, "in {}", path.display());
        }
    }
}

#[test]
fn the_wire_format_is_as_pure_as_the_domain() {
    assert_eq!(found(&tree("uplion-protocol"), RUNTIMES_CLOCKS_AND_DICE), Vec::<&str>::new());
}

#[test]
fn a_gateway_and_a_worker_hold_no_database_driver() {
    for service in ["uplion-gateway", "uplion-worker"] {
        let tree = tree(service);
        assert!(tree.contains("uplion-log-transport"), "the tree of {service} was not read");
        assert_eq!(found(&tree, DRIVERS), Vec::<&str>::new(), "in {service}");
    }
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let silent = sources().into_iter().filter(|(_, text)| !text.starts_with("//! "));
    let silent: Vec<PathBuf> = silent.map(|(path, _)| path).collect();
    assert_eq!(silent, Vec::<PathBuf>::new());
}

#[test]
fn subjects_are_spelt_in_one_place() {
    let elsewhere = sources().into_iter().filter(|(path, _)| {
        path != Path::new("domain/src/subject.rs") && !path.starts_with("domain/src/subject")
    });
    let spelt: Vec<String> = elsewhere
        .flat_map(|(path, text)| {
            let lines = text.lines().enumerate().filter(|(_, line)| spells_subject(line));
            lines
                .map(|(n, line)| format!("{}:{}: {line}", path.display(), n + 1))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(spelt, Vec::<String>::new());
}

/// A literal that starts like a subject of ours and goes on with a placeholder or a wildcard.
fn spells_subject(line: &str) -> bool {
    ["traffic", "task", "control", "gateway", "worker"].iter().any(|first| {
        line.match_indices(&format!("\"{first}.")).any(|(start, opening)| {
            let literal = line[start + opening.len()..].split('"').next().unwrap_or_default();
            literal.contains(['{', '*', '>'])
        })
    })
}

#[test]
fn a_subject_is_told_from_other_dotted_words() {
    // In two halves, or this file would break the rule that it checks.
    for rest in ["{shard}.accepted\"", "*.interactive.0\"", ">\""] {
        assert!(spells_subject(&format!("{}{rest}", "\"task.")));
    }
    assert!(!spells_subject(r#"span!("gateway.chat.complete")"#));
    assert!(!spells_subject(r#"format!("worker {id} of {model}")"#));
}
