//! What `--fix` does to a file's text.

use std::ops::Range;

use super::Pages;
use super::steps::PageView;
use crate::diagnostic::{Diagnostic, Edit};

/// Adds what mends the parser's diagnostics, where that is certain.
pub(super) fn offer(all: &mut [Diagnostic], pages: &Pages<'_>) {
    for one in all.iter_mut().filter(|one| one.fix.is_none()) {
        if let Some(view) = pages.get(one.path.as_path())
            && let Some((span, text)) = mended(one, view)
        {
            one.fix = Some(Edit { span, text });
        }
    }
}

fn mended(one: &Diagnostic, view: &PageView<'_>) -> Option<(Range<usize>, String)> {
    let line = view.lines.span(one.line);
    let text = view.lines.text(one.line);
    match one.code {
        "continuation-blank" => {
            let kept = text.trim_end_matches([' ', '\t']);
            Some((line.start + kept.len()..line.end, String::new()))
        }
        "prompt-without-blank" => {
            let at = line.start + text.find('$')? + 1;
            let tabs = text[at - line.start..].len() - text[at - line.start..].trim_start().len();
            Some((at..at + tabs, " ".to_owned()))
        }
        "prompt-indented" => {
            let blocks = view.page.blocks.iter();
            let mut around = blocks.filter(|block| block.line < one.line);
            let fence = view.lines.text(around.next_back()?.line);
            let margin = &fence[..fence.len() - fence.trim_start().len()];
            let own = text.len() - text.trim_start().len();
            // In a list or a quote the margin is not made of blanks alone.
            let is_plain = fence.trim_start().starts_with(['`', '~']);
            is_plain.then(|| (line.start..line.start + own, margin.to_owned()))
        }
        "command-empty" => {
            let end = view.text[line.end..]
                .find('\n')
                .map_or(line.end, |at| line.end + at + 1);
            Some((line.start..end, String::new()))
        }
        "annotation-unknown" | "annotation-value" => {
            let meant = meant(one)?;
            let there = view.text.get(one.span.clone())?;
            if one.code == "annotation-unknown" {
                let same = there.eq_ignore_ascii_case(meant);
                return same.then(|| (one.span.clone(), meant.to_owned()));
            }
            let (_, value) = meant.split_once('=')?;
            Some((one.span.clone(), value.to_owned()))
        }
        _ => None,
    }
}

/// What the author probably meant, where a diagnostic asks.
pub fn meant(one: &Diagnostic) -> Option<&str> {
    let asked = one.help.as_deref()?.strip_prefix("did you mean `")?;
    asked.strip_suffix("`?")
}

/// The text with the edits of these diagnostics, which are all about this file, and how many were made. Where two
/// overlap, the first is made: another run makes the other.
pub fn fixed(text: &str, diagnostics: &[&Diagnostic]) -> (String, usize) {
    let mut edits: Vec<&Edit> = diagnostics
        .iter()
        .filter_map(|one| one.fix.as_ref())
        .collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    edits.dedup();
    let mut fixed = String::with_capacity(text.len());
    let (mut done, mut count) = (0, 0);
    for edit in edits {
        let (start, end) = (edit.span.start, edit.span.end);
        let is_whole = text.is_char_boundary(start) && text.is_char_boundary(end);
        if start < done || !is_whole {
            continue;
        }
        fixed.push_str(&text[done..start]);
        fixed.push_str(&edit.text);
        done = end;
        count += 1;
    }
    fixed.push_str(&text[done..]);
    (fixed, count)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnostic::{Location, Severity};

    #[test]
    fn edits_that_overlap_are_made_one_at_a_time() {
        let one = |span, text: &str| {
            let at = Location::start_of_file();
            Diagnostic::new(Severity::Warning, "x", Path::new("p"), at, "").with_fix(span, text)
        };
        let all = [
            one(4..7, "B"),
            one(0..3, "A"),
            one(2..5, "no"),
            one(90..91, "no"),
        ];
        let all: Vec<&Diagnostic> = all.iter().collect();
        assert_eq!(fixed("one two", &all), ("A B".to_owned(), 2));
    }
}
