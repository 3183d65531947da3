//! A watch: what a client wants to hear of, and how far it has heard. A value without a connection: whoever holds the
//! connection asks it for what is new.

use super::answer;
use super::kind::Kind;
use super::refusal::Refusal;
use super::request::{Form, Query, Target};
use super::selector::Selectors;
use super::store::{Change, Store, text};
use super::times::Times;
use http::{Response, header};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// One client's watch on the objects of one kind.
#[derive(Debug, Clone)]
pub struct Watch {
    kind: &'static Kind,
    namespace: Option<String>,
    selectors: Selectors,
    form: Form,
    position: Position,
    timeout: Option<Duration>,
    columns_sent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Position {
    /// First everything that is there, then perhaps a bookmark that says so.
    Beginning { bookmark: bool },
    /// Everything up to this version was told.
    After(u64),
    /// The client was told to list again; nothing follows.
    Over,
}

impl Watch {
    /// Reads the watch that a list request with `watch=true` asks for.
    pub(super) fn parse(
        target: &Target,
        query: &Query,
        selectors: Selectors,
        form: Form,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            kind: target.kind,
            namespace: Some(target.namespace.clone()).filter(|namespace| !namespace.is_empty()),
            selectors,
            form,
            position: beginning(target.kind, query)?,
            timeout: query
                .number("timeoutSeconds")?
                .filter(|seconds| *seconds > 0)
                .map(Duration::from_secs),
            columns_sent: false,
        })
    }

    /// Status and headers. They must reach the client at once: kubectl waits for them before it looks at events.
    pub fn head(&self) -> Response<()> {
        let mut response = Response::new(());
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json"),
        );
        headers.insert(
            header::CACHE_CONTROL,
            header::HeaderValue::from_static("no-cache, private"),
        );
        response
    }

    /// The events since the last call, one JSON document a line; empty when nothing happened.
    pub fn next_events(&mut self, store: &Store, times: &Times<'_>) -> Vec<u8> {
        let events = match self.position {
            Position::Beginning { bookmark } => self.initial_events(store, bookmark),
            Position::After(version) => match store.changes_after(version) {
                Some(changes) => changes.filter_map(|change| self.event(change)).collect(),
                None => {
                    self.position = Position::Over;
                    let refusal = Refusal::expired(format!(
                        "too old resource version: {version} ({})",
                        store.version()
                    ));
                    return line("ERROR", &refusal.status());
                }
            },
            Position::Over => return Vec::new(),
        };
        self.position = Position::After(store.version());
        events
            .iter()
            .flat_map(|(event_type, object)| line(event_type, &self.shown(object, times)))
            .collect()
    }

    /// Whether nothing will follow, so that the connection should be closed.
    pub fn is_over(&self) -> bool {
        self.position == Position::Over
    }

    /// How long the client wants to listen (`timeoutSeconds`).
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Plural and name of the one object that is watched, if it is one: the mark of a client that waits for something.
    pub fn named_object(&self) -> Option<(String, String)> {
        self.selectors
            .name()
            .map(|name| (self.kind.plural.to_owned(), name.to_owned()))
    }

    fn initial_events(&self, store: &Store, bookmark: bool) -> Vec<(&'static str, Arc<Value>)> {
        let objects = store
            .list(self.kind, self.namespace.as_deref())
            .filter(|object| self.selectors.select(object));
        let mut events: Vec<_> = objects
            .map(|object| ("ADDED", Arc::clone(object)))
            .collect();
        if bookmark {
            let metadata = json!({ "resourceVersion": store.version().to_string(), "annotations": { "k8s.io/initial-events-end": "true" } });
            let object = json!({ "kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata });
            events.push(("BOOKMARK", Arc::new(object)));
        }
        events
    }

    /// What a change is to this watch: an object that begins to match was added, one that no longer does was deleted.
    fn event(&self, change: &Change) -> Option<(&'static str, Arc<Value>)> {
        if change.kind != self.kind {
            return None;
        }
        let matching = |object: &Option<Arc<Value>>| {
            object
                .as_ref()
                .filter(|object| self.matches(object))
                .cloned()
        };
        match (matching(&change.before), matching(&change.after)) {
            (_, Some(after))
                if change
                    .before
                    .as_ref()
                    .is_none_or(|before| !self.matches(before)) =>
            {
                Some(("ADDED", after))
            }
            (_, Some(after)) => Some(("MODIFIED", after)),
            (Some(before), None) => {
                let mut last = (*before).clone();
                last["metadata"]["resourceVersion"] = json!(change.version.to_string());
                Some(("DELETED", Arc::new(last)))
            }
            (None, None) => None,
        }
    }

    fn matches(&self, object: &Value) -> bool {
        self.namespace
            .as_deref()
            .is_none_or(|namespace| namespace == text(object, "namespace"))
            && self.selectors.select(object)
    }

    /// The object in the form asked for. Only the first table of a watch carries the columns.
    fn shown(&mut self, object: &Value, times: &Times<'_>) -> Value {
        let mut shown = answer::one(self.kind, object, &self.form, times);
        if matches!(self.form, Form::Table(..)) && std::mem::replace(&mut self.columns_sent, true) {
            shown["columnDefinitions"] = Value::Null;
        }
        shown
    }
}

fn line(event_type: &str, object: &Value) -> Vec<u8> {
    format!("{}\n", json!({ "type": event_type, "object": object })).into_bytes()
}

/// Where a watch begins: at everything there is, unless it says after which version.
fn beginning(kind: &Kind, query: &Query) -> Result<Position, Refusal> {
    let version = query.number("resourceVersion")?;
    if query.is_true("sendInitialEvents") {
        if query.get("resourceVersionMatch") != Some("NotOlderThan") {
            let why = r#"resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"#;
            return Err(Refusal::invalid(kind, "", why));
        }
        return Ok(Position::Beginning {
            bookmark: query.is_true("allowWatchBookmarks"),
        });
    }
    match version {
        None | Some(0) => Ok(Position::Beginning { bookmark: false }),
        Some(version) => Ok(Position::After(version)),
    }
}
