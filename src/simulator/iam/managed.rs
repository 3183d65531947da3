//! Managed policies: the account's own, with their versions, and the handful of AWS's that clusters
//! and learners have to do with.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::super::clock::Moment;
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
/// to what matters here), and the numbers of versions are the order of magnitude of the real ones.
pub(super) struct AwsPolicy {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) version: u32,
    pub(super) document: &'static str,
    pub(super) parsed: Policy,
}

const ARN_PREFIX: &str = "arn:aws:iam::aws:policy";

macro_rules! of_aws {
    ($($path:literal $name:literal $version:literal,)*) => {
        [$(($path, $name, $version, include_str!(concat!("managed/", $name, ".json")))),*]
    };
}

/// By ARN.
pub(super) static OF_AWS: LazyLock<BTreeMap<String, AwsPolicy>> = LazyLock::new(|| {
    of_aws! {
        "/" "AdministratorAccess" 1,
        "/" "PowerUserAccess" 6,
        "/" "ReadOnlyAccess" 120,
        "/" "IAMFullAccess" 2,
        "/" "IAMReadOnlyAccess" 4,
        "/" "AmazonEKSWorkerNodePolicy" 3,
        "/" "AmazonEKS_CNI_Policy" 5,
        "/" "AmazonEC2ContainerRegistryReadOnly" 3,
        "/" "AmazonEC2ContainerRegistryPullOnly" 1,
        "/" "AmazonSSMManagedInstanceCore" 2,
        "/" "AmazonEKSClusterPolicy" 8,
        "/service-role/" "AmazonEBSCSIDriverPolicy" 2,
        "/aws-service-role/" "AutoScalingServiceRolePolicy" 8,
        "/aws-service-role/" "AWSServiceRoleForAmazonEKSNodegroup" 7,
        "/aws-service-role/" "AmazonEKSServiceRolePolicy" 4,
    }
    .into_iter()
    .filter_map(|(path, name, version, document)| {
        let policy = AwsPolicy {
            path,
            name,
            version,
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
