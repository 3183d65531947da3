//! What `PutKeyPolicy` and `CreateKey` check before they take a key policy.

use std::fmt;

use super::decision::Decision;
use super::document::Policy;
use super::evaluate::{KeyAccess, decide};
use super::principal::{Principal, named_account};
use super::request::Request;

/// The size limit of a key policy, in bytes.
pub const MAX_BYTES: usize = 32_768;

/// The length limit of the request parameter, in characters (service model).
const MAX_PARAMETER_CHARACTERS: usize = 131_072;

/// The character set of the request parameter (service model).
const PARAMETER_PATTERN: &str = r"[\u0009\u000A\u000D\u0020-\u00FF]+";

/// A request to give a key a policy.
#[derive(Clone, Copy)]
pub struct NewKeyPolicy<'a> {
    pub document: &'a str,
    /// The request that puts the policy. The same one must be able to put the next.
    pub request: &'a Request,
    /// The caller's identity policies.
    pub identity: &'a [Policy],
    pub key_arn: &'a str,
    /// The account that owns the key.
    pub account: &'a str,
    /// Skips the check that the caller does not lock itself out.
    pub bypass_lockout_check: bool,
    /// Whether a user, role, session or federated user with this ARN exists. Accounts and services are
    /// not asked about: they are taken to exist when their names are well formed.
    pub principal_exists: &'a dyn Fn(&str) -> bool,
}

/// Why KMS refuses a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyRefusal {
    /// The parameter breaks a constraint of the service model; the text names it.
    Validation(String),
    /// Larger than [`MAX_BYTES`].
    TooLarge { bytes: usize },
    /// Not a policy document, or a statement without a principal. KMS sends no message with it.
    Malformed { hint: String },
    /// These principals do not exist or cannot stand in a key policy.
    InvalidPrincipals(Vec<String>),
    /// The caller could not put another policy.
    Lockout { why: Decision },
}

impl PolicyRefusal {
    /// The name of the exception that KMS answers with.
    pub fn exception(&self) -> &'static str {
        match self {
            PolicyRefusal::Validation(_) => "ValidationException",
            PolicyRefusal::TooLarge { .. } => "LimitExceededException",
            PolicyRefusal::Malformed { .. }
            | PolicyRefusal::InvalidPrincipals(_)
            | PolicyRefusal::Lockout { .. } => "MalformedPolicyDocumentException",
        }
    }

    /// The message as KMS writes it, where one has been observed; empty for a malformed document.
    pub fn message(&self) -> String {
        match self {
            PolicyRefusal::Validation(constraint) => format!(
                "1 validation error detected: Value at 'policy' failed to satisfy constraint: {constraint}"
            ),
            PolicyRefusal::TooLarge { .. } => {
                format!("The policy is larger than the limit of {MAX_BYTES} bytes.")
            }
            PolicyRefusal::Malformed { .. } => String::new(),
            PolicyRefusal::InvalidPrincipals(_) => {
                "Policy contains a statement with one or more invalid principals.".to_string()
            }
            PolicyRefusal::Lockout { .. } => {
                "The new key policy will not allow you to update the key policy in the future."
                    .to_string()
            }
        }
    }

    /// What to look at, in our own words, where the message does not say it.
    pub fn hint(&self) -> Option<String> {
        match self {
            PolicyRefusal::Validation(_) => None,
            PolicyRefusal::TooLarge { bytes } => Some(format!("the document has {bytes} bytes")),
            PolicyRefusal::Malformed { hint } => Some(hint.clone()),
            PolicyRefusal::InvalidPrincipals(names) => {
                Some(format!("no such principal: {}", names.join(", ")))
            }
            PolicyRefusal::Lockout { why } => Some(why.explain()),
        }
    }
}

impl fmt::Display for PolicyRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.exception(), self.message())?;
        match self.hint() {
            Some(hint) => write!(formatter, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PolicyRefusal {}

/// Checks a new key policy as KMS does; the parsed policy when it is acceptable.
pub fn check_key_policy(new: &NewKeyPolicy<'_>) -> Result<Policy, PolicyRefusal> {
    check_parameter(new.document)?;
    let policy = Policy::parse(new.document).map_err(|error| PolicyRefusal::Malformed {
        hint: error.to_string(),
    })?;
    check_principals_given(&policy)?;
    check_principals_exist(&policy, new.principal_exists)?;
    if !new.bypass_lockout_check {
        check_lockout(&policy, new)?;
    }
    Ok(policy)
}

fn check_parameter(document: &str) -> Result<(), PolicyRefusal> {
    let characters = document.chars().count();
    if characters == 0 {
        return Err(PolicyRefusal::Validation(
            "Member must have length greater than or equal to 1".to_string(),
        ));
    }
    if characters > MAX_PARAMETER_CHARACTERS {
        let constraint =
            format!("Member must have length less than or equal to {MAX_PARAMETER_CHARACTERS}");
        return Err(PolicyRefusal::Validation(constraint));
    }
    if !document
        .chars()
        .all(|character| matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}'))
    {
        let constraint =
            format!("Member must satisfy regular expression pattern: {PARAMETER_PATTERN}");
        return Err(PolicyRefusal::Validation(constraint));
    }
    if document.len() > MAX_BYTES {
        return Err(PolicyRefusal::TooLarge {
            bytes: document.len(),
        });
    }
    Ok(())
}

fn check_principals_given(policy: &Policy) -> Result<(), PolicyRefusal> {
    let nobody = |statement: &super::Statement| {
        statement
            .principal
            .as_ref()
            .is_none_or(|element| element.principals.is_empty())
    };
    match policy.statements.iter().position(nobody) {
        Some(index) => Err(PolicyRefusal::Malformed {
            hint: format!("statement {}: there is no Principal", index + 1),
        }),
        None => Ok(()),
    }
}

fn check_principals_exist(
    policy: &Policy,
    exists: &dyn Fn(&str) -> bool,
) -> Result<(), PolicyRefusal> {
    let named = policy
        .statements
        .iter()
        .filter_map(|statement| statement.principal.as_ref());
    let all = named.flat_map(|element| &element.principals);
    let invalid: Vec<String> = all
        .filter(|principal| !is_valid(principal, exists))
        .map(|principal| principal.told().to_string())
        .collect();
    if invalid.is_empty() {
        Ok(())
    } else {
        Err(PolicyRefusal::InvalidPrincipals(invalid))
    }
}

fn is_valid(principal: &Principal, exists: &dyn Fn(&str) -> bool) -> bool {
    match principal {
        Principal::Everyone => true,
        Principal::Service(name) => is_service_name(name),
        Principal::Aws(name) => match named_account(name) {
            Some(account) => account.len() == 12,
            None => is_principal_arn(name) && exists(name),
        },
        Principal::Federated(name) | Principal::CanonicalUser(name) => !name.is_empty(),
    }
}

fn is_service_name(name: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
    };
    name.strip_suffix(".amazonaws.com")
        .is_some_and(|service| !service.is_empty() && service.bytes().all(allowed))
}

/// Whether an ARN is of a kind that a key policy or a grant may name beside accounts: of a user, a role
/// or a session. Groups, wildcards and the unique ids of deleted principals are not.
pub fn is_principal_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &["arn", "aws", service, "", account, resource] = parts.as_slice() else {
        return false;
    };
    let Some((kind, name)) = resource.split_once('/') else {
        return false;
    };
    let known = matches!(
        (service, kind),
        ("iam", "user" | "role") | ("sts", "assumed-role" | "federated-user")
    );
    let account_id = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    known && account_id && !name.is_empty() && !name.contains(['*', '?'])
}

fn check_lockout(policy: &Policy, new: &NewKeyPolicy<'_>) -> Result<(), PolicyRefusal> {
    let access = KeyAccess {
        policy,
        grants: &[],
        identity: new.identity,
        key_arn: new.key_arn,
        account: new.account,
    };
    let mut next = new.request.clone();
    next.action = "kms:PutKeyPolicy".to_string();
    match decide(&access, &next) {
        Decision::Allowed { .. } => Ok(()),
        why => Err(PolicyRefusal::Lockout { why }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::Caller;
    use crate::policy::launch::{AUTOSCALING_ROLE, autoscaling_role_arn};

    const A: &str = "111122223333";
    const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn check_document(document: &str, bypass_lockout_check: bool) -> Result<Policy, PolicyRefusal> {
        let existing = [
            "role/Admin",
            "user/sam",
            &format!("role/{AUTOSCALING_ROLE}"),
        ]
        .map(|name| format!("arn:aws:iam::{A}:{name}"));
        let admin =
            Policy::parse(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#)
                .expect("valid");
        check_key_policy(&NewKeyPolicy {
            document,
            request: &Request::new(Caller::role_session(A, "Admin", "me"), "kms:PutKeyPolicy")
                .with("aws:RequestedRegion", "us-west-2"),
            identity: &[admin],
            key_arn: KEY,
            account: A,
            bypass_lockout_check,
            principal_exists: &|arn| existing.iter().any(|known| known == arn),
        })
    }

    fn root_statement() -> Value {
        json!({"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{A}:root")}, "Action": "kms:*", "Resource": "*"})
    }

    fn with_statement(statement: Value) -> String {
        json!({"Version": "2012-10-17", "Statement": [root_statement(), statement]}).to_string()
    }

    fn naming(principal: Value) -> String {
        with_statement(
            json!({"Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt", "Resource": "*"}),
        )
    }

    fn check_refused(document: &str, exception: &str, message: &str) {
        let refusal = check_document(document, false).expect_err(document);
        assert_eq!(
            (refusal.exception(), refusal.message().as_str()),
            (exception, message),
            "{refusal}"
        );
    }

    const MALFORMED: &str = "MalformedPolicyDocumentException";

    /// A valid document of exactly `bytes` bytes.
    fn document_of(bytes: usize) -> String {
        let document = json!({"Statement": [root_statement()]}).to_string();
        format!("{document}{}", " ".repeat(bytes - document.len()))
    }

    #[test]
    fn acceptable_documents_are_taken() {
        assert!(check_document(&json!({"Statement": root_statement()}).to_string(), false).is_ok());
        assert!(check_document(&document_of(MAX_BYTES), false).is_ok());
        for principal in [
            json!("*"),
            json!({"AWS": autoscaling_role_arn(A)}),
            json!({"AWS": "444455556666"}),
            json!({"Service": "autoscaling.amazonaws.com"}),
        ] {
            assert!(
                check_document(&naming(principal.clone()), false).is_ok(),
                "{principal}"
            );
        }
        let inert =
            with_statement(json!({"Sid": "no action", "Effect": "Allow", "Principal": "*"}));
        assert!(check_document(&inert, false).is_ok());
    }

    #[test]
    fn the_parameter_is_checked_before_the_document() {
        let detected =
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: ";
        check_refused(
            "",
            "ValidationException",
            &format!("{detected}Member must have length greater than or equal to 1"),
        );
        let pattern = format!(
            r"{detected}Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+"
        );
        let dash =
            with_statement(json!({"Sid": "a \u{2014} b", "Effect": "Allow", "Principal": "*"}));
        check_refused(&dash, "ValidationException", &pattern);
        check_refused("{\u{0}}", "ValidationException", &pattern);
        let long = format!("{detected}Member must have length less than or equal to 131072");
        check_refused(&document_of(131_073), "ValidationException", &long);
        let refusal = check_document(&document_of(MAX_BYTES + 1), false).expect_err("too large");
        assert_eq!(refusal.exception(), "LimitExceededException");
        assert_eq!(
            refusal.hint().as_deref(),
            Some("the document has 32769 bytes")
        );
    }

    #[test]
    fn grammar_errors_have_no_message_but_a_hint() {
        check_refused("{", MALFORMED, "");
        let allow = with_statement(json!({"Effect": "allow", "Principal": "*"}));
        check_refused(&allow, MALFORMED, "");
        for missing in [
            json!({"Effect": "Allow"}),
            json!({"Effect": "Allow", "Principal": {"AWS": []}}),
        ] {
            let refusal =
                check_document(&with_statement(missing), false).expect_err("no principal");
            assert_eq!(
                refusal,
                PolicyRefusal::Malformed {
                    hint: "statement 2: there is no Principal".into()
                }
            );
        }
    }

    #[test]
    fn principals_must_exist_and_be_of_a_kind_that_can_be_named() {
        let message = "Policy contains a statement with one or more invalid principals.";
        for name in [
            "arn:aws:iam::111122223333:role/AWSServiceRoleForAutoScaling",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:group/admins",
            "arn:aws:iam::111122223333:user/nobody",
            "arn:aws:iam::*:root",
            "arn:aws:iam::1234567890:root",
            "arn:aws:iam::111122223333:",
            "1234567890",
            "AROAEXAMPLEEXAMPLE",
            "sam",
            "",
        ] {
            check_refused(&naming(json!({"AWS": name})), MALFORMED, message);
        }
        check_refused(
            &naming(json!({"Service": "autoscaling.amazon.com"})),
            MALFORMED,
            message,
        );
        let hidden = with_statement(
            json!({"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/nobody"},
            "Action": "kms:Decrypt", "Resource": "*"}),
        );
        check_refused(&hidden, MALFORMED, message);
        assert_eq!(
            check_document(&naming(json!({"AWS": ["sam", A]})), false),
            Err(PolicyRefusal::InvalidPrincipals(vec!["sam".into()]))
        );
    }

    #[test]
    fn who_puts_a_policy_must_be_able_to_put_the_next() {
        let message =
            "The new key policy will not allow you to update the key policy in the future.";
        let only = |principal: &str, action: &str| {
            json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{A}:{principal}")}, "Action": action, "Resource": "*"}})
                .to_string()
        };
        check_refused(&only("user/sam", "kms:*"), MALFORMED, message);
        check_refused(&only("root", "kms:Decrypt"), MALFORMED, message);
        assert!(check_document(&only("role/Admin", "kms:Put*"), false).is_ok());
        assert!(check_document(&only("root", "kms:*"), false).is_ok());
        let where_it_is = |region: &str| {
            let condition = json!({"StringEquals": {"aws:RequestedRegion": region}});
            json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": A}, "Action": "kms:*", "Resource": "*", "Condition": condition}})
                .to_string()
        };
        assert!(check_document(&where_it_is("us-west-2"), false).is_ok());
        check_refused(&where_it_is("us-east-1"), MALFORMED, message);
        let denied = with_statement(
            json!({"Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*"}),
        );
        check_refused(&denied, MALFORMED, message);
        assert!(check_document(&denied, true).is_ok());
        assert!(check_document(&only("user/sam", "kms:*"), true).is_ok());
    }
}
