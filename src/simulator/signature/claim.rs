//! What a signed request claims about itself, and whether the signature that follows from it is the one it has.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::Offset};

use super::{Secret, SignatureError, canonical, equal_in_constant_time};

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE_HEADER: &str = "x-amz-date";
const TOKEN_HEADER: &str = "x-amz-security-token";
/// The longest that AWS lets a presigned request be valid, in seconds (7 days).
const LONGEST_VALIDITY: u64 = 604_800;

/// The claim of a signature: who, when, for what, over which headers.
pub(super) struct Claim {
    pub(super) access_key_id: String,
    pub(super) region: String,
    pub(super) service: String,
    pub(super) signed_at: Timestamp,
    /// `20261122T132807Z`
    pub(super) date: String,
    pub(super) session_token: Option<String>,
    pub(super) location: Location,
    /// Names in lower case, with `;` between them.
    pub(super) signed_headers: String,
    signature: String,
}

/// Where a request carries its signature.
pub(super) enum Location {
    Header,
    /// Presigned: valid for as long as its query says.
    Query {
        expires_after: SignedDuration,
    },
}

/// The parts of a request that its signature covers.
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    /// Percent-encoded as it came.
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    /// Only the headers that the claim lists are looked at.
    pub(super) headers: &'a HeaderMap,
    /// Stands in for a missing `Host`.
    pub(super) authority: Option<&'a str>,
    pub(super) body: &'a [u8],
}

impl Claim {
    /// Reads the claim from the `Authorization` header or, when there is none, from the query.
    pub(super) fn of(request: &Request<Bytes>) -> Result<Claim, SignatureError> {
        match text_of(request.headers(), header::AUTHORIZATION.as_str())? {
            Some(authorization) => Claim::from_headers(authorization, request.headers()),
            None => Claim::from_query(request.uri().query().unwrap_or_default()),
        }
    }

    fn from_headers(authorization: &str, headers: &HeaderMap) -> Result<Claim, SignatureError> {
        let parameters = authorization
            .strip_prefix(ALGORITHM)
            .ok_or_else(|| malformed("Authorization is not of the scheme AWS4-HMAC-SHA256"))?;
        let find = |name: &str| {
            let parameter = parameters
                .split(',')
                .find_map(|each| each.trim().strip_prefix(name)?.strip_prefix('='));
            parameter.ok_or_else(|| malformed(format!("Authorization has no {name}")))
        };
        let date = text_of(headers, DATE_HEADER)?
            .ok_or_else(|| malformed("the request has no X-Amz-Date"))?;
        Claim::read(Fields {
            credential: find("Credential")?,
            signed_headers: find("SignedHeaders")?,
            signature: find("Signature")?,
            date,
            session_token: text_of(headers, TOKEN_HEADER)?.map(str::to_owned),
            location: Location::Header,
        })
    }

    /// Reads the claim of a presigned URL from its query; [`SignatureError::Missing`] when it is
    /// not signed.
    pub(super) fn from_query(query: &str) -> Result<Claim, SignatureError> {
        let find = |name: &str| {
            let mut parameters = form_urlencoded::parse(query.as_bytes());
            parameters.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
        };
        let signature = find("X-Amz-Signature").ok_or(SignatureError::Missing)?;
        let require =
            |name: &str| find(name).ok_or_else(|| malformed(format!("the query has no {name}")));
        if require("X-Amz-Algorithm")? != ALGORITHM {
            return Err(malformed("X-Amz-Algorithm is not AWS4-HMAC-SHA256"));
        }
        let seconds = require("X-Amz-Expires")?
            .parse()
            .ok()
            .filter(|seconds: &u64| *seconds <= LONGEST_VALIDITY);
        let seconds = seconds
            .ok_or_else(|| malformed("X-Amz-Expires is not a number of seconds of up to 7 days"))?;
        Claim::read(Fields {
            credential: &require("X-Amz-Credential")?,
            signed_headers: &require("X-Amz-SignedHeaders")?,
            signature: &signature,
            date: &require("X-Amz-Date")?,
            session_token: find("X-Amz-Security-Token"),
            location: Location::Query {
                expires_after: SignedDuration::from_secs(seconds.cast_signed()),
            },
        })
    }

    fn read(fields: Fields<'_>) -> Result<Claim, SignatureError> {
        let mut scope = fields.credential.split('/');
        let mut part = || scope.next().unwrap_or_default();
        let [access_key_id, date, region, service, last] = std::array::from_fn(|_| part());
        if last != "aws4_request" || scope.next().is_some() {
            return Err(malformed(
                "Credential is not KEY/DATE/REGION/SERVICE/aws4_request",
            ));
        }
        if !fields.date.starts_with(date) || date.len() != 8 {
            return Err(malformed(
                "the date of the Credential is not the date of X-Amz-Date",
            ));
        }
        Ok(Claim {
            access_key_id: access_key_id.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_at: parse_date(fields.date)?,
            date: fields.date.to_owned(),
            session_token: fields.session_token,
            location: fields.location,
            signed_headers: fields.signed_headers.to_ascii_lowercase(),
            signature: fields.signature.to_owned(),
        })
    }

    /// Works out the signature of what the claim says was signed, and compares.
    pub(super) fn check(&self, signed: &Signed<'_>, secret: &Secret) -> Result<(), SignatureError> {
        if !self.signs_header(header::HOST.as_str()) || signed.host().is_none() {
            return Err(malformed("the Host header is missing or not signed"));
        }
        if !signed.path.starts_with('/') {
            return Err(malformed("the request names no path"));
        }
        let in_headers = matches!(self.location, Location::Header);
        let leaves_out = |name: &str| in_headers && !self.signs_header(name);
        // What a client must always sign; a claim that leaves it out cannot match.
        if leaves_out(DATE_HEADER) || self.session_token.is_some() && leaves_out(TOKEN_HEADER) {
            return Err(SignatureError::Mismatch);
        }
        let expected = canonical::signature(self, signed, secret)?;
        if equal_in_constant_time(&expected, &self.signature) {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }

    pub(super) fn signs_header(&self, name: &str) -> bool {
        self.signed_headers.split(';').any(|signed| signed == name)
    }
}

impl<'a> Signed<'a> {
    /// What the `Host` header says, or over HTTP/2 the authority.
    pub(super) fn host(&self) -> Option<&'a [u8]> {
        let host = self.headers.get(header::HOST).map(HeaderValue::as_bytes);
        host.or(self.authority.map(str::as_bytes))
    }
}

/// The fields of a claim as text, wherever they stood.
struct Fields<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
    date: &'a str,
    session_token: Option<String>,
    location: Location,
}

pub(super) fn malformed(what: impl Into<String>) -> SignatureError {
    SignatureError::Malformed(what.into())
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, SignatureError> {
    let value = headers.get(name).map(|value| value.to_str());
    value
        .transpose()
        .map_err(|_| malformed(format!("{name} is not plain text")))
}

/// `20261122T132807Z`
fn parse_date(text: &str) -> Result<Timestamp, SignatureError> {
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        let are_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        are_digits.then(|| digits.parse::<i16>().ok()).flatten()
    };
    let small = |from: usize| i8::try_from(number(from, from + 2)?).ok();
    let is_well_formed = text.len() == 16 && &text[8..9] == "T" && text.ends_with('Z');
    let date = || {
        DateTime::new(
            number(0, 4)?,
            small(4)?,
            small(6)?,
            small(9)?,
            small(11)?,
            small(13)?,
            0,
        )
        .ok()
    };
    let date = is_well_formed.then(date).flatten();
    let timestamp = date.and_then(|date| Offset::UTC.to_timestamp(date).ok());
    timestamp.ok_or_else(|| malformed("X-Amz-Date is not of the form 20260131T235959Z"))
}
