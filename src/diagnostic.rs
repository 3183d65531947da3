//! What an author got wrong: one value per mistake, with the place it was made at.
//! Pure data and the arithmetic of places; drawing is `report::diagnostics`' work.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// One mistake (or doubt) about a file that an author wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// Stable name of the kind of mistake, such as `annotation-unknown`.
    pub code: &'static str,
    pub path: PathBuf,
    /// Byte offsets in the file's text, as it was read (a byte order mark counts).
    pub span: Range<usize>,
    /// Line of the span's start, counted from 1.
    pub line: usize,
    /// Column of the span's start in characters, counted from 1.
    pub column: usize,
    /// A lowercase fragment that names the thing.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What mends it without a doubt.
    pub fix: Option<Edit>,
}

/// A change of a file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Byte offsets of what goes, in the file that the diagnostic names.
    pub span: Range<usize>,
    /// What comes in its place.
    pub text: String,
}

/// How much a diagnostic weighs: an error keeps the content from running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Error,
    Warning,
    Note,
}

impl Severity {
    /// The word for people and machine formats.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// Where something stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Byte offsets in the file's text.
    pub span: Range<usize>,
    /// Line of the span's start, counted from 1.
    pub line: usize,
    /// Column of the span's start in characters, counted from 1.
    pub column: usize,
}

impl Location {
    /// The very start of a file, for mistakes that concern the file as a whole.
    pub fn start_of_file() -> Self {
        Location {
            span: 0..0,
            line: 1,
            column: 1,
        }
    }
}

impl Diagnostic {
    /// A diagnostic without help; see [`Diagnostic::with_help`].
    pub fn new(
        severity: Severity,
        code: &'static str,
        path: &Path,
        at: Location,
        message: impl Into<String>,
    ) -> Self {
        Diagnostic {
            severity,
            code,
            path: path.to_owned(),
            span: at.span,
            line: at.line,
            column: at.column,
            message: message.into(),
            help: None,
            fix: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what mends it.
    #[must_use]
    pub fn with_fix(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        self.fix = Some(Edit {
            span,
            text: text.into(),
        });
        self
    }

    /// Whether this keeps the content from running.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The lines of a text: turns byte offsets into lines and columns.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    source: &'a str,
    /// Byte offset at which each line starts; never empty.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Lines end at `\n` (so at `\r\n` too).
    pub fn new(source: &'a str) -> Self {
        let after_newlines = source.match_indices('\n').map(|(offset, _)| offset + 1);
        Lines {
            source,
            starts: std::iter::once(0).chain(after_newlines).collect(),
        }
    }

    /// Number of lines; a final newline opens one more, empty line.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// Bytes of line `line` (from 1) without its line ending and without a byte order mark; empty, at the
    /// end of the text, for a line that is not there.
    pub fn span(&self, line: usize) -> Range<usize> {
        let end_of_source = self.source.len();
        let Some(&start) = line.checked_sub(1).and_then(|index| self.starts.get(index)) else {
            return end_of_source..end_of_source;
        };
        let next = self.starts.get(line).copied().unwrap_or(end_of_source);
        let text = &self.source[start..next];
        let end = start + text.trim_end_matches('\n').trim_end_matches('\r').len();
        let mark = if text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len_utf8()
        } else {
            0
        };
        start + mark..end
    }

    /// Text of line `line` (from 1) without its line ending.
    pub fn text(&self, line: usize) -> &'a str {
        &self.source[self.span(line)]
    }

    /// Line and column of a span; a span outside the text is moved to its end.
    pub fn locate(&self, span: Range<usize>) -> Location {
        let start = self.source.floor_char_boundary(span.start);
        let end = self.source.floor_char_boundary(span.end).max(start);
        let line = self
            .starts
            .partition_point(|&line_start| line_start <= start);
        let before = &self.source[self.starts[line - 1]..start];
        let column = 1 + before.trim_start_matches(BYTE_ORDER_MARK).chars().count();
        Location {
            span: start..end,
            line,
            column,
        }
    }
}

/// The candidate that `word` is most likely a misspelling of, if any is close.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
fn edit_distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().take(64).collect();
    let to: Vec<char> = to.chars().take(64).collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locates_offsets_in_lines_and_character_columns() {
        #[track_caller]
        fn check(source: &str, span: Range<usize>, line: usize, column: usize) {
            let at = Lines::new(source).locate(span);
            assert_eq!((at.line, at.column), (line, column), "{source:?}");
        }
        check("", 0..0, 1, 1);
        check("ab\ncd", 3..4, 2, 1);
        check("ab\r\ncd", 5..6, 2, 2);
        check("ノード x", 10..11, 1, 5);
        check("\u{feff}abc", 3..4, 1, 1);
        check("abc", 90..99, 1, 4);
        check("ノ", 1..2, 1, 1);
    }

    #[test]
    fn gives_lines_without_their_endings() {
        let lines = Lines::new("one\r\ntwo\n\nfour");
        let all: Vec<&str> = (1..=lines.count()).map(|line| lines.text(line)).collect();
        assert_eq!(all, ["one", "two", "", "four"]);
        assert_eq!(lines.text(0), "");
        assert_eq!(lines.text(9), "");
    }

    #[test]
    fn suggests_only_what_is_close() {
        #[track_caller]
        fn check(word: &str, expected: Option<&str>) {
            assert_eq!(
                nearest(word, ["timeout", "hookTimeout", "wait", "test", "id"]),
                expected
            );
        }
        check("timeuot", Some("timeout"));
        check("TimeOut", Some("timeout"));
        check("hooktimeout", Some("hookTimeout"));
        check("wiat", Some("wait"));
        check("sleep", None);
        check("", None);
    }
}
