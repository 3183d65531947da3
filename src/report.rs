//! (being written)
pub mod diagnostics;
