//! What a signed request claims about itself, and whether signing it again confirms the claim.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::{HeaderMap, Request, header};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

use super::{Secret, SignatureError, equal_in_constant_time};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE_HEADER: &str = "x-amz-date";
const TOKEN_HEADER: &str = "x-amz-security-token";
/// The longest that AWS lets a presigned request be valid, in seconds (7 days).
const LONGEST_VALIDITY: u64 = 604_800;

/// Query parameters that belong to the signature; the signer adds them again itself.
const SIGNATURE_PARAMETERS: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
];

/// The claim of a signature: who, when, for what, over which headers.
pub(super) struct Claim {
    pub(super) access_key_id: String,
    pub(super) region: String,
    pub(super) service: String,
    pub(super) signed_at: Timestamp,
    pub(super) session_token: Option<String>,
    pub(super) location: Location,
    /// Names in lower case.
    pub(super) signed_headers: Vec<String>,
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
        let scope: Vec<&str> = fields.credential.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = scope[..] else {
            return Err(malformed(
                "Credential is not KEY/DATE/REGION/SERVICE/aws4_request",
            ));
        };
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
            session_token: fields.session_token,
            location: fields.location,
            signed_headers: fields
                .signed_headers
                .split(';')
                .map(str::to_ascii_lowercase)
                .collect(),
            signature: fields.signature.to_owned(),
        })
    }

    /// Signs again what the claim says was signed, and compares.
    pub(super) fn check(&self, signed: &Signed<'_>, secret: &Secret) -> Result<(), SignatureError> {
        // The signer fills in what a client must always sign; a claim that leaves it out cannot match.
        let expected = self.sign_again(signed, secret)?;
        if equal_in_constant_time(&expected, &self.signature) {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }

    fn sign_again(&self, signed: &Signed<'_>, secret: &Secret) -> Result<String, SignatureError> {
        let identity: Identity = Credentials::new(
            &self.access_key_id,
            &secret.secret_access_key,
            secret.session_token.clone(),
            None,
            "breakfix simulator",
        )
        .into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(SystemTime::from(self.signed_at))
            .settings(self.settings())
            .build()
            .map_err(|error| malformed(error.to_string()))?
            .into();
        let headers = self.signed_values(signed.headers)?;
        let request = SignableRequest::new(
            signed.method,
            self.signable_url(signed)?,
            headers.into_iter(),
            SignableBody::Bytes(signed.body),
        );
        let output = request
            .and_then(|request| sign(request, &parameters))
            .map_err(|error| malformed(error.to_string()))?;
        Ok(output.signature().to_owned())
    }

    fn settings(&self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        // The client has chosen the headers; leaving some out again would only break its signature.
        settings.excluded_headers = None;
        if let Location::Query { expires_after } = self.location {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(expires_after.as_secs().unsigned_abs()));
        }
        settings
    }

    /// The headers of the claim with their values, without those that the signer adds itself.
    fn signed_values<'a>(
        &'a self,
        headers: &'a HeaderMap,
    ) -> Result<Vec<(&'a str, &'a str)>, SignatureError> {
        let added_by_signer: &[&str] = match self.location {
            Location::Header => &[DATE_HEADER, TOKEN_HEADER],
            Location::Query { .. } => &[],
        };
        if !self.signs_header(header::HOST.as_str()) || !headers.contains_key(header::HOST) {
            return Err(malformed("the Host header is missing or not signed"));
        }
        let mut values = Vec::new();
        for name in self
            .signed_headers
            .iter()
            .filter(|name| !added_by_signer.contains(&name.as_str()))
        {
            for value in headers.get_all(name) {
                let value = str::from_utf8(value.as_bytes())
                    .map_err(|_| malformed(format!("{name} is not UTF-8")))?;
                values.push((name.as_str(), value));
            }
        }
        Ok(values)
    }

    pub(super) fn signs_header(&self, name: &str) -> bool {
        self.signed_headers.iter().any(|signed| signed == name)
    }

    fn signable_url(&self, signed: &Signed<'_>) -> Result<String, SignatureError> {
        if !signed.path.starts_with('/') {
            return Err(malformed("the request names no path"));
        }
        let query = match self.location {
            Location::Header => signed.query.unwrap_or_default().to_owned(),
            Location::Query { .. } => without_signature(signed.query.unwrap_or_default()),
        };
        // The host that counts is the signed header; this one only makes the URL whole.
        Ok(format!("http://localhost{}?{query}", signed.path))
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
    let well_formed = text.len() == 16
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'T' || byte == b'Z');
    let date = DateTime::strptime("%Y%m%dT%H%M%SZ", text)
        .ok()
        .filter(|_| well_formed);
    let timestamp = date
        .and_then(|date| date.to_zoned(TimeZone::UTC).ok())
        .map(|zoned| zoned.timestamp());
    timestamp.ok_or_else(|| malformed("X-Amz-Date is not of the form 20260131T235959Z"))
}

fn without_signature(query: &str) -> String {
    let mut kept = form_urlencoded::Serializer::new(String::new());
    let parameters = form_urlencoded::parse(query.as_bytes());
    kept.extend_pairs(parameters.filter(|(key, _)| !SIGNATURE_PARAMETERS.contains(&key.as_ref())));
    kept.finish()
}
