//! Which roles there are, as subcommands of `uplion`.

use std::{fmt, process::ExitCode};

use clap::{ArgMatches, Command, FromArgMatches, Subcommand, error::ErrorKind};

use crate::{
    dev::Dev,
    roles::{Role, control::Control, gateway::Gateway, projector::Projector, worker::Worker},
    runtime,
};

/// Every role, and `dev`, which is all of them in one process.
const ROLES: &[Entry] = &[
    Entry::of::<Dev>(),
    Entry::of::<Gateway>(),
    Entry::of::<Worker>(),
    Entry::of::<Control>(),
    Entry::of::<Projector>(),
];

struct Entry {
    name: &'static str,
    flags: fn(Command) -> Command,
    read: fn(&ArgMatches) -> Result<ChosenRole, clap::Error>,
}

/// A role with its flags, as the command line chose it.
pub struct ChosenRole {
    name: &'static str,
    start: Box<dyn FnOnce() -> ExitCode>,
}

impl Entry {
    const fn of<R: Role + 'static>() -> Self {
        Self { name: R::NAME, flags: R::augment_args, read: ChosenRole::read::<R> }
    }

    fn command(&self) -> Command {
        (self.flags)(Command::new(self.name))
    }
}

impl ChosenRole {
    fn read<R: Role + 'static>(flags: &ArgMatches) -> Result<Self, clap::Error> {
        let role = R::from_arg_matches(flags)?;
        let process = role.process().clone();
        let start = Box::new(move || runtime::serve(&process, |stop| role.run(stop)));
        Ok(Self { name: R::NAME, start })
    }

    /// Returns when it has stopped.
    pub fn start(self) -> ExitCode {
        (self.start)()
    }
}

impl FromArgMatches for ChosenRole {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let chosen = matches.subcommand().and_then(|(name, flags)| {
            ROLES.iter().find(|role| role.name == name).map(|role| (role, flags))
        });
        let (role, flags) = chosen.ok_or_else(|| clap::Error::new(ErrorKind::InvalidSubcommand))?;
        (role.read)(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for ChosenRole {
    fn augment_subcommands(command: Command) -> Command {
        command.subcommands(ROLES.iter().map(Entry::command))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        ROLES.iter().any(|role| role.name == name)
    }
}

impl fmt::Debug for ChosenRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;
    use crate::arguments::Uplion;

    #[test]
    fn every_role_is_a_command_that_says_what_it_is_for() {
        let uplion = Uplion::command();
        for role in ROLES {
            let command = uplion.find_subcommand(role.name).expect(role.name);
            assert!(command.get_about().is_some(), "{} says nothing", role.name);
        }
    }

    #[test]
    fn a_role_is_chosen_by_its_name_and_has_its_flags() {
        let chosen = Uplion::try_parse_from(["uplion", "projector", "--nats-url", "nats://x:1"]);
        assert!(format!("{:?}", chosen.unwrap()).contains("projector"));
        let unknown = Uplion::try_parse_from(["uplion", "projector", "--upstream", "http://x/v1"]);
        assert!(unknown.is_err());
        let none = ChosenRole::from_arg_matches(&ArgMatches::default());
        assert!(none.is_err());
    }
}
