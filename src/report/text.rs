//! What was printed becomes text that fits its place: no byte of it can move a cursor, break a line
//! that must stay whole, or make a report grow without bound.

use std::iter::Peekable;
use std::str::Chars;
use std::time::Duration;

use serde::Serialize;

use crate::outcome::{CommandOutcome, Stream};

/// Characters that are shown of a title, of a command's line or of a line of its output.
const LINE_CHARACTERS: usize = 160;

/// Bytes of a reason that are told.
const REASON_BYTES: usize = 2 * 1024;

/// A document for programs, ending with a newline.
pub(crate) fn document(view: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(view)
        .expect("plain structs of strings and numbers always serialize");
    text.push('\n');
    text
}

/// `0.42 s`, `12.3 s`, `5 min 12 s`.
pub(crate) fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.995 {
        format!("{seconds:.2} s")
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        let whole = duration.as_secs();
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// Both streams as one text, in order of arrival.
pub(crate) fn output_text(output: &[(Stream, Vec<u8>)]) -> String {
    String::from_utf8_lossy(&merged(output)).into_owned()
}

/// Each chunk as text.
pub(crate) fn chunk_texts(output: &[(Stream, Vec<u8>)]) -> Vec<(Stream, String)> {
    let chunks = whole_characters(output).into_iter();
    chunks
        .map(|(stream, bytes)| (stream, String::from_utf8_lossy(&bytes).into_owned()))
        .collect()
}

/// A character of which the rest came after something on the other stream stands whole where it began.
fn whole_characters(output: &[(Stream, Vec<u8>)]) -> Vec<(Stream, Vec<u8>)> {
    let mut chunks: Vec<(Stream, Vec<u8>)> = output.to_vec();
    for index in 0..chunks.len() {
        let (stream, bytes) = &chunks[index];
        let missing = missing_bytes(bytes);
        let stream = *stream;
        let mut later = chunks[index + 1..].iter_mut();
        if missing > 0
            && let Some((_, next)) = later.find(|(other, _)| *other == stream)
        {
            let rest = next.iter().take(missing);
            let rest = rest.take_while(|byte| is_continuation(Some(byte))).count();
            let rest: Vec<u8> = next.drain(..rest).collect();
            chunks[index].1.extend(rest);
        }
    }
    chunks.retain(|(_, bytes)| !bytes.is_empty());
    chunks
}

/// How many bytes the character lacks with which these end; none where they end with a whole one, or with nonsense.
fn missing_bytes(bytes: &[u8]) -> usize {
    let last = bytes.utf8_chunks().last();
    let invalid = last.map_or(&[][..], |chunk| chunk.invalid());
    let is_cut = std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
    let length = match invalid.first() {
        Some(0xf0..) => 4,
        Some(0xe0..) => 3,
        Some(_) => 2,
        None => 0,
    };
    match is_cut {
        true => length - invalid.len(),
        false => 0,
    }
}

/// A command's output as printable text: of its bytes at most `limit` from its two ends, and how
/// many are missing between them.
pub(crate) fn elided_output(command: &CommandOutcome, limit: usize) -> String {
    elided_bytes(&merged(&command.output), command.dropped, limit)
}

/// Printable text that is cut like [`elided_output`].
pub(crate) fn elided(text: &str, limit: usize) -> String {
    elided_bytes(text.as_bytes(), 0, limit)
}

/// `dropped` more bytes were in the middle once.
fn elided_bytes(bytes: &[u8], dropped: u64, limit: usize) -> String {
    if dropped == 0 && bytes.len() <= limit {
        return printable(&String::from_utf8_lossy(bytes));
    }
    let kept = bytes.len().min(limit);
    let (mut head, mut tail) = (kept / 2, bytes.len() - (kept - kept / 2));
    // A character is kept whole or not at all.
    while head > 0 && is_continuation(bytes.get(head)) {
        head -= 1;
    }
    while is_continuation(bytes.get(tail)) {
        tail += 1;
    }
    let missing = dropped + (tail - head) as u64;
    let text = |bytes| printable(&String::from_utf8_lossy(bytes));
    let (head, tail) = (text(&bytes[..head]), text(&bytes[tail..]));
    let (head, tail) = (head.trim_end_matches('\n'), tail.trim_start_matches('\n'));
    format!("{head}\n[… {missing} bytes left out …]\n{tail}")
}

fn is_continuation(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000)
}

fn merged(output: &[(Stream, Vec<u8>)]) -> Vec<u8> {
    let chunks = whole_characters(output).into_iter();
    chunks.flat_map(|(_, bytes)| bytes).collect()
}

/// Text that stays on one line.
pub(crate) fn one_line(text: &str) -> String {
    printable(text).trim().replace('\n', " ")
}

/// A reason on one line: whole, unless somebody put a whole log into it.
pub(crate) fn reason_line(text: &str) -> String {
    one_line(&elided(text, REASON_BYTES))
}

/// One line that is no longer than people read.
pub(crate) fn short_line(text: &str) -> String {
    shortened(&one_line(text))
}

/// A line's beginning, with a sign that there is more.
pub(crate) fn shortened(line: &str) -> String {
    match line.char_indices().nth(LINE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Text that cannot move a terminal's cursor or change its colours: escape sequences go, a
/// carriage return leaves what overwrote its line, other control characters become visible.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_escape_sequence(&mut characters),
            '\r' if matches!(characters.peek(), Some('\n') | None) => {}
            '\r' => shown.truncate(shown.rfind('\n').map_or(0, |end| end + 1)),
            '\n' | '\t' => shown.push(character),
            control if control.is_control() => shown.push(char::REPLACEMENT_CHARACTER),
            other => shown.push(other),
        }
    }
    shown
}

/// `ESC [ … letter`, a string such as `ESC ] … BEL`, or `ESC` and one character. One that never
/// ends takes no more than its line.
fn skip_escape_sequence(characters: &mut Peekable<Chars<'_>>) {
    let Some(kind) = characters.next_if(|character| *character != '\n') else {
        return;
    };
    match kind {
        '[' => {
            while characters
                .next_if(|next| (' '..='?').contains(next))
                .is_some()
            {}
            characters.next_if(|next| ('@'..='~').contains(next));
        }
        ']' | 'P' | 'X' | '^' | '_' => {
            let ends = |next: &char| matches!(next, '\u{7}' | '\u{1b}' | '\n');
            while characters.next_if(|next| !ends(next)).is_some() {}
            if characters.next_if_eq(&'\u{7}').is_none()
                && characters.next_if_eq(&'\u{1b}').is_some()
            {
                characters.next_if_eq(&'\\');
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_the_other_stream_cuts_in_two_stays_whole() {
        let chunk = |stream, bytes: &[u8]| (stream, bytes.to_vec());
        let (out, err) = (Stream::Stdout, Stream::Stderr);
        let cut = [
            chunk(out, b"n\xe3\x83"),
            chunk(err, b"oops"),
            chunk(out, b"\x8ede"),
            chunk(err, b"\xf0\x9f"),
            chunk(out, b"\xff"),
        ];
        let text = |stream, text: &str| (stream, text.to_owned());
        let expected = [
            text(out, "n\u{30ce}"),
            text(err, "oops"),
            text(out, "de"),
            // The rest of this one never came, and the next is no character.
            text(err, "\u{fffd}"),
            text(out, "\u{fffd}"),
        ];
        assert_eq!(chunk_texts(&cut), expected);
        assert_eq!(output_text(&cut[..3]), "n\u{30ce}oopsde");
    }

    #[test]
    fn printed_text_cannot_touch_the_terminal() {
        let check = |text: &str, expected: &str| assert_eq!(printable(text), expected);
        check("\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}x", "red x");
        check("\u{1b}]8;;link\u{1b}\\text", "text");
        check("\u{1b}]0;never ended\nnext", "\nnext");
        check("10%\r50%\r100%\r\nnext\r\n", "100%\nnext\n");
        check("a\0b\tc", "a\u{fffd}b\tc");
    }

    #[test]
    fn what_is_left_out_of_the_middle_is_counted() {
        let check = |bytes: &[u8], dropped, limit, expected: &str| {
            assert_eq!(elided_bytes(bytes, dropped, limit), expected);
        };
        check(b"short", 0, 5, "short");
        check(b"0123456789", 0, 4, "01\n[… 6 bytes left out …]\n89");
        check(b"head\ntail", 7, 100, "head\n[… 7 bytes left out …]\ntail");
        check(
            "ああああ".as_bytes(),
            0,
            8,
            "あ\n[… 6 bytes left out …]\nあ",
        );
        check(b"\x80\x80\x80\x80", 0, 2, "\n[… 4 bytes left out …]\n");
    }

    #[test]
    fn durations_read_well() {
        let check = |millis, expected: &str| {
            assert_eq!(duration_text(Duration::from_millis(millis)), expected)
        };
        check(4, "0.00 s");
        check(12_340, "12.3 s");
        check(312_000, "5 min 12 s");
    }
}
