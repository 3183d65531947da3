//! Asks an author about each output that drifted.

use std::io::BufRead as _;

use super::super::output;
use crate::lab::rewrite::Change;
use crate::report::bless::{BlessedPage, hunks};

const QUESTION: &str = "write this? y: yes, n: no, a: this and all others, q: no more";

/// What was answered so far.
#[derive(Debug, Default)]
pub(super) struct Asker {
    all: bool,
    none: bool,
}

impl Asker {
    /// Leaves of a page's changes those that are wanted.
    pub(super) fn choose(&mut self, page: &mut BlessedPage) {
        let changes = std::mem::take(&mut page.changes);
        let wanted = changes.into_iter();
        page.changes = wanted.filter(|change| self.wants(page, change)).collect();
    }

    fn wants(&mut self, page: &BlessedPage, change: &Change) -> bool {
        if self.all || self.none {
            return self.all;
        }
        let color = output::is_colored(&std::io::stderr());
        let (path, line) = (page.path.display(), change.line);
        let diff = hunks(&page.source, std::slice::from_ref(change), color);
        output::complain(&format!("\n{path}:{line}\n{diff}"));
        loop {
            output::complain(QUESTION);
            let mut answer = String::new();
            let read = std::io::stdin().lock().read_line(&mut answer);
            if !matches!(read, Ok(1..)) {
                // Nobody is there any more.
                self.none = true;
                return false;
            }
            match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => return true,
                "n" | "no" => return false,
                "a" | "all" => self.all = true,
                "q" | "quit" => self.none = true,
                _ => continue,
            }
            return self.all;
        }
    }
}
