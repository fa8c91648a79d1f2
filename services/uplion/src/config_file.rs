//! The configuration file: a TOML table whose keys are the flags' names, with a table for each role.
//!
//! It becomes the flags' defaults before they are read, so a flag wins over a variable, and a variable over the file,
//! and every value is checked in one place.

use std::{ffi::OsString, path::Path};

use clap::{Arg, ArgAction, Error, Parser, error::ErrorKind};
use toml::{Table, Value};

const DEV: &str = "dev";
/// Where `dev` would keep its log other than in its folder.
const ELSEWHERE: [&str; 2] = ["nats-url", "database-url"];

/// Reads arguments, variables and the file that `--config` or `UPLION_CONFIG` names.
pub fn parse<P: Parser>(arguments: impl IntoIterator<Item = OsString>) -> Result<P, Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut command = with_negative_numbers(P::command());
    let told = named(&arguments);
    let by_flag = told.is_some();
    if let Some(file) = told.or_else(|| std::env::var_os("UPLION_CONFIG")) {
        let table = read(Path::new(&file)).map_err(|error| refused(&mut command, &error))?;
        if !by_flag && arguments.get(1).is_some_and(|command| command == DEV) {
            meant_for_dev(&table).map_err(|error| refused(&mut command, &error))?;
        }
        command =
            with_defaults(command, &table).map_err(|error| refused(&mut P::command(), &error))?;
    }
    let matches = command.try_get_matches_from(arguments)?;
    P::from_arg_matches(&matches)
}

/// What is below nothing is a value of the flag before it, so that whoever reads it says what is wrong with it.
pub fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let flag_of_values = |arg: &Arg| arg.get_long().is_some() && arg.get_action().takes_values();
    let commands: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let command = command
        .mut_args(|arg| if flag_of_values(&arg) { arg.allow_negative_numbers(true) } else { arg });
    commands
        .into_iter()
        .fold(command, |command, name| command.mut_subcommand(name, with_negative_numbers))
}

/// The value of `--config`, before anything else is read.
fn named(arguments: &[OsString]) -> Option<OsString> {
    let mut arguments = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next().cloned();
        }
        if let Some(file) = argument.to_str().and_then(|text| text.strip_prefix("--config=")) {
            return Some(file.into());
        }
    }
    None
}

fn read(file: &Path) -> Result<Table, String> {
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("the configuration file {name} cannot be read: {error}"))?;
    text.parse().map_err(|error: toml::de::Error| {
        format!("the configuration file {name} is not TOML: {}", error.message())
    })
}

/// A key at the top counts for every command that has such a flag; a table counts for the command of its name.
fn with_defaults(command: clap::Command, table: &Table) -> Result<clap::Command, String> {
    let known: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let mut everywhere = Table::new();
    for (key, value) in table {
        match value {
            Value::Table(_) if known.contains(key) => {}
            Value::Table(_) => {
                return Err(format!("[{key}] in the configuration file is no command of uplion"));
            }
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => {
                everywhere.insert(key.clone(), value.clone());
            }
        }
    }
    let mut command = command;
    let mut used = Vec::new();
    for name in known {
        let own = table.get(&name).and_then(Value::as_table).cloned().unwrap_or_default();
        let sub = command.find_subcommand(&name).cloned().expect("it was listed");
        if let Some(key) = own.keys().find(|key| flag(&sub, key).is_none()) {
            return Err(format!(
                "{key} in [{name}] of the configuration file is no flag of `uplion {name}`"
            ));
        }
        used.extend(everywhere.keys().filter(|key| flag(&sub, key).is_some()).cloned());
        let shared = everywhere.iter().filter(|(key, _)| !is_told_to_dev_alone(&name, key));
        let shared = shared.map(|(key, value)| (key.clone(), value.clone()));
        let values: Table = shared.chain(own).collect();
        command = command.mut_subcommand(name, |sub| sub.mut_args(|arg| default(arg, &values)));
    }
    match everywhere.keys().find(|key| !used.contains(key)) {
        Some(key) => Err(format!("{key} in the configuration file is no flag of any command")),
        None => Ok(command),
    }
}

/// What all roles are told of is not meant for who only tries something out: `dev` keeps its log by itself, unless its
/// own table says otherwise.
fn is_told_to_dev_alone(command: &str, key: &str) -> bool {
    command == DEV && ELSEWHERE.contains(&key)
}

/// A file that only the environment names does not lead it elsewhere either.
fn meant_for_dev(table: &Table) -> Result<(), String> {
    let own = table.get(DEV).and_then(Value::as_table);
    match own.and_then(|own| ELSEWHERE.into_iter().find(|key| own.contains_key(*key))) {
        Some(key) => Err(format!(
            "{key} in [{DEV}] counts only in a configuration file that --config names, not in one of UPLION_CONFIG"
        )),
        None => Ok(()),
    }
}

fn flag<'a>(command: &'a clap::Command, key: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(key))
}

fn default(arg: Arg, values: &Table) -> Arg {
    let Some(value) = arg.get_long().and_then(|long| values.get(long)) else { return arg };
    let texts: Vec<String> = match value {
        Value::Array(values) => values.iter().map(plain).collect(),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Table(_) => vec![plain(value)],
    };
    // Help shows defaults, and this one may be a password.
    let secret = arg.is_hide_env_values_set();
    let arg = if secret { arg.hide_default_value(true) } else { arg };
    let required = arg.is_required_set();
    let arg = if required { arg.required(false) } else { arg };
    match arg.get_action() {
        ArgAction::SetTrue if texts == ["false"] => arg,
        _ => arg.default_values(texts),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => value.to_string(),
    }
}

fn refused(command: &mut clap::Command, error: &str) -> Error {
    command.error(ErrorKind::InvalidValue, error)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _};

    use super::*;

    #[derive(Debug, Parser)]
    #[command(name = "uplion")]
    struct Arguments {
        #[command(subcommand)]
        role: Role,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Role {
        Gateway {
            #[arg(long, default_value = "127.0.0.1:8484")]
            listen: String,
            #[arg(long)]
            nats_url: String,
            #[arg(long)]
            config: Option<String>,
        },
        Worker {
            #[arg(long)]
            nats_url: String,
            #[arg(long)]
            upstream: Vec<String>,
        },
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let table = "nats-url = 'nats://a'\n[gateway]\nlisten = '0.0.0.0:1'".parse().unwrap();
        let Role::Gateway { listen, nats_url, .. } = role(&table, &["uplion", "gateway"]).unwrap()
        else {
            panic!("it is a gateway")
        };
        assert_eq!((listen.as_str(), nats_url.as_str()), ("0.0.0.0:1", "nats://a"));

        let given = ["uplion", "gateway", "--listen", "127.0.0.1:2"];
        let Role::Gateway { listen, .. } = role(&table, &given).unwrap() else {
            panic!("it is a gateway")
        };
        assert_eq!(listen, "127.0.0.1:2");
    }

    #[test]
    fn what_all_roles_are_told_of_is_not_said_to_dev() {
        let of_dev = |file: &str| {
            let uplion = crate::arguments::Uplion::command();
            let command = with_defaults(uplion, &file.parse().unwrap()).unwrap();
            let matches = command.try_get_matches_from(["uplion", "dev"]).unwrap();
            let (_, dev) = matches.subcommand().unwrap();
            let said = ["nats_url", "database_url", "max_in_flight"].map(|flag| {
                let mut values = dev.get_raw(flag).unwrap_or_default();
                values.next().map(|value| value.to_str().unwrap().to_owned())
            });
            said.map(Option::unwrap_or_default)
        };
        let shared = "nats-url = 'nats://a'\ndatabase-url = 'postgres://a'\nmax-in-flight = 3\n";
        assert_eq!(of_dev(shared), ["", "", "3"]);
        let own = format!("{shared}[dev]\nnats-url = 'nats://b'");
        assert_eq!(of_dev(&own), ["nats://b", "", "3"]);
        assert_eq!(meant_for_dev(&shared.parse().unwrap()), Ok(()));
        let refused = meant_for_dev(&own.parse().unwrap()).unwrap_err();
        assert!(refused.contains("nats-url in [dev]") && refused.contains("--config"), "{refused}");
    }

    #[test]
    fn a_secret_in_the_file_is_no_default_that_help_shows() {
        let file = "nats-url = 'nats://canary@a'\nnats-user = 'canary'\nnats-password = 'canary'\nnats-token = 'canary'\ndatabase-url = 'postgres://me:canary@a'\nnats-nkey = 'shown.nk'";
        let uplion = crate::arguments::Uplion::command();
        let mut command = with_defaults(uplion, &file.parse().unwrap()).unwrap();
        let help = command.find_subcommand_mut("control").unwrap().render_long_help().to_string();
        assert!(help.contains("shown.nk") && !help.contains("canary"), "{help}");
    }

    #[test]
    fn a_list_is_a_flag_given_several_times() {
        let table =
            "nats-url = 'x'\n[worker]\nupstream = ['http://a', 'http://b']".parse().unwrap();
        let Role::Worker { upstream, .. } = role(&table, &["uplion", "worker"]).unwrap() else {
            panic!("it is a worker")
        };
        assert_eq!(upstream, ["http://a", "http://b"]);
    }

    #[test]
    fn what_no_command_knows_is_refused_by_name() {
        for (file, named) in [
            ("lisen = 'x'", "lisen"),
            ("[gatway]\n", "gatway"),
            ("[gateway]\nx = 1", "x in [gateway]"),
        ] {
            let error = with_defaults(Arguments::command(), &file.parse().unwrap()).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }

    fn role(table: &Table, arguments: &[&str]) -> Result<Role, Error> {
        let command = with_defaults(Arguments::command(), table).unwrap();
        let matches = command.try_get_matches_from(arguments)?;
        Ok(Arguments::from_arg_matches(&matches)?.role)
    }
}
