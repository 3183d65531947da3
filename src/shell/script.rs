//! The text that bash is given: what a new bash runs first, how a command is wrapped, and the
//! quoting that makes any text one word.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::shell::supervisor;

/// The functions that bash runs first: a `trap` that keeps our place at the exit, and what saves
/// the state there. Every name of ours but `trap` starts with `__breakfix_`. The report lists only names
/// with `_TO`, `_PA` or `_SE`: one in a few that is secret, and all that are.
///
/// When `exit` is called inside a function, its local variables are saved as if they were global:
/// bash has no way to look past them.
const PRELUDE: &str = include_str!("prelude.bash");

/// What a new bash starts from.
pub(crate) enum Begin<'a> {
    /// The lab's directory, with the environment that it was given.
    In(&'a Path),
    /// A state that an earlier bash saved.
    Restored(&'a Path),
}

/// What a new bash runs before any command; on its exit it saves its state into `state`.
pub(crate) fn opening(begin: &Begin<'_>, state: &Path, report: &str) -> String {
    let begin = match begin {
        // Setting what is read-only fails, and is meant to.
        Begin::Restored(path) => format!("builtin source {} >/dev/null 2>&1", quote_path(path)),
        Begin::In(path) => {
            let directory = quote_path(path);
            format!(
                "builtin cd -- {directory}; builtin unset -v OLDPWD; builtin shopt -s expand_aliases"
            )
        }
    };
    // The descriptors were for bash alone: its children must not hold them.
    format!(
        "exec {}>&- {}>&- {}<&-; eval {}; {begin}; __breakfix_trap= __breakfix_state={}; \
         builtin trap -- '__breakfix_exit \"$?\" \"$@\"' EXIT; builtin eval ''; {}",
        supervisor::STDOUT,
        supervisor::STDERR,
        supervisor::SCRIPT,
        quote(PRELUDE),
        quote_path(state),
        report,
    )
}

/// A command as the one line that runs it. Its first line is `line` lines below this one: see
/// [`lines_above`].
pub(crate) fn command(text: &str, before: &Before) -> String {
    match (before.code, before.traced) {
        (0, false) => format!("eval {}; ", quote(text)),
        // On the right of `||` the command finds the status in `$?`, and errexit and traps of ERR
        // take no notice of how it came there.
        (code, false) => format!("__breakfix_status {code} || eval {}; ", quote(text)),
        (code, true) => {
            let code = if before.errexit { 0 } else { code };
            // What turns the trace on again has a line of its own, to run also when the text is no
            // valid bash.
            let quiet = format!("{{ \\builtin set -x; __breakfix_status {code}; }} 2>/dev/null");
            let text = quote(&format!("{quiet}\n{text}"));
            format!("{{ \\builtin set +x; }} 2>/dev/null; eval {text}; ")
        }
    }
}

/// How the previous command left the shell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Before {
    /// Its status, which the next command finds in `$?`.
    pub(crate) code: i32,
    /// `set -x` is on, and would show how we run commands.
    pub(crate) traced: bool,
    /// `set -e` is on.
    pub(crate) errexit: bool,
}

impl Before {
    /// Lines of ours above the first one of a command's text.
    pub(crate) fn lines_above(&self) -> usize {
        usize::from(self.traced)
    }
}

/// The line that has bash report a command's status, the values of these variables and the names
/// of those that may be secret: without any process, its xtrace kept out of the lab's stderr.
pub(crate) fn report_done<'a>(sequence: u64, secrets: impl Iterator<Item = &'a str>) -> String {
    let values: String = secrets.map(|name| format!(" \"${{{name}-}}\"")).collect();
    format!(
        "{{ __breakfix_report {sequence} \"$?\" \"${{!-}}\" \"$-\" {}{values}; }} 2>/dev/null\n",
        supervisor::CONTROL
    )
}

/// The text as one word of bash on one line, so that lines of script can be counted. Bash cannot
/// hold NUL, and drops it from scripts too.
pub(crate) fn quote(text: &str) -> String {
    let text = text.replace('\0', "");
    if text.contains('\n') {
        format!(
            "$'{}'",
            text.replace('\\', r"\\")
                .replace('\'', r"\'")
                .replace('\n', r"\n")
        )
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A path as one word of bash; bytes outside ASCII survive any locale.
pub(crate) fn quote_path(path: &Path) -> String {
    match path.to_str() {
        Some(text) => quote(text),
        None => {
            let escaped: String = path
                .as_os_str()
                .as_bytes()
                .iter()
                .map(|byte| format!("\\x{byte:02x}"))
                .collect();
            format!("$'{escaped}'")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_quoted_text_is_one_word_whatever_it_holds() {
        assert_eq!(quote("it's $(id) \"x\""), "'it'\\''s $(id) \"x\"'");
        assert_eq!(quote("it's\n\\n"), r"$'it\'s\n\\n'");
        assert_eq!(quote("a\0b"), "'ab'");
    }

    #[test]
    fn a_command_finds_the_status_of_the_one_before() {
        let check = |code, options: &str, expected: &str| {
            let before = Before {
                code,
                traced: options.contains('x'),
                errexit: options.contains('e'),
            };
            assert_eq!(command("f", &before), expected);
        };
        check(0, "", "eval 'f'; ");
        check(3, "", "__breakfix_status 3 || eval 'f'; ");
        check(
            3,
            "x",
            r"{ \builtin set +x; } 2>/dev/null; eval $'{ \\builtin set -x; __breakfix_status 3; } 2>/dev/null\nf'; ",
        );
        // Else it would end the shell.
        check(
            3,
            "ex",
            r"{ \builtin set +x; } 2>/dev/null; eval $'{ \\builtin set -x; __breakfix_status 0; } 2>/dev/null\nf'; ",
        );
    }

    #[test]
    fn the_report_asks_for_the_values_of_secret_variables() {
        assert_eq!(
            report_done(7, ["A_TOKEN"].into_iter()),
            "{ __breakfix_report 7 \"$?\" \"${!-}\" \"$-\" 199 \"${A_TOKEN-}\"; } 2>/dev/null\n"
        );
    }

    #[test]
    fn a_path_that_is_not_text_keeps_its_bytes() {
        assert_eq!(quote_path(Path::new("/a b")), "'/a b'");
        assert_eq!(
            quote_path(Path::new(OsStr::from_bytes(b"\xff/"))),
            r"$'\xff\x2f'"
        );
    }
}
