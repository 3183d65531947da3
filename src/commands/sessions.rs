//! The verbs of a session that outlives its command: start, check, env, finish, and what leads to them.

pub(super) mod account;
pub mod check;
pub mod env;
pub mod finish;
pub mod list;
pub(super) mod opened;
pub mod reap;
pub mod start;

pub use account::AccountNames;
