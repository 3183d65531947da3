//! Text against text, line by line; lines of tables by their columns.

use super::align::{Item, Misfit, align};
use super::clean::{Line, is_elision};
use super::forms::{self, PLAIN};
use super::table::{self, Difference, Row};
use super::{Drift, DriftKind, shortened};

/// A line that a page shows.
pub(super) struct Documented<'a> {
    pub(super) line: &'a Line,
    row: Option<Row>,
    text: forms::Documented,
}

/// A line that was printed.
pub(super) struct Real<'a> {
    pub(super) line: &'a Line,
    row: Option<Row>,
    pub(super) text: forms::Real<'a>,
}

/// Whether the documented lines stand for the real ones. Blank lines claim nothing.
pub(super) fn compare(shown: &[Line], printed: &[Line]) -> Result<(), Drift> {
    let documented = documented(shown);
    if documented.is_empty() {
        return Ok(());
    }
    let real = real(printed);
    align(&documented, &real, same).map_err(|misfit| drift(&documented, &real, misfit))
}

/// The lines of a page that say something.
pub(super) fn documented(lines: &[Line]) -> Vec<Item<Documented<'_>>> {
    with_rows(lines)
        .map(|(line, row)| match is_elision(&line.text) {
            true => Item::Elision,
            false => Item::One(Documented {
                line,
                row,
                text: forms::documented(&line.text, PLAIN),
            }),
        })
        .collect()
}

/// The lines of an output that say something.
pub(super) fn real(lines: &[Line]) -> Vec<Real<'_>> {
    with_rows(lines)
        .map(|(line, row)| Real {
            line,
            row,
            text: forms::real(&line.text, PLAIN),
        })
        .collect()
}

fn with_rows(lines: &[Line]) -> impl Iterator<Item = (&Line, Option<Row>)> {
    let rows = table::rows(lines);
    let all = lines.iter().zip(rows);
    all.filter(|(line, _)| !line.text.is_empty())
}

/// Whether a line of the page stands for the one that was printed.
pub(super) fn same(documented: &Documented<'_>, real: &Real<'_>) -> bool {
    let by_columns = || match (&documented.row, &real.row) {
        (Some(documented), Some(real)) => documented.difference(real).is_none(),
        _ => false,
    };
    documented.text.fits(&real.text) || by_columns()
}

fn drift(documented: &[Item<Documented<'_>>], real: &[Real<'_>], misfit: Misfit) -> Drift {
    let shown = misfit
        .documented
        .and_then(|index| match &documented[index] {
            Item::One(shown) => Some(shown),
            Item::Elision => None,
        });
    let found = misfit.real.map(|index| &real[index]);
    let last_line = documented.iter().rev().find_map(|item| match item {
        Item::One(shown) => Some(shown.line.number),
        Item::Elision => None,
    });
    let (kind, why) = match (shown, found) {
        (Some(shown), Some(found)) => differing(shown, found, documented, real, misfit),
        (Some(_), None) => (
            DriftKind::Line,
            "the output ends before this line of the page".to_owned(),
        ),
        (None, _) => (
            DriftKind::Line,
            "the output goes on where the page ends; a line of `...` elides the rest".to_owned(),
        ),
    };
    let text = |line: &Line| shortened(line.text.trim());
    Drift {
        kind,
        at_line: shown.map_or(last_line.unwrap_or(1), |shown| shown.line.number),
        expected: shown.map_or_else(|| "(nothing more)".to_owned(), |shown| text(shown.line)),
        found: found.map_or_else(|| "(nothing more)".to_owned(), |found| text(found.line)),
        why,
    }
}

fn differing(
    shown: &Documented<'_>,
    found: &Real<'_>,
    documented: &[Item<Documented<'_>>],
    real: &[Real<'_>],
    misfit: Misfit,
) -> (DriftKind, String) {
    if let (Some(shown), Some(found)) = (&shown.row, &found.row) {
        match shown.difference(found) {
            Some(Difference::Cell(column)) => {
                let (title, cell) = (&shown.titles[column], &shown.cells[column]);
                let why = format!(
                    "column {title} shows {cell:?} on the page, {:?} in the output",
                    found.cells[column]
                );
                return (DriftKind::Value, why);
            }
            Some(Difference::Columns) if shown.is_header() && found.is_header() => {
                let why = format!(
                    "the table has the columns {} on the page, {} in the output",
                    shown.titles.join(", "),
                    found.titles.join(", ")
                );
                return (DriftKind::Columns, why);
            }
            _ => {}
        }
    }
    if shown.row.as_ref().is_some_and(Row::is_header) && real.iter().all(|line| line.row.is_none())
    {
        let why = "the page shows a table, and the output has none".to_owned();
        return (DriftKind::Columns, why);
    }
    (DriftKind::Line, shifted(documented, real, misfit))
}

/// Whether lines are only inserted or missing, rather than changed.
fn shifted(documented: &[Item<Documented<'_>>], real: &[Real<'_>], misfit: Misfit) -> String {
    let (Some(at), Some(found_at)) = (misfit.documented, misfit.real) else {
        return String::new();
    };
    let is_at = |index: usize, real_index: usize| match &documented[index] {
        Item::One(shown) => same(shown, &real[real_index]),
        Item::Elision => false,
    };
    let inserted = (found_at + 1..real.len()).find(|later| is_at(at, *later));
    let missing = (at + 1..documented.len()).find(|later| is_at(*later, found_at));
    let lines = |count: usize| match count {
        1 => "a line".to_owned(),
        count => format!("{count} lines"),
    };
    match (inserted, missing) {
        (Some(later), _) => format!(
            "the output has {} here that the page does not show; a line of `...` elides them",
            lines(later - found_at)
        ),
        (None, Some(later)) => format!("the output lacks {} of the page here", lines(later - at)),
        (None, None) => "the line differs".to_owned(),
    }
}
