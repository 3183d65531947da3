//! Bash's own opinion of what our reading of its grammar doubts: one process for each doubt, none where there is none.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::Gathered;
use crate::diagnostic::{Diagnostic, Severity};

/// Asks bash: what it accepts goes, what it refuses is an error in its own words. Without a bash all stays.
pub(super) fn asked(diagnostics: Vec<Diagnostic>, gathered: &Gathered) -> Vec<Diagnostic> {
    let opinion = |mut one: Diagnostic| {
        let Some(text) = doubted(&one, gathered) else {
            return Some(one);
        };
        match refusal(&text) {
            None => Some(one),
            Some(None) => None,
            Some(Some(words)) => {
                one.severity = one.severity.min(Severity::Error);
                one.message = format!("bash refuses this: {words}");
                one.help = None;
                Some(one)
            }
        }
    };
    diagnostics.into_iter().filter_map(opinion).collect()
}

/// The text that a diagnostic doubts.
fn doubted(one: &Diagnostic, gathered: &Gathered) -> Option<String> {
    match one.code {
        "script-syntax" => gathered.around.scripts.get(&one.path).cloned(),
        "command-syntax" => {
            let pages = gathered.loaded.labs.iter().flat_map(|lab| &lab.pages);
            let page = pages.into_iter().find(|page| page.path == one.path)?;
            let mut commands = page.blocks.iter().flat_map(|block| &block.commands);
            let command = commands.find(|command| {
                let last = command.line + command.text.lines().count();
                (command.line..last).contains(&one.line)
            })?;
            Some(command.text.clone())
        }
        _ => None,
    }
}

/// What `bash -n` says: `None` when it cannot be asked, `Some(None)` when it accepts the text.
fn refusal(text: &str) -> Option<Option<String>> {
    let mut bash = Command::new("bash")
        .args(["--norc", "-n"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .env("LC_ALL", "C")
        .spawn()
        .ok()?;
    // It may have refused and gone before it has read everything.
    let _ = bash.stdin.take()?.write_all(text.as_bytes());
    let output = bash.wait_with_output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    // A heredoc without its end is a warning to bash, and the rest of the script to a reader.
    if output.status.success() && said.is_empty() {
        return Some(None);
    }
    let first = said.lines().next().unwrap_or("a syntax error");
    let words = first
        .split_once(": line ")
        .map_or(first, |(_, words)| words);
    Some(Some(format!("line {}", words.trim_start_matches("line "))))
}
