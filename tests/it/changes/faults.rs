//! Calls whose answers are lost, late or refused: what was made is made once, and what cannot be told is said so.

use std::sync::{Arc, Mutex};

use breakfix::cloud::aws::Endpoint;
use breakfix::cloud::kubernetes::Access;
use breakfix::cloud::{Cloud, CloudError};
use breakfix::scenario::Change;
use serde_json::json;

use super::super::trouble::{Fault, between};
use super::{CLUSTER, Ground, change, key, kinds, mark, nodegroup, role, template};

/// The next so many requests that contain the text, once the rules before it are used up.
struct Rule {
    text: &'static str,
    times: usize,
    fault: Fault,
}

type Rules = Arc<Mutex<Vec<Rule>>>;

/// A ground whose AWS calls pass through somebody who makes trouble.
struct Trouble {
    ground: Ground,
    cloud: Cloud,
    rules: Rules,
}

impl Trouble {
    fn new() -> Trouble {
        let ground = Ground::new();
        let rules = Rules::default();
        let judged = Arc::clone(&rules);
        let url = between(ground.simulator.aws_url(), move |request| {
            befalls(&judged, request)
        });
        let key = ground.simulator.operator_key();
        let endpoint = Endpoint::Simulator {
            url,
            access_key: key.id,
            secret_key: key.secret,
        };
        let names = ("123456789012", "us-west-2", CLUSTER);
        let kubernetes = Access::Kubeconfig(ground.simulator.operator_kubeconfig());
        let pause = Arc::clone(&ground.cloud.pause);
        let cloud = Cloud::connect(endpoint, names, kubernetes, pause);
        let cloud = ground.run(cloud).unwrap();
        Trouble {
            ground,
            cloud,
            rules,
        }
    }

    fn next(&self, times: usize, text: &'static str, fault: Fault) {
        self.rules.lock().unwrap().push(Rule { text, times, fault });
    }

    /// Everything that was to go wrong did.
    #[track_caller]
    fn is_over(&self) {
        let rules = self.rules.lock().unwrap();
        let waiting: Vec<&str> = rules.iter().map(|rule| rule.text).collect();
        assert_eq!(waiting, Vec::<&str>::new());
    }

    /// Makes a change whose first answers to `text` are lost; there is one thing more of its kind then.
    #[track_caller]
    fn survives_lost_answers(&self, change: &Change, number: usize, text: &'static str) -> String {
        let before = self.ground.left().len();
        self.next(1, text, Fault::Lost);
        let made = self.ground.run(self.cloud.apply(change, &mark(number)));
        let made = made.unwrap_or_else(|error| panic!("{change}: {error}"));
        self.is_over();
        let left = self.ground.left();
        assert_eq!(left.len(), before + 1, "{change}: {left:?}");
        made.get("id").cloned().unwrap_or_default()
    }

    fn refusal(&self, change: &Change) -> CloudError {
        self.ground
            .run(self.cloud.apply(change, &mark(1)))
            .unwrap_err()
    }
}

fn befalls(rules: &Rules, request: &str) -> Option<Fault> {
    let mut rules = rules.lock().unwrap();
    let rule = rules
        .first_mut()
        .filter(|rule| request.contains(rule.text))?;
    let fault = rule.fault.clone();
    rule.times -= 1;
    if rule.times == 0 {
        rules.remove(0);
    }
    Some(fault)
}

/// How KMS words an error.
fn kms_error(status: u16, code: &str) -> Fault {
    let body = json!({"__type": code, "message": "why"}).to_string();
    Fault::Answered(status, "application/x-amz-json-1.1", body)
}

#[test]
fn a_lost_answer_makes_nothing_twice() {
    let trouble = Trouble::new();
    let id = trouble.survives_lost_answers(&key(), 1, "TrentService.CreateKey");
    let alias = change(json!({"kms_alias": {"name": "alias/lab", "key": id}}));
    trouble.survives_lost_answers(&alias, 2, "TrentService.CreateAlias");
    let workers = template("workers");
    let id = trouble.survives_lost_answers(&workers, 3, "Action=CreateLaunchTemplate&");
    trouble.survives_lost_answers(&role(), 4, "Action=CreateRole&");
    let group = nodegroup("workers", &id, 0);
    trouble.survives_lost_answers(&group, 5, "POST /clusters/eks-workshop/node-groups");
    let version = change(json!({"launch_template_version": {
        "id": "second", "template": id, "volume": {"size": 30, "type": "gp3", "encrypted": false},
    }}));
    trouble.next(1, "Action=CreateLaunchTemplateVersion&", Fault::Lost);
    let made = trouble
        .ground
        .run(trouble.cloud.apply(&version, &mark(6)))
        .unwrap();
    assert_eq!(made["version"], "2");
    trouble.is_over();
}

#[test]
fn a_key_whose_answer_never_comes_is_found_when_it_is_taken_back() {
    let trouble = Trouble::new();
    trouble.next(1, "TrentService.CreateKey", Fault::Lost);
    // The search that follows fails as well, and so the change does.
    let denied = kms_error(400, "AccessDeniedException");
    trouble.next(1, "TrentService.ListKeys", denied);
    let error = trouble.refusal(&key());
    assert!(matches!(error, CloudError::Denied(_)), "{error:?}");
    trouble.is_over();
    let left = trouble.ground.left();
    assert_eq!(kinds(&left), ["KMS key"]);
    trouble.ground.revert(&key(), 1, None);
    assert_eq!(trouble.ground.key_state(&left[0].id), "PendingDeletion");
    trouble.ground.nothing_left();
}

#[test]
fn a_service_that_has_not_heard_of_what_is_new_is_asked_again() {
    let trouble = Trouble::new();
    let made = trouble.ground.run(trouble.cloud.apply(&key(), &mark(1)));
    let id = made.unwrap()["id"].clone();
    let alias = |key: &str| change(json!({"kms_alias": {"name": "alias/lab", "key": key}}));
    trouble.next(
        3,
        "TrentService.CreateAlias",
        kms_error(400, "NotFoundException"),
    );
    let made = trouble
        .ground
        .run(trouble.cloud.apply(&alias(&id), &mark(2)));
    made.unwrap();
    trouble.is_over();
    // Of what is not new, a refusal is taken at its word.
    let refused = trouble.ground.run(
        trouble
            .cloud
            .apply(&alias("11111111-1111-1111-1111-111111111111"), &mark(3)),
    );
    assert_eq!(refused.unwrap_err(), CloudError::Taken(
        "KMS alias alias/lab: the name alias/lab is taken by another key's alias: delete it, or choose another name".to_owned(),
    ));
}

#[test]
fn throttling_is_borne_and_told_when_it_does_not_end() {
    let trouble = Trouble::new();
    let throttled = kms_error(400, "ThrottlingException");
    trouble.next(2, "TrentService.ListKeys", throttled.clone());
    trouble.next(2, "TrentService.CreateKey", throttled.clone());
    let made = trouble.ground.run(trouble.cloud.apply(&key(), &mark(1)));
    made.unwrap();
    trouble.is_over();
    trouble.next(100, "TrentService.CreateKey", throttled);
    let error = trouble
        .ground
        .run(trouble.cloud.apply(&key(), &mark(2)))
        .unwrap_err();
    assert!(matches!(error, CloudError::Throttled(_)), "{error:?}");
}

#[test]
fn who_may_not_look_cannot_tell_what_is_left() {
    let trouble = Trouble::new();
    trouble.ground.key();
    let denied = kms_error(400, "AccessDeniedException");
    trouble.next(100, "TrentService.ListResourceTags", denied);
    let left = trouble.ground.run(trouble.cloud.left_of(super::SESSION));
    assert!(matches!(left, Err(CloudError::Denied(_))), "{left:?}");
    trouble.rules.lock().unwrap().clear();
    let expired = kms_error(400, "ExpiredTokenException");
    trouble.next(100, "TrentService.ListKeys", expired);
    let left = trouble.ground.run(trouble.cloud.left_of(super::SESSION));
    assert!(matches!(left, Err(CloudError::Expired(_))), "{left:?}");
}
