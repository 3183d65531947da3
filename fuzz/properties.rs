//! What holds for every text that is read as a lesson page. Shared by the fuzz target and the tests; whoever
//! includes it has `lab` beside it.

use std::path::Path;

use super::lab;

/// Reads the page and panics where it breaks a promise.
pub(crate) fn check_page(source: &str) {
    let (page, diagnostics) = lab::parse(Path::new("page.md"), source);
    let lines = source.split('\n').count();
    for one in &diagnostics {
        let span = one.span.clone();
        assert!(
            span.start <= span.end && source.get(span).is_some(),
            "{one:?}\n{source:?}"
        );
        assert!(
            (1..=lines).contains(&one.line) && one.column >= 1,
            "{one:?}\n{source:?}"
        );
    }
    for block in &page.blocks {
        let last = block.line + block.lines.len();
        assert!(last <= lines + 1, "{block:?}\n{source:?}");
        let runs = block.skip.is_none() && block.language == "bash";
        assert!(block.tested == runs, "{block:?}\n{source:?}");
        if block.tested {
            assert!(!block.commands.is_empty(), "{block:?}\n{source:?}");
            let is_raw = block.annotations.raw.as_ref().is_some_and(|raw| raw.value);
            if is_raw {
                let script = block.lines.join("\n");
                assert!(block.commands[0].text == script, "{block:?}\n{source:?}");
            } else {
                let is_said = |line| {
                    let mut here = diagnostics.iter().filter(|one| one.line == line);
                    here.any(|one| one.code == "command-empty")
                };
                check_no_prompt_is_lost(block, is_said, source);
            }
        }
    }
}

/// Each line with a prompt is where a command starts, or is in a command, or is said to be empty.
fn check_no_prompt_is_lost(block: &lab::Block, is_said: impl Fn(usize) -> bool, source: &str) {
    let mut covered = vec![false; block.lines.len()];
    for command in &block.commands {
        let first = command.line - block.line - 1;
        for (offset, text) in command.text.split('\n').enumerate() {
            let line = &block.lines[first + offset];
            assert!(line.ends_with(text), "{line:?} {text:?}\n{source:?}");
            assert!(
                !covered[first + offset],
                "{line:?} is taken twice\n{source:?}"
            );
            covered[first + offset] = true;
        }
    }
    for (index, line) in block.lines.iter().enumerate() {
        let is_prompt = line.starts_with("$ ") || line == "$";
        let number = block.line + 1 + index;
        assert!(
            !is_prompt || covered[index] || is_said(number),
            "line {number} is lost: {line:?}\n{source:?}"
        );
    }
}
