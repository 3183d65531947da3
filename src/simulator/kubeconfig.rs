//! The kubeconfig that a session gives to kubectl: one cluster, one user with a bearer token, one
//! context.
//!
//! A token and no exec plugin: the plugin would cost an `aws` process for each kubectl call. Text
//! only; the caller writes the file, readable by its owner only.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// What a kubeconfig says.
#[derive(Clone, Copy)]
pub struct Kubeconfig<'a> {
    /// The name of the cluster entry; `aws eks update-kubeconfig` uses the cluster's ARN for all
    /// three names.
    pub cluster: &'a str,
    pub user: &'a str,
    /// The name of the one context, which is also the current one.
    pub context: &'a str,
    /// `https://127.0.0.1:PORT`
    pub server_url: &'a str,
    /// The certificate authority to trust, as PEM.
    pub ca_pem: &'a str,
    /// Sent as `Authorization: Bearer …`.
    pub token: &'a str,
}

impl Kubeconfig<'_> {
    /// The file's text (YAML).
    pub fn to_yaml(&self) -> String {
        format!(
            "apiVersion: v1\n\
             kind: Config\n\
             preferences: {{}}\n\
             clusters:\n\
             - name: {cluster}\n  \
               cluster:\n    \
                 server: {server}\n    \
                 certificate-authority-data: {ca}\n\
             users:\n\
             - name: {user}\n  \
               user:\n    \
                 token: {token}\n\
             contexts:\n\
             - name: {context}\n  \
               context:\n    \
                 cluster: {cluster}\n    \
                 user: {user}\n\
             current-context: {context}\n",
            cluster = quoted(self.cluster),
            server = quoted(self.server_url),
            ca = BASE64_STANDARD.encode(self.ca_pem),
            user = quoted(self.user),
            token = quoted(self.token),
            context = quoted(self.context),
        )
    }
}

/// A YAML double-quoted scalar, which every JSON string is.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:eks:us-west-2:123456789012:cluster/eks-workshop";

    fn example() -> Kubeconfig<'static> {
        Kubeconfig {
            cluster: ARN,
            user: "learner",
            context: "eks-workshop",
            server_url: "https://127.0.0.1:6443",
            ca_pem: "-----BEGIN CERTIFICATE-----\n",
            token: "session-token",
        }
    }

    #[test]
    fn the_text_is_what_kubectl_reads() {
        assert_eq!(
            example().to_yaml(),
            r#"apiVersion: v1
kind: Config
preferences: {}
clusters:
- name: "arn:aws:eks:us-west-2:123456789012:cluster/eks-workshop"
  cluster:
    server: "https://127.0.0.1:6443"
    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==
users:
- name: "learner"
  user:
    token: "session-token"
contexts:
- name: "eks-workshop"
  context:
    cluster: "arn:aws:eks:us-west-2:123456789012:cluster/eks-workshop"
    user: "learner"
current-context: "eks-workshop"
"#
        );
    }

    #[test]
    fn any_name_survives_yaml() {
        let name = "yes: \"no\" #\\ \n{ワーカー}\u{1}";
        let text = Kubeconfig {
            cluster: name,
            user: name,
            context: name,
            token: name,
            ..example()
        }
        .to_yaml();
        let read: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        for place in [
            "/clusters/0/name",
            "/users/0/name",
            "/users/0/user/token",
            "/contexts/0/name",
            "/current-context",
        ] {
            assert_eq!(
                read.pointer(place).and_then(|value| value.as_str()),
                Some(name),
                "at {place}"
            );
        }
    }
}
