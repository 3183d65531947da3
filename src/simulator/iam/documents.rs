//! Policy documents as IAM takes them and gives them back. The texts of refusals are as they are
//! widely reported.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::refusal::Refusal;
use super::refusals::malformed;
use super::{Iam, Trust};
use crate::policy::{Element, Policy, PolicyError, Principal, Statement};

/// All but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A document as answers carry it.
pub(super) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

/// How long a document is against a quota: white space does not count.
pub(super) fn counted_length(document: &str) -> usize {
    document
        .chars()
        .filter(|character| !character.is_whitespace())
        .count()
}

/// An identity policy: what somebody may do, with no word about who.
pub(super) fn identity_policy(text: &str) -> Result<Policy, Refusal> {
    let policy = Policy::parse(text).map_err(|error| syntax(&error))?;
    for statement in &policy.statements {
        if statement.principal.is_some() {
            return Err(malformed("Policy document should not specify a principal."));
        }
        let actions = require(&statement.action, "Policy statement must contain actions.")?;
        check_actions(actions)?;
        let resources = require(
            &statement.resource,
            "Policy statement must contain resources.",
        )?;
        check_resources(resources)?;
    }
    check_ids(&policy)?;
    Ok(policy)
}

/// A trust policy: who may become the role.
pub(super) fn trust_policy(iam: &Iam, text: &str) -> Result<Trust, Refusal> {
    let policy = Policy::parse(text).map_err(|error| syntax(&error))?;
    for statement in &policy.statements {
        if statement.resource.is_some() {
            return Err(malformed("Has prohibited field Resource"));
        }
        let principals = match &statement.principal {
            Some(element) if !element.principals.is_empty() => &element.principals,
            _ => return Err(malformed("Missing required field Principal")),
        };
        if let Some(invalid) = principals
            .iter()
            .find_map(|principal| invalid_principal(iam, principal))
        {
            return Err(malformed(format!("Invalid principal in policy: {invalid}")));
        }
        check_trust_actions(statement)?;
    }
    check_ids(&policy)?;
    Trust::parse(text).map_err(|error| syntax(&error))
}

fn syntax(error: &PolicyError) -> Refusal {
    if error.what.starts_with("not JSON") {
        malformed("This policy contains invalid Json")
    } else {
        malformed("Syntax errors in policy.")
    }
}

fn require<'a>(element: &'a Option<Element>, missing: &str) -> Result<&'a Element, Refusal> {
    element.as_ref().ok_or_else(|| malformed(missing))
}

fn check_actions(actions: &Element) -> Result<(), Refusal> {
    let prefaced = |action: &String| {
        action == "*"
            || action
                .split_once(':')
                .is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty())
    };
    if actions.patterns.iter().all(prefaced) {
        Ok(())
    } else {
        Err(malformed(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ))
    }
}

fn check_resources(resources: &Element) -> Result<(), Refusal> {
    let is_arn = |resource: &str| {
        resource == "*" || resource.starts_with("arn:") && resource.split(':').count() >= 6
    };
    match resources.patterns.iter().find(|resource| !is_arn(resource)) {
        None => Ok(()),
        Some(resource) => Err(malformed(format!(
            "Resource {resource} must be in ARN format or \"*\"."
        ))),
    }
}

fn check_trust_actions(statement: &Statement) -> Result<(), Refusal> {
    let actions = require(&statement.action, "Policy statement must contain actions.")?;
    let of_sts = |action: &String| action.to_ascii_lowercase().starts_with("sts:");
    if actions.patterns.iter().all(of_sts) {
        Ok(())
    } else {
        Err(malformed(
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ))
    }
}

fn check_ids(policy: &Policy) -> Result<(), Refusal> {
    let ids: Vec<&String> = policy
        .statements
        .iter()
        .filter_map(|statement| statement.sid.as_ref())
        .collect();
    // Identity policies and trust policies want plain ids; key policies do not.
    if ids
        .iter()
        .any(|id| !id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        return Err(malformed(
            "Statement IDs (SID) may only contain alphanumeric characters.",
        ));
    }
    let twice = |(index, id): (usize, &&String)| ids[..index].contains(id);
    if ids.iter().enumerate().any(twice) {
        return Err(malformed(
            "Statement IDs (SID) in a single policy must be unique.",
        ));
    }
    Ok(())
}

/// The principal as IAM names it when nothing here is called so.
fn invalid_principal(iam: &Iam, principal: &Principal) -> Option<String> {
    match principal {
        Principal::Aws(name) if !iam.principal_exists(name) => Some(format!("\"AWS\":\"{name}\"")),
        Principal::Service(name) if !name.contains(".amazonaws.com") => {
            Some(format!("\"SERVICE\":\"{name}\""))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &str, expected: &str) {
        let refusal = identity_policy(document).expect_err(document);
        assert_eq!(
            (refusal.code.as_str(), refusal.message.as_str()),
            ("MalformedPolicyDocument", expected),
            "{document}"
        );
    }

    fn check_statement(statement: &str, expected: &str) {
        check(
            &format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{statement}}}]}}"#
            ),
            expected,
        );
    }

    #[test]
    fn documents_that_iam_does_not_take_are_refused_in_its_words() {
        check("{", "This policy contains invalid Json");
        check(r#"{"Statements":[]}"#, "Syntax errors in policy.");
        check_statement(
            r#""Action":"s3:*","Resource":"*","Principal":"*""#,
            "Policy document should not specify a principal.",
        );
        check_statement(
            r#""Resource":"*""#,
            "Policy statement must contain actions.",
        );
        check_statement(
            r#""Action":"kms:Decrypt""#,
            "Policy statement must contain resources.",
        );
        check_statement(
            r#""Action":"Decrypt","Resource":"*""#,
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        );
        check_statement(
            r#""Action":"kms:*","Resource":"key""#,
            "Resource key must be in ARN format or \"*\".",
        );
    }

    #[test]
    fn a_document_is_given_back_as_rfc_3986_has_it() {
        assert_eq!(
            encoded(r#"{"a": "b-_.~*"}"#),
            "%7B%22a%22%3A%20%22b-_.~%2A%22%7D"
        );
    }
}
