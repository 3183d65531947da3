//! What of a lab has to run again after its files were edited, where what ran before is still there.

use std::path::Path;

use super::{Lab, Step};

/// Said of a step that need not run again.
pub const KEPT: &str = "did not change since it passed in this session";

/// What an edit means for a lab that has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// No step that runs is another one.
    Nothing,
    /// Steps are as they were up to this index.
    From(usize),
    /// What stands around all steps is another one: this says what.
    Around(String),
}

/// Holds a lab against itself as it ran before. `is_changed` tells of a script whether its text is another one.
pub fn changed(before: &Lab, now: &Lab, is_changed: &dyn Fn(&Path) -> bool) -> Changed {
    if before.scenario != now.scenario {
        return Changed::Around("it names another scenario".to_owned());
    }
    if before.suite_hooks != now.suite_hooks {
        return Changed::Around("other suite hooks stand around it".to_owned());
    }
    if let Some(suite) = now.suite_hooks.iter().find(|suite| is_changed(suite)) {
        return Changed::Around(format!("{} changed", suite.display()));
    }
    let as_before = before
        .steps
        .iter()
        .zip(&now.steps)
        .take_while(|(before, now)| is_same(before, now, is_changed))
        .count();
    let rest = now.steps.get(as_before..).unwrap_or_default();
    if rest.iter().any(|step| step.skip.is_none()) {
        Changed::From(as_before)
    } else {
        Changed::Nothing
    }
}

/// Whether it does the same: where it stands and what it is called are for readers.
fn is_same(before: &Step, now: &Step, is_changed: &dyn Fn(&Path) -> bool) -> bool {
    let commands = |step: &Step| -> Vec<(String, String)> {
        let commands = step.commands.iter();
        commands
            .map(|command| (command.text.clone(), command.documented.clone()))
            .collect()
    };
    commands(before) == commands(now)
        && before.timeout == now.timeout
        && before.wait == now.wait
        && before.hook == now.hook
        && before.hook_timeout == now.hook_timeout
        && before.expect_error == now.expect_error
        && before.retries == now.retries
        && before.skip == now.skip
        && !now.script().is_some_and(is_changed)
}

/// The lab with every step before this index left out, because what it did is still there.
#[must_use]
pub fn again_from(lab: &Lab, index: usize) -> Lab {
    let mut lab = lab.clone();
    for step in lab.steps.iter_mut().take(index) {
        step.skip.get_or_insert_with(|| KEPT.to_owned());
    }
    lab
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{LabSource, Request, plan};

    fn lab(page: &str) -> Lab {
        let source = LabSource {
            pages: vec![crate::lab::parse(Path::new("page.md"), page).0],
            ..LabSource::default()
        };
        plan(vec![source], &Request::default()).0.labs.remove(0)
    }

    fn page(blocks: &[&str]) -> String {
        let block = |commands: &&str| format!("\n```bash\n$ {commands}\n```\n");
        blocks.iter().map(block).collect()
    }

    #[track_caller]
    fn check(before: &str, now: &str, expected: &Changed) {
        assert_eq!(changed(&lab(before), &lab(now), &|_| false), *expected);
    }

    #[test]
    fn the_first_step_that_does_something_else_is_the_first_to_run_again() {
        let before = page(&["a", "b", "c"]);
        check(&before, &page(&["a", "x", "c"]), &Changed::From(1));
        check(&before, &page(&["a", "b", "c", "d"]), &Changed::From(3));
        check(&before, &page(&["b", "c"]), &Changed::From(0));
        check(&before, &page(&["a", "b\nb", "c"]), &Changed::From(1));
        let slower = before.replacen("```bash", "```bash timeout=5", 1);
        check(&before, &slower, &Changed::From(0));
    }

    #[test]
    fn what_only_readers_see_changes_no_step() {
        let before = page(&["a", "b", "c"]);
        check(
            &before,
            &format!("# Title\n\nProse.\n{before}"),
            &Changed::Nothing,
        );
        // What it did is still there, and nothing is left that could run.
        check(&before, &page(&["a", "b"]), &Changed::Nothing);
        let untested = format!("{before}\n```bash test=false\n$ d\n```\n");
        check(&before, &untested, &Changed::Nothing);
    }

    #[test]
    fn a_suite_or_another_scenario_stands_around_all_steps() {
        let before = lab(&page(&["a"]));
        let mut now = before.clone();
        now.scenario = Some("other".to_owned());
        let around = changed(&before, &now, &|_| false);
        assert_eq!(
            around,
            Changed::Around("it names another scenario".to_owned())
        );
        let mut before = before;
        before.suite_hooks = vec!["tests/hook-suite.sh".into()];
        let around = changed(&before, &before, &|_| true);
        assert_eq!(
            around,
            Changed::Around("tests/hook-suite.sh changed".to_owned())
        );
    }

    #[test]
    fn steps_that_are_kept_say_so_and_others_keep_their_own_reason() {
        let mut lab = lab(&page(&["a", "b", "c"]));
        lab.steps[1].skip = Some("not selected".to_owned());
        let again = again_from(&lab, 2);
        let reasons: Vec<Option<&str>> = again
            .steps
            .iter()
            .map(|step| step.skip.as_deref())
            .collect();
        assert_eq!(reasons, [Some(KEPT), Some("not selected"), None]);
    }
}
