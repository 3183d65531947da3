//! The clients of an account: where the APIs are, with which patience they are called. What is done with them is in
//! `changes`, `leftovers` and `observe`.

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;

use super::kubernetes::{Access, connection};
use super::waiting::PATIENCE;
use super::{Cloud, CloudError, Pause};

/// Where the AWS APIs are.
pub enum Endpoint {
    /// One loopback URL for all services, with its own key.
    Simulator {
        url: String,
        access_key: String,
        secret_key: String,
    },
    /// The real ones, found as every AWS tool finds them: profiles, environment, roles, and `AWS_ENDPOINT_URL`.
    Account,
}

/// How often a call is tried that fails for no reason of its own, throttling included.
const ATTEMPTS: u32 = 5;
/// What one try may take, and all of them together.
const ATTEMPT: Duration = Duration::from_secs(30);
const OPERATION: Duration = Duration::from_secs(150);
const CONNECT: Duration = Duration::from_secs(5);
/// The simulator is near: whoever is told to come again need not stay away for a second.
const NEARBY_BACKOFF: Duration = Duration::from_millis(20);

impl Cloud {
    /// Clients for one account, region and cluster; nothing is called yet.
    ///
    /// # Errors
    /// When the Kubernetes client cannot be made from `kubernetes`.
    pub async fn connect(
        endpoint: Endpoint,
        (account, region, cluster): (&str, &str, &str),
        kubernetes: Access,
        pause: Pause,
    ) -> Result<Cloud, CloudError> {
        let config = match endpoint {
            Endpoint::Account => of_account(loader(region, RetryConfig::standard())).await,
            Endpoint::Simulator {
                url,
                access_key,
                secret_key,
            } => {
                let retries = RetryConfig::standard().with_initial_backoff(NEARBY_BACKOFF);
                loader(region, retries)
                    .endpoint_url(url)
                    .credentials_provider(Credentials::from_keys(access_key, secret_key, None))
                    .http_client(aws_smithy_http_client::Builder::new().build_http())
                    .load()
                    .await
            }
        };
        Ok(Cloud {
            account: account.to_owned(),
            region: region.to_owned(),
            cluster: cluster.to_owned(),
            pause,
            patience: PATIENCE,
            tell: Arc::new(|_| {}),
            eks: aws_sdk_eks::Client::new(&config),
            kms: aws_sdk_kms::Client::new(&config),
            autoscaling: aws_sdk_autoscaling::Client::new(&config),
            ec2: aws_sdk_ec2::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            config,
            kubernetes: connection(kubernetes).await?,
            fresh: Arc::default(),
        })
    }
}

fn loader(region: &str, retries: RetryConfig) -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .retry_config(retries.with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts)
}

/// The default TLS client wants the system's certificates even where no TLS is spoken, and does not start without.
async fn of_account(loader: ConfigLoader) -> SdkConfig {
    let config = loader.load().await;
    match config.endpoint_url() {
        Some(url) if url.starts_with("http://") => config
            .into_builder()
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build(),
        _ => config,
    }
}

pub(super) fn incomplete(operation: &str) -> CloudError {
    CloudError::Other(format!("the answer of {operation} lacks what it must have"))
}
