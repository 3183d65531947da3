//! How the data of a launch template is spelled: by requests, and by answers, which is how it is kept. What is known
//! here is kept and shown as it was sent, and what is not is refused by name.

use serde_json::{Map, Value, json};

use super::super::super::refusal::Refusal;

/// The members of a structure, as requests name them. Answers begin names with a small letter.
struct Shape {
    texts: &'static [&'static str],
    numbers: &'static [&'static str],
    flags: &'static [&'static str],
    /// Lists of texts, with their names in answers.
    lists: &'static [(&'static str, &'static str)],
    structures: &'static [(&'static str, &'static Shape)],
    /// Lists of structures, with their names in answers.
    structure_lists: &'static [(&'static str, &'static str, &'static Shape)],
}

const NOTHING: Shape = Shape {
    texts: &[],
    numbers: &[],
    flags: &[],
    lists: &[],
    structures: &[],
    structure_lists: &[],
};

const TEMPLATE: Shape = Shape {
    texts: &[
        "KernelId",
        "ImageId",
        "InstanceType",
        "KeyName",
        "RamDiskId",
        "InstanceInitiatedShutdownBehavior",
        "UserData",
    ],
    flags: &["EbsOptimized", "DisableApiTermination", "DisableApiStop"],
    lists: &[
        ("SecurityGroupId", "securityGroupIdSet"),
        ("SecurityGroup", "securityGroupSet"),
    ],
    structures: &[
        ("IamInstanceProfile", &INSTANCE_PROFILE),
        ("Monitoring", &MONITORING),
        ("Placement", &PLACEMENT),
        ("InstanceMarketOptions", &MARKET),
        ("CreditSpecification", &CREDITS),
        ("CpuOptions", &CPU),
        ("CapacityReservationSpecification", &RESERVATION),
        ("HibernationOptions", &HIBERNATION),
        ("MetadataOptions", &METADATA),
        ("EnclaveOptions", &ENCLAVE),
        ("PrivateDnsNameOptions", &DNS_NAME),
        ("MaintenanceOptions", &MAINTENANCE),
        ("NetworkPerformanceOptions", &PERFORMANCE),
    ],
    structure_lists: &[
        ("BlockDeviceMapping", "blockDeviceMappingSet", &BLOCK_DEVICE),
        ("NetworkInterface", "networkInterfaceSet", &INTERFACE),
        (
            "TagSpecification",
            "tagSpecificationSet",
            &TAG_SPECIFICATION,
        ),
        ("LicenseSpecification", "licenseSet", &LICENSE),
    ],
    ..NOTHING
};

const INSTANCE_PROFILE: Shape = Shape {
    texts: &["Arn", "Name"],
    ..NOTHING
};

const MONITORING: Shape = Shape {
    flags: &["Enabled"],
    ..NOTHING
};

const PLACEMENT: Shape = Shape {
    texts: &[
        "AvailabilityZone",
        "AvailabilityZoneId",
        "Affinity",
        "GroupName",
        "GroupId",
        "HostId",
        "Tenancy",
        "SpreadDomain",
        "HostResourceGroupArn",
    ],
    numbers: &["PartitionNumber"],
    ..NOTHING
};

const MARKET: Shape = Shape {
    texts: &["MarketType"],
    structures: &[("SpotOptions", &SPOT)],
    ..NOTHING
};

const SPOT: Shape = Shape {
    texts: &[
        "MaxPrice",
        "SpotInstanceType",
        "ValidUntil",
        "InstanceInterruptionBehavior",
    ],
    numbers: &["BlockDurationMinutes"],
    ..NOTHING
};

const CREDITS: Shape = Shape {
    texts: &["CpuCredits"],
    ..NOTHING
};

const CPU: Shape = Shape {
    texts: &["AmdSevSnp", "NestedVirtualization"],
    numbers: &["CoreCount", "ThreadsPerCore"],
    ..NOTHING
};

const RESERVATION: Shape = Shape {
    texts: &["CapacityReservationPreference"],
    structures: &[("CapacityReservationTarget", &RESERVATION_TARGET)],
    ..NOTHING
};

const RESERVATION_TARGET: Shape = Shape {
    texts: &[
        "CapacityReservationId",
        "CapacityReservationResourceGroupArn",
    ],
    ..NOTHING
};

const HIBERNATION: Shape = Shape {
    flags: &["Configured"],
    ..NOTHING
};

const METADATA: Shape = Shape {
    texts: &[
        "HttpTokens",
        "HttpEndpoint",
        "HttpProtocolIpv6",
        "InstanceMetadataTags",
    ],
    numbers: &["HttpPutResponseHopLimit"],
    ..NOTHING
};

const ENCLAVE: Shape = MONITORING;

const DNS_NAME: Shape = Shape {
    texts: &["HostnameType"],
    flags: &[
        "EnableResourceNameDnsARecord",
        "EnableResourceNameDnsAAAARecord",
    ],
    ..NOTHING
};

const MAINTENANCE: Shape = Shape {
    texts: &["AutoRecovery"],
    ..NOTHING
};

const PERFORMANCE: Shape = Shape {
    texts: &["BandwidthWeighting"],
    ..NOTHING
};

const BLOCK_DEVICE: Shape = Shape {
    texts: &["DeviceName"],
    structures: &[("Ebs", &EBS)],
    ..NOTHING
};

const EBS: Shape = Shape {
    texts: &["KmsKeyId", "SnapshotId", "VolumeType"],
    numbers: &[
        "Iops",
        "VolumeSize",
        "Throughput",
        "VolumeInitializationRate",
        "EbsCardIndex",
    ],
    flags: &["Encrypted", "DeleteOnTermination"],
    ..NOTHING
};

const INTERFACE: Shape = Shape {
    texts: &[
        "Description",
        "InterfaceType",
        "NetworkInterfaceId",
        "PrivateIpAddress",
        "SubnetId",
    ],
    numbers: &[
        "DeviceIndex",
        "Ipv6AddressCount",
        "SecondaryPrivateIpAddressCount",
        "NetworkCardIndex",
        "Ipv4PrefixCount",
        "Ipv6PrefixCount",
    ],
    flags: &[
        "AssociateCarrierIpAddress",
        "AssociatePublicIpAddress",
        "DeleteOnTermination",
        "PrimaryIpv6",
    ],
    lists: &[("SecurityGroupId", "groupSet")],
    structure_lists: &[(
        "PrivateIpAddresses",
        "privateIpAddressesSet",
        &PRIVATE_ADDRESS,
    )],
    ..NOTHING
};

const PRIVATE_ADDRESS: Shape = Shape {
    texts: &["PrivateIpAddress"],
    flags: &["Primary"],
    ..NOTHING
};

const TAG_SPECIFICATION: Shape = Shape {
    texts: &["ResourceType"],
    structure_lists: &[("Tag", "tagSet", &TAG)],
    ..NOTHING
};

const TAG: Shape = Shape {
    texts: &["Key", "Value"],
    ..NOTHING
};

const LICENSE: Shape = Shape {
    texts: &["LicenseConfigurationArn"],
    ..NOTHING
};

/// Template data of a request, spelled as answers spell it.
pub(super) fn read(data: &Map<String, Value>) -> Result<Value, Refusal> {
    TEMPLATE.read(data)
}

impl Shape {
    fn read(&self, members: &Map<String, Value>) -> Result<Value, Refusal> {
        let mut kept = Map::new();
        for (name, value) in members {
            let (name, value) = self.member(name, value)?;
            kept.insert(name, value);
        }
        Ok(Value::Object(kept))
    }

    fn member(&self, name: &str, value: &Value) -> Result<(String, Value), Refusal> {
        let wrong = || {
            let message = format!("Invalid value '{}' for {name}.", as_text(value));
            Refusal::bad("InvalidParameterValue", message)
        };
        let answered = in_answers(name);
        if self.texts.contains(&name) {
            return Ok((answered, json!(as_text(value))));
        }
        if self.numbers.contains(&name) {
            let number: i64 = as_text(value).parse().map_err(|_| wrong())?;
            return Ok((answered, json!(number)));
        }
        if self.flags.contains(&name) {
            let flag: bool = as_text(value).parse().map_err(|_| wrong())?;
            return Ok((answered, json!(flag)));
        }
        if let Some((_, answered)) = self.lists.iter().find(|(known, _)| *known == name) {
            let items = items(value).iter().map(as_text);
            return Ok(((*answered).to_owned(), items.collect()));
        }
        if let Some((_, shape)) = self.structures.iter().find(|(known, _)| *known == name) {
            return Ok((answered, shape.read_value(value)?));
        }
        let lists = &mut self.structure_lists.iter();
        if let Some((_, answered, shape)) = lists.find(|(known, _, _)| *known == name) {
            let items: Result<Vec<Value>, Refusal> = items(value)
                .iter()
                .map(|item| shape.read_value(item))
                .collect();
            return Ok(((*answered).to_owned(), Value::Array(items?)));
        }
        Err(Refusal::bad(
            "UnknownParameter",
            format!(
                "The parameter {name} is not recognized: member {name} of launch template data is not simulated"
            ),
        ))
    }

    /// A structure; one without members arrives as an empty text.
    fn read_value(&self, value: &Value) -> Result<Value, Refusal> {
        match value {
            Value::Object(members) => self.read(members),
            _ => Ok(json!({})),
        }
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `imageId` for `ImageId`.
fn in_answers(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(data: Value, expected: Value) {
        let kept = match read(data.as_object().unwrap()) {
            Ok(kept) => kept,
            Err(refusal) => json!(refusal.message),
        };
        assert_eq!(kept, expected);
    }

    #[test]
    fn what_is_sent_is_kept_as_answers_spell_it() {
        check(
            json!({ "ImageId": "ami-1", "EbsOptimized": "true", "SecurityGroupId": ["sg-1"] }),
            json!({ "imageId": "ami-1", "ebsOptimized": true, "securityGroupIdSet": ["sg-1"] }),
        );
        check(
            json!({ "NetworkInterface": [{ "DeviceIndex": "0", "SecurityGroupId": ["sg-1"] }] }),
            json!({ "networkInterfaceSet": [{ "deviceIndex": 0, "groupSet": ["sg-1"] }] }),
        );
        check(
            json!({ "InstanceMarketOptions": { "MarketType": "spot", "SpotOptions": { "MaxPrice": "0.1" } } }),
            json!({ "instanceMarketOptions": { "marketType": "spot", "spotOptions": { "maxPrice": "0.1" } } }),
        );
    }

    #[test]
    fn what_cannot_be_kept_is_refused_by_name() {
        check(
            json!({ "MetadataOptions": { "Colour": "red" } }),
            json!(
                "The parameter Colour is not recognized: member Colour of launch template data is not simulated"
            ),
        );
        check(
            json!({ "BlockDeviceMapping": [{ "Ebs": { "VolumeSize": "big" } }] }),
            json!("Invalid value 'big' for VolumeSize."),
        );
    }
}
