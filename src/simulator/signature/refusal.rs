//! How each wire protocol words a refused signature.

use super::super::wire::Protocol;
use jiff::SignedDuration;

use super::{SignatureError, Skew};

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
        (Skewed(_) | ExpiredToken, Ec2) => ("RequestExpired", 400),
        (ExpiredToken, Query) => ("ExpiredToken", 403),
        (ExpiredToken, Json) => ("ExpiredTokenException", 400),
        (ExpiredToken, RestJson) => ("ExpiredTokenException", 403),
        (UnknownKey | WrongToken, Query) => ("InvalidClientTokenId", 403),
        (Mismatch | Skewed(_), Query) => ("SignatureDoesNotMatch", 403),
        (UnknownKey | WrongToken, Json) => ("UnrecognizedClientException", 400),
        (UnknownKey | WrongToken, RestJson) => ("UnrecognizedClientException", 403),
        (Mismatch | Skewed(_), Json) => ("InvalidSignatureException", 400),
        (Mismatch | Skewed(_), RestJson) => ("InvalidSignatureException", 403),
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
        SignatureError::Skewed(_) | SignatureError::ExpiredToken if protocol == Protocol::Ec2 => {
            "Request has expired."
        }
        SignatureError::ExpiredToken => "The security token included in the request is expired",
        SignatureError::Skewed(skew) => return skew_message(skew),
        SignatureError::Malformed(what) => {
            return format!("The request signature does not conform to AWS standards: {what}");
        }
    };
    text.to_owned()
}

/// In the words that clients print for AWS: `Signature expired: 20261122T132808Z is now earlier than 20261122T132809Z
/// (20261122T133309Z - 5 min.)`.
fn skew_message(skew: &Skew) -> String {
    let written = |at: jiff::Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let is_late = skew.signed_at < skew.wall_now;
    let allowed = if is_late { -skew.allowed } else { skew.allowed };
    // The sum of two instants near the present.
    let bound = skew.wall_now.checked_add(allowed).unwrap_or(skew.wall_now);
    let [date, bound, now] = [skew.signed_at, bound, skew.wall_now].map(written);
    let length = in_words(skew.allowed);
    if is_late {
        format!("Signature expired: {date} is now earlier than {bound} ({now} - {length})")
    } else {
        format!("Signature not yet current: {date} is still later than {bound} ({now} + {length})")
    }
}

fn in_words(duration: SignedDuration) -> String {
    match duration.as_secs() {
        seconds if seconds % 60 == 0 => format!("{} min.", seconds / 60),
        seconds => format!("{seconds} sec."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skewed(signed_at: &str) -> SignatureError {
        SignatureError::Skewed(Skew {
            signed_at: signed_at.parse().unwrap(),
            wall_now: "2026-11-22T13:33:09Z".parse().unwrap(),
            allowed: SignedDuration::from_mins(5),
        })
    }

    #[test]
    fn a_skewed_date_is_told_with_the_bound_that_it_misses() {
        assert_eq!(
            message(&skewed("2026-11-22T13:28:08Z"), Json),
            "Signature expired: 20261122T132808Z is now earlier than 20261122T132809Z (20261122T133309Z - 5 min.)"
        );
        assert_eq!(
            message(&skewed("2026-11-22T13:38:10Z"), Query),
            "Signature not yet current: 20261122T133810Z is still later than 20261122T133809Z (20261122T133309Z + 5 min.)"
        );
    }
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
            skewed("2026-11-22T13:28:08Z"),
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
