//! What breakfix's own tools ask of a running simulator, on the AWS port below a path of its own: to let time pass, to
//! tell what happened, to show the world. Whoever asks shows the token of this world.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::audit::Record;
use super::clock::Pace;
use super::world::World;
use super::{Shared, Simulator};

/// Path below which the tools reach the simulator.
pub(super) const CONTROL: &str = "/_breakfix/";

/// Why a request is not answered.
type Refused = (StatusCode, String);

/// Answers a request below [`CONTROL`]:
/// - `POST sleep?micros=N` lets N microseconds of world time pass and answers how many of the wall clock the caller
///   has to wait for that;
/// - `POST advance?micros=N` lets them pass at once, whatever the clock;
/// - `GET status` tells the clock and what is served;
/// - `GET events?after=N` lists the calls after number N;
/// - `POST freeze` has time stand still until `POST thaw`, or until the world is served again;
/// - `POST stop` ends the simulator, as a signal does;
/// - `GET world` is everything there is, secrets too.
pub(super) fn answer(shared: &Shared, request: &Request<Bytes>) -> Response<Bytes> {
    routed(shared, request).unwrap_or_else(|(status, why)| text(status, why))
}

fn routed(shared: &Shared, request: &Request<Bytes>) -> Result<Response<Bytes>, Refused> {
    if !is_authorized(shared, request) {
        let why = "the control token is missing or wrong";
        return Err((StatusCode::UNAUTHORIZED, why.to_owned()));
    }
    let path = request.uri().path();
    let action = path.strip_prefix(CONTROL).unwrap_or_default();
    match (request.method(), action) {
        (&Method::POST, "sleep") => {
            let left = sleep(shared, micros(request)?);
            Ok(text(StatusCode::OK, left.to_string()))
        }
        (&Method::POST, "advance") => {
            let mut world = shared.world();
            world.jump(micros(request)?);
            world.release();
            Ok(json_text(&status(&shared.world())))
        }
        (&Method::POST, "freeze" | "thaw") => {
            let mut world = shared.world();
            world.freeze(action == "freeze");
            world.release();
            Ok(json_text(&status(&shared.world())))
        }
        (&Method::POST, "stop") => {
            shared.stop.send_replace(true);
            Ok(text(StatusCode::OK, String::new()))
        }
        (&Method::GET, "status") => Ok(json_text(&status(&shared.world()))),
        (&Method::GET, "events") => Ok(json_text(&events(&shared.world(), after(request)?))),
        (&Method::GET, "world") => serde_json::to_value(&*shared.world())
            .map(|world| json_text(&world))
            .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
        (method, _) => {
            let why = format!("no such control: {method} {path}");
            Err((StatusCode::NOT_FOUND, why))
        }
    }
}

fn is_authorized(shared: &Shared, request: &Request<Bytes>) -> bool {
    request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .is_some_and(|token| token == shared.identity.control_token)
}

fn micros(request: &Request<Bytes>) -> Result<Duration, Refused> {
    parameter(request, "micros")?
        .map(Duration::from_micros)
        .ok_or_else(|| (StatusCode::BAD_REQUEST, "micros=N is missing".to_owned()))
}

fn after(request: &Request<Bytes>) -> Result<u64, Refused> {
    Ok(parameter(request, "after")?.unwrap_or(0))
}

fn parameter(request: &Request<Bytes>, name: &str) -> Result<Option<u64>, Refused> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.parse::<u64>())
        .transpose()
        .map_err(|_| (StatusCode::BAD_REQUEST, format!("{name} is no number")))
}

/// Microseconds of the wall clock that are left to wait.
fn sleep(shared: &Shared, by: Duration) -> u128 {
    let pace = shared.world().pace();
    if pace.jumps() {
        let mut world = shared.world();
        world.jump(by);
        world.release();
        return 0;
    }
    match pace {
        Pace::Times(rate) => by.div_f64(rate).as_micros(),
        _ => by.as_micros(),
    }
}

fn status(world: &World) -> Value {
    json!({
        "account": world.account,
        "region": world.region,
        "clusters": world.eks.clusters.keys().collect::<Vec<_>>(),
        "clock": world.pace().to_string(),
        "now": world.shown(world.now()).to_string(),
        "next_event_in_seconds": world.until_next_event().map(|until| until.as_secs_f64()),
        "calls": world.trail.last(),
    })
}

impl Simulator {
    /// Every call that is remembered, as `simulate events` tells them.
    pub fn audit(&self) -> Value {
        events(&self.shared.world(), 0)
    }
}

/// The calls after number `after`, each with the instant that clients were shown.
pub(super) fn events(world: &World, after: u64) -> Value {
    let shown = |record: &Record| {
        let mut value = serde_json::to_value(record).unwrap_or_default();
        value["at"] = json!(world.shown(record.at).to_string());
        value
    };
    world
        .trail
        .after(after)
        .map(|record| shown(record))
        .collect()
}

fn json_text(value: &Value) -> Response<Bytes> {
    let mut response = text(StatusCode::OK, value.to_string());
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert("content-type", json);
    response
}

fn text(status: StatusCode, text: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    response
}
