//! A group's processes, each of which can be suspended.

use serde::{Deserialize, Serialize};

use super::super::clock::Moment;
use super::super::world::World;
use super::{Group, controller, health, refresh};

pub const LAUNCH: &str = "Launch";
pub const TERMINATE: &str = "Terminate";
pub const HEALTH_CHECK: &str = "HealthCheck";
pub const REPLACE_UNHEALTHY: &str = "ReplaceUnhealthy";
pub const AZ_REBALANCE: &str = "AZRebalance";
pub const INSTANCE_REFRESH: &str = "InstanceRefresh";

/// Every process, as `DescribeScalingProcessTypes` lists them. Zones are never rebalanced, and there are no alarms,
/// schedules or load balancers: suspending those processes shows and does nothing more.
pub(super) const ALL: [&str; 9] = [
    AZ_REBALANCE,
    "AddToLoadBalancer",
    "AlarmNotification",
    HEALTH_CHECK,
    INSTANCE_REFRESH,
    LAUNCH,
    REPLACE_UNHEALTHY,
    "ScheduledActions",
    TERMINATE,
];

/// Since when and by whom a process is suspended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspension {
    pub at: Moment,
    /// By AWS, after a day of launches that all failed.
    pub administrative: bool,
}

impl Suspension {
    pub(super) fn by_user(at: Moment) -> Self {
        Self {
            at,
            administrative: false,
        }
    }

    /// The text of an administrative suspension is inferred from the user's: no source shows it.
    pub(super) fn reason(&self, world: &World) -> String {
        let who = if self.administrative {
            "Administratively"
        } else {
            "User"
        };
        format!("{who} suspended at {}", world.instant_text(self.at))
    }
}

impl Group {
    pub(super) fn runs(&self, process: &str) -> bool {
        !self.suspended.contains_key(process)
    }
}

pub(super) fn suspend(world: &mut World, name: &str, processes: &[String]) {
    let now = world.now();
    if let Some(group) = world.autoscaling.groups.get_mut(name) {
        for process in processes {
            group
                .suspended
                .entry(process.clone())
                .or_insert_with(|| Suspension::by_user(now));
        }
    }
}

/// Lets processes run again; what they had left undone begins at once.
pub(super) fn resume(world: &mut World, name: &str, processes: &[String]) {
    let Some(group) = world.autoscaling.groups.get_mut(name) else {
        return;
    };
    for process in processes {
        group.suspended.remove(process);
        if process == LAUNCH {
            // A day of failures is counted anew.
            group.failing_since = None;
        }
    }
    health::check_all(world, name);
    health::replace_unhealthy(world, name);
    controller::reconcile(world, name);
    refresh::go_on(world, name);
}
