//! Long texts go through the user's pager, where there is a terminal and nobody said no.

use std::io::{IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use tokio::signal::unix::{SignalKind, signal};

use super::manners::Manners;
use super::{output, runtime, tools};

/// Ends by itself when a text fits on the screen, keeps its colours, and leaves it there.
const DEFAULT: &str = "less -FRX";
/// What a shell says when there is no such program, or it cannot be run.
const NO_PROGRAM: [i32; 2] = [126, 127];

/// Shows a text. A pager that is missing, or ends before the text does, is no error.
pub(super) fn show(text: &str, manners: Manners) {
    let is_paged = !manners.plain && std::io::stdout().is_terminal();
    let chosen = pager(|name| std::env::var(name).ok());
    match chosen.filter(|_| is_paged) {
        Some(pager) if is_there(&pager) && paged(&pager, text) => {}
        _ => output::say(text),
    }
}

/// The pager that the environment asks for; `None` when it asks for none.
fn pager(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let asked = variable("BREAKFIX_PAGER")
        .or_else(|| variable("PAGER").filter(|pager| !pager.trim().is_empty()));
    let pager = asked.unwrap_or_else(|| DEFAULT.to_owned());
    let pager = pager.trim();
    (!pager.is_empty() && pager != "cat").then(|| pager.to_owned())
}

/// Nobody asked for the default one, so nobody is told that it is missing.
fn is_there(pager: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    pager != DEFAULT || tools::find("less", &path).is_some()
}

/// Whether the pager showed it.
fn paged(pager: &str, text: &str) -> bool {
    // Ctrl-C is for the pager, which would otherwise be left with the terminal in its hands.
    let runtime = runtime().ok();
    let _guard = runtime.as_ref().map(tokio::runtime::Runtime::enter);
    let _interrupts = runtime.as_ref().map(|_| signal(SignalKind::interrupt()));
    let mut command = Command::new("sh");
    command.args(["-c", pager]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    if let Some(mut stdin) = child.stdin.take() {
        // Whoever has read enough closes it.
        let _ = stdin.write_all(text.as_bytes());
    }
    let status = child.wait();
    status.is_ok_and(|status| status.code().is_none_or(|code| !NO_PROGRAM.contains(&code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breakfixs_own_variable_comes_first_and_an_empty_one_says_no() {
        let check = |variables: &[(&str, &str)], expected: Option<&str>| {
            let found = pager(|name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(found.as_deref(), expected, "{variables:?}");
        };
        check(&[], Some("less -FRX"));
        check(&[("PAGER", "more")], Some("more"));
        check(
            &[("PAGER", "more"), ("BREAKFIX_PAGER", "less -S")],
            Some("less -S"),
        );
        check(&[("PAGER", "more"), ("BREAKFIX_PAGER", "")], None);
        check(&[("PAGER", "")], Some("less -FRX"));
        check(&[("PAGER", "cat")], None);
    }
}
