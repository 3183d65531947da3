//! Objects that nothing acts on say so, once, in an event: a learner who looks at them finds out why nothing happens.

use super::super::kubernetes::{Kind, kind};
use super::super::world::World;
use super::objects::all;
use super::record::{record, warning, was_said};

const REASON: &str = "NotSimulated";

const SILENT: [(&Kind, &str); 5] = [
    (
        &kind::STATEFUL_SETS,
        "stateful sets are stored, but no pods are made for them: that is not simulated",
    ),
    (
        &kind::JOBS,
        "jobs are stored, but no pods are made for them: that is not simulated",
    ),
    (
        &kind::CRON_JOBS,
        "cron jobs are stored, but no jobs are made for them: that is not simulated",
    ),
    (
        &kind::CLAIMS,
        "claims are stored, but no volumes are made for them: that is not simulated",
    ),
    (
        &kind::INGRESSES,
        "ingresses are stored, but nothing balances load for them: that is not simulated",
    ),
];

pub(super) fn note(world: &mut World) {
    for (kind, message) in SILENT {
        for object in all(world, kind) {
            say(world, &object, message);
        }
    }
    for service in all(world, &kind::SERVICES) {
        if service["spec"]["type"] == "LoadBalancer" {
            let message =
                "load balancers are not simulated: the service gets no address outside the cluster";
            say(world, &service, message);
        }
    }
}

fn say(world: &mut World, object: &serde_json::Value, message: &str) {
    if !was_said(world, object, REASON, message) {
        record(world, object, warning("breakfix", REASON, message));
    }
}
