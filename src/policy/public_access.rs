//! Whether a key policy is open to the world: to callers whom its author cannot know.

use super::caller::Caller;
use super::condition;
use super::decision::{PolicySource, StatementRef};
use super::document::{Condition, Effect, Element, Policy, Statement, Version};
use super::operator::{Comparison, Operator, Quantifier};
use super::pattern;
use crate::language::Message;
use crate::message;

/// A statement that lets principals of every account in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub statement: StatementRef,
    /// What it allows to whom.
    pub told: Message,
}

/// What in a key policy of `account` lets principals of every account in, if something does.
///
/// That is an `Allow` to everybody (or to everybody but some) without a condition that only known
/// callers meet, unless a `Deny` takes it back from all others.
pub fn is_public(policy: &Policy, account: &str) -> Option<Opening> {
    let numbered = policy.statements.iter().enumerate();
    let mut open = numbered.filter(|(_, statement)| is_open(statement, policy.version));
    let (index, statement) = open.find(|(_, statement)| !is_taken_back(statement, policy))?;
    let reference = StatementRef {
        source: PolicySource::KeyPolicy,
        number: index + 1,
        sid: statement.sid.clone(),
    };
    let at = reference.told();
    let told = match &statement.principal {
        Some(element) if element.negated => {
            message!("policy-open-but-some", statement = at, account = account)
        }
        _ => message!("policy-open", statement = at, account = account),
    };
    Some(Opening {
        statement: reference,
        told,
    })
}

fn is_open(statement: &Statement, version: Version) -> bool {
    statement.effect == Effect::Allow
        && statement
            .principal
            .as_ref()
            .is_some_and(|element| element.is_open())
        && statement.action.as_ref().is_some_and(concerns_kms)
        && statement.resource.is_some()
        && !statement
            .conditions
            .iter()
            .any(|condition| keeps_strangers_out(condition, version))
}

/// Whether some pattern can cover an action of KMS.
fn concerns_kms(element: &Element) -> bool {
    let of_kms = |pattern: &String| {
        pattern
            .split(':')
            .next()
            .is_some_and(|prefix| pattern::matches_action(prefix, "kms"))
    };
    element.negated || element.patterns.iter().any(of_kms)
}

fn is_taken_back(allow: &Statement, policy: &Policy) -> bool {
    let mut denies = policy
        .statements
        .iter()
        .filter(|statement| statement.effect == Effect::Deny);
    denies.any(|deny| {
        let hits_strangers = deny
            .principal
            .as_ref()
            .is_some_and(|element| element.denies(&stranger()));
        let whole_key = deny.resource.as_ref().is_some_and(|element| {
            !element.negated && element.patterns.iter().any(|pattern| pattern == "*")
        });
        hits_strangers
            && whole_key
            && covers_all_of(deny.action.as_ref(), allow.action.as_ref())
            && deny
                .conditions
                .iter()
                .all(|condition| holds_for_strangers(condition, policy.version))
    })
}

/// Somebody whom no policy knows; account ids do not begin with `stranger`.
fn stranger() -> Caller {
    Caller::user("stranger", "stranger")
}

/// Whether every action of `inner` is one of `outer`, as far as their spelling shows it.
fn covers_all_of(outer: Option<&Element>, inner: Option<&Element>) -> bool {
    let Some(outer) = outer.filter(|outer| !outer.negated) else {
        return false;
    };
    if outer
        .patterns
        .iter()
        .any(|pattern| pattern == "*" || pattern.eq_ignore_ascii_case("kms:*"))
    {
        return true;
    }
    let listed = |action: &String| {
        outer
            .patterns
            .iter()
            .any(|pattern| pattern::matches_action(pattern, action))
    };
    inner.is_some_and(|inner| !inner.negated && inner.patterns.iter().all(listed))
}

/// Whether only callers that the policy's author knows can meet the condition.
fn keeps_strangers_out(condition: &Condition, version: Version) -> bool {
    let Some(identity) = identity_key(&condition.key) else {
        return false;
    };
    let operator = &condition.operator;
    // Only these name somebody; `Null` says no more than that there is a value, and numbers are greater than others.
    let names_values = matches!(
        operator.comparison,
        Comparison::String
            | Comparison::StringIgnoreCase
            | Comparison::StringLike
            | Comparison::Arn
            | Comparison::IpAddress
            | Comparison::Bool
    );
    let needs_the_key = !operator.if_exists && operator.quantifier != Some(Quantifier::AllValues);
    !operator.negated
        && names_values
        && (needs_the_key || identity.always_present)
        && condition
            .values
            .iter()
            .all(|value| names_known(identity.kind, operator, value, version))
}

/// Whether a condition of a `Deny` is met by every stranger.
fn holds_for_strangers(condition: &Condition, version: Version) -> bool {
    let Some(identity) = identity_key(&condition.key) else {
        return false;
    };
    let operator = &condition.operator;
    if identity.kind == Known::AwsService && operator.comparison == Comparison::Bool {
        return condition
            .values
            .iter()
            .any(|value| condition::boolean(value) == Some(false));
    }
    operator.negated
        && operator.quantifier.is_none()
        && condition
            .values
            .iter()
            .all(|value| names_known(identity.kind, operator, value, version))
}

/// What the values of a context key say about the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Account,
    Arn,
    Organization,
    UserId,
    Service,
    AwsService,
    Address,
    Network,
}

/// A context key that a stranger cannot choose.
struct IdentityKey {
    name: &'static str,
    kind: Known,
    /// Whether every request of a stranger has it, so that `…IfExists` and `ForAllValues` do no harm.
    always_present: bool,
}

const IDENTITY_KEYS: &[IdentityKey] = &[
    IdentityKey {
        name: "kms:CallerAccount",
        kind: Known::Account,
        always_present: true,
    },
    IdentityKey {
        name: "aws:PrincipalAccount",
        kind: Known::Account,
        always_present: true,
    },
    IdentityKey {
        name: "aws:PrincipalArn",
        kind: Known::Arn,
        always_present: true,
    },
    IdentityKey {
        name: "aws:SourceAccount",
        kind: Known::Account,
        always_present: false,
    },
    IdentityKey {
        name: "aws:SourceArn",
        kind: Known::Arn,
        always_present: false,
    },
    IdentityKey {
        name: "aws:SourceOwner",
        kind: Known::Account,
        always_present: false,
    },
    IdentityKey {
        name: "aws:PrincipalOrgID",
        kind: Known::Organization,
        always_present: false,
    },
    IdentityKey {
        name: "aws:PrincipalOrgPaths",
        kind: Known::Organization,
        always_present: false,
    },
    IdentityKey {
        name: "aws:SourceOrgID",
        kind: Known::Organization,
        always_present: false,
    },
    IdentityKey {
        name: "aws:SourceOrgPaths",
        kind: Known::Organization,
        always_present: false,
    },
    IdentityKey {
        name: "aws:userid",
        kind: Known::UserId,
        always_present: false,
    },
    IdentityKey {
        name: "aws:PrincipalServiceName",
        kind: Known::Service,
        always_present: false,
    },
    IdentityKey {
        name: "aws:PrincipalIsAWSService",
        kind: Known::AwsService,
        always_present: true,
    },
    IdentityKey {
        name: "aws:SourceIp",
        kind: Known::Address,
        always_present: false,
    },
    IdentityKey {
        name: "aws:SourceVpc",
        kind: Known::Network,
        always_present: false,
    },
    IdentityKey {
        name: "aws:SourceVpce",
        kind: Known::Network,
        always_present: false,
    },
];

fn identity_key(key: &str) -> Option<&'static IdentityKey> {
    IDENTITY_KEYS
        .iter()
        .find(|known| known.name.eq_ignore_ascii_case(key))
}

/// Whether a value stands for callers of named accounts only. A variable does not: it takes its value
/// from the very request that is to be judged. The one exception is the key's own account.
fn names_known(kind: Known, operator: &Operator, value: &str, version: Version) -> bool {
    if version == Version::V2012 && value.contains("${") {
        return kind == Known::Account && value.eq_ignore_ascii_case("${aws:ResourceAccount}");
    }
    let has_wildcards = matches!(
        operator.comparison,
        Comparison::StringLike | Comparison::Arn
    );
    let fixed = |text: &str| !(text.is_empty() || has_wildcards && text.contains(['*', '?']));
    match kind {
        Known::Account | Known::Network | Known::Service => fixed(value),
        Known::Arn => has_fixed_account(value, operator.comparison),
        Known::Organization => {
            value.starts_with("o-") && value.split('/').next().is_some_and(fixed)
        }
        Known::UserId => value.split(':').next().is_some_and(fixed),
        Known::AwsService => condition::boolean(value) == Some(true),
        Known::Address => operator.comparison == Comparison::IpAddress && !value.ends_with("/0"),
    }
}

/// Whether an ARN pattern fixes the account. In `StringLike` a wildcard reaches across colons, so there
/// nothing before the account may have one.
fn has_fixed_account(pattern: &str, comparison: Comparison) -> bool {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let [before @ .., account, _] = parts.as_slice() else {
        return false;
    };
    let fixed = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
    let spilling =
        comparison == Comparison::StringLike && before.iter().any(|part| part.contains(['*', '?']));
    before.len() == 4 && fixed && !spilling
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const A: &str = "111122223333";

    fn check_policy(version: &str, statements: Value, expected: bool) {
        let text = json!({"Version": version, "Statement": statements}).to_string();
        let policy = Policy::parse(&text).expect("a valid policy");
        assert_eq!(is_public(&policy, A).is_some(), expected, "{text}");
    }

    fn allow_when(condition: Value) -> Value {
        json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*", "Condition": condition})
    }

    fn check(condition: Value, expected: bool) {
        check_policy("2012-10-17", json!([allow_when(condition)]), expected);
    }

    #[test]
    fn conditions_that_only_known_callers_meet_limit_a_statement() {
        for condition in [
            json!({"StringEquals": {"kms:CallerAccount": A}}),
            json!({"StringEqualsIfExists": {"aws:PrincipalAccount": [A, "444455556666"]}}),
            json!({"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}}),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}),
            json!({"StringLike": {"aws:principalarn": "arn:aws:iam::111122223333:*"}}),
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}}),
            json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc123/*"}}),
            json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
            json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}),
        ] {
            check(condition, false);
        }
    }

    #[test]
    fn conditions_that_strangers_can_meet_do_not() {
        for condition in [
            json!({}),
            json!({"StringEquals": {"kms:ViaService": "ec2.us-west-2.amazonaws.com"}}),
            json!({"Bool": {"kms:GrantIsForAWSResource": "true"}}),
            json!({"StringLike": {"kms:CallerAccount": "*"}}),
            json!({"StringNotEquals": {"kms:CallerAccount": "444455556666"}}),
            json!({"StringEquals": {"kms:CallerAccount": "${aws:PrincipalAccount}"}}),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Builder"}}),
            json!({"StringLike": {"aws:PrincipalArn": "*111122223333*"}}),
            json!({"StringEqualsIfExists": {"aws:SourceAccount": A}}),
            json!({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-abc123"}}),
            json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}}),
            json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/0"]}}),
            json!({"Null": {"aws:PrincipalOrgID": "true"}}),
            json!({"Null": {"aws:SourceVpce": "true"}}),
            json!({"Null": {"kms:CallerAccount": "false"}}),
            json!({"NumericGreaterThan": {"kms:CallerAccount": "1"}}),
            json!({"StringEquals": {"aws:PrincipalTag/team": "blue"}}),
        ] {
            check(condition, true);
        }
    }

    #[test]
    fn only_an_effective_allow_to_everybody_is_public() {
        let open = allow_when(json!({}));
        let changed = |element: &str, value: Value| {
            let mut statement = open.clone();
            statement[element] = value;
            json!([statement])
        };
        check_policy("2012-10-17", changed("Principal", json!("*")), true);
        check_policy(
            "2012-10-17",
            changed("Principal", json!({"AWS": [A, "*"]})),
            true,
        );
        check_policy(
            "2012-10-17",
            changed("Principal", json!({"AWS": "444455556666"})),
            false,
        );
        check_policy(
            "2012-10-17",
            changed("Principal", json!({"Service": "ec2.amazonaws.com"})),
            false,
        );
        check_policy("2012-10-17", changed("Effect", json!("Deny")), false);
        check_policy("2012-10-17", changed("Action", json!("s3:*")), false);
        check_policy("2012-10-17", changed("Action", json!("*")), true);
        check_policy("2012-10-17", changed("Resource", json!([])), false);
    }

    #[test]
    fn an_allow_to_everybody_but_some_is_public() {
        let statement = json!({"Effect": "Allow", "NotPrincipal": {"AWS": A}, "Action": "kms:*", "Resource": "*"});
        check_policy("2012-10-17", json!(statement), true);
    }

    #[test]
    fn a_deny_to_all_strangers_takes_an_open_allow_back() {
        let deny = |action: &str, condition: Value| {
            let statement = json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*", "Condition": condition});
            json!([allow_when(json!({})), statement])
        };
        let others = json!({"StringNotEquals": {"kms:CallerAccount": A}});
        check_policy("2012-10-17", deny("kms:*", others.clone()), false);
        check_policy("2012-10-17", deny("kms:Dec*", others.clone()), false);
        check_policy("2012-10-17", deny("kms:Encrypt", others), true);
        check_policy(
            "2012-10-17",
            deny(
                "kms:*",
                json!({"StringEquals": {"kms:CallerAccount": "444455556666"}}),
            ),
            true,
        );
        check_policy(
            "2012-10-17",
            deny(
                "kms:*",
                json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}),
            ),
            true,
        );
        let outsiders = json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-abc123"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}});
        check_policy("2012-10-17", deny("kms:*", outsiders), false);
    }
}
