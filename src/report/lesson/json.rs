//! A lesson for programs: its elements, or a step's commands and text.

use std::ops::Range;

use serde_json::{Value, json};

use super::super::style::Style;
use crate::lab::Block;
use crate::lab::prose::{self, Document, Element, Inline, Kind, Step, Word};
use crate::language::Language;

/// Raised when a field changes its meaning or goes; new fields do not raise it.
const VERSION: u32 = 1;

/// A lesson, and where it is from.
pub struct Lesson<'a> {
    pub scenario: &'a str,
    /// Path of the page.
    pub path: &'a str,
    /// What it is written in.
    pub language: Language,
    pub document: &'a Document,
    /// What learners call a step.
    pub name: &'a dyn Fn(&Step) -> String,
}

/// The whole lesson.
pub fn render(lesson: &Lesson<'_>) -> String {
    let steps: Vec<Value> = lesson
        .document
        .steps()
        .iter()
        .map(|step| step_view(lesson, step))
        .collect();
    let mut view = view(lesson, &(0..usize::MAX));
    view["steps"] = json!(steps);
    format!("{view:#}\n")
}

/// What belongs to one step.
pub fn render_step(lesson: &Lesson<'_>, step: &Step, lines: Range<usize>) -> String {
    let mut view = view(lesson, &lines);
    let elements = prose::within(&lesson.document.elements, &lines);
    view["step"] = step_view(lesson, step);
    view["commands"] = json!(commands(&elements, step.number));
    view["text"] = json!(super::render_section(
        lesson.document,
        lines,
        Style::plain(lesson.language)
    ));
    format!("{view:#}\n")
}

fn view(lesson: &Lesson<'_>, lines: &Range<usize>) -> Value {
    let elements = prose::within(&lesson.document.elements, lines);
    json!({
        "version": VERSION,
        "scenario": lesson.scenario,
        "path": lesson.path,
        "language": lesson.language.tag(),
        "title": lesson.document.title,
        "elements": elements.iter().map(element).collect::<Vec<_>>(),
    })
}

fn step_view(lesson: &Lesson<'_>, step: &Step) -> Value {
    json!({ "name": (lesson.name)(step), "number": step.number, "id": step.id, "line": step.line, "heading": step.heading })
}

fn commands(elements: &[Element], number: usize) -> Vec<Value> {
    let mut found = Vec::new();
    for element in elements {
        if let Kind::Code {
            block,
            step: Some(step),
        } = &element.kind
            && *step == number
        {
            found.extend(command_views(block));
        }
        for children in element.children() {
            found.extend(commands(children, number));
        }
    }
    found
}

fn command_views(block: &Block) -> Vec<Value> {
    let commands = block.commands.iter();
    commands
        .map(|command| json!({ "line": command.line, "text": command.text, "documented": command.documented }))
        .collect()
}

fn elements(elements: &[Element]) -> Vec<Value> {
    elements.iter().map(element).collect()
}

fn element(element: &Element) -> Value {
    let mut view = kind(&element.kind);
    view["lines"] = json!([element.lines.start, element.lines.end.saturating_sub(1)]);
    view
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Heading { level, text } => {
            json!({ "kind": "heading", "level": level, "text": inlines(text) })
        }
        Kind::Paragraph(text) => json!({ "kind": "paragraph", "text": inlines(text) }),
        Kind::List { start, items } => {
            let items: Vec<Value> = items
                .iter()
                .map(|item| json!({ "done": item.done, "elements": elements(&item.elements) }))
                .collect();
            json!({ "kind": "list", "start": start, "items": items })
        }
        Kind::Table { header, rows } => {
            let row = |cells: &Vec<prose::Cell>| -> Vec<Value> {
                cells.iter().map(|cell| inlines(cell)).collect()
            };
            let rows: Vec<Vec<Value>> = rows.iter().map(row).collect();
            json!({ "kind": "table", "header": row(header), "rows": rows })
        }
        Kind::Quote(inside) => json!({ "kind": "quote", "elements": elements(inside) }),
        Kind::Rule => json!({ "kind": "rule" }),
        Kind::Admonition {
            word,
            title,
            elements: inside,
        } => json!({
            "kind": "admonition", "word": word_name(word), "title": inlines(title), "elements": elements(inside),
        }),
        Kind::Details {
            summary,
            elements: inside,
        } => {
            json!({ "kind": "details", "summary": inlines(summary), "elements": elements(inside) })
        }
        Kind::RequiredTime { minutes } => json!({ "kind": "required_time", "minutes": minutes }),
        Kind::Code { block, step } => json!({
            "kind": "code", "language": block.language, "step": step, "lines_of_text": block.lines,
            "commands": command_views(block),
        }),
    }
}

fn word_name(word: &Word) -> &str {
    match word {
        Word::Note => "note",
        Word::Tip => "tip",
        Word::Info => "info",
        Word::Warning => "warning",
        Word::Caution => "caution",
        Word::Danger => "danger",
        Word::Other(word) => word,
    }
}

fn inlines(parts: &[Inline]) -> Value {
    parts.iter().map(inline).collect()
}

fn inline(part: &Inline) -> Value {
    match part {
        Inline::Text(text) => json!({ "kind": "text", "text": text }),
        Inline::Code(text) => json!({ "kind": "code", "text": text }),
        Inline::Emphasis(inside) => json!({ "kind": "emphasis", "parts": inlines(inside) }),
        Inline::Strong(inside) => json!({ "kind": "strong", "parts": inlines(inside) }),
        Inline::Struck(inside) => json!({ "kind": "struck", "parts": inlines(inside) }),
        Inline::Link { target, text } => {
            json!({ "kind": "link", "target": target, "parts": inlines(text) })
        }
        Inline::Image { target, alt } => json!({ "kind": "image", "target": target, "alt": alt }),
        Inline::Button { label, target } => {
            json!({ "kind": "button", "target": target, "label": label })
        }
        Inline::SoftBreak => json!({ "kind": "soft_break" }),
        Inline::HardBreak => json!({ "kind": "hard_break" }),
    }
}
