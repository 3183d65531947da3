//! Somebody's wish that a run starts no further step, on whatever thread.

use std::sync::{Arc, Mutex, PoisonError};

/// The wish, if there is one, with its number: they count up. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Halt(Arc<Mutex<Option<(u64, String)>>>);

impl Halt {
    /// No further step starts; `why` is what the steps that do not run say.
    pub fn ask(&self, number: u64, why: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, why.to_owned()));
    }

    /// Steps may start again, unless somebody asked again since the wish of this number.
    pub fn withdraw(&self, number: u64) {
        let mut wish = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if wish.as_ref().is_some_and(|(asked, _)| *asked <= number) {
            *wish = None;
        }
    }

    /// Why no further step starts.
    pub fn reason(&self) -> Option<String> {
        let wish = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wish.as_ref().map(|(_, why)| why.clone())
    }
}
