//! Text as it is compared: without escape sequences, overwritten text and pointer marks.

/// Marks with which pages point at a part of the output.
const POINTERS: [&str; 2] = ["<<<---", "--->>>"];

/// A line without its end and trailing blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) text: String,
}

/// All lines, blank ones too: they separate tables.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let shown = without_escapes(text);
    let lines = shown.lines().enumerate();
    lines
        .map(|(index, line)| Line {
            number: index + 1,
            text: without_pointers(overwritten(line)).trim_end().to_owned(),
        })
        .collect()
}

/// Whether the line stands for any number of lines.
pub(super) fn is_elision(line: &str) -> bool {
    let line = line.trim();
    line == "…" || (line.len() >= 3 && line.bytes().all(|byte| byte == b'.'))
}

/// What a terminal shows of a line in which carriage returns went back to its start.
fn overwritten(line: &str) -> &str {
    let line = line.trim_end_matches('\r');
    line.rsplit('\r').next().unwrap_or(line)
}

fn without_pointers(line: &str) -> String {
    let mut text = line.to_owned();
    for mark in POINTERS {
        while let Some((before, after)) = text.split_once(mark) {
            let (before, after) = (before.trim_end(), after.trim_start());
            let gap = if before.is_empty() || after.is_empty() {
                ""
            } else {
                " "
            };
            text = format!("{before}{gap}{after}");
        }
    }
    text
}

/// The pointer marks of a line as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointers<'a> {
    /// Before the text, with the blanks around the marks.
    before: &'a str,
    /// Behind the text, without the blanks before the marks.
    after: &'a str,
    /// Characters before `after`.
    column: usize,
    /// A mark that stands within the text.
    inside: Option<&'static str>,
}

impl<'a> Pointers<'a> {
    pub(super) fn of(line: &'a str) -> Pointers<'a> {
        let mut text = line;
        while POINTERS
            .iter()
            .any(|mark| text.trim_start().starts_with(mark))
        {
            let trimmed = text.trim_start();
            text = trimmed.split_at(POINTERS[0].len()).1.trim_start();
        }
        let before = &line[..line.len() - text.len()];
        let mut end = text.trim_end();
        while let Some(rest) = POINTERS.iter().find_map(|mark| end.strip_suffix(mark)) {
            end = rest.trim_end();
        }
        let behind = &text[end.len()..];
        let after = behind.trim();
        let at = line.len() - behind.trim_start().len();
        let inside = POINTERS.into_iter().find(|mark| end.contains(mark));
        Pointers {
            before,
            after,
            column: line[..at].chars().count(),
            inside,
        }
    }

    /// Whether the text between the marks is whole.
    pub(super) fn are_outside(&self) -> bool {
        self.inside.is_none()
    }

    /// Another text with the same marks, the one behind it in its column if that is free.
    pub(super) fn around(&self, text: &str) -> String {
        let mut line = match self.before {
            "" => text.to_owned(),
            before => format!("{before}{}", text.trim_start()),
        };
        let after = match self.after {
            "" => self.inside.unwrap_or_default(),
            after => after,
        };
        if !after.is_empty() {
            let length = line.chars().count();
            let column = if self.after.is_empty() {
                0
            } else {
                self.column
            };
            line.push_str(&" ".repeat(column.saturating_sub(length).max(1)));
            line.push_str(after);
        }
        line
    }
}

/// The text with blanks in the place of pointer marks: every other byte stands where it stood.
pub(super) fn with_blank_pointers(text: &str) -> String {
    let mut text = text.to_owned();
    for mark in POINTERS {
        text = text.replace(mark, &" ".repeat(mark.len()));
    }
    text
}

fn without_escapes(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            skip_escape_sequence(&mut characters);
        } else {
            shown.push(character);
        }
    }
    shown
}

/// `ESC [ … letter`, `ESC ] … BEL`, or `ESC` and one character.
fn skip_escape_sequence(characters: &mut std::str::Chars<'_>) {
    match characters.next() {
        Some('[') => {
            characters.find(|character| ('@'..='~').contains(character));
        }
        Some(']') => {
            characters.find(|character| matches!(character, '\u{7}' | '\u{1b}'));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = lines(text).into_iter().map(|line| line.text).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn pointers_go_with_the_blanks_around_them() {
        check("\"a\": 1,      <<<---", &["\"a\": 1,"]);
        check("   --->>>   \"a\": 1", &["\"a\": 1"]);
        check("one  <<<---   two", &["one two"]);
    }

    #[track_caller]
    fn check_around(line: &str, text: &str, expected: &str) {
        assert_eq!(Pointers::of(line).around(text), expected, "{line}");
    }

    #[test]
    fn pointers_go_around_another_text() {
        check_around("a    <<<---", "bcd", "bcd  <<<---");
        check_around("a <<<---", "bcdef", "bcdef <<<---");
        check_around("  --->>> a", "  b", "  --->>> b");
        check_around("  --->>> a  <<<---", "b", "  --->>> b  <<<---");
        check_around("a <<<--- b", "c d", "c d <<<---");
        check_around("  a", "  b", "  b");
    }

    #[test]
    fn colours_and_overwritten_text_are_not_seen() {
        check(
            "\u{1b}[1;31mred\u{1b}[0m  \r\n10%\r100%\n",
            &["red", "100%"],
        );
    }

    #[test]
    fn an_elision_stands_alone_on_its_line() {
        for line in ["...", "   ...", "....", "…"] {
            assert!(is_elision(line), "{line}");
        }
        for line in ["", "..", "... x", "a..."] {
            assert!(!is_elision(line), "{line}");
        }
    }
}
