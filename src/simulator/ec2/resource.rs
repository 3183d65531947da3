//! What the resources of EC2 have in common: ids, tags, and a `Describe…` operation that picks some by id, filters,
//! and answers in pages.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::super::refusal::Refusal;
use super::super::wire::{Call, Operation};
use super::super::world::World;
use super::Tags;
use super::filter::{Filter, passes, tag_values};

/// A kind of resource that EC2 describes.
pub(super) trait Resource: Clone + 'static {
    /// The list in the answer.
    const SET: &'static str;
    /// How a request picks resources without a filter; the first is the id.
    const PICKED_BY: &'static [Pick];
    /// Truth values that a request may have. One that nobody asks for changes nothing here, for a reason that its kind
    /// tells.
    const FLAGS: &'static [&'static str] = &[];

    fn all(world: &World) -> Vec<Cow<'_, Self>>;
    fn id(&self) -> &str;
    fn tags(&self) -> &Tags;
    /// The values under a filter's name, `None` for a name that is no filter of this kind.
    fn values(&self, world: &World, filter: &str) -> Option<Vec<String>>;
    /// The resource as it is described.
    fn view(&self, world: &World) -> Value;
}

/// A member of a request that lists what to describe.
pub(super) struct Pick {
    pub(super) member: &'static str,
    /// The filter under which resources have these values.
    pub(super) filter: &'static str,
    /// What is said of a value that nothing has: code, and message with `{}` for the value. `None`: nothing is said.
    pub(super) missing: Option<(&'static str, &'static str)>,
}

impl Pick {
    pub(super) const fn new(
        member: &'static str,
        filter: &'static str,
        code: &'static str,
        message: &'static str,
    ) -> Pick {
        Pick {
            member,
            filter,
            missing: Some((code, message)),
        }
    }

    fn refusal(&self, value: &str) -> Option<Refusal> {
        self.missing
            .map(|(code, message)| Refusal::bad(code, message.replace("{}", value)))
    }
}

/// The refusal of an id that no resource has.
pub(super) fn missing<T: Resource>(id: &str) -> Refusal {
    T::PICKED_BY
        .first()
        .and_then(|pick| pick.refusal(id))
        .unwrap_or_else(|| Refusal::bad("InvalidParameterValue", id))
}

pub(super) fn require<'a, T: Resource>(
    known: &'a BTreeMap<String, T>,
    id: &str,
) -> Result<&'a T, Refusal> {
    known.get(id).ok_or_else(|| missing::<T>(id))
}

pub(super) fn require_mut<'a, T: Resource>(
    known: &'a mut BTreeMap<String, T>,
    id: &str,
) -> Result<&'a mut T, Refusal> {
    known.get_mut(id).ok_or_else(|| missing::<T>(id))
}

/// All resources of a map, for [`Resource::all`].
pub(super) fn every<T: Clone>(known: &BTreeMap<String, T>) -> Vec<Cow<'_, T>> {
    known.values().map(Cow::Borrowed).collect()
}

/// The request of a `Describe…` operation.
pub(super) struct Describe<T> {
    /// What each of `T::PICKED_BY` lists.
    picked: Vec<Vec<String>>,
    filters: Vec<Filter>,
    max_results: Option<usize>,
    next_token: Option<String>,
    /// Those of `T::FLAGS` that are true.
    flags: Vec<&'static str>,
    kind: PhantomData<T>,
}

impl<'de, T: Resource> Deserialize<'de> for Describe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Members::read::<D>(deserializer)?;
        let picked = T::PICKED_BY
            .iter()
            .map(|pick| members.list(pick.member))
            .collect::<Result<_, _>>()?;
        let request = Describe {
            picked,
            filters: members.list("Filter")?,
            max_results: members.number("MaxResults")?,
            next_token: members.text("NextToken")?,
            flags: members.flags(T::FLAGS)?,
            kind: PhantomData,
        };
        members.end()?;
        Ok(request)
    }
}

/// Members of a request of which each is taken once, and none may remain.
pub(super) struct Members<E>(pub(super) Map<String, Value>, PhantomData<E>);

impl<E: serde::de::Error> Members<E> {
    pub(super) fn read<'de, D: Deserializer<'de, Error = E>>(deserializer: D) -> Result<Self, E> {
        // A request without any member arrives as an empty text.
        let members = match Value::deserialize(deserializer)? {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        Ok(Members(members, PhantomData))
    }

    /// A list, empty if there is none.
    pub(super) fn list<T: serde::de::DeserializeOwned>(
        &mut self,
        member: &str,
    ) -> Result<Vec<T>, E> {
        match self.0.shift_remove(member) {
            None => Ok(Vec::new()),
            Some(value) => serde_json::from_value(value).map_err(E::custom),
        }
    }

    pub(super) fn text(&mut self, member: &str) -> Result<Option<String>, E> {
        match self.0.shift_remove(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Object(_) | Value::Array(_)) => {
                Err(E::custom(format!("{member} is not a text")))
            }
            Some(other) => Ok(Some(other.to_string())),
        }
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self, member: &str) -> Result<Option<T>, E> {
        let Some(text) = self.text(member)? else {
            return Ok(None);
        };
        let number = text.parse();
        let number =
            number.map_err(|_| E::custom(format!("{member}: {text:?} is not a number")))?;
        Ok(Some(number))
    }

    /// Those of some truth values that are true.
    fn flags(&mut self, known: &[&'static str]) -> Result<Vec<&'static str>, E> {
        let mut set = Vec::new();
        for member in known {
            if self.text(member)?.as_deref() == Some("true") {
                set.push(*member);
            }
        }
        Ok(set)
    }

    /// An error that names a member that was not taken.
    pub(super) fn end(self) -> Result<(), E> {
        match self.0.keys().next() {
            Some(member) => Err(E::unknown_field(member, &[])),
            None => Ok(()),
        }
    }
}

/// The operation that describes resources of a kind.
pub(super) fn describing<T: Resource>(name: &'static str) -> Operation {
    Operation::new(name, describe::<T>)
}

fn describe<T: Resource>(
    world: &mut World,
    _call: &Call,
    request: Describe<T>,
) -> Result<Value, Refusal> {
    let (found, next) = request.select(world)?;
    let views: Vec<Value> = found.iter().map(|one| one.view(world)).collect();
    Ok(json!({ T::SET: views, "nextToken": next }))
}

/// A page of resources, and the token of the next page if there is one.
type Page<'a, T> = (Vec<Cow<'a, T>>, Option<String>);

impl<T: Resource> Describe<T> {
    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.contains(&flag)
    }

    /// What the request asks for, ordered by id.
    pub(super) fn select<'a>(&self, world: &'a World) -> Result<Page<'a, T>, Refusal> {
        let all = T::all(world);
        self.require_picked(world, &all)?;
        let mut found = Vec::new();
        for one in all {
            let values =
                |name: &str| tag_values(one.tags(), name).or_else(|| one.values(world, name));
            if self.is_picked(world, &one) && passes(&self.filters, values)? {
                found.push(one);
            }
        }
        found.sort_by(|one, other| one.id().cmp(other.id()));
        self.page(found)
    }

    /// Refuses a request that names what is not there.
    fn require_picked(&self, world: &World, all: &[Cow<'_, T>]) -> Result<(), Refusal> {
        for (pick, wanted) in T::PICKED_BY.iter().zip(&self.picked) {
            if pick.missing.is_none() {
                continue;
            }
            let is_there = |value: &&String| !all.iter().any(|one| has(&**one, world, pick, value));
            if let Some(refusal) = wanted
                .iter()
                .find(is_there)
                .and_then(|value| pick.refusal(value))
            {
                return Err(refusal);
            }
        }
        Ok(())
    }

    fn is_picked(&self, world: &World, one: &T) -> bool {
        T::PICKED_BY
            .iter()
            .zip(&self.picked)
            .filter(|(_, wanted)| !wanted.is_empty())
            .all(|(pick, wanted)| wanted.iter().any(|value| has(one, world, pick, value)))
    }

    /// A page goes on behind the last id of the page before it.
    fn page<'a>(&self, mut found: Vec<Cow<'a, T>>) -> Result<Page<'a, T>, Refusal> {
        if let Some(token) = &self.next_token {
            let after = BASE64
                .decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| {
                    Refusal::bad(
                        "InvalidParameterValue",
                        format!("Invalid value '{token}' for NextToken."),
                    )
                })?;
            found.retain(|one| one.id() > after.as_str());
        }
        let size = self.max_results.unwrap_or(usize::MAX).max(1);
        let next = (found.len() > size).then(|| BASE64.encode(found[size - 1].id()));
        found.truncate(size);
        Ok((found, next))
    }
}

fn has<T: Resource>(one: &T, world: &World, pick: &Pick, value: &str) -> bool {
    one.values(world, pick.filter)
        .is_some_and(|values| values.iter().any(|known| known == value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::simulator::testing::{call, world};

    #[test]
    fn pages_follow_one_another_until_everything_was_shown() {
        let mut world = world();
        let (mut shown, mut token) = (Vec::new(), None);
        loop {
            let request = match token.take() {
                None => json!({ "MaxResults": 4 }),
                Some(token) => json!({ "MaxResults": 4, "NextToken": token }),
            };
            let reply = call(&mut world, "ec2", "DescribeSubnets", request).unwrap();
            let page = reply["subnetSet"].as_array().unwrap();
            assert!(page.len() <= 4);
            shown.extend(page.iter().map(|subnet| subnet["subnetId"].clone()));
            match reply["nextToken"].as_str() {
                Some(next) => token = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(shown.len(), 6);
    }

    #[test]
    fn what_is_not_there_or_not_modelled_is_refused_by_name() {
        let mut world = world();
        let mut refused = |operation: &str, request| {
            let refusal = call(&mut world, "ec2", operation, request).unwrap_err();
            (refusal.code, refusal.message)
        };
        let said = |code: &str, message: &str| (code.to_owned(), message.to_owned());
        assert_eq!(
            refused("DescribeVpcs", json!({"VpcId": ["vpc-1"]})),
            said("InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist")
        );
        assert_eq!(
            refused("DescribeVpcs", json!({"Colour": "red"})),
            said(
                "UnknownParameter",
                "The parameter Colour is not recognized: member Colour of DescribeVpcs is not simulated"
            )
        );
        assert_eq!(
            refused("DescribeVpcs", json!({"DryRun": true})),
            said(
                "DryRunOperation",
                "Request would have succeeded, but DryRun flag is set."
            )
        );
    }
}
