//! breakfix runs break/fix workshop labs: it reads a lesson, breaks an environment on purpose, runs
//! the lesson's steps, and proves the repair by what it achieves.
//!
//! The modules in reading order; ARCHITECTURE.md says who may know whom.

// From the command line inwards.
pub mod cli;
pub mod commands;

// Pure: no files, clocks, sockets, processes or printing.
pub mod config;
pub mod diagnostic;
pub mod editor;
pub mod expect;
pub mod lab;
pub mod language;
pub mod lint;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod progress;
pub mod report;
pub mod scenario;

// Input and output.
pub mod cloud;
pub mod lessons;
pub mod live;
pub mod prove;
pub mod run;
pub mod scenarios;
pub mod session;
pub mod shell;
pub mod simulator;
pub mod tree;
