//! Lines in columns, for people: as wide as a terminal, unless all of it is asked for; or separated by commas.

pub mod shown;

use std::fmt::Write as _;

use self::shown::{printable, shortened};
use super::output::Format;

/// A column, by what is at its head.
#[derive(Debug, Clone)]
pub enum Column {
    Text(&'static str),
    /// Aligned at the right.
    Number(&'static str),
    /// The same, and left out where there is no room for all.
    Detail(String),
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
/// Of a column that gives room to others.
const NARROWEST: usize = 6;
/// Of a text, before numbers are left out for it: a short id.
const LEGIBLE: usize = 13;

impl Column {
    fn head(&self) -> &str {
        match self {
            Self::Text(head) | Self::Number(head) => head,
            Self::Detail(head) | Self::Named(head) => head,
        }
    }

    const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
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

    /// Two spaces between columns, none at the end of a line. Within a width, ids and times are short, columns in which
    /// nothing stands are left out, and the longest texts are cut.
    fn aligned(self, width: Option<usize>) -> String {
        let shown = |cell: &String| match width {
            Some(_) => shortened(cell),
            None => printable(cell),
        };
        let mut lines: Vec<Vec<String>> =
            vec![self.columns.iter().map(|column| column.head().to_owned()).collect()];
        lines.extend(self.rows.iter().map(|row| row.iter().map(shown).collect()));
        let mut columns = self.columns;
        if width.is_some() {
            leave_out_empty(&mut columns, &mut lines);
        }
        if let Some(width) = width {
            leave_out_details(&mut columns, &mut lines, width);
        }
        let mut widths = widths(columns.len(), &lines);
        if let Some(width) = width {
            narrow(&columns, &mut widths, width);
        }
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

/// What a terminal that is wider says of itself.
fn terminal_width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    said.unwrap_or(USUAL_WIDTH).max(USUAL_WIDTH)
}

fn widths(columns: usize, lines: &[Vec<String>]) -> Vec<usize> {
    let width = |column: usize| lines.iter().map(|line: &Vec<String>| count(&line[column])).max();
    (0..columns).map(|column| width(column).unwrap_or(0)).collect()
}

fn leave_out(column: usize, columns: &mut Vec<Column>, lines: &mut [Vec<String>]) {
    columns.remove(column);
    for line in lines {
        line.remove(column);
    }
}

fn leave_out_empty(columns: &mut Vec<Column>, lines: &mut [Vec<String>]) {
    for column in (1..columns.len()).rev() {
        if lines.len() > 1 && lines[1..].iter().all(|line| line[column].is_empty()) {
            leave_out(column, columns, lines);
        }
    }
}

/// The last of them first, until the texts can be read.
fn leave_out_details(columns: &mut Vec<Column>, lines: &mut [Vec<String>], width: usize) {
    loop {
        let widths = widths(columns.len(), lines);
        let least = columns
            .iter()
            .zip(widths)
            .map(|(column, width)| if column.is_text() { width.min(LEGIBLE) } else { width });
        let least = least.sum::<usize>() + 2 * columns.len().saturating_sub(1);
        let detail = columns.iter().rposition(|column| matches!(column, Column::Detail(_)));
        match detail {
            Some(column) if least > width => leave_out(column, columns, lines),
            Some(_) | None => return,
        }
    }
}

/// The widest columns of texts give way until all fit.
fn narrow(columns: &[Column], widths: &mut [usize], width: usize) {
    let between = 2 * columns.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + between > width {
        let texts = (0..columns.len()).filter(|column| columns[*column].is_text());
        let widest = texts.max_by_key(|column| widths[*column]);
        match widest {
            Some(column) if widths[column] > NARROWEST => widths[column] -= 1,
            Some(_) | None => return,
        }
    }
}

fn cut(text: &str, width: usize) -> String {
    if count(text) <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

fn count(text: &str) -> usize {
    text.chars().count()
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
