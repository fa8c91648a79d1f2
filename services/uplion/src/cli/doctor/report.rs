//! How findings are told: in colour on a terminal and folded to its width, or as JSON; with one line about all of them.

use std::{
    env,
    io::{IsTerminal as _, stdout},
};

use serde_json::{Value, json};

use super::finding::{Finding, Severity};

/// Where nobody says how wide it is.
const WIDTH: usize = 80;
/// Below it folding would not help any more.
const NARROWEST: usize = 40;
/// The columns before what is said.
const VERDICT: usize = 5;
const ABOUT: usize = 10;
const INDENT: usize = VERDICT + ABOUT + 4;

pub struct Report {
    findings: Vec<Finding>,
}

/// How it may be written.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub coloured: bool,
    pub width: usize,
}

impl Style {
    pub fn of_stdout() -> Self {
        let terminal = stdout().is_terminal();
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let told = rustix::termios::tcgetwinsize(stdout()).ok().filter(|_| terminal);
        let width = told.map_or(WIDTH, |size| usize::from(size.ws_col));
        let width = if width == 0 { WIDTH } else { width.max(NARROWEST) };
        Self { coloured: terminal && !plain, width }
    }
}

impl Report {
    /// The worst last, where a reader's eye is.
    pub fn new(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.severity);
        Self { findings }
    }

    pub fn is_bad(&self) -> bool {
        self.count(Severity::Critical) > 0
    }

    pub fn json(&self) -> Value {
        let [ok, watch, bad] = self.counts();
        json!({
            "summary": {
                "verdict": self.verdict().as_str(),
                "sentence": self.sentence(),
                "ok": ok,
                "watch": watch,
                "bad": bad,
            },
            "findings": self.findings.iter().map(Finding::json).collect::<Vec<_>>(),
        })
    }

    pub fn text(&self, style: Style) -> String {
        let mut lines: Vec<String> =
            self.findings.iter().flat_map(|finding| lines(finding, style)).collect();
        lines.push(String::new());
        let verdict = painted(self.verdict(), self.verdict().as_str(), style);
        let sentence = folded(&self.sentence(), style.width.saturating_sub(VERDICT + 2));
        let indent = " ".repeat(VERDICT + 2);
        let padding = " ".repeat(VERDICT.saturating_sub(self.verdict().as_str().len()));
        let starts =
            std::iter::once(format!("{verdict}{padding}  ")).chain(std::iter::repeat(indent));
        lines.extend(starts.zip(sentence).map(|(start, line)| format!("{start}{line}")));
        lines.join("\n")
    }

    fn verdict(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok)
    }

    /// One line about all of it.
    fn sentence(&self) -> String {
        let [ok, watch, bad] = self.counts();
        let worst = self.findings.iter().find(|finding| finding.severity == self.verdict());
        let ids = |severity| {
            let of = self.findings.iter().filter(move |finding| finding.severity == severity);
            let mut ids: Vec<&str> = of.map(|finding| finding.id).collect();
            ids.dedup();
            ids.join(", ")
        };
        match worst.map(|finding| finding.severity) {
            Some(Severity::Critical) => {
                format!("{bad} wrong ({}), {watch} to watch, {ok} well", ids(Severity::Critical))
            }
            Some(Severity::Warning) => {
                format!("nothing wrong, {watch} to watch ({}), {ok} well", ids(Severity::Warning))
            }
            Some(Severity::Ok) | None => format!("all {ok} well"),
        }
    }

    fn counts(&self) -> [usize; 3] {
        [Severity::Ok, Severity::Warning, Severity::Critical].map(|severity| self.count(severity))
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

fn lines(finding: &Finding, style: Style) -> Vec<String> {
    let Finding { id: _, severity, name, what, advice } = finding;
    let room = style.width.saturating_sub(INDENT);
    let what = match name {
        Some(name) if !what.contains(name.as_str()) => format!("{name}: {what}"),
        Some(_) | None => what.clone(),
    };
    let verdict = severity.as_str();
    let padding = " ".repeat(VERDICT - verdict.len());
    let verdict = painted(*severity, verdict, style);
    let first = format!("{verdict}{padding}  {:<ABOUT$}  ", finding.about());
    let indent = " ".repeat(INDENT);
    let starts = std::iter::once(first).chain(std::iter::repeat(indent.clone()));
    let said = starts.zip(folded(&what, room)).map(|(start, line)| format!("{start}{line}"));
    let advised = advice.iter().flat_map(|advice| folded(advice, room.saturating_sub(3)));
    let arrows = std::iter::once("-> ").chain(std::iter::repeat("   "));
    let advised = advised.zip(arrows).map(|(line, arrow)| format!("{indent}{arrow}{line}"));
    said.chain(advised).collect()
}

fn painted(severity: Severity, text: &str, style: Style) -> String {
    let colour = match severity {
        Severity::Ok => "32",
        Severity::Warning => "33",
        Severity::Critical => "1;31",
    };
    if style.coloured { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
}

/// At spaces where there are some; what has none is cut. Line feeds stay.
fn folded(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    text.lines().flat_map(|line| folded_line(line, width)).collect()
}

fn folded_line(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        let line = lines.last_mut().expect("there is always one");
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for sign in word.chars().filter(|sign| !sign.is_control()) {
            if used == width {
                lines.push(String::new());
                used = 0;
            }
            lines.last_mut().expect("there is always one").push(sign);
            used += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let long = "TRAFFIC: 7.5 GiB of 8.0 GiB, 1200 messages not archived, the oldest for 300 s";
        Report::new(vec![
            Finding::bad("stream.full", long, "start a projector: `uplion projector`"),
            Finding::good("control.ready", "ready at http://127.0.0.1:8485"),
            Finding::watch("worker.failed", "wrk_1 could not serve llama", "its log says more")
                .named("wrk_1"),
        ])
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_the_worst_comes_last() {
        let text = report().text(Style { coloured: false, width: 60 });
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        let verdicts: Vec<&str> =
            text.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).collect();
        assert!(verdicts[0].starts_with("ok     control"), "{text}");
        assert!(verdicts[2].starts_with("bad    stream"), "{text}");
        let last = text.lines().last().unwrap();
        assert_eq!(last, "bad    1 wrong (stream.full), 1 to watch, 1 well");
    }

    #[test]
    fn it_is_coloured_only_where_that_was_asked() {
        let plain = report().text(Style { coloured: false, width: 80 });
        let coloured = report().text(Style { coloured: true, width: 80 });
        assert!(!plain.contains('\x1b') && coloured.contains("\x1b[1;31mbad\x1b[0m"), "{coloured}");
    }

    #[test]
    fn a_word_that_is_too_long_is_cut() {
        assert_eq!(folded("a bcdefgh i", 4), ["a", "bcde", "fgh", "i"]);
    }

    #[test]
    fn programs_are_told_the_same() {
        let json = report().json();
        assert_eq!(json["summary"]["verdict"], "bad");
        assert_eq!(json["summary"]["bad"], 1);
        let found: Vec<&str> = json["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["id"].as_str().unwrap())
            .collect();
        assert_eq!(found, ["control.ready", "worker.failed", "stream.full"]);
    }
}
