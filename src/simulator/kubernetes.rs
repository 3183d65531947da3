//! The Kubernetes API server, as far as `kubectl` and client libraries can tell: discovery, reading, watching and
//! changing objects of the built-in kinds, tables, reviews of one's own access.
//!
//! Pure: a request is a value, so is the answer, and a watch is a value that is asked what is new. No sockets, no
//! clock, no authentication (the caller says who the user is). Nothing here makes a pod run or a node appear: the
//! objects are the world's, and `workloads` acts on them. Lists are complete whatever `limit` says. What clients send is
//! held against the types of Kubernetes, so that whoever reads an object may rely on them.

pub mod cluster;
pub mod kind;
pub mod labels;
pub mod node;
pub mod quantity;
pub mod quota;

mod access;
mod admission;
mod answer;
mod apply;
mod defaults;
mod deletion;
mod discovery;
mod eviction;
mod patch;
mod print;
mod protobuf;
mod read;
mod refusal;
mod request;
mod requested;
mod scale;
mod schema;
mod selector;
mod store;
pub(super) mod times;
mod version;
mod watch;
mod write;

pub use access::User;
pub use admission::ROOT_AUTHORITY;
pub use deletion::{Cascade, FOREGROUND};
pub use kind::Kind;
pub use requested::Requested;
pub use store::{Store, uid_of};
pub use times::{Times, moment, moment_of, renewed_every};
pub use version::ServerVersion;
pub use watch::Watch;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use refusal::Refusal;
use request::{Form, Query, Target};
use serde_json::Value;

/// What a request is answered with.
#[derive(Debug)]
pub enum Reply {
    /// A whole response.
    Once(Response<Bytes>),
    /// A stream of events.
    Watch(Watch),
}

/// Answers one request of an authenticated user, changing the store when it says so.
pub fn handle(
    store: &mut Store,
    version: &ServerVersion,
    user: &User,
    times: &Times<'_>,
    request: &Request<Bytes>,
) -> Reply {
    let parts = request::segments(request.uri().path());
    let segments: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    let answered = match object_path(&segments) {
        Some((group, rest)) => objects(store, user, times, request, group, rest),
        None => other_paths(version, user, request, &segments).map(Reply::Once),
    };
    answered.unwrap_or_else(|refusal| Reply::Once(answer::refused(&refusal)))
}

/// The answer to a request that nothing here gets to see, as a `Status`.
pub(in crate::simulator) fn failure(
    code: u16,
    reason: &'static str,
    message: &str,
) -> Response<Bytes> {
    answer::refused(&Refusal::new(code, reason, message.to_owned()))
}

/// The group and the rest of a path below `/api/v1` or `/apis/GROUP/v1` that names objects.
fn object_path<'a>(segments: &'a [&'a str]) -> Option<(&'a str, &'a [&'a str])> {
    match segments {
        ["api", "v1", rest @ ..] if !rest.is_empty() => Some(("", rest)),
        ["apis", group, "v1", plural]
            if discovery::REVIEWS
                .iter()
                .any(|(of, _, name)| of == group && name == plural) =>
        {
            None
        }
        ["apis", group, "v1", rest @ ..] if !rest.is_empty() => Some((group, rest)),
        _ => None,
    }
}

fn other_paths(
    version: &ServerVersion,
    user: &User,
    request: &Request<Bytes>,
    segments: &[&str],
) -> Result<Response<Bytes>, Refusal> {
    let accept = header_text(request.headers(), header::ACCEPT);
    if let ["apis", group, "v1", plural] = segments
        && let Some((.., kind, _)) = discovery::REVIEWS
            .iter()
            .find(|(of, _, name)| of == group && name == plural)
    {
        return review(user, kind, request);
    }
    access::check_path(
        user,
        &request.method().as_str().to_lowercase(),
        request.uri().path(),
    )?;
    if let ["apis", group, group_version, ..] = segments
        && !discovery::has_group_version(group, group_version)
    {
        let which = format_args!("the API group {group}/{group_version}");
        return Err(Refusal::kind_not_simulated(which));
    }
    if request.method() != Method::GET {
        return Err(Refusal::method_not_allowed());
    }
    let plain =
        |status, text: &str| answer::response(status, "text/plain; charset=utf-8", text.to_owned());
    Ok(match segments {
        ["healthz" | "livez" | "readyz", ..] => plain(StatusCode::OK, "ok"),
        ["version"] => answer::json_response(StatusCode::OK, &version.body()),
        _ => discovery::answer(segments, accept.as_deref(), version)
            .unwrap_or_else(|| plain(StatusCode::NOT_FOUND, "404 page not found\n")),
    })
}

fn review(user: &User, kind: &str, request: &Request<Bytes>) -> Result<Response<Bytes>, Refusal> {
    if request.method() != Method::POST {
        return Err(Refusal::method_not_allowed());
    }
    let content_type = header_text(request.headers(), header::CONTENT_TYPE);
    let body = write::read_body(content_type.as_deref(), request.body())?;
    let reviewed = access::review(user, kind, &body).ok_or_else(|| Refusal::not_simulated(kind))?;
    Ok(answer::json_response(StatusCode::CREATED, &reviewed))
}

fn objects(
    store: &mut Store,
    user: &User,
    times: &Times<'_>,
    request: &Request<Bytes>,
    group: &str,
    rest: &[&str],
) -> Result<Reply, Refusal> {
    let target = Target::parse(group, rest)?;
    let query = Query::parse(request.uri().query());
    let verb = verb(request.method(), &target, &query)?;
    access::check_objects(user, verb, &target)?;
    check_subresource(&target)?;
    let accept = header_text(request.headers(), header::ACCEPT);
    let form = Form::chosen(accept.as_deref(), &query)?;
    match verb {
        "get" if target.subresource == "scale" => {
            let found = read::existing(store, &target)?;
            let shown = times.render(&scale::of(found));
            Ok(Reply::Once(answer::json_response(StatusCode::OK, &shown)))
        }
        "get" => read::get(store, &target, &form, times),
        "list" | "watch" => read::list(store, &target, &query, form, times),
        _ if query.get("dryRun").is_some() => change(
            &mut store.clone(),
            verb,
            &target,
            &query,
            &form,
            times,
            request,
        ),
        _ => change(store, verb, &target, &query, &form, times, request),
    }
}

fn verb(method: &Method, target: &Target, query: &Query) -> Result<&'static str, Refusal> {
    let collection = target.name.is_empty();
    // Objects with a namespace are made in one, and removed in one.
    let everywhere = collection && target.kind.namespaced && target.namespace.is_empty();
    match method.as_str() {
        "GET" if !collection => Ok("get"),
        "GET" if query.is_true("watch") => Ok("watch"),
        "GET" => Ok("list"),
        "POST" if collection && !everywhere => Ok("create"),
        "POST" if !matches!(target.subresource.as_str(), "" | "status") => Ok("create"),
        "PUT" if !collection => Ok("update"),
        "PATCH" if !collection => Ok("patch"),
        "DELETE" if !collection && target.subresource.is_empty() => Ok("delete"),
        "DELETE" if !everywhere => Ok("deletecollection"),
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// Subresources of pods that lead to what runs in them.
const INSIDE: [&str; 5] = ["attach", "exec", "log", "portforward", "proxy"];

fn check_subresource(target: &Target) -> Result<(), Refusal> {
    let kind = target.kind;
    match target.subresource.as_str() {
        "" => Ok(()),
        "status" if kind.status => Ok(()),
        "scale" if scale::has_scale(kind) => Ok(()),
        "eviction" if kind == &kind::PODS => Ok(()),
        other if kind == &kind::PODS && INSIDE.contains(&other) => {
            let mut refusal = Refusal::not_simulated(format_args!("the subresource pods/{other}"));
            refusal.message += ": nothing runs inside the pods of this cluster";
            Err(refusal)
        }
        other => Err(Refusal::not_simulated(format_args!(
            "the subresource {}/{other}",
            target.kind.plural
        ))),
    }
}

fn change(
    store: &mut Store,
    verb: &str,
    target: &Target,
    query: &Query,
    form: &Form,
    times: &Times<'_>,
    request: &Request<Bytes>,
) -> Result<Reply, Refusal> {
    let content_type = header_text(request.headers(), header::CONTENT_TYPE);
    let content_type = content_type.as_deref();
    let body = || write::read_body(content_type, request.body());
    let options = || {
        if request.body().is_empty() {
            Ok(Value::Null)
        } else {
            body()
        }
    };
    let strictness = schema::Strictness::of(query.get("fieldValidation"));
    let writer = write::Writer {
        target,
        strictness,
        times,
    };
    let (status, object) = match verb {
        "create" if target.subresource == "eviction" => {
            let evicted = eviction::evict(store, target, &body()?, times)?;
            return Ok(Reply::Once(answer::json_response(
                StatusCode::CREATED,
                &evicted,
            )));
        }
        "update" | "patch" if target.subresource == "scale" => {
            let scaled = write::scale(store, &writer, content_type, request.body())?;
            return Ok(Reply::Once(answer::json_response(StatusCode::OK, &scaled)));
        }
        "create" => (StatusCode::CREATED, write::create(store, &writer, body()?)?),
        "update" => (StatusCode::OK, write::update(store, &writer, body()?)?),
        "patch" if content_type.is_some_and(|text| text.starts_with(apply::MEDIA_TYPE)) => {
            let manager = query.get("fieldManager").unwrap_or_default();
            let force = query.is_true("force");
            apply::apply(store, &writer, manager, force, request.body())?
        }
        "patch" => (
            StatusCode::OK,
            write::patch(store, &writer, content_type, request.body())?,
        ),
        "delete" => {
            let deleted = write::delete(store, target, &options()?, times)?;
            return Ok(Reply::Once(answer::json_response(StatusCode::OK, &deleted)));
        }
        _ => return delete_collection(store, target, query, &options()?, times),
    };
    Ok(Reply::Once(answer::json_response(
        status,
        &answer::one(target.kind, &object, form, times),
    )))
}

fn delete_collection(
    store: &mut Store,
    target: &Target,
    query: &Query,
    options: &Value,
    times: &Times<'_>,
) -> Result<Reply, Refusal> {
    let selectors = selector::Selectors::parse(
        target.kind,
        query.get("labelSelector"),
        query.get("fieldSelector"),
    )?;
    let doomed: Vec<Value> = read::selected(store, target, &selectors).cloned().collect();
    for object in &doomed {
        let target = Target {
            name: store::text(object, "name").to_owned(),
            ..target.clone()
        };
        write::delete(store, &target, options, times)?;
    }
    let body = answer::list(
        target.kind,
        &doomed.iter().collect::<Vec<_>>(),
        &Form::Objects,
        store.version(),
        times,
    );
    Ok(Reply::Once(answer::json_response(StatusCode::OK, &body)))
}

/// All values of a header, as one text.
fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

#[cfg(test)]
mod tests;
