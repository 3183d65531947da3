//! Documented output is a claim: compares what a page shows under a command with what the command
//! really printed. Pure, and knows nothing of pages, commands or runs.
//!
//! What a reader takes as the same is the same: ids, ARNs, ages, times, versions and addresses
//! agree by their form (`forms`), JSON by shape and stable values (`json`), tables by columns
//! (`table`), other text line by line (`lines`). An author may write less than all:
//!
//! - a line of only `...` elides any number of lines, `...` within a line any text;
//! - in JSON, `...` elides members, elements or a value, and what is cut off at the end is elided;
//! - `<<<---` and `--->>>` point at something and are ignored with the blanks around them;
//! - blank lines claim nothing.

mod align;
mod bless;
mod clean;
mod edit;
mod forms;
mod json;
mod json_pattern;
mod lines;
mod table;

pub use self::bless::{Blessed, bless};

/// What came of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    Match,
    Drift(Drift),
}

/// The first place at which a page and the real output part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    pub kind: DriftKind,
    /// Line of the documented output, counted from 1.
    pub at_line: usize,
    /// What the page shows there.
    pub expected: String,
    /// What really came.
    pub found: String,
    /// One sentence for the author.
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftKind {
    /// The page shows an object around the output that is not there.
    WrapperGone,
    /// The output has an object around it that the page does not show.
    WrapperNew,
    /// A member of an object is on one side only.
    Member,
    /// Values of different types.
    Type,
    /// Values of one type that differ.
    Value,
    /// Lists of different lengths.
    Length,
    /// Tables with different columns.
    Columns,
    /// Lines of text that differ, or that are on one side only.
    Line,
    /// The page shows JSON, and the output is none.
    NotJson,
}

impl DriftKind {
    /// The kind's name in reports for programs.
    pub fn name(self) -> &'static str {
        match self {
            DriftKind::WrapperGone => "wrapper gone",
            DriftKind::WrapperNew => "wrapper new",
            DriftKind::Member => "member",
            DriftKind::Type => "type",
            DriftKind::Value => "value",
            DriftKind::Length => "length",
            DriftKind::Columns => "columns",
            DriftKind::Line => "line",
            DriftKind::NotJson => "not JSON",
        }
    }
}

/// Compares the text that a page shows with what was printed. An empty text claims nothing.
pub fn compare(documented: &str, real: &str) -> Comparison {
    let (documented, real) = (clean::lines(documented), clean::lines(real));
    let Err(as_text) = lines::compare(&documented, &real) else {
        return Comparison::Match;
    };
    // As text is the stricter way for what it accepts, so JSON is asked only where text differs.
    let drift = match json_pattern::parse(&documented) {
        Some(pattern) => json::compare(&pattern, &documented, &real).err(),
        None => Some(as_text),
    };
    drift.map_or(Comparison::Match, Comparison::Drift)
}

/// Text short enough to stand in a sentence.
fn shortened(text: &str) -> String {
    const CHARACTERS: usize = 100;
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
