//! How parts of the world that JSON has no form for are written down and read back.

/// Maps whose keys are no texts, as lists of pairs: keys of JSON objects are texts.
pub(crate) mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<K, V, S>(map: &BTreeMap<K, V>, serializer: S) -> Result<S::Ok, S::Error>
    where
        K: Serialize,
        V: Serialize,
        S: Serializer,
    {
        serializer.collect_seq(map)
    }

    pub(crate) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let pairs = Vec::<(K, V)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}

/// The state of the random numbers: a world read back goes on as it would have.
pub(super) mod random {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        random: &fastrand::Rng,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        random.get_seed().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<fastrand::Rng, D::Error> {
        u64::deserialize(deserializer).map(fastrand::Rng::with_seed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::World;
    use crate::simulator::testing::{call, world};

    fn text(world: &World) -> String {
        serde_json::to_string(world).unwrap()
    }

    #[test]
    fn a_world_read_back_is_the_same_and_goes_on_alike() {
        let mut world = world();
        let key = call(
            &mut world,
            "kms",
            "CreateKey",
            json!({"Description": "ours"}),
        )
        .unwrap();
        let key_id = &key["KeyMetadata"]["KeyId"];
        let grant = json!({
            "KeyId": key_id,
            "GranteePrincipal": "arn:aws:iam::123456789012:root",
            "Operations": ["Decrypt"],
            "Constraints": {"EncryptionContextSubset": {"a": "b"}},
        });
        call(&mut world, "kms", "CreateGrant", grant).unwrap();
        for operation in ["EnableKeyRotation", "RotateKeyOnDemand"] {
            call(&mut world, "kms", operation, json!({"KeyId": key_id})).unwrap();
        }
        let volume = json!({"Encrypted": true, "KmsKeyId": key["KeyMetadata"]["KeyId"]});
        let template = json!({
            "LaunchTemplateName": "ours",
            "LaunchTemplateData": {"BlockDeviceMapping": [{"DeviceName": "/dev/xvda", "Ebs": volume}]},
        });
        call(&mut world, "ec2", "CreateLaunchTemplate", template).unwrap();
        let name = world.autoscaling.groups.keys().next();
        let group = json!({"AutoScalingGroupName": name});
        call(&mut world, "autoscaling", "StartInstanceRefresh", group).unwrap();
        world.jump(Duration::from_secs(7));
        let launch = json!({
            "LaunchTemplate": {"LaunchTemplateName": "ours"}, "MinCount": 1, "MaxCount": 1, "ClientToken": "ours",
            "ImageId": world.ec2.node_image, "InstanceType": "t3.small",
            "SubnetId": world.ec2.subnets.keys().next(),
        });
        call(&mut world, "ec2", "RunInstances", launch).unwrap();
        let profile = json!({"InstanceProfileName": "ours"});
        call(&mut world, "iam", "CreateInstanceProfile", profile).unwrap();
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let policy = json!({"PolicyName": "ours", "PolicyDocument": policy});
        call(&mut world, "iam", "CreatePolicy", policy).unwrap();
        let role = json!({"RoleName": "AWSServiceRoleForAutoScaling"});
        call(&mut world, "iam", "DeleteServiceLinkedRole", role).unwrap();
        let saved = text(&world);
        let mut copy: World = serde_json::from_str(&saved).unwrap();
        assert_eq!(text(&copy), saved);
        for world in [&mut world, &mut copy] {
            world.jump(Duration::from_secs(3600));
            world.uuid();
        }
        assert_eq!(text(&copy), text(&world));
    }
}
