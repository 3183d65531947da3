//! What the parts do together, with real processes.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod account;
mod action;
mod audit;
mod autoscaling;
mod bless;
mod bundle;
mod changes;
mod cli;
mod conformance;
mod content;
mod docs;
mod doctor;
mod durability;
mod ec2;
mod eks;
mod eks_workshop;
mod expect;
mod fault_matrix;
mod formats;
mod front_door;
mod ground;
mod hooks;
mod iam;
mod jobs;
mod judge;
mod kms;
mod kubectl;
mod layering;
mod lesson;
mod life;
mod limits;
mod lint;
mod lsp;
mod new;
mod plan;
mod pre_commit;
mod progress;
mod prove;
mod real_account;
mod reports;
mod scenarios;
mod schema;
mod sdks;
mod secrets;
mod sessions;
mod shards;
mod shell;
mod simulator;
mod support;
mod terminal;
mod time;
mod trouble;
mod verbs;
mod walk;
mod watch;
