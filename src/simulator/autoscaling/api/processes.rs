//! Suspending and resuming a group's processes.

use serde::Deserialize;
use serde_json::Value;

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::processes::{self, ALL};
use super::{find, invalid};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("SuspendProcesses", suspend),
        Operation::new("ResumeProcesses", resume),
    ]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ProcessesRequest {
    auto_scaling_group_name: String,
    /// All of them when none is named.
    #[serde(default)]
    scaling_processes: Vec<String>,
}

impl ProcessesRequest {
    fn named(&self, world: &World) -> Result<Vec<String>, Refusal> {
        find(world, &self.auto_scaling_group_name)?;
        for name in &self.scaling_processes {
            if !ALL.contains(&name.as_str()) {
                return Err(invalid(format!("Invalid scaling process: {name}")));
            }
        }
        Ok(match self.scaling_processes.as_slice() {
            [] => ALL.iter().map(|&name| name.to_owned()).collect(),
            some => some.to_vec(),
        })
    }
}

fn suspend(world: &mut World, _call: &Call, request: ProcessesRequest) -> Result<Value, Refusal> {
    let named = request.named(world)?;
    processes::suspend(world, &request.auto_scaling_group_name, &named);
    Ok(Value::Null)
}

fn resume(world: &mut World, _call: &Call, request: ProcessesRequest) -> Result<Value, Refusal> {
    let named = request.named(world)?;
    processes::resume(world, &request.auto_scaling_group_name, &named);
    Ok(Value::Null)
}
