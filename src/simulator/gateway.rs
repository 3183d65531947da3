//! Between the sockets and the services: who calls, what is called, and how the world moves for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::audit::{self, Called, Origin};
use super::iam::authorization;
use super::kubernetes::{self, Reply, Requested, ServerVersion, Times, User, Watch};
use super::refusal::Refusal;
use super::serve::Body;
use super::signature::{self, Secret, SignatureError};
use super::wire::{self, Call, Protocol};
use super::world::World;
use super::world::start::LEARNER;
use super::{Shared, control, nodes, waiting};
use crate::policy::Caller;

type Handler = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// How far ahead a watch on one object looks for its next change, with an instant clock.
const WATCH_HORIZON: Duration = Duration::from_secs(15 * 60);
/// How many chunks a slow watcher may be behind before its stream waits.
const WATCH_BUFFER: usize = 16;

/// The handler of the AWS port.
pub(super) fn aws(
    shared: &Arc<Shared>,
) -> impl Fn(Request<Bytes>) -> Handler + Clone + Send + 'static {
    let shared = Arc::clone(shared);
    move |request| {
        let shared = Arc::clone(&shared);
        Box::pin(async move { answer_aws(&shared, &request).map(Body::full) })
    }
}

fn answer_aws(shared: &Shared, request: &Request<Bytes>) -> Response<Bytes> {
    if request.uri().path().starts_with(control::CONTROL) {
        return control::answer(shared, request);
    }
    let mut world = shared.world();
    // Not from the world's random numbers: a call that only reads leaves no trace in them.
    let request_id = uuid::Uuid::new_v4().to_string();
    let (call, service) = match authenticated(&world, request) {
        Ok(found) => found,
        Err((protocol, refusal)) => {
            record_refused(&mut world, request, &request_id, None, &refusal);
            return wire::encode_refusal(protocol, "", &request_id, &refusal);
        }
    };
    let refused = |refusal: &Refusal| {
        wire::encode_refusal(service.protocol, service.namespace, &request_id, refusal)
    };
    let decoded = match wire::decode(service, request) {
        Ok(decoded) => decoded,
        Err(refusal) => {
            record_refused(&mut world, request, &request_id, Some(call), &refusal);
            return refused(&refusal);
        }
    };
    let allowed = authorization::check(&world, &call, &decoded);
    if allowed.is_ok() && world.pace().jumps() && waiting::is_waiter(request.headers()) {
        waiting::run_ahead(&mut world, &decoded, &call);
    }
    let reply = allowed.and_then(|()| decoded.run(&mut world, &call));
    let called = Called {
        service: service.signing_name,
        operation: decoded.operation.name,
        parameters: decoded.parameters(),
    };
    let origin = origin(request, Some(call.caller), call.access_key);
    if !audit::is_read_only(decoded.operation.name) {
        nodes::reconsider(&mut world);
        world.touch();
    }
    let record = audit::record(&world, request_id.clone(), origin, called, reply.as_ref());
    world.trail.add(record);
    drop(world);
    shared.changed();
    match reply {
        Ok(reply) => wire::encode(&decoded, &request_id, reply),
        Err(refusal) => refused(&refusal),
    }
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
    let service = signature::claimed_service(request).unwrap_or_default();
    let called = Called {
        service: &service,
        operation: &wire::apparent_operation(request),
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
            String::from_utf8_lossy(agent.as_bytes()).into_owned()
        }),
    }
}

/// Who calls which service, by the request's signature.
fn authenticated(
    world: &World,
    request: &Request<Bytes>,
) -> Result<(Call, &'static wire::Service), (Protocol, Refusal)> {
    let identity = signature::verify(request, &|id| secret_of(world, id), Timestamp::now())
        .map_err(|error| {
            let protocol = apparent_protocol(request);
            let (code, status, message) = signature::refusal(&error, protocol);
            (protocol, Refusal::new(code, status, message))
        })?;
    let protocol = apparent_protocol(request);
    let service = wire::service(&identity.service).ok_or_else(|| {
        let code = if protocol == Protocol::Json {
            "UnknownOperationException"
        } else {
            "InvalidAction"
        };
        (
            protocol,
            Refusal::bad(
                code,
                format!("service {} is not simulated", identity.service),
            ),
        )
    })?;
    // STS is often called in another region than the work is done in, and IAM has but one for all.
    let is_regional = !matches!(identity.service.as_str(), "sts" | "iam");
    if identity.region != world.region && is_regional {
        let message = format!(
            "region {} is not simulated: this world is {}",
            identity.region, world.region
        );
        return Err((
            service.protocol,
            Refusal::bad("InvalidParameterValue", message),
        ));
    }
    let caller = holder(world, &identity.access_key_id).map_err(|error| {
        let (code, status, message) = signature::refusal(&error, service.protocol);
        (service.protocol, Refusal::new(code, status, message))
    })?;
    let call = Call {
        caller,
        access_key: Some(identity.access_key_id),
    };
    Ok((call, service))
}

/// Whose key it is, while it is anybody's.
fn holder(world: &World, access_key: &str) -> Result<Caller, SignatureError> {
    if world.iam.has_expired(access_key, world.wall()) {
        return Err(SignatureError::ExpiredToken);
    }
    let caller = world.iam.caller(&world.account, access_key);
    caller.ok_or(SignatureError::UnknownKey)
}

fn secret_of(world: &World, access_key: &str) -> Option<Secret> {
    let known = world.iam.credentials.get(access_key);
    let credential = known.filter(|credential| credential.active)?;
    Some(Secret {
        secret_access_key: credential.secret_access_key.clone(),
        session_token: credential.session_token.clone(),
    })
}

/// The protocol of a request whose signature does not tell its service.
fn apparent_protocol(request: &Request<Bytes>) -> Protocol {
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

fn plain(status: StatusCode, text: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    response
}

/// The handler of the Kubernetes port.
pub(super) fn kubernetes(
    shared: &Arc<Shared>,
    shutdown: &watch::Sender<bool>,
) -> impl Fn(Request<Bytes>) -> Handler + Clone + Send + 'static {
    let shared = Arc::clone(shared);
    let shutdown = shutdown.subscribe();
    move |request| {
        let (shared, shutdown) = (Arc::clone(&shared), shutdown.clone());
        Box::pin(async move { answer_kubernetes(&shared, shutdown, &request) })
    }
}

fn answer_kubernetes(
    shared: &Arc<Shared>,
    shutdown: watch::Receiver<bool>,
    request: &Request<Bytes>,
) -> Response<Body> {
    let mut world = shared.world();
    let Some(user) = kubernetes_user(shared, &world, request) else {
        let refused = unauthorized();
        record_kubernetes(&mut world, None, request, Some(&refused));
        return refused.map(Body::full);
    };
    let version = server_version(&world, &shared.identity.cluster);
    let reply = with_times(&mut world, |store, times| {
        kubernetes::handle(store, &version, &user, times, request)
    });
    let answer = match &reply {
        Reply::Once(response) => Some(response),
        Reply::Watch(_) => None,
    };
    record_kubernetes(&mut world, Some(&user.name), request, answer);
    drop(world);
    match reply {
        Reply::Once(response) => {
            shared.changed();
            response.map(Body::full)
        }
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
    let path = path.map_or("", http::uri::PathAndQuery::as_str);
    let asked = Requested::of(request);
    let record = audit::kubernetes_record(world, user, (address, agent), asked, path, answer);
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
    let token = request
        .headers()
        .get("authorization")?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")?;
    let name = if token == shared.identity.kubernetes_token {
        format!("arn:aws:iam::{}:user/{LEARNER}", world.account)
    } else {
        let secrets = |id: &str| secret_of(world, id);
        let identity =
            signature::verify_token(token, &shared.identity.cluster, &secrets, Timestamp::now())
                .ok()?;
        holder(world, &identity.access_key_id).ok()?.arn
    };
    Some(User {
        name,
        groups: vec![
            "system:masters".to_owned(),
            "system:authenticated".to_owned(),
        ],
    })
}

fn unauthorized() -> Response<Bytes> {
    let status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    });
    let mut response = plain(StatusCode::UNAUTHORIZED, status.to_string());
    response.headers_mut().insert(
        "content-type",
        http::HeaderValue::from_static("application/json"),
    );
    response
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
    if events.is_empty() && world.pace().jumps() && watching.named_object().is_some() {
        events = run_ahead(&mut world, watching);
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
