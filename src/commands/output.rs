//! The only place that writes to stdout and stderr, besides the live display.

use std::io::Write as _;

/// Writes a whole text to stdout. A reader that has gone away is no error.
pub(super) fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// Writes a line to stderr.
pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
