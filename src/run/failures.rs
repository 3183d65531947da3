//! How many failures a run takes: counted for all who run a part of it, on whatever thread.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The failures of a run. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Failures(Arc<Counted>);

#[derive(Debug, Default)]
struct Counted {
    /// What the user said, and from which failure on nothing more starts; `None` for any number of them.
    limit: Option<(String, usize)>,
    count: AtomicUsize,
    /// The failure that was one too many.
    last: Mutex<Option<String>>,
}

impl Failures {
    /// Stops after `limit` failures; `flag` is how the user said so.
    pub fn up_to(flag: &str, limit: usize) -> Failures {
        Failures(Arc::new(Counted {
            limit: Some((flag.to_owned(), limit)),
            ..Counted::default()
        }))
    }

    /// One more failure.
    pub fn note(&self, what: &str) {
        let count = self.0.count.fetch_add(1, Ordering::SeqCst) + 1;
        if self
            .0
            .limit
            .as_ref()
            .is_some_and(|(_, limit)| count == *limit)
        {
            *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(what.to_owned());
        }
    }

    /// Why nothing more starts.
    pub fn stop(&self) -> Option<String> {
        let (flag, _) = self.0.limit.as_ref()?;
        let last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().map(|what| format!("{flag}: {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_that_is_one_too_many_is_the_reason() {
        let failures = Failures::up_to("--max-fail=2", 2);
        failures.note("one");
        assert_eq!(failures.stop(), None);
        failures.clone().note("two");
        failures.note("three");
        assert_eq!(failures.stop().as_deref(), Some("--max-fail=2: two"));
        let unlimited = Failures::default();
        unlimited.note("one");
        assert_eq!(unlimited.stop(), None);
    }
}
