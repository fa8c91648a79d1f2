//! How a table becomes as wide as a terminal: what says least gives way first, and ids and times are never cut.

use super::{
    Column,
    shown::{bare_id, is_id, is_time, short_time, without_id},
};

/// Of a text that gives room to others.
const NARROWEST: usize = 6;
/// Of a text, before columns are left out for it.
const LEGIBLE: usize = 13;

/// Of `lines` the first is the head; ids and times in the others are short already. Returns how wide each column is.
pub fn fit(
    columns: &mut Vec<Column>,
    lines: &mut [Vec<String>],
    width: usize,
    year: i16,
) -> Vec<usize> {
    leave_out_empty(columns, lines);
    let natural = |lines: &[Vec<String>]| total(&widths(columns.len(), lines));
    if natural(lines) > width {
        each_cell(lines, without_id);
    }
    if natural(lines) > width {
        each_cell(lines, |cell| short_time(cell, year));
    }
    if least(columns, lines) > width {
        each_cell(lines, bare_id);
    }
    while least(columns, lines) > width {
        let Some(column) = columns.iter().rposition(Column::gives_way) else { break };
        leave_out(column, columns, lines);
    }
    let mut widths = widths(columns.len(), lines);
    narrow(columns, lines, &mut widths, width);
    widths
}

pub fn widths(columns: usize, lines: &[Vec<String>]) -> Vec<usize> {
    let width = |column: usize| lines.iter().map(|line| count(&line[column])).max();
    (0..columns).map(|column| width(column).unwrap_or(0)).collect()
}

pub fn count(text: &str) -> usize {
    text.chars().count()
}

fn each_cell(lines: &mut [Vec<String>], change: impl Fn(&str) -> Option<String>) {
    for cell in lines.iter_mut().skip(1).flatten() {
        if let Some(changed) = change(cell) {
            *cell = changed;
        }
    }
}

fn leave_out(column: usize, columns: &mut Vec<Column>, lines: &mut [Vec<String>]) {
    columns.remove(column);
    for line in lines {
        line.remove(column);
    }
}

/// But the first, so that there is one.
fn leave_out_empty(columns: &mut Vec<Column>, lines: &mut [Vec<String>]) {
    for column in (1..columns.len()).rev() {
        if lines.len() > 1 && lines[1..].iter().all(|line| line[column].is_empty()) {
            leave_out(column, columns, lines);
        }
    }
}

/// With two spaces between columns.
fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1)
}

/// As narrow as it can be and still be read.
fn least(columns: &[Column], lines: &[Vec<String>]) -> usize {
    let widths = widths(columns.len(), lines).into_iter().enumerate();
    let least: Vec<usize> = widths
        .map(
            |(column, width)| {
                if may_be_cut(columns, lines, column) { width.min(LEGIBLE) } else { width }
            },
        )
        .collect();
    total(&least)
}

/// A text that is neither an id nor a time: of those a part says nothing.
fn may_be_cut(columns: &[Column], lines: &[Vec<String>], column: usize) -> bool {
    let whole = |cell: &str| cell.is_empty() || is_id(cell) || is_time(cell);
    columns[column].is_text() && !lines.iter().skip(1).all(|line| whole(&line[column]))
}

/// The widest text first.
fn narrow(columns: &[Column], lines: &[Vec<String>], widths: &mut [usize], width: usize) {
    let texts: Vec<usize> =
        (0..columns.len()).filter(|column| may_be_cut(columns, lines, *column)).collect();
    while total(widths) > width {
        match texts.iter().max_by_key(|column| widths[**column]) {
            Some(column) if widths[*column] > NARROWEST => widths[*column] -= 1,
            Some(_) | None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: i16 = 2026;

    fn fitted(columns: &[Column], cells: &[&[&str]], width: usize) -> (Vec<Vec<String>>, usize) {
        let mut columns = columns.to_vec();
        let mut lines = vec![columns.iter().map(|column| column.head().to_owned()).collect()];
        lines.extend(
            cells.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()),
        );
        let widths = fit(&mut columns, &mut lines, width, YEAR);
        lines.remove(0);
        (lines, total(&widths))
    }

    #[test]
    fn what_says_least_gives_way_first() {
        let columns = [
            Column::Text("NAME"),
            Column::Text("ID"),
            Column::Text("AT"),
            Column::Number("N"),
            Column::Detail("MORE".to_owned()),
            Column::Aside("SINCE"),
        ];
        let name = "physics (prj_…11111111)";
        let row = [name, "key_…22222222", "2026-11-26 20:14", "7", "123456", "2025-11-26 20:14"];
        for (width, kept) in [
            (85, &row[..]),
            (84, &["physics", row[1], row[2], "7", "123456", row[5]]),
            (68, &["physics", row[1], "11-26 20:14", "7", "123456", "2025-11-26"]),
            (57, &["physics", "…22222222", "11-26 20:14", "7", "123456", "2025-11-26"]),
            (53, &["physics", "…22222222", "11-26 20:14", "7", "123456"]),
            (41, &["physics", "…22222222", "11-26 20:14", "7"]),
        ] {
            let (lines, total) = fitted(&columns, &[&row], width);
            assert_eq!(lines[0], kept, "{width}");
            assert!(total <= width, "{total} of {width}");
        }
    }

    #[test]
    fn ids_and_times_are_never_cut_and_texts_are() {
        let columns = [Column::Text("NAME"), Column::Text("ID"), Column::Text("AT")];
        let row = ["a long name of something", "key_…22222222", "2026-11-26 20:14"];
        let (lines, total) = fitted(&columns, &[&row, &["b", "", ""]], 40);
        assert_eq!((&lines[0][1][..], &lines[0][2][..]), ("…22222222", "11-26 20:14"));
        assert_eq!(total, 9 + 2 + 9 + 2 + 11 + 7, "the name has what is left");
    }
}
