//! Which account and cluster these clients reach, and as whom; also the way into a cluster for whoever has the
//! account's credentials and no kubeconfig.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::aws::incomplete;
use super::error::chain;
use super::{Cloud, CloudError};

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    /// Of a user, of a role's session, or of the account's root.
    pub arn: String,
}

impl Identity {
    /// Whether these are the credentials of the account's root.
    pub fn is_root(&self) -> bool {
        self.arn.ends_with(":root")
    }
}

/// How long the signature of a token may be used to ask STS; EKS takes the token itself for 15 minutes.
const SIGNATURE_LIFETIME: Duration = Duration::from_secs(60);

impl Cloud {
    /// Whose credentials these are (`sts:GetCallerIdentity`, which needs no permission).
    ///
    /// # Errors
    /// When they are not accepted, or STS cannot be reached.
    pub async fn identity(&self) -> Result<Identity, CloudError> {
        let reply = self.sts.get_caller_identity().send().await?;
        let lacking = || incomplete("GetCallerIdentity");
        Ok(Identity {
            account: reply.account.ok_or_else(lacking)?,
            arn: reply.arn.ok_or_else(lacking)?,
        })
    }

    /// The tags of the cluster.
    ///
    /// # Errors
    /// [`CloudError::NotFound`] when there is no such cluster.
    pub async fn cluster_tags(&self) -> Result<BTreeMap<String, String>, CloudError> {
        let tags = self.described_cluster().await?.tags.unwrap_or_default();
        Ok(tags.into_iter().collect())
    }

    async fn described_cluster(&self) -> Result<aws_sdk_eks::types::Cluster, CloudError> {
        let request = self.eks.describe_cluster().name(&self.cluster);
        request.send().await?.cluster.ok_or(CloudError::NotFound)
    }

    /// A kubeconfig for the cluster as EKS describes it, with a token for 15 minutes.
    pub(super) async fn signed_kubeconfig(&self) -> Result<String, CloudError> {
        let user = json!({"token": self.cluster_token().await?});
        self.kubeconfig_as(user).await
    }

    /// A kubeconfig whose tokens `aws eks get-token` makes, so that it holds as long as the credentials do.
    ///
    /// # Errors
    /// When the cluster cannot be described, or has no endpoint yet.
    pub async fn kubeconfig(&self) -> Result<String, CloudError> {
        let arguments = [
            "--region",
            &self.region,
            "eks",
            "get-token",
            "--cluster-name",
            &self.cluster,
            "--output",
            "json",
        ];
        let user = json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": arguments,
            "interactiveMode": "Never",
        }});
        self.kubeconfig_as(user).await
    }

    async fn kubeconfig_as(&self, user: Value) -> Result<String, CloudError> {
        let cluster = self.described_cluster().await?;
        let lacking = || {
            CloudError::Conflict(format!(
                "cluster {} has no endpoint yet: wait until it is ACTIVE",
                self.cluster
            ))
        };
        let authority = cluster
            .certificate_authority
            .and_then(|authority| authority.data)
            .ok_or_else(lacking)?;
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "cluster",
            "clusters": [{"name": "cluster", "cluster": {
                "server": cluster.endpoint.ok_or_else(lacking)?, "certificate-authority-data": authority,
            }}],
            "users": [{"name": "caller", "user": user}],
            "contexts": [{"name": "cluster", "context": {"cluster": "cluster", "user": "caller"}}],
        });
        Ok(config.to_string())
    }

    /// A bearer token as `aws eks get-token` makes it: a presigned GetCallerIdentity URL that is bound to the cluster
    /// by a signed header.
    async fn cluster_token(&self) -> Result<String, CloudError> {
        let unusable = |error: &dyn std::error::Error| CloudError::Expired(chain(error));
        let provider = self
            .config
            .credentials_provider()
            .ok_or_else(|| CloudError::Expired("there are no credentials".to_owned()))?;
        let credentials = provider
            .provide_credentials()
            .await
            .map_err(|error| unusable(&error))?;
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(SIGNATURE_LIFETIME);
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("sts")
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| CloudError::Other(chain(&error)))?;
        let url = format!(
            "{}/?Action=GetCallerIdentity&Version=2011-06-15",
            self.sts_url()
        );
        let headers = [("x-k8s-aws-id", self.cluster.as_str())];
        let signed = SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::empty())
            .and_then(|request| sign(request, &parameters.into()))
            .map_err(|error| CloudError::Other(chain(&error)))?;
        let (instructions, _) = signed.into_parts();
        let query = url.len();
        let mut url = form_urlencoded::Serializer::for_suffix(format!("{url}&"), query + 1);
        url.extend_pairs(instructions.params());
        Ok(format!(
            "k8s-aws-v1.{}",
            URL_SAFE_NO_PAD.encode(url.finish())
        ))
    }

    /// Where STS answers in this region.
    fn sts_url(&self) -> String {
        match self.config.endpoint_url() {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if self.region.starts_with("cn-") => {
                format!("https://sts.{}.amazonaws.com.cn", self.region)
            }
            None => format!("https://sts.{}.amazonaws.com", self.region),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_accounts_own_arn_is_root() {
        for (arn, is_root) in [
            ("arn:aws:iam::111122223333:root", true),
            ("arn:aws-cn:iam::111122223333:root", true),
            ("arn:aws:iam::111122223333:user/root", false),
            ("arn:aws:sts::111122223333:assumed-role/admin/root", false),
        ] {
            let identity = Identity {
                account: "111122223333".to_owned(),
                arn: arn.to_owned(),
            };
            assert_eq!(identity.is_root(), is_root, "{arn}");
        }
    }
}
