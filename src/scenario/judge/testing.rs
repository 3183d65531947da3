//! Observations for tests.

use std::time::Duration;

use super::super::observation::{
    Activity, Key, Launches, Nodegroup, Observation, Seen, Volume, VolumeDefaults,
};
use super::Verdict;
use crate::language::Language;
use crate::policy::Policy;
use crate::policy::launch::autoscaling_role_arn;

pub(super) const ACCOUNT: &str = "123456789012";
pub(super) const REGION: &str = "us-west-2";
pub(super) const KEY: &str = "arn:aws:kms:us-west-2:123456789012:key/k";

/// A policy of 2012 with the root statement before these.
pub(super) fn policy(statements: &[&str]) -> Policy {
    let root = format!(
        r#"{{"Sid":"Root","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}},"Action":"kms:*","Resource":"*"}}"#
    );
    let mut all = vec![root.as_str()];
    all.extend(statements);
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        all.join(",")
    );
    Policy::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// An enabled key with the root statement alone.
pub(super) fn key() -> Key {
    Key {
        arn: KEY.into(),
        state: "Enabled".into(),
        encrypts_volumes: true,
        policy: Ok(policy(&[])),
        grants: Ok(Vec::new()),
    }
}

/// An enabled key that serves Auto Scaling.
pub(super) fn good_key() -> Key {
    let role = autoscaling_role_arn(ACCOUNT);
    let allow = format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"{role}"}},"Action":"kms:*","Resource":"*"}}"#
    );
    Key {
        policy: Ok(policy(&[&allow])),
        ..key()
    }
}

/// Nothing but this key, `k`.
pub(super) fn observed(key: Key) -> Observation {
    Observation {
        account: ACCOUNT.into(),
        region: REGION.into(),
        keys: [("k".to_owned(), Seen::There(key))].into(),
        volume_defaults: Some(Ok(VolumeDefaults {
            encrypted: false,
            kms_key: "alias/aws/ebs".into(),
        })),
        ..Observation::default()
    }
}

/// A group in this state with a desired size of 1, whose root volumes the key `k` encrypts.
pub(super) fn group(status: &str) -> Nodegroup {
    Nodegroup {
        status: status.into(),
        auto_scaling_group: Some("eks-g".into()),
        issues: Vec::new(),
        min: 0,
        desired: 1,
        max: 2,
        template_version: Some("1".into()),
        modified: Some(Duration::from_secs(20)),
        activities: Ok(Vec::new()),
        launches: Ok(Launches {
            root_volume: Some(encrypted(Some(KEY))),
            ..Launches::default()
        }),
    }
}

pub(super) fn encrypted(key: Option<&str>) -> Volume {
    Volume {
        encrypted: true,
        kms_key: key.map(str::to_owned),
    }
}

/// A launch that began so many seconds ago.
pub(super) fn launch(id: &str, status: &str, seconds: u64) -> Activity {
    Activity {
        id: id.into(),
        status: status.into(),
        description: "Launching a new EC2 instance: i-1".into(),
        started: Some(Duration::from_secs(seconds)),
    }
}

/// This key `k` and this group `g`.
pub(super) fn observed_group(key: Key, group: Nodegroup) -> Observation {
    Observation {
        nodegroups: [("g".to_owned(), Seen::There(group))].into(),
        ..observed(key)
    }
}

pub(super) fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::NotYet { .. } => "not yet",
        Verdict::NotMet { .. } => "not met",
        Verdict::CannotTell { .. } => "cannot tell",
    }
}

/// In English, with all that it says.
pub(super) fn said(verdict: &Verdict) -> String {
    format!("{:?}", verdict.to(Language::English))
}
