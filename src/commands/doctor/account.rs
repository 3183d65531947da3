//! A real account: whose credentials these are, whether the cluster allows labs, what may be done. Nothing is changed.

use std::time::Duration;

use jiff::Timestamp;

use super::super::sessions::AccountNames;
use super::super::sessions::account::{self, Obstacle};
use super::permissions;
use crate::cloud::account::Identity;
use crate::cloud::{Cloud, CloudError};
use crate::language::Message;
use crate::message;
use crate::outcome::health::Finding;

/// How long a question may take, with all its retries.
const LIMIT: Duration = Duration::from_secs(60);
/// AWS refuses requests whose time is off by more.
const SKEW: Duration = Duration::from_secs(5 * 60);

pub(super) async fn findings(names: &AccountNames) -> Vec<Finding> {
    let cloud = match account::connect(&names.target()).await {
        Ok(cloud) => cloud,
        Err(error) => return vec![identity_unknown(format!("{error:#}").into())],
    };
    let (identity, finding) = identity(&cloud).await;
    let mut findings = vec![server_clock(&cloud).await, finding];
    let Some(identity) = identity else {
        findings.push(Finding::cannot_tell(
            "cluster",
            message!("doctor-cluster-title"),
            message!("doctor-not-asked"),
            message!("doctor-identity-first"),
        ));
        return findings;
    };
    let (cluster, exists) = cluster(&cloud).await;
    findings.push(cluster);
    let mut role = None;
    if exists {
        let (neighbour, found) = neighbour(&cloud).await;
        role = found;
        findings.push(neighbour);
        findings.push(kubernetes(&cloud).await);
    }
    findings.push(permissions(&cloud, &identity, role.as_deref()).await);
    findings
}

async fn within<T>(asked: impl Future<Output = Result<T, CloudError>>) -> Result<T, CloudError> {
    let answer = tokio::time::timeout(LIMIT, asked).await;
    answer.unwrap_or_else(|_| {
        Err(CloudError::Unreachable(format!(
            "no answer within {} s",
            LIMIT.as_secs()
        )))
    })
}

fn identity_unknown(why: Message) -> Finding {
    let said = message!("doctor-failed", why = why);
    Finding::cannot_tell(
        "identity",
        message!("doctor-identity-title"),
        said,
        message!("doctor-network"),
    )
}

/// Whose credentials these are; `None` when nothing else can be asked with them.
async fn identity(cloud: &Cloud) -> (Option<Identity>, Finding) {
    let title = message!("doctor-identity-title");
    let identity = match within(cloud.identity()).await {
        Ok(identity) => identity,
        Err(error @ (CloudError::Expired(_) | CloudError::Denied(_))) => {
            let said = message!("doctor-failed", why = error.to_string());
            let advice = message!("doctor-identity-advice");
            return (None, Finding::to_mend("identity", title, said, advice));
        }
        Err(error) => return (None, identity_unknown(error.to_string().into())),
    };
    let said = message!("doctor-identity", arn = &identity.arn);
    if identity.account != cloud.account {
        let advice = message!("doctor-identity-other", account = &cloud.account);
        return (None, Finding::to_mend("identity", title, said, advice));
    }
    let finding = match identity.is_root() {
        true => Finding::to_mend("identity", title, said, message!("doctor-identity-root")),
        false => Finding::ok("identity", title, said),
    };
    (Some(identity), finding)
}

async fn server_clock(cloud: &Cloud) -> Finding {
    let title = message!("doctor-server-clock-title");
    match within(cloud.server_time()).await {
        Ok(time) => {
            let skew = Timestamp::now().duration_since(time).unsigned_abs();
            let said = message!("doctor-server-clock", seconds = skew.as_secs());
            match skew > SKEW {
                true => {
                    Finding::to_mend("server-clock", title, said, message!("doctor-clock-advice"))
                }
                false => Finding::ok("server-clock", title, said),
            }
        }
        Err(CloudError::Expired(_)) => {
            let said = message!("doctor-not-asked");
            Finding::cannot_tell(
                "server-clock",
                title,
                said,
                message!("doctor-identity-first"),
            )
        }
        Err(error) => {
            let said = message!("doctor-failed", why = error.to_string());
            Finding::cannot_tell("server-clock", title, said, message!("doctor-network"))
        }
    }
}

/// Whether labs are allowed on the cluster, and whether there is one.
async fn cluster(cloud: &Cloud) -> (Finding, bool) {
    let title = message!("doctor-cluster-title");
    let Cloud {
        cluster,
        region,
        account,
        ..
    } = cloud;
    let said = message!("doctor-cluster", cluster = cluster, region = region);
    let tags = match within(cloud.cluster_tags()).await {
        Ok(tags) => tags,
        Err(CloudError::NotFound) => {
            let said = message!("doctor-cluster-missing", cluster = cluster, region = region);
            let command = format!("aws eks list-clusters --region {region}");
            let advice = message!("doctor-cluster-missing-advice", command = command);
            return (Finding::to_mend("cluster", title, said, advice), false);
        }
        Err(error) => {
            let said = message!("doctor-failed", why = error.to_string());
            let advice = message!("doctor-cluster-unknown-advice");
            return (Finding::cannot_tell("cluster", title, said, advice), false);
        }
    };
    let finding = match account::obstacle(&tags) {
        None => Finding::ok("cluster", title, said),
        Some(Obstacle::Production(environment)) => {
            let said = message!(
                "doctor-cluster-production",
                cluster = cluster,
                environment = environment
            );
            Finding::to_mend(
                "cluster",
                title,
                said,
                message!("doctor-cluster-production-advice"),
            )
        }
        Some(Obstacle::NotAllowed) => {
            let said = message!("doctor-cluster-closed", cluster = cluster);
            let command = account::allowing(region, account, cluster);
            Finding::to_mend(
                "cluster",
                title,
                said,
                message!("doctor-cluster-closed-advice", command = command),
            )
        }
    };
    (finding, true)
}

/// Labs make their node group like one that is there.
async fn neighbour(cloud: &Cloud) -> (Finding, Option<String>) {
    let title = message!("doctor-neighbour-title");
    match within(cloud.neighbours_role()).await {
        Ok(role) => {
            let said = message!("doctor-neighbour", role = &role);
            (Finding::ok("neighbour", title, said), Some(role))
        }
        Err(error) if error.cannot_tell() => {
            let said = message!("doctor-failed", why = error.to_string());
            (
                Finding::cannot_tell(
                    "neighbour",
                    title,
                    said,
                    message!("doctor-cluster-unknown-advice"),
                ),
                None,
            )
        }
        Err(error) => {
            let said = message!("doctor-failed", why = error.to_string());
            (
                Finding::to_mend(
                    "neighbour",
                    title,
                    said,
                    message!("doctor-neighbour-advice"),
                ),
                None,
            )
        }
    }
}

async fn kubernetes(cloud: &Cloud) -> Finding {
    let title = message!("doctor-kubernetes-title");
    match within(cloud.sees_nodes()).await {
        Ok(()) => Finding::ok("kubernetes", title, message!("doctor-kubernetes")),
        Err(error @ (CloudError::Denied(_) | CloudError::Expired(_))) => {
            let said = message!("doctor-failed", why = error.to_string());
            let advice = message!("doctor-kubernetes-advice", cluster = &cloud.cluster);
            Finding::to_mend("kubernetes", title, said, advice)
        }
        Err(error) => {
            let said = message!("doctor-failed", why = error.to_string());
            Finding::cannot_tell(
                "kubernetes",
                title,
                said,
                message!("doctor-kubernetes-unknown-advice"),
            )
        }
    }
}

async fn permissions(cloud: &Cloud, identity: &Identity, role: Option<&str>) -> Finding {
    let title = message!("doctor-permissions-title");
    let unknown = |error: &CloudError| {
        let said = message!("doctor-permissions-unknown", why = error.to_string());
        let advice = message!("doctor-permissions-unknown-advice", arn = &identity.arn);
        Finding::cannot_tell(
            "permissions",
            message!("doctor-permissions-title"),
            said,
            advice,
        )
    };
    let principal = match within(cloud.principal(identity)).await {
        Ok(principal) => principal,
        Err(error) => return unknown(&error),
    };
    let questions = permissions::questions(&cloud.account, &cloud.region, &cloud.cluster, role);
    let mut refused = Vec::new();
    let mut asked = 0;
    for question in &questions {
        match within(cloud.not_allowed(&principal, question)).await {
            Ok(found) => refused.extend(found),
            Err(error) => return unknown(&error),
        }
        asked += question.actions.len();
    }
    refused.sort();
    refused.dedup();
    if refused.is_empty() {
        let said = message!("doctor-permissions", count = asked);
        return Finding::ok("permissions", title, said);
    }
    let said = message!("doctor-permissions-missing", actions = refused.join(", "));
    Finding::to_mend(
        "permissions",
        title,
        said,
        message!("doctor-permissions-advice"),
    )
}
