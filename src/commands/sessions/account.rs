//! The gate to a real account: nothing is changed in one that was not named, opted in, shown and confirmed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _};
use std::sync::Arc;

use anyhow::Context as _;

use super::super::content::{Refused, refused};
use super::super::output;
use crate::cloud::aws::Endpoint;
use crate::cloud::kubernetes::Access;
use crate::cloud::{Cloud, CloudError, Pause};
use crate::outcome::Exit;
use crate::session::journal::Target;

/// The account, region and cluster that somebody named.
#[derive(Debug, Clone)]
pub struct AccountNames {
    /// Twelve digits.
    pub account: String,
    pub region: String,
    pub cluster: String,
}

/// The tag by which a cluster's owner allows labs to be run on it.
const ALLOW: &str = "breakfix:allow";
/// The tag of clusters that nobody should break, whatever else is said.
const ENVIRONMENT: &str = "env";
const PRODUCTION: [&str; 2] = ["prod", "production"];

impl AccountNames {
    pub(in super::super) fn target(&self) -> Target {
        Target {
            real: true,
            account: self.account.clone(),
            region: self.region.clone(),
            cluster: self.cluster.clone(),
            clock: None,
        }
    }
}

/// Clients for a real account. Time passes as it does.
pub(in super::super) async fn connect(target: &Target) -> anyhow::Result<Cloud> {
    let names = (&*target.account, &*target.region, &*target.cluster);
    let pause: Pause = Arc::new(|duration| Box::pin(tokio::time::sleep(duration)));
    Cloud::connect(Endpoint::Account, names, Access::Cluster, pause)
        .await
        .context("failed to make clients for the account")
}

/// Whether these are the credentials of the account that was named.
///
/// # Errors
/// When they are another's, or nobody's.
pub(super) async fn identified(cloud: &Cloud) -> anyhow::Result<()> {
    let identity = cloud.identity().await;
    let identity = identity.context("failed to ask who these credentials are of")?;
    anyhow::ensure!(
        identity.account == cloud.account,
        "the credentials are of account {}, and the session is in account {}: use that one's",
        identity.account,
        cloud.account
    );
    Ok(())
}

/// Whether these credentials and this cluster may be used at all.
///
/// # Errors
/// Why not, and what to do about it.
pub(in super::super) async fn admitted(cloud: &Cloud) -> Result<(), Refused> {
    let identity = cloud
        .identity()
        .await
        .map_err(|error| unknown("ask who these credentials are of", &error))?;
    if identity.account != cloud.account {
        return Err(usage(format!(
            "the credentials are of account {}, and --account says {}: name the account that you mean, or use its credentials",
            identity.account, cloud.account
        )));
    }
    if identity.is_root() {
        return Err(usage(
            "these are the credentials of the account's root user, which no lab needs: use those of a role or a user".to_owned(),
        ));
    }
    let tags = cloud.cluster_tags().await.map_err(|error| match error {
        CloudError::NotFound => usage(format!(
            "there is no cluster {} in {}: name it with --cluster, and its region with --region",
            cloud.cluster, cloud.region
        )),
        error => unknown("read the cluster's tags", &error),
    })?;
    let Cloud {
        region,
        account,
        cluster,
        ..
    } = cloud;
    match obstacle(&tags) {
        None => Ok(()),
        Some(Obstacle::Production(environment)) => Err(usage(format!(
            "the cluster {cluster} is tagged {ENVIRONMENT}={environment}: labs break things, use another cluster"
        ))),
        Some(Obstacle::NotAllowed) => Err(usage(format!(
            "the cluster {cluster} does not allow labs. Whoever owns it can tag it:\n  {}",
            allowing(region, account, cluster)
        ))),
    }
}

/// Why a cluster is not for labs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Obstacle {
    /// It is tagged as one that nobody should break, with this value.
    Production(String),
    /// Its owner has not allowed them.
    NotAllowed,
}

/// What the tags of a cluster say against labs.
pub(in super::super) fn obstacle(tags: &BTreeMap<String, String>) -> Option<Obstacle> {
    let environment = tags.get(ENVIRONMENT);
    if let Some(environment) = environment.filter(|value| PRODUCTION.contains(&value.as_str())) {
        return Some(Obstacle::Production(environment.clone()));
    }
    let is_allowed = tags.get(ALLOW).map(String::as_str) == Some("true");
    (!is_allowed).then_some(Obstacle::NotAllowed)
}

/// What a cluster's owner runs to allow labs on it.
pub(in super::super) fn allowing(region: &str, account: &str, cluster: &str) -> String {
    format!(
        "aws eks tag-resource --region {region} \
         --resource-arn arn:aws:eks:{region}:{account}:cluster/{cluster} --tags {ALLOW}=true"
    )
}

fn usage(text: String) -> Refused {
    refused(Exit::Usage, format!("error: {text}"))
}

fn unknown(what: &str, error: &CloudError) -> Refused {
    refused(
        Exit::CannotTell,
        format!("error: failed to {what}: {error}"),
    )
}

/// Asks on the terminal; without one, only `--yes` says yes.
pub(in super::super) fn confirmed(question: &str, yes: bool) -> Result<(), Refused> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(usage(format!(
            "{question} Nobody can be asked here: say --yes"
        )));
    }
    output::complain(&format!("{question} [y/N]"));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    match read.map(|_| answer.trim().to_lowercase()) {
        Ok(answer) if answer == "y" || answer == "yes" => Ok(()),
        _ => Err(usage("nothing was changed".to_owned())),
    }
}
