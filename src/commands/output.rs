//! The only place that writes to stdout and stderr, besides the live display.

use std::io::{IsTerminal, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

/// Somebody asked for words instead of colours (`--plain`).
static COLORLESS: AtomicBool = AtomicBool::new(false);

/// Nothing is coloured from now on.
pub(super) fn without_colors() {
    COLORLESS.store(true, Ordering::Relaxed);
}

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

/// Whether what is written there may be coloured: a terminal that can, and nobody said no
/// (<https://no-color.org>: an empty `NO_COLOR` says nothing).
pub(super) fn is_colored(stream: &impl IsTerminal) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let cannot = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    let colorless = COLORLESS.load(Ordering::Relaxed);
    stream.is_terminal() && !refused && !cannot && !colorless
}
