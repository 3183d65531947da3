//! Tables as `kubectl` prints them: a first line of titles in capitals, then rows in columns.

use super::clean::{Line, is_elision};
use super::forms::{self, Context};

/// Columns whose values are measured anew in every run.
const MEASURED: [&str; 8] = [
    "AGE",
    "LAST SEEN",
    "FIRST SEEN",
    "RESTARTS",
    "CPU(cores)",
    "CPU%",
    "MEMORY(bytes)",
    "MEMORY%",
];

/// A line that belongs to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The titles of the table's columns.
    pub(super) titles: Vec<String>,
    /// One for each title.
    pub(super) cells: Vec<String>,
}

/// Two rows that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// Their tables have other columns.
    Columns,
    /// The cells of this column.
    Cell(usize),
}

impl Row {
    /// Whether this is the line of titles.
    pub(super) fn is_header(&self) -> bool {
        self.titles == self.cells
    }

    /// The first difference between a documented row and a real one.
    pub(super) fn difference(&self, real: &Row) -> Option<Difference> {
        if self.titles != real.titles || self.is_header() != real.is_header() {
            return Some(Difference::Columns);
        }
        let column = (0..self.titles.len()).find(|column| {
            let title = self.titles[*column].as_str();
            let context = Context {
                ages: !title.contains("CPU"),
                short_versions: title.contains("VERSION"),
            };
            !MEASURED.contains(&title)
                && !forms::same(&self.cells[*column], &real.cells[*column], context)
        });
        column.map(Difference::Cell)
    }
}

/// The row that each line is, if it belongs to a table. A blank line ends a table.
pub(super) fn rows(lines: &[Line]) -> Vec<Option<Row>> {
    let mut table: Option<Table<'_>> = None;
    lines
        .iter()
        .map(|line| {
            let text = line.text.as_str();
            if let Some(found) = header(text) {
                table = Some(found);
            } else if text.is_empty() {
                table = None;
            }
            let table = table.as_ref().filter(|_| !is_elision(text))?;
            Some(Row {
                titles: table
                    .titles
                    .iter()
                    .map(|title| (*title).to_owned())
                    .collect(),
                cells: table.cells(text)?,
            })
        })
        .collect()
}

struct Table<'a> {
    titles: Vec<&'a str>,
    /// Where the titles begin, in characters.
    starts: Vec<usize>,
}

/// The table that a line of titles opens: at least two columns, all in capitals.
fn header(line: &str) -> Option<Table<'_>> {
    let titles = split(line);
    let is_title = |title: &&str| {
        let mut letters = title.chars();
        letters
            .next()
            .is_some_and(|first| first.is_ascii_uppercase())
            && letters.all(|letter| {
                letter.is_ascii_uppercase()
                    || letter.is_ascii_digit()
                    || matches!(letter, ' ' | '(' | ')' | '%' | '_' | '-' | '/')
                    // kubectl top writes `CPU(cores)` and `MEMORY(bytes)`.
                    || (letter.is_ascii_lowercase() && title.contains('('))
            })
    };
    if titles.len() < 2 || !titles.iter().all(is_title) {
        return None;
    }
    let mut at = 0;
    let starts = titles
        .iter()
        .map(|title| {
            at += line[at..].find(title).unwrap_or(0);
            let start = line[..at].chars().count();
            at += title.len();
            start
        })
        .collect();
    Some(Table { titles, starts })
}

impl Table<'_> {
    /// By the gaps between them; by the places of the titles where a cell is empty.
    fn cells(&self, line: &str) -> Option<Vec<String>> {
        let cells = split(line);
        if cells.len() == self.titles.len() {
            return Some(cells.into_iter().map(str::to_owned).collect());
        }
        let letters: Vec<char> = line.chars().collect();
        let blank_before = |start: usize| {
            let before = start.checked_sub(1).and_then(|index| letters.get(index));
            before.is_none_or(|letter| letter.is_whitespace())
        };
        if cells.len() > self.titles.len() || !self.starts.iter().all(|start| blank_before(*start))
        {
            return None;
        }
        let ends = self.starts.iter().skip(1).copied().chain([usize::MAX]);
        let cell = |(start, end): (&usize, usize)| {
            let part = letters.get(*start..end.min(letters.len()).max(*start));
            let text: String = part.unwrap_or_default().iter().collect();
            text.trim().to_owned()
        };
        Some(self.starts.iter().zip(ends).map(cell).collect())
    }
}

/// What stands between tabs or two blanks and more.
fn split(line: &str) -> Vec<&str> {
    let parts = line.split('\t').flat_map(|part| part.split("  "));
    parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::clean;
    use super::*;

    /// The cells of each line that is a row.
    #[track_caller]
    fn check(text: &str, expected: &[&[&str]]) {
        let rows = rows(&clean::lines(text));
        let cells: Vec<Vec<String>> = rows.into_iter().flatten().map(|row| row.cells).collect();
        assert_eq!(cells, expected);
    }

    #[test]
    fn rows_follow_their_titles() {
        check(
            "NAME    STATUS   LAST SEEN\nnode-1  Ready    3 d ago\n\nnode-2  Ready    x\n",
            &[
                &["NAME", "STATUS", "LAST SEEN"],
                &["node-1", "Ready", "3 d ago"],
            ],
        );
        check(
            "NAME \tREVISION\nui   \t1       \n",
            &[&["NAME", "REVISION"], &["ui", "1"]],
        );
        check(
            "NAME   CPU(cores)\nui     2m\n",
            &[&["NAME", "CPU(cores)"], &["ui", "2m"]],
        );
    }

    #[test]
    fn an_empty_cell_is_found_by_its_place() {
        check(
            "NAME    NODE    STATUS\na               Ready\n",
            &[&["NAME", "NODE", "STATUS"], &["a", "", "Ready"]],
        );
    }

    #[test]
    fn other_text_is_no_table() {
        check("Name   Status\na      b\n", &[]);
        check("NAME\na\n", &[]);
        check(
            "AB   CD\none sentence that runs across the columns\n",
            &[&["AB", "CD"]],
        );
    }

    #[track_caller]
    fn check_difference(documented: &str, real: &str, expected: Option<Difference>) {
        let last = |text: &str| rows(&clean::lines(text)).pop().flatten().unwrap();
        assert_eq!(last(documented).difference(&last(real)), expected);
    }

    #[test]
    fn cells_differ_by_column() {
        check_difference("A  AGE\nx  3d", "A  AGE\nx  <unknown>", None);
        check_difference(
            "A  CPU\nx  250m",
            "A  CPU\nx  100m",
            Some(Difference::Cell(1)),
        );
        check_difference("A  VERSION\nx  1.30", "A  VERSION\nx  1.31", None);
        check_difference("A  B\nx  y", "A  C\nx  y", Some(Difference::Columns));
    }
}
