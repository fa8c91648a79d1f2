//! What clients see, what is charged and what the next client sees, whatever an upstream sends: `tests/cases/*.json`.
//!
//! Each file is an object: rules as sentences, and under each a case that shows it (`case.rs` has the form). All run
//! at once against one `uplion dev`, each on a model of its own, whose upstreams send the bytes that it says.
//! `UPLION_CASES=words` runs those whose file or rule has the words in it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod bill;
mod case;
mod client;
mod encode;
mod installation;
mod reply;
mod upstream;

use std::{env, fs, path::Path};

use futures::{StreamExt as _, stream};

use self::{case::Case, installation::Installation};

/// At once: the tests' own machine has few cores, and some cases bound how long an answer takes.
const AT_ONCE: usize = 12;

struct Named {
    /// `file: rule`
    name: String,
    model: String,
    case: Case,
}

fn cases() -> Vec<Named> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let words = env::var("UPLION_CASES").unwrap_or_default();
    let named = files.iter().flat_map(|file| of_file(file));
    named.filter(|named| named.name.contains(&words)).collect()
}

fn of_file(file: &Path) -> Vec<Named> {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    let cases = case::read(&fs::read_to_string(file).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let named = |(n, (rule, case))| Named {
        name: format!("{stem}: {rule}"),
        model: format!("{stem}-{n}"),
        case,
    };
    cases.into_iter().enumerate().map(named).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_goes_as_it_says() {
    let cases = cases();
    assert!(!cases.is_empty(), "no case is called so");
    let installation = Installation::start(&cases).await;
    let runs = cases.iter().map(|named| installation.run(named));
    let failed: Vec<String> = stream::iter(runs).buffer_unordered(AT_ONCE).concat().await;
    assert!(failed.is_empty(), "\n{}\n", failed.join("\n\n"));
}
