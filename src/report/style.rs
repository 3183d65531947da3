//! How text is shown: in which language, how wide, with colours or without. And how wide text is.

use super::terminal::Paint;
use textwrap::WordSeparator;
use textwrap::core::Word;

use crate::language::Language;

/// How text for people is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub language: Language,
    /// For a terminal that understands it.
    pub color: bool,
    /// For screen readers and logs: words instead of signs, nothing that is drawn with lines.
    pub plain: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Style {
    /// For what is read by programs and logs: no colours, 80 columns.
    pub fn plain(language: Language) -> Style {
        Style {
            language,
            color: false,
            plain: true,
            width: 80,
        }
    }

    pub(crate) fn paint(self) -> Paint {
        Paint(self.color)
    }
}

/// Columns that a text takes on a terminal: East Asian wide characters take two, escape sequences none.
pub fn columns(text: &str) -> usize {
    textwrap::core::display_width(text)
}

/// The text with blanks behind it, so that it takes so many columns.
pub fn padded(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(columns(text));
    format!("{text}{:blanks$}", "")
}

/// The text in lines of at most so many columns, broken where its language breaks lines; lines after the first begin
/// with `indent`.
pub fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let options = textwrap::Options::new(width.max(20))
        .subsequent_indent(indent)
        .word_separator(WordSeparator::Custom(unbroken_words))
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::fill(text, options)
}

/// Words as their language has them; but what is to be copied stays whole: ids, ARNs, paths, commands in backticks.
fn unbroken_words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut starts: Vec<usize> = vec![0];
    let mut at = 0;
    for word in WordSeparator::UnicodeBreakProperties.find_words(line) {
        at += word.word.len() + word.whitespace.len();
        let is_copied = |byte: u8| byte.is_ascii() && byte != b' ';
        let before = line.as_bytes()[..at].last().copied();
        let after = line.as_bytes().get(at).copied();
        // A command in backticks is to be copied, too.
        let quoted = line[..at].matches('`').count() % 2 == 1;
        let inside = quoted || before.is_some_and(is_copied) && after.is_some_and(is_copied);
        if !inside && at < line.len() {
            starts.push(at);
        }
    }
    starts.push(line.len());
    let parts: Vec<Word<'_>> = starts
        .windows(2)
        .map(|ends| Word::from(&line[ends[0]..ends[1]]))
        .collect();
    Box::new(parts.into_iter())
}

/// Rows below each other, their columns aligned; two blanks between columns.
pub fn aligned(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| columns(cell)).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells.map(|(cell, width)| padded(cell, *width)).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(columns("ノード ok"), 9);
        assert_eq!(columns("\u{1b}[1mok\u{1b}[0m"), 2);
        let rows = [["名前", "a"], ["x", "b"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(aligned(&rows), "名前  a\nx     b\n");
    }

    #[test]
    fn japanese_is_broken_between_characters_and_english_between_words() {
        assert_eq!(
            wrapped("one two three four five six", 20, "  "),
            "one two three four\n  five six"
        );
        assert_eq!(
            wrapped(
                "the key 42ad05fc-0fb5-4377-937c-84a526542fc9, and more",
                20,
                ""
            ),
            "the key\n42ad05fc-0fb5-4377-937c-84a526542fc9,\nand more"
        );
        assert_eq!(
            wrapped("do it now: `breakfix answer 4.1 X`", 20, ""),
            "do it now:\n`breakfix answer 4.1 X`"
        );
        assert_eq!(
            wrapped("キーポリシーが許可していません。", 20, ""),
            "キーポリシーが許可し\nていません。"
        );
    }
}
