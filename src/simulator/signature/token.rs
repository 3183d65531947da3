//! EKS bearer tokens: `k8s-aws-v1.` and a presigned STS GetCallerIdentity URL in base64.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, HeaderValue, Uri, header};
use jiff::{SignedDuration, Timestamp};

use super::claim::{Claim, Signed, malformed};
use super::{SecretOf, SignatureError, authenticate, check_date};

const PREFIX: &str = "k8s-aws-v1.";
const CLUSTER_HEADER: &str = "x-k8s-aws-id";
/// A token lives longer than the 60 seconds that its `X-Amz-Expires` says. Its clock may be ahead by as much.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// `aws eks get-token` writes no padding; others do.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Who made an EKS token, and for which cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenIdentity {
    pub access_key_id: String,
    pub cluster: String,
    pub region: String,
}

/// Verifies a token as `aws eks get-token --cluster-name CLUSTER` makes it, for 15 minutes from its
/// date.
///
/// The token does not say its cluster: the name is signed, but not sent. So the receiving cluster
/// says who it is, and a token for another cluster is a [`SignatureError::Mismatch`].
///
/// # Errors
/// [`SignatureError::Malformed`] when it is no such token at all; else as [`super::verify`].
pub fn verify_token(
    token: &str,
    cluster: &str,
    secret_of: SecretOf<'_>,
    wall_now: Timestamp,
) -> Result<TokenIdentity, SignatureError> {
    let url = decode(token)?;
    let query = url.query().unwrap_or_default();
    let claim = Claim::from_query(query)?;
    if !asks_for_caller_identity(query)
        || claim.service != "sts"
        || !claim.signs_header(CLUSTER_HEADER)
    {
        return Err(malformed(
            "the token is not a GetCallerIdentity request signed for a cluster",
        ));
    }
    let secret = authenticate(&claim, secret_of)?;
    check_date(&claim, TOKEN_LIFETIME, TOKEN_LIFETIME, wall_now)?;
    let headers = headers(&url, cluster)?;
    let signed = Signed {
        method: "GET",
        path: url.path(),
        query: Some(query),
        headers: &headers,
        authority: None,
        body: b"",
    };
    claim.check(&signed, &secret)?;
    Ok(TokenIdentity {
        access_key_id: claim.access_key_id,
        cluster: cluster.to_owned(),
        region: claim.region,
    })
}

fn decode(token: &str) -> Result<Uri, SignatureError> {
    let encoded = token
        .strip_prefix(PREFIX)
        .ok_or_else(|| malformed("the token does not begin with k8s-aws-v1."))?;
    let url = BASE64
        .decode(encoded)
        .map_err(|_| malformed("the token is not base64"))?;
    Uri::try_from(url).map_err(|_| malformed("the token does not hold a URL"))
}

fn asks_for_caller_identity(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes())
        .any(|(key, value)| key == "Action" && value == "GetCallerIdentity")
}

/// The headers that the token was signed with.
fn headers(url: &Uri, cluster: &str) -> Result<HeaderMap, SignatureError> {
    let host = url
        .authority()
        .ok_or_else(|| malformed("the token's URL names no host"))?;
    let value = |text: &str| {
        HeaderValue::from_str(text).map_err(|_| malformed("the token's headers are not text"))
    };
    Ok(HeaderMap::from_iter([
        (header::HOST, value(host.as_str())?),
        (
            header::HeaderName::from_static(CLUSTER_HEADER),
            value(cluster)?,
        ),
    ]))
}
