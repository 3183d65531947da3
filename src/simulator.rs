//! An embedded model of the parts of AWS and Kubernetes that labs need, with cause and effect,
//! behind the real wire protocols. It knows no lesson and no scenario.
//!
//! Inside, from the outside in: `serve` (sockets) → `gateway` (who calls what) → `wire` (AWS
//! protocols) or `kubernetes` → services, pure functions on the `world`.

pub mod audit;
pub mod autoscaling;
pub mod certificate;
pub mod chaos;
pub mod client;
pub mod clock;
mod cloudtrail;
mod control;
pub mod durability;
pub mod ec2;
pub mod eks;
pub mod environment;
mod gateway;
pub mod iam;
mod inventory;
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
pub mod workloads;
pub mod world;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use audit::Record;
use certificate::Authority;
use chaos::Chaos;
use clock::Pace;
use durability::{Identity, Resumed, Storage};
use signature::Secret;
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
    /// Where the world is kept over restarts. A world that is there already is served again, whatever else is said
    /// here, at this pace.
    pub state: Option<PathBuf>,
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
            state: None,
        }
    }
}

/// A running simulator. Dropping it closes its ports; `stop` also waits for its connections.
pub struct Simulator {
    shared: Arc<Shared>,
    configuration: Configuration,
    authority: Authority,
    shutdown: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
}

/// What the handlers of both ports share.
pub(crate) struct Shared {
    kept: Mutex<Kept>,
    /// `World::changes` as whoever waits for a change was told last.
    changes: watch::Sender<u64>,
    /// Whether its control said that it shall end.
    stop: watch::Sender<bool>,
    /// Its control token lets breakfix's own tools in, its Kubernetes token the kubeconfig that we write.
    identity: Identity,
    /// As the Kubernetes token, for breakfix itself: the same over restarts, as whoever knows it counts on.
    operator_token: String,
    /// Of the world, as long as it lives.
    region: String,
    /// By access key, as the world had them when it was let go of last.
    secrets: RwLock<BTreeMap<String, Secret>>,
}

/// The world and where it is kept.
struct Kept {
    world: World,
    /// Access keys that were handed out, by user.
    keys: BTreeMap<String, AccessKey>,
    storage: Option<Storage>,
    /// `World::changes` when the secrets were shown last.
    shown: Option<u64>,
}

/// The world, locked. What changed is kept before anybody else, a client least of all, can know of it.
pub(crate) struct WorldGuard<'a> {
    kept: MutexGuard<'a, Kept>,
    shared: &'a Shared,
}

impl WorldGuard<'_> {
    /// Lets go of the world, and tells whoever waits for a change if there was one.
    fn release(self) {
        let (shared, changes) = (self.shared, self.changes());
        drop(self);
        shared.changes.send_if_modified(|known| {
            let has_changed = *known != changes;
            *known = changes;
            has_changed
        });
    }
}

impl Deref for WorldGuard<'_> {
    type Target = World;
    fn deref(&self) -> &World {
        &self.kept.world
    }
}

impl DerefMut for WorldGuard<'_> {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.kept.world
    }
}

impl Drop for WorldGuard<'_> {
    fn drop(&mut self) {
        let kept = &mut *self.kept;
        if kept.shown != Some(kept.world.changes()) {
            kept.shown = Some(kept.world.changes());
            let secrets = self.shared.secrets.write();
            *secrets.unwrap_or_else(PoisonError::into_inner) = kept.world.iam.secrets();
        }
        let Kept {
            world,
            keys,
            storage: Some(storage),
            ..
        } = kept
        else {
            return;
        };
        if let Err(error) = storage.keep(&self.shared.identity, keys, world) {
            tracing::error!("the world is served, but not kept: {error:#}");
        }
    }
}

/// An access key pair.
#[derive(Clone, Serialize, Deserialize)]
pub struct AccessKey {
    pub id: String,
    pub secret: String,
}

impl Shared {
    /// The world as it is now.
    pub(crate) fn world(&self) -> WorldGuard<'_> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.world.tick(Timestamp::now());
        WorldGuard { kept, shared: self }
    }

    /// The secret of an access key, found without waiting for the world.
    fn secret(&self, access_key: &str) -> Option<Secret> {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        secrets.get(access_key).cloned()
    }
}

impl Simulator {
    /// Binds two loopback ports and serves a world on them: a fresh one, or the one that is kept where
    /// `configuration.state` says, on the ports that its clients know.
    ///
    /// # Errors
    /// When no port can be bound, no certificate made, or the kept world is not to be had.
    pub async fn start(configuration: Configuration) -> anyhow::Result<Simulator> {
        let (storage, resumed) = match &configuration.state {
            Some(directory) => {
                let (storage, resumed) = Storage::open(directory)?;
                (Some(storage), resumed)
            }
            None => (None, None),
        };
        match resumed {
            Some(resumed) => Simulator::resume(configuration, storage, resumed).await,
            None => Simulator::begin(configuration, storage).await,
        }
    }

    async fn begin(
        configuration: Configuration,
        storage: Option<Storage>,
    ) -> anyhow::Result<Simulator> {
        let authority = Authority::generate()
            .context("failed to make the certificate of the Kubernetes API")?;
        let ports = Ports::bind(None).await?;
        let identity = Identity {
            aws: ports.aws.local_addr()?,
            kubernetes: ports.kubernetes.local_addr()?,
            certificates: authority.to_pem(),
            control_token: secret(),
            kubernetes_token: secret(),
            cluster: configuration.cluster.clone(),
        };
        let world = World::start(Start {
            account: configuration.account.clone(),
            region: configuration.region.clone(),
            cluster: configuration.cluster.clone(),
            pace: configuration.pace,
            options: configuration.options.clone(),
            seed: configuration.seed,
            wall: Timestamp::now(),
            endpoint: format!("https://{}", identity.kubernetes),
            authority: authority.ca_pem().to_owned(),
        });
        let kept = Kept {
            world,
            keys: BTreeMap::new(),
            storage,
            shown: None,
        };
        Ok(Simulator::serve(
            configuration,
            authority,
            ports,
            identity,
            kept,
        ))
    }

    async fn resume(
        mut configuration: Configuration,
        storage: Option<Storage>,
        resumed: Resumed,
    ) -> anyhow::Result<Simulator> {
        let Resumed {
            identity,
            keys,
            mut world,
        } = resumed;
        let authority = Authority::from_pem(&identity.certificates)?;
        let ports = Ports::bind(Some(&identity)).await?;
        world.tick(Timestamp::now());
        // One that was paused goes on where it stopped.
        world.freeze(false);
        if world.pace() != configuration.pace {
            world.set_pace(configuration.pace);
        }
        configuration.account.clone_from(&world.account);
        configuration.region.clone_from(&world.region);
        configuration.cluster.clone_from(&identity.cluster);
        configuration.options.clone_from(&world.options);
        let kept = Kept {
            world,
            keys,
            storage,
            shown: None,
        };
        Ok(Simulator::serve(
            configuration,
            authority,
            ports,
            identity,
            kept,
        ))
    }

    fn serve(
        configuration: Configuration,
        authority: Authority,
        ports: Ports,
        identity: Identity,
        kept: Kept,
    ) -> Simulator {
        let shared = Arc::new(Shared {
            kept: Mutex::new(kept),
            changes: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            operator_token: identity.control_token.clone(),
            identity,
            region: configuration.region.clone(),
            secrets: RwLock::default(),
        });
        // Whoever is told of this world can count on it from the start.
        drop(shared.world());
        let shutdown = watch::Sender::new(false);
        let listeners = vec![
            tokio::spawn(serve::serve(
                ports.aws,
                None,
                gateway::aws(&shared, &configuration.chaos),
                gateway::refuse_aws,
                stopped(&shutdown),
            )),
            tokio::spawn(serve::serve(
                ports.kubernetes,
                Some(authority.server_config()),
                gateway::kubernetes(&shared, &configuration.chaos, &shutdown),
                gateway::refuse_kubernetes,
                stopped(&shutdown),
            )),
        ];
        Simulator {
            shared,
            configuration,
            authority,
            shutdown,
            listeners,
        }
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

    /// Resolves when the control is told to end the simulator, which is left to the caller.
    pub async fn told_to_stop(&self) {
        stopped(&self.shared.stop).await;
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
        format!("http://{}", self.shared.identity.aws)
    }

    pub fn kubernetes_url(&self) -> String {
        format!("https://{}", self.shared.identity.kubernetes)
    }

    /// World time on its own line; only differences mean something.
    pub fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.shared.world().now().micros()).unwrap_or(0))
    }

    /// Lets `by` pass in the world at once, with everything that happens on the way.
    pub fn advance(&self, by: Duration) {
        let mut world = self.shared.world();
        world.jump(by);
        world.release();
    }

    /// How long `by` of world time lasts on the wall clock.
    pub fn wall_duration(&self, by: Duration) -> Duration {
        match self.configuration.pace {
            Pace::Instant => Duration::ZERO,
            Pace::Real => by,
            Pace::Times(rate) => by.div_f64(rate),
        }
    }

    /// The access key of the learner.
    pub fn learner_key(&self) -> AccessKey {
        self.access_key(LEARNER)
    }

    /// The access key of breakfix itself, so that its calls are told apart from the learner's.
    pub fn operator_key(&self) -> AccessKey {
        self.access_key(OPERATOR)
    }

    /// The calls after number `after`, oldest first, as far as they are remembered.
    pub fn events(&self, after: u64) -> Vec<Arc<Record>> {
        self.shared.world().trail.after(after).cloned().collect()
    }

    fn access_key(&self, user: &str) -> AccessKey {
        let mut guard = self.shared.world();
        if let Some(key) = guard.kept.keys.get(user) {
            return key.clone();
        }
        let key = AccessKey {
            id: format!("AKIA{}", secret()[..16].to_uppercase()),
            secret: secret(),
        };
        guard.add_credential(&key.id, &key.secret, user);
        guard.kept.keys.insert(user.to_owned(), key.clone());
        key
    }
}

/// The sockets of both APIs.
struct Ports {
    aws: TcpListener,
    kubernetes: TcpListener,
}

impl Ports {
    /// Those that a kept world was served on, or any.
    async fn bind(kept: Option<&Identity>) -> anyhow::Result<Ports> {
        Ok(Ports {
            aws: port(kept.map(|kept| kept.aws), "the AWS API").await?,
            kubernetes: port(kept.map(|kept| kept.kubernetes), "the Kubernetes API").await?,
        })
    }
}

async fn port(kept: Option<SocketAddr>, what: &str) -> anyhow::Result<TcpListener> {
    match kept {
        Some(address) => serve::bind_again(address).await.with_context(|| {
            format!("failed to open {address} for {what}, where this world's clients look for it; end what uses that port")
        }),
        None => serve::bind()
            .await
            .with_context(|| format!("failed to open a port for {what}")),
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
