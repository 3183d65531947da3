//! The lines of a `bash` block become commands and their documented output.
//!
//! A command starts at `$ ` at the block's own indentation and goes on while bash would ask for more.
//! The lines behind it, up to the next prompt, are what its author expects to see. `> ` is never a
//! prompt: `curl -v` prints it.

use super::bash::{self, Reading, Unfinished};
use crate::diagnostic::Severity;

/// One `$ ` command of a block, or the whole block when `raw=true`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Line of its first line in the page, counted from 1.
    pub line: usize,
    /// What bash gets: no prompt, continuation lines and heredoc bodies included.
    pub text: String,
    /// The lines between this command and the next, each ended by `\n`: its documented output.
    pub documented: String,
}

/// Something wrong with a line of the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub severity: Severity,
    pub code: &'static str,
    /// Line in the page, counted from 1.
    pub line: usize,
    pub message: String,
    pub help: String,
}

/// Bytes of one command that are read again and again before it counts as too complex.
const READING_BUDGET: usize = 32 * 1024 * 1024;

/// Programs whose name behind a `$` shows a prompt that lost its blank.
const PROGRAMS: [&str; 14] = [
    "aws",
    "kubectl",
    "eksctl",
    "helm",
    "curl",
    "jq",
    "cat",
    "echo",
    "export",
    "terraform",
    "git",
    "docker",
    "cd",
    "sleep",
];

/// Splits a block's lines; the first of them is line `first_line` of the page.
pub(super) fn split(lines: &[&str], first_line: usize) -> (Vec<Command>, Vec<Problem>) {
    let mut splitter = Splitter {
        lines,
        first_line,
        commands: Vec::new(),
        problems: Vec::new(),
    };
    let mut index = 0;
    while index < lines.len() {
        index += match prompted(lines[index]) {
            Some(text) => splitter.command(index, text),
            None => splitter.output(index),
        };
    }
    (splitter.commands, splitter.problems)
}

/// The whole block as one command.
pub(super) fn whole(lines: &[&str], first_line: usize) -> (Vec<Command>, Vec<Problem>) {
    let mut splitter = Splitter {
        lines,
        first_line,
        commands: Vec::new(),
        problems: Vec::new(),
    };
    if let Some(index) = lines.iter().position(|line| prompted(line).is_some()) {
        let help = "with `raw=true` bash gets the `$` too: remove the prompt, or `raw=true`";
        splitter.warn(
            "prompt-in-raw",
            index,
            "a `$ ` prompt in a raw block".into(),
            help,
        );
    }
    let text = lines.join("\n");
    match bash::read(&text) {
        Reading::Complete => {}
        Reading::Unfinished(unfinished) => splitter.unfinished(0, lines.len(), &unfinished),
        Reading::Invalid { line, message } => splitter.invalid(0, line, &message),
        Reading::TooComplex => splitter.too_complex(0),
    }
    if !text.trim().is_empty() {
        splitter.commands.push(Command {
            line: first_line,
            text,
            documented: String::new(),
        });
    }
    (splitter.commands, splitter.problems)
}

/// The text behind a prompt; editors take away the blank of an empty one.
pub(super) fn prompted(line: &str) -> Option<&str> {
    if line == "$" {
        Some("")
    } else {
        line.strip_prefix("$ ").map(str::trim_start)
    }
}

struct Splitter<'a> {
    lines: &'a [&'a str],
    first_line: usize,
    commands: Vec<Command>,
    problems: Vec<Problem>,
}

impl Splitter<'_> {
    /// Takes the command that starts at `index`; gives the number of its lines.
    fn command(&mut self, index: usize, text: &str) -> usize {
        if text.trim().is_empty() {
            self.warn(
                "command-empty",
                index,
                "a prompt without a command".into(),
                "remove it",
            );
            return 1;
        }
        let (text, end) = self.gather(index, text);
        self.look_for_lost_continuation(end - 1, &text);
        self.commands.push(Command {
            line: self.first_line + index,
            text,
            documented: String::new(),
        });
        end - index
    }

    /// Reads on while bash would; gives the command's text and the index behind its last line.
    fn gather(&mut self, start: usize, first: &str) -> (String, usize) {
        let mut text = first.to_owned();
        let mut end = start + 1;
        let mut spent = 0;
        loop {
            spent += text.len();
            let reading = if spent > READING_BUDGET {
                Reading::TooComplex
            } else {
                bash::read(&text)
            };
            match reading {
                Reading::Complete => break,
                Reading::Unfinished(unfinished) if end < self.lines.len() => {
                    end = self.continue_with(start, end, &mut text, &unfinished);
                }
                Reading::Unfinished(unfinished) => {
                    self.unfinished(start, end, &unfinished);
                    break;
                }
                Reading::Invalid { line, message } => {
                    self.invalid(start, line, &message);
                    break;
                }
                Reading::TooComplex => {
                    self.too_complex(start);
                    break;
                }
            }
        }
        (text, end)
    }

    /// Appends the next line, and with a known needle all lines up to the one that has it.
    fn continue_with(
        &mut self,
        start: usize,
        end: usize,
        text: &mut String,
        unfinished: &Unfinished,
    ) -> usize {
        let needle = unfinished.needle.as_deref();
        let is_strange = |index: usize| {
            let line = self.lines.get(index).copied().unwrap_or_default();
            !unfinished.in_text && prompted(line).is_some()
        };
        if is_strange(end) {
            let message = format!(
                "this `$ ` is read as part of the command that begins at line {}",
                self.first_line + start
            );
            let help = format!("there, bash waits for {}", unfinished.awaiting);
            self.warn("prompt-in-command", end, message, &help);
        }
        let mut next = end;
        while next < self.lines.len() {
            let line = self.lines[next];
            text.push('\n');
            text.push_str(line);
            next += 1;
            if needle.is_none_or(|needle| line.contains(needle)) || is_strange(next) {
                break;
            }
        }
        next
    }

    /// Takes one line that no prompt and no open command claims.
    fn output(&mut self, index: usize) -> usize {
        let line = self.lines[index];
        self.look_for_lost_prompt(index, line);
        match self.commands.last_mut() {
            Some(command) => {
                command.documented.push_str(line);
                command.documented.push('\n');
            }
            None => self.text_before_the_first_prompt(index, line),
        }
        1
    }

    fn text_before_the_first_prompt(&mut self, index: usize, line: &str) {
        let said = self
            .problems
            .iter()
            .any(|problem| problem.code == "text-before-prompt");
        let prompt_follows = self.lines[index..]
            .iter()
            .any(|line| prompted(line).is_some());
        if !line.trim().is_empty() && prompt_follows && !said {
            let help = if line.starts_with("# ") {
                "a comment goes out of the block; a command of root needs `$ sudo `"
            } else {
                "write `$ ` before a command; move other text out of the block"
            };
            let message = "text before the first `$ ` does not run".to_owned();
            self.warn("text-before-prompt", index, message, help);
        }
    }

    fn look_for_lost_prompt(&mut self, index: usize, line: &str) {
        let trimmed = line.trim_start();
        if trimmed.len() < line.len() && trimmed.starts_with("$ ") {
            let message = "this `$ ` stands deeper than its block and does not run".to_owned();
            self.warn(
                "prompt-indented",
                index,
                message,
                "move it to the fence's indentation",
            );
        }
        let word = line
            .strip_prefix('$')
            .and_then(|rest| rest.split(char::is_whitespace).next());
        if line.starts_with("$\t") || word.is_some_and(|word| PROGRAMS.contains(&word)) {
            let message = "this looks like a command, but does not run".to_owned();
            self.warn(
                "prompt-without-blank",
                index,
                message,
                "a prompt is `$` and one blank",
            );
        }
    }

    /// `\` and a blank behind it: for bash, an argument of one blank, and the end of the command.
    fn look_for_lost_continuation(&mut self, index: usize, text: &str) {
        let last = text.lines().next_back().unwrap_or_default();
        let kept = last.trim_end_matches([' ', '\t']);
        let backslashes = kept.len() - kept.trim_end_matches('\\').len();
        if kept.len() < last.len() && backslashes % 2 == 1 && index + 1 < self.lines.len() {
            let message = "the blank behind this `\\` ends the command".to_owned();
            self.warn("continuation-blank", index, message, "remove the blank");
        }
    }

    fn unfinished(&mut self, start: usize, end: usize, unfinished: &Unfinished) {
        let swallowed = (start + 1..end).find(|index| prompted(self.lines[*index]).is_some());
        let mut help = format!("bash waits for {}", unfinished.awaiting);
        if let Some(index) = swallowed {
            help += &format!(
                "; the `$ ` of line {} is read as part of it",
                self.first_line + index
            );
        }
        let message = "this command is not finished at the end of its block".to_owned();
        self.report(Severity::Error, "command-unfinished", start, message, &help);
    }

    fn invalid(&mut self, start: usize, line: Option<usize>, message: &str) {
        let index = line.map_or(start, |line| (start + line - 1).min(self.lines.len() - 1));
        let message = match line {
            Some(_) => "bash will hardly accept this line".to_owned(),
            None => format!("bash will hardly accept this command: {message}"),
        };
        self.warn(
            "command-syntax",
            index,
            message,
            "try the command with `bash -n`",
        );
    }

    fn too_complex(&mut self, start: usize) {
        let message =
            "this command is too long or too deeply nested to tell where it ends".to_owned();
        let help = "move it to a script that the block runs";
        self.report(Severity::Error, "command-too-complex", start, message, help);
    }

    fn warn(&mut self, code: &'static str, index: usize, message: String, help: &str) {
        self.report(Severity::Warning, code, index, message, help);
    }

    fn report(
        &mut self,
        severity: Severity,
        code: &'static str,
        index: usize,
        message: String,
        help: &str,
    ) {
        let line = self.first_line + index;
        self.problems.push(Problem {
            severity,
            code,
            line,
            message,
            help: help.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(block: &str) -> (Vec<Command>, Vec<Problem>) {
        split(&block.lines().collect::<Vec<_>>(), 1)
    }

    /// `expected`: line, text and documented output of each command.
    #[track_caller]
    fn check(block: &str, expected: &[(usize, &str, &str)]) {
        let (commands, problems) = read(block);
        let found: Vec<_> = commands
            .iter()
            .map(|command| {
                (
                    command.line,
                    command.text.as_str(),
                    command.documented.as_str(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{block}");
        assert_eq!(problems, [], "{block}");
    }

    #[track_caller]
    fn check_problem(block: &str, code: &str, line: usize) -> Problem {
        let (_, problems) = read(block);
        let [one] = problems.as_slice() else {
            panic!("{block}\n{problems:?}")
        };
        assert_eq!((one.code, one.line), (code, line), "{block}");
        one.clone()
    }

    #[test]
    fn prompts_are_commands_and_the_rest_is_output() {
        check(
            "$ a\n$ b --c\nout\n\nmore",
            &[(1, "a", ""), (2, "b --c", "out\n\nmore\n")],
        );
        check("\n\n$ a\n\n\n$ b\n", &[(3, "a", "\n\n"), (6, "b", "")]);
        check("$  a  \n", &[(1, "a  ", "")]);
        check("", &[]);
    }

    #[test]
    fn output_is_never_a_command() {
        check(
            "$ a\n$5.00 total\n$HOME\n> GET /\n# HELP x\n$$\n",
            &[(1, "a", "$5.00 total\n$HOME\n> GET /\n# HELP x\n$$\n")],
        );
    }

    #[test]
    fn a_command_goes_on_while_bash_asks_for_more() {
        check(
            "$ a \\\n--b \\\n  c\nout",
            &[(1, "a \\\n--b \\\n  c", "out\n")],
        );
        check("$ a |\nb &&\nc\nout", &[(1, "a |\nb &&\nc", "out\n")]);
        check(
            "$ echo 'x\n\n$ y'\nout\n$ z",
            &[(1, "echo 'x\n\n$ y'", "out\n"), (5, "z", "")],
        );
        check(
            "$ for x in 1 2; do\n  echo $x\ndone\n1\n2",
            &[(1, "for x in 1 2; do\n  echo $x\ndone", "1\n2\n")],
        );
        check(
            "$ f() {\n  true # {\n}\n$ f",
            &[(1, "f() {\n  true # {\n}", ""), (4, "f", "")],
        );
        check(
            "$ x=$(\n  a |\n  b\n)\n$ c &\n$ d;",
            &[
                (1, "x=$(\n  a |\n  b\n)", ""),
                (5, "c &", ""),
                (6, "d;", ""),
            ],
        );
        check("$ # only this\nout", &[(1, "# only this", "out\n")]);
    }

    #[test]
    fn a_heredoc_ends_at_its_word_whatever_its_body_looks_like() {
        check(
            "$ cat <<EOF >f\n$ no command\n\n EOF\nEOF x\nEOF\nout",
            &[(1, "cat <<EOF >f\n$ no command\n\n EOF\nEOF x\nEOF", "out\n")],
        );
        check(
            "$ cat <<-'X' | b\n\t$ y\n\tX\n$ c",
            &[(1, "cat <<-'X' | b\n\t$ y\n\tX", ""), (4, "c", "")],
        );
        check(
            "$ cat <<A - <<B\na\nA\n$ b\nB",
            &[(1, "cat <<A - <<B\na\nA\n$ b\nB", "")],
        );
    }

    #[test]
    fn a_long_heredoc_is_read_in_one_go() {
        let body = "a line of the body\n".repeat(20_000);
        let block = format!("$ cat <<EOF\n{body}EOF\n$ true");
        let (commands, problems) = read(&block);
        assert_eq!((commands.len(), problems.len()), (2, 0));
        assert_eq!(commands[1].line, 20_003);
    }

    #[test]
    fn what_never_ends_is_an_error_where_it_began() {
        let problem = check_problem("$ true\n$ cat <<EOF\nx\n$ y\n", "command-unfinished", 2);
        assert_eq!(problem.severity, Severity::Error);
        assert_eq!(
            problem.help,
            "bash waits for the heredoc's end `EOF`; the `$ ` of line 4 is read as part of it"
        );
        check_problem("$ echo 'x\n", "command-unfinished", 1);
        check_problem("$ ls \\\n", "command-unfinished", 1);
        check_problem("$ true &&\n", "command-unfinished", 1);
    }

    #[test]
    fn what_looks_like_a_command_and_does_not_run_is_said() {
        check_problem("# apt-get update\n$ a", "text-before-prompt", 1);
        check_problem("one\ntwo\n$ a", "text-before-prompt", 1);
        check_problem("$ a\n  $ b", "prompt-indented", 2);
        check_problem("$ a\n$kubectl get nodes", "prompt-without-blank", 2);
        check_problem("$\ta\n", "prompt-without-blank", 1);
        check_problem("$ a\n$ \n", "command-empty", 2);
        check_problem("$ a\n$", "command-empty", 2);
        check_problem("$ a \\ \n  b", "continuation-blank", 1);
        check_problem("$ a \\\n$ b", "prompt-in-command", 2);
        check_problem("$ a | | b", "command-syntax", 1);
        check_problem("$ if true; then\na | | b\nfi", "command-syntax", 2);
        check_problem("$ for x in 1; do\n a\n$ b\ndone", "prompt-in-command", 3);
    }

    #[test]
    fn a_raw_block_is_one_command() {
        let lines = ["set -e", "", "if true; then", "  echo \"$X\"", "fi"];
        let (commands, problems) = whole(&lines, 7);
        assert_eq!(
            commands,
            [Command {
                line: 7,
                text: lines.join("\n"),
                documented: String::new()
            }]
        );
        assert_eq!(problems, []);
        assert_eq!(whole(&["$ a"], 7).1[0].code, "prompt-in-raw");
        assert_eq!(whole(&["a '"], 7).1[0].code, "command-unfinished");
        assert_eq!(whole(&[""], 7), (vec![], vec![]));
    }
}
