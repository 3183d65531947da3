//! What users do to instances: terminate, stop, start, reboot, set attributes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::super::{autoscaling, nodes};
use super::super::gateways::public_address;
use super::super::resource::{require, require_mut};
use super::super::{Event, Flag, launch, security_groups, types, volumes};
use super::{Instance, InstanceState, schedule, terminate, user_shutdown};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("TerminateInstances", terminate_instances),
        Operation::new("StopInstances", stop_instances),
        Operation::new("StartInstances", start_instances),
        Operation::new("RebootInstances", reboot_instances),
        Operation::new("DescribeInstanceAttribute", describe_attribute),
        Operation::new("ModifyInstanceAttribute", modify_attribute),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InstancesRequest {
    #[serde(rename = "InstanceId", default)]
    ids: Vec<String>,
    /// Nothing here hangs that would need it, and no system takes long to shut down.
    #[serde(rename = "Force")]
    _force: Option<bool>,
    #[serde(rename = "SkipOsShutdown")]
    _skip_os_shutdown: Option<bool>,
}

impl InstancesRequest {
    /// The instances; all must be there, and none may be in a state in which `verb` is refused.
    fn instances<'a>(
        &self,
        world: &'a World,
        verb: &str,
        refused: &[InstanceState],
    ) -> Result<Vec<&'a Instance>, Refusal> {
        if self.ids.is_empty() {
            return Err(Refusal::bad(
                "MissingParameter",
                "The request must contain the parameter InstanceId",
            ));
        }
        require_all(world, &self.ids)?;
        let instances: Vec<&Instance> = self
            .ids
            .iter()
            .filter_map(|id| world.ec2.instances.get(id))
            .collect();
        let wrong = instances
            .iter()
            .find(|instance| refused.contains(&instance.state));
        match wrong {
            None => Ok(instances),
            Some(instance) => Err(Refusal::bad(
                "IncorrectInstanceState",
                format!(
                    "The instance '{}' is not in a state from which it can be {verb}.",
                    instance.id
                ),
            )),
        }
    }
}

fn require_all(world: &World, ids: &[String]) -> Result<(), Refusal> {
    let missing: Vec<&str> = ids
        .iter()
        .filter(|id| !world.ec2.instances.contains_key(*id))
        .map(String::as_str)
        .collect();
    match missing.as_slice() {
        [] => Ok(()),
        [one] => Err(super::super::resource::missing::<Instance>(one)),
        many => {
            let many = many.join(", ");
            Err(Refusal::bad(
                "InvalidInstanceID.NotFound",
                format!("The instance IDs '{many}' do not exist"),
            ))
        }
    }
}

/// Does something to each instance, and answers with the states before and after it.
fn changed(world: &mut World, ids: &[String], change: impl Fn(&mut World, &str)) -> Value {
    let state = |world: &World, id: &String| {
        let instance = world.ec2.instances.get(id);
        instance.map(|instance| instance.state.view())
    };
    let mut changes = Vec::new();
    for id in ids {
        let before = state(world, id);
        change(world, id);
        let after = state(world, id);
        changes.push(json!({ "instanceId": id, "previousState": before, "currentState": after }));
    }
    json!({ "instancesSet": changes })
}

fn terminate_instances(
    world: &mut World,
    _call: &Call,
    request: InstancesRequest,
) -> Result<Value, Refusal> {
    let instances = request.instances(world, "terminated", &[])?;
    require_unprotected(&instances, "disableApiTermination", "terminated")?;
    Ok(changed(world, &request.ids, terminate))
}

fn require_unprotected(
    instances: &[&Instance],
    attribute: &str,
    verb: &str,
) -> Result<(), Refusal> {
    match instances.iter().find(|instance| instance.flag(attribute)) {
        None => Ok(()),
        Some(instance) => Err(Refusal::bad(
            "OperationNotPermitted",
            format!(
                "The instance '{}' may not be {verb}. Modify its '{attribute}' instance attribute and try again.",
                instance.id
            ),
        )),
    }
}

fn stop_instances(
    world: &mut World,
    _call: &Call,
    request: InstancesRequest,
) -> Result<Value, Refusal> {
    let refused = [
        InstanceState::Pending,
        InstanceState::ShuttingDown,
        InstanceState::Terminated,
    ];
    let instances = request.instances(world, "stopped", &refused)?;
    require_unprotected(&instances, "disableApiStop", "stopped")?;
    Ok(changed(world, &request.ids, stop))
}

fn stop(world: &mut World, id: &str) {
    let after = world.options.instance_termination;
    if let Some(instance) = world.ec2.instances.get_mut(id)
        && instance.state == InstanceState::Running
    {
        instance.state = InstanceState::Stopping;
        instance.reason = Some(user_shutdown());
        let instance = id.to_owned();
        schedule(world, after, Event::Stopped { instance });
        autoscaling::controller::instance_gone(world, id);
    }
}

fn start_instances(
    world: &mut World,
    call: &Call,
    request: InstancesRequest,
) -> Result<Value, Refusal> {
    let refused = [
        InstanceState::Stopping,
        InstanceState::ShuttingDown,
        InstanceState::Terminated,
    ];
    request.instances(world, "started", &refused)?;
    Ok(changed(world, &request.ids, |world, id| {
        start(world, id, call);
    }))
}

/// A stopped instance boots again; its encrypted volumes need their keys again, for whoever starts it.
fn start(world: &mut World, id: &str, call: &Call) {
    let (now, public_ip) = (world.now(), public_address(world));
    if let Some(instance) = world.ec2.instances.get_mut(id)
        && instance.state == InstanceState::Stopped
    {
        instance.state = InstanceState::Pending;
        instance.reason = None;
        instance.launched = now;
        instance.restarted = true;
        instance.launcher = call.caller.clone();
        instance.public_ip = instance.wants_public_ip.then_some(public_ip);
        launch::schedule_settling(world, id);
    }
}

fn reboot_instances(
    world: &mut World,
    _call: &Call,
    request: InstancesRequest,
) -> Result<Value, Refusal> {
    let refused = [
        InstanceState::Pending,
        InstanceState::Stopping,
        InstanceState::Stopped,
        InstanceState::ShuttingDown,
        InstanceState::Terminated,
    ];
    request.instances(world, "rebooted", &refused)?;
    for id in &request.ids {
        // A node is back before its silence is noticed; what is no node yet begins to join anew.
        nodes::instance_running(world, id);
    }
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AttributeRequest {
    instance_id: String,
    attribute: String,
}

fn describe_attribute(
    world: &mut World,
    _call: &Call,
    request: AttributeRequest,
) -> Result<Value, Refusal> {
    let instance = require(&world.ec2.instances, &request.instance_id)?;
    let attribute = request.attribute.as_str();
    let value = match attribute {
        "instanceType" => json!({ "value": instance.instance_type }),
        "userData" => json!({ "value": instance.data.user_data }),
        "rootDeviceName" => json!({ "value": instance.root_device }),
        "disableApiTermination" | "disableApiStop" => {
            json!({ "value": instance.flag(attribute) })
        }
        "instanceInitiatedShutdownBehavior" => {
            let behaviour = instance.other(attribute).cloned();
            json!({ "value": behaviour.unwrap_or_else(|| json!("stop")) })
        }
        "sourceDestCheck" | "enaSupport" => json!({ "value": true }),
        "ebsOptimized" => json!({ "value": instance.data.ebs_optimized.unwrap_or(false) }),
        "kernel" | "ramdisk" | "sriovNetSupport" => json!({}),
        "productCodes" => json!([]),
        "groupSet" => security_groups::named(world, &instance.security_groups),
        "enclaveOptions" => json!({ "enabled": false }),
        "blockDeviceMapping" => volumes::of_instance(world, &instance.id)
            .into_iter()
            .map(|(volume, attachment)| {
                json!({ "deviceName": attachment.device, "ebs": attachment.view(world, &volume.id) })
            })
            .collect(),
        other => {
            let message = format!("Value ({other}) for parameter attribute is invalid.");
            return Err(Refusal::bad("InvalidParameterValue", message));
        }
    };
    Ok(json!({ "instanceId": instance.id, request.attribute: value }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ModifyAttributeRequest {
    instance_id: String,
    disable_api_termination: Option<Flag>,
    disable_api_stop: Option<Flag>,
    instance_type: Option<Text>,
    user_data: Option<Text>,
    instance_initiated_shutdown_behavior: Option<Text>,
    #[serde(default, rename = "GroupId")]
    groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Text {
    value: String,
}

fn modify_attribute(
    world: &mut World,
    _call: &Call,
    request: ModifyAttributeRequest,
) -> Result<Value, Refusal> {
    for group in &request.groups {
        require(&world.ec2.security_groups, group)?;
    }
    let instance = require_mut(&mut world.ec2.instances, &request.instance_id)?;
    if request.instance_type.is_some() || request.user_data.is_some() {
        require_stopped(instance)?;
    }
    if let Some(Text { value }) = request.instance_type {
        instance.instance_type = types::require(&value)?.name;
    }
    if let Some(Text { value }) = request.user_data {
        instance.data.user_data = Some(value);
    }
    if !request.groups.is_empty() {
        instance.security_groups = request.groups;
    }
    let behaviour = request.instance_initiated_shutdown_behavior;
    let others = [
        (
            "disableApiTermination",
            request
                .disable_api_termination
                .map(|flag| json!(flag.value)),
        ),
        (
            "disableApiStop",
            request.disable_api_stop.map(|flag| json!(flag.value)),
        ),
        (
            "instanceInitiatedShutdownBehavior",
            behaviour.map(|text| json!(text.value)),
        ),
    ];
    for (member, value) in others {
        if let Some(value) = value {
            instance.data.others.insert(member.to_owned(), value);
        }
    }
    Ok(Value::Null)
}

fn require_stopped(instance: &Instance) -> Result<(), Refusal> {
    if instance.state == InstanceState::Stopped {
        return Ok(());
    }
    Err(Refusal::bad(
        "IncorrectInstanceState",
        format!(
            "The instance '{}' is not in the 'stopped' state.",
            instance.id
        ),
    ))
}
