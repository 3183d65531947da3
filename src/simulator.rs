//! An embedded model of the parts of AWS and Kubernetes that labs need, with cause and effect,
//! behind the real wire protocols. It knows no lesson and no scenario.
//!
//! Inside, from the outside in: `serve` (sockets) → `gateway` (who calls what) → `wire` (AWS
//! protocols) or `kubernetes` → services, pure functions on the `world`.

pub mod autoscaling;
pub mod certificate;
pub mod chaos;
pub mod client;
pub mod clock;
pub mod ec2;
pub mod eks;
pub mod environment;
mod gateway;
pub mod iam;
pub mod kms;
pub mod kubeconfig;
pub mod kubernetes;
pub mod nodes;
pub mod refusal;
pub mod serve;
pub mod signature;
pub mod sts;
#[cfg(test)]
pub(crate) mod testing;
mod waiting;
pub mod wire;
pub mod world;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use certificate::Authority;
use chaos::Chaos;
use clock::Pace;
use world::start::{LEARNER, OPERATOR, Start};
use world::{Options, World};

/// What a simulator is started with.
#[derive(Debug, Clone)]
pub struct Configuration {
    pub account: String,
    pub region: String,
    pub cluster: String,
    pub pace: Pace,
    pub options: Options,
    /// Seed of the ids that the world draws.
    pub seed: u64,
    /// Trouble for whoever calls, except breakfix itself.
    pub chaos: Chaos,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            account: "123456789012".to_owned(),
            region: "us-west-2".to_owned(),
            cluster: "eks-workshop".to_owned(),
            pace: Pace::Instant,
            options: Options::default(),
            seed: fastrand::u64(..),
            chaos: Chaos::default(),
        }
    }
}

/// A running simulator. Dropping it closes its ports; `stop` also waits for its connections.
pub struct Simulator {
    shared: Arc<Shared>,
    configuration: Configuration,
    aws: SocketAddr,
    kubernetes: SocketAddr,
    authority: Authority,
    shutdown: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
}

/// What the handlers of both ports share.
pub(crate) struct Shared {
    world: Mutex<World>,
    /// Counts changes of the world, for whoever waits for one.
    changes: watch::Sender<u64>,
    /// Lets `breakfix`'s own tools move the clock.
    control_token: String,
    /// Lets the kubeconfig that we write in without a token plugin.
    kubernetes_token: String,
    /// The same for breakfix itself.
    operator_token: String,
    cluster: String,
}

/// An access key pair.
#[derive(Clone)]
pub struct AccessKey {
    pub id: String,
    pub secret: String,
}

impl Shared {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.tick(Timestamp::now());
        world
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

impl Simulator {
    /// Binds two loopback ports and serves a fresh world on them.
    ///
    /// # Errors
    /// When no port can be bound or no certificate made.
    pub async fn start(configuration: Configuration) -> anyhow::Result<Simulator> {
        let authority = Authority::generate()
            .context("failed to make the certificate of the Kubernetes API")?;
        let aws_listener = serve::bind()
            .await
            .context("failed to open a port for the AWS API")?;
        let kubernetes_listener = serve::bind()
            .await
            .context("failed to open a port for the Kubernetes API")?;
        let (aws, kubernetes) = (
            aws_listener.local_addr()?,
            kubernetes_listener.local_addr()?,
        );
        let world = World::start(Start {
            account: configuration.account.clone(),
            region: configuration.region.clone(),
            cluster: configuration.cluster.clone(),
            pace: configuration.pace,
            options: configuration.options.clone(),
            seed: configuration.seed,
            wall: Timestamp::now(),
            endpoint: format!("https://{kubernetes}"),
            authority: authority.ca_pem().to_owned(),
        });
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            changes: watch::Sender::new(0),
            control_token: secret(),
            kubernetes_token: secret(),
            operator_token: secret(),
            cluster: configuration.cluster.clone(),
        });
        let shutdown = watch::Sender::new(false);
        let listeners = vec![
            tokio::spawn(serve::serve(
                aws_listener,
                None,
                gateway::aws(&shared, &configuration.chaos),
                gateway::refuse_aws,
                stopped(&shutdown),
            )),
            tokio::spawn(serve::serve(
                kubernetes_listener,
                Some(authority.server_config()),
                gateway::kubernetes(&shared, &configuration.chaos, &shutdown),
                gateway::refuse_kubernetes,
                stopped(&shutdown),
            )),
        ];
        Ok(Simulator {
            shared,
            configuration,
            aws,
            kubernetes,
            authority,
            shutdown,
            listeners,
        })
    }

    /// Lets `by` of world time pass, as fast as the world's pace allows.
    pub async fn pass(&self, by: Duration) {
        let wall = self.wall_duration(by);
        if wall.is_zero() {
            self.advance(by);
        } else {
            tokio::time::sleep(wall).await;
        }
    }

    /// Closes the ports; connections end soon after.
    pub fn close(&self) {
        self.shutdown.send_replace(true);
    }

    /// Closes the ports and waits until every connection is gone.
    pub async fn stop(mut self) {
        self.close();
        for listener in std::mem::take(&mut self.listeners) {
            // A listener that panicked is gone, too.
            let _ = listener.await;
        }
    }

    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// `http://127.0.0.1:PORT`, where every AWS service answers.
    pub fn aws_url(&self) -> String {
        format!("http://{}", self.aws)
    }

    pub fn kubernetes_url(&self) -> String {
        format!("https://{}", self.kubernetes)
    }

    /// World time on its own line; only differences mean something.
    pub fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.shared.world().now().micros()).unwrap_or(0))
    }

    /// Lets `by` pass in the world at once, with everything that happens on the way.
    pub fn advance(&self, by: Duration) {
        self.shared.world().jump(by);
        self.shared.changed();
    }

    /// How long `by` of world time lasts on the wall clock.
    pub fn wall_duration(&self, by: Duration) -> Duration {
        match self.configuration.pace {
            Pace::Instant => Duration::ZERO,
            Pace::Real => by,
            Pace::Times(rate) => by.div_f64(rate),
        }
    }

    /// A new access key of the learner.
    pub fn learner_key(&self) -> AccessKey {
        self.access_key(LEARNER)
    }

    /// A new access key of breakfix itself, so that its calls are told apart from the learner's.
    pub fn operator_key(&self) -> AccessKey {
        self.access_key(OPERATOR)
    }

    fn access_key(&self, user: &str) -> AccessKey {
        let key = AccessKey {
            id: format!("AKIA{}", secret()[..16].to_uppercase()),
            secret: secret(),
        };
        self.shared
            .world()
            .add_credential(&key.id, &key.secret, user);
        key
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.close();
    }
}

fn stopped(shutdown: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + 'static {
    let mut receiver = shutdown.subscribe();
    async move {
        // An error means that the sender is gone: stopped as well.
        let _ = receiver.wait_for(|stop| *stop).await;
    }
}

/// Forty characters that nobody can guess: 160 bits of the system's random numbers.
fn secret() -> String {
    let [first, second] = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    let text = format!("{}{}", first.simple(), second.simple());
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .take(40)
        .collect()
}
