//! The cluster's own API, through `kube`.

use k8s_openapi::api::core::v1::Node as KubernetesNode;
use kube::api::{Api, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};

use super::{Cloud, CloudError};
use crate::scenario::observation::Node;

/// How the cluster is reached.
pub enum Access {
    /// A kubeconfig's text.
    Kubeconfig(String),
    /// What `kubectl` would use.
    Default,
}

pub(super) async fn client(access: Access) -> Result<kube::Client, CloudError> {
    let options = KubeConfigOptions::default();
    let unusable = |error: &dyn std::fmt::Display| {
        CloudError::Other(format!("the kubeconfig cannot be used: {error}"))
    };
    let config = match access {
        Access::Default => kube::Config::from_kubeconfig(&options)
            .await
            .map_err(|error| unusable(&error))?,
        Access::Kubeconfig(text) => {
            let kubeconfig = Kubeconfig::from_yaml(&text).map_err(|error| unusable(&error))?;
            kube::Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .map_err(|error| unusable(&error))?
        }
    };
    Ok(kube::Client::try_from(config)?)
}

impl Cloud {
    /// The nodes that belong to a managed node group.
    pub(super) async fn nodes(&self, nodegroup: &str) -> Result<Vec<Node>, CloudError> {
        let nodes: Api<KubernetesNode> = Api::all(self.kubernetes.clone());
        let selector = format!("eks.amazonaws.com/nodegroup={nodegroup}");
        let found = nodes.list(&ListParams::default().labels(&selector)).await?;
        Ok(found.items.into_iter().map(node).collect())
    }
}

fn node(node: KubernetesNode) -> Node {
    let conditions = node
        .status
        .and_then(|status| status.conditions)
        .unwrap_or_default();
    let ready = conditions
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    Node {
        name: node.metadata.name.unwrap_or_default(),
        ready,
    }
}
