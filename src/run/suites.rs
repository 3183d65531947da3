//! Which `hook-suite.sh` files are open around the lab that runs. Consecutive labs share the suites
//! at the beginning of their lists: `before` runs when the first of them begins, `after` when the
//! last has ended. Pure: running the scripts is the run's work.

use std::path::{Path, PathBuf};

/// The suites that were entered and not left yet, the outermost first.
#[derive(Debug, Default)]
pub(crate) struct Suites {
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    script: PathBuf,
    /// Why `before` failed.
    failure: Option<String>,
}

impl Suites {
    /// The next suite to enter for a lab with this list; none once a `before` has failed, since
    /// what lies within it will not run.
    pub(crate) fn next_to_open<'a>(&self, wanted: &'a [PathBuf]) -> Option<&'a Path> {
        if self.failure().is_some() || self.shared(wanted) < self.open.len() {
            return None;
        }
        wanted.get(self.open.len()).map(PathBuf::as_path)
    }

    /// Notes that a suite's `before` has run.
    pub(crate) fn opened(&mut self, script: &Path, failure: Option<String>) {
        self.open.push(Open {
            script: script.to_owned(),
            failure,
        });
    }

    /// Leaves the innermost suite that is not in `wanted`: its `after` is due now.
    pub(crate) fn close_next(&mut self, wanted: &[PathBuf]) -> Option<PathBuf> {
        if self.open.len() <= self.shared(wanted) {
            return None;
        }
        self.open.pop().map(|suite| suite.script)
    }

    /// Whether any `after` is still due.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Why nothing within the open suites can run.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.open.iter().find_map(|suite| suite.failure.as_deref())
    }

    /// How many suites, from the outermost on, are open and wanted.
    fn shared(&self, wanted: &[PathBuf]) -> usize {
        let pairs = self.open.iter().zip(wanted);
        pairs
            .take_while(|(open, wanted)| open.script == **wanted)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    /// What runs around labs with these suites: `+a` is a's `before`, `-a` its `after`, `.` a lab that
    /// runs, `x` one that cannot.
    fn trace(labs: &[&[&str]], failing: &[&str]) -> String {
        let (mut suites, mut trace) = (Suites::default(), Vec::new());
        for (index, lab) in labs.iter().enumerate() {
            let wanted = paths(lab);
            while let Some(script) = suites.next_to_open(&wanted) {
                let name = script.display().to_string();
                let failed = failing.contains(&name.as_str());
                suites.opened(script, failed.then(|| "it failed".to_owned()));
                trace.push(format!("+{name}"));
            }
            trace.push(if suites.failure().is_some() { "x" } else { "." }.to_owned());
            let next = paths(labs.get(index + 1).copied().unwrap_or_default());
            while let Some(script) = suites.close_next(&next) {
                trace.push(format!("-{}", script.display()));
            }
        }
        assert!(suites.is_empty());
        trace.join(" ")
    }

    #[test]
    fn a_lab_is_entered_from_outside_and_left_from_inside() {
        assert_eq!(trace(&[&["a", "b"]], &[]), "+a +b . -b -a");
        assert_eq!(trace(&[&[]], &[]), ".");
    }

    #[test]
    fn neighbours_share_the_suites_around_both() {
        assert_eq!(
            trace(&[&["a"], &["a", "b"], &["a", "c"], &[], &["a"]], &[]),
            "+a . +b . -b +c . -c -a . +a . -a"
        );
    }

    #[test]
    fn the_same_suite_within_another_is_another() {
        assert_eq!(
            trace(&[&["a", "b"], &["c", "b"]], &[]),
            "+a +b . -b -a +c +b . -b -c"
        );
    }

    #[test]
    fn within_a_suite_that_failed_nothing_runs_and_it_is_left_all_the_same() {
        assert_eq!(
            trace(&[&["a", "b"], &["a"], &["c"]], &["a"]),
            "+a x x -a +c . -c"
        );
        assert_eq!(
            trace(&[&["a", "b"], &["a", "c"]], &["b"]),
            "+a +b x -b +c . -c -a"
        );
    }
}
