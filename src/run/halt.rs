//! Somebody's wish that a run starts no further step, on whatever thread.

use std::sync::{Arc, Mutex, PoisonError};

/// The wish, if there is one. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Halt(Arc<Mutex<Option<String>>>);

impl Halt {
    /// No further step starts; `why` is what the steps that do not run say.
    pub fn ask(&self, why: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.to_owned());
    }

    /// Steps may start again.
    pub fn withdraw(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Why no further step starts.
    pub fn reason(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
