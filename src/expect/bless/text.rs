//! Text written anew, line by line, and within a line word by word.

use std::ops::Range;

use super::super::align::Item;
use super::super::clean::{self, Line, Pointers, is_elision};
use super::super::edit::{ALIKE, Edit, SAME, UNLIKE, edits};
use super::super::forms::{self, PLAIN};
use super::super::lines::{self, Documented, Real};

/// A column of a table begins behind so many blanks.
const GAP: usize = 2;

/// The text with its drifted lines replaced. `None` where it is too long to tell which.
pub(super) fn rewritten(documented: &str, real: &str) -> Option<String> {
    let raw: Vec<&str> = documented.lines().collect();
    let (shown, found) = (clean::lines(documented), clean::lines(real));
    let (items, printed) = (lines::documented(&shown), lines::real(&found));
    let edits = edits(&items, &printed, cost)?;
    let mut page = Page {
        gaps: gaps(&shown),
        raw,
        text: Vec::new(),
        last_real: None,
    };
    page.blanks(0);
    for edit in &edits {
        page.piece(edit, &items, &printed);
    }
    page.blanks(page.gaps.len() - 1);
    Some(super::joined(page.text.iter().map(String::as_str)))
}

/// The blank lines before each line that is not, and behind the last, as indices.
fn gaps(shown: &[Line]) -> Vec<Range<usize>> {
    let mut gaps = Vec::new();
    let mut from = 0;
    for (index, line) in shown.iter().enumerate() {
        if !line.text.is_empty() {
            gaps.push(from..index);
            from = index + 1;
        }
    }
    gaps.push(from..shown.len());
    gaps
}

fn cost(shown: &Documented<'_>, found: &Real<'_>) -> u32 {
    if lines::same(shown, found) {
        return SAME;
    }
    let words = |line: &Line| line.text.split_whitespace().count().max(1);
    let found_words: Vec<&str> = found.line.text.split_whitespace().collect();
    let shown_words = shown.line.text.split_whitespace();
    let common = shown_words
        .filter(|word| found_words.contains(word))
        .count();
    let most = words(shown.line).max(words(found.line));
    let range = usize::try_from(UNLIKE - ALIKE).unwrap_or_default();
    UNLIKE - u32::try_from(range * common.min(most) / most).unwrap_or_default()
}

/// The new text as it comes together.
struct Page<'a> {
    /// The lines as the author wrote them.
    raw: Vec<&'a str>,
    /// Blank lines before each element, and behind the last.
    gaps: Vec<Range<usize>>,
    text: Vec<String>,
    /// Number of the printed line that was written or kept last.
    last_real: Option<usize>,
}

impl Page<'_> {
    fn piece(&mut self, edit: &Edit, items: &[Item<Documented<'_>>], printed: &[Real<'_>]) {
        match edit {
            Edit::Keep { documented, real } => {
                self.shown(*documented, None);
                self.last_real = Some(printed[*real].line.number);
            }
            Edit::Change { documented, real } => {
                let raw = self.raw[self.gaps[*documented].end];
                let found = &printed[*real];
                let changed = match &items[*documented] {
                    Item::One(shown) => merged(raw, shown, found),
                    Item::Elision => raw.to_owned(),
                };
                self.shown(*documented, Some(changed));
                self.last_real = Some(found.line.number);
            }
            Edit::Add { real } => {
                let line = printed[*real].line;
                let blank = self.last_real.map_or(0, |last| line.number - last - 1);
                self.text.extend(vec![String::new(); blank]);
                self.text.push(line.text.clone());
                self.last_real = Some(line.number);
            }
            Edit::Remove { .. } => {}
            Edit::Elide { documented, .. } => {
                self.shown(*documented, None);
                self.last_real = None;
            }
        }
    }

    /// Writes an element as it was, or changed, behind the blank lines before it.
    fn shown(&mut self, element: usize, changed: Option<String>) {
        if element > 0 {
            self.blanks(element);
        }
        let line = self.gaps[element].end;
        let text = changed.unwrap_or_else(|| self.raw[line].to_owned());
        self.text.push(text);
    }

    fn blanks(&mut self, gap: usize) {
        let blank = &self.raw[self.gaps[gap].clone()];
        self.text
            .extend(blank.iter().map(|line| (*line).to_owned()));
    }
}

/// A line that says what was printed: its words that differ are replaced, its pointers stay.
fn merged(raw: &str, shown: &Documented<'_>, found: &Real<'_>) -> String {
    let pointers = Pointers::of(raw);
    let plain = &shown.line.text;
    let words = pointers.are_outside().then(|| by_words(plain, found));
    let text = words.flatten();
    let text = text.unwrap_or_else(|| found.line.text.clone());
    pointers.around(&text)
}

/// A word, and the blanks before it.
struct Word<'a> {
    gap: &'a str,
    text: &'a str,
}

fn words(line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (gap, behind) = rest.split_at(rest.len() - rest.trim_start().len());
        let end = behind.find(char::is_whitespace).unwrap_or(behind.len());
        let (text, behind) = behind.split_at(end);
        words.push(Word { gap, text });
        rest = behind;
    }
    words
}

/// `None` where hardly a word stays, or the line would not agree.
fn by_words(plain: &str, found: &Real<'_>) -> Option<String> {
    let (shown, printed) = (words(plain), words(&found.line.text));
    let items: Vec<Item<&str>> = shown
        .iter()
        .map(|word| match is_elision(word.text) {
            true => Item::Elision,
            false => Item::One(word.text),
        })
        .collect();
    let same = |shown: &&str, found: &Word<'_>| match forms::same(shown, found.text, PLAIN) {
        true => SAME,
        false => ALIKE,
    };
    let edits = edits(&items, &printed, same)?;
    let stays = |edit: &&Edit| matches!(edit, Edit::Keep { .. } | Edit::Elide { .. });
    if edits.iter().filter(stays).count() * 2 < edits.len() {
        return None;
    }
    let line = put_together(&edits, &shown, &printed);
    forms::documented(&line, PLAIN)
        .fits(&found.text)
        .then_some(line)
}

/// The words with their gaps; what follows a longer or shorter word stays in its column, if it can.
fn put_together(edits: &[Edit], shown: &[Word<'_>], printed: &[Word<'_>]) -> String {
    let mut line = String::new();
    // Characters by which the line is longer than it was.
    let mut longer = 0;
    let length = |text: &str| isize::try_from(text.chars().count()).unwrap_or_default();
    for edit in edits {
        let (gap, word) = match edit {
            Edit::Keep { documented, .. } | Edit::Elide { documented, .. } => {
                (shown[*documented].gap, shown[*documented].text)
            }
            Edit::Change { documented, real } => (shown[*documented].gap, printed[*real].text),
            Edit::Add { real } => (printed[*real].gap, printed[*real].text),
            Edit::Remove { .. } => continue,
        };
        let is_column = gap.len() >= GAP && gap.bytes().all(|byte| byte == b' ');
        if is_column && !line.is_empty() {
            let wanted = length(gap) - longer;
            let blanks = usize::try_from(wanted).unwrap_or_default().max(GAP);
            longer += isize::try_from(blanks).unwrap_or_default() - length(gap);
            line.push_str(&" ".repeat(blanks));
        } else {
            line.push_str(gap);
        }
        line.push_str(word);
        if let Edit::Change { documented, .. } = edit {
            longer += length(word) - length(shown[*documented].text);
        }
    }
    line
}
