//! A line of text whose parts look different, wrapped before it is painted: no colour reaches over the end of a line.

use std::ops::Range;

use super::super::style::{Style, columns, wrapped};
use super::super::text::printable;
use crate::lab::prose::Inline;
use crate::message;

/// Text, and how parts of it look.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    text: String,
    looks: Vec<(Range<usize>, Look)>,
    /// The source breaks the line here.
    break_pending: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Look {
    /// Parameters of an SGR sequence.
    Codes(&'static str),
    /// What a terminal opens when it is clicked.
    Opens(String),
}

/// Text in a colour, where there are colours.
pub(super) fn painted(codes: &str, text: &str, style: Style) -> String {
    if style.color && !text.is_empty() {
        format!("\u{1b}[{codes}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

impl Line {
    pub(super) fn of(inlines: &[Inline], style: Style) -> Line {
        let mut line = Line::default();
        line.add(inlines, style);
        line
    }

    /// All of it looks like this, too.
    pub(super) fn all(mut self, codes: &'static str) -> Line {
        self.looks.push((0..self.text.len(), Look::Codes(codes)));
        self
    }

    /// Columns that it takes where nothing breaks it.
    pub(super) fn columns(&self) -> usize {
        self.text.lines().map(columns).max().unwrap_or_default()
    }

    fn add(&mut self, inlines: &[Inline], style: Style) {
        for inline in inlines {
            let from = self.text.len();
            match inline {
                Inline::Text(text) => self.push(text),
                Inline::Code(text) => {
                    let text = if style.color {
                        text.clone()
                    } else {
                        format!("`{text}`")
                    };
                    self.push(&text);
                    self.look(from, Look::Codes("36"));
                }
                Inline::Emphasis(inside) => {
                    self.add(inside, style);
                    self.look(from, Look::Codes("3"));
                }
                Inline::Strong(inside) => {
                    self.add(inside, style);
                    self.look(from, Look::Codes("1"));
                }
                Inline::Struck(inside) if style.color => {
                    self.add(inside, style);
                    self.look(from, Look::Codes("9"));
                }
                Inline::Struck(inside) => {
                    self.push("~~");
                    self.add(inside, style);
                    self.push("~~");
                }
                Inline::Link { target, text } => {
                    self.add(text, style);
                    self.target(from, target);
                }
                Inline::Image { target, alt } => self.image(target, alt, style),
                Inline::Button { label, target } => {
                    let word = message!("lesson-console").to(style.language);
                    let label = if label.is_empty() {
                        word.clone()
                    } else {
                        label.clone()
                    };
                    self.push(&format!("[{label}]"));
                    self.target(from, target);
                }
                Inline::SoftBreak => self.break_pending = true,
                Inline::HardBreak => {
                    self.break_pending = false;
                    self.text.push('\n');
                }
            }
        }
    }

    fn image(&mut self, target: &str, alt: &str, style: Style) {
        let from = self.text.len();
        let word = message!("lesson-image").to(style.language);
        let words = if alt.is_empty() {
            word
        } else {
            message!("lesson-label", label = word.as_str()).to(style.language) + alt
        };
        self.push(&format!("[{words}]"));
        self.target(from, target);
    }

    /// What stands from here on leads there.
    fn target(&mut self, from: usize, target: &str) {
        let shown: String = printable(target).split_whitespace().collect();
        if shown.is_empty() || shown.starts_with('#') {
            return;
        }
        self.look(from, Look::Codes("4"));
        let said = self.text.get(from..).unwrap_or_default().trim();
        if said != shown && format!("mailto:{said}") != shown {
            self.push(" ");
            let behind = self.text.len();
            self.push(&format!("({shown})"));
            self.look(behind, Look::Codes("2"));
        }
        if ["https://", "http://", "mailto:"]
            .iter()
            .any(|scheme| shown.starts_with(scheme))
        {
            self.look(from, Look::Opens(shown));
        }
    }

    fn look(&mut self, from: usize, look: Look) {
        // A break that came due before the first word belongs to no look.
        let inside = self.text.get(from..).unwrap_or_default();
        let from = from + (inside.len() - inside.trim_start().len());
        if from < self.text.len() {
            self.looks.push((from..self.text.len(), look));
        }
    }

    fn push(&mut self, text: &str) {
        let text = printable(text).replace(['\n', '\t'], " ");
        let Some(first) = text.chars().next() else {
            return;
        };
        if std::mem::take(&mut self.break_pending) {
            let last = self.text.chars().next_back();
            // Japanese has no blanks between words, so a break of the source's is none.
            let is_seamless = last.is_some_and(is_wide) && is_wide(first);
            if !is_seamless && last.is_some_and(|last| !last.is_whitespace()) {
                self.text.push(' ');
            }
        }
        self.text.push_str(&text);
    }

    /// In lines of at most so many columns, painted.
    pub(super) fn wrapped(&self, width: usize, style: Style) -> Vec<String> {
        let mut lines = Vec::new();
        let mut at = 0;
        for hard in self.text.split('\n') {
            let begin = at + (hard.len() - hard.trim_start().len());
            let mut from = begin;
            for line in wrapped(hard.trim(), width, "").split('\n') {
                // Between two lines only blanks are left out.
                let rest = &self.text[from..];
                from += rest.len() - rest.trim_start_matches(' ').len();
                let end = (from + line.len()).min(self.text.len());
                lines.push(self.painted(from..end, style));
                from = end;
            }
            at += hard.len() + 1;
        }
        lines
    }

    fn painted(&self, range: Range<usize>, style: Style) -> String {
        if !style.color {
            return self.text[range].to_owned();
        }
        let edges = self
            .looks
            .iter()
            .flat_map(|(over, _)| [over.start, over.end]);
        let mut edges: Vec<usize> = edges
            .filter(|edge| range.contains(edge))
            .chain([range.start, range.end])
            .collect();
        edges.sort_unstable();
        edges.dedup();
        edges
            .windows(2)
            .map(|edge| self.part(edge[0]..edge[1], style))
            .collect()
    }

    /// A part that looks the same from end to end.
    fn part(&self, range: Range<usize>, style: Style) -> String {
        let over = |over: &Range<usize>| over.start <= range.start && over.end >= range.end;
        let looks = self.looks.iter().filter(|(at, _)| over(at));
        let mut codes = Vec::new();
        let mut opens = None;
        for (_, look) in looks {
            match look {
                Look::Codes(code) => codes.push(*code),
                Look::Opens(target) => opens = Some(target),
            }
        }
        let text = &self.text[range.clone()];
        let text = if codes.is_empty() {
            text.to_owned()
        } else {
            painted(&codes.join(";"), text, style)
        };
        match opens {
            Some(target) => format!("\u{1b}]8;;{target}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\"),
            None => text,
        }
    }
}

/// Whether a character is one of a script that has no blanks between words.
fn is_wide(character: char) -> bool {
    let is_hangul = matches!(character, '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' | '\u{AC00}'..='\u{D7AF}');
    columns(character.encode_utf8(&mut [0; 4])) == 2 && !is_hangul
}
