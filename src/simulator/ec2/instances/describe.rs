//! How instances are described.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::super::super::refusal::Refusal;
use super::super::super::wire::{Call, Operation};
use super::super::super::world::World;
use super::super::network::Subnet;
use super::super::resource::{Describe, Pick, Resource, every};
use super::super::{Tags, interfaces, security_groups, tag_set, volumes};
use super::{Instance, InstanceState};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new("DescribeInstances", describe),
        Operation::new("DescribeInstanceStatus", describe_status),
    ]
}

impl Resource for Instance {
    const SET: &'static str = "instancesSet";
    const PICKED_BY: &'static [Pick] = &[Pick::new(
        "InstanceId",
        "instance-id",
        "InvalidInstanceID.NotFound",
        "The instance ID '{}' does not exist",
    )];
    // Instances that services manage are not hidden here.
    const FLAGS: &'static [&'static str] = &["IncludeManagedResources", ALL];

    fn all(world: &World) -> Vec<Cow<'_, Self>> {
        every(&world.ec2.instances)
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>> {
        let subnet = world.ec2.subnets.get(&self.subnet);
        let of_subnet =
            |value: fn(&Subnet) -> &String| Some(subnet.map(value).cloned().into_iter().collect());
        let data = &self.data;
        let value = match filter {
            "instance-id" => self.id.clone(),
            "instance-state-name" => self.state.name().to_owned(),
            "instance-state-code" => self.state.code().to_string(),
            "instance-type" => self.instance_type.clone(),
            "image-id" => self.image.clone(),
            "architecture" => self.architecture.clone(),
            "launch-time" => world
                .shown(self.launched)
                .strftime("%Y-%m-%dT%H:%M:%S.000Z")
                .to_string(),
            "launch-index" => self.index.to_string(),
            "reservation-id" => self.reservation.clone(),
            "owner-id" => world.account.clone(),
            "root-device-name" => self.root_device.clone(),
            "root-device-type" => "ebs".to_owned(),
            "tenancy" => "default".to_owned(),
            "subnet-id" | "network-interface.subnet-id" => self.subnet.clone(),
            "vpc-id" | "network-interface.vpc-id" => return of_subnet(|subnet| &subnet.vpc),
            "availability-zone" => return of_subnet(|subnet| &subnet.zone),
            "availability-zone-id" => return of_subnet(|subnet| &subnet.zone_id),
            "private-dns-name" | "network-interface.private-dns-name" => self.private_dns.clone(),
            "private-ip-address" | "network-interface.addresses.private-ip-address" => {
                self.private_ip.clone()
            }
            "network-interface.network-interface-id" => self.interface(),
            "instance.group-id" | "network-interface.group-id" => {
                return Some(self.security_groups.clone());
            }
            "instance.group-name" => {
                return Some(security_groups::names(world, &self.security_groups));
            }
            "ip-address" => return Some(self.public_ip.iter().cloned().collect()),
            "key-name" => return Some(data.key_name.iter().cloned().collect()),
            "iam-instance-profile.arn" => {
                return Some(profile_arn(world, self).into_iter().collect());
            }
            "state-reason-code" => {
                return Some(self.reason.iter().map(|(code, _)| code.clone()).collect());
            }
            "block-device-mapping.volume-id" => {
                let volumes = volumes::of_instance(world, &self.id);
                return Some(
                    volumes
                        .iter()
                        .map(|(volume, _)| volume.id.clone())
                        .collect(),
                );
            }
            _ => return None,
        };
        Some(vec![value])
    }

    fn view(&self, world: &World) -> Value {
        let mut view = self.placed(world);
        let data = &self.data;
        let metadata = data.metadata_options.clone().unwrap_or_default();
        let or = |member: &str, default: &str| {
            let value = metadata.others.get(member);
            value.cloned().unwrap_or_else(|| json!(default))
        };
        let more = json!({
            "architecture": self.architecture,
            "rootDeviceType": "ebs",
            "rootDeviceName": self.root_device,
            "virtualizationType": "hvm",
            "hypervisor": "xen",
            "enaSupport": true,
            "ebsOptimized": data.ebs_optimized.unwrap_or(false),
            "platformDetails": "Linux/UNIX",
            "usageOperation": "RunInstances",
            "usageOperationUpdateTime": world.timestamp(self.launched),
            "currentInstanceBootMode": "legacy-bios",
            "keyName": data.key_name,
            "iamInstanceProfile": profile_view(world, self),
            "instanceLifecycle": self.is_spot().then_some("spot"),
            "monitoring": { "state": if data.monitoring.as_ref().is_some_and(|known| known.enabled) { "enabled" } else { "disabled" } },
            "metadataOptions": {
                "state": "applied",
                "httpTokens": metadata.http_tokens.as_deref().unwrap_or("optional"),
                "httpPutResponseHopLimit": metadata.hop_limit.unwrap_or(1),
                "httpEndpoint": metadata.http_endpoint.as_deref().unwrap_or("enabled"),
                "httpProtocolIpv6": or("httpProtocolIpv6", "disabled"),
                "instanceMetadataTags": or("instanceMetadataTags", "disabled"),
            },
            "cpuOptions": self.other("cpuOptions"),
            "enclaveOptions": { "enabled": self.other("enclaveOptions").is_some_and(|known| known["enabled"] == true) },
            "hibernationOptions": { "configured": false },
            "maintenanceOptions": { "autoRecovery": "default" },
            "productCodes": [],
            "tagSet": tag_set(&self.tags),
        });
        if let (Some(view), Value::Object(more)) = (view.as_object_mut(), more) {
            view.extend(more);
        }
        view
    }
}

impl Instance {
    fn is_spot(&self) -> bool {
        self.other("instanceMarketOptions")
            .is_some_and(|options| options["marketType"] == "spot")
    }

    /// Its state, and where it is; what is terminated is nowhere.
    fn placed(&self, world: &World) -> Value {
        let subnet = world.ec2.subnets.get(&self.subnet);
        let gone = self.state == InstanceState::Terminated;
        let present = |value: Value| if gone { Value::Null } else { value };
        let interface = interfaces::of_instance(self).map(|found| found.view_of_instance(world));
        let groups = security_groups::named(world, &self.security_groups);
        let public_dns = self
            .public_ip
            .as_ref()
            .map(|address| interfaces::public_dns_name(world, address));
        json!({
            "instanceId": self.id,
            "imageId": self.image,
            "instanceState": self.state.view(),
            "stateReason": self.reason.as_ref().map(|(code, message)| json!({ "code": code, "message": message })),
            "reason": self.reason.as_ref().map_or("", |(code, _)| code),
            "privateDnsName": if gone { "" } else { &self.private_dns },
            "dnsName": public_dns.unwrap_or_default(),
            "amiLaunchIndex": self.index,
            "instanceType": self.instance_type,
            "launchTime": world.timestamp(self.launched),
            "placement": {
                "availabilityZone": subnet.map(|subnet| &subnet.zone),
                "availabilityZoneId": subnet.map(|subnet| &subnet.zone_id),
                "groupName": "",
                "tenancy": "default",
            },
            "subnetId": present(json!(self.subnet)),
            "vpcId": present(json!(subnet.map(|subnet| &subnet.vpc))),
            "privateIpAddress": present(json!(self.private_ip)),
            "ipAddress": self.public_ip,
            "sourceDestCheck": present(json!(true)),
            "groupSet": if gone { json!([]) } else { groups },
            "networkInterfaceSet": interface.into_iter().collect::<Vec<_>>(),
            "blockDeviceMapping": volumes_view(world, self),
        })
    }
}

fn volumes_view(world: &World, instance: &Instance) -> Value {
    volumes::of_instance(world, &instance.id)
        .into_iter()
        .map(|(volume, attachment)| {
            let mut ebs = attachment.view(world, &volume.id);
            if let Some(members) = ebs.as_object_mut() {
                members.shift_remove("instanceId");
                members.shift_remove("device");
            }
            json!({ "deviceName": attachment.device, "ebs": ebs })
        })
        .collect()
}

/// The ARN of the profile, which a launch may give by name.
fn profile_arn(world: &World, instance: &Instance) -> Option<String> {
    let named = instance.instance_profile.as_ref()?;
    let known = world.iam.instance_profile(named);
    Some(known.map_or_else(|| named.clone(), |profile| profile.arn.clone()))
}

fn profile_view(world: &World, instance: &Instance) -> Value {
    let named = instance.instance_profile.as_deref().unwrap_or_default();
    let id = world.iam.instance_profile(named).map(|profile| &profile.id);
    match profile_arn(world, instance) {
        None => Value::Null,
        Some(arn) => json!({ "arn": arn, "id": id }),
    }
}

/// An answer with instances of one launch.
pub(super) fn reservation_view(world: &World, instances: &[Cow<'_, Instance>]) -> Value {
    let first = instances.first();
    let launched_by_service = first.is_some_and(|instance| instance.launcher.is_service_linked());
    json!({
        "reservationId": first.map(|instance| &instance.reservation),
        "ownerId": world.account,
        // Auto Scaling asks from an account of its own.
        "requesterId": launched_by_service.then_some("043234062703"),
        "groupSet": [],
        "instancesSet": instances.iter().map(|instance| instance.view(world)).collect::<Vec<_>>(),
    })
}

fn describe(
    world: &mut World,
    _call: &Call,
    request: Describe<Instance>,
) -> Result<Value, Refusal> {
    let (found, next) = request.select(world)?;
    let mut launches: Vec<Vec<Cow<'_, Instance>>> = Vec::new();
    for instance in found {
        let same = launches
            .iter_mut()
            .find(|launch| launch[0].reservation == instance.reservation);
        match same {
            Some(launch) => launch.push(instance),
            None => launches.push(vec![instance]),
        }
    }
    let reservations: Vec<Value> = launches
        .iter()
        .map(|launch| reservation_view(world, launch))
        .collect();
    Ok(json!({ "reservationSet": reservations, "nextToken": next }))
}

/// By default only what runs is told of.
const ALL: &str = "IncludeAllInstances";

fn describe_status(
    world: &mut World,
    _call: &Call,
    request: Describe<Instance>,
) -> Result<Value, Refusal> {
    let (found, next) = request.select(world)?;
    let statuses: Vec<Value> = found
        .iter()
        .filter(|instance| request.has(ALL) || instance.state == InstanceState::Running)
        .map(|instance| status_view(world, instance))
        .collect();
    Ok(json!({ "instanceStatusSet": statuses, "nextToken": next }))
}

/// Status checks see the machine and its system, not whether it became a node.
fn status_view(world: &World, instance: &Instance) -> Value {
    let subnet = world.ec2.subnets.get(&instance.subnet);
    let running = instance.state == InstanceState::Running;
    let checks = if !running {
        json!({ "status": "not-applicable" })
    } else if world.now().since(instance.launched) < world.options.status_checks {
        json!({ "status": "initializing", "details": [{ "name": "reachability", "status": "initializing" }] })
    } else {
        json!({ "status": "ok", "details": [{ "name": "reachability", "status": "passed" }] })
    };
    json!({
        "instanceId": instance.id,
        "availabilityZone": subnet.map(|subnet| &subnet.zone),
        "availabilityZoneId": subnet.map(|subnet| &subnet.zone_id),
        "instanceState": instance.state.view(),
        "instanceStatus": checks,
        "systemStatus": checks,
        "attachedEbsStatus": checks,
        "eventsSet": [],
    })
}
