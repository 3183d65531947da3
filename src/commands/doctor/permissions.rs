//! What the documented policy allows, as questions about a principal.

use serde_json::Value;

use crate::cloud::probe::Question;

/// The policy that `docs/real-account.md` tells to give.
const POLICY: &str = include_str!("../../../docs/real-account-policy.json");
/// Condition operators that ask for a value which a request of breakfix's carries.
const WANTS: [&str; 2] = ["StringEquals", "NumericGreaterThanEquals"];
/// Statements that a scenario needs only where it makes roles, or where no node group was ever made.
const RARELY_NEEDED: [&str; 3] = ["OwnNodeRole", "OwnNodeRoleAccess", "ServiceLinkedRoles"];

/// A question for each statement and kind of resource. `role` is the ARN of the node role that is passed on; without
/// one, nothing is asked about that.
pub(super) fn questions(
    account: &str,
    region: &str,
    cluster: &str,
    role: Option<&str>,
) -> Vec<Question> {
    let role = role.and_then(|role| role.rsplit('/').next());
    let policy = POLICY
        .replace("ACCOUNT", account)
        .replace("REGION", region)
        .replace("CLUSTER", cluster)
        .replace("NODE_ROLE", role.unwrap_or("NODE_ROLE"));
    let policy: Value = serde_json::from_str(&policy).unwrap_or_default();
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let mut questions = Vec::new();
    for statement in statements {
        let id = statement["Sid"].as_str().unwrap_or_default();
        if statement["Effect"] != "Allow" || RARELY_NEEDED.contains(&id) {
            continue;
        }
        for resource in texts(&statement["Resource"]) {
            let is_unknown = resource.contains("NODE_ROLE") || resource.contains("breakfix-node-");
            let actions: Vec<String> = texts(&statement["Action"])
                .into_iter()
                .filter(|action| concerns(action, &resource))
                .collect();
            if !is_unknown && !actions.is_empty() {
                questions.push(Question {
                    actions,
                    resource: example(&resource),
                    context: context(&statement["Condition"], region),
                });
            }
        }
    }
    questions
}

fn texts(value: &Value) -> Vec<String> {
    let one = value.as_str().map(str::to_owned);
    let several = value.as_array().into_iter().flatten();
    one.into_iter()
        .chain(several.filter_map(|text| text.as_str().map(str::to_owned)))
        .collect()
}

/// Of statements with several resources: which one an action is about.
fn concerns(action: &str, resource: &str) -> bool {
    match action {
        "eks:CreateNodegroup" => resource.contains(":cluster/"),
        "eks:TagResource" => resource.contains(":nodegroup/"),
        _ => true,
    }
}

/// A resource that matches the pattern, and whatever narrower one somebody may have written in its place.
fn example(resource: &str) -> String {
    match resource {
        "*" => resource.to_owned(),
        _ => resource
            .replace(":*/*", ":launch-template/*")
            .replace('*', "breakfix"),
    }
}

/// What a request carries that meets the condition; the region in any case.
fn context(condition: &Value, region: &str) -> Vec<(String, Vec<String>)> {
    let mut context = vec![("aws:RequestedRegion".to_owned(), vec![region.to_owned()])];
    for operator in WANTS {
        let wanted = condition[operator].as_object().into_iter().flatten();
        for (key, values) in wanted.filter(|(key, _)| *key != "aws:RequestedRegion") {
            context.push((key.clone(), texts(values).into_iter().take(1).collect()));
        }
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_policy_becomes_questions() {
        let questions = questions(
            "111122223333",
            "us-west-2",
            "training",
            Some("arn:aws:iam::111122223333:role/x/nodes"),
        );
        let about = |action: &str| {
            questions
                .iter()
                .find(|question| question.actions.iter().any(|known| known == action))
                .unwrap()
        };
        assert_eq!(
            about("eks:CreateNodegroup").resource,
            "arn:aws:eks:us-west-2:111122223333:cluster/training"
        );
        assert_eq!(
            about("iam:PassRole").resource,
            "arn:aws:iam::111122223333:role/nodes"
        );
        assert!(about("kms:ScheduleKeyDeletion").context.contains(&(
            "kms:ScheduleKeyDeletionPendingWindowInDays".to_owned(),
            vec!["7".to_owned()]
        )));
        assert!(
            questions
                .iter()
                .all(|question| question.resource == "*" || !question.resource.contains('*'))
        );
        assert!(
            !questions
                .iter()
                .any(|question| question.actions.contains(&"iam:CreateRole".to_owned()))
        );
    }
}
