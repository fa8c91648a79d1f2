//! `uplion completions`: what a shell needs to complete the commands.

use clap::{Args, ValueEnum};

use super::{failure::Failure, output};

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
    /// `uplion` is the whole command line.
    pub fn run(self, uplion: &mut clap::Command) -> Result<(), Failure> {
        let shell = match self.shell {
            Shell::Bash => clap_complete::Shell::Bash,
            Shell::Zsh => clap_complete::Shell::Zsh,
            Shell::Fish => clap_complete::Shell::Fish,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, uplion, "uplion", &mut script);
        let script = String::from_utf8(script)
            .map_err(|error| Failure::caused("the completions cannot be printed", error))?;
        output::print(script.trim_end())
    }
}
