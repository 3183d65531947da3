//! What the parts do together, with real processes.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod account;
mod cli;
mod content;
mod expect;
mod hooks;
mod kubectl;
mod layering;
mod limits;
mod plan;
mod reports;
mod scenarios;
mod secrets;
mod shell;
mod simulator;
mod support;
