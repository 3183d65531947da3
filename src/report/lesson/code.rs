//! Blocks: commands behind their prompt, and what their author expects to see.

use super::super::style::Style;
use super::super::text::printable;
use super::behind;
use super::line::painted;
use crate::lab::{Block, Command};
use crate::language::Message;
use crate::message;

/// Before each line of a block.
const INDENT: &str = "    ";
/// Below a prompt.
const CONTINUED: &str = "  ";

pub(super) fn render(block: &Block, style: Style) -> Vec<String> {
    let whole = block.annotations.raw.as_ref().is_some_and(|raw| raw.value);
    let before = block.commands.first().map_or(block.lines.len(), |first| {
        first.line.saturating_sub(block.line + 1)
    });
    let before = block.lines.get(..before).unwrap_or(&block.lines);
    let mut lines = Vec::new();
    if before.iter().any(|line| !line.trim().is_empty()) {
        lines.extend(text(before, &block.language, style));
    }
    for command in &block.commands {
        lines.extend(if style.plain {
            in_words(command, style)
        } else {
            with_prompt(command, whole, style)
        });
    }
    lines
}

/// A text as it is.
fn text(lines: &[String], language: &str, style: Style) -> Vec<String> {
    let lines: Vec<String> = lines.iter().map(|line| printable(line)).collect();
    let indented = behind(INDENT, INDENT, lines);
    if !style.plain {
        return indented;
    }
    let word = match language {
        "" | "text" | "txt" | "plain" | "plaintext" => message!("lesson-text"),
        "bash" | "sh" | "shell" | "console" => message!("lesson-code"),
        language => message!("lesson-code-in", language = printable(language)),
    };
    std::iter::once(labelled(&word, style))
        .chain(indented)
        .collect()
}

fn with_prompt(command: &Command, whole: bool, style: Style) -> Vec<String> {
    let lines = printable(&command.text);
    let lines = lines
        .lines()
        .map(|line| painted("1", line, style))
        .collect();
    let prompt = format!("{INDENT}{} ", painted("2", "$", style));
    let continued = format!("{INDENT}{CONTINUED}");
    let command_lines = if whole {
        behind(INDENT, INDENT, lines)
    } else {
        behind(&prompt, &continued, lines)
    };
    let output = printable(&command.documented);
    let output = output
        .lines()
        .map(|line| painted("2", line, style))
        .collect();
    command_lines
        .into_iter()
        .chain(behind(INDENT, INDENT, output))
        .collect()
}

fn in_words(command: &Command, style: Style) -> Vec<String> {
    let part = |word: &Message, text: &str| -> Vec<String> {
        let lines = printable(text).lines().map(str::to_owned).collect();
        std::iter::once(labelled(word, style))
            .chain(behind(INDENT, INDENT, lines))
            .collect()
    };
    let mut lines = part(&message!("lesson-command"), &command.text);
    if !command.documented.trim().is_empty() {
        lines.extend(part(&message!("lesson-output"), &command.documented));
    }
    lines
}

fn labelled(word: &Message, style: Style) -> String {
    let label = message!("lesson-label", label = word.clone()).to(style.language);
    label.trim_end().to_owned()
}
