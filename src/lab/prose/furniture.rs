//! What pages have beyond Markdown: tags, `:::` containers, `::` directives, `import` lines. Each becomes a mark, a
//! character that Markdown carries along as text; those that stand by themselves get a paragraph of their own.

use super::super::mdx::{self, Normalized};
use super::tag::{self, Reading, Tag};

/// A page in which marks stand for its furniture.
pub(super) struct Marked {
    pub text: String,
    /// For each line of `text` its line in the page, counted from 1.
    pub lines: Vec<usize>,
    marks: Vec<Placed>,
}

/// What a mark stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    Tag(Tag),
    /// `:::word`
    Opening(String),
    /// `:::`
    Closing,
    TitleStart,
    TitleEnd,
    /// `::name[label]{key="value"}`
    Leaf {
        name: String,
        label: String,
        attributes: String,
    },
    /// A character that would not be read as itself.
    Literal(char),
}

struct Placed {
    mark: Mark,
    /// How the page has it.
    source: String,
    by_itself: bool,
}

/// The first character that is a mark; pages hardly use this plane for anything else.
const FIRST: u32 = 0xF_0000;
/// How many there are.
const MOST: usize = 0xFFFD;
/// Lines over which a tag may go.
const TAG_LINES: usize = 60;

impl Marked {
    /// What a character stands for, and whether that stands by itself.
    pub(super) fn mark(&self, character: char) -> Option<(&Mark, bool)> {
        let placed = self.placed(character)?;
        Some((&placed.mark, placed.by_itself))
    }

    fn placed(&self, character: char) -> Option<&Placed> {
        let index = u32::from(character).checked_sub(FIRST)?;
        self.marks.get(usize::try_from(index).ok()?)
    }

    /// A text as the page has it, for places in which nothing but text can be.
    pub(super) fn restored(&self, text: &str) -> String {
        let mut restored = String::with_capacity(text.len());
        for character in text.chars() {
            match self.placed(character) {
                Some(placed) => restored.push_str(&placed.source),
                None => restored.push(character),
            }
        }
        restored
    }
}

/// A page without marks: furniture is read as the text that it is.
pub(super) fn unmarked(normalized: &Normalized) -> Marked {
    Marked {
        text: normalized.text.clone(),
        lines: (1..=normalized.fenced.len()).collect(),
        marks: Vec::new(),
    }
}

/// Puts marks into a page.
pub(super) fn mark(normalized: &Normalized) -> Marked {
    let text = with_tags(normalized);
    let lines: Vec<&str> = text.lines().collect();
    let mut marker = Marker {
        lines: &lines,
        fenced: &normalized.fenced,
        marked: Marked {
            text: String::with_capacity(text.len()),
            lines: Vec::with_capacity(lines.len()),
            marks: Vec::new(),
        },
        components: Vec::new(),
        line: 0,
    };
    let mut index = 0;
    while index < lines.len() {
        marker.line = index + 1;
        index = if normalized.fenced[index] {
            marker.emit(lines[index]);
            index + 1
        } else if let Some(next) = marker.module_lines(index) {
            marker.emit("");
            next
        } else {
            marker.prose(index)
        };
    }
    marker.marked
}

/// The text with the `<` that CommonMark must not see.
fn with_tags(normalized: &Normalized) -> String {
    let mut text = String::with_capacity(normalized.text.len());
    let mut from = 0;
    for &at in &normalized.tags {
        text.push_str(&normalized.text[from..at]);
        text.push('<');
        from = at + 1;
    }
    text + &normalized.text[from..]
}

struct Marker<'a> {
    lines: &'a [&'a str],
    fenced: &'a [bool],
    marked: Marked,
    /// Components that are open, and whether they stand by themselves.
    components: Vec<(String, bool)>,
    line: usize,
}

/// A line under way: what stands before its text, and the text.
struct Line {
    first: String,
    next: String,
    text: String,
    emitted: bool,
}

impl Marker<'_> {
    fn emit(&mut self, line: &str) {
        self.marked.text.push_str(line);
        self.marked.text.push('\n');
        self.marked.lines.push(self.line);
    }

    /// The index behind `import` and `export` at a page's margin, which are no text.
    fn module_lines(&self, index: usize) -> Option<usize> {
        let line = self.lines[index];
        let quoted = line.contains('"') || line.contains('\'');
        if line.starts_with("import ") && quoted {
            return Some(index + 1);
        }
        let kinds = [
            "const ",
            "let ",
            "var ",
            "function ",
            "default ",
            "async ",
            "class ",
        ];
        let exported = line.strip_prefix("export ")?;
        if !kinds.iter().any(|kind| exported.starts_with(kind)) {
            return None;
        }
        let rest = self.lines[index..].iter().zip(&self.fenced[index..]);
        Some(
            index
                + rest
                    .take_while(|(line, fenced)| !line.trim().is_empty() && !**fenced)
                    .count(),
        )
    }

    /// A line outside of fences; gives the index behind it, and behind the lines into which its tags go.
    fn prose(&mut self, index: usize) -> usize {
        let whole = self.lines[index];
        let (prefix, rest) = whole.split_at(mdx::prefix_length(whole));
        let mut line = Line {
            first: prefix.to_owned(),
            next: prefix
                .chars()
                .map(|next| if next == '>' { '>' } else { ' ' })
                .collect(),
            text: String::new(),
            emitted: false,
        };
        let end = if self.directive(&mut line, rest) {
            index + 1
        } else {
            self.text(&mut line, rest.to_owned(), index)
        };
        self.flush(&mut line);
        if !line.emitted {
            self.emit(whole);
        }
        end
    }

    /// Text with tags in it.
    fn text(&mut self, line: &mut Line, mut rest: String, index: usize) -> usize {
        let mut end = index + 1;
        let mut at = 0;
        while let Some(next) = rest[at..].chars().next() {
            match next {
                '\\' => {
                    let two: String = rest[at..].chars().take(2).collect();
                    line.text.push_str(&two);
                    at += two.len();
                }
                '`' => {
                    let behind = mdx::after_code_span(&rest, at);
                    line.text.push_str(&rest[at..behind]);
                    at = behind;
                }
                '<' => {
                    if tag::read(&rest[at..]) == Reading::Unfinished {
                        let (longer, behind) = self.with_next_lines(&rest, at, end);
                        (rest, end) = (longer, behind);
                    }
                    at += self.tag(line, &rest, at);
                }
                other => {
                    if u32::from(other) >= FIRST {
                        self.inline(line, Mark::Literal(other), &other.to_string());
                    } else {
                        line.text.push(other);
                    }
                    at += other.len_utf8();
                }
            }
        }
        end
    }

    /// The text with as many of the next lines as the tag at `at` needs to come to its end; as it was if it never does.
    fn with_next_lines(&self, rest: &str, at: usize, end: usize) -> (String, usize) {
        let mut longer = rest.to_owned();
        for behind in end..(end + TAG_LINES).min(self.lines.len()) {
            let line = self.lines[behind];
            if self.fenced[behind] || line.trim().is_empty() {
                break;
            }
            longer.push('\n');
            longer.push_str(line.trim_start());
            match tag::read(&longer[at..]) {
                Reading::Unfinished => {}
                Reading::Tag(tag, _) if tag.is_known() => return (longer, behind + 1),
                _ => break,
            }
        }
        (rest.to_owned(), end)
    }

    /// What begins at the `<` at `at`; gives its bytes.
    fn tag(&mut self, line: &mut Line, rest: &str, at: usize) -> usize {
        match tag::read(&rest[at..]) {
            Reading::Tag(tag, length) if tag.is_known() => {
                let source = &rest[at..at + length];
                if self.stands_by_itself(&tag, &line.text, &rest[at + length..]) {
                    self.by_itself(line, Mark::Tag(tag), source);
                } else {
                    self.inline(line, Mark::Tag(tag), source);
                }
                length
            }
            _ if is_autolink(&rest[at..]) => {
                line.text.push('<');
                1
            }
            _ => {
                self.inline(line, Mark::Literal('<'), "<");
                1
            }
        }
    }

    fn stands_by_itself(&mut self, tag: &Tag, before: &str, behind: &str) -> bool {
        if !tag.is_component() {
            return tag.is_block_element();
        }
        if tag.name == "ConsoleButton" {
            return false;
        }
        if tag.closing {
            let open = self
                .components
                .iter()
                .rposition(|(name, _)| *name == tag.name);
            return open.is_none_or(|open| self.components.remove(open).1);
        }
        let behind = behind.trim();
        let alone = before.trim().is_empty()
            && (behind.is_empty()
                || behind.starts_with('<')
                || behind.ends_with(&format!("</{}>", tag.name)));
        if !tag.closed {
            self.components.push((tag.name.clone(), alone));
        }
        alone
    }

    /// A mark's character; its source where there are no more.
    fn character(&mut self, mark: Mark, source: &str, by_itself: bool) -> String {
        let index = self.marked.marks.len();
        let code = u32::try_from(index).ok().filter(|_| index < MOST);
        let Some(character) = code.and_then(|code| char::from_u32(FIRST + code)) else {
            return source.replace('<', "\\<");
        };
        let source = source.to_owned();
        self.marked.marks.push(Placed {
            mark,
            source,
            by_itself,
        });
        character.to_string()
    }

    fn inline(&mut self, line: &mut Line, mark: Mark, source: &str) {
        line.text += &self.character(mark, source, false);
    }

    /// Between blank lines, so that Markdown makes a paragraph of it.
    fn by_itself(&mut self, line: &mut Line, mark: Mark, source: &str) {
        self.flush(line);
        let begins_item = !line.emitted && !line.first.trim_matches(['>', ' ', '\t']).is_empty();
        let blank = line.next.trim_end().to_owned();
        if !begins_item {
            self.emit(&blank);
        }
        let character = self.character(mark, source, true);
        let prefix = if begins_item { &line.first } else { &line.next };
        self.emit(&format!("{prefix}{character}"));
        self.emit(&blank);
        line.emitted = true;
    }

    fn flush(&mut self, line: &mut Line) {
        let text = std::mem::take(&mut line.text);
        if text.trim().is_empty() {
            return;
        }
        let prefix = if line.emitted {
            &line.next
        } else {
            &line.first
        };
        let text = if line.emitted {
            text.trim_start()
        } else {
            &text
        };
        self.emit(&format!("{prefix}{text}"));
        line.emitted = true;
    }

    /// `:::word[Title]`, `:::`, `::name`; whether the line is one of them.
    fn directive(&mut self, line: &mut Line, rest: &str) -> bool {
        let colons = rest.len() - rest.trim_start_matches(':').len();
        let (name, behind) = split_name(&rest[colons..]);
        match (colons, name.is_empty(), behind.trim().is_empty()) {
            (2, false, _) => self.leaf(line, rest, name, behind),
            (3.., true, true) => {
                self.by_itself(line, Mark::Closing, rest);
                true
            }
            (3.., false, _) => {
                self.container(line, rest, name, behind);
                true
            }
            _ => false,
        }
    }

    fn leaf(&mut self, line: &mut Line, rest: &str, name: &str, behind: &str) -> bool {
        let (label, behind) = enclosed(behind, '[', ']').unwrap_or(("", behind));
        let (attributes, behind) = enclosed(behind, '{', '}').unwrap_or(("", behind));
        if !behind.trim().is_empty() {
            return false;
        }
        let mark = Mark::Leaf {
            name: name.to_owned(),
            label: label.to_owned(),
            attributes: attributes.to_owned(),
        };
        self.by_itself(line, mark, rest);
        true
    }

    fn container(&mut self, line: &mut Line, rest: &str, name: &str, behind: &str) {
        self.by_itself(line, Mark::Opening(name.to_owned()), rest);
        let (title, behind) = match enclosed(behind, '[', ']') {
            Some((title, behind)) => (title, without_attributes(behind)),
            // As Docusaurus had it before version 3: everything behind the word.
            None => (without_attributes(behind), ""),
        };
        if !title.trim().is_empty() {
            self.by_itself(line, Mark::TitleStart, "");
            self.text(line, title.trim().to_owned(), self.lines.len());
            self.by_itself(line, Mark::TitleEnd, "");
        }
        self.text(line, behind.trim().to_owned(), self.lines.len());
    }
}

fn split_name(text: &str) -> (&str, &str) {
    let begins = text.starts_with(|first: char| first.is_alphabetic());
    let end = text.find(|next: char| !next.is_alphanumeric() && !matches!(next, '-' | '_'));
    text.split_at(if begins { end.unwrap_or(text.len()) } else { 0 })
}

/// What stands between the brackets with which a text begins, and what comes behind them.
fn enclosed(text: &str, opening: char, closing: char) -> Option<(&str, &str)> {
    let inside = text.trim_start().strip_prefix(opening)?;
    let mut depth = 1_usize;
    for (at, next) in inside.char_indices() {
        if next == opening {
            depth += 1;
        } else if next == closing {
            depth -= 1;
        }
        if depth == 0 {
            return Some((&inside[..at], &inside[at + closing.len_utf8()..]));
        }
    }
    None
}

fn without_attributes(text: &str) -> &str {
    enclosed(text, '{', '}').map_or(text, |(_, behind)| behind)
}

/// `<https://…>`, `<somebody@example.com>`
fn is_autolink(text: &str) -> bool {
    let inside = text.get(1..).and_then(|text| text.split_once('>'));
    inside.is_some_and(|(inside, _)| {
        !inside.contains(char::is_whitespace)
            && (inside.contains('@')
                || inside
                    .split_once(':')
                    .is_some_and(|(scheme, _)| scheme.len() > 1))
    })
}
