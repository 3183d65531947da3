//! Rules about hook scripts.

use std::path::Path;

use super::{Content, rules};
use crate::diagnostic::{Diagnostic, Lines, Location};
use crate::lab::{Reading, syntax};

pub(super) fn check(content: &Content<'_>, found: &mut Vec<Diagnostic>) {
    for script in content.unnamed {
        let name = script.file_name().unwrap_or_default().to_string_lossy();
        let hook = name.trim_start_matches("hook-").trim_end_matches(".sh");
        let message = format!("no page of this directory has `hook={hook}`");
        let help = "name it on the block that it belongs to, or remove it";
        let at = Location::start_of_file();
        let code = "hook-unreferenced";
        found.push(
            Diagnostic::new(rules::severity(code), code, script, at, message).with_help(help),
        );
    }
    for (script, text) in content.scripts {
        found.extend(syntax_error(script, text));
    }
}

/// What bash would refuse of a script, by our reading of its grammar.
fn syntax_error(script: &Path, text: &str) -> Option<Diagnostic> {
    let lines = Lines::new(text);
    let (line, message) = match syntax(text.trim_end_matches('\n')) {
        Reading::Complete | Reading::TooComplex => return None,
        Reading::Unfinished(unfinished) => (
            lines.count(),
            format!(
                "the script ends while bash still waits for {}",
                unfinished.awaiting
            ),
        ),
        Reading::Invalid { line, message } => (line.unwrap_or(1), message),
    };
    let code = "script-syntax";
    let at = lines.locate(lines.span(line));
    let help = "try it with `bash -n`";
    Some(Diagnostic::new(rules::severity(code), code, script, at, message).with_help(help))
}
