//! Diagnostics as SARIF 2.1.0, which code scanning shows on the line that they are about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::lint::RuleText;
use crate::diagnostic::{Diagnostic, Lines};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// One log with one run, ending with a newline. Paths are as they were given, relative to where the program ran.
pub fn render(all: &[Diagnostic], texts: &BTreeMap<PathBuf, String>, rules: &[RuleText]) -> String {
    let results: Vec<Value> = all
        .iter()
        .map(|one| result(one, texts.get(&one.path), rules))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "breakfix",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(rule: &RuleText) -> Value {
    json!({
        "id": rule.code,
        "shortDescription": { "text": rule.summary },
        "help": { "text": rule.explanation, "markdown": rule.explanation },
        "defaultConfiguration": { "level": rule.severity.name() },
    })
}

fn result(one: &Diagnostic, text: Option<&String>, rules: &[RuleText]) -> Value {
    let mut message = one.message.clone();
    if let Some(help) = &one.help {
        message.push_str("\n\nhelp: ");
        message.push_str(help);
    }
    let mut result = json!({
        "ruleId": one.code,
        "level": one.severity.name(),
        "message": { "text": message },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&one.path) },
            "region": region(one, text),
        } }],
        "partialFingerprints": { "breakfix/v1": fingerprint(one, text) },
    });
    if let Some(index) = rules.iter().position(|rule| rule.code == one.code) {
        result["ruleIndex"] = index.into();
    }
    if let (Some(edit), Some(text)) = (&one.fix, text) {
        result["fixes"] = json!([{
            "description": { "text": one.help.as_deref().unwrap_or("mend it") },
            "artifactChanges": [{
                "artifactLocation": { "uri": uri(&one.path) },
                "replacements": [{
                    "deletedRegion": lines_and_columns(text, edit.span.start, edit.span.end),
                    "insertedContent": { "text": edit.text },
                }],
            }],
        }]);
    }
    result
}

fn region(one: &Diagnostic, text: Option<&String>) -> Value {
    match text {
        Some(text) if !one.span.is_empty() => lines_and_columns(text, one.span.start, one.span.end),
        _ => json!({ "startLine": one.line, "startColumn": one.column }),
    }
}

/// Columns in characters; the end is the one behind the last.
fn lines_and_columns(text: &str, start: usize, end: usize) -> Value {
    let lines = Lines::new(text);
    let (start, end) = (lines.locate(start..start), lines.locate(end..end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// The same for the same mistake when lines above come or go.
fn fingerprint(one: &Diagnostic, text: Option<&String>) -> String {
    let line = text.map_or("", |text| Lines::new(text).text(one.line).trim());
    format!("{}:{}:{line}", one.code, one.path.display())
}

/// A relative reference, or the path of a file.
fn uri(path: &Path) -> String {
    let plain = path.to_string_lossy();
    let plain = plain.trim_start_matches("./");
    const KEPT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'.')
        .remove(b'-')
        .remove(b'_')
        .remove(b'~');
    let encoded = percent_encoding::utf8_percent_encode(plain, KEPT).to_string();
    if path.is_absolute() {
        format!("file://{encoded}")
    } else {
        encoded
    }
}
