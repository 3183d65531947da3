//! Between the sockets and the services: who calls, what is called, and how the world moves for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::{mpsc, watch};

use super::kubernetes::{self, Reply, ServerVersion, Times, User, Watch};
use super::refusal::Refusal;
use super::serve::Body;
use super::signature::{self, Secret, SignatureError};
use super::wire::{self, Call, Protocol};
use super::world::World;
use super::world::start::LEARNER;
use super::{Shared, waiting, workloads};

type Handler = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Path below which breakfix's own tools reach the simulator.
pub(super) const CONTROL: &str = "/_breakfix/";

/// How far ahead a watch on one object looks for its next change, with an instant clock.
const WATCH_HORIZON: Duration = Duration::from_secs(15 * 60);
/// How long the client of such a watch has to leave after it heard of a change, before the world moves to the next one.
const WATCH_PAUSE: Duration = Duration::from_millis(200);
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
    if request.uri().path().starts_with(CONTROL) {
        return control(shared, request);
    }
    let mut world = shared.world();
    let request_id = world.uuid();
    let (call, service) = match authenticated(&world, request) {
        Ok(found) => found,
        Err((protocol, refusal)) => {
            return wire::encode_refusal(protocol, "", &request_id, &refusal);
        }
    };
    let refused = |refusal: Refusal| {
        wire::encode_refusal(service.protocol, service.namespace, &request_id, &refusal)
    };
    let decoded = match wire::decode(service, request) {
        Ok(decoded) => decoded,
        Err(refusal) => return refused(refusal),
    };
    if world.pace().jumps() && waiting::is_waiter(request.headers()) {
        waiting::run_ahead(&mut world, &decoded, &call);
    }
    let reply = decoded.run(&mut world, &call);
    drop(world);
    shared.changed();
    match reply {
        Ok(reply) => wire::encode(&decoded, &request_id, reply),
        Err(refusal) => refused(refusal),
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
    // STS is often called in another region than the work is done in.
    if identity.region != world.region && identity.service != "sts" {
        let message = format!(
            "region {} is not simulated: this world is {}",
            identity.region, world.region
        );
        return Err((
            service.protocol,
            Refusal::bad("InvalidParameterValue", message),
        ));
    }
    let caller = world
        .iam
        .caller(&world.account, &identity.access_key_id)
        .ok_or_else(|| {
            let (code, status, message) =
                signature::refusal(&SignatureError::UnknownKey, service.protocol);
            (service.protocol, Refusal::new(code, status, message))
        })?;
    Ok((Call { caller }, service))
}

fn secret_of(world: &World, access_key: &str) -> Option<Secret> {
    let credential = world.iam.credentials.get(access_key)?;
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

/// `POST /_breakfix/sleep?micros=N`: lets N microseconds of world time pass and answers how many of
/// the wall clock the caller has to wait for that.
fn control(shared: &Shared, request: &Request<Bytes>) -> Response<Bytes> {
    let authorized = request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.strip_prefix("Bearer ") == Some(&shared.control_token));
    if !authorized {
        return plain(
            StatusCode::UNAUTHORIZED,
            "the control token is missing or wrong".to_owned(),
        );
    }
    let query = request.uri().query().unwrap_or_default();
    let micros = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "micros")
        .and_then(|(_, value)| value.parse::<u64>().ok());
    match (request.uri().path().strip_prefix(CONTROL), micros) {
        (Some("sleep"), Some(micros)) => plain(
            StatusCode::OK,
            sleep(shared, Duration::from_micros(micros)).to_string(),
        ),
        (Some("sleep"), None) => plain(StatusCode::BAD_REQUEST, "micros=N is missing".to_owned()),
        _ => plain(
            StatusCode::NOT_FOUND,
            format!("no such control: {}", request.uri().path()),
        ),
    }
}

/// Microseconds of the wall clock that are left to wait.
fn sleep(shared: &Shared, by: Duration) -> u128 {
    let pace = shared.world().pace();
    if pace.jumps() {
        shared.world().jump(by);
        shared.changed();
        return 0;
    }
    match pace {
        super::clock::Pace::Times(rate) => by.div_f64(rate).as_micros(),
        _ => by.as_micros(),
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
        return unauthorized().map(Body::full);
    };
    let version = server_version(&world, &shared.cluster);
    let before = world.kubernetes.version();
    let reply = with_times(&mut world, |store, times| {
        kubernetes::handle(store, &version, &user, times, request)
    });
    if world.kubernetes.version() != before {
        workloads::settle(&mut world);
    }
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
    let name = if token == shared.kubernetes_token {
        format!("arn:aws:iam::{}:user/{LEARNER}", world.account)
    } else {
        let secrets = |id: &str| secret_of(world, id);
        let identity =
            signature::verify_token(token, &shared.cluster, &secrets, Timestamp::now()).ok()?;
        world
            .iam
            .caller(&world.account, &identity.access_key_id)?
            .arn
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
    let result = action(&mut store, &times);
    world.kubernetes = store;
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
