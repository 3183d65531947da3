//! What a word of a page means.

use std::ops::Range;

use super::place::{AnnotationWord, Place, place};
use super::{Around, OpenPage};
use crate::diagnostic::Diagnostic;
use crate::lab::annotation::{Known, known};
use crate::lint::rules::{Rule, rule};

/// What is shown for a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// Bytes of the page that it is about.
    pub span: Range<usize>,
    /// Markdown.
    pub text: String,
}

/// The meaning of what stands at an offset, and which rules find something there. The diagnostics are the page's own.
pub fn hover(
    page: &OpenPage<'_>,
    offset: usize,
    around: &Around,
    diagnostics: &[Diagnostic],
) -> Option<Hover> {
    let meaning = meaning(page, offset, around);
    let found: Vec<&Diagnostic> = diagnostics
        .iter()
        .filter(|one| (one.span.start..=one.span.end).contains(&offset))
        .collect();
    let span = match (&meaning, found.first()) {
        (Some((span, _)), _) => span.clone(),
        (None, Some(first)) => page.lines.locate(first.span.clone()).span,
        (None, None) => return None,
    };
    let mut sections: Vec<String> = meaning.into_iter().map(|(_, text)| text).collect();
    for one in found {
        let text = rule(one.code).map(rule_text);
        sections.extend(text.filter(|text| !sections.contains(text)));
    }
    (!sections.is_empty()).then(|| Hover {
        span,
        text: sections.join("\n\n---\n\n"),
    })
}

fn meaning(page: &OpenPage<'_>, offset: usize, around: &Around) -> Option<(Range<usize>, String)> {
    match place(page, offset) {
        Place::Annotation(word) => annotation(&word, offset, around),
        Place::Scenario { name, span } => {
            let scenario = around.scenario(name)?;
            let from = match &scenario.file {
                Some(file) => format!("`{}`", file.display()),
                None => "built in".to_owned(),
            };
            let text = format!(
                "**{}**\n\n{}\n\nscenario, {from}",
                scenario.name, scenario.title
            );
            Some((span, text))
        }
        Place::Rule { code, span, .. } => Some((span, rule_text(rule(code)?))),
        Place::Elsewhere => None,
    }
}

fn annotation(
    word: &AnnotationWord<'_>,
    offset: usize,
    around: &Around,
) -> Option<(Range<usize>, String)> {
    let known = known(word.name)?;
    if known.name == "hook"
        && let Some(span) = word.value_at(offset)
        && let Some((name, _)) = word.value
        && let Some(hook) = around.hook(name)
    {
        let text = format!("**{}**\n\n{}", hook.name, hook.origin.told());
        return Some((span, text));
    }
    Some((word.span.clone(), annotation_text(known)))
}

fn annotation_text(known: &Known) -> String {
    let Known {
        name,
        expected,
        default,
        meaning,
        ..
    } = known;
    format!("**{name}**\n\n{meaning}\n\nValue: {expected}. Default: {default}.")
}

fn rule_text(rule: &Rule) -> String {
    let (code, summary) = (rule.code, rule.summary());
    format!("**{code}**\n\n{summary}\n\n`breakfix explain {code}` says more.")
}
