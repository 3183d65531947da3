//! Managed policies: the account's own, with their versions, and the handful of AWS's that clusters
//! and learners have to do with.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::super::clock::Moment;
use super::ID_LENGTH;
use crate::policy::Policy;

/// A managed policy of the account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ManagedPolicy {
    /// With slashes at both ends, `/` for none.
    pub path: String,
    pub name: String,
    /// `ANPA…`
    pub id: String,
    pub arn: String,
    pub description: Option<String>,
    pub created: Moment,
    pub updated: Moment,
    /// By number: 2 is `v2`.
    pub versions: BTreeMap<u32, PolicyVersion>,
    /// The version in force.
    pub default_version: u32,
    /// Number of the newest version ever; numbers are not used twice.
    pub last_version: u32,
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// Byte for byte as it was put.
    pub document: String,
    pub created: Moment,
}

impl ManagedPolicy {
    /// The document in force.
    pub fn document(&self) -> Option<&str> {
        let version = self.versions.get(&self.default_version)?;
        Some(&version.document)
    }
}

/// A managed policy of AWS. Its document is as far as public documentation and memory go: some are
/// abridged (ReadOnlyAccess to the services that a cluster has to do with, the service-linked roles'
/// to what matters here); numbers of versions and dates are from memory.
pub(super) struct AwsPolicy {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) version: u32,
    created: &'static str,
    pub(super) document: &'static str,
    pub(super) parsed: Policy,
}

const ARN_PREFIX: &str = "arn:aws:iam::aws:policy";

macro_rules! of_aws {
    ($($path:literal $name:literal $version:literal $created:literal,)*) => {
        [$(($path, $name, $version, $created, include_str!(concat!("managed/", $name, ".json")))),*]
    };
}

/// By ARN.
pub(super) static OF_AWS: LazyLock<BTreeMap<String, AwsPolicy>> = LazyLock::new(|| {
    of_aws! {
        "/" "AdministratorAccess" 1 "2015-02-06T18:39:46Z",
        "/" "PowerUserAccess" 6 "2015-02-06T18:39:47Z",
        "/" "ReadOnlyAccess" 120 "2015-02-06T18:39:48Z",
        "/" "IAMFullAccess" 2 "2015-02-06T18:40:38Z",
        "/" "IAMReadOnlyAccess" 4 "2015-02-06T18:40:39Z",
        "/" "AmazonEKSWorkerNodePolicy" 3 "2018-05-27T21:09:01Z",
        "/" "AmazonEKS_CNI_Policy" 5 "2018-05-27T21:07:42Z",
        "/" "AmazonEC2ContainerRegistryReadOnly" 3 "2015-12-21T17:04:15Z",
        "/" "AmazonEC2ContainerRegistryPullOnly" 1 "2024-10-10T00:00:00Z",
        "/" "AmazonSSMManagedInstanceCore" 2 "2019-03-15T17:22:12Z",
        "/" "AmazonEKSClusterPolicy" 8 "2018-05-27T21:06:14Z",
        "/service-role/" "AmazonEBSCSIDriverPolicy" 2 "2022-05-04T17:24:29Z",
        "/aws-service-role/" "AutoScalingServiceRolePolicy" 8 "2018-01-08T23:10:55Z",
        "/aws-service-role/" "AWSServiceRoleForAmazonEKSNodegroup" 7 "2019-11-07T01:34:26Z",
        "/aws-service-role/" "AmazonEKSServiceRolePolicy" 4 "2020-02-27T20:08:02Z",
    }
    .into_iter()
    .filter_map(|(path, name, version, created, document)| {
        let policy = AwsPolicy {
            path,
            name,
            version,
            created,
            document,
            parsed: Policy::parse(document).ok()?,
        };
        Some((policy.arn(), policy))
    })
    .collect()
});

impl AwsPolicy {
    pub(super) fn arn(&self) -> String {
        format!("{ARN_PREFIX}{}{}", self.path, self.name)
    }

    /// Made up from the name, so that it is the same in every account.
    pub(super) fn id(&self) -> String {
        let seed = self
            .name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let mut random = fastrand::Rng::with_seed(seed);
        let tail: String = (4..ID_LENGTH).map(|_| random.uppercase()).collect();
        format!("ANPA{tail}")
    }

    /// Microseconds since the epoch.
    pub(super) fn created(&self) -> i64 {
        self.created
            .parse::<jiff::Timestamp>()
            .map_or(0, jiff::Timestamp::as_microsecond)
    }
}

/// The policy of AWS with this ARN.
pub(super) fn of_aws(arn: &str) -> Option<&'static AwsPolicy> {
    OF_AWS.get(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_of_aws_is_a_policy() {
        assert_eq!(OF_AWS.len(), 15);
        assert!(of_aws("arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy").is_some());
    }

    #[test]
    fn auto_scaling_is_given_no_action_of_kms() {
        let policy =
            of_aws("arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy")
                .unwrap();
        assert!(!policy.document.contains("kms:"));
    }
}
