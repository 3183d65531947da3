//! What could be written at a place.

use std::ops::Range;

use super::place::{AnnotationWord, Place, place};
use super::{Around, OpenPage};
use crate::diagnostic::Severity;
use crate::lab::annotation::{KNOWN, Known, known};
use crate::lint::rules::RULES;

/// Something that could be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    pub kind: CompletionKind,
    /// As it is shown in the list.
    pub label: String,
    /// Bytes of the page that it replaces.
    pub replaced: Range<usize>,
    pub inserted: String,
    /// Beside the label.
    pub detail: String,
    /// For whoever wants to know more; Markdown.
    pub documentation: Option<String>,
}

/// What kind of word it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionKind {
    Annotation,
    Value,
    Hook,
    Scenario,
    Rule,
}

/// What could be written at an offset; an editor shows what fits what is there already.
pub fn completions(page: &OpenPage<'_>, offset: usize, around: &Around) -> Vec<Completion> {
    match place(page, offset) {
        Place::Annotation(word) => match word.value_at(offset) {
            Some(span) => values(&word, &span, around),
            None => names(page, &word),
        },
        Place::Scenario { span, .. } => {
            // YAML wants a blank behind the colon.
            let blank = if page.text[..span.start].ends_with(':') {
                " "
            } else {
                ""
            };
            let all = around.scenarios.iter();
            all.map(|scenario| Completion {
                kind: CompletionKind::Scenario,
                label: scenario.name.clone(),
                replaced: span.clone(),
                inserted: format!("{blank}{}", scenario.name),
                detail: scenario.title.clone(),
                documentation: None,
            })
            .collect()
        }
        Place::Rule { span, others, .. } => rules(&span, &others),
        Place::Elsewhere => Vec::new(),
    }
}

/// Annotations that the fence does not have yet.
fn names(page: &OpenPage<'_>, word: &AnnotationWord<'_>) -> Vec<Completion> {
    let has_sign = page.text[word.name_span.end..].starts_with('=');
    let replaced = word.name_span.start..word.name_span.end + usize::from(has_sign);
    let missing = KNOWN
        .iter()
        .filter(|known| !word.others.contains(&known.name));
    missing
        .map(|known| Completion {
            kind: CompletionKind::Annotation,
            label: known.name.to_owned(),
            replaced: replaced.clone(),
            inserted: format!("{}=", known.name),
            detail: format!("{} [default: {}]", known.expected, known.default),
            documentation: Some(known.meaning.to_owned()),
        })
        .collect()
}

fn values(word: &AnnotationWord<'_>, span: &Range<usize>, around: &Around) -> Vec<Completion> {
    match known(word.name) {
        Some(known) if known.name == "hook" => hooks(span, around),
        Some(known) => counted(known, span),
        None => Vec::new(),
    }
}

fn counted(known: &Known, span: &Range<usize>) -> Vec<Completion> {
    let completion = |value: &&str| Completion {
        kind: CompletionKind::Value,
        label: (*value).to_owned(),
        replaced: span.clone(),
        inserted: (*value).to_owned(),
        detail: if *value == known.default {
            "the default".to_owned()
        } else {
            String::new()
        },
        documentation: Some(known.meaning.to_owned()),
    };
    known.values.iter().map(completion).collect()
}

fn hooks(span: &Range<usize>, around: &Around) -> Vec<Completion> {
    let mut found: Vec<Completion> = Vec::new();
    for hook in &around.hooks {
        if found.iter().any(|one| one.label == hook.name) {
            continue;
        }
        found.push(Completion {
            kind: CompletionKind::Hook,
            label: hook.name.clone(),
            replaced: span.clone(),
            inserted: hook.name.clone(),
            detail: hook.origin.told(),
            documentation: None,
        });
    }
    found
}

/// Rules that a comment can allow and does not yet: an error stays one.
fn rules(span: &Range<usize>, others: &[&str]) -> Vec<Completion> {
    let offered = RULES
        .iter()
        .filter(|rule| rule.severity != Severity::Error && !others.contains(&rule.code));
    offered
        .map(|rule| Completion {
            kind: CompletionKind::Rule,
            label: rule.code.to_owned(),
            replaced: span.clone(),
            inserted: rule.code.to_owned(),
            detail: rule.summary().to_owned(),
            documentation: None,
        })
        .collect()
}
