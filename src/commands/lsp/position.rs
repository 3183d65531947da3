//! Places as the protocol counts them: lines from 0, and UTF-16 units within a line.

use std::ops::Range;

use tower_lsp_server::ls_types;
use tower_lsp_server::ls_types::Position;

/// The place of a byte offset; one behind the text is its end, one within a character its start.
pub(super) fn position(text: &str, offset: usize) -> Position {
    let before = &text[..text.floor_char_boundary(offset)];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let units = before[start..].encode_utf16().count();
    Position::new(counted(before.matches('\n').count()), counted(units))
}

fn counted(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub(super) fn range(text: &str, span: &Range<usize>) -> ls_types::Range {
    ls_types::Range::new(position(text, span.start), position(text, span.end))
}

/// The byte offset of a place; one behind a line is its end, one behind the text that one's.
pub(super) fn offset(text: &str, position: Position) -> usize {
    let mut start = 0;
    for _ in 0..position.line {
        match text[start..].find('\n') {
            Some(newline) => start += newline + 1,
            None => return text.len(),
        }
    }
    let line = text[start..].split('\n').next().unwrap_or_default();
    let line = line.strip_suffix('\r').unwrap_or(line);
    let mut units = 0;
    for (at, character) in line.char_indices() {
        if units >= position.character {
            return start + at;
        }
        units += counted(character.len_utf16());
    }
    start + line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_offsets_lead_to_each_other() {
        #[track_caller]
        fn check(text: &str, at: usize, line: u32, character: u32) {
            assert_eq!(position(text, at), Position::new(line, character));
            assert_eq!(offset(text, Position::new(line, character)), at);
        }
        check("", 0, 0, 0);
        check("ab\ncd", 4, 1, 1);
        check("ab\r\ncd", 2, 0, 2);
        check("ab\r\ncd", 6, 1, 2);
        check("ノード x", 10, 0, 4);
        check("🙂x", 4, 0, 2);
        check("a\n", 2, 1, 0);
    }

    #[test]
    fn places_that_are_not_there_are_moved_to_where_something_is() {
        assert_eq!(offset("ab\ncd", Position::new(0, 9)), 2);
        assert_eq!(offset("ab\ncd", Position::new(9, 0)), 5);
        assert_eq!(offset("ab", Position::new(u32::MAX, u32::MAX)), 2);
        // In the midst of a surrogate pair.
        assert_eq!(offset("🙂x", Position::new(0, 1)), 4);
        assert_eq!(position("ab", 9), Position::new(0, 2));
        assert_eq!(position("ノ", 1), Position::new(0, 0));
    }
}
