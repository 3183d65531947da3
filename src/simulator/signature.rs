//! AWS Signature Version 4, from the receiving end: who signed this request, and is it really them?
//!
//! Pure: a request, the known secrets and the wall clock in, an identity or the reason for refusal
//! out. A signature is checked by working it out again over what the client claims to have signed; tests hold it
//! against the AWS SDK's own signer. [`refusal`] says how each wire protocol words a refusal.
//! Nothing here knows a service or an operation.

mod canonical;
mod claim;
mod refusal;
mod token;

use bytes::Bytes;
use http::Request;
use http::uri::Authority;
use jiff::{SignedDuration, Timestamp};

use claim::{Claim, Location};
pub use refusal::refusal;
pub use token::{TokenIdentity, verify_token};

/// What the server knows about an access key.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    pub secret_access_key: String,
    /// Given with temporary credentials, and then required with each request.
    pub session_token: Option<String>,
}

/// Finds the secret of an access key id; `None` when there is no such key.
pub type SecretOf<'a> = &'a dyn Fn(&str) -> Option<Secret>;

/// How far the date of a request to a service may be from the wall clock, either way.
pub type SkewOf<'a> = &'a dyn Fn(&str) -> SignedDuration;

/// Who signed a request, and for which region and service (`eks`, `kms`, `autoscaling`, `ec2`,
/// `sts`, …).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub access_key_id: String,
    pub region: String,
    pub service: String,
}

/// Why a request's signature is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the request is not signed")]
    Missing,
    #[error("the access key is not known")]
    UnknownKey,
    #[error("the session token is not the one of this access key")]
    WrongToken,
    #[error("the temporary credentials have expired")]
    ExpiredToken,
    #[error("the request was signed too long ago, or in the future")]
    Skewed(Skew),
    #[error("the signature does not match the request")]
    Mismatch,
    #[error("the signature is malformed: {0}")]
    Malformed(String),
}

/// A date of a signature that is not the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skew {
    pub signed_at: Timestamp,
    pub wall_now: Timestamp,
    /// How far they may be apart.
    pub allowed: SignedDuration,
}

/// Verifies a request that is signed in its `Authorization` header or, presigned, in its query.
///
/// The request must be as it came: percent-encoding, header values and body untouched. Over HTTP/2
/// the `:authority` stands in for the missing `Host`.
///
/// # Errors
/// The first that applies of: not signed, malformed, unknown key, wrong session token, skewed,
/// mismatch.
pub fn verify(
    request: &Request<Bytes>,
    secret_of: SecretOf<'_>,
    skew_of: SkewOf<'_>,
    wall_now: Timestamp,
) -> Result<Identity, SignatureError> {
    let claim = Claim::of(request)?;
    let secret = authenticate(&claim, secret_of)?;
    let ahead = skew_of(&claim.service);
    let behind = match claim.location {
        Location::Header => ahead,
        Location::Query { expires_after } => expires_after,
    };
    check_date(&claim, behind, ahead, wall_now)?;
    let signed = claim::Signed {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query(),
        headers: request.headers(),
        authority: request.uri().authority().map(Authority::as_str),
        body: request.body(),
    };
    claim.check(&signed, &secret)?;
    Ok(Identity {
        access_key_id: claim.access_key_id,
        region: claim.region,
        service: claim.service,
    })
}

/// Who a request says has signed it, and for which service, true or not: whoever refuses it speaks that service's
/// protocol.
pub fn claimed(request: &Request<Bytes>) -> Option<Identity> {
    let claim = Claim::of(request).ok()?;
    Some(Identity {
        access_key_id: claim.access_key_id,
        region: claim.region,
        service: claim.service,
    })
}

/// The secret of the key that the claim names, once its session token is found right.
fn authenticate(claim: &Claim, secret_of: SecretOf<'_>) -> Result<Secret, SignatureError> {
    let secret = secret_of(&claim.access_key_id).ok_or(SignatureError::UnknownKey)?;
    let token_matches = match (&secret.session_token, &claim.session_token) {
        (Some(known), Some(claimed)) => equal_in_constant_time(known, claimed),
        (None, None) => true,
        _ => false,
    };
    if token_matches {
        Ok(secret)
    } else {
        Err(SignatureError::WrongToken)
    }
}

/// Refuses a claim that is older than `behind`, or further in the future than `ahead`.
fn check_date(
    claim: &Claim,
    behind: SignedDuration,
    ahead: SignedDuration,
    wall_now: Timestamp,
) -> Result<(), SignatureError> {
    let age = wall_now.duration_since(claim.signed_at);
    let allowed = if age > behind {
        behind
    } else if age < -ahead {
        ahead
    } else {
        return Ok(());
    };
    Err(SignatureError::Skewed(Skew {
        signed_at: claim.signed_at,
        wall_now,
        allowed,
    }))
}

/// Compares without telling by its duration how much of a guess was right.
fn equal_in_constant_time(left: &str, right: &str) -> bool {
    let differing_bits = left
        .bytes()
        .zip(right.bytes())
        .fold(0, |bits, (left, right)| bits | (left ^ right));
    left.len() == right.len() && std::hint::black_box(differing_bits) == 0
}

#[cfg(test)]
mod tests;
