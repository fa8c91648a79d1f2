//! What is wrong with a command line, in one sentence that names the flag, what it said, and what it may say.

use std::{io::Write as _, process::ExitCode};

use clap::{
    CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::arguments::Uplion;

/// As `uplion --help` says it.
const NOT_A_COMMAND: u8 = 2;

/// Says it, and ends as a command line does that is none; help and the version are no errors.
pub fn exit(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // If nobody reads it, nothing is lost.
        drop(error.print());
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    match sentence(error, &arguments) {
        Some(sentence) => {
            drop(writeln!(std::io::stderr(), "uplion: {sentence}"));
        }
        // The whole help, for a command of which a part is missing.
        None => drop(error.print()),
    }
    ExitCode::from(NOT_A_COMMAND)
}

/// None of what is told by the help.
fn sentence(error: &clap::Error, arguments: &[String]) -> Option<String> {
    let said = Said(error);
    let argument = said.text(ContextKind::InvalidArg).unwrap_or_default();
    let flag = argument.split([' ', '=']).next().unwrap_or_default();
    let text = match error.kind() {
        // Of the configuration file.
        ErrorKind::InvalidValue if argument.is_empty() => return Some(said.text_of_error()),
        ErrorKind::InvalidValue if said.value().is_empty() => {
            format!(
                "{flag}: {} is expected",
                said.allowed().unwrap_or_else(|| placeholder(&argument))
            )
        }
        ErrorKind::InvalidValue => match said.allowed() {
            Some(allowed) => format!("{flag}: {allowed} is expected, not {:?}", said.value()),
            None => said.text_of_error(),
        },
        ErrorKind::ValueValidation => {
            format!("{flag}: {}", reason(&said.cause(), &said.value()))
        }
        ErrorKind::UnknownArgument => format!("there is no {argument} here{}", said.meant()),
        ErrorKind::InvalidSubcommand => {
            let command = said.text(ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("there is no command {command:?} here{}", said.meant())
        }
        ErrorKind::MissingRequiredArgument if argument.contains(", ") => {
            format!("{argument} are missing")
        }
        ErrorKind::MissingRequiredArgument => format!("{argument} is missing"),
        ErrorKind::ArgumentConflict => {
            let other = said.text(ContextKind::PriorArg).unwrap_or_default();
            if other == argument || other.is_empty() {
                format!("{flag} is given twice, or with something that it cannot be given with")
            } else {
                format!("{flag} and {other} cannot be given together")
            }
        }
        ErrorKind::NoEquals => format!("{flag}: a value is given with an equals sign"),
        ErrorKind::TooManyValues => {
            format!("{flag}: {:?} is one value too many", said.value())
        }
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            let wanted = said
                .text(ContextKind::MinValues)
                .or_else(|| said.text(ContextKind::ExpectedNumValues));
            format!("{flag}: {} values are expected", wanted.unwrap_or_default())
        }
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => return None,
    };
    let command = said.command().unwrap_or_else(|| command_in(&Uplion::command(), arguments));
    Some(format!("{text} (`{command} --help` says what there is)"))
}

/// The command that was typed, as far as it is one: clap names none with a value that is wrong.
fn command_in(uplion: &clap::Command, arguments: &[String]) -> String {
    let (mut command, mut path) = (uplion, vec![uplion.get_name()]);
    for word in arguments.iter().skip(1) {
        if let Some(inner) = command.find_subcommand(word) {
            command = inner;
            path.push(inner.get_name());
        }
    }
    path.join(" ")
}

/// What clap knows of an error.
struct Said<'a>(&'a clap::Error);

impl Said<'_> {
    fn text(&self, kind: ContextKind) -> Option<String> {
        match self.0.get(kind)? {
            ContextValue::String(text) => Some(text.clone()),
            ContextValue::Strings(texts) => Some(texts.join(", ")),
            ContextValue::Number(number) => Some(number.to_string()),
            ContextValue::StyledStr(text) => Some(text.to_string()),
            _ => None,
        }
        .filter(|text| !text.is_empty())
    }

    fn value(&self) -> String {
        self.text(ContextKind::InvalidValue).unwrap_or_default()
    }

    /// One of several words.
    fn allowed(&self) -> Option<String> {
        let Some(ContextValue::Strings(words)) = self.0.get(ContextKind::ValidValue) else {
            return None;
        };
        match &words[..] {
            [] => None,
            [only] => Some(only.clone()),
            [others @ .., last] => Some(format!("{} or {last}", others.join(", "))),
        }
    }

    fn cause(&self) -> String {
        let source = std::error::Error::source(self.0);
        source.map_or_else(|| "it cannot be read".to_owned(), ToString::to_string)
    }

    /// Of an error of our own, which has nothing but a text.
    fn text_of_error(&self) -> String {
        let text = self.0.to_string();
        let text = text.trim_start_matches("error: ");
        text.lines().next().unwrap_or_default().to_owned()
    }

    fn meant(&self) -> String {
        let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand];
        let meant = kinds.into_iter().find_map(|kind| self.text(kind));
        meant.map_or_else(String::new, |meant| format!(": did you mean {meant}?"))
    }

    /// Whose help says what may be said.
    fn command(&self) -> Option<String> {
        let usage = self.text(ContextKind::Usage).unwrap_or_default();
        let usage = usage.trim_start_matches("Usage:").trim();
        let words: Vec<&str> = usage.split_whitespace().collect();
        let command: Vec<&str> = words
            .into_iter()
            .take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
            .take_while(|word| !word.starts_with('-'))
            .collect();
        (!command.is_empty()).then(|| command.join(" "))
    }
}

/// `--limit <N>`: `N`.
fn placeholder(argument: &str) -> String {
    match argument.split_once('<') {
        Some((_, name)) => format!("a value for {}", name.trim_end_matches(['>', '.', ']'])),
        None => "a value".to_owned(),
    }
}

/// What readers of the standard library say, for people.
fn reason(cause: &str, value: &str) -> String {
    let expected = match cause {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "a whole number"
        }
        "number too large to fit in target type" => "a smaller number",
        "number too small to fit in target type" => "a larger number",
        "invalid float literal" | "cannot parse float from empty string" => "a number",
        "provided string was not `true` or `false`" => "true or false",
        "invalid socket address syntax" => "an address and a port like 127.0.0.1:8484",
        other => {
            return match range(other) {
                Some((least, most)) => {
                    format!("a whole number from {least} to {most} is expected, not {value:?}")
                }
                None if tells(other, value) => other.to_owned(),
                None => format!("{other}, not {value:?}"),
            };
        }
    };
    format!("{expected} is expected, not {value:?}")
}

/// Whether the value is in the sentence already: short ones are in many by chance.
fn tells(sentence: &str, value: &str) -> bool {
    sentence.contains(&format!("{value:?}"))
        || sentence.contains(&format!("`{value}`"))
        || (value.len() > 3 && sentence.contains(value))
}

/// `9 is not in 1..=5`
fn range(cause: &str) -> Option<(&str, &str)> {
    let (_, range) = cause.split_once(" is not in ")?;
    range.split_once("..=").or_else(|| Some((range.split_once("..")?.0, "the most there is")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config_file::with_negative_numbers;

    /// Of clap, or of the standard library.
    const RAW: [&str; 10] = [
        "error:",
        "invalid value",
        "invalid digit",
        "found in string",
        "in target type",
        "tip:",
        "unexpected argument",
        "unrecognized",
        "For more information",
        "is not in",
    ];

    fn refused(arguments: &[String]) -> Option<String> {
        let command = with_negative_numbers(Uplion::command());
        let error = command.try_get_matches_from(arguments).err()?;
        sentence(&error, arguments)
    }

    fn ours(sentence: &str, flag: &str) {
        assert!(sentence.contains(flag), "{flag}: {sentence}");
        assert!(!RAW.iter().any(|raw| sentence.contains(raw)), "{flag}: {sentence}");
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
    }

    /// Every command, each with all its flags.
    fn walk(
        command: &clap::Command,
        path: &[String],
        check: &mut impl FnMut(&clap::Command, &[String]),
    ) {
        check(command, path);
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let path: Vec<String> =
                path.iter().cloned().chain([inner.get_name().to_owned()]).collect();
            walk(inner, &path, check);
        }
    }

    #[test]
    fn every_flag_with_a_value_that_it_does_not_take_is_told_by_its_name() {
        let (mut flags, mut refusals) = (0, 0);
        let mut uplion = Uplion::command();
        uplion.build();
        walk(&uplion, &["uplion".to_owned()], &mut |command, path| {
            for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
                flags += 1;
                for value in ["canary", "-1", "", "99999999999999999999999", "a b"] {
                    let mut line = path.to_vec();
                    line.push(format!("--{flag}={value}"));
                    let told = refused(&line).filter(|told| told.starts_with(&format!("--{flag}")));
                    if let Some(told) = told {
                        refusals += 1;
                        ours(&told, flag);
                    }
                }
            }
            let told = refused(&with(path, &["--canary-flag"]));
            ours(&told.unwrap_or_else(|| panic!("{path:?}")), "--canary-flag");
        });
        assert!(flags > 200 && refusals > 100, "{flags} flags, {refusals} refusals");
    }

    fn with(path: &[String], more: &[&str]) -> Vec<String> {
        path.iter().cloned().chain(more.iter().map(|word| (*word).to_owned())).collect()
    }

    /// As the sentence calls it.
    fn called(argument: &clap::Arg) -> String {
        match argument.get_long() {
            Some(long) => format!("--{long}"),
            None => argument.get_value_names().unwrap_or_default().join(" "),
        }
    }

    #[test]
    fn every_command_that_lacks_something_or_says_too_much_is_told_what() {
        let (mut incomplete, mut surplus, mut words) = (0, 0, 0);
        let mut uplion = Uplion::command();
        uplion.build();
        walk(&uplion, &["uplion".to_owned()], &mut |command, path| {
            let told = |more: &[&str]| {
                refused(&with(path, more)).unwrap_or_else(|| panic!("{path:?} takes {more:?}"))
            };
            if command.has_subcommands() {
                return ours(&told(&["canary"]), "\"canary\"");
            }
            let required: Vec<_> =
                command.get_arguments().filter(|argument| argument.is_required_set()).collect();
            for argument in &required {
                ours(&told(&[]), &called(argument));
            }
            incomplete += usize::from(!required.is_empty());
            let positionals: Vec<_> = command.get_positionals().collect();
            let endless = positionals
                .iter()
                .any(|one| one.get_num_args().is_some_and(|most| most.max_values() > 9));
            if !endless {
                ours(&told(&["canary"; 10]), "canary");
                surplus += 1;
            }
            for (place, _) in positionals
                .iter()
                .enumerate()
                .filter(|(_, positional)| !positional.get_possible_values().is_empty())
            {
                let told = told(&vec!["canary"; place + 1]);
                assert!(told.contains("is expected, not \"canary\""), "{told}");
                words += 1;
            }
        });
        assert!(incomplete > 30 && surplus > 50 && words >= 2, "{incomplete} {surplus} {words}");
    }

    #[test]
    fn what_is_wrong_is_told_with_what_may_be_said() {
        let told = |line: &str| {
            let line: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
            refused(&line).unwrap()
        };
        for (line, parts) in [
            ("uplion usage --by colour", vec!["--by: ", "project", "day", "\"colour\""]),
            ("uplion usage --month november", vec!["--month: ", "2026-11", "\"november\""]),
            ("uplion changes -n 0", vec!["a whole number from 1 to 1000 is expected, not \"0\""]),
            ("uplion key lst", vec!["\"lst\"", "did you mean list?"]),
            ("uplion key list --projct a", vec!["--projct", "did you mean --project"]),
            ("uplion model create", vec!["<NAME> is missing"]),
            ("uplion key create --quota -5", vec!["--quota: ", "whole number", "\"-5\""]),
            ("uplion project list --url nonsense", vec!["--url: ", "https://", "\"nonsense\""]),
            ("uplion request -n 0", vec!["a whole number from 1", "\"0\""]),
            ("uplion project member add", vec!["<PROJECT>, <USER> are missing"]),
            (
                "uplion gateway --allowed-origins x",
                vec!["--allowed-origins: ", "https://chat.example.org", "\"x\""],
            ),
            ("uplion control --allowed-origins *", vec!["--allowed-origins: ", "\"*\""]),
            ("uplion usage --month 2026-11 --from 24h", vec!["--month", "--from", "together"]),
            (
                "uplion usage --from x",
                vec!["--from: ", "2026-11-23", "24h", "\"x\"", "`uplion usage --help`"],
            ),
            (
                "uplion gateway --traffic-max-bytes much",
                vec!["--traffic-max-bytes: ", "8GiB", "\"much\""],
            ),
        ] {
            let told = told(line);
            assert!(parts.iter().all(|part| told.contains(part)), "{line}: {told}");
            ours(&told, "");
        }
    }
}
