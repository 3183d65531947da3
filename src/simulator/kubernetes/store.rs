//! All objects of the cluster, and what happened to them lately. Knows nothing of HTTP, selectors or printing.

use super::kind::{self, Kind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How many changes are kept for watchers; one that is further behind is told to list again.
const REMEMBERED_CHANGES: usize = 4096;

/// Objects of every kind under one counter of versions, as in etcd. Cloning is cheap enough to try a change on a copy:
/// the objects are shared.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "Saved", try_from = "Saved")]
pub struct Store {
    version: u64,
    uids: u64,
    objects: BTreeMap<Key, Arc<Value>>,
    changes: VecDeque<Change>,
    /// The version of the newest change that is no longer in `changes`.
    forgotten: u64,
}

/// A store as it is written down. What happened lately is not: a watcher that comes back is told to list again.
#[derive(Serialize, Deserialize)]
struct Saved {
    version: u64,
    uids: u64,
    objects: Vec<Value>,
}

impl From<Store> for Saved {
    fn from(store: Store) -> Self {
        Self {
            version: store.version,
            uids: store.uids,
            objects: store
                .objects
                .into_values()
                .map(Arc::unwrap_or_clone)
                .collect(),
        }
    }
}

impl TryFrom<Saved> for Store {
    type Error = String;

    fn try_from(saved: Saved) -> Result<Self, String> {
        let key = |object: &Value| match kind::of(object) {
            Some(kind) => Ok(Key::new(
                kind,
                text(object, "namespace"),
                text(object, "name"),
            )),
            None => Err(format!("{} is not a kind of object", object["kind"])),
        };
        let objects = saved
            .objects
            .into_iter()
            .map(|object| Ok((key(&object)?, Arc::new(object))));
        Ok(Self {
            version: saved.version,
            uids: saved.uids,
            objects: objects.collect::<Result<_, String>>()?,
            changes: VecDeque::new(),
            forgotten: saved.version,
        })
    }
}

/// Ordered as etcd orders an answer: by namespace, then name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    group: &'static str,
    plural: &'static str,
    namespace: String,
    name: String,
}

/// One object that came, changed or went.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) version: u64,
    pub(super) kind: &'static Kind,
    pub(super) before: Option<Arc<Value>>,
    pub(super) after: Option<Arc<Value>>,
}

impl Default for Store {
    fn default() -> Self {
        // Version 0 means "any" in a request, so that no store may be at it.
        Self {
            version: 1,
            uids: 0,
            objects: BTreeMap::new(),
            changes: VecDeque::new(),
            forgotten: 1,
        }
    }
}

impl Store {
    /// The version of the last change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Creates or replaces the object with the name (and namespace: `default` unless said) in `object`'s metadata, and
    /// returns it as stored. Fills in kind, apiVersion, uid and resourceVersion; an object without a name gets one after
    /// its `generateName`. Storing what is there already changes nothing and wakes no watcher.
    pub fn put(&mut self, kind: &'static Kind, object: Value) -> Arc<Value> {
        let mut object = self.completed(kind, object);
        let key = Key::new(kind, text(&object, "namespace"), text(&object, "name"));
        let before = self.objects.get(&key).cloned();
        if let Some(before) = &before {
            object["metadata"]["uid"] = before["metadata"]["uid"].clone();
            object["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
            if object == **before {
                return Arc::clone(before);
            }
        }
        let version = self.next_version();
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        let stored = Arc::new(object);
        self.objects.insert(key, Arc::clone(&stored));
        self.remember(Change {
            version,
            kind,
            before,
            after: Some(Arc::clone(&stored)),
        });
        stored
    }

    /// Removes an object and returns its last state. `namespace` is empty for kinds without one.
    pub fn delete(
        &mut self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<Value>> {
        let before = self.objects.remove(&Key::new(kind, namespace, name))?;
        let version = self.next_version();
        self.remember(Change {
            version,
            kind,
            before: Some(Arc::clone(&before)),
            after: None,
        });
        Some(before)
    }

    /// One object. `namespace` is empty for kinds without one.
    pub fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(&Key::new(kind, namespace, name))
    }

    /// The objects of a kind, in one namespace or in all, ordered by namespace and name.
    pub fn list<'a>(
        &'a self,
        kind: &Kind,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Value>> + use<'a> {
        let first = Key::new(kind, namespace.unwrap_or_default(), "");
        let (group, plural) = (first.group, first.plural);
        self.objects
            .range(first..)
            .take_while(move |(key, _)| key.group == group && key.plural == plural)
            .filter(move |(key, _)| namespace.is_none_or(|namespace| namespace == key.namespace))
            .map(|(_, object)| object)
    }

    /// What happened after `version`, oldest first; `None` when that is too long ago to be known, or yet to come.
    pub(super) fn changes_after(&self, version: u64) -> Option<impl Iterator<Item = &Change>> {
        let known = self.forgotten <= version && version <= self.version;
        known.then(|| {
            let first = self
                .changes
                .partition_point(|change| change.version <= version);
            self.changes.range(first..)
        })
    }

    fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    fn remember(&mut self, change: Change) {
        self.changes.push_back(change);
        if self.changes.len() > REMEMBERED_CHANGES
            && let Some(oldest) = self.changes.pop_front()
        {
            self.forgotten = oldest.version;
        }
    }

    /// The object with `kind`, `apiVersion` and `metadata` leading, and all that the store itself fills in.
    fn completed(&mut self, kind: &Kind, object: Value) -> Value {
        let mut fields = match object {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        let metadata = self.completed_metadata(kind, fields.shift_remove("metadata"));
        let mut completed = Map::new();
        completed.insert("kind".to_owned(), json!(kind.kind));
        completed.insert("apiVersion".to_owned(), json!(kind.api_version()));
        completed.insert("metadata".to_owned(), metadata);
        fields.retain(|field, _| field != "kind" && field != "apiVersion");
        completed.extend(fields);
        Value::Object(completed)
    }

    fn completed_metadata(&mut self, kind: &Kind, metadata: Option<Value>) -> Value {
        let mut given = match metadata {
            Some(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        let mut metadata = Map::new();
        let name = match given.shift_remove("name") {
            Some(Value::String(name)) if !name.is_empty() => name,
            _ => self.generated_name(
                given
                    .get("generateName")
                    .and_then(Value::as_str)
                    .unwrap_or(kind.singular),
            ),
        };
        metadata.insert("name".to_owned(), json!(name));
        if let Some(prefix) = given.shift_remove("generateName") {
            metadata.insert("generateName".to_owned(), prefix);
        }
        let namespace = given.shift_remove("namespace");
        if kind.namespaced {
            let namespace = namespace
                .filter(|namespace| namespace.as_str().is_some_and(|text| !text.is_empty()));
            metadata.insert(
                "namespace".to_owned(),
                namespace.unwrap_or_else(|| json!("default")),
            );
        }
        let uid = given
            .shift_remove("uid")
            .filter(Value::is_string)
            .unwrap_or_else(|| json!(self.next_uid()));
        metadata.insert("uid".to_owned(), uid);
        given.shift_remove("resourceVersion");
        metadata.insert("resourceVersion".to_owned(), Value::Null);
        metadata.extend(given);
        Value::Object(metadata)
    }

    fn next_uid(&mut self) -> String {
        self.uids += 1;
        uid_of(&format!("object {}", self.uids))
    }

    /// Five letters after the prefix.
    fn generated_name(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.random_suffix())
    }

    /// Five letters from the alphabet that Kubernetes uses (no vowels, no look-alikes), others each time.
    pub(super) fn random_suffix(&mut self) -> String {
        const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        self.uids += 1;
        let mut bits = mixed(self.uids);
        let letter = |_| {
            let letter = ALPHABET[(bits % ALPHABET.len() as u64) as usize];
            bits /= ALPHABET.len() as u64;
            char::from(letter)
        };
        (0..5).map(letter).collect()
    }
}

impl Key {
    fn new(kind: &Kind, namespace: &str, name: &str) -> Self {
        Self {
            group: kind.group,
            plural: kind.plural,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// A text field of an object's metadata; empty when absent.
pub(super) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// A UUID that is the same for the same text: worlds must be reproducible.
pub fn uid_of(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let bits = (u128::from(mixed(hash)) << 64) | u128::from(mixed(hash.wrapping_add(1)));
    uuid::Builder::from_random_bytes(bits.to_be_bytes())
        .into_uuid()
        .to_string()
}

/// The finalizer of SplitMix64: spreads a counter over all bits.
fn mixed(counter: u64) -> u64 {
    let mut bits = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::super::kind::{CONFIG_MAPS, NODES, PODS};
    use super::*;

    fn node(name: &str) -> Value {
        json!({ "metadata": { "name": name } })
    }

    #[test]
    fn a_stored_object_is_complete() {
        let mut store = Store::default();
        let stored = store.put(
            &CONFIG_MAPS,
            json!({ "data": { "a": "b" }, "metadata": { "name": "c" } }),
        );
        assert_eq!(
            stored.to_string(),
            format!(
                r#"{{"kind":"ConfigMap","apiVersion":"v1","metadata":{{"name":"c","namespace":"default","uid":"{}","resourceVersion":"2"}},"data":{{"a":"b"}}}}"#,
                text(&stored, "uid")
            )
        );
    }

    #[test]
    fn a_replacement_keeps_the_uid_and_moves_the_version() {
        let mut store = Store::default();
        let first = store.put(&NODES, node("a"));
        let second = store.put(
            &NODES,
            json!({ "metadata": { "name": "a", "labels": { "x": "y" } } }),
        );
        assert_eq!(text(&first, "uid"), text(&second, "uid"));
        assert_eq!(
            (
                text(&first, "resourceVersion"),
                text(&second, "resourceVersion")
            ),
            ("2", "3")
        );
    }

    #[test]
    fn storing_the_same_again_is_no_change() {
        let mut store = Store::default();
        store.put(&NODES, node("a"));
        store.put(&NODES, node("a"));
        assert_eq!(store.version(), 2);
    }

    #[test]
    fn lists_are_ordered_and_keep_to_their_kind_and_namespace() {
        let mut store = Store::default();
        for name in ["b", "c", "a"] {
            store.put(&NODES, node(name));
        }
        store.put(
            &PODS,
            json!({ "metadata": { "name": "p", "namespace": "one" } }),
        );
        store.put(
            &PODS,
            json!({ "metadata": { "name": "q", "namespace": "two" } }),
        );
        let names = |list: Vec<&Arc<Value>>| {
            list.iter()
                .map(|object| text(object, "name").to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(store.list(&NODES, None).collect()), ["a", "b", "c"]);
        assert_eq!(names(store.list(&PODS, None).collect()), ["p", "q"]);
        assert_eq!(names(store.list(&PODS, Some("two")).collect()), ["q"]);
    }

    #[test]
    fn a_nameless_object_is_named_after_its_prefix() {
        let mut store = Store::default();
        let stored = store.put(&PODS, json!({ "metadata": { "generateName": "web-" } }));
        assert_eq!(
            (text(&stored, "name").len(), &text(&stored, "name")[..4]),
            (9, "web-")
        );
    }

    #[test]
    fn changes_too_old_or_yet_to_come_are_not_known() {
        let mut store = Store::default();
        for round in 0..REMEMBERED_CHANGES + 10 {
            store.put(
                &NODES,
                json!({ "metadata": { "name": "a" }, "round": round }),
            );
        }
        assert!(store.changes_after(5).is_none());
        assert!(store.changes_after(store.version() + 1).is_none());
        assert_eq!(
            store
                .changes_after(store.version() - 3)
                .map(Iterator::count),
            Some(3)
        );
    }
}
