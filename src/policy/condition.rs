//! Conditions: whether one operator on one key holds in a context, and what to say when it does not.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::context::Context;
use super::decision::FailedCondition;
use super::document::{Condition, Version};
use super::operator::{Comparison, Operator, Order, Quantifier};
use super::pattern::{self, Token};
use crate::language::Message;
use crate::message;

/// Whether `condition` holds. Values of one key are alternatives; negated operators want none of them.
///
/// A value whose policy variable cannot be resolved matches nothing, and makes a negated operator fail.
pub(super) fn holds(condition: &Condition, version: Version, context: &Context) -> bool {
    let present = context.values(&condition.key);
    if condition.operator.comparison == Comparison::Null {
        return condition
            .values
            .iter()
            .any(|value| boolean(value) == Some(present.is_empty()));
    }
    if present.is_empty() {
        return holds_without_key(&condition.operator);
    }
    let wanted: Vec<Option<Vec<Token>>> = condition
        .values
        .iter()
        .map(|value| expanded(condition.operator.comparison, value, version, context))
        .collect();
    let passes = |value: &String| passes(&condition.operator, &wanted, value);
    match (condition.operator.quantifier, condition.operator.negated) {
        (Some(Quantifier::AnyValue), _) | (None, false) => present.iter().any(passes),
        (Some(Quantifier::AllValues), _) | (None, true) => present.iter().all(passes),
    }
}

fn holds_without_key(operator: &Operator) -> bool {
    match operator.quantifier {
        _ if operator.if_exists => true,
        Some(Quantifier::AllValues) => true,
        Some(Quantifier::AnyValue) => false,
        None => operator.negated,
    }
}

/// Policy variables work in values that are text, ARNs or booleans.
fn expanded(
    comparison: Comparison,
    value: &str,
    version: Version,
    context: &Context,
) -> Option<Vec<Token>> {
    match comparison {
        Comparison::Numeric(_)
        | Comparison::Date(_)
        | Comparison::IpAddress
        | Comparison::Binary => Some(pattern::wildcards(value)),
        _ => pattern::expand(value, version, context),
    }
}

fn passes(operator: &Operator, wanted: &[Option<Vec<Token>>], value: &str) -> bool {
    let matched = wanted
        .iter()
        .flatten()
        .any(|wanted| compares(operator.comparison, wanted, value));
    if operator.negated {
        !matched && wanted.iter().all(Option::is_some)
    } else {
        matched
    }
}

fn compares(comparison: Comparison, wanted: &[Token], value: &str) -> bool {
    match comparison {
        Comparison::StringLike => pattern::matches(wanted, value),
        Comparison::Arn => pattern::matches_arn(wanted, value),
        other => compares_plain(other, &pattern::plain(wanted), value),
    }
}

fn compares_plain(comparison: Comparison, wanted: &str, value: &str) -> bool {
    match comparison {
        Comparison::StringIgnoreCase => wanted.to_lowercase() == value.to_lowercase(),
        Comparison::Bool => boolean(wanted).is_some_and(|wanted| boolean(value) == Some(wanted)),
        Comparison::Numeric(order) => ordered(order, number(value), number(wanted)),
        Comparison::Date(order) => ordered(order, instant(value), instant(wanted)),
        Comparison::IpAddress => in_network(value, wanted),
        Comparison::Binary => bytes(wanted).is_some_and(|wanted| bytes(value) == Some(wanted)),
        Comparison::String | Comparison::StringLike | Comparison::Arn | Comparison::Null => {
            wanted == value
        }
    }
}

fn ordered<T: PartialOrd>(order: Order, value: Option<T>, wanted: Option<T>) -> bool {
    let (Some(value), Some(wanted)) = (value, wanted) else {
        return false;
    };
    match order {
        Order::Equal => value == wanted,
        Order::Less => value < wanted,
        Order::LessOrEqual => value <= wanted,
        Order::Greater => value > wanted,
        Order::GreaterOrEqual => value >= wanted,
    }
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// A point in time: an ISO 8601 timestamp, a date (its midnight in UTC) or seconds since 1970.
fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse() {
        return Timestamp::from_second(seconds).ok();
    }
    let of_timestamp = text.parse::<Timestamp>().ok();
    of_timestamp.or_else(|| {
        Some(
            text.parse::<Date>()
                .ok()?
                .to_zoned(TimeZone::UTC)
                .ok()?
                .timestamp(),
        )
    })
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Whether an address lies in a network such as `10.0.0.0/8`; without a length the network is one address.
fn in_network(address: &str, network: &str) -> bool {
    let (base, length) = match network.split_once('/') {
        Some((base, length)) => (base, Some(length)),
        None => (network, None),
    };
    let (Ok(address), Ok(base)) = (address.parse::<IpAddr>(), base.parse::<IpAddr>()) else {
        return false;
    };
    let (address, base, bits) = match (address, base) {
        (IpAddr::V4(address), IpAddr::V4(base)) => (
            u128::from(address.to_bits()),
            u128::from(base.to_bits()),
            32,
        ),
        (IpAddr::V6(address), IpAddr::V6(base)) => (address.to_bits(), base.to_bits(), 128),
        _ => return false,
    };
    let length = match length.map(str::parse::<u32>) {
        None => bits,
        Some(Ok(length)) if length <= bits => length,
        Some(_) => return false,
    };
    (address ^ base).checked_shr(bits - length).unwrap_or(0) == 0
}

/// What the request has that a condition of a `Deny` holds for, for people.
pub(super) fn describe_success(condition: &Condition, context: &Context) -> Message {
    let Condition { operator, key, .. } = condition;
    message!(
        "policy-condition-holds",
        operator = operator.to_string(),
        key = key,
        values = condition.values.join(", "),
        has = found(key, context),
    )
}

fn found(key: &str, context: &Context) -> Message {
    match context.values(key) {
        [] => message!("policy-none"),
        values => values.join(", ").into(),
    }
}

/// What a failed condition needs and what the request has, for people.
pub(super) fn describe_failure(
    condition: &Condition,
    version: Version,
    context: &Context,
) -> FailedCondition {
    let Condition { operator, key, .. } = condition;
    let (operator, needs) = (operator.to_string(), needs(condition));
    let has = found(key, context);
    let told = match unresolved_variable(condition, version, context) {
        true => message!(
            "policy-condition-fails-by-variable",
            operator = operator,
            key = key,
            needs = needs,
            has = has,
        ),
        false => message!(
            "policy-condition-fails",
            operator = operator,
            key = key,
            needs = needs,
            has = has,
        ),
    };
    FailedCondition {
        key: key.clone(),
        has: context.values(key).to_vec(),
        told,
    }
}

fn needs(condition: &Condition) -> Message {
    if condition.operator.comparison == Comparison::Null {
        let missing = condition
            .values
            .iter()
            .any(|value| boolean(value) == Some(true));
        return if missing {
            message!("policy-needs-absent")
        } else {
            message!("policy-needs-present")
        };
    }
    let either = |first, second| message!("policy-either", first = first, second = second);
    let values = condition.values.iter().map(Message::from);
    let values = values
        .reduce(either)
        .unwrap_or_else(|| message!("policy-needs-impossible"));
    if condition.operator.negated {
        message!("policy-needs-other", values = values)
    } else {
        values
    }
}

fn unresolved_variable(condition: &Condition, version: Version, context: &Context) -> bool {
    let comparison = condition.operator.comparison;
    condition
        .values
        .iter()
        .any(|value| expanded(comparison, value, version, context).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(operator: &str, key: &str, values: &[&str]) -> Condition {
        let operator = Operator::parse(operator).expect("a known operator");
        Condition {
            operator,
            key: key.to_string(),
            values: values.iter().map(|value| (*value).to_string()).collect(),
        }
    }

    fn context() -> Context {
        Context::new()
            .with("text", "Blue")
            .with("arn", "arn:aws:iam::111122223333:role/path/Builder")
            .with("flag", "true")
            .with("number", "10")
            .with("time", "2026-03-01T12:00:00Z")
            .with("ip", "10.1.2.3")
            .with("ip6", "2001:db8::1")
            .with("binary", "QmluYXJ5")
            .with_all("many", ["a", "b"])
            .with_all("empty", Vec::<String>::new())
            .with("aws:PrincipalAccount", "111122223333")
            .with("kms:CallerAccount", "111122223333")
    }

    fn check(operator: &str, key: &str, values: &[&str], expected: bool) {
        let condition = condition(operator, key, values);
        assert_eq!(
            holds(&condition, Version::V2012, &context()),
            expected,
            "{operator} {key} {values:?}"
        );
    }

    #[test]
    fn strings_compare_with_regard_to_case_unless_the_operator_ignores_it() {
        check("StringEquals", "TEXT", &["Blue"], true);
        check("StringEquals", "text", &["blue"], false);
        check("StringEquals", "text", &["red", "Blue"], true);
        check("StringEquals", "text", &["Bl*"], false);
        check("StringEqualsIgnoreCase", "text", &["BLUE"], true);
        check("StringNotEqualsIgnoreCase", "text", &["BLUE"], false);
        check("StringLike", "text", &["Bl?e"], true);
        check("StringLike", "text", &["bl*"], false);
        check("StringNotLike", "text", &["B*"], false);
    }

    #[test]
    fn negated_operators_want_none_of_their_values() {
        check("StringNotEquals", "text", &["red", "green"], true);
        check("StringNotEquals", "text", &["red", "Blue"], false);
        check(
            "ArnNotLike",
            "arn",
            &["arn:aws:iam::*:user/*", "arn:aws:iam::*:role/*"],
            false,
        );
        check("StringNotEquals", "many", &["a"], false);
        check("StringNotEquals", "many", &["c"], true);
    }

    #[test]
    fn a_missing_key_fails_positive_operators_and_satisfies_negated_ones() {
        for operator in [
            "StringEquals",
            "StringLike",
            "ArnLike",
            "Bool",
            "NumericLessThan",
            "DateGreaterThan",
            "IpAddress",
        ] {
            check(operator, "missing", &["true"], false);
            check(operator, "empty", &["true"], false);
            check(&format!("{operator}IfExists"), "missing", &["true"], true);
        }
        for operator in [
            "StringNotEquals",
            "StringNotLike",
            "ArnNotLike",
            "NumericNotEquals",
            "DateNotEquals",
            "NotIpAddress",
        ] {
            check(operator, "missing", &["x"], true);
        }
    }

    #[test]
    fn if_exists_still_compares_a_key_that_is_there() {
        check("StringEqualsIfExists", "text", &["red"], false);
        check("BoolIfExists", "flag", &["false"], false);
        check("ForAnyValue:StringEqualsIfExists", "missing", &["x"], true);
    }

    #[test]
    fn null_asks_whether_the_key_is_missing() {
        check("Null", "missing", &["true"], true);
        check("Null", "missing", &["false"], false);
        check("Null", "text", &["false"], true);
        check("Null", "text", &["true"], false);
        check("Null", "empty", &["true"], true);
    }

    #[test]
    fn arns_compare_part_by_part_and_alike_for_equals_and_like() {
        for operator in ["ArnEquals", "ArnLike"] {
            check(operator, "arn", &["arn:aws:iam::111122223333:role/*"], true);
            check(operator, "arn", &["arn:aws:iam::*"], false);
            check(operator, "arn", &["*"], false);
            check(operator, "text", &["*"], false);
        }
        check(
            "StringEquals",
            "arn",
            &["arn:aws:iam::111122223333:role/*"],
            false,
        );
        check("StringLike", "arn", &["arn:*/Builder"], true);
    }

    #[test]
    fn booleans_compare_without_regard_to_case() {
        for value in ["true", "True", "TRUE"] {
            check("Bool", "flag", &[value], true);
        }
        check("Bool", "flag", &["false"], false);
        check("Bool", "flag", &["yes"], false);
        check("Bool", "text", &["Blue"], false);
    }

    #[test]
    fn numbers_dates_addresses_and_bytes_compare_as_what_they_are() {
        check("NumericEquals", "number", &["10.0"], true);
        check("NumericLessThan", "number", &["9"], false);
        check("NumericGreaterThanEquals", "number", &["10"], true);
        check("NumericNotEquals", "number", &["10"], false);
        check("NumericLessThanEquals", "text", &["10"], false);
        check("DateGreaterThan", "time", &["2026-03-01"], true);
        check("DateLessThan", "time", &["2026-03-01T12:00:01Z"], true);
        check("DateEquals", "time", &["1772366400"], true);
        check(
            "DateNotEquals",
            "time",
            &["2026-03-01T13:00:00+01:00"],
            false,
        );
        check("IpAddress", "ip", &["192.168.0.0/16", "10.0.0.0/8"], true);
        check("IpAddress", "ip", &["10.1.2.3"], true);
        check("IpAddress", "ip", &["10.1.2.4/31"], false);
        check("IpAddress", "ip", &["0.0.0.0/0"], true);
        check("IpAddress", "ip", &["10.0.0.0/33"], false);
        check("IpAddress", "ip6", &["2001:db8::/32"], true);
        check("IpAddress", "ip6", &["::/0"], true);
        check("IpAddress", "ip6", &["0.0.0.0/0"], false);
        check("NotIpAddress", "ip", &["10.0.0.0/8"], false);
        check("BinaryEquals", "binary", &["QmluYXJ5"], true);
        check("BinaryEquals", "binary", &["QmluYXJ4"], false);
    }

    #[test]
    fn for_all_values_is_true_for_a_missing_key_and_for_any_value_false() {
        check("ForAllValues:StringEquals", "many", &["a", "b", "c"], true);
        check("ForAllValues:StringEquals", "many", &["a"], false);
        check("ForAllValues:StringEquals", "missing", &["a"], true);
        check("ForAllValues:StringEquals", "empty", &["a"], true);
        check("ForAllValues:StringNotEquals", "many", &["c"], true);
        check("ForAllValues:StringNotEquals", "many", &["a"], false);
        check("ForAnyValue:StringEquals", "many", &["b", "x"], true);
        check("ForAnyValue:StringEquals", "missing", &["a"], false);
        check("ForAnyValue:StringNotEquals", "many", &["a"], true);
        check("ForAnyValue:StringNotEquals", "many", &["a", "b"], false);
        check("ForAnyValue:StringNotEquals", "missing", &["a"], false);
    }

    #[test]
    fn variables_that_cannot_be_resolved_match_nothing() {
        check(
            "StringEquals",
            "kms:CallerAccount",
            &["${aws:PrincipalAccount}"],
            true,
        );
        check("StringEquals", "text", &["${missing}", "Blue"], true);
        check("StringNotEquals", "text", &["${missing}"], false);
        check("StringNotEquals", "missing", &["${missing}"], true);
        check(
            "ArnLike",
            "arn",
            &["arn:aws:iam::${aws:PrincipalAccount}:role/*"],
            true,
        );
        check("Bool", "flag", &["${flag}"], true);
        let literal = condition(
            "StringEquals",
            "kms:CallerAccount",
            &["${aws:PrincipalAccount}"],
        );
        assert!(!holds(&literal, Version::V2008, &context()));
    }

    #[test]
    fn a_failure_says_what_is_needed_and_what_is_there() {
        for (operator, key, values, expected) in [
            (
                "Bool",
                "missing",
                vec!["true"],
                "condition Bool missing needs true, the request has none",
            ),
            (
                "StringEquals",
                "text",
                vec!["a", "b"],
                "condition StringEquals text needs a or b, the request has Blue",
            ),
            (
                "StringNotLike",
                "text",
                vec!["B*"],
                "condition StringNotLike text needs anything but B*, the request has Blue",
            ),
            (
                "Null",
                "text",
                vec!["true"],
                "condition Null text needs the key to be absent, the request has Blue",
            ),
            (
                "Null",
                "missing",
                vec!["false"],
                "condition Null missing needs the key to be present, the request has none",
            ),
            (
                "StringEquals",
                "text",
                vec!["${x}"],
                "condition StringEquals text needs ${x} (a policy variable in it has no value in this request), the request has Blue",
            ),
        ] {
            let condition = condition(operator, key, &values);
            assert_eq!(
                describe_failure(&condition, Version::V2012, &context())
                    .told
                    .to_string(),
                expected
            );
        }
    }
}
