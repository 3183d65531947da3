//! The simulator's whole state: plain data, a queue of what happens next, and the hand that turns
//! time. Nothing here knows a lesson or a scenario, a socket or the wall clock.

pub(crate) mod saved;
pub mod start;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::clock::{Clock, Moment, Pace};
use super::wire::Answer;
use super::{audit, autoscaling, ec2, eks, iam, kms, kubernetes, nodes, workloads};

/// Everything that exists in the simulated account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    /// Twelve digits.
    pub account: String,
    pub region: String,
    pub options: Options,
    pub iam: iam::Iam,
    pub kms: kms::Kms,
    pub ec2: ec2::Ec2,
    pub autoscaling: autoscaling::AutoScaling,
    pub eks: eks::Eks,
    pub kubernetes: kubernetes::Store,
    /// By instance id.
    pub nodes: BTreeMap<String, nodes::Node>,
    pub workloads: workloads::Workloads,
    /// Instances that are to become nodes, by id.
    pub joining: BTreeMap<String, nodes::Joining>,
    /// Kept apart when the world is saved: it only grows.
    #[serde(skip)]
    pub trail: audit::Trail,
    clock: Clock,
    now: Moment,
    wall: i64,
    #[serde(with = "saved::pairs")]
    queue: BTreeMap<(Moment, u64), Event>,
    scheduled: u64,
    changes: u64,
    /// `changes` and the moment when EKS last looked for what it has to notice.
    #[serde(skip)]
    noticed: Option<(u64, Moment)>,
    #[serde(with = "saved::random")]
    random: fastrand::Rng,
}

/// How often EKS looks at a world in which nothing happens.
const NOTICE_INTERVAL: Duration = Duration::from_secs(1);

/// How long things take and what contested behaviour is chosen, in world time.
/// Sources and doubts: ARCHITECTURE.md, "What the simulator claims".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// From the launch of an instance until it has died of an unusable key.
    pub launch_failure: Duration,
    /// From the launch until the instance runs.
    pub launch: Duration,
    /// From running until the node registers with the cluster.
    pub node_registration: Duration,
    /// From registration until the node is Ready.
    pub node_ready: Duration,
    /// From the pull of a pod's images until its containers run.
    pub pod_start: Duration,
    /// From the signal to a pod's containers until they have ended.
    pub pod_stop: Duration,
    /// Between two attempts of Auto Scaling to reach the desired capacity.
    pub launch_retry: Duration,
    /// The same after a launch that was refused at once.
    pub refused_launch_retry: Duration,
    /// How long every launch of a group must fail until AWS suspends its launches.
    pub launch_suspension: Duration,
    /// How soon Auto Scaling's health check notices an instance that is gone.
    pub health_check: Duration,
    /// How soon EKS completes the lifecycle action of a launched instance.
    pub launch_hook: Duration,
    /// How soon EKS has drained a node and completes the lifecycle action of its instance.
    pub drain: Duration,
    /// How long launches must have been failing before EKS reports it.
    pub issue_after: Duration,
    /// How soon EKS notices that a launch succeeded.
    pub issue_cleared_after: Duration,
    /// Shortest time that a node group update takes.
    pub update: Duration,
    /// Longest time that an update waits for nodes that are on their way.
    pub update_limit: Duration,
    pub nodegroup_creation: Duration,
    /// Until a creation whose launches all fail is given up.
    pub nodegroup_creation_limit: Duration,
    /// Until a creation whose instances run, but never become Ready nodes, is given up: 15 minutes by the
    /// documentation, 21 to 25 by what was seen.
    pub node_join_limit: Duration,
    /// How long an update tries to evict pods that their disruption budget protects.
    pub eviction_limit: Duration,
    pub nodegroup_deletion: Duration,
    /// Until a deletion that cannot go on is given up.
    pub nodegroup_deletion_limit: Duration,
    /// How soon EKS notices that something a node group needs is gone or back.
    pub health_sweep: Duration,
    /// The same for what a cluster needs; it can take three hours by the documentation.
    pub cluster_health_sweep: Duration,
    /// How long an update of a cluster takes.
    pub cluster_update: Duration,
    pub instance_termination: Duration,
    /// How long a terminated instance can still be described.
    pub terminated_instance_visible: Duration,
    /// From the boot of an instance until nodeadm gives up what it waits for.
    pub bootstrap_limit: Duration,
    /// How soon what keeps trying to join or to report finds that it can.
    pub node_retry: Duration,
    /// How long a node may be silent before it counts as not ready: 40 s, from Kubernetes 1.32 on 50 s.
    pub node_grace: Duration,
    /// Until status checks of a running instance have passed.
    pub status_checks: Duration,
    pub volume_creation: Duration,
    /// How long a NAT gateway takes to come or to go.
    pub nat_gateway: Duration,
    /// vCPUs that the account's instances may have altogether.
    pub vcpu_limit: u32,
    /// Whether scaling to zero clears a launch failure issue; sources disagree.
    pub zero_clears_issues: bool,
    /// Whether a DEGRADED node group takes a version update; no source says.
    pub degraded_takes_version_update: bool,
}

impl Default for Options {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            launch_failure: seconds(6),
            launch: seconds(14),
            node_registration: seconds(20),
            node_ready: seconds(20),
            pod_start: seconds(4),
            pod_stop: seconds(1),
            launch_retry: seconds(60),
            refused_launch_retry: seconds(120),
            launch_suspension: seconds(86_400),
            health_check: seconds(30),
            launch_hook: seconds(1),
            drain: seconds(10),
            issue_after: seconds(60),
            issue_cleared_after: seconds(15),
            update: seconds(20),
            update_limit: seconds(300),
            nodegroup_creation: seconds(60),
            nodegroup_creation_limit: seconds(35 * 60),
            node_join_limit: seconds(20 * 60),
            eviction_limit: seconds(15 * 60),
            nodegroup_deletion: seconds(60),
            nodegroup_deletion_limit: seconds(20 * 60),
            health_sweep: seconds(90),
            cluster_health_sweep: seconds(3600),
            cluster_update: seconds(120),
            instance_termination: seconds(15),
            terminated_instance_visible: seconds(3600),
            bootstrap_limit: seconds(600),
            node_retry: seconds(10),
            node_grace: seconds(40),
            status_checks: seconds(120),
            volume_creation: seconds(3),
            nat_gateway: seconds(60),
            vcpu_limit: 640,
            zero_clears_issues: true,
            degraded_takes_version_update: true,
        }
    }
}

/// Something that will happen at its moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Ec2(ec2::Event),
    AutoScaling(autoscaling::Event),
    Eks(eks::Event),
    Nodes(nodes::Event),
    Kms(kms::Event),
    Iam(iam::Event),
    Workloads(workloads::Event),
}

impl World {
    /// World time of the call that is being served.
    pub fn now(&self) -> Moment {
        self.now
    }

    pub fn pace(&self) -> Pace {
        self.clock.pace()
    }

    /// Lets the world flow up to what the wall clock says.
    pub fn tick(&mut self, wall: Timestamp) {
        self.wall = self.wall.max(wall.as_microsecond());
        let target = self.clock.at(self.wall);
        if self.has_news(target) {
            self.advance_to(target);
        } else {
            self.now = self.now.max(target);
        }
    }

    /// Whether anything can differ at `target` from when the world last moved: something changed or is due, or so
    /// much time has passed that a policy's condition on the date may have turned.
    fn has_news(&self, target: Moment) -> bool {
        let is_due = |(&(at, _), _): (&(Moment, u64), &Event)| at <= target;
        let is_stale = |(changes, at): (u64, Moment)| {
            changes != self.changes || target.since(at) >= NOTICE_INTERVAL
        };
        self.noticed.is_none_or(is_stale) || self.queue.first_key_value().is_some_and(is_due)
    }

    /// Moves the world ahead of the wall clock, with everything that happens on the way.
    pub fn jump(&mut self, by: Duration) {
        let target = self.now + by;
        self.advance_to(target);
        self.clock.jump(self.wall, target);
        self.changes += 1;
    }

    /// Says that something changed by a call.
    pub(super) fn touch(&mut self) {
        self.changes += 1;
    }

    /// Counts what changed the world, time apart.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// Lets time flow at another pace from now on.
    pub(super) fn set_pace(&mut self, pace: Pace) {
        self.clock = self.clock.paced(pace, self.wall);
        self.changes += 1;
    }

    /// Lets time stand still from now on, or flow again.
    pub(super) fn freeze(&mut self, frozen: bool) {
        if self.clock.is_frozen() != frozen {
            self.clock = self.clock.frozen(frozen, self.wall);
            self.changes += 1;
        }
    }

    /// World time until the next thing happens by itself.
    pub fn until_next_event(&self) -> Option<Duration> {
        let (&(at, _), _) = self.queue.first_key_value()?;
        Some(at.since(self.now))
    }

    /// Fires the next event, if one is due before `horizon`; returns its moment.
    pub fn jump_to_next_event(&mut self, horizon: Moment) -> Option<Moment> {
        let (&(at, _), _) = self.queue.first_key_value()?;
        if at > horizon {
            return None;
        }
        self.advance_to(at);
        self.clock.jump(self.wall, at);
        self.changes += 1;
        Some(at)
    }

    /// Wall time of the next event, for whoever has to wake the world.
    pub fn next_event_wall(&self) -> Option<Timestamp> {
        let (&(at, _), _) = self.queue.first_key_value()?;
        Timestamp::from_microsecond(self.clock.wall_of(at)).ok()
    }

    fn advance_to(&mut self, target: Moment) {
        eks::health::notice(self);
        self.noticed = Some((self.changes, self.now));
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > target {
                break;
            }
            let ((at, _), event) = entry.remove_entry();
            self.now = self.now.max(at);
            self.changes += 1;
            self.handle(event);
        }
        self.now = self.now.max(target);
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Ec2(event) => ec2::handle(self, event),
            Event::AutoScaling(event) => autoscaling::controller::handle(self, event),
            Event::Eks(event) => eks::controller::handle(self, event),
            Event::Nodes(event) => nodes::handle(self, event),
            Event::Kms(event) => kms::handle(self, event),
            Event::Iam(event) => iam::handle(self, event),
            Event::Workloads(event) => workloads::handle(self, event),
        }
    }

    pub fn schedule(&mut self, after: Duration, event: Event) {
        self.scheduled += 1;
        self.queue.insert((self.now + after, self.scheduled), event);
    }

    /// The wall clock as the world last saw it, microseconds since the epoch.
    pub fn wall(&self) -> i64 {
        self.wall
    }

    /// The wall-clock instant under which a client sees a moment: never in its future.
    pub fn shown(&self, moment: Moment) -> Timestamp {
        let ahead = self.now.micros() - self.wall;
        Timestamp::from_microsecond((moment.micros() - ahead).min(self.wall)).unwrap_or_default()
    }

    /// The same of an answer that is no JSON value.
    pub fn instant(&self, moment: Moment) -> Answer {
        Answer::Instant(self.shown(moment).as_microsecond())
    }

    /// A timestamp member of an answer; each protocol writes it in its own format.
    pub fn timestamp(&self, moment: Moment) -> Value {
        json!({ super::wire::TIMESTAMP: self.shown(moment).as_microsecond() })
    }

    /// An instant that lies ahead of the world's present, such as a deletion date.
    pub fn timestamp_ahead(&self, moment: Moment) -> Value {
        let ahead = self.now.micros() - self.wall;
        json!({ super::wire::TIMESTAMP: moment.micros() - ahead })
    }

    /// `2026-11-22T10:00:00Z`, as Auto Scaling writes instants inside texts.
    pub fn instant_text(&self, moment: Moment) -> String {
        self.shown(moment)
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string()
    }

    /// An EC2-style id: `prefix-0` and 16 hexadecimal digits.
    pub fn resource_id(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{:016x}", self.random.u64(..))
    }

    pub fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.random.u128(..).to_be_bytes())
            .into_uuid()
            .to_string()
    }

    /// A number below `limit`, which is not zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.random.u64(..limit.max(1))
    }

    /// A number below `limit`.
    pub fn number(&mut self, limit: u8) -> u8 {
        self.random.u8(..limit)
    }

    /// So many random bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.random.fill(&mut bytes);
        bytes
    }

    /// `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:aws:{service}:{}:{}:{resource}",
            self.region, self.account
        )
    }
}
