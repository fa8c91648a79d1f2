//! Lines in columns, for people: as wide as a terminal, unless all of it is asked for; or separated by commas.

mod fit;
pub mod shown;

use std::fmt::Write as _;

use self::{
    fit::{count, fit, widths},
    shown::{printable, shortened},
};
use super::output::Format;

/// A column, by what is at its head.
#[derive(Debug, Clone)]
pub enum Column {
    Text(&'static str),
    /// Aligned at the right.
    Number(&'static str),
    /// The same, and left out where there is no room for all.
    Detail(String),
    /// A text that is left out so, too.
    Aside(&'static str),
    /// The same, under a head with a name in it: of a currency, of a unit.
    Named(String),
}

#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// Characters of a line that every terminal has.
const USUAL_WIDTH: usize = 80;

impl Column {
    fn head(&self) -> &str {
        match self {
            Self::Text(head) | Self::Number(head) | Self::Aside(head) => head,
            Self::Detail(head) | Self::Named(head) => head,
        }
    }

    const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Aside(_))
    }

    const fn gives_way(&self) -> bool {
        matches!(self, Self::Detail(_) | Self::Aside(_))
    }
}

pub fn table(columns: &[Column], rows: &[Vec<String>]) -> Table {
    Table { columns: columns.to_vec(), rows: rows.to_vec() }
}

impl Table {
    /// No line ends with a line feed but the ones before the last.
    pub fn text(self, format: Format) -> String {
        if format.csv {
            self.csv()
        } else if format.wide {
            self.aligned(None)
        } else {
            self.aligned(Some(terminal_width()))
        }
    }

    /// Two spaces between columns, none at the end of a line. Within a width, ids and times are short, and columns in which
    /// nothing stands are left out.
    fn aligned(self, width: Option<usize>) -> String {
        let shown = |cell: &String| match width {
            Some(_) => shortened(cell),
            None => printable(cell),
        };
        let mut lines: Vec<Vec<String>> =
            vec![self.columns.iter().map(|column| column.head().to_owned()).collect()];
        lines.extend(self.rows.iter().map(|row| row.iter().map(shown).collect()));
        let mut columns = self.columns;
        let widths = match width {
            Some(width) => fit(&mut columns, &mut lines, width, this_year()),
            None => widths(columns.len(), &lines),
        };
        let line = |line: &Vec<String>| {
            let cells = line.iter().zip(&columns).zip(&widths).map(|((text, column), width)| {
                let text = cut(text, *width);
                if column.is_text() { format!("{text:<width$}") } else { format!("{text:>width$}") }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// As RFC 4180 has it, but for the line feeds; whole ids, and times in UTC.
    fn csv(self) -> String {
        let mut text = String::new();
        let heads = self.columns.iter().map(|column| column.head().to_lowercase()).collect();
        for (number, line) in std::iter::once(&heads).chain(&self.rows).enumerate() {
            let cells: Vec<String> = line.iter().map(|cell| quoted(&printable(cell))).collect();
            let feed = if number == 0 { "" } else { "\n" };
            write!(text, "{feed}{}", cells.join(","))
                .expect("a string takes what is written to it");
        }
        text
    }
}

fn this_year() -> i16 {
    jiff::Zoned::now().year()
}

/// What a terminal that is wider says of itself.
fn terminal_width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    said.unwrap_or(USUAL_WIDTH).max(USUAL_WIDTH)
}

fn cut(text: &str, width: usize) -> String {
    if count(text) <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) || cell.starts_with(' ') || cell.ends_with(' ') {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    fn of(columns: &[Column], cells: &[&[&str]], wide: bool, csv: bool) -> String {
        table(columns, &rows(cells)).text(Format { json: false, wide, csv })
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let columns = [Column::Text("NAME"), Column::Number("N"), Column::Text("")];
        let cells: &[&[&str]] = &[&["ü", "1", ""], &["physics", "200", "x"]];
        let table = of(&columns, cells, true, false);
        assert_eq!(table, "NAME       N\nü          1\nphysics  200  x");
    }

    #[test]
    fn a_table_fits_a_terminal_unless_all_of_it_is_asked_for() {
        let columns =
            [Column::Text("NAME"), Column::Text("ID"), Column::Text("URL"), Column::Number("N")];
        let id = "key_01a216daa0a176ddbbe26c2448b93409";
        let url = "https://a-very-long-name.of-a-server.example.org:8443/v1/and/a/path";
        let cells: &[&[&str]] = &[&["physics", id, url, "123456789"]];
        let narrow = of(&columns, cells, false, false);
        assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
        assert!(narrow.contains("123456789") && narrow.contains("key_…48b93409"), "{narrow}");
        let wide = of(&columns, cells, true, false);
        assert!(wide.contains(id) && wide.contains(url), "{wide}");
    }

    #[test]
    fn nothing_of_a_cell_is_obeyed_by_a_terminal() {
        let columns = [Column::Text("NAME")];
        for (wide, csv) in [(false, false), (true, false), (true, true)] {
            let text = of(&columns, &[&["a\u{1b}[2J\n\u{202e}b"]], wide, csv);
            assert_eq!(text.lines().count(), 2, "{text:?}");
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        }
    }

    #[test]
    fn values_are_separated_by_commas_and_quoted_where_it_is_needed() {
        let columns = [Column::Text("NAME"), Column::Number("COST")];
        let text = of(&columns, &[&["a, \"b\"", "1.50"]], false, true);
        assert_eq!(text, "name,cost\n\"a, \"\"b\"\"\",1.50");
    }
}
