//! The account and the cluster that a scenario acts on: the only room that knows the SDKs. The same
//! calls go to the simulator and to a real account.

pub mod aws;
pub mod changes;
pub mod kubernetes;
mod observe;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

pub use observe::Wanted;

/// Lets time pass in the environment: a sleep on a real account, a jump on the simulator.
pub type Pause = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Clients for one account, region and cluster.
#[derive(Clone)]
pub struct Cloud {
    pub account: String,
    pub region: String,
    pub cluster: String,
    pub pause: Pause,
    eks: aws_sdk_eks::Client,
    kms: aws_sdk_kms::Client,
    autoscaling: aws_sdk_autoscaling::Client,
    ec2: aws_sdk_ec2::Client,
    kubernetes: kube::Client,
}

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudError {
    /// The environment says that it does not exist.
    NotFound,
    /// It exists already, under this description.
    Taken(String),
    Other(String),
}

impl fmt::Display for CloudError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CloudError::NotFound => formatter.write_str("it does not exist"),
            CloudError::Taken(what) => write!(formatter, "{what}"),
            CloudError::Other(why) => formatter.write_str(why),
        }
    }
}

impl std::error::Error for CloudError {}

impl<E, R> From<SdkError<E, R>> for CloudError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        let code = error.code().unwrap_or_default();
        let message = error.message().unwrap_or_default();
        let not_found = ["NotFound", "ResourceNotFound", "NoSuchEntity"];
        let taken = ["AlreadyExists", "ResourceInUseException"];
        if not_found.iter().any(|part| code.contains(part)) {
            CloudError::NotFound
        } else if taken.iter().any(|part| code.contains(part)) {
            CloudError::Taken(message.to_owned())
        } else if code.is_empty() {
            CloudError::Other(DisplayErrorContext(&error).to_string())
        } else {
            CloudError::Other(format!("{code}: {message}"))
        }
    }
}

impl From<kube::Error> for CloudError {
    fn from(error: kube::Error) -> Self {
        CloudError::Other(error.to_string())
    }
}
