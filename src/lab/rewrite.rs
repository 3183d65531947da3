//! Another documented output for a command of a page. Everything else stays byte for byte: the fence's
//! indentation, line endings, what stands around the block. A page that would be read otherwise
//! afterwards is refused.

use std::path::Path;

use super::commands::{self, Command};
use super::{Block, Page, mdx};
use crate::diagnostic::Lines;

/// What happened to the documented output of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The command's text.
    pub command: String,
    /// Line of the command, counted from 1.
    pub line: usize,
    /// Line of the page at which its documented output begins.
    pub output_line: usize,
    /// The output before and after, as lines of the page.
    pub lines: Vec<ChangedLine>,
}

/// A line of the page, without its ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedLine {
    Same(String),
    Removed(String),
    Added(String),
}

/// Why an output is not written into the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Line of the command, counted from 1.
    pub line: usize,
    pub why: String,
}

/// The page with `documented`, whose lines all end with `\n`, under this command of it, and what changed.
///
/// # Errors
/// When the page does not have the command, or would not show the output.
pub fn replace(
    path: &Path,
    source: &str,
    command: &Command,
    documented: &str,
) -> Result<(String, Change), Refusal> {
    let refused = |why: String| Refusal {
        line: command.line,
        why,
    };
    let (before, _) = super::parse(path, source);
    let mut blocks = before.blocks.iter();
    let block = blocks
        .find(|block| block.commands.contains(command))
        .ok_or_else(|| refused("the page does not have this command any more".to_owned()))?;
    let place = Place::of(source, block, command).map_err(refused)?;
    let new: Vec<&str> = documented.lines().collect();
    let pieces = difference(&place.shown, &new);
    for piece in &pieces {
        if let Piece::Added(line) = piece {
            place.check(new[*line]).map_err(refused)?;
        }
    }
    let change = Change {
        command: command.text.clone(),
        line: command.line,
        output_line: place.first,
        lines: place.changed_lines(&pieces, &new),
    };
    let text = apply(source, &change);
    if !is_as_before(path, source, &before, &text, command, documented) {
        let why = "with this output the page would be read otherwise: move the block out of what is around it";
        return Err(refused(why.to_owned()));
    }
    Ok((text, change))
}

/// The page with this change, which [`replace`] found for it. Of several the last comes first, so that
/// the lines of the others stay true.
pub fn apply(source: &str, change: &Change) -> String {
    let lines = Lines::new(source);
    let start = |line: usize| lines.span(line).start;
    let above = &source[..start(change.output_line)];
    let ending = if above.ends_with("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let mut text = above.to_owned();
    let mut at = change.output_line;
    for line in &change.lines {
        match line {
            ChangedLine::Same(_) => {
                text.push_str(&source[start(at)..start(at + 1)]);
                at += 1;
            }
            ChangedLine::Removed(_) => at += 1,
            ChangedLine::Added(line) => {
                text.push_str(line);
                text.push_str(ending);
            }
        }
    }
    text + &source[start(at)..]
}

/// Where a documented output stands.
struct Place<'a> {
    lines: Lines<'a>,
    /// Its first line, counted from 1.
    first: usize,
    /// Its lines as their block has them.
    shown: Vec<&'a str>,
    /// What stands before every line of the block: blanks, and `>` in a quote.
    prefix: &'a str,
    /// The text of the line with the block's fence.
    fence: &'a str,
}

impl<'a> Place<'a> {
    fn of(source: &'a str, block: &'a Block, command: &'a Command) -> Result<Place<'a>, String> {
        let lines = Lines::new(source);
        let in_block = |line: usize| line - block.line - 1;
        let first = command.line + command.text.split('\n').count();
        let shown: Vec<&str> = command.documented.lines().collect();
        let there = block.lines.iter().skip(in_block(first)).take(shown.len());
        if !there.eq(shown.iter()) {
            return Err("a prompt without a command stands in its output: remove it".to_owned());
        }
        let prompt = block.lines.get(in_block(command.line));
        let prefix =
            prompt.and_then(|prompt| lines.text(command.line).strip_suffix(prompt.as_str()));
        let prefix =
            prefix.ok_or("tabs before the block cannot be told from its own: write blanks")?;
        Ok(Place {
            first,
            shown,
            prefix,
            fence: lines.text(block.line),
            lines,
        })
    }

    /// Whether a line can stand in the block as output.
    fn check(&self, line: &str) -> Result<(), String> {
        let ends = mdx::opening_fence(self.fence)
            .is_some_and(|fence| fence.is_closed_by(&self.page_line(line)));
        if ends {
            let fence = line.trim();
            return Err(format!(
                "the output has the line {fence:?}, which would end the block: write a longer fence around it"
            ));
        }
        if commands::prompted(line).is_some() {
            return Err(format!(
                "the output has the line {line:?}, which would be read as a command: cut it off by the command, or elide it with `...`"
            ));
        }
        let strange =
            |letter: char| (letter.is_control() && letter != '\t') || letter == '\u{fffd}';
        if line.contains(strange) {
            return Err(
                "the output is not plain text: it holds bytes that a page cannot show".to_owned(),
            );
        }
        Ok(())
    }

    fn page_line(&self, line: &str) -> String {
        match line {
            "" => self.prefix.trim_end().to_owned(),
            line => format!("{}{line}", self.prefix),
        }
    }

    fn changed_lines(&self, pieces: &[Piece], new: &[&str]) -> Vec<ChangedLine> {
        let old = |line: usize| self.lines.text(self.first + line).to_owned();
        let lines = pieces.iter().map(|piece| match piece {
            Piece::Same(line) => ChangedLine::Same(old(*line)),
            Piece::Removed(line) => ChangedLine::Removed(old(*line)),
            Piece::Added(line) => ChangedLine::Added(self.page_line(new[*line])),
        });
        lines.collect()
    }
}

/// Whether another text of a page has the same blocks, annotations and commands, but for this output.
fn is_as_before(
    path: &Path,
    source: &str,
    before: &Page,
    text: &str,
    command: &Command,
    documented: &str,
) -> bool {
    let (after, _) = super::parse(path, text);
    let (old, new) = (Lines::new(source), Lines::new(text));
    let is_same_block = |(one, other): (&Block, &Block)| {
        let is_same_command = |(one, other): (&Command, &Command)| {
            let expected = if one == command {
                documented
            } else {
                &one.documented
            };
            one.text == other.text && other.documented == expected
        };
        let has_command = one.commands.contains(command);
        old.text(one.line) == new.text(other.line)
            && (&one.language, &one.heading, one.tested, &one.skip)
                == (&other.language, &other.heading, other.tested, &other.skip)
            && (has_command || one.lines == other.lines)
            && one.commands.len() == other.commands.len()
            && one
                .commands
                .iter()
                .zip(&other.commands)
                .all(is_same_command)
    };
    before.blocks.len() == after.blocks.len()
        && before.front_matter == after.front_matter
        && before.blocks.iter().zip(&after.blocks).all(is_same_block)
}

/// A line by its index in the old text, but for `Added`: in the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Same(usize),
    Removed(usize),
    Added(usize),
}

/// Longer texts are told as removed and added.
const CELLS: usize = 4_000_000;

/// The shortest way from the old lines to the new ones; what goes is told before what comes.
fn difference(old: &[&str], new: &[&str]) -> Vec<Piece> {
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    if common.len() > CELLS {
        let removed = (0..old.len()).map(Piece::Removed);
        return removed.chain((0..new.len()).map(Piece::Added)).collect();
    }
    for index in (0..old.len()).rev() {
        for at in (0..new.len()).rev() {
            let cell = index * width + at;
            common[cell] = if old[index] == new[at] {
                common[cell + width + 1] + 1
            } else {
                common[cell + width].max(common[cell + 1])
            };
        }
    }
    let (mut index, mut at) = (0, 0);
    let mut pieces = Vec::new();
    while index < old.len() || at < new.len() {
        let cell = index * width + at;
        if index < old.len() && at < new.len() && old[index] == new[at] {
            pieces.push(Piece::Same(index));
            (index, at) = (index + 1, at + 1);
        } else if index < old.len() && (at == new.len() || common[cell + width] >= common[cell + 1])
        {
            pieces.push(Piece::Removed(index));
            index += 1;
        } else {
            pieces.push(Piece::Added(at));
            at += 1;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::parse;

    const PATH: &str = "page.md";

    fn commands(source: &str) -> Vec<Command> {
        let (page, _) = parse(Path::new(PATH), source);
        let blocks = page.blocks.into_iter();
        blocks.flat_map(|block| block.commands).collect()
    }

    /// The output of the page's first command is replaced.
    fn replaced(source: &str, documented: &str) -> Result<(String, Change), Refusal> {
        let command = commands(source).swap_remove(0);
        replace(Path::new(PATH), source, &command, documented)
    }

    #[track_caller]
    fn check(source: &str, documented: &str, expected: &str) -> Change {
        let (text, change) = replaced(source, documented).unwrap();
        assert_eq!(text, expected);
        assert_eq!(commands(&text)[0].documented, documented);
        change
    }

    #[track_caller]
    fn check_refused(source: &str, documented: &str, line: usize, why: &str) {
        let refusal = replaced(source, documented).unwrap_err();
        assert_eq!(refusal.line, line, "{}", refusal.why);
        assert!(refusal.why.contains(why), "{}", refusal.why);
    }

    #[test]
    fn an_output_is_replaced_and_everything_else_stays() {
        let change = check(
            "# T\n\n```bash timeout=5\n$ a \\\n  b\nold\nsame  \n$ c\nout\n```\nend",
            "new\nsame  \nmore\n",
            "# T\n\n```bash timeout=5\n$ a \\\n  b\nnew\nsame  \nmore\n$ c\nout\n```\nend",
        );
        assert_eq!((change.line, change.output_line), (4, 6));
        let lines = [
            ChangedLine::Removed("old".to_owned()),
            ChangedLine::Added("new".to_owned()),
            ChangedLine::Same("same  ".to_owned()),
            ChangedLine::Added("more".to_owned()),
        ];
        assert_eq!(change.lines, lines);
        check("```bash\n$ a\nold\n```\n", "", "```bash\n$ a\n```\n");
    }

    #[test]
    fn the_depth_of_the_block_is_kept() {
        check(
            "- one\n\n  ```bash\n  $ a\n  old\n  ```\n",
            "n\n\n  m\n",
            "- one\n\n  ```bash\n  $ a\n  n\n\n    m\n  ```\n",
        );
        check(
            "- ```bash\n  $ a\n  old\n  ```\n",
            "n\n",
            "- ```bash\n  $ a\n  n\n  ```\n",
        );
        check(
            "> ```bash\n> $ a\n> old\n> ```\n",
            "n\n\nm\n",
            "> ```bash\n> $ a\n> n\n>\n> m\n> ```\n",
        );
        check(
            ":::tip\n\n    ```bash\n    $ a\n    old\n    ```\n\n:::\n",
            "n\n",
            ":::tip\n\n    ```bash\n    $ a\n    n\n    ```\n\n:::\n",
        );
        check(
            "1. > - ~~~bash\n   >   $ a\n   >   old\n   >   ~~~\n",
            "n\n```\n",
            "1. > - ~~~bash\n   >   $ a\n   >   n\n   >   ```\n   >   ~~~\n",
        );
    }

    #[test]
    fn line_endings_and_the_byte_order_mark_are_kept() {
        check(
            "\u{feff}# T\r\n```bash\r\n$ a\r\nold\r\nsame\r\n```",
            "new\nsame\n",
            "\u{feff}# T\r\n```bash\r\n$ a\r\nnew\r\nsame\r\n```",
        );
    }

    #[test]
    fn what_a_block_cannot_hold_is_refused() {
        let source = "\n```bash\n$ a\nold\n```\n";
        check_refused(source, "x\n```\n", 3, "would end the block");
        check_refused(source, "  ````\n", 3, "would end the block");
        check_refused(source, "$ x\n", 3, "read as a command");
        check_refused(source, "$\n", 3, "read as a command");
        check_refused(source, "a\u{8}b\n", 3, "not plain text");
        check_refused(
            "```bash\n$ a\nold\n$ \nmore\n```\n",
            "x\n",
            2,
            "a prompt without a command",
        );
        check(
            "````bash\n$ a\nold\n````\n",
            "```\n",
            "````bash\n$ a\n```\n````\n",
        );
    }

    #[test]
    fn a_command_that_is_not_there_is_refused() {
        let command = Command {
            line: 2,
            text: "a".to_owned(),
            documented: "other\n".to_owned(),
        };
        let source = "```bash\n$ a\nold\n```\n";
        let refusal = replace(Path::new(PATH), source, &command, "new\n").unwrap_err();
        assert_eq!(refusal.why, "the page does not have this command any more");
    }
}
