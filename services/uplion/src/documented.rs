//! Every command in the README and in docs/ is one, and every decision in docs/adr/ has a number of its own.

use std::{fs, path::Path};

use clap::{
    CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::arguments::Uplion;

/// What is spelled `uplion …` in a page: a line of a block for a shell, or between backticks.
fn commands(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<bool> = None;
    for line in page.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            block = if block.is_some() { None } else { Some(matches!(language, "sh" | "")) };
            continue;
        }
        match block {
            Some(true) => found.extend(line.starts_with("uplion ").then(|| line.to_owned())),
            Some(false) => {}
            None => found.extend(
                line.split('`')
                    .skip(1)
                    .step_by(2)
                    .filter(|code| code.starts_with("uplion "))
                    .map(ToOwned::to_owned),
            ),
        }
    }
    found
}

/// As a shell would, as far as it is needed here: quotes, and what stands behind `#`, `>`, `&` or `|` is not an argument.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for sign in command.chars() {
        match (sign, quoted) {
            ('"', _) => quoted = !quoted,
            (' ', false) => words.push(String::new()),
            ('#' | '>' | '&' | '|', false) => break,
            (sign, _) => words.last_mut().expect("there is always one").push(sign),
        }
    }
    words.retain(|word| !word.is_empty() && word != "…");
    words
}

/// Pages name commands without all that they need, too, and flags without their values.
fn known(command: &str) -> Result<(), String> {
    let Err(error) = Uplion::command().try_get_matches_from(words(command)) else { return Ok(()) };
    let valueless = matches!(
        error.get(ContextKind::InvalidValue),
        Some(ContextValue::String(value)) if value.is_empty()
    );
    match error.kind() {
        ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Ok(()),
        ErrorKind::InvalidValue if valueless => Ok(()),
        _ => Err(error.to_string()),
    }
}

#[test]
fn every_command_in_the_pages_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|file| file.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut count = 0;
    for path in pages.chain([root.join("README.md"), root.join("CHANGELOG.md")]) {
        for command in commands(&fs::read_to_string(&path).unwrap()) {
            count += 1;
            if let Err(error) = known(&command) {
                panic!("{command} in {}: {error}", path.display());
            }
        }
    }
    assert!(count > 50, "only {count} commands were found");
}

#[test]
fn a_command_that_is_none_is_noticed() {
    assert_eq!(commands("a `uplion key lst` b\n```sh\nuplion usage --bye x  # y\n```").len(), 2);
    assert!(known("uplion key lst").is_err());
    assert!(known("uplion usage --bye x  # y").is_err());
    assert_eq!(words("uplion chat \"Hello there\" # ask"), ["uplion", "chat", "Hello there"]);
}

#[test]
fn every_decision_has_a_number_of_its_own_and_says_it() {
    let decisions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/adr");
    let mut numbers: Vec<u32> = Vec::new();
    for file in fs::read_dir(decisions).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let number = name.split('-').next().unwrap().parse().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&format!("# {number}. ")), "{name} is headed otherwise");
        assert!(text.lines().count() < 40, "{name} is longer than a page");
        numbers.push(number);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=u32::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
}
