//! The YAML between the two `---` lines at the start of a page.
//! Keys that we do not know belong to the web page's generator and are fine.

use std::ops::RangeInclusive;

use serde_yaml::Value;

use super::annotation::{Setting, is_name};
use super::text::PageText;
use crate::diagnostic::{Diagnostic, Lines, Severity};

/// What a page says about itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrontMatter {
    pub title: Option<String>,
    /// The page's place among its neighbours: `weight`, else `sidebar_position`. Always finite.
    pub weight: Option<f64>,
    /// The scenario that the page's lab runs against, and where the page names it.
    pub scenario: Option<Setting<String>>,
    /// The hash of the page that this one translates, as it was when it was translated: MD5, in hexadecimal digits.
    pub source_hash: Option<Setting<String>>,
}

/// Keys under which translators' tools record the source's hash.
const SOURCE_HASHES: [&str; 2] = ["tmdTranslationSourceHash", "kiteTranslationSourceHash"];

/// Reads the front matter; the offset is that of the page's body.
pub(super) fn parse(page: &PageText<'_>, source: &str) -> (FrontMatter, usize, Vec<Diagnostic>) {
    let without = page.lines.span(1).start;
    if !is_delimiter(page.lines.text(1)) {
        return (FrontMatter::default(), without, Vec::new());
    }
    let Some(end) = closing_line(&page.lines) else {
        let unclosed = page
            .diagnostic(
                Severity::Error,
                "front-matter-unclosed",
                page.trimmed_line(1),
                "front matter without its end",
            )
            .with_help("write a line `---` after it");
        return (FrontMatter::default(), without, vec![unclosed]);
    };
    let yaml = page.slice(page.lines.span(2).start..page.lines.span(end).start);
    let body = (page.lines.span(end).end..source.len())
        .find(|offset| source.as_bytes()[*offset] == b'\n')
        .map_or(source.len(), |newline| newline + 1);
    let (front_matter, diagnostics) = read(page, yaml);
    (front_matter, body, diagnostics)
}

/// The lines of the front matter with its delimiters, to the end of a page that never closes it.
pub(super) fn lines(page: &Lines<'_>) -> Option<RangeInclusive<usize>> {
    is_delimiter(page.text(1)).then(|| 1..=closing_line(page).unwrap_or(page.count()))
}

fn closing_line(page: &Lines<'_>) -> Option<usize> {
    (2..=page.count()).find(|line| is_delimiter(page.text(*line)))
}

fn is_delimiter(line: &str) -> bool {
    line.trim_end() == "---"
}

fn read(page: &PageText<'_>, yaml: &str) -> (FrontMatter, Vec<Diagnostic>) {
    let value = match serde_yaml::from_str::<Value>(yaml) {
        Ok(value) => value,
        Err(error) => {
            // The YAML begins on the page's second line.
            let line = error.location().map_or(1, |at| at.line() + 1);
            let message = format!("front matter is not YAML: {error}");
            let span = page.trimmed_line(line);
            let diagnostic =
                page.diagnostic(Severity::Error, "front-matter-invalid", span, message);
            return (FrontMatter::default(), vec![diagnostic]);
        }
    };
    if !matches!(value, Value::Mapping(_) | Value::Null) {
        let message = "front matter is not a list of `key: value` lines";
        let span = page.trimmed_line(2);
        let diagnostic = page.diagnostic(Severity::Error, "front-matter-invalid", span, message);
        return (FrontMatter::default(), vec![diagnostic]);
    }
    fields(page, &value)
}

fn fields(page: &PageText<'_>, value: &Value) -> (FrontMatter, Vec<Diagnostic>) {
    let mut front_matter = FrontMatter::default();
    let mut diagnostics = Vec::new();
    let mut wrong = |key: &str, expected: &str| {
        let message = format!("front matter's `{key}` is not {expected}");
        diagnostics.push(page.diagnostic(
            Severity::Error,
            "front-matter-invalid",
            key_span(page, key),
            message,
        ));
    };
    match plain_text(value.get("title")) {
        Ok(title) => front_matter.title = title,
        Err(()) => wrong("title", "a text"),
    }
    for key in ["sidebar_position", "weight"] {
        match number(value.get(key)) {
            Ok(None) => {}
            Ok(weight) => front_matter.weight = weight,
            Err(()) => wrong(key, "a number"),
        }
    }
    match plain_text(value.get("scenario")) {
        Ok(None) => {}
        Ok(Some(name)) if is_name(&name) => {
            let at = page.locate(key_span(page, "scenario"));
            front_matter.scenario = Some(Setting { value: name, at });
        }
        _ => wrong("scenario", "a scenario's name"),
    }
    for key in SOURCE_HASHES {
        if let Ok(Some(hash)) = plain_text(value.get(key)) {
            let at = page.locate(key_span(page, key));
            front_matter.source_hash = Some(Setting { value: hash, at });
        }
    }
    (front_matter, diagnostics)
}

/// `title: 2024` and `title: yes` are titles too.
fn plain_text(value: Option<&Value>) -> Result<Option<String>, ()> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(truth)) => Ok(Some(truth.to_string())),
        Some(_) => Err(()),
    }
}

fn number(value: Option<&Value>) -> Result<Option<f64>, ()> {
    let number = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    number
        .filter(|number| number.is_finite())
        .map(Some)
        .ok_or(())
}

/// The key where it is written, for keys at the start of a line.
fn key_span(page: &PageText<'_>, key: &str) -> std::ops::Range<usize> {
    let written = (2..=page.lines.count()).find(|line| {
        let rest = page.lines.text(*line).strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
    });
    page.trimmed_line(written.unwrap_or(2))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read_page(source: &str) -> (FrontMatter, usize, Vec<Diagnostic>) {
        parse(&PageText::new(Path::new("page.md"), source), source)
    }

    #[track_caller]
    fn good(source: &str) -> FrontMatter {
        let (front_matter, body, diagnostics) = read_page(source);
        assert_eq!(diagnostics, []);
        assert!(source[body..].starts_with("body"), "{:?}", &source[body..]);
        front_matter
    }

    #[track_caller]
    fn bad(source: &str, code: &str, line: usize, message: &str) {
        let (_, _, diagnostics) = read_page(source);
        let [one] = diagnostics.as_slice() else {
            panic!("{diagnostics:?}")
        };
        assert_eq!((one.code, one.line), (code, line));
        assert!(one.message.contains(message), "{}", one.message);
    }

    #[test]
    fn reads_what_we_know_and_passes_over_the_rest() {
        let front_matter = good(
            "---\ntitle: \"Nodes\" # why\nsidebar_position: 71\nchapter: true\nscenario: missing-nodes\n---\nbody",
        );
        assert_eq!(front_matter.title.as_deref(), Some("Nodes"));
        assert_eq!(front_matter.weight, Some(71.0));
        let scenario = front_matter.scenario.expect("a scenario");
        assert_eq!(
            (scenario.value.as_str(), scenario.at.line),
            ("missing-nodes", 5)
        );
    }

    #[test]
    fn weight_goes_before_sidebar_position() {
        assert_eq!(
            good("---\nweight: 5\nsidebar_position: 7\n---\nbody").weight,
            Some(5.0)
        );
        assert_eq!(
            good("---\nsidebar_position: 7.5\n---\nbody").weight,
            Some(7.5)
        );
        assert_eq!(good("---\nweight: \"-3\"\n---\nbody").weight, Some(-3.0));
        assert_eq!(good("---\nweight:\n---\nbody").weight, None);
    }

    #[test]
    fn titles_of_any_plain_type_are_titles() {
        assert_eq!(
            good("---\ntitle: 2024\n---\nbody").title.as_deref(),
            Some("2024")
        );
        assert_eq!(
            good("---\ntitle: true\n---\nbody").title.as_deref(),
            Some("true")
        );
        assert_eq!(good("---\ntitle: null\n---\nbody").title, None);
    }

    #[test]
    fn absent_empty_and_windows_front_matter_is_fine() {
        assert_eq!(good("body"), FrontMatter::default());
        assert_eq!(good("---\n---\nbody"), FrontMatter::default());
        assert_eq!(
            good("\u{feff}---\r\ntitle: x\r\n---\r\nbody")
                .title
                .as_deref(),
            Some("x")
        );
        assert_eq!(good("\u{feff}body"), FrontMatter::default());
    }

    #[test]
    fn mistakes_are_diagnostics_at_their_line() {
        bad(
            "---\ntitle: x\nweight: [1\n---\nbody",
            "front-matter-invalid",
            4,
            "not YAML",
        );
        bad(
            "---\ntitle: x\nweight: heavy\n---\nbody",
            "front-matter-invalid",
            3,
            "`weight` is not a number",
        );
        bad(
            "---\nscenario: ../x\n---\nbody",
            "front-matter-invalid",
            2,
            "`scenario` is not a scenario's name",
        );
        bad(
            "---\ntitle: [a]\n---\nbody",
            "front-matter-invalid",
            2,
            "`title` is not a text",
        );
        bad(
            "---\n- a\n---\nbody",
            "front-matter-invalid",
            2,
            "`key: value`",
        );
        bad(
            "---\ntitle: a\ntitle: b\n---\nbody",
            "front-matter-invalid",
            2,
            "duplicate",
        );
        bad(
            "---\ntitle: x\nbody",
            "front-matter-unclosed",
            1,
            "without its end",
        );
    }
}
