//! The nodes that Kubernetes has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::observation::{Node, Observation, Readiness, Wanted, nodes_of};
use super::converging::{self, Awaited, JOINS_WITHIN};
use super::{Advice, Judged, Judgement, Verdict, advice, launches, not_met, on};
use crate::language::Message;
use crate::message;

/// So many nodes of a node group, or with labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, try_from = "Written")]
#[schemars(!try_from, extend(
    "oneOf" = [{ "required": ["nodegroup"] }, { "required": ["selector"] }],
    "anyOf" = [{ "required": ["ready"] }, { "required": ["count"] }, { "required": ["none"] }],
))]
pub struct NodesExpectation {
    /// Name of the node group; either this or a selector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodegroup: Option<String>,
    /// As `kubectl get nodes --selector` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// At least so many Ready nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<usize>,
    /// Exactly so many nodes, Ready or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// No node at all, Ready or not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub none: bool,
}

/// As it is written, before it is known to make sense.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    nodegroup: Option<String>,
    selector: Option<String>,
    ready: Option<usize>,
    count: Option<usize>,
    #[serde(default)]
    none: bool,
}

impl TryFrom<Written> for NodesExpectation {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, &'static str> {
        let Written {
            nodegroup,
            selector,
            ready,
            count,
            none,
        } = written;
        match (&nodegroup, &selector) {
            (None, None) => return Err("nodes needs a nodegroup or a selector"),
            (Some(_), Some(_)) => return Err("nodes takes a nodegroup or a selector, not both"),
            _ => {}
        }
        match (ready.is_some() || count.is_some(), none) {
            (false, false) => return Err("nodes needs ready, count or none: true"),
            (true, true) => return Err("none: true leaves no node to count"),
            _ => {}
        }
        Ok(NodesExpectation {
            nodegroup,
            selector,
            ready,
            count,
            none,
        })
    }
}

impl NodesExpectation {
    fn selected(&self) -> String {
        match (&self.nodegroup, &self.selector) {
            (Some(nodegroup), _) => nodes_of(nodegroup),
            (None, selector) => selector.clone().unwrap_or_default(),
        }
    }

    fn expected(&self) -> Message {
        let of_group = self.nodegroup.as_deref();
        let selector = self.selector.as_deref().unwrap_or_default();
        let none = self.none.then(|| match of_group {
            Some(group) => message!("check-no-node-of", nodegroup = group),
            None => message!("check-no-node-with", selector = selector),
        });
        let ready = self.ready.map(|ready| match of_group {
            Some(group) => message!("check-ready-nodes-of", count = ready, nodegroup = group),
            None => message!("check-ready-nodes-with", count = ready, selector = selector),
        });
        let count = self.count.map(|count| match of_group {
            Some(group) => message!("check-nodes-of", count = count, nodegroup = group),
            None => message!("check-nodes-with", count = count, selector = selector),
        });
        let expected: Vec<Message> = none.into_iter().chain(ready).chain(count).collect();
        expected.into()
    }

    fn what(&self) -> Message {
        match (&self.nodegroup, &self.selector) {
            (Some(group), _) => message!("check-the-nodes-of", nodegroup = group),
            (None, selector) => message!(
                "check-the-nodes-with",
                selector = selector.as_deref().unwrap_or_default()
            ),
        }
    }

    fn on(&self, nodes: &[Node], observation: &Observation) -> Judgement {
        let ready = nodes.iter().filter(|node| node.is_ready()).count();
        let enough = self.ready.is_none_or(|wanted| ready >= wanted);
        let counted = match self.none {
            true => nodes.is_empty(),
            false => self.count.is_none_or(|wanted| nodes.len() == wanted),
        };
        if enough && counted {
            return Verdict::Met.into();
        }
        let awaited = (!self.none)
            .then(|| self.awaited(nodes, ready, observation))
            .flatten();
        match awaited {
            Some(awaited) => awaited.into(),
            None => {
                let (reason, advice) = self.refused(nodes, observation);
                not_met(self.expected(), listed(nodes), reason, advice)
            }
        }
    }

    fn awaited(&self, nodes: &[Node], ready: usize, observation: &Observation) -> Option<Awaited> {
        let group = self.nodegroup.as_deref();
        let too_many = self.count.is_some_and(|count| nodes.len() > count);
        if too_many {
            return group.and_then(|group| leaving(group, self.count, observation));
        }
        let coming: Vec<&Node> = nodes.iter().filter(|node| may_become_ready(node)).collect();
        let wanted = self.ready.unwrap_or_default();
        let few = self.count.is_some_and(|count| nodes.len() < count);
        if !few && ready + coming.len() >= wanted {
            return Some(Awaited::new(
                message!("check-awaiting-ready", nodes = listed(nodes)),
                coming.iter().filter_map(|node| node.age).max(),
                message!("check-typical-minutes"),
            ));
        }
        group.and_then(|group| self.coming(group, observation))
    }

    /// The next node, where the group is to become as large as is asked.
    fn coming(&self, group: &str, observation: &Observation) -> Option<Awaited> {
        let desired = desired(group, observation)?;
        let wanted = self.ready.max(self.count).unwrap_or_default();
        (desired >= wanted)
            .then(|| converging::node(group, observation))
            .flatten()
    }

    /// Why no node comes, where that can be told, and what helps.
    fn refused(&self, nodes: &[Node], observation: &Observation) -> (Option<Message>, Advice) {
        let too_many = self.none || self.count.is_some_and(|count| nodes.len() > count);
        let Some(group) = self.nodegroup.as_deref().filter(|_| !too_many) else {
            let wanted = if self.none { Some(0) } else { self.count };
            return (
                None,
                advice::other_nodes(self.look(), self.nodegroup.as_deref(), wanted),
            );
        };
        if nodes.iter().any(|node| node.readiness == Readiness::Lost) {
            return (
                Some(message!("check-kubelet-silent")),
                advice::lost_node(self.look()),
            );
        }
        let wanted = self.ready.max(self.count).unwrap_or_default();
        let small = desired(group, observation).filter(|desired| *desired < wanted);
        if let Some(small) = small {
            let reason = message!("check-desired-is", nodegroup = group, size = small);
            return (Some(reason), advice::larger(group, wanted));
        }
        let fresh = launches::fresh_instance(group, observation);
        match (fresh.verdict, fresh.advice) {
            (Verdict::NotMet { observed, .. }, Some(advice)) => {
                let reason = message!("check-would-not-start", nodegroup = group, why = observed);
                (Some(reason), advice)
            }
            _ if nodes.iter().any(|node| !node.is_ready()) => {
                (None, advice::unready_node(self.look()))
            }
            _ => (None, advice::unjoined(group)),
        }
    }
}

fn desired(group: &str, observation: &Observation) -> Option<usize> {
    use super::super::observation::Seen;
    match observation.nodegroups.get(group) {
        Some(Seen::There(group)) => usize::try_from(group.desired).ok(),
        _ => None,
    }
}

/// Nodes that are too many for the group's own size go by themselves.
fn leaving(group: &str, count: Option<usize>, observation: &Observation) -> Option<Awaited> {
    (desired(group, observation) == count).then(|| {
        Awaited::new(
            message!("check-awaiting-drain", nodegroup = group),
            None,
            message!("check-typical-drain"),
        )
    })
}

/// A node that has been there for long and never became Ready does not become so by itself.
fn may_become_ready(node: &Node) -> bool {
    let young = node.age.is_none_or(|age| age < JOINS_WITHIN);
    matches!(node.readiness, Readiness::NotReady(_)) && young
}

fn listed(nodes: &[Node]) -> Message {
    let told = |node: &Node| match &node.readiness {
        Readiness::Ready => format!("{} Ready", node.name).into(),
        Readiness::NotReady(why) if why.is_empty() => format!("{} NotReady", node.name).into(),
        Readiness::NotReady(why) => format!("{} NotReady: {why}", node.name).into(),
        Readiness::Lost => message!("check-node-silent", node = &node.name),
    };
    match nodes {
        [] => message!("check-none"),
        nodes => nodes.iter().map(told).collect::<Vec<Message>>().into(),
    }
}

impl Judged for NodesExpectation {
    fn wants(&self, wanted: &mut Wanted) {
        wanted.nodes.insert(self.selected());
        if let (Some(nodegroup), false) = (&self.nodegroup, self.none) {
            wanted.launches(nodegroup);
        }
    }

    fn states(&self) -> Message {
        message!("check-there-is", nodes = self.expected())
    }

    fn look(&self) -> Message {
        message!("advice-look-at-nodes", nodes = self.what())
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        let seen = observation.nodes.get(&self.selected());
        on(seen, self.what(), |nodes| self.on(nodes, observation))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::observation::{Nodegroup, Seen};
    use super::super::testing::{good_key, group, key, launch, observed_group, said, word};
    use super::*;

    fn node(readiness: Readiness, seconds: u64) -> Node {
        Node {
            name: "n".into(),
            readiness,
            age: Some(Duration::from_secs(seconds)),
        }
    }

    fn ready() -> Node {
        node(Readiness::Ready, 60)
    }

    fn unready(seconds: u64) -> Node {
        node(
            Readiness::NotReady("cni plugin not initialized".into()),
            seconds,
        )
    }

    fn check(text: &str, nodes: &[Node], group: Nodegroup, expected: &str) -> Verdict {
        let expectation: NodesExpectation = serde_json::from_str(text).unwrap();
        let mut observation = observed_group(good_key(), group);
        observation
            .nodes
            .insert(expectation.selected(), Seen::There(nodes.to_vec()));
        let verdict = expectation.judge(&observation).verdict;
        assert_eq!(word(&verdict), expected, "{text} {nodes:?}: {verdict:?}");
        verdict
    }

    const ONE: &str = r#"{"nodegroup":"g","ready":1}"#;
    const NONE: &str = r#"{"nodegroup":"g","none":true}"#;

    fn idle() -> Nodegroup {
        Nodegroup {
            desired: 0,
            ..group("ACTIVE")
        }
    }

    #[test]
    fn nodes_are_counted_by_readiness_or_altogether() {
        check(ONE, &[ready()], idle(), "met");
        check(
            r#"{"nodegroup":"g","ready":2}"#,
            &[ready()],
            idle(),
            "not met",
        );
        check(NONE, &[], idle(), "met");
        check(NONE, &[unready(5)], idle(), "not met");
        check(
            r#"{"selector":"a=b","count":2}"#,
            &[ready(), unready(5)],
            idle(),
            "met",
        );
        check(
            r#"{"selector":"a=b","count":1}"#,
            &[ready(), unready(5)],
            idle(),
            "not met",
        );
        check(
            r#"{"selector":"a=b","ready":1,"count":1}"#,
            &[unready(5)],
            idle(),
            "not yet",
        );
    }

    #[test]
    fn a_node_that_joined_just_now_is_awaited_and_a_lost_one_is_not() {
        let verdict = check(ONE, &[unready(30)], idle(), "not yet");
        let Verdict::NotYet { since, .. } = verdict else {
            panic!()
        };
        assert_eq!(since, Some(Duration::from_secs(30)));
        check(ONE, &[unready(3600)], idle(), "not met");
        let lost = node(Readiness::Lost, 60);
        let told = said(&check(ONE, &[lost], idle(), "not met"));
        assert!(told.contains("stopped reporting"), "{told}");
    }

    #[test]
    fn a_node_whose_launch_is_on_its_way_is_awaited() {
        let active = |status: &str, seconds| Nodegroup {
            activities: Ok(vec![launch("a", status, seconds)]),
            ..group("ACTIVE")
        };
        check(ONE, &[], active("PreInService", 5), "not yet");
        check(ONE, &[], active("Successful", 60), "not yet");
        check(ONE, &[], active("Successful", 3600), "not met");
        check(ONE, &[], active("Cancelled", 60), "not yet");
        check(ONE, &[], group("UPDATING"), "not yet");
        check(
            r#"{"nodegroup":"g","ready":2}"#,
            &[ready()],
            group("UPDATING"),
            "not met",
        );
        let told = said(&check(ONE, &[], idle(), "not met"));
        assert!(told.contains("desired size of g is 0"), "{told}");
    }

    #[test]
    fn nodes_that_are_too_many_go_when_the_group_is_smaller() {
        let two = [ready(), ready()];
        check(
            r#"{"nodegroup":"g","count":1}"#,
            &two,
            group("ACTIVE"),
            "not yet",
        );
        check(r#"{"nodegroup":"g","count":1}"#, &two, idle(), "not met");
    }

    #[test]
    fn a_doomed_launch_is_told_as_the_reason() {
        let expectation: NodesExpectation = serde_json::from_str(ONE).unwrap();
        let group = Nodegroup {
            activities: Ok(vec![launch("a", "PreInService", 5)]),
            ..group("ACTIVE")
        };
        let mut observation = observed_group(key(), group);
        observation
            .nodes
            .insert(nodes_of("g"), Seen::There(Vec::new()));
        let verdict = expectation.judge(&observation).verdict;
        let Verdict::NotMet { reason, .. } = verdict else {
            panic!("{verdict:?}")
        };
        assert!(reason.unwrap().to_string().contains("would not start"));
    }
}
