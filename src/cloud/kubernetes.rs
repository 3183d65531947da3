//! The cluster's own API, through `kube`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::sync::Mutex;

use super::{Cloud, CloudError};

/// How the cluster is reached.
pub enum Access {
    /// A kubeconfig's text.
    Kubeconfig(String),
    /// What `kubectl` would use.
    Default,
    /// As EKS describes it, with a token that the account's credentials sign.
    Cluster,
}

/// A way to the cluster that stays open.
#[derive(Clone)]
pub(super) enum Connection {
    Lasting(kube::Client),
    /// The token of such a client is good for 15 minutes.
    Signed(Arc<Mutex<Option<(Instant, kube::Client)>>>),
}

/// How long a client with a signed token is used.
const TOKEN_USED: Duration = Duration::from_secs(10 * 60);
/// How long an answer may take; nothing here watches.
const ANSWER: Duration = Duration::from_secs(60);

pub(super) async fn connection(access: Access) -> Result<Connection, CloudError> {
    let options = KubeConfigOptions::default();
    let config = match access {
        Access::Cluster => return Ok(Connection::Signed(Arc::default())),
        Access::Default => kube::Config::from_kubeconfig(&options)
            .await
            .map_err(|error| unusable(&error))?,
        Access::Kubeconfig(text) => read(&text).await?,
    };
    Ok(Connection::Lasting(client(config)?))
}

async fn read(kubeconfig: &str) -> Result<kube::Config, CloudError> {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).map_err(|error| unusable(&error))?;
    kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .map_err(|error| unusable(&error))
}

fn unusable(error: &dyn std::fmt::Display) -> CloudError {
    CloudError::Other(format!("the kubeconfig cannot be used: {error}"))
}

fn client(mut config: kube::Config) -> Result<kube::Client, CloudError> {
    config.read_timeout = Some(ANSWER);
    config.write_timeout = Some(ANSWER);
    Ok(kube::Client::try_from(config)?)
}

impl Cloud {
    /// A client whose credentials are good for a while: ask for it anew before each use.
    pub(super) async fn kubernetes(&self) -> Result<kube::Client, CloudError> {
        let kept = match &self.kubernetes {
            Connection::Lasting(client) => return Ok(client.clone()),
            Connection::Signed(kept) => kept,
        };
        let mut kept = kept.lock().await;
        if let Some((made, client)) = &*kept
            && made.elapsed() < TOKEN_USED
        {
            return Ok(client.clone());
        }
        let client = client(read(&self.signed_kubeconfig().await?).await?)?;
        *kept = Some((Instant::now(), client.clone()));
        Ok(client)
    }
}
