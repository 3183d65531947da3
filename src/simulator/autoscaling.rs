//! Auto Scaling groups: desired and actual capacity, and the activities that lead from one to the other.

pub mod activity;
mod api;
pub mod controller;
pub mod groups;
mod health;
pub mod hooks;
mod launching;
mod moves;
pub mod processes;
pub mod refresh;
mod selection;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::clock::Moment;
use super::wire::{Protocol, Service};
use super::world::World;

pub use activity::{Activity, ActivityKind, CausePart};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct AutoScaling {
    /// By name.
    pub groups: BTreeMap<String, Group>,
    /// What is still told of groups that are no more, oldest first.
    pub deleted: Vec<DeletedGroup>,
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
    pub settings: Settings,
    pub members: Vec<Member>,
    /// Oldest first.
    pub activities: Vec<Activity>,
    pub created: Moment,
    pub tags: BTreeMap<String, String>,
    /// Keys of tags that instances do not get.
    pub kept_tags: BTreeSet<String>,
    /// By process name.
    pub suspended: BTreeMap<String, processes::Suspension>,
    /// By name.
    pub hooks: BTreeMap<String, hooks::Hook>,
    /// Whether the service that owns the hooks cannot answer them.
    pub hooks_held: bool,
    /// Instance refreshes, oldest first.
    pub refreshes: Vec<refresh::Refresh>,
    /// What changed the desired capacity, until an activity carries it.
    pub pending_causes: Vec<CausePart>,
    /// Unhealthy instances whose replacements are still to be launched.
    pub replacements: u32,
    /// Since when every launch has failed.
    pub failing_since: Option<Moment>,
    /// When a failed launch is tried again.
    pub retry_at: Option<Moment>,
    /// Goes away once its instances have.
    pub deleting: bool,
}

/// A group after its end: only its activities are left.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeletedGroup {
    pub name: String,
    pub arn: String,
    pub activities: Vec<Activity>,
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
    /// `$Latest` or `$Default` when that was asked for; `version` is then what it last meant.
    pub follows: Option<String>,
}

/// What a group is configured with beside its size, template and subnets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// `None` for a group with a plain launch template.
    pub mixed: Option<Mixed>,
    /// Comma-separated types.
    pub health_check_type: String,
    /// Seconds.
    pub health_check_grace: u32,
    /// Seconds.
    pub cooldown: u32,
    /// Seconds.
    pub warmup: Option<u32>,
    pub termination_policies: Vec<String>,
    /// Whether new instances are protected from scale-in.
    pub protects_new: bool,
    pub capacity_rebalance: Option<bool>,
    /// `none`, `prevent-force-deletion` or `prevent-all-deletion`; `None` when never set.
    pub deletion_protection: Option<String>,
    /// Names of the metrics that are collected.
    pub metrics: BTreeSet<String>,
    pub context: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mixed: None,
            health_check_type: "EC2".to_owned(),
            health_check_grace: 0,
            cooldown: 300,
            warmup: None,
            termination_policies: vec!["Default".to_owned()],
            protects_new: false,
            capacity_rebalance: None,
            deletion_protection: None,
            metrics: BTreeSet::new(),
            context: None,
        }
    }
}

/// A mixed instances policy, without its template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mixed {
    /// Instance types, the preferred one first; none leaves the choice to the template.
    pub instance_types: Vec<String>,
    pub distribution: Distribution,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Distribution {
    pub on_demand_allocation_strategy: String,
    pub on_demand_base_capacity: u32,
    pub on_demand_percentage_above_base_capacity: u32,
    pub spot_allocation_strategy: String,
    /// Only with the strategy `lowest-price`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_instance_pools: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_max_price: Option<String>,
}

impl Default for Distribution {
    /// The API's defaults, which are also what EKS asks for.
    fn default() -> Self {
        Self {
            on_demand_allocation_strategy: "prioritized".to_owned(),
            on_demand_base_capacity: 0,
            on_demand_percentage_above_base_capacity: 100,
            spot_allocation_strategy: "lowest-price".to_owned(),
            spot_instance_pools: Some(2),
            spot_max_price: None,
        }
    }
}

/// An instance of a group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member {
    pub instance: String,
    pub lifecycle: Lifecycle,
    pub template_version: u64,
    /// The activity that launched or is ending it.
    pub activity: String,
    pub template_id: String,
    pub template_name: String,
    pub instance_type: String,
    pub subnet: String,
    pub launched: Moment,
    pub in_service_since: Option<Moment>,
    pub protected: bool,
    /// What its replacement will be ascribed to: the end of "an instance was taken out of service …".
    pub unhealthy: Option<String>,
    /// Lifecycle actions that are not completed.
    pub waits: Vec<hooks::Wait>,
    /// Whether its lifecycle actions of this transition are completed.
    pub proceeds: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifecycle {
    Pending,
    InService,
    Standby,
    Terminating,
}

impl Member {
    /// The lifecycle state as the API names it.
    pub fn state(&self) -> String {
        let name = match self.lifecycle {
            Lifecycle::Pending => "Pending",
            Lifecycle::InService => "InService",
            Lifecycle::Standby => "Standby",
            Lifecycle::Terminating => "Terminating",
        };
        if !self.waits.is_empty() {
            format!("{name}:Wait")
        } else if self.proceeds {
            format!("{name}:Proceed")
        } else {
            name.to_owned()
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Compare desired with actual capacity.
    Reconcile { group: String },
    /// Look whether an instance is alive.
    HealthCheck { group: String, instance: String },
    /// A lifecycle action may have waited too long.
    Heartbeat { group: String, token: String },
    /// The service that owns the hook answers.
    HookAnswer { group: String, token: String },
    /// The next step of an instance refresh.
    Refresh { group: String, refresh: String },
}

impl Group {
    /// Members that count towards the capacity: neither on their way out nor in standby.
    pub fn staying(&self) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .filter(|member| matches!(member.lifecycle, Lifecycle::Pending | Lifecycle::InService))
    }

    /// How many members count towards the capacity.
    pub fn capacity(&self) -> u32 {
        u32::try_from(self.staying().count()).unwrap_or(u32::MAX)
    }

    /// Members from another template version than the group's present one.
    pub fn outdated(&self) -> impl Iterator<Item = &Member> {
        self.staying()
            .filter(|member| member.template_version != self.template.version)
    }

    pub(super) fn member_mut(&mut self, instance: &str) -> Option<&mut Member> {
        self.members
            .iter_mut()
            .find(|member| member.instance == instance)
    }
}

impl Template {
    /// The version to launch now: `$Latest` and `$Default` mean another one each time.
    pub(super) fn resolved(&self, world: &World) -> u64 {
        let name = self.follows.as_deref();
        name.and_then(|name| world.ec2.templates.get(&self.id)?.version(name))
            .map_or(self.version, |version| version.number)
    }
}

impl World {
    /// The group that has this instance, and the instance's place in it.
    pub fn membership(&self, instance: &str) -> Option<(&Group, &Member)> {
        self.autoscaling.groups.values().find_map(|group| {
            let member = group
                .members
                .iter()
                .find(|member| member.instance == instance)?;
            Some((group, member))
        })
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
