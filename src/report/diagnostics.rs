//! Diagnostics as text for people: the source line, a caret under the mistake, what to do.
//! Knows `diagnostic` and nothing else of the house.

use std::path::Path;

use annotate_snippets::{
    AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

use crate::diagnostic::{Diagnostic, Severity};

/// Draws each diagnostic, a blank line between two, and ends with a newline; nothing for none.
/// `source_of` gives a file's text as it was when the diagnostics were made.
pub fn render(
    diagnostics: &[Diagnostic],
    source_of: &dyn Fn(&Path) -> Option<String>,
    color: bool,
) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let drawn: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| draw(&renderer, diagnostic, source_of(&diagnostic.path)))
        .collect();
    if drawn.is_empty() {
        String::new()
    } else {
        drawn.join("\n\n") + "\n"
    }
}

/// "2 errors, 1 warning", or nothing for none.
pub fn tally(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| {
        diagnostics
            .iter()
            .filter(|one| one.severity == severity)
            .count()
    };
    [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .map(|severity| (count(severity), severity.name()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}{}", if count == 1 { "" } else { "s" }))
        .collect::<Vec<_>>()
        .join(", ")
}

fn draw(renderer: &Renderer, diagnostic: &Diagnostic, source: Option<String>) -> String {
    let path = normalize_untrusted_str(&diagnostic.path.to_string_lossy());
    let title = level(diagnostic.severity)
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code);
    let mut group = match source.as_deref() {
        Some(source) => Group::with_title(title).element(snippet(diagnostic, source, path)),
        None => {
            let origin = Origin::path(path)
                .line(diagnostic.line)
                .char_column(diagnostic.column);
            Group::with_title(title).element(origin)
        }
    };
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
    }
    renderer.render(&[group])
}

fn snippet<'a>(
    diagnostic: &Diagnostic,
    source: &'a str,
    path: String,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    // The byte order mark would stand in the drawn line as a character that nobody sees.
    let text = source.trim_start_matches('\u{feff}');
    let skipped = source.len() - text.len();
    // The file may have changed since: a span must never cut a character or leave the text.
    let boundary = |offset: usize| text.floor_char_boundary(offset.saturating_sub(skipped));
    let start = boundary(diagnostic.span.start);
    let end = boundary(diagnostic.span.end).max(start);
    Snippet::source(text)
        .path(path)
        .annotation(AnnotationKind::Primary.span(start..end))
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Lines;

    const PAGE: &str = "# One\n\n```bash timeuot=60\n$ true\n```\n";

    fn misspelt(source: &str) -> Diagnostic {
        let start = source.find("timeuot").expect("the word is in the page");
        let at = Lines::new(source).locate(start..start + "timeuot".len());
        Diagnostic::new(
            Severity::Error,
            "annotation-unknown",
            Path::new("lab/page.md"),
            at,
            "unknown annotation `timeuot`",
        )
        .with_help("did you mean `timeout`?")
    }

    #[test]
    fn draws_a_caret_under_the_mistake() {
        let expected = "\
error[annotation-unknown]: unknown annotation `timeuot`
 --> lab/page.md:3:9
  |
3 | ```bash timeuot=60
  |         ^^^^^^^
  |
  = help: did you mean `timeout`?
";
        assert_eq!(
            render(&[misspelt(PAGE)], &|_| Some(PAGE.to_owned()), false),
            expected
        );
    }

    #[test]
    fn a_byte_order_mark_moves_no_caret() {
        let source = "\u{feff}```bash timeuot=60\r\n$ true\r\n```\r\n".to_owned();
        let drawn = render(&[misspelt(&source)], &|_| Some(source.clone()), false);
        assert!(drawn.contains("page.md:1:9"), "{drawn}");
        assert!(
            drawn.contains("1 | ```bash timeuot=60\n  |         ^^^^^^^\n"),
            "{drawn}"
        );
    }

    #[test]
    fn a_missing_source_still_names_the_place() {
        let drawn = render(&[misspelt(PAGE)], &|_| None, false);
        assert!(drawn.contains("--> lab/page.md:3:9"), "{drawn}");
    }

    #[test]
    fn a_source_that_changed_is_no_reason_to_panic() {
        let drawn = render(&[misspelt(PAGE)], &|_| Some("ノード".to_owned()), false);
        assert!(drawn.contains("annotation-unknown"), "{drawn}");
    }

    #[test]
    fn color_is_only_there_when_asked_for() {
        let draw = |color| render(&[misspelt(PAGE)], &|_| Some(PAGE.to_owned()), color);
        assert!(draw(true).contains('\u{1b}'));
        assert!(!draw(false).contains('\u{1b}'));
    }

    #[test]
    fn counts_by_severity() {
        let mut warning = misspelt(PAGE);
        warning.severity = Severity::Warning;
        assert_eq!(
            tally(&[misspelt(PAGE), warning, misspelt(PAGE)]),
            "2 errors, 1 warning"
        );
        assert_eq!(tally(&[]), "");
        assert_eq!(render(&[], &|_| None, false), "");
    }
}
