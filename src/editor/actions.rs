//! What an editor can do about a diagnostic: mend it, or write down that it is meant so.

use std::ops::Range;
use std::path::Path;

use super::OpenPage;
use super::place::{Place, allowing_comment, place};
use crate::diagnostic::{Diagnostic, Edit, Severity};
use crate::lab;
use crate::lint::fix;
use crate::lint::rules::rule;
use crate::lint::suppressions::MARK;

/// Something that can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    pub title: String,
    pub edit: Edit,
    /// Which of the diagnostics it is about, counted from 0.
    pub about: usize,
    /// Whether it mends without a doubt.
    pub is_mend: bool,
}

/// What can be done about those of the page's own diagnostics that touch a span.
pub fn actions(page: &OpenPage<'_>, span: Range<usize>, diagnostics: &[Diagnostic]) -> Vec<Action> {
    let touched = diagnostics
        .iter()
        .enumerate()
        .filter(|(_, one)| one.span.start <= span.end && span.start <= one.span.end);
    touched
        .flat_map(|(about, one)| {
            let is_certain = one.fix.is_some();
            let mend = one.fix.clone().or_else(|| meant(page, one));
            let mend = mend.map(|edit| Action {
                title: mend_title(page, &edit),
                edit,
                about,
                is_mend: is_certain,
            });
            let allow = allowing(page, one).map(|edit| Action {
                title: format!("Allow {} here, because …", one.code),
                edit,
                about,
                is_mend: false,
            });
            mend.into_iter().chain(allow)
        })
        .collect()
}

/// What `lint --fix` leaves to the author, who is here: the name that was probably meant.
fn meant(page: &OpenPage<'_>, one: &Diagnostic) -> Option<Edit> {
    let text = fix::meant(one)?.to_owned();
    match one.code {
        "annotation-unknown" | "hook-missing" => {
            let span = page.lines.locate(one.span.clone()).span;
            Some(Edit { span, text })
        }
        "scenario-unknown" => match place(page, one.span.end) {
            Place::Scenario { span, .. } => Some(Edit { span, text }),
            _ => None,
        },
        _ => None,
    }
}

/// Longer texts are not worth reading in a menu.
const LONGEST: usize = 40;

fn mend_title(page: &OpenPage<'_>, edit: &Edit) -> String {
    let at = page.lines.locate(edit.span.clone()).span;
    let (old, new) = (&page.text[at], edit.text.as_str());
    let is_short = |text: &str| text.chars().count() <= LONGEST && !text.contains('\n');
    match (old.trim().is_empty(), new.trim().is_empty()) {
        _ if !is_short(old) || !is_short(new) => "Mend this".to_owned(),
        (false, false) => format!("Write `{new}` instead of `{old}`"),
        (true, false) => format!("Insert `{new}`"),
        (false, true) => format!("Remove `{old}`"),
        (true, true) => "Mend the blanks".to_owned(),
    }
}

/// The comment that allows what a diagnostic is about. Its reason is for the author to write, and `lint` asks for it.
fn allowing(page: &OpenPage<'_>, one: &Diagnostic) -> Option<Edit> {
    // An error cannot be allowed: the content would still not run.
    let about_a_comment = one.code.starts_with("suppression-");
    if one.severity == Severity::Error || about_a_comment || rule(one.code).is_none() {
        return None;
    }
    if let Some(lines) = lab::front_matter_lines(&page.lines)
        && lines.contains(&one.line)
    {
        return below(page, *lines.end(), one);
    }
    let line = page.block_on(one.line).map_or(one.line, |block| block.line);
    match allowing_comment(page, line) {
        Some(comment) => also(page, comment, one),
        None => above(page, line, one),
    }
}

fn comment(path: &Path, code: &str, scope: &str) -> String {
    let text = format!("{MARK} {code}{scope} because ");
    // HTML's comments are no MDX.
    if path.extension().is_some_and(|extension| extension == "mdx") {
        format!("{{/* {text}*/}}")
    } else {
        format!("<!-- {text}-->")
    }
}

fn above(page: &OpenPage<'_>, line: usize, one: &Diagnostic) -> Option<Edit> {
    let span = page.lines.span(line);
    let text = page.lines.text(line);
    let own = text.trim_start_matches([' ', '\t', '>']);
    let depth = &text[..text.len() - own.len()];
    let comment = comment(&page.page.path, one.code, "");
    // A fence that opens an item of a list has no place above it within the item; a `>` none for MDX's comments.
    let opens_item = page.block_on(line).is_some() && !is_fence(own);
    if opens_item || depth.contains('>') && comment.starts_with('{') {
        return None;
    }
    Some(Edit {
        span: span.start..span.start,
        text: format!("{depth}{comment}{}", line_end(page.text)),
    })
}

fn is_fence(text: &str) -> bool {
    text.starts_with("```") || text.starts_with("~~~")
}

fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// Into a comment that allows something for the same place.
fn also(page: &OpenPage<'_>, comment: usize, one: &Diagnostic) -> Option<Edit> {
    let text = page.lines.text(comment);
    let start = text.find(MARK)? + MARK.len();
    let ends = [" because", "-->", "*/}"];
    let codes = &text[start..];
    let end = ends.iter().filter_map(|end| codes.find(end)).min();
    let codes = codes[..end.unwrap_or(codes.len())].trim_end();
    let at = page.lines.span(comment).start + start + codes.len();
    let separator = if codes.is_empty() { " " } else { ", " };
    Some(Edit {
        span: at..at,
        text: format!("{separator}{}", one.code),
    })
}

/// Below the front matter, where comments cannot stand.
fn below(page: &OpenPage<'_>, last: usize, one: &Diagnostic) -> Option<Edit> {
    let end = page.lines.span(last).end;
    let newline = line_end(page.text);
    let comment = comment(&page.page.path, one.code, " on this page");
    Some(Edit {
        span: end..end,
        text: format!("{newline}{newline}{comment}"),
    })
}
