//! The verbs of a session that outlives its command: start, check, env, finish, what leads to them, and what comes
//! between them.

pub(super) mod account;
pub mod check;
pub mod env;
pub(super) mod environment;
pub mod extend;
pub mod finish;
pub mod list;
pub mod observe;
mod observer;
pub(super) mod opened;
pub mod pause;
pub mod reap;
pub mod reset;
pub mod resume;
pub mod shell;
pub mod start;

pub use account::AccountNames;
