//! `uplion completions`: what a shell needs to complete the commands.

use clap::{Args, CommandFactory as _, ValueEnum};

use super::{answer, failure::Failure};
use crate::arguments::Uplion;

#[derive(Debug, Clone, Args)]
pub struct Completions {
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Completions {
    pub fn run(self) -> Result<(), Failure> {
        let shell = match self.shell {
            Shell::Bash => clap_complete::Shell::Bash,
            Shell::Zsh => clap_complete::Shell::Zsh,
            Shell::Fish => clap_complete::Shell::Fish,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Uplion::command(), "uplion", &mut script);
        let script = String::from_utf8(script).map_err(|error| Failure::Here(error.to_string()))?;
        answer::print(script.trim_end())
    }
}
