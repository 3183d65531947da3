//! What the parts do together, with real processes.

mod shell;
