//! Condition operator names, taken apart. How the comparisons work is in `condition`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A condition operator such as `ForAnyValue:StringNotLikeIfExists`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// The name as the document spells it.
    pub(super) written: String,
    pub(super) comparison: Comparison,
    /// `…Not…`: holds when no value compares equal.
    pub(super) negated: bool,
    pub(super) quantifier: Option<Quantifier>,
    /// `…IfExists`: holds when the key is missing.
    pub(super) if_exists: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Comparison {
    String,
    StringIgnoreCase,
    StringLike,
    /// `ArnEquals` and `ArnLike` behave alike.
    Arn,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    IpAddress,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Quantifier {
    /// `ForAllValues:` – true for a missing key, which is the known trap.
    AllValues,
    /// `ForAnyValue:` – false for a missing key.
    AnyValue,
}

/// Every base operator in lower case, its comparison, and whether it is negated.
const BASES: &[(&str, Comparison, bool)] = &[
    ("stringequals", Comparison::String, false),
    ("stringnotequals", Comparison::String, true),
    (
        "stringequalsignorecase",
        Comparison::StringIgnoreCase,
        false,
    ),
    (
        "stringnotequalsignorecase",
        Comparison::StringIgnoreCase,
        true,
    ),
    ("stringlike", Comparison::StringLike, false),
    ("stringnotlike", Comparison::StringLike, true),
    ("arnequals", Comparison::Arn, false),
    ("arnlike", Comparison::Arn, false),
    ("arnnotequals", Comparison::Arn, true),
    ("arnnotlike", Comparison::Arn, true),
    ("numericequals", Comparison::Numeric(Order::Equal), false),
    ("numericnotequals", Comparison::Numeric(Order::Equal), true),
    ("numericlessthan", Comparison::Numeric(Order::Less), false),
    (
        "numericlessthanequals",
        Comparison::Numeric(Order::LessOrEqual),
        false,
    ),
    (
        "numericgreaterthan",
        Comparison::Numeric(Order::Greater),
        false,
    ),
    (
        "numericgreaterthanequals",
        Comparison::Numeric(Order::GreaterOrEqual),
        false,
    ),
    ("dateequals", Comparison::Date(Order::Equal), false),
    ("datenotequals", Comparison::Date(Order::Equal), true),
    ("datelessthan", Comparison::Date(Order::Less), false),
    (
        "datelessthanequals",
        Comparison::Date(Order::LessOrEqual),
        false,
    ),
    ("dategreaterthan", Comparison::Date(Order::Greater), false),
    (
        "dategreaterthanequals",
        Comparison::Date(Order::GreaterOrEqual),
        false,
    ),
    ("bool", Comparison::Bool, false),
    ("binaryequals", Comparison::Binary, false),
    ("ipaddress", Comparison::IpAddress, false),
    ("notipaddress", Comparison::IpAddress, true),
    ("null", Comparison::Null, false),
];

impl Operator {
    /// Takes an operator name apart; `None` when there is no such operator.
    ///
    /// Names compare without regard to case, as IAM's do.
    pub fn parse(written: &str) -> Option<Operator> {
        let lower = written.to_ascii_lowercase();
        let (quantifier, rest) = split_quantifier(&lower);
        let (base, if_exists) = match rest.strip_suffix("ifexists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let &(_, comparison, negated) = BASES.iter().find(|(name, ..)| *name == base)?;
        if comparison == Comparison::Null && if_exists {
            return None;
        }
        Some(Operator {
            written: written.to_string(),
            comparison,
            negated,
            quantifier,
            if_exists,
        })
    }
}

fn split_quantifier(lower: &str) -> (Option<Quantifier>, &str) {
    if let Some(rest) = lower.strip_prefix("forallvalues:") {
        (Some(Quantifier::AllValues), rest)
    } else if let Some(rest) = lower.strip_prefix("foranyvalue:") {
        (Some(Quantifier::AnyValue), rest)
    } else {
        (None, lower)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let operator = Operator::parse("ForAnyValue:StringNotLikeIfExists").expect("known");
        assert_eq!(operator.comparison, Comparison::StringLike);
        assert_eq!(operator.quantifier, Some(Quantifier::AnyValue));
        assert!(operator.negated && operator.if_exists);
        assert_eq!(operator.to_string(), "ForAnyValue:StringNotLikeIfExists");
    }

    #[test]
    fn names_compare_without_regard_to_case() {
        assert!(Operator::parse("stringequals").is_some());
        assert!(Operator::parse("forallvalues:STRINGLIKE").is_some());
    }

    #[test]
    fn what_is_no_operator_is_refused() {
        for name in [
            "",
            "StringEqual",
            "Boolean",
            "NullIfExists",
            "ForSomeValues:Bool",
            "BoolNot",
            "ForAnyValue:",
        ] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
