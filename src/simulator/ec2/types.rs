//! Instance types: what the families that labs use offer, and where.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::filter::{Filter, passes};
use super::resource::{Pick, Resource, describing};
use super::{Tags, network};

/// What an instance type offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceType {
    /// `m5.large`
    pub name: String,
    /// `x86_64` or `arm64`
    pub architecture: &'static str,
    pub vcpus: u32,
    pub memory_mib: u32,
    pub interfaces: u32,
    pub addresses_per_interface: u32,
    burstable: bool,
}

struct Family {
    name: &'static str,
    architecture: &'static str,
    /// `None` for burstable families, whose sizes have their own.
    mib_per_vcpu: Option<u32>,
    has_medium: bool,
}

const X86: &str = "x86_64";
const ARM: &str = "arm64";

const fn family(
    name: &'static str,
    architecture: &'static str,
    gib_per_vcpu: Option<u32>,
) -> Family {
    Family {
        name,
        architecture,
        mib_per_vcpu: match gib_per_vcpu {
            Some(gib) => Some(gib * 1024),
            None => None,
        },
        // Only families with AWS's own processors begin at one vCPU.
        has_medium: matches!(architecture.as_bytes(), b"arm64"),
    }
}

const FAMILIES: [Family; 19] = [
    family("t3", X86, None),
    family("t3a", X86, None),
    family("t4g", ARM, None),
    family("m5", X86, Some(4)),
    family("m5a", X86, Some(4)),
    family("m6i", X86, Some(4)),
    family("m6a", X86, Some(4)),
    family("m6g", ARM, Some(4)),
    family("m7i", X86, Some(4)),
    family("m7g", ARM, Some(4)),
    family("c5", X86, Some(2)),
    family("c6i", X86, Some(2)),
    family("c6a", X86, Some(2)),
    family("c6g", ARM, Some(2)),
    family("c7g", ARM, Some(2)),
    family("r5", X86, Some(8)),
    family("r6i", X86, Some(8)),
    family("r6g", ARM, Some(8)),
    family("r7g", ARM, Some(8)),
];

/// Name, vCPUs, memory in MiB, interfaces, addresses of each.
const BURSTABLE: [(&str, u32, u32, u32, u32); 7] = [
    ("nano", 2, 512, 2, 2),
    ("micro", 2, 1024, 2, 2),
    ("small", 2, 2048, 3, 4),
    ("medium", 2, 4096, 3, 6),
    ("large", 2, 8192, 3, 12),
    ("xlarge", 4, 16384, 4, 15),
    ("2xlarge", 8, 32768, 4, 15),
];

/// Name, vCPUs, interfaces, addresses of each.
const SIZES: [(&str, u32, u32, u32); 6] = [
    ("medium", 1, 2, 4),
    ("large", 2, 3, 10),
    ("xlarge", 4, 4, 15),
    ("2xlarge", 8, 4, 15),
    ("4xlarge", 16, 8, 30),
    ("8xlarge", 32, 8, 30),
];

/// Every type that is modelled.
fn all_types() -> impl Iterator<Item = InstanceType> {
    FAMILIES.iter().flat_map(|family| {
        let burstable = family.mib_per_vcpu.is_none();
        let small = BURSTABLE.iter().filter(move |_| burstable).copied();
        let large = SIZES.iter().filter_map(move |size| {
            let (name, vcpus, interfaces, addresses) = *size;
            let memory = family.mib_per_vcpu? * vcpus;
            (name != "medium" || family.has_medium)
                .then_some((name, vcpus, memory, interfaces, addresses))
        });
        small
            .chain(large)
            .map(
                move |(size, vcpus, memory_mib, interfaces, addresses)| InstanceType {
                    name: format!("{}.{size}", family.name),
                    architecture: family.architecture,
                    vcpus,
                    memory_mib,
                    interfaces,
                    addresses_per_interface: addresses,
                    burstable,
                },
            )
    })
}

/// The type of this name.
pub fn instance_type(name: &str) -> Option<InstanceType> {
    all_types().find(|known| known.name == name)
}

/// The type that a launch asks for.
pub(super) fn require(name: &str) -> Result<InstanceType, Refusal> {
    instance_type(name).ok_or_else(|| {
        let message = format!("Invalid value '{name}' for InstanceType.");
        Refusal::bad("InvalidParameterValue", message)
    })
}

static NO_TAGS: Tags = Tags::new();

impl Resource for InstanceType {
    const SET: &'static str = "instanceTypeSet";
    const PICKED_BY: &'static [Pick] = &[Pick::new(
        "InstanceType",
        "instance-type",
        "InvalidInstanceType",
        "The following supplied instance types do not exist: [{}]",
    )];
    // All types are offered in the region.
    const FLAGS: &'static [&'static str] = &["IncludeUnsupportedInRegion"];

    fn all(_world: &World) -> Vec<Cow<'_, Self>> {
        all_types().map(Cow::Owned).collect()
    }

    fn id(&self) -> &str {
        &self.name
    }

    fn tags(&self) -> &Tags {
        &NO_TAGS
    }

    fn values(&self, _world: &World, filter: &str) -> Option<Vec<String>> {
        let value = match filter {
            "instance-type" => self.name.clone(),
            "processor-info.supported-architecture" => self.architecture.to_owned(),
            "vcpu-info.default-vcpus" => self.vcpus.to_string(),
            "memory-info.size-in-mib" => self.memory_mib.to_string(),
            "current-generation" => "true".to_owned(),
            "bare-metal" | "instance-storage-supported" => "false".to_owned(),
            "burstable-performance-supported" => self.burstable.to_string(),
            "hypervisor" => "nitro".to_owned(),
            "network-info.maximum-network-interfaces" => self.interfaces.to_string(),
            "network-info.ipv4-addresses-per-interface" => self.addresses_per_interface.to_string(),
            "supported-usage-class" => return Some(vec!["on-demand".into(), "spot".into()]),
            _ => return None,
        };
        Some(vec![value])
    }

    fn view(&self, _world: &World) -> Value {
        let threads = if self.architecture == ARM { 1 } else { 2 };
        json!({
            "instanceType": self.name,
            "currentGeneration": true,
            "freeTierEligible": self.name == "t3.micro",
            "supportedUsageClasses": ["on-demand", "spot"],
            "supportedRootDeviceTypes": ["ebs"],
            "supportedVirtualizationTypes": ["hvm"],
            "bareMetal": false,
            "hypervisor": "nitro",
            "processorInfo": { "supportedArchitectures": [self.architecture] },
            "vCpuInfo": {
                "defaultVCpus": self.vcpus,
                "defaultCores": (self.vcpus / threads).max(1),
                "defaultThreadsPerCore": threads,
            },
            "memoryInfo": { "sizeInMiB": self.memory_mib },
            "instanceStorageSupported": false,
            "ebsInfo": {
                "ebsOptimizedSupport": "default",
                "encryptionSupport": "supported",
                "nvmeSupport": "required",
            },
            "networkInfo": {
                "maximumNetworkInterfaces": self.interfaces,
                "maximumNetworkCards": 1,
                "defaultNetworkCardIndex": 0,
                "ipv4AddressesPerInterface": self.addresses_per_interface,
                "ipv6AddressesPerInterface": self.addresses_per_interface,
                "ipv6Supported": true,
                "enaSupport": "required",
                "efaSupported": false,
            },
            "placementGroupInfo": { "supportedStrategies": ["partition", "spread"] },
            "burstablePerformanceSupported": self.burstable,
            "dedicatedHostsSupported": true,
            "autoRecoverySupported": true,
        })
    }
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        describing::<InstanceType>("DescribeInstanceTypes"),
        Operation::new("DescribeInstanceTypeOfferings", describe_offerings),
    ]
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct OfferingsRequest {
    #[serde(rename = "LocationType")]
    location_type: Option<String>,
    #[serde(rename = "Filter")]
    filters: Vec<Filter>,
    /// All offerings come on the first page.
    #[serde(rename = "MaxResults")]
    _max_results: Option<u32>,
}

fn describe_offerings(
    world: &mut World,
    _call: &Call,
    request: OfferingsRequest,
) -> Result<Value, Refusal> {
    let location_type = request.location_type.as_deref().unwrap_or("region");
    let zones = network::zones(world);
    let locations: Vec<String> = match location_type {
        "region" => vec![world.region.clone()],
        "availability-zone" => zones.into_iter().map(|(name, _)| name).collect(),
        "availability-zone-id" => zones.into_iter().map(|(_, id)| id).collect(),
        other => {
            let message = format!("Invalid value '{other}' for LocationType.");
            return Err(Refusal::bad("InvalidParameterValue", message));
        }
    };
    let mut offerings = Vec::new();
    for offered in all_types() {
        for location in &locations {
            let values = |filter: &str| match filter {
                "instance-type" => Some(vec![offered.name.clone()]),
                "location" => Some(vec![location.clone()]),
                _ => None,
            };
            if passes(&request.filters, values)? {
                offerings.push(json!({
                    "instanceType": offered.name,
                    "locationType": location_type,
                    "location": location,
                }));
            }
        }
    }
    Ok(json!({ "instanceTypeOfferingSet": offerings }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_offer_what_is_sold() {
        let check = |name: &str, expected: Option<(&str, u32, u32, u32)>| {
            // As many pods as the VPC CNI has addresses for.
            let pods =
                |kind: &InstanceType| kind.interfaces * (kind.addresses_per_interface - 1) + 2;
            let found = instance_type(name)
                .map(|kind| (kind.architecture, kind.vcpus, kind.memory_mib, pods(&kind)));
            assert_eq!(found, expected, "{name}");
        };
        check("t3.medium", Some(("x86_64", 2, 4096, 17)));
        check("t3.small", Some(("x86_64", 2, 2048, 11)));
        check("t4g.medium", Some(("arm64", 2, 4096, 17)));
        check("m5.large", Some(("x86_64", 2, 8192, 29)));
        check("m5.xlarge", Some(("x86_64", 4, 16384, 58)));
        check("c5.large", Some(("x86_64", 2, 4096, 29)));
        check("m6g.medium", Some(("arm64", 1, 4096, 8)));
        check("m5.medium", None);
        check("x9.huge", None);
    }
}
