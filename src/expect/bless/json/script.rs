//! The changes of a text that holds JSON: what is taken away and what is put in, with the commas
//! between values and the lines that they stand on.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::super::super::json_pattern::{Node, Place};

/// A member with its name, or an element.
pub(super) type Entry = Range<Place>;

/// Blanks of a level of JSON where the page shows none.
const LEVEL: usize = 4;

pub(super) struct Script<'a> {
    raw: &'a str,
    /// The raw text with blanks in the place of pointer marks.
    plain: &'a [u8],
    /// Where each line begins.
    starts: Vec<usize>,
    /// Bytes that are taken away.
    gone: Vec<bool>,
    /// What is put in before a byte.
    put: BTreeMap<usize, String>,
    /// The line behind which lines move, and by how many blanks to the right.
    shift: (usize, isize),
    /// The object that is put around all.
    wrapper: Option<Wrapper>,
}

struct Wrapper {
    name: String,
    /// Blanks before the object, and those of a level.
    blanks: (usize, usize),
    /// What is cut off stays so.
    is_closed: bool,
}

impl<'a> Script<'a> {
    pub(super) fn new(raw: &'a str, plain: &'a str) -> Script<'a> {
        let newlines = raw.match_indices('\n').map(|(at, _)| at + 1);
        Script {
            raw,
            plain: plain.as_bytes(),
            starts: std::iter::once(0).chain(newlines).collect(),
            gone: vec![false; raw.len()],
            put: BTreeMap::new(),
            shift: (0, 0),
            wrapper: None,
        }
    }

    /// Another value in the place of one.
    pub(super) fn replace(&mut self, span: &Range<Place>, real: &Value) {
        let text = self.pretty(real, self.blanks_before(span.start.row));
        let bytes = self.bytes(span);
        self.put.entry(bytes.start).or_default().push_str(&text);
        self.gone[bytes].fill(true);
    }

    /// Another name for a member.
    pub(super) fn rename(&mut self, member: &Node, from: &str, to: &str) {
        let Some(start) = member.name.map(|place| self.byte(place)) else {
            return;
        };
        let (from, to) = (quoted(from), quoted(to));
        // A name that is written with escapes is left to whoever writes the text as a whole.
        if self.raw[start..].starts_with(&from) {
            self.gone[start..start + from.len()].fill(true);
            self.put.entry(start).or_default().push_str(&to);
        }
    }

    /// Takes an entry away, with one of the commas around it.
    pub(super) fn remove(&mut self, entry: &Entry) {
        let bytes = self.bytes(entry);
        self.gone[bytes.clone()].fill(true);
        if let Some(comma) = self.comma_behind(bytes.end) {
            let blanks = self.plain[comma + 1..].iter();
            let blanks = blanks.take_while(|byte| **byte == b' ').count();
            self.gone[bytes.end..=comma].fill(true);
            let is_inline = self.plain.get(comma + 1 + blanks) != Some(&b'\n');
            if is_inline {
                self.gone[comma + 1..comma + 1 + blanks].fill(true);
            }
            return;
        }
        let before = (0..bytes.start).rev();
        let mut before = before.filter(|at| !self.gone[*at] && !self.is_blank(*at));
        if let Some(comma) = before.next().filter(|at| self.plain[*at] == b',') {
            let is_inline = !self.plain[comma..bytes.start].contains(&b'\n');
            let end = if is_inline { bytes.start } else { comma + 1 };
            self.gone[comma..end].fill(true);
        }
    }

    /// Puts entries behind another, or at the beginning of the value that holds them.
    pub(super) fn insert(&mut self, holder: &Node, anchor: Option<Entry>, new: Vec<String>) {
        if new.is_empty() {
            return;
        }
        let Some(anchor) = anchor else {
            let open = self.byte(holder.span.start) + 1;
            let own_line = self.rest_is_blank(open);
            let (at, before, behind) = match own_line {
                true => (self.end_of_line(open), "\n", ","),
                false => (open, "", ", "),
            };
            let new = new.iter().map(|entry| format!("{before}{entry}{behind}"));
            let new: String = new.collect();
            return self.put.entry(at).or_default().push_str(&new);
        };
        let (start, end) = (self.byte(anchor.start), self.byte(anchor.end));
        let comma = self.comma_behind(end);
        let behind = comma.map_or(end, |comma| comma + 1);
        let line = self.starts[anchor.start.row];
        let begins_line = (line..start).all(|at| self.is_blank(at));
        if begins_line && self.rest_is_blank(behind) {
            let last = if comma.is_some() { "," } else { "" };
            if comma.is_none() {
                self.put.entry(end).or_default().push(',');
            }
            let new = format!("\n{}{last}", new.join(",\n"));
            let at = self.end_of_line(behind);
            self.put.entry(at).or_default().push_str(&new);
        } else {
            let new = new.iter().map(|entry| format!(", {}", entry.trim_start()));
            let new: String = new.collect();
            self.put.entry(end).or_default().push_str(&new);
        }
    }

    /// Leaves of a value only one that it holds.
    pub(super) fn unwrap(&mut self, outer: &Range<Place>, inner: &Range<Place>) {
        let (around, within) = (self.bytes(outer), self.bytes(inner));
        self.gone[around.start..within.start].fill(true);
        self.gone[within.end..around.end].fill(true);
        let depth = |place: Place| self.blanks_before(place.row).unwrap_or_default();
        let less = depth(inner.start).saturating_sub(depth(outer.start));
        self.shift = (outer.start.row, -isize::try_from(less).unwrap_or_default());
    }

    /// Puts an object around a value.
    pub(super) fn wrap(&mut self, span: &Range<Place>, name: &str) {
        let level = self.level(span);
        self.wrapper = Some(Wrapper {
            name: quoted(name),
            blanks: (
                self.blanks_before(span.start.row).unwrap_or_default(),
                level,
            ),
            is_closed: matches!(self.plain[..self.byte(span.end)].last(), Some(b'}' | b']')),
        });
        self.shift = (span.start.row, isize::try_from(level).unwrap_or_default());
    }

    /// A member with its name, behind so many blanks; all in one line without.
    pub(super) fn member(&self, name: &str, real: &Value, indent: Option<usize>) -> String {
        let blanks = " ".repeat(indent.unwrap_or_default());
        let value = self.pretty(real, indent);
        format!("{blanks}{}: {}", quoted(name), value.trim_start())
    }

    /// A value in lines whose first begins with so many blanks; all in one line without.
    pub(super) fn element(&self, real: &Value, indent: Option<usize>) -> String {
        let blanks = " ".repeat(indent.unwrap_or_default());
        format!("{blanks}{}", self.pretty(real, indent))
    }

    /// A value in lines that are indented, but for the first; all in one line without an indentation.
    fn pretty(&self, real: &Value, indent: Option<usize>) -> String {
        let Some(indent) = indent else {
            return real.to_string();
        };
        let level = " ".repeat(LEVEL);
        let mut bytes = Vec::new();
        let formatter = PrettyFormatter::with_indent(level.as_bytes());
        let written = real.serialize(&mut Serializer::with_formatter(&mut bytes, formatter));
        let text = String::from_utf8(bytes).ok().filter(|_| written.is_ok());
        let text = text.unwrap_or_else(|| real.to_string());
        text.replace('\n', &format!("\n{}", " ".repeat(indent)))
    }

    /// Blanks before the entries of a value, whose first is known; `None` where they share its line.
    pub(super) fn indentation(&self, holder: &Node, first: Option<&Node>) -> Option<usize> {
        let outer = self
            .blanks_before(holder.span.start.row)
            .unwrap_or_default();
        match first {
            None => Some(outer + self.level(&holder.span)),
            Some(first) => {
                let start = first.name.unwrap_or(first.span.start);
                (start.row != holder.span.start.row).then_some(())?;
                self.blanks_before(start.row)
            }
        }
    }

    /// The changed text.
    pub(super) fn text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut line = Line::default();
        for (at, letter) in self.raw.char_indices() {
            line.put(self.put.get(&at));
            match (self.gone[at], letter) {
                (true, _) => line.lost |= !self.is_blank(at),
                (false, '\n') => lines.extend(std::mem::take(&mut line).finished()),
                (false, letter) => {
                    line.text.push(letter);
                    line.says |= !self.is_blank(at);
                }
            }
        }
        line.put(self.put.get(&self.raw.len()));
        if !line.text.is_empty() {
            lines.extend(line.finished());
        }
        let lines = lines.join("\n");
        let (from, by) = self.shift;
        let shifted = lines
            .lines()
            .enumerate()
            .map(|(index, line)| match index > from {
                true => shifted(line, by),
                false => line.to_owned(),
            });
        let mut lines: Vec<String> = shifted.collect();
        if let Some(wrapper) = &self.wrapper {
            wrapper.put_around(&mut lines, from);
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }

    fn byte(&self, place: Place) -> usize {
        self.starts[place.row] + place.column
    }

    fn bytes(&self, span: &Range<Place>) -> Range<usize> {
        self.byte(span.start)..self.byte(span.end)
    }

    fn is_blank(&self, at: usize) -> bool {
        self.plain[at].is_ascii_whitespace()
    }

    /// The comma that follows, if it is still there.
    fn comma_behind(&self, at: usize) -> Option<usize> {
        let mut rest = at..self.plain.len();
        let next = rest.find(|at| !self.gone[*at] && !self.is_blank(*at))?;
        (self.plain[next] == b',').then_some(next)
    }

    /// Whether nothing but blanks and pointers follow on the line.
    fn rest_is_blank(&self, at: usize) -> bool {
        (at..self.end_of_line(at)).all(|at| self.is_blank(at) || self.gone[at])
    }

    fn end_of_line(&self, at: usize) -> usize {
        let rest = self.plain.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| **byte != b'\n').count()
    }

    /// `None` for a line that begins with something else.
    fn blanks_before(&self, row: usize) -> Option<usize> {
        let line = &self.plain[self.starts[row]..];
        let blanks = line.iter().take_while(|byte| **byte == b' ').count();
        (line.get(blanks) != Some(&b'\t')).then_some(blanks)
    }

    /// Blanks of a level, as the value's own lines have them.
    fn level(&self, span: &Range<Place>) -> usize {
        let outer = self.blanks_before(span.start.row).unwrap_or_default();
        let next = (span.start.row < span.end.row).then_some(span.start.row + 1);
        let inner = next.and_then(|row| self.blanks_before(row));
        let level = inner.unwrap_or_default().saturating_sub(outer);
        if level == 0 { LEVEL } else { level }
    }
}

impl Wrapper {
    /// Puts itself around what begins at the line `first`.
    fn put_around(&self, lines: &mut Vec<String>, first: usize) {
        let (outer, level) = self.blanks;
        if let Some(line) = lines.get_mut(first) {
            let inner = " ".repeat(outer + level);
            *line = format!("{inner}{}: {}", self.name, line.trim_start());
            lines.insert(first, format!("{}{{", " ".repeat(outer)));
        }
        if self.is_closed {
            let last = lines.iter().rposition(|line| !line.trim().is_empty());
            let closing = format!("{}}}", " ".repeat(outer));
            lines.insert(last.map_or(0, |last| last + 1), closing);
        }
    }
}

/// A line of the new text.
#[derive(Default)]
struct Line {
    text: String,
    /// There is more than blanks and pointers.
    says: bool,
    /// Something was taken away.
    lost: bool,
}

impl Line {
    fn put(&mut self, text: Option<&String>) {
        if let Some(text) = text {
            self.text.push_str(text);
            self.says = true;
        }
    }

    /// `None` for a line of which nothing is left.
    fn finished(self) -> Option<String> {
        let is_left = self.says || !self.lost;
        is_left.then(|| match self.lost {
            true => self.text.trim_end().to_owned(),
            false => self.text,
        })
    }
}

fn shifted(line: &str, by: isize) -> String {
    let blanks = line.len() - line.trim_start_matches(' ').len();
    let less = by.unsigned_abs().min(blanks);
    match by {
        0 => line.to_owned(),
        1.. if line.is_empty() => String::new(),
        1.. => " ".repeat(by.unsigned_abs()) + line,
        _ => line[less..].to_owned(),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
