//! What an instance writes to its console while it boots, as far as that tells why it became no node.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::nodes;
use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::resource::require;
use super::{Instance, InstanceState};

pub(super) fn operations() -> Vec<Operation> {
    vec![Operation::new("GetConsoleOutput", output)]
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OutputRequest {
    instance_id: String,
    /// The output is always the latest.
    #[serde(rename = "Latest")]
    _latest: Option<bool>,
}

fn output(world: &mut World, _call: &Call, request: OutputRequest) -> Result<Value, Refusal> {
    let instance = require(&world.ec2.instances, &request.instance_id)?;
    let lines = lines(world, instance);
    let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    Ok(json!({
        "instanceId": instance.id,
        "timestamp": world.timestamp(world.now()),
        "output": BASE64.encode(text),
    }))
}

fn lines(world: &World, instance: &Instance) -> Vec<String> {
    if instance.state == InstanceState::Pending || instance.state == InstanceState::Terminated {
        return Vec::new();
    }
    let machine = match instance.architecture.as_str() {
        "arm64" => "aarch64",
        other => other,
    };
    let host = instance.private_dns.split('.').next().unwrap_or_default();
    let mut lines = vec![
        "Amazon Linux 2023".to_owned(),
        format!("Kernel 6.1 on an {machine} (-)"),
        format!("{host} login: "),
    ];
    lines.extend(nodes::boot_log(world, &instance.id));
    lines
}
