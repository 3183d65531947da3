//! The line that runs a lab again as it was run, with every option that mattered.

use std::path::Path;

use super::super::{Backend, Documented, RunRequest, ShellPer};
use crate::plan::{Lab, StepSelection};
use crate::shell;
use crate::simulator::chaos::Chaos;
use crate::simulator::clock::Pace;

/// `variant` is the one that was injected, also when it was drawn by lot.
pub(super) fn command(request: &RunRequest, lab: &Lab, variant: Option<&str>) -> String {
    let mut line = Line::default();
    line.word("breakfix");
    line.word("run");
    line.word(&lab.name);
    where_it_acts(&mut line, request, variant);
    what_is_selected(&mut line, request);
    how_it_is_run(&mut line, request);
    line.0.join(" ")
}

/// A word as bash has to be given it.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@+%".contains(&byte);
    match text.bytes().all(is_plain) && !text.is_empty() {
        true => text.to_owned(),
        false => shell::quote(text),
    }
}

#[derive(Default)]
struct Line(Vec<String>);

impl Line {
    fn word(&mut self, text: &str) {
        self.0.push(quoted(text));
    }

    fn option(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.word(name);
            self.word(value);
        }
    }

    fn path(&mut self, name: &str, path: Option<&Path>) {
        let path = path.map(Path::to_string_lossy);
        self.option(name, path.as_deref());
    }

    fn flag(&mut self, name: &str, is_on: bool) {
        if is_on {
            self.word(name);
        }
    }
}

fn where_it_acts(line: &mut Line, request: &RunRequest, variant: Option<&str>) {
    match (request.backend, &request.account) {
        (Backend::Simulator, _) => {}
        (Backend::Nothing, _) => line.option("--on", Some("none")),
        (Backend::Account, account) => {
            line.option("--on", Some("aws"));
            if let Some(names) = account {
                line.option("--account", Some(&names.account));
                line.option("--region", Some(&names.region));
                line.option("--cluster", Some(&names.cluster));
            }
        }
    }
    let selection = &request.selection;
    line.option("--scenario", selection.scenario.as_deref());
    line.path("--scenarios", selection.scenarios.as_deref());
    line.option("--variant", variant.or(request.variant.as_deref()));
    if request.pace != Pace::Instant {
        line.option("--clock", Some(&request.pace.to_string()));
    }
    if request.chaos != Chaos::default() {
        line.option("--chaos", Some(&request.chaos.to_string()));
    }
}

fn what_is_selected(line: &mut Line, request: &RunRequest) {
    let selection = &request.selection;
    line.option("--glob", selection.glob.as_deref());
    line.path("--source-tree", selection.source_tree.as_deref());
    match &selection.steps {
        StepSelection::All => {}
        StepSelection::These(steps) => {
            for step in steps {
                line.option("--step", Some(step));
            }
        }
        StepSelection::Between { from, to } => {
            line.option("--from", from.as_deref());
            line.option("--to", to.as_deref());
        }
    }
}

fn how_it_is_run(line: &mut Line, request: &RunRequest) {
    let seconds = |limit: std::time::Duration| limit.as_secs().to_string();
    line.option(
        "--retries",
        request.retries.map(|it| it.to_string()).as_deref(),
    );
    line.flag("--allow-flaky", request.allow_flaky);
    line.flag("--documented=fail", request.documented == Documented::Fail);
    line.flag("--bail", request.bail);
    let shell_per = match request.shell_per {
        ShellPer::Page => Some("page"),
        ShellPer::Lab => None,
        ShellPer::Run => Some("run"),
    };
    line.option("--shell-per", shell_per);
    line.option(
        "--page-timeout",
        request.page_timeout.map(seconds).as_deref(),
    );
    line.option("--run-timeout", request.run_timeout.map(seconds).as_deref());
    for name in &request.mask {
        line.option("--mask", Some(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_bash_needs_it() {
        let check = |text: &str, expected: &str| assert_eq!(quoted(text), expected);
        check("a/b-c.md", "a/b-c.md");
        check("throttle=0.1,seed=7", "throttle=0.1,seed=7");
        check("", "''");
        check("a b", "'a b'");
        check("{a,b}", "'{a,b}'");
    }
}
