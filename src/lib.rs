//! breakfix runs break/fix workshop labs.

pub mod cli;
pub mod cloud;
pub mod commands;
pub mod diagnostic;
pub mod lab;
pub mod live;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod report;
pub mod run;
pub mod scenario;
pub mod scenarios;
pub mod session;
pub mod shell;
pub mod simulator;
pub mod tree;
