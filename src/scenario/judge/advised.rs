//! A table of advice: one row per reason for which a check is not met.

use serde_json::{Value, json};

use super::super::Predicate;
use super::super::observation::{
    Activity, Key, Launches, Node, Nodegroup, Observation, Readiness, Seen, Volume, nodes_of,
};
use super::judge;
use super::testing::{
    ACCOUNT, KEY, encrypted, good_key, group, key, launch, observed, observed_group, policy,
};
use crate::language::Language;
use crate::outcome::Advice;
use crate::policy::launch::autoscaling_role_arn;
use crate::policy::{Grant, GrantConstraints};

/// `look` and `how` are parts of what is advised.
#[track_caller]
fn check(predicate: Value, observation: &Observation, look: &str, how: &str) {
    let advice = advised(&predicate, observation, Language::English);
    assert!(
        advice.look.contains(look),
        "{predicate}: {look:?} is missing in {advice:#?}"
    );
    assert!(
        advice.how.contains(how),
        "{predicate}: {how:?} is missing in {advice:#?}"
    );
    let japanese = advised(&predicate, observation, Language::Japanese);
    assert!(
        japanese.look.ends_with(['。', '？', '！']) && japanese.how.ends_with('。'),
        "{japanese:#?}"
    );
}

#[track_caller]
fn advised(predicate: &Value, observation: &Observation, language: Language) -> Advice {
    let parsed: Predicate = serde_json::from_value(predicate.clone()).unwrap();
    let judged = judge(&parsed, observation);
    let advice = judged.advice.as_ref();
    let advice = advice.unwrap_or_else(|| panic!("{predicate}: no advice for {judged:?}"));
    advice.to(language)
}

fn allows() -> Value {
    json!({"key_allows": {"key": "k", "principal": "autoscaling"}})
}

fn healthy() -> Value {
    json!({"nodegroup": {"nodegroup": "g", "status": "ACTIVE", "issue": "none"}})
}

fn ready() -> Value {
    json!({"nodes": {"nodegroup": "g", "ready": 1}})
}

fn encrypted_with() -> Value {
    json!({"volume_encrypted_with": {"nodegroup": "g", "key": KEY}})
}

fn starts() -> Value {
    json!({"launch_would_succeed": {"nodegroup": "g"}})
}

/// A key with these statements besides the root's.
fn stating(statements: &[Value]) -> Key {
    let texts: Vec<String> = statements.iter().map(Value::to_string).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    Key {
        policy: Ok(policy(&texts)),
        ..key()
    }
}

fn statement(principal: Value, action: Value, condition: Option<Value>) -> Value {
    let mut statement = json!({"Sid": "It", "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"});
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    statement
}

fn role() -> Value {
    json!({"AWS": autoscaling_role_arn(ACCOUNT)})
}

fn granting(operations: &[&str], constraints: GrantConstraints) -> Key {
    let grant = Grant {
        id: "g1".into(),
        grantee: autoscaling_role_arn(ACCOUNT),
        operations: operations.iter().map(|name| (*name).to_owned()).collect(),
        constraints,
        ..Grant::default()
    };
    Key {
        grants: Ok(vec![grant]),
        ..key()
    }
}

#[test]
fn a_key_in_the_wrong_state() {
    for (state, how) in [
        ("Disabled", "Enable the key"),
        ("PendingDeletion", "has to be enabled, too"),
        ("PendingImport", "import it"),
        ("Unavailable", "connect it"),
        ("Odd", "has to become Enabled"),
    ] {
        let seen = observed(Key {
            state: state.into(),
            ..good_key()
        });
        let is = |state: &str| json!({"key_state": {"key": "k", "is": state}});
        check(allows(), &seen, "the key k: its state", how);
        check(is("Enabled"), &seen, "the key k: its state", how);
    }
    let is_disabled = json!({"key_state": {"key": "k", "is": "Disabled"}});
    check(is_disabled, &observed(key()), "its state", "Disabled");
}

#[test]
fn a_key_policy_that_refuses() {
    let needed = "kms:GenerateDataKeyWithoutPlaintext, kms:Decrypt, kms:CreateGrant";
    let star = json!("kms:*");
    let when = |condition| Some(condition);
    let service = json!({"Service": "autoscaling.amazonaws.com"});
    let node_role = json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:role/node")});
    let mut alias = statement(role(), star.clone(), None);
    alias["Resource"] = json!("arn:aws:kms:us-west-2:123456789012:alias/mine");
    let mut no_resource = statement(role(), star.clone(), None);
    no_resource.as_object_mut().unwrap().remove("Resource");
    let rows: Vec<(Vec<Value>, &str, String)> = vec![
        (
            vec![],
            "policy and the grants of the key k",
            format!("AWSServiceRoleForAutoScaling {needed}"),
        ),
        (
            vec![statement(role(), json!(["kms:Decrypt"]), None)],
            "grants",
            "kms:GenerateDataKeyWithoutPlaintext, kms:CreateGrant have to be allowed, too".into(),
        ),
        (
            vec![statement(
                role(),
                star.clone(),
                when(json!({"Bool": {"kms:GrantIsForAWSResource": "true"}})),
            )],
            "grants",
            "only for requests about grants: kms:GenerateDataKeyWithoutPlaintext, kms:Decrypt need"
                .into(),
        ),
        (
            vec![statement(
                json!("*"),
                star.clone(),
                when(
                    json!({"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com", "kms:CallerAccount": ACCOUNT}}),
                ),
            )],
            "grants",
            "kms:ViaService of statement 2 (Sid \"It\") has to admit ec2.us-west-2.amazonaws.com"
                .into(),
        ),
        (
            vec![statement(
                role(),
                star.clone(),
                when(json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})),
            )],
            "grants",
            "carry no aws:SourceIp".into(),
        ),
        (
            vec![statement(service, star.clone(), None)],
            "grants",
            "nobody calls as that service".into(),
        ),
        (
            vec![statement(node_role, star.clone(), None)],
            "grants",
            "is for arn:aws:iam::123456789012:role/node, but the calls come as".into(),
        ),
        (vec![alias], "grants", "an alias is none".into()),
        (vec![no_resource], "grants", "the element Resource".into()),
        (
            vec![
                statement(role(), star.clone(), None),
                json!({"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": ["kms:Decrypt", "kms:CreateGrant"], "Resource": "*"}),
            ],
            "Look at the policy of the key k",
            "statement 3 (Sid \"No\") denies kms:Decrypt, kms:CreateGrant. No Allow and no grant"
                .into(),
        ),
    ];
    for (statements, look, how) in rows {
        check(allows(), &observed(stating(&statements)), look, &how);
        let launches = observed_group(stating(&statements), group("DEGRADED"));
        let look = look.replace("the key k", &format!("the key {KEY}"));
        check(starts(), &launches, &look, &how);
    }
}

#[test]
fn a_grant_that_is_not_enough() {
    let free = GrantConstraints::default();
    let one_volume = GrantConstraints {
        constraint_subset: Some([("aws:ebs:id".to_owned(), "vol-1".to_owned())].into()),
        ..GrantConstraints::default()
    };
    for (operations, constraints, how) in [
        (
            vec!["Decrypt", "GenerateDataKeyWithoutPlaintext"],
            free.clone(),
            "The grant g1 cannot be changed",
        ),
        (
            vec!["GenerateDataKeyWithoutPlaintext", "CreateGrant"],
            free,
            "by one that lists Decrypt as well",
        ),
        (
            vec!["Decrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant"],
            one_volume,
            "without that constraint",
        ),
    ] {
        let seen = observed(granting(&operations, constraints));
        check(allows(), &seen, "grants of the key k", how);
    }
}

#[test]
fn a_key_policy_that_is_open_or_locks_out() {
    let public = json!({"policy_not_public": {"key": "k"}});
    let open = stating(&[statement(json!("*"), json!("kms:*"), None)]);
    check(
        public,
        &observed(open),
        "policy of the key k",
        "statement 2 (Sid \"It\") lets everybody in",
    );
    let keeps = |principal: &str| json!({"principal_keeps": {"key": "k", "principal": principal, "actions": ["kms:PutKeyPolicy"]}});
    let admin = format!("arn:aws:iam::{ACCOUNT}:role/Admin");
    let deny = json!({"Effect": "Deny", "Principal": {"AWS": admin}, "Action": "kms:Put*", "Resource": "*"});
    check(
        keeps(&admin),
        &observed(stating(&[deny])),
        "policy of the key k",
        "it has to spare arn:aws:iam::123456789012:role/Admin",
    );
    let stranger = "arn:aws:iam::999999999999:root";
    check(
        keeps(stranger),
        &observed(key()),
        "policy of the key k",
        "kms:PutKeyPolicy",
    );
}

#[test]
fn what_is_launched_is_wrong() {
    let template = "launch template version that the node group g uses";
    let launching = |launches: Launches| {
        let group = Nodegroup {
            launches: Ok(launches),
            ..group("DEGRADED")
        };
        observed_group(good_key(), group)
    };
    let with = |root: Option<Volume>| {
        launching(Launches {
            root_volume: root,
            ..Launches::default()
        })
    };
    let other = "arn:aws:kms:us-west-2:123456789012:key/other";
    let named = format!("has to name the key {KEY}");
    for root in [
        None,
        Some(Volume::default()),
        Some(encrypted(None)),
        Some(encrypted(Some(other))),
    ] {
        let mut seen = with(root);
        seen.keys.insert("alias/aws/ebs".into(), Seen::Gone);
        check(encrypted_with(), &seen, template, &named);
    }
    let mut gone = with(Some(encrypted(Some(other))));
    gone.keys.insert("other".into(), Seen::Gone);
    check(starts(), &gone, template, "a key that exists");
    let elsewhere = "arn:aws:kms:eu-west-1:123456789012:key/k";
    check(
        starts(),
        &with(Some(encrypted(Some(elsewhere)))),
        template,
        "own region",
    );
    let signing = Key {
        encrypts_volumes: false,
        ..good_key()
    };
    let signing = observed_group(signing, group("DEGRADED"));
    check(starts(), &signing, template, "symmetric encryption key");
    let suspended = launching(Launches {
        suspended: Some("User suspended at …".into()),
        ..Launches::default()
    });
    check(starts(), &suspended, "suspended processes", "resume it");
    let nothing = Observation {
        keys: [("k".to_owned(), Seen::Gone)].into(),
        ..observed(key())
    };
    check(allows(), &nothing, "Look for key k", "begin anew");
}

fn with_activities(activities: Vec<Activity>, group: Nodegroup) -> Nodegroup {
    Nodegroup {
        activities: Ok(activities),
        ..group
    }
}

#[test]
fn a_node_group_that_is_not_as_it_should_be() {
    let issue = |code: &str, key: Key| {
        let group = Nodegroup {
            issues: vec![(code.to_owned(), "why".to_owned())],
            ..group("DEGRADED")
        };
        observed_group(key, group)
    };
    let failures = "AsgInstanceLaunchFailures";
    let look = "its status and its health issues";
    check(healthy(), &issue(failures, key()), look, "has to allow");
    check(
        healthy(),
        &issue("AccessDenied", good_key()),
        look,
        "names its cause",
    );
    let failed = observed_group(good_key(), group("CREATE_FAILED"));
    check(healthy(), &failed, look, "does not come back");
    // The cause is gone, and Auto Scaling has not tried again: that is awaited, and can be hurried.
    let mut retry = issue(failures, good_key());
    if let Some(Seen::There(group)) = retry.nodegroups.get_mut("g") {
        group.activities = Ok(vec![launch("a", "Cancelled", 60)]);
    }
    check(
        healthy(),
        &retry,
        "scaling activities",
        "to 0 and back to 1",
    );

    let active = || observed_group(good_key(), group("ACTIVE"));
    let sized = |field: &str| json!({"nodegroup": {"nodegroup": "g", field: 5}});
    check(
        sized("desired"),
        &active(),
        "scaling configuration",
        "desired size 5",
    );
    check(
        sized("min"),
        &active(),
        "scaling configuration",
        "minimum size 5",
    );
    check(
        sized("max"),
        &active(),
        "scaling configuration",
        "maximum size 5",
    );
    let version = json!({"nodegroup": {"nodegroup": "g", "template_version": "2"}});
    check(version, &active(), "launch template", "to version 2");
    let degraded = json!({"nodegroup": {"nodegroup": "g", "status": "DEGRADED"}});
    check(degraded, &active(), look, "a repair makes it go");
}

#[test]
fn nodes_that_do_not_come_or_do_not_go() {
    let with = |key: Key, nodes: Vec<Node>, group: Nodegroup| {
        let mut seen = observed_group(key, group);
        seen.nodes.insert(nodes_of("g"), Seen::There(nodes));
        seen
    };
    let node = |readiness| Node {
        name: "n".into(),
        readiness,
        age: Some(std::time::Duration::from_secs(7200)),
    };
    let empty = Nodegroup {
        desired: 0,
        ..group("ACTIVE")
    };
    check(
        ready(),
        &with(good_key(), vec![], empty.clone()),
        "scaling configuration",
        "desired size of g to at least 1",
    );
    check(
        ready(),
        &with(key(), vec![], group("DEGRADED")),
        "grants of the key",
        "has to allow",
    );
    let lost = vec![node(Readiness::Lost)];
    let joined = with_activities(vec![launch("a", "Successful", 7200)], group("ACTIVE"));
    check(
        ready(),
        &with(good_key(), lost, joined.clone()),
        "nodes of g",
        "kubelet has stopped",
    );
    let unready = vec![node(Readiness::NotReady("cni".into()))];
    check(
        ready(),
        &with(good_key(), unready, joined.clone()),
        "their conditions",
        "stands in its conditions",
    );
    check(
        ready(),
        &with(good_key(), vec![], joined),
        "scaling activities",
        "none joins",
    );
    let none = json!({"nodes": {"nodegroup": "g", "none": true}});
    let one = vec![node(Readiness::Ready)];
    check(
        none,
        &with(good_key(), one.clone(), group("ACTIVE")),
        "nodes of g",
        "desired size to 0",
    );
    let selected = json!({"nodes": {"selector": "a=b", "ready": 1}});
    let mut seen = observed(key());
    seen.nodes.insert("a=b".into(), Seen::There(vec![]));
    check(selected, &seen, "nodes with a=b", "by their labels");
}

#[test]
fn launches_that_do_not_happen_and_combinations() {
    let launched = |status: &str| json!({"scaling_activity": {"nodegroup": "g", "status": status}});
    let idle = Nodegroup {
        desired: 0,
        ..group("ACTIVE")
    };
    check(
        launched("Successful"),
        &observed_group(good_key(), idle),
        "scaling configuration",
        "at least 1",
    );
    let broken = observed_group(key(), group("DEGRADED"));
    check(launched("Successful"), &broken, "grants", "has to allow");
    check(
        launched("Cancelled"),
        &broken,
        "scaling activities",
        "a repair makes it go",
    );
    check(
        json!({"all": [starts(), launched("Cancelled")]}),
        &broken,
        "grants",
        "has to allow",
    );
    check(
        json!({"any": [launched("Cancelled"), starts()]}),
        &broken,
        "scaling activities",
        "a repair",
    );
    let fine = observed(good_key());
    check(
        json!({"not": allows()}),
        &fine,
        "grants of the key k",
        "has to stop being so: autoscaling may use the key k",
    );
}
