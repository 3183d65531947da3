//! Between the sockets and the services: who calls, what is called, and how the world moves for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::audit::{self, Called, Origin, Record};
use super::chaos::{Chaos, Fault, Troubles};
use super::eks::access;
use super::iam::authorization;
use super::kubernetes::{self, Reply, Requested, ServerVersion, Times, User, Watch};
use super::refusal::Refusal;
use super::serve::Body;
use super::signature::{self, Identity, SignatureError};
use super::wire::{self, Answer, Call, Decoded, Protocol};
use super::world::World;
use super::world::start::{LEARNER, OPERATOR};
use super::{Shared, WorldGuard, control, nodes, waiting, workloads};
use crate::policy::Caller;

type Handler = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// How far ahead a watch on one object looks for its next change, with an instant clock.
const WATCH_HORIZON: Duration = Duration::from_secs(15 * 60);
/// How long the client of such a watch has to leave after it heard of a change, before the world moves to the next one.
const WATCH_PAUSE: Duration = Duration::from_millis(200);
/// How many chunks a slow watcher may be behind before its stream waits.
const WATCH_BUFFER: usize = 16;

/// Bodies of more bytes are recorded without their parameters, as CloudTrail omits parameters of over 100 KB.
const LARGEST_SHOWN: usize = 100 * 1024;

/// The handler of the AWS port.
pub(super) fn aws(
    shared: &Arc<Shared>,
    chaos: &Chaos,
) -> impl Fn(Request<Bytes>) -> Handler + Clone + Send + 'static {
    let shared = Arc::clone(shared);
    let troubles = Arc::new(Troubles::new(chaos));
    move |request| {
        let (shared, troubles) = (Arc::clone(&shared), Arc::clone(&troubles));
        Box::pin(async move {
            let fault = trouble(&troubles, || is_spared_by_aws(&shared, &request)).await;
            answer_aws(&shared, &request, fault).map(Body::full)
        })
    }
}

/// What befalls a request, once it has waited as long as it has to.
async fn trouble(troubles: &Troubles, is_spared: impl FnOnce() -> bool) -> Option<Fault> {
    if troubles.are_none() || is_spared() {
        return None;
    }
    let trouble = troubles.next();
    tokio::time::sleep(trouble.latency).await;
    trouble.fault
}

/// Trouble is for the learner's clients; breakfix's own calls and its control of the clock are spared.
fn is_spared_by_aws(shared: &Shared, request: &Request<Bytes>) -> bool {
    let is_operator = |key: &str| {
        let world = shared.world();
        let caller = world.iam.caller(&world.account, key);
        caller.is_some_and(|caller| caller.arn == Caller::user(&world.account, OPERATOR).arn)
    };
    request.uri().path().starts_with(control::CONTROL)
        || signature::claimed(request).is_some_and(|identity| is_operator(&identity.access_key_id))
}

/// What the front door has to refuse, in the protocol that the request seems to have.
pub(super) fn refuse_aws(
    request: &Request<Bytes>,
    status: StatusCode,
    reason: &'static str,
) -> Response<Bytes> {
    let protocol = apparent_protocol(request);
    let request_id = audit::request_id();
    let refusal = protocol.unread(status.as_u16(), reason);
    wire::encode_refusal(protocol, "", &request_id, &refusal)
}

fn answer_aws(shared: &Shared, request: &Request<Bytes>, fault: Option<Fault>) -> Response<Bytes> {
    if request.uri().path().starts_with(control::CONTROL) {
        return control::answer(shared, request);
    }
    let request_id = audit::request_id();
    // Whatever needs no world is done before it is locked, and after.
    let (identity, service) = match authenticated(shared, request) {
        Ok(found) => found,
        Err((protocol, refusal)) => {
            record_refused(&mut shared.world(), request, &request_id, None, &refusal);
            return wire::encode_refusal(protocol, "", &request_id, &refusal);
        }
    };
    let refused = |refusal: &Refusal| {
        wire::encode_refusal(service.protocol, service.namespace, &request_id, refusal)
    };
    let decoded = wire::decode(service, request);
    let members = decoded
        .as_ref()
        .map_or(Value::Null, |decoded| decoded.members());
    let mut world = shared.world();
    let call = match holder(&world, &identity.access_key_id) {
        Ok(caller) => Call {
            caller,
            access_key: Some(identity.access_key_id),
        },
        Err(error) => {
            let (code, status, message) = signature::refusal(&error, service.protocol);
            let refusal = Refusal::new(code, status, message);
            record_refused(&mut world, request, &request_id, None, &refusal);
            return refused(&refusal);
        }
    };
    let fault = fault.map(|fault| fault.refusal(service));
    let decoded = match fault.map_or(decoded, Err) {
        Ok(decoded) => decoded,
        Err(refusal) => {
            record_refused(&mut world, request, &request_id, Some(call), &refusal);
            return refused(&refusal);
        }
    };
    let (reply, _forgotten) = run(&mut world, request, &request_id, call, &decoded, members);
    // What is forgotten is freed when nobody waits for it.
    world.release();
    match reply {
        Ok(reply) => wire::encode(&decoded, &request_id, &reply),
        Err(refusal) => refused(&refusal),
    }
}

/// Runs a call, if its caller may make it, and records it; also returns the record that is forgotten for that.
fn run(
    world: &mut WorldGuard<'_>,
    request: &Request<Bytes>,
    request_id: &str,
    call: Call,
    decoded: &Decoded,
    members: Value,
) -> (Result<Answer, Refusal>, Option<Arc<Record>>) {
    let allowed = authorization::check(world, &call, decoded, &members);
    if allowed.is_ok() && world.pace().jumps() && waiting::is_waiter(request.headers()) {
        waiting::run_ahead(world, decoded, &call);
    }
    let reply = allowed.and_then(|()| decoded.run(world, &call));
    let called = Called {
        service: decoded.service.signing_name,
        operation: decoded.operation.name,
        parameters: if request.body().len() > LARGEST_SHOWN {
            Value::Null
        } else {
            audit::parameters(members)
        },
    };
    let origin = origin(request, Some(call.caller), call.access_key);
    let is_change = !audit::is_read_only(decoded.operation.name);
    if is_change {
        nodes::reconsider(world);
        world.touch();
    }
    let shown = match &reply {
        Ok(answer) if is_change => answer.to_value(),
        _ => Value::Null,
    };
    let outcome = reply.as_ref().map(|_| &shown);
    let record = audit::record(world, request_id.to_owned(), origin, called, outcome);
    let forgotten = world.trail.add(record);
    (reply, forgotten)
}

/// Records a call that never became one of an operation.
fn record_refused(
    world: &mut World,
    request: &Request<Bytes>,
    request_id: &str,
    call: Option<Call>,
    refusal: &Refusal,
) {
    let (caller, access_key) = match call {
        Some(call) => (Some(call.caller), call.access_key),
        None => (None, None),
    };
    let claimed = signature::claimed(request);
    let service = claimed.map_or_else(String::new, |claimed| shortened(&claimed.service));
    let called = Called {
        service: &service,
        operation: &shortened(&wire::apparent_operation(request)),
        parameters: Value::Null,
    };
    let origin = origin(request, caller, access_key);
    let record = audit::record(world, request_id.to_owned(), origin, called, Err(refusal));
    world.trail.add(record);
}

fn origin(request: &Request<Bytes>, caller: Option<Caller>, access_key: Option<String>) -> Origin {
    let agent = request.headers().get("user-agent");
    Origin {
        caller,
        access_key,
        address: "127.0.0.1".to_owned(),
        agent: agent.map_or_else(String::new, |agent| {
            shortened(&String::from_utf8_lossy(agent.as_bytes()))
        }),
    }
}

/// Anybody can fill the trail: what strangers choose is cut to the kilobyte that CloudTrail keeps of an agent.
fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(1024);
    text[..end].to_owned()
}

/// Who signed for which service.
fn authenticated(
    shared: &Shared,
    request: &Request<Bytes>,
) -> Result<(Identity, &'static wire::Service), (Protocol, Refusal)> {
    let secrets = |id: &str| shared.secret(id);
    let identity =
        signature::verify(request, &secrets, &allowed_skew, Timestamp::now()).map_err(|error| {
            let protocol = apparent_protocol(request);
            let (code, status, message) = signature::refusal(&error, protocol);
            (protocol, Refusal::new(code, status, message))
        })?;
    let service = wire::service(&identity.service).ok_or_else(|| {
        let protocol = apparent_protocol(request);
        let why = format!("service {} is not simulated", identity.service);
        (protocol, protocol.unknown_operation(why))
    })?;
    // STS is often called in another region than the work is done in, and IAM has but one for all.
    let is_regional = !matches!(identity.service.as_str(), "sts" | "iam");
    if identity.region != shared.region && is_regional {
        let message = format!(
            "region {} is not simulated: this world is {}",
            identity.region, shared.region
        );
        return Err((
            service.protocol,
            Refusal::bad("InvalidParameterValue", message),
        ));
    }
    Ok((identity, service))
}

/// Whose key it is, while it is anybody's.
fn holder(world: &World, access_key: &str) -> Result<Caller, SignatureError> {
    if world.iam.has_expired(access_key, world.wall()) {
        return Err(SignatureError::ExpiredToken);
    }
    let caller = world.iam.caller(&world.account, access_key);
    caller.ok_or(SignatureError::UnknownKey)
}

fn allowed_skew(service: &str) -> SignedDuration {
    let protocol = wire::service(service).map_or(Protocol::Query, |service| service.protocol);
    protocol.allowed_skew()
}

/// The protocol of a request of which nothing is proved: its signature may be wrong or missing, its body unread.
fn apparent_protocol(request: &Request<Bytes>) -> Protocol {
    let claimed = signature::claimed(request);
    if let Some(service) = claimed.and_then(|claimed| wire::service(&claimed.service)) {
        return service.protocol;
    }
    if request.headers().contains_key("x-amz-target") {
        Protocol::Json
    } else if request.uri().path() != "/" {
        Protocol::RestJson
    } else if request
        .body()
        .windows(10)
        .any(|window| window == b"2016-11-15")
    {
        Protocol::Ec2
    } else {
        Protocol::Query
    }
}

/// The handler of the Kubernetes port.
pub(super) fn kubernetes(
    shared: &Arc<Shared>,
    chaos: &Chaos,
    shutdown: &watch::Sender<bool>,
) -> impl Fn(Request<Bytes>) -> Handler + Clone + Send + 'static {
    let shared = Arc::clone(shared);
    let shutdown = shutdown.subscribe();
    let troubles = Arc::new(Troubles::new(chaos));
    move |request| {
        let (shared, shutdown) = (Arc::clone(&shared), shutdown.clone());
        let troubles = Arc::clone(&troubles);
        Box::pin(async move {
            let is_spared = || bearer(&request) == Some(&shared.operator_token);
            let fault = trouble(&troubles, is_spared).await;
            answer_kubernetes(&shared, shutdown, &request, fault)
        })
    }
}

/// What the front door has to refuse, as a `Status`.
pub(super) fn refuse_kubernetes(
    _request: &Request<Bytes>,
    status: StatusCode,
    reason: &'static str,
) -> Response<Bytes> {
    let kind = match status.as_u16() {
        408 => "Timeout",
        413 => "RequestEntityTooLarge",
        500.. => "InternalError",
        _ => "BadRequest",
    };
    kubernetes::failure(status.as_u16(), kind, reason)
}

fn bearer(request: &Request<Bytes>) -> Option<&str> {
    let authorization = request.headers().get("authorization")?;
    authorization.to_str().ok()?.strip_prefix("Bearer ")
}

fn answer_kubernetes(
    shared: &Arc<Shared>,
    shutdown: watch::Receiver<bool>,
    request: &Request<Bytes>,
    fault: Option<Fault>,
) -> Response<Body> {
    let mut world = shared.world();
    let Some(user) = kubernetes_user(shared, &world, request) else {
        let refused = kubernetes::failure(401, "Unauthorized", "Unauthorized");
        record_kubernetes(&mut world, None, request, Some(&refused));
        return refused.map(Body::full);
    };
    if let Some(fault) = fault {
        let failed = fault.status();
        record_kubernetes(&mut world, Some(&user.name), request, Some(&failed));
        return failed.map(Body::full);
    }
    let version = server_version(&world, &shared.identity.cluster);
    let before = world.kubernetes.version();
    let reply = with_times(&mut world, |store, times| {
        kubernetes::handle(store, &version, &user, times, request)
    });
    if world.kubernetes.version() != before {
        workloads::settle(&mut world);
    }
    let answer = match &reply {
        Reply::Once(response) => Some(response),
        Reply::Watch(_) => None,
    };
    record_kubernetes(&mut world, Some(&user.name), request, answer);
    world.release();
    match reply {
        Reply::Once(response) => response.map(Body::full),
        Reply::Watch(watching) => {
            let head = watching.head();
            let (sender, receiver) = mpsc::channel(WATCH_BUFFER);
            tokio::spawn(stream(Arc::clone(shared), shutdown, watching, sender));
            head.map(|()| Body::stream(receiver))
        }
    }
}

fn record_kubernetes(
    world: &mut World,
    user: Option<&str>,
    request: &Request<Bytes>,
    answer: Option<&Response<Bytes>>,
) {
    let Origin { address, agent, .. } = origin(request, None, None);
    let path = request.uri().path_and_query();
    let path = shortened(path.map_or("", http::uri::PathAndQuery::as_str));
    let asked = Requested::of(request);
    let record = audit::kubernetes_record(world, user, (address, agent), asked, &path, answer);
    world.trail.add(record);
}

/// The API server as the cluster's version says.
fn server_version(world: &World, cluster: &str) -> ServerVersion {
    let git_version = world
        .eks
        .clusters
        .get(cluster)
        .map_or("v1.30.0", |cluster| &cluster.kubelet_version);
    ServerVersion::new(git_version)
}

/// The bearer of our own kubeconfig's token, or of a token that `aws eks get-token` made.
fn kubernetes_user(shared: &Shared, world: &World, request: &Request<Bytes>) -> Option<User> {
    let token = bearer(request)?;
    let session = |user: &str| {
        let arn = format!("arn:aws:iam::{}:user/{user}", world.account);
        Some(access::session_user(arn))
    };
    if token == shared.identity.kubernetes_token {
        return session(LEARNER);
    }
    // What breakfix reads is not the learner's doing.
    if token == shared.operator_token {
        return session(OPERATOR);
    }
    let cluster = &shared.identity.cluster;
    let secrets = |id: &str| shared.secret(id);
    let identity = signature::verify_token(token, cluster, &secrets, Timestamp::now()).ok()?;
    let caller = holder(world, &identity.access_key_id).ok()?;
    access::admits(world, cluster, &caller.arn)
}

/// Runs `action` on the object store with the world's way of showing times.
fn with_times<T>(
    world: &mut World,
    action: impl FnOnce(&mut kubernetes::Store, &Times<'_>) -> T,
) -> T {
    let mut store = std::mem::take(&mut world.kubernetes);
    let shown = |micros: i64| world.shown(super::clock::Moment::from_micros(micros));
    let times = Times {
        now: world.now().micros(),
        shown: &shown,
    };
    let before = store.version();
    let result = action(&mut store, &times);
    let changed = store.version() != before;
    world.kubernetes = store;
    if changed {
        world.touch();
    }
    result
}

/// Feeds a watch until its time is over, its client is gone or the simulator stops.
async fn stream(
    shared: Arc<Shared>,
    mut shutdown: watch::Receiver<bool>,
    mut watching: Watch,
    sender: mpsc::Sender<Bytes>,
) {
    let over = tokio::time::sleep(watching.timeout().unwrap_or(Duration::from_secs(30 * 60)));
    tokio::pin!(over);
    let mut changes = shared.changes.subscribe();
    loop {
        let (events, next) = next_events(&shared, &mut watching);
        if !events.is_empty() && sender.send(Bytes::from(events)).await.is_err() {
            return;
        }
        if watching.is_over() {
            return;
        }
        tokio::select! {
            () = &mut over => return,
            () = sender.closed() => return,
            _ = shutdown.wait_for(|stop| *stop) => return,
            changed = changes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(next) => {}
        }
    }
}

/// What is new, and when to look again.
fn next_events(shared: &Shared, watching: &mut Watch) -> (Vec<u8>, Duration) {
    let mut world = shared.world();
    let mut events = with_times(&mut world, |store, times| {
        watching.next_events(store, times)
    });
    let waits = world.pace().jumps() && watching.named_object().is_some();
    if events.is_empty() && waits {
        events = run_ahead(&mut world, watching);
    }
    if !events.is_empty() && waits {
        return (events, WATCH_PAUSE);
    }
    let until = world
        .next_event_wall()
        .map_or(Duration::from_secs(60), |at| {
            Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default()
        });
    (events, until.max(Duration::from_millis(1)))
}

/// Moves the world to the watched object's next change, if one is to come.
fn run_ahead(world: &mut World, watching: &mut Watch) -> Vec<u8> {
    let horizon = world.now() + WATCH_HORIZON;
    let (mut ahead, mut then) = (world.clone(), watching.clone());
    while ahead.jump_to_next_event(horizon).is_some() {
        let events = with_times(&mut ahead, |store, times| then.next_events(store, times));
        if !events.is_empty() {
            *world = ahead;
            *watching = then;
            return events;
        }
    }
    Vec::new()
}
