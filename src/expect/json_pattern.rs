//! Documented JSON: as authors write it, with elisions and cut off where they had seen enough.

use std::ops::Range;

use super::align::Item;
use super::clean::Line;

/// Deeper JSON is compared as text.
const DEPTH: usize = 100;

/// A documented value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Line of the documented output, counted from 1.
    pub(super) line: usize,
    pub(super) value: Pattern,
    /// Where the name of the member begins, if it is one.
    pub(super) name: Option<Place>,
    /// From its first character to behind its last.
    pub(super) span: Range<Place>,
}

/// A place in the lines that were read: index of the line, and byte within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    pub(super) row: usize,
    pub(super) column: usize,
}

/// What a page says of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pattern {
    /// `...` in the place of a value.
    Any,
    Null,
    Boolean(bool),
    Number(serde_json::Number),
    Text(String),
    Array(Vec<Item<Node>>),
    Object(Members),
}

/// What a page says of an object.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Members {
    /// In the page's order, which means nothing.
    pub(super) members: Vec<(String, Node)>,
    /// There may be others.
    pub(super) elided: bool,
}

/// The values that the lines hold, or `None` where they are not JSON.
pub(super) fn parse(lines: &[Line]) -> Option<Vec<Item<Node>>> {
    let mut reader = Reader {
        lines,
        row: 0,
        rest: lines.first()?.text.as_str(),
        depth: 0,
    };
    let mut values = Vec::new();
    while reader.peek().is_some() {
        values.push(if reader.elision() {
            Item::Elision
        } else {
            Item::One(reader.value()?)
        });
    }
    let is_container =
        |item: &Item<Node>| matches!(item, Item::One(node) if node.value.is_container());
    let is_scalar =
        |item: &Item<Node>| matches!(item, Item::One(node) if !node.value.is_container());
    // A lone number or word is text to its reader.
    (values.iter().any(is_container) && !values.iter().any(is_scalar)).then_some(values)
}

impl Pattern {
    fn is_container(&self) -> bool {
        matches!(self, Pattern::Array(_) | Pattern::Object(_))
    }
}

struct Reader<'a> {
    lines: &'a [Line],
    row: usize,
    /// What is left of the line.
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    /// The next character that is not blank.
    fn peek(&mut self) -> Option<char> {
        loop {
            self.rest = self.rest.trim_start();
            if let Some(next) = self.rest.chars().next() {
                return Some(next);
            }
            self.row += 1;
            self.rest = self.lines.get(self.row)?.text.as_str();
        }
    }

    /// Where the reader stands; behind the last line it is at its end.
    fn place(&self) -> Place {
        let row = self.row.min(self.lines.len() - 1);
        let length = self.lines[row].text.len();
        let left = if self.row == row { self.rest.len() } else { 0 };
        Place {
            row,
            column: length - left,
        }
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.rest = &self.rest[expected.len_utf8()..];
        }
        found
    }

    fn elision(&mut self) -> bool {
        if self.take('…') {
            return true;
        }
        let found = self.rest.starts_with("...");
        if found {
            self.rest = self.rest.trim_start_matches('.');
        }
        found
    }

    fn value(&mut self) -> Option<Node> {
        let first = self.peek()?;
        let line = self.lines.get(self.row)?.number;
        let start = self.place();
        let value = match first {
            _ if self.elision() => Pattern::Any,
            '{' | '[' => {
                self.depth += 1;
                self.take(first);
                let value = match first {
                    _ if self.depth > DEPTH => return None,
                    '{' => Pattern::Object(self.members()?),
                    _ => Pattern::Array(self.elements()?),
                };
                self.depth -= 1;
                value
            }
            '"' => Pattern::Text(self.text()?),
            _ => self.word()?,
        };
        Some(Node {
            line,
            value,
            name: None,
            span: start..self.place(),
        })
    }

    fn members(&mut self) -> Option<Members> {
        let mut found = Members::default();
        loop {
            let next = self.peek();
            if next.is_none() || self.elision() {
                found.elided = true;
            } else if next == Some('"') {
                let named_at = self.place();
                let name = self.text()?;
                let has_value = self.peek().is_none() || self.take(':');
                if !has_value {
                    return None;
                }
                let mut value = match self.peek() {
                    Some(_) => self.value()?,
                    None => Node {
                        line: self.lines.last()?.number,
                        value: Pattern::Any,
                        name: None,
                        span: self.place()..self.place(),
                    },
                };
                value.name = Some(named_at);
                found.members.push((name, value));
            } else if !self.take(',') {
                return self.take('}').then_some(found);
            }
            if next.is_none() {
                return Some(found);
            }
        }
    }

    fn elements(&mut self) -> Option<Vec<Item<Node>>> {
        let mut found = Vec::new();
        loop {
            let next = self.peek();
            if next.is_none() || self.elision() {
                found.push(Item::Elision);
            } else if next == Some(']') {
                self.take(']');
                return Some(found);
            } else if !self.take(',') {
                found.push(Item::One(self.value()?));
            }
            if next.is_none() {
                return Some(found);
            }
        }
    }

    /// A string, which ends on its line.
    fn text(&mut self) -> Option<String> {
        let mut escaped = false;
        let inside = self.rest.strip_prefix('"')?;
        let end = inside.find(|letter| {
            let ends = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            ends
        })?;
        let (text, rest) = self.rest.split_at(end + 2);
        self.rest = rest;
        serde_json::from_str(text).ok()
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<Pattern> {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
        let behind = self.rest.trim_start_matches(is_part);
        let word = &self.rest[..self.rest.len() - behind.len()];
        let value = match word {
            "null" => Pattern::Null,
            "true" => Pattern::Boolean(true),
            "false" => Pattern::Boolean(false),
            number => Pattern::Number(serde_json::from_str(number).ok()?),
        };
        self.rest = behind;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::clean;
    use super::*;

    /// `expected`: the values in short, `None` where the text is not JSON.
    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let values = parse(&clean::lines(text));
        let short = values.map(|values| items(&values));
        assert_eq!(short.as_deref(), expected, "{text}");
    }

    fn items(items: &[Item<Node>]) -> String {
        let all = items.iter().map(|item| match item {
            Item::Elision => "...".to_owned(),
            Item::One(node) => short(node),
        });
        all.collect::<Vec<_>>().join(",")
    }

    fn short(node: &Node) -> String {
        match &node.value {
            Pattern::Any => "any".to_owned(),
            Pattern::Null => "null".to_owned(),
            Pattern::Boolean(value) => value.to_string(),
            Pattern::Number(value) => value.to_string(),
            Pattern::Text(value) => format!("'{value}'"),
            Pattern::Array(elements) => format!("[{}]", items(elements)),
            Pattern::Object(object) => {
                let members = object.members.iter();
                let mut all: Vec<String> = members
                    .map(|(name, node)| format!("{name}@{}={}", node.line, short(node)))
                    .collect();
                all.extend(object.elided.then(|| "...".to_owned()));
                format!("{{{}}}", all.join(","))
            }
        }
    }

    #[test]
    fn whole_json_is_read_with_its_lines() {
        check(
            "{\n \"a\": [1, -2.5e3, true],\n \"b\": {\"c\": null}\n}\n",
            Some("{a@2=[1,-2500.0,true],b@3={c@3=null}}"),
        );
        check("[]\n{}\n", Some("[],{}"));
        check("{\"a\": \"x \\\" \\u00e9\"}", Some("{a@1='x \" é'}"));
    }

    #[test]
    fn elisions_stand_for_members_elements_and_values() {
        check(
            "{\n  \"a\": 1,\n  ...\n  \"b\": 2\n}",
            Some("{a@2=1,b@4=2,...}"),
        );
        check("[\n  1,\n  ...\n]", Some("[1,...]"));
        check("[..., 2]", Some("[...,2]"));
        check(
            "{\"a\": ..., \"b\": {...}, \"c\": […]}",
            Some("{a@1=any,b@1={...},c@1=[...]}"),
        );
        check("{\"a\": 1}\n...\n{\"b\": 2}", Some("{a@1=1},...,{b@3=2}"));
    }

    #[test]
    fn what_is_cut_off_is_elided() {
        check(
            "{\n \"a\": [\n  {\n   \"b\": 1\n  }\n",
            Some("{a@2=[{b@4=1},...],...}"),
        );
        check("{\n \"a\":\n", Some("{a@2=any,...}"));
    }

    #[test]
    fn pointers_do_not_stand_in_the_way() {
        check(
            "{\n --->>> \"a\": 1,  <<<---\n \"b\": 2 <<<---\n}",
            Some("{a@2=1,b@3=2}"),
        );
    }

    #[test]
    fn other_text_is_not_json() {
        for text in [
            "",
            "ACTIVE",
            "12",
            "\"a\"",
            "...",
            "[INFO] started",
            "{ } x",
            "{a: 1}",
            "{\"a\" 1}",
            "{]",
        ] {
            check(text, None);
        }
        check(&"[".repeat(5_000), None);
    }
}
