//! Auto Scaling groups: desired and actual capacity, and the activities that lead from one to the other.

mod api;
pub mod controller;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::clock::Moment;
use super::wire::{Protocol, Service};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct AutoScaling {
    /// By name.
    pub groups: BTreeMap<String, Group>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    pub arn: String,
    pub size: Size,
    /// Extra instances wanted while outdated ones are being replaced.
    pub surge: u32,
    pub template: Template,
    pub subnets: Vec<String>,
    pub members: Vec<Member>,
    /// Oldest first.
    pub activities: Vec<Activity>,
    pub created: Moment,
    pub tags: BTreeMap<String, String>,
    /// What changed the desired capacity, until an activity carries it.
    pub pending_cause: Option<CausePart>,
    /// Since when every launch has failed.
    pub failing_since: Option<Moment>,
}

/// Bounds and goal of a group's capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    pub min: u32,
    pub max: u32,
    pub desired: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Template {
    pub id: String,
    pub name: String,
    pub version: u64,
}

/// An instance of a group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member {
    pub instance: String,
    pub lifecycle: Lifecycle,
    pub template_version: u64,
    /// The activity that launched or is ending it.
    pub activity: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifecycle {
    Pending,
    InService,
    Terminating,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Activity {
    pub id: String,
    pub kind: ActivityKind,
    /// `None` when no instance id was ever handed out.
    pub instance: Option<String>,
    pub cause: Vec<CausePart>,
    pub started: Moment,
    pub ended: Option<Moment>,
    pub status: String,
    pub message: Option<String>,
    pub subnet: String,
    pub zone: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActivityKind {
    Launch,
    Terminate,
}

/// One sentence of a cause: when, and what then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CausePart {
    pub at: Moment,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Compare desired with actual capacity.
    Reconcile { group: String },
}

impl Group {
    /// Members that are not on their way out.
    pub fn staying(&self) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .filter(|member| member.lifecycle != Lifecycle::Terminating)
    }

    /// Members from another template version than the group's present one.
    pub fn outdated(&self) -> impl Iterator<Item = &Member> {
        self.staying()
            .filter(|member| member.template_version != self.template.version)
    }
}

pub fn service() -> Service {
    Service {
        signing_name: "autoscaling",
        protocol: Protocol::Query,
        selector: "2011-01-01",
        namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
        operations: api::operations(),
    }
}
