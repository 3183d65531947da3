//! Tables: aligned where they fit, their cells wrapped where that is enough, else one record after the other.

use super::super::style::{Style, columns, padded};
use super::behind;
use super::line::{Line, painted};
use crate::lab::prose::{Cell, Inline};
use crate::message;

/// Blanks between two columns.
const GAP: usize = 2;
/// Columns that a cell needs to be read.
const CELL: usize = 14;

pub(super) fn render(
    header: &[Cell],
    rows: &[Vec<Cell>],
    width: usize,
    style: Style,
) -> Vec<String> {
    let lines =
        |cells: &[Cell]| -> Vec<Line> { cells.iter().map(|cell| Line::of(cell, style)).collect() };
    let titles: Vec<Line> = lines(header)
        .into_iter()
        .map(|title| title.all("1"))
        .collect();
    let cells: Vec<Vec<Line>> = rows.iter().map(|row| lines(row)).collect();
    let widths = if style.plain {
        None
    } else {
        widths(&titles, &cells, width)
    };
    let Some(widths) = widths else {
        return records(header, rows, width, style);
    };
    let mut text = row(&titles, &widths, style);
    let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
    text.push(painted("2", &rule.join(&" ".repeat(GAP)), style));
    let is_wrapped = cells
        .iter()
        .flatten()
        .zip(widths.iter().cycle())
        .any(|(cell, width)| cell.columns() > *width);
    for (index, cells) in cells.iter().enumerate() {
        if is_wrapped && index > 0 {
            text.push(String::new());
        }
        text.extend(row(cells, &widths, style));
    }
    text
}

/// How wide each column gets; `None` when they do not all get what they need.
fn widths(titles: &[Line], rows: &[Vec<Line>], width: usize) -> Option<Vec<usize>> {
    let natural = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .chain(titles.get(column))
            .map(Line::columns)
            .max()
            .unwrap_or_default()
    };
    let mut widths: Vec<usize> = (0..titles.len()).map(natural).collect();
    let available = width.saturating_sub(GAP * titles.len().saturating_sub(1));
    loop {
        let total: usize = widths.iter().sum();
        if total <= available {
            return Some(widths);
        }
        let widest = widths.iter_mut().max().filter(|widest| **widest > CELL)?;
        *widest -= (total - available).min(*widest - CELL).clamp(1, 4);
    }
}

fn row(cells: &[Line], widths: &[usize], style: Style) -> Vec<String> {
    let cells: Vec<Vec<String>> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| cell.wrapped(*width, style))
        .collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    let line = |index: usize| {
        let parts = cells.iter().zip(widths);
        let parts =
            parts.map(|(cell, width)| padded(cell.get(index).map_or("", String::as_str), *width));
        parts
            .collect::<Vec<_>>()
            .join(&" ".repeat(GAP))
            .trim_end()
            .to_owned()
    };
    (0..height).map(line).collect()
}

/// Each row as a record: what its columns are called, and what it says there.
fn records(header: &[Cell], rows: &[Vec<Cell>], width: usize, style: Style) -> Vec<String> {
    let mut text = Vec::new();
    if rows.is_empty() {
        header
            .iter()
            .for_each(|title| text.extend(Line::of(title, style).wrapped(width, style)));
    }
    for row in rows {
        if !text.is_empty() {
            text.push(String::new());
        }
        for (index, cell) in row.iter().enumerate() {
            let title = header
                .get(index)
                .map(|title| crate::lab::prose::plain_text(title));
            let title = title.filter(|title| !title.trim().is_empty()).map(|title| {
                let label = message!("lesson-label", label = title).to(style.language);
                Inline::Strong(vec![Inline::Text(label)])
            });
            let parts: Vec<Inline> = title.into_iter().chain(cell.iter().cloned()).collect();
            let lines = Line::of(&parts, style).wrapped(width.saturating_sub(2), style);
            text.extend(behind("", "  ", lines));
        }
    }
    text.retain({
        let mut last_was_blank = false;
        move |line| {
            let is_blank = columns(line) == 0;
            !(std::mem::replace(&mut last_was_blank, is_blank) && is_blank)
        }
    });
    text
}
