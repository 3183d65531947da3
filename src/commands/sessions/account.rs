//! The gate to a real account: nothing is changed in one that was not named, opted in, shown and confirmed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};

use super::super::content::{Refused, refused};
use super::super::output;
use crate::cloud::aws::Endpoint;
use crate::cloud::kubernetes::Access;
use crate::cloud::{Cloud, CloudError, Pause};
use crate::language::{Language, Message};
use crate::message;
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
pub(super) async fn identified(cloud: &Cloud, language: Language) -> anyhow::Result<()> {
    let identity = cloud.identity().await;
    let identity = identity.with_context(|| message!("account-unasked").to(language))?;
    if identity.account == cloud.account {
        return Ok(());
    }
    let other = message!(
        "account-of-session",
        found = &identity.account,
        account = &cloud.account
    );
    Err(anyhow!(other.to(language)))
}

/// Whether these credentials and this cluster may be used at all.
///
/// # Errors
/// Why not, and what to do about it.
pub(in super::super) async fn admitted(cloud: &Cloud, language: Language) -> Result<(), Refused> {
    refusal(cloud)
        .await
        .map_err(|(exit, why)| refused(exit, message!("error", why = why).to(language)))
}

async fn refusal(cloud: &Cloud) -> Result<(), (Exit, Message)> {
    let usage = |why: Message| Err((Exit::Usage, why));
    let unknown = |what: Message, error: &CloudError| {
        let why = message!("error-cause", what = what, why = error.to_string());
        Err((Exit::CannotTell, why))
    };
    let Cloud {
        region,
        account,
        cluster,
        ..
    } = cloud;
    let identity = match cloud.identity().await {
        Ok(identity) => identity,
        Err(error) => return unknown(message!("account-unasked"), &error),
    };
    if identity.account != *account {
        return usage(message!(
            "account-other",
            found = &identity.account,
            account = account
        ));
    }
    if identity.is_root() {
        return usage(message!("account-root"));
    }
    let tags = match cloud.cluster_tags().await {
        Ok(tags) => tags,
        Err(CloudError::NotFound) => {
            return usage(message!(
                "account-no-cluster",
                cluster = cluster,
                region = region
            ));
        }
        Err(error) => return unknown(message!("account-tags-unread"), &error),
    };
    match obstacle(&tags) {
        None => Ok(()),
        Some(Obstacle::Production(environment)) => {
            let tag = format!("{ENVIRONMENT}={environment}");
            usage(message!("account-production", cluster = cluster, tag = tag))
        }
        Some(Obstacle::NotAllowed) => usage(message!(
            "account-not-allowed",
            cluster = cluster,
            command = allowing(region, account, cluster)
        )),
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

fn usage(why: Message, language: Language) -> Refused {
    refused(Exit::Usage, message!("error", why = why).to(language))
}

/// Asks on the terminal; without one, only `--yes` says yes.
pub(in super::super) fn confirmed(
    question: Message,
    yes: bool,
    language: Language,
) -> Result<(), Refused> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(usage(
            message!("confirm-nobody", question = question),
            language,
        ));
    }
    output::complain(&message!("confirm", question = question).to(language));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    match read.map(|_| answer.trim().to_lowercase()) {
        Ok(answer) if YES.contains(&answer.as_str()) => Ok(()),
        _ => Err(usage(message!("confirm-no"), language)),
    }
}

/// What says yes, in any language.
const YES: [&str; 3] = ["y", "yes", "はい"];
