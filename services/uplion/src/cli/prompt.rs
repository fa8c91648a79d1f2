//! What is asked of the person at the terminal: passwords, which are not shown, and whether they mean it.
//!
//! A password is never an argument: others on the machine could read it, and the shell keeps what was typed.

use std::io::{IsTerminal as _, Write as _, stderr, stdin};

use super::{failure::Failure, table::shown::printable};
use crate::secret::Secret;

/// From the variable, else typed, else the next line of standard input.
pub fn password(variable: &str, question: &str) -> Result<Secret, Failure> {
    if let Some(secret) = variable_value(variable) {
        return Ok(secret);
    }
    if stdin().is_terminal() {
        return Ok(Secret::new(rpassword::prompt_password(format!("{question}: "))?));
    }
    match line()? {
        Some(line) if !line.is_empty() => Ok(Secret::new(line)),
        Some(_) | None => Err(Failure::Local(format!(
            "no password: type it at a terminal, or give it on standard input or in {variable}"
        ))),
    }
}

/// One that nobody knows yet: who types it types it twice.
pub fn new_password(variable: &str, question: &str) -> Result<Secret, Failure> {
    let first = password(variable, question)?;
    if variable_value(variable).is_none() && stdin().is_terminal() {
        let again = rpassword::prompt_password("the same again: ")?;
        if again != first.expose() {
            return Err(Failure::Local("these were two passwords: nothing was changed".into()));
        }
    }
    Ok(first)
}

/// A line, shown as it is typed.
pub fn text(question: &str, otherwise: &str) -> Result<String, Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::Local(otherwise.to_owned()));
    }
    ask(question)?;
    match line()? {
        Some(line) if !line.trim().is_empty() => Ok(line.trim().to_owned()),
        Some(_) | None => Err(Failure::Local(otherwise.to_owned())),
    }
}

/// Before what cannot be undone: `word` has to be typed.
pub fn confirmed(yes: bool, what: &str, word: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let unasked = format!("{what}: say --yes if you mean it");
    let answer = text(&format!("{what}. Type {word} if you mean it"), &unasked)?;
    if answer == word { Ok(()) } else { Err(Failure::Local("nothing was done".into())) }
}

/// Before what cuts somebody off: asked at a terminal alone, for programs mean what they say.
pub fn meant(yes: bool, what: &str) -> Result<(), Failure> {
    if yes || !stdin().is_terminal() {
        return Ok(());
    }
    ask(&format!("{}. Go on? [y/N]", printable(what)))?;
    match line()?.as_deref().map(str::trim) {
        Some("y" | "Y" | "yes") => Ok(()),
        Some(_) | None => Err(Failure::Local("nothing was done".into())),
    }
}

fn variable_value(variable: &str) -> Option<Secret> {
    std::env::var(variable).ok().filter(|text| !text.is_empty()).map(Secret::new)
}

fn ask(question: &str) -> Result<(), Failure> {
    write!(stderr(), "{question}: ")?;
    Ok(stderr().flush()?)
}

/// Without its end; none if there is no more.
fn line() -> Result<Option<String>, Failure> {
    let mut line = String::new();
    let read = stdin().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned()))
}
