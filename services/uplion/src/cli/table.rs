//! Lines in columns, for people.

/// A column, by what is at its head.
#[derive(Debug, Clone)]
pub enum Column {
    Text(&'static str),
    /// Aligned at the right.
    Number(&'static str),
    /// The same, under a head with a name in it: of a currency, of a unit.
    Named(String),
}

impl Column {
    fn head(&self) -> &str {
        match self {
            Self::Text(head) | Self::Number(head) => head,
            Self::Named(head) => head,
        }
    }
}

/// Two spaces between columns, none at the end of a line; no line ends with a line feed but the ones before the last.
pub fn table(columns: &[Column], rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = columns.iter().map(|column| column.head().to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&heads).chain(rows).collect();
    let width =
        |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &&Vec<String>| {
        let cells =
            row.iter().zip(columns).zip(&widths).map(|((text, column), width)| match column {
                Column::Text(_) => format!("{text:<width$}"),
                Column::Number(_) | Column::Named(_) => format!("{text:>width$}"),
            });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let columns = [Column::Text("NAME"), Column::Number("N"), Column::Text("")];
        let row = |cells: [&str; 3]| cells.map(ToOwned::to_owned).to_vec();
        let table = table(&columns, &[row(["ü", "1", ""]), row(["physics", "200", "x"])]);
        assert_eq!(table, "NAME       N\nü          1\nphysics  200  x");
    }
}
