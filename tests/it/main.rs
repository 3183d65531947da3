//! What the parts do together, with real processes.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod account;
mod autoscaling;
mod cli;
mod content;
mod eks;
mod expect;
mod hooks;
mod layering;
mod limits;
mod plan;
mod reports;
mod scenarios;
mod secrets;
mod shell;
mod simulator;
mod support;
