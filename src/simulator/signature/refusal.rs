//! How each wire protocol words a refused signature.

use super::super::wire::Protocol;
use super::SignatureError;

/// The error code, the HTTP status and the message that a service of this protocol answers.
pub fn refusal(error: &SignatureError, protocol: Protocol) -> (&'static str, u16, String) {
    let (code, status) = code_and_status(error, protocol);
    (code, status, message(error, protocol))
}

fn code_and_status(error: &SignatureError, protocol: Protocol) -> (&'static str, u16) {
    use Protocol::{Ec2, Json, Query, RestJson};
    use SignatureError::{
        ExpiredToken, Malformed, Mismatch, Missing, Skewed, UnknownKey, WrongToken,
    };
    match (error, protocol) {
        (UnknownKey | WrongToken | Mismatch, Ec2) => ("AuthFailure", 401),
        (Skewed | ExpiredToken, Ec2) => ("RequestExpired", 400),
        (ExpiredToken, Query) => ("ExpiredToken", 403),
        (ExpiredToken, Json) => ("ExpiredTokenException", 400),
        (ExpiredToken, RestJson) => ("ExpiredTokenException", 403),
        (UnknownKey | WrongToken, Query) => ("InvalidClientTokenId", 403),
        (Mismatch | Skewed, Query) => ("SignatureDoesNotMatch", 403),
        (UnknownKey | WrongToken, Json) => ("UnrecognizedClientException", 400),
        (UnknownKey | WrongToken, RestJson) => ("UnrecognizedClientException", 403),
        (Mismatch | Skewed, Json) => ("InvalidSignatureException", 400),
        (Mismatch | Skewed, RestJson) => ("InvalidSignatureException", 403),
        (Missing, Ec2 | Query) => ("MissingAuthenticationToken", 403),
        (Missing, Json) => ("MissingAuthenticationTokenException", 400),
        (Missing, RestJson) => ("MissingAuthenticationTokenException", 403),
        (Malformed(_), Ec2 | Query) => ("IncompleteSignature", 400),
        (Malformed(_), Json) => ("IncompleteSignatureException", 400),
        (Malformed(_), RestJson) => ("IncompleteSignatureException", 403),
    }
}

fn message(error: &SignatureError, protocol: Protocol) -> String {
    let text = match error {
        SignatureError::Missing => "Request is missing Authentication Token",
        SignatureError::UnknownKey | SignatureError::WrongToken | SignatureError::Mismatch
            if protocol == Protocol::Ec2 =>
        {
            "AWS was not able to validate the provided access credentials"
        }
        SignatureError::UnknownKey | SignatureError::WrongToken => {
            "The security token included in the request is invalid."
        }
        SignatureError::Mismatch => {
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
             Key and signing method. Consult the service documentation for details."
        }
        SignatureError::Skewed | SignatureError::ExpiredToken if protocol == Protocol::Ec2 => {
            "Request has expired."
        }
        SignatureError::ExpiredToken => "The security token included in the request is expired",
        SignatureError::Skewed => {
            "Signature expired or not yet current: the request's date is too far from the server's clock."
        }
        SignatureError::Malformed(what) => {
            return format!("The request signature does not conform to AWS standards: {what}");
        }
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Protocol::{Ec2, Json, Query, RestJson};

    fn check(error: SignatureError, expected: [(Protocol, &str, u16); 4]) {
        for (protocol, code, status) in expected {
            let (actual_code, actual_status, message) = refusal(&error, protocol);
            assert_eq!(
                (actual_code, actual_status),
                (code, status),
                "{error:?} in {protocol:?}"
            );
            assert!(!message.is_empty());
        }
    }

    #[test]
    fn an_unknown_key_or_token_is_an_invalid_client() {
        for error in [SignatureError::UnknownKey, SignatureError::WrongToken] {
            check(
                error,
                [
                    (Ec2, "AuthFailure", 401),
                    (Query, "InvalidClientTokenId", 403),
                    (Json, "UnrecognizedClientException", 400),
                    (RestJson, "UnrecognizedClientException", 403),
                ],
            );
        }
    }

    #[test]
    fn a_wrong_signature_does_not_match() {
        check(
            SignatureError::Mismatch,
            [
                (Ec2, "AuthFailure", 401),
                (Query, "SignatureDoesNotMatch", 403),
                (Json, "InvalidSignatureException", 400),
                (RestJson, "InvalidSignatureException", 403),
            ],
        );
    }

    #[test]
    fn a_skewed_clock_has_expired() {
        check(
            SignatureError::Skewed,
            [
                (Ec2, "RequestExpired", 400),
                (Query, "SignatureDoesNotMatch", 403),
                (Json, "InvalidSignatureException", 400),
                (RestJson, "InvalidSignatureException", 403),
            ],
        );
    }

    #[test]
    fn expired_credentials_say_so() {
        check(
            SignatureError::ExpiredToken,
            [
                (Ec2, "RequestExpired", 400),
                (Query, "ExpiredToken", 403),
                (Json, "ExpiredTokenException", 400),
                (RestJson, "ExpiredTokenException", 403),
            ],
        );
    }

    #[test]
    fn no_signature_is_a_missing_token() {
        check(
            SignatureError::Missing,
            [
                (Ec2, "MissingAuthenticationToken", 403),
                (Query, "MissingAuthenticationToken", 403),
                (Json, "MissingAuthenticationTokenException", 400),
                (RestJson, "MissingAuthenticationTokenException", 403),
            ],
        );
    }

    #[test]
    fn a_malformed_signature_is_incomplete_and_says_how() {
        check(
            SignatureError::Malformed("Authorization has no Signature".into()),
            [
                (Ec2, "IncompleteSignature", 400),
                (Query, "IncompleteSignature", 400),
                (Json, "IncompleteSignatureException", 400),
                (RestJson, "IncompleteSignatureException", 403),
            ],
        );
        let (_, _, message) = refusal(&SignatureError::Malformed("no Signature".into()), Json);
        assert!(message.ends_with("no Signature"));
    }
}
