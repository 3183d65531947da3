//! Launching instances for a user.

use serde::de::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::launch::{Order, start};
use super::super::resource::Members;
use super::super::templates::{self, TemplateData};
use super::super::{Tags, resource};
use super::describe::reservation_view;

pub(super) fn operations() -> Vec<Operation> {
    vec![Operation::new("RunInstances", run)]
}

/// The request: a template, how many, where; everything else is what a template can say, too.
struct RunRequest {
    template: Option<TemplateReference>,
    min: u32,
    max: u32,
    subnet: Option<String>,
    private_ip: Option<String>,
    data: Map<String, Value>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TemplateReference {
    launch_template_id: Option<String>,
    launch_template_name: Option<String>,
    version: Option<String>,
}

impl<'de> Deserialize<'de> for RunRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let mut members = Members::read::<D>(deserializer)?;
        let template = members
            .0
            .shift_remove("LaunchTemplate")
            .map(serde_json::from_value)
            .transpose()
            .map_err(D::Error::custom)?;
        let (min, max) = (members.number("MinCount")?, members.number("MaxCount")?);
        let absent = |member| D::Error::missing_field(member);
        Ok(RunRequest {
            template,
            min: min.ok_or_else(|| absent("MinCount"))?,
            max: max.ok_or_else(|| absent("MaxCount"))?,
            subnet: members.text("SubnetId")?,
            private_ip: members.text("PrivateIpAddress")?,
            data: members.0,
        })
    }
}

impl RunRequest {
    /// What the template says with the request laid over it, and which version it is.
    fn data(&self, world: &World) -> Result<(TemplateData, Option<(String, u64)>), Refusal> {
        let own = TemplateData::read(&self.data)?;
        let Some(reference) = &self.template else {
            return Ok((own, None));
        };
        let template = world.find_template(
            reference.launch_template_id.as_deref(),
            reference.launch_template_name.as_deref(),
        )?;
        let version = reference.version.as_deref().unwrap_or("$Default");
        let version = templates::find_version(template, version)?;
        let used = (template.id.clone(), version.number);
        Ok((version.data.clone().overlaid(own), Some(used)))
    }
}

fn run(world: &mut World, call: &Call, request: RunRequest) -> Result<Value, Refusal> {
    if request.min == 0 || request.min > request.max {
        let message = format!(
            "Value ({}) for parameter minCount is invalid. It must be at least 1 and at most maxCount.",
            request.min
        );
        return Err(Refusal::bad("InvalidParameterValue", message));
    }
    let (data, template) = request.data(world)?;
    let of_interface = data
        .interfaces
        .as_ref()
        .and_then(|interfaces| interfaces.first()?.subnet_id.clone());
    let subnet = request.subnet.or(of_interface).ok_or_else(|| {
        Refusal::bad(
            "VPCIdNotSpecified",
            "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
        )
    })?;
    let reservation = world.resource_id("r");
    // If fewer start than are wanted at least, none does.
    let mut attempt = world.clone();
    let mut started = Vec::new();
    for index in 0..request.max {
        let order = Order {
            data: data.clone(),
            template: template.clone(),
            subnet: subnet.clone(),
            private_ip: request.private_ip.clone(),
            caller: call.caller.clone(),
            reservation: reservation.clone(),
            index,
            tags: Tags::new(),
        };
        match start(&mut attempt, order) {
            Ok(id) => started.push(id),
            Err(refusal) if index < request.min => return Err(refusal),
            Err(_) => break,
        }
    }
    *world = attempt;
    let instances = started
        .iter()
        .map(|id| resource::require(&world.ec2.instances, id).map(std::borrow::Cow::Borrowed))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(reservation_view(world, &instances))
}
