//! Turns MDX into what CommonMark reads the same way, line by line: line N stays line N.
//!
//! Lesson pages are MDX, and `pulldown-cmark` reads CommonMark. The two differ where it would cost blocks:
//!
//! - CommonMark's HTML blocks swallow a fence that follows `</summary>` or `<TabItem>` without a blank line.
//!   MDX has none. The `<` that would open one becomes a blank.
//! - CommonMark reads four blanks as indented code; MDX knows no indented code. A fence that deep is moved
//!   to the margin together with its lines.
//! - Comments, `<!-- … -->` and `{/* … */}`, hide what is in them in MDX, fences included. They become blanks.
//!
//! Lines inside a fence are never touched (but for the margin), whatever they look like.

use std::ops::Range;

use pulldown_cmark::Options;

/// What of Markdown's extensions pages may use; whoever reads a page reads it with these.
pub(super) fn options() -> Options {
    Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
}

/// A page that CommonMark reads as MDX would.
pub(super) struct Normalized {
    /// As many lines as the source, all ended by `\n` alone.
    pub text: String,
    /// Where a `<` of the source became a blank, as byte offsets in `text`.
    pub tags: Vec<usize>,
    /// For each line of `text`, whether it is one of a fence.
    pub fenced: Vec<bool>,
    /// Where comments begin that never end, as byte offsets in the source.
    pub unclosed_comments: Vec<usize>,
}

/// What opens a fence, found on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FenceLine {
    quotes: usize,
    /// Nothing but blanks before the fence: no `>`, no list marker.
    only_blanks: bool,
    /// Columns before the fence, tabs counted to the next multiple of four.
    column: usize,
    marker: char,
    length: usize,
    /// Byte offset in the line at which the info string begins, blanks included.
    pub info: usize,
}

/// Normalizes `source` from byte offset `body` on; everything before becomes empty lines.
pub(super) fn normalize(source: &str, body: usize) -> Normalized {
    let before = source[..body].matches('\n').count();
    let mut normalizer = Normalizer {
        source,
        text: "\n".repeat(before),
        tags: Vec::new(),
        fenced: vec![false; before],
        fence: None,
        hidden_until: body,
        unclosed_comments: Vec::new(),
        closers_left: [true; COMMENTS.len()],
    };
    let mut start = body;
    for line in source[body..].split_inclusive('\n') {
        normalizer.fenced.push(false);
        normalizer.line(start, line.trim_end_matches('\n').trim_end_matches('\r'));
        normalizer.text.push('\n');
        start += line.len();
    }
    Normalized {
        text: normalizer.text,
        tags: normalizer.tags,
        fenced: normalizer.fenced,
        unclosed_comments: normalizer.unclosed_comments,
    }
}

/// The fence that `line` opens, if it does.
pub(super) fn opening_fence(line: &str) -> Option<FenceLine> {
    let prefix = container_prefix(line);
    let rest = &line[prefix.length..];
    let marker = rest
        .chars()
        .next()
        .filter(|first| matches!(first, '`' | '~'))?;
    let length = rest.chars().take_while(|next| *next == marker).count();
    let info = &rest[length..];
    if length < 3 || (marker == '`' && info.contains('`')) {
        return None;
    }
    Some(FenceLine {
        quotes: prefix.quotes,
        only_blanks: prefix.only_blanks,
        column: prefix.column,
        marker,
        length,
        info: prefix.length + length,
    })
}

impl FenceLine {
    /// Whether `line` closes this fence, however deep it stands.
    pub(super) fn is_closed_by(&self, line: &str) -> bool {
        let Some(rest) = after_quotes(line, self.quotes) else {
            return false;
        };
        let rest = rest.trim();
        rest.chars().count() >= self.length && rest.chars().all(|next| next == self.marker)
    }

    /// Deeper than CommonMark looks for fences outside of lists.
    fn needs_the_margin(&self) -> bool {
        self.only_blanks && self.column >= 4
    }
}

/// Opening and closing of a comment.
const COMMENTS: [(&str, &str); 2] = [("<!--", "-->"), ("{/*", "*/}")];

struct Normalizer<'a> {
    source: &'a str,
    text: String,
    tags: Vec<usize>,
    fenced: Vec<bool>,
    fence: Option<FenceLine>,
    /// Byte offset in the source up to which a comment hides everything.
    hidden_until: usize,
    unclosed_comments: Vec<usize>,
    /// Per kind of comment, whether the rest of the source may still have its closing.
    closers_left: [bool; COMMENTS.len()],
}

impl Normalizer<'_> {
    fn line(&mut self, start: usize, line: &str) {
        if let Some(fence) = self.fence.take() {
            if after_quotes(line, fence.quotes).is_some() {
                return self.line_in_fence(fence, line);
            }
        } else if self.hidden_until <= start
            && let Some(fence) = opening_fence(line)
        {
            let from = if fence.needs_the_margin() {
                line.len() - line.trim_start().len()
            } else {
                0
            };
            self.push(&line[from..]);
            self.fence = Some(fence);
            self.is_fenced();
            return;
        }
        let comments = self.comments(start, line);
        if comments.is_empty() {
            return self.push_prose(line);
        }
        let mut visible = line.as_bytes().to_vec();
        for hidden in comments {
            visible[hidden].fill(b' ');
        }
        // Comments begin and end at ASCII characters, so what is left is whole characters.
        let visible = String::from_utf8(visible).unwrap_or_default();
        self.push_prose(&visible);
    }

    /// The line that was begun last is one of a fence.
    fn is_fenced(&mut self) {
        if let Some(last) = self.fenced.last_mut() {
            *last = true;
        }
    }

    /// A line outside of fences: a `<` at which CommonMark would begin an HTML block becomes a blank.
    fn push_prose(&mut self, line: &str) {
        match tag_opening(line) {
            None => self.push(line),
            Some(at) => {
                self.tags.push(self.text.len() + at);
                self.push(&format!("{} {}", &line[..at], &line[at + 1..]));
            }
        }
    }

    fn line_in_fence(&mut self, fence: FenceLine, line: &str) {
        self.is_fenced();
        if fence.is_closed_by(line) {
            let rest = line.trim_start();
            let blanks = if fence.needs_the_margin() {
                0
            } else {
                fence.column
            };
            let too_deep = fence.only_blanks && line.len() - rest.len() > blanks;
            let closing = if too_deep {
                " ".repeat(blanks) + rest
            } else {
                line.to_owned()
            };
            self.push(&closing);
            return;
        }
        let dedented = if fence.needs_the_margin() {
            dedent(line, fence.column)
        } else {
            line
        };
        self.push(dedented);
        self.fence = Some(fence);
    }

    /// A lone `\r` ends a line for CommonMark, but not for us.
    fn push(&mut self, line: &str) {
        if line.contains('\r') {
            self.text.push_str(&line.replace('\r', " "));
        } else {
            self.text.push_str(line);
        }
    }

    /// Bytes of this line that stand in comments.
    fn comments(&mut self, start: usize, line: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        loop {
            let hidden = self.hidden_until.saturating_sub(start).min(line.len());
            if hidden > at {
                found.push(at..hidden);
                at = hidden;
            }
            match next_comment(line, at) {
                Some((offset, kind)) => {
                    self.open_comment(start + offset, kind);
                    // Nothing before the comment is hidden by it.
                    at = if self.hidden_until > start + offset {
                        offset
                    } else {
                        offset + 1
                    };
                }
                None => return found,
            }
        }
    }

    fn open_comment(&mut self, offset: usize, kind: usize) {
        let (opening, closing) = COMMENTS[kind];
        let inside = offset + opening.len();
        let end = self.closers_left[kind]
            .then(|| self.source[inside..].find(closing))
            .flatten();
        match end {
            Some(length) => self.hidden_until = inside + length + closing.len(),
            None => {
                self.closers_left[kind] = false;
                self.unclosed_comments.push(offset);
            }
        }
    }
}

/// The next comment from byte `from` on that is neither escaped nor in a code span of this line.
fn next_comment(line: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = line.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        if bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] == b'`' {
            at = after_code_span(line, at);
        } else if let Some(kind) = COMMENTS
            .iter()
            .position(|(opening, _)| bytes[at..].starts_with(opening.as_bytes()))
        {
            return Some((at, kind));
        } else {
            at += 1;
        }
    }
    None
}

/// Behind the code span that opens at `at`, or behind its backticks when nothing closes it.
pub(super) fn after_code_span(line: &str, at: usize) -> usize {
    let run = |from: usize| {
        line[from..]
            .bytes()
            .take_while(|byte| *byte == b'`')
            .count()
    };
    let opening = run(at);
    let mut next = at + opening;
    while let Some(offset) = line[next..].find('`') {
        let closing = run(next + offset);
        next += offset + closing;
        if closing == opening {
            return next;
        }
    }
    at + opening
}

/// Where the `<` is at which CommonMark would begin an HTML block.
fn tag_opening(line: &str) -> Option<usize> {
    let at = container_prefix(line).length;
    let mut rest = line[at..].chars();
    let opens = rest.next() == Some('<')
        && rest
            .next()
            .is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'));
    opens.then_some(at)
}

/// Byte length of what stands before a line's own text: blanks, `>` and list markers.
pub(super) fn prefix_length(line: &str) -> usize {
    container_prefix(line).length
}

struct Prefix {
    length: usize,
    column: usize,
    quotes: usize,
    only_blanks: bool,
}

/// Blanks, `>` and list markers at the start of a line.
fn container_prefix(line: &str) -> Prefix {
    let mut prefix = Prefix {
        length: 0,
        column: 0,
        quotes: 0,
        only_blanks: true,
    };
    loop {
        let rest = &line[prefix.length..];
        let width = match rest.bytes().next() {
            Some(b' ') => 1,
            Some(b'\t') => 4 - prefix.column % 4,
            Some(b'>') => {
                prefix.quotes += 1;
                prefix.only_blanks = false;
                1
            }
            _ => match list_marker(rest) {
                0 => return prefix,
                length => {
                    prefix.only_blanks = false;
                    prefix.length += length - 1;
                    length
                }
            },
        };
        prefix.length += 1;
        prefix.column += width;
    }
}

/// Bytes of the list marker at the start of `text`; 0 when there is none.
fn list_marker(text: &str) -> usize {
    let digits = text.bytes().take(9).take_while(u8::is_ascii_digit).count();
    let ends = match text.as_bytes().get(digits) {
        Some(b'-' | b'+' | b'*') => digits == 0,
        Some(b'.' | b')') => digits > 0,
        _ => false,
    };
    let blank_follows = text[digits..]
        .chars()
        .nth(1)
        .is_some_and(|next| matches!(next, ' ' | '\t'));
    if ends && blank_follows { digits + 1 } else { 0 }
}

/// The line behind `quotes` markers; `None` when it has fewer, so that a fence in the quote is over.
fn after_quotes(line: &str, quotes: usize) -> Option<&str> {
    let mut rest = line;
    for _ in 0..quotes {
        rest = rest.trim_start().strip_prefix('>')?;
    }
    Some(rest)
}

/// Removes up to `columns` columns of blanks.
fn dedent(line: &str, columns: usize) -> &str {
    let mut column = 0;
    for (offset, character) in line.char_indices() {
        let width = match character {
            ' ' => 1,
            '\t' => 4 - column % 4,
            _ => return &line[offset..],
        };
        if column + width > columns {
            return &line[offset..];
        }
        column += width;
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(normalize(source, 0).text, expected);
    }

    #[test]
    fn tags_open_no_html_blocks() {
        check("<details>\n</details>\n", " details>\n /details>\n");
        check("- <Tab\n> <b>\n", "-  Tab\n>  b>\n");
        check("a < b\n<3\n", "a < b\n<3\n");
    }

    #[test]
    fn comments_become_blanks_and_keep_their_lines() {
        check("a <!-- b\n```bash\n--> c\n", "a       \n       \n    c\n");
        check("{/* x\ny */}z\n", "     \n     z\n");
        check("<!-- a --><!-- b -->c", "                    c\n");
        check("`<!--` and \\<!-- stay\n", "`<!--` and \\<!-- stay\n");
        check("ノ<!-- ノ -->ノ\n", "ノ            ノ\n");
    }

    #[test]
    fn a_comment_that_never_ends_hides_nothing() {
        let normalized = normalize("a <!-- b\n{/* c\n<!-- d\n", 0);
        assert_eq!(normalized.text, "a <!-- b\n{/* c\n !-- d\n");
        assert_eq!(normalized.unclosed_comments, [2, 9, 15]);
    }

    #[test]
    fn lines_of_a_fence_stay_as_they_are() {
        check(
            "```bash\n<b> <!-- {/*\n```\n<b>\n",
            "```bash\n<b> <!-- {/*\n```\n b>\n",
        );
        check("````\n```\n<b>\n````\n<b>\n", "````\n```\n<b>\n````\n b>\n");
        check(
            "> ~~~\n> <b>\n> ~~~\n> <b>\n",
            "> ~~~\n> <b>\n> ~~~\n>  b>\n",
        );
        check("> ```\n> <b>\n<b>\n", "> ```\n> <b>\n b>\n");
    }

    #[test]
    fn a_deep_fence_moves_to_the_margin() {
        check(
            "    ```bash\n    $ a\n      b\n  c\n\n    ```\n    d\n",
            "```bash\n$ a\n  b\nc\n\n```\n    d\n",
        );
        check("\t```\n\t$ a\n\t```\n", "```\n$ a\n```\n");
        check("  ```\n  $ a\n      ```\n", "  ```\n  $ a\n  ```\n");
        check("- ```\n  $ a\n  ```\n", "- ```\n  $ a\n  ```\n");
    }

    #[test]
    fn lines_are_counted_alike() {
        check("a\r\nb\rc\r\n", "a\nb c\n");
        assert_eq!(normalize("---\nx: 1\n---\nbody\n", 13).text, "\n\n\nbody\n");
    }

    #[test]
    fn only_fences_are_fences() {
        assert!(opening_fence("``` a`b").is_none());
        assert!(opening_fence("``").is_none());
        assert!(opening_fence("text ```").is_none());
        assert!(opening_fence("~~~ a`b").is_some());
        let fence = opening_fence(" 1. > ````bash x=1").expect("a fence in a quote in a list");
        assert_eq!((fence.quotes, fence.length, fence.info), (1, 4, 10));
    }
}
