//! The account and the cluster that a scenario acts on: the only room that knows the SDKs. The same
//! calls go to the simulator and to a real account.

pub mod account;
pub mod aws;
pub mod changes;
mod error;
pub mod kubernetes;
pub mod leftovers;
mod observe;
pub mod probe;
mod waiting;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::language::Message;

pub use changes::{Mark, Original, Outputs, Size};
pub use error::CloudError;
pub use leftovers::Left;
pub use observe::Wanted;

/// Lets time pass in the environment: a sleep on a real account, a jump on the simulator.
pub type Pause = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Hears what is waited for, in a line for people.
pub type Tell = Arc<dyn Fn(Message) + Send + Sync>;

/// Clients for one account, region and cluster.
#[derive(Clone)]
pub struct Cloud {
    pub account: String,
    pub region: String,
    pub cluster: String,
    pub pause: Pause,
    /// How long a node group may take to become, to change, or to go.
    pub patience: Duration,
    /// Silent unless it is set.
    pub tell: Tell,
    /// What the clients are made from: credentials, region, endpoint.
    config: aws_config::SdkConfig,
    eks: aws_sdk_eks::Client,
    kms: aws_sdk_kms::Client,
    autoscaling: aws_sdk_autoscaling::Client,
    ec2: aws_sdk_ec2::Client,
    iam: aws_sdk_iam::Client,
    sts: aws_sdk_sts::Client,
    kubernetes: kubernetes::Connection,
    /// Ids, names and ARNs of what was made a moment ago: not every service knows of it yet.
    fresh: Arc<Mutex<BTreeSet<String>>>,
}
