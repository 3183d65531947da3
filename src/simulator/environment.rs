//! The environment in which clients find the simulator and nothing else: variables to set and to
//! unset, and the files that they name.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;

use super::kubeconfig::Kubeconfig;
use super::{AccessKey, Simulator};

/// A variable to set, or with `None` to unset.
pub type Variable = (String, Option<String>);

/// The variables by which breakfix's own tools find the simulator, and the token that they show.
pub const CONTROL_ADDRESS: &str = "BREAKFIX_SIMULATOR";
pub const CONTROL_TOKEN: &str = "BREAKFIX_SIMULATOR_TOKEN";

/// Variables that would lead a client past the simulator, to a real account.
const UNSET: [&str; 17] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL_EKS",
    "AWS_ENDPOINT_URL_KMS",
    "AWS_ENDPOINT_URL_EC2",
    "AWS_ENDPOINT_URL_AUTO_SCALING",
    "AWS_ENDPOINT_URL_STS",
];

impl Simulator {
    /// Writes the files that clients read into `directory` (private to this session) and returns the
    /// variables that lead them there. Files that are there already stay as they are: whoever uses a kept world may
    /// have changed them.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn environment(&self, directory: &Path, key: &AccessKey) -> anyhow::Result<Vec<Variable>> {
        let kubeconfig = directory.join("kubeconfig");
        let config = directory.join("aws-config");
        let credentials = directory.join("aws-credentials");
        let cache = directory.join("kube-cache");
        for (path, text) in [
            (&kubeconfig, self.kubeconfig()),
            (&config, String::new()),
            (&credentials, String::new()),
        ] {
            write_new(path, &text)?;
        }
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let set = [
            ("EKS_CLUSTER_NAME", self.configuration.cluster.clone()),
            ("AWS_ACCOUNT_ID", self.configuration.account.clone()),
            ("AWS_REGION", self.configuration.region.clone()),
            ("AWS_DEFAULT_REGION", self.configuration.region.clone()),
            ("AWS_ENDPOINT_URL", self.aws_url()),
            ("AWS_ACCESS_KEY_ID", key.id.clone()),
            ("AWS_SECRET_ACCESS_KEY", key.secret.clone()),
            ("AWS_CONFIG_FILE", text(&config)),
            ("AWS_SHARED_CREDENTIALS_FILE", text(&credentials)),
            ("AWS_PAGER", String::new()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("KUBECONFIG", text(&kubeconfig)),
            ("KUBECACHEDIR", text(&cache)),
            ("NO_PROXY", "127.0.0.1,localhost".to_owned()),
            ("no_proxy", "127.0.0.1,localhost".to_owned()),
            (CONTROL_ADDRESS, self.shared.identity.aws.to_string()),
            (CONTROL_TOKEN, self.shared.identity.control_token.clone()),
        ];
        let set = set
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Some(value)));
        Ok(set
            .chain(UNSET.iter().map(|name| ((*name).to_owned(), None)))
            .collect())
    }

    /// A kubeconfig with our own authority and a token of this session.
    pub fn kubeconfig(&self) -> String {
        self.kubeconfig_with(&self.shared.identity.kubernetes_token)
    }

    /// The same for breakfix itself, so that its calls are told apart from the learner's.
    pub fn operator_kubeconfig(&self) -> String {
        self.kubeconfig_with(&self.shared.operator_token)
    }

    fn kubeconfig_with(&self, token: &str) -> String {
        let configuration = &self.configuration;
        let cluster = format!(
            "arn:aws:eks:{}:{}:cluster/{}",
            configuration.region, configuration.account, configuration.cluster
        );
        Kubeconfig {
            cluster: &cluster,
            user: &cluster,
            context: &cluster,
            server_url: &self.kubernetes_url(),
            ca_pem: self.authority.ca_pem(),
            token,
        }
        .to_yaml()
    }
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path);
    match file {
        Ok(mut file) => file.write_all(text.as_bytes()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
    .with_context(|| format!("failed to write {}", path.display()))
}
