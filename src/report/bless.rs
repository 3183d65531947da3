//! What blessing did to pages, as text: a unified diff and a line for each page, or one versioned JSON document.

use std::path::PathBuf;

use serde::Serialize;

use super::plan::counted;
use super::terminal::Paint;
use super::text::document;
use crate::lab::rewrite::{Change, ChangedLine, Refusal};
use crate::outcome::Exit;

/// Raised when a field changes its meaning or goes; new fields do not raise it.
const VERSION: u32 = 1;

/// Lines of the page that a diff shows around a change.
const CONTEXT: usize = 3;

/// A page whose outputs were held against what came.
#[derive(Debug, Clone)]
pub struct BlessedPage {
    pub path: PathBuf,
    pub fate: Fate,
    /// Its text before.
    pub source: String,
    /// What is, or would be, rewritten, in the order of the page.
    pub changes: Vec<Change>,
    /// Outputs that cannot be written.
    pub refused: Vec<Refusal>,
}

/// What became of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Its outputs say what came.
    Agrees,
    Rewritten,
    /// Only asked for.
    WouldChange,
    /// Left as it is, and why.
    Left(String),
    /// Left as it is: below the command at this line a secret would be written.
    Secret(usize),
}

impl Fate {
    fn name(&self) -> &'static str {
        match self {
            Fate::Agrees => "agrees",
            Fate::Rewritten => "rewritten",
            Fate::WouldChange => "would change",
            Fate::Left(_) | Fate::Secret(_) => "left",
        }
    }

    /// Why the page is left as it is.
    fn why(&self) -> Option<String> {
        match self {
            Fate::Agrees | Fate::Rewritten | Fate::WouldChange => None,
            Fate::Left(why) => Some(why.clone()),
            Fate::Secret(line) => Some(format!(
                "a secret would be written below line {line}: have the command not print it, or elide it with `...`"
            )),
        }
    }
}

/// The diffs, a line for each page that does not agree, and the counts. Ends with a newline.
pub fn terminal(pages: &[BlessedPage], color: bool) -> String {
    let paint = Paint(color);
    let mut text = String::new();
    for page in pages {
        text += &diff(page, color);
    }
    for page in pages {
        let path = page.path.display();
        let outputs = counted(page.changes.len(), "output");
        text += &match &page.fate {
            Fate::Agrees => String::new(),
            Fate::Rewritten => format!("{path}: {outputs} rewritten\n"),
            Fate::WouldChange => format!("{path}: {outputs} drifted\n"),
            Fate::Left(_) | Fate::Secret(_) => {
                let why = page.fate.why().unwrap_or_default();
                format!("{} {why}\n", paint.bad(&format!("{path}: left as it is:")))
            }
        };
        for refusal in &page.refused {
            let place = format!("{path}:{}: not rewritten:", refusal.line);
            text += &format!("{} {}\n", paint.bad(&place), refusal.why);
        }
    }
    let count = |fate: fn(&Fate) -> bool| pages.iter().filter(|page| fate(&page.fate)).count();
    let mut counts = vec![counted(pages.len(), "page")];
    for (number, word) in [
        (count(|fate| *fate == Fate::Rewritten), "rewritten"),
        (count(|fate| *fate == Fate::WouldChange), "to be blessed"),
        (count(|fate| fate.why().is_some()), "left as they are"),
        (count(|fate| *fate == Fate::Agrees), "agree"),
    ] {
        counts.extend((number > 0).then(|| format!("{number} {word}")));
    }
    let refused = pages.iter().map(|page| page.refused.len()).sum();
    counts.extend((refused > 0).then(|| counted(refused, "output") + " refused"));
    text + &counts.join(", ") + "\n"
}

/// A unified diff of a page; empty where nothing changes.
pub fn diff(page: &BlessedPage, color: bool) -> String {
    if page.changes.is_empty() || page.fate.why().is_some() {
        return String::new();
    }
    let path = page.path.display();
    format!("--- {path}\n+++ {path}\n") + &hunks(&page.source, &page.changes, color)
}

/// The changes of a text with the lines around them; what stands close together is one.
pub fn hunks(source: &str, changes: &[Change], color: bool) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let mut text = String::new();
    let mut longer: isize = 0;
    let mut rest = changes;
    while let Some(first) = rest.first() {
        let together = 1 + rest
            .windows(2)
            .take_while(|pair| pair[1].output_line <= end(&pair[0]) + 2 * CONTEXT)
            .count();
        let (these, others) = rest.split_at(together);
        let (from, hunk) = hunk(&lines, first.output_line, these);
        let (old, new) = (
            hunk.length(' ') + hunk.length('-'),
            hunk.length(' ') + hunk.length('+'),
        );
        let new_from = from.saturating_add_signed(longer);
        text += &Paint(color).quiet(&format!("@@ -{from},{old} +{new_from},{new} @@"));
        text += "\n";
        for (mark, line) in &hunk.0 {
            let line = format!("{mark}{line}");
            text += &match mark {
                '-' => Paint(color).bad(&line),
                '+' => Paint(color).good(&line),
                _ => line,
            };
            text += "\n";
        }
        longer += new.cast_signed() - old.cast_signed();
        rest = others;
    }
    text
}

/// The line of the old text behind the change.
fn end(change: &Change) -> usize {
    let is_old = |line: &&ChangedLine| !matches!(line, ChangedLine::Added(_));
    change.output_line + change.lines.iter().filter(is_old).count()
}

/// Lines with their marks.
struct Hunk(Vec<(char, String)>);

impl Hunk {
    fn length(&self, mark: char) -> usize {
        self.0.iter().filter(|(found, _)| *found == mark).count()
    }
}

/// From the first line of these outputs on, cut to what is near to a change.
fn hunk(lines: &[&str], first: usize, changes: &[Change]) -> (usize, Hunk) {
    let from = first.saturating_sub(CONTEXT).max(1);
    let mut hunk = Vec::new();
    let mut at = from;
    let same = |range: std::ops::Range<usize>| {
        let range = range.start - 1..(range.end - 1).min(lines.len());
        let lines = lines.get(range).unwrap_or_default();
        lines.iter().map(|line| (' ', (*line).to_owned()))
    };
    for change in changes {
        hunk.extend(same(at..change.output_line));
        hunk.extend(change.lines.iter().map(|line| match line {
            ChangedLine::Same(text) => (' ', text.clone()),
            ChangedLine::Removed(text) => ('-', text.clone()),
            ChangedLine::Added(text) => ('+', text.clone()),
        }));
        at = end(change);
    }
    hunk.extend(same(at..at + CONTEXT));
    let is_changed = |(mark, _): &(char, String)| *mark != ' ';
    if let Some(last) = hunk.iter().rposition(is_changed) {
        hunk.truncate(last + 1 + CONTEXT);
    }
    let far = hunk.iter().position(is_changed);
    let far = far.unwrap_or_default().saturating_sub(CONTEXT);
    hunk.drain(..far);
    (from + far, Hunk(hunk))
}

/// The document, ending with a newline.
pub fn json(pages: &[BlessedPage], exit: Exit) -> String {
    let view = View {
        version: VERSION,
        exit_code: exit as u8,
        pages: pages.iter().map(page_view).collect(),
    };
    document(&view)
}

#[derive(Serialize)]
struct View<'a> {
    version: u32,
    exit_code: u8,
    pages: Vec<PageView<'a>>,
}

#[derive(Serialize)]
struct PageView<'a> {
    page: String,
    result: &'static str,
    /// Why the page is left as it is.
    why: Option<String>,
    changes: Vec<ChangeView<'a>>,
    refused: Vec<RefusalView<'a>>,
}

#[derive(Serialize)]
struct ChangeView<'a> {
    line: usize,
    command: &'a str,
    output_line: usize,
    before: Vec<&'a str>,
    after: Vec<&'a str>,
}

#[derive(Serialize)]
struct RefusalView<'a> {
    line: usize,
    why: &'a str,
}

fn page_view(page: &BlessedPage) -> PageView<'_> {
    PageView {
        page: page.path.display().to_string(),
        result: page.fate.name(),
        why: page.fate.why(),
        changes: page.changes.iter().map(change_view).collect(),
        refused: page
            .refused
            .iter()
            .map(|refusal| RefusalView {
                line: refusal.line,
                why: &refusal.why,
            })
            .collect(),
    }
}

fn change_view(change: &Change) -> ChangeView<'_> {
    let lines = |is_wanted: fn(&ChangedLine) -> bool| {
        let lines = change.lines.iter().filter(move |line| is_wanted(line));
        let text = lines.map(|line| match line {
            ChangedLine::Same(text) | ChangedLine::Removed(text) | ChangedLine::Added(text) => {
                text.as_str()
            }
        });
        text.collect()
    };
    ChangeView {
        line: change.line,
        command: &change.command,
        output_line: change.output_line,
        before: lines(|line| !matches!(line, ChangedLine::Added(_))),
        after: lines(|line| !matches!(line, ChangedLine::Removed(_))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(output_line: usize, lines: &[&str]) -> Change {
        let lines = lines.iter().map(|line| {
            let text = line[1..].to_owned();
            match line.as_bytes()[0] {
                b'-' => ChangedLine::Removed(text),
                b'+' => ChangedLine::Added(text),
                _ => ChangedLine::Same(text),
            }
        });
        Change {
            command: "x".to_owned(),
            line: output_line - 1,
            output_line,
            lines: lines.collect(),
        }
    }

    #[test]
    fn a_diff_has_the_lines_around_each_change_and_true_numbers() {
        let source: String = (1..=40).map(|line| format!("{line}\n")).collect();
        let changes = [
            change(2, &["-2", "+two", "+2b"]),
            change(6, &["-6"]),
            change(20, &[" 20", " 21", " 22", " 23", "-24", "+x", " 25"]),
            change(40, &["+z", " 40"]),
        ];
        let expected = "\
@@ -1,9 +1,9 @@
 1
-2
+two
+2b
 3
 4
 5
-6
 7
 8
 9
@@ -21,7 +21,7 @@
 21
 22
 23
-24
+x
 25
 26
 27
@@ -37,4 +37,5 @@
 37
 38
 39
+z
 40
";
        assert_eq!(hunks(&source, &changes, false), expected);
    }

    #[test]
    fn each_page_has_its_line_and_all_are_counted() {
        let page = |path: &str, fate, changes: Vec<Change>| BlessedPage {
            path: path.into(),
            fate,
            source: "1\n2\n".to_owned(),
            changes,
            refused: Vec::new(),
        };
        let mut refused = page("c.md", Fate::Agrees, Vec::new());
        refused.refused.push(Refusal {
            line: 7,
            why: "it cannot".to_owned(),
        });
        let pages = [
            page("a.md", Fate::Rewritten, vec![change(2, &["-2", "+two"])]),
            page("b.md", Fate::Left("step 1 failed".to_owned()), Vec::new()),
            refused,
        ];
        let expected = "\
--- a.md
+++ a.md
@@ -1,2 +1,2 @@
 1
-2
+two
a.md: 1 output rewritten
b.md: left as it is: step 1 failed
c.md:7: not rewritten: it cannot
3 pages, 1 rewritten, 1 left as they are, 1 agree, 1 output refused
";
        assert_eq!(terminal(&pages, false), expected);
        let document: serde_json::Value =
            serde_json::from_str(&json(&pages, Exit::Content)).unwrap();
        assert_eq!(document["exit_code"], 3);
        assert_eq!(document["pages"][0]["changes"][0]["after"][0], "two");
        assert_eq!(document["pages"][1]["why"], "step 1 failed");
        assert_eq!(document["pages"][2]["refused"][0]["line"], 7);
    }
}
