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
