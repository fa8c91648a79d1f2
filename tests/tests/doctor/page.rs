//! docs/doctor.md knows every finding, and no other.

use std::{collections::BTreeSet, fs, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// `stream.full`
fn is_id(text: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    text.split_once('.').is_some_and(|(about, what)| word(about) && word(what))
}

fn ids_between(text: &str, quote: char) -> BTreeSet<String> {
    let quoted = text.split(quote).skip(1).step_by(2);
    quoted.filter(|word| is_id(word)).map(ToOwned::to_owned).collect()
}

fn ids_of_the_code() -> BTreeSet<String> {
    let folder = root().join("services/uplion/src/cli");
    let files = fs::read_dir(folder.join("doctor")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.chain([folder.join("doctor.rs")]);
    files
        .flat_map(|file| {
            let text = fs::read_to_string(file).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
            // A quote within a text would shift all behind it.
            text.lines().flat_map(|line| ids_between(line, '"')).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_page_names_every_finding_and_no_other() {
    let page = fs::read_to_string(root().join("docs/doctor.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let named: BTreeSet<String> = rows.flat_map(|row| ids_between(row, '`')).collect();
    assert_eq!(named, ids_of_the_code());
}
