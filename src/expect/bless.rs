//! Documented output written anew where it drifted. What still says the truth stays as its author
//! wrote it: lines and values that agree by form, elisions, pointer marks, the order of members.

mod json;
mod text;

use super::{Comparison, clean, compare};

/// What becomes of a documented text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blessed {
    /// It says what was printed.
    AsBefore,
    /// Another text, each line ended by `\n`, that agrees with what was printed.
    Rewritten(String),
    /// No text that can be written would agree.
    Impossible,
}

/// Mends a documented text with what was really printed. A text that claims nothing is left alone.
pub fn bless(documented: &str, real: &str) -> Blessed {
    if compare(documented, real) == Comparison::Match {
        return Blessed::AsBefore;
    }
    // The one that keeps most comes first.
    let ways = [json::rewritten, text::rewritten, whole];
    let mut rewritten = ways.iter().filter_map(|way| way(documented, real));
    let agrees = |text: &String| compare(text, real) == Comparison::Match;
    match rewritten.find(agrees) {
        Some(text) => Blessed::Rewritten(text),
        None => Blessed::Impossible,
    }
}

/// Everything anew, between the blank lines that the author left.
fn whole(documented: &str, real: &str) -> Option<String> {
    let is_blank = |line: &&str| line.trim().is_empty();
    let lines: Vec<&str> = documented.lines().collect();
    let before = lines.iter().take_while(|line| is_blank(line)).count();
    let after = lines.iter().rev().take_while(|line| is_blank(line)).count();
    let found = clean::lines(real);
    let is_empty = |line: &&clean::Line| line.text.is_empty();
    let first = found.iter().take_while(is_empty).count();
    let last = found.len() - found.iter().rev().take_while(is_empty).count();
    let printed = found.get(first..last).unwrap_or_default();
    let all = lines[..before]
        .iter()
        .copied()
        .chain(printed.iter().map(|line| line.text.as_str()))
        .chain(lines[lines.len() - after..].iter().copied());
    Some(joined(all))
}

fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests;
