//! The canonical request of Signature Version 4, and its signature by a secret.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;

use aws_lc_rs::{digest, hmac};
use form_urlencoded::parse;
use http::header;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::claim::{ALGORITHM, Claim, Location, Signed, malformed};
use super::{Secret, SignatureError};

/// All but the unreserved characters of RFC 3986.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// The signature that a request has when it was signed as claimed, with this secret: 64 hexadecimal digits.
pub(super) fn signature(
    claim: &Claim,
    signed: &Signed<'_>,
    secret: &Secret,
) -> Result<String, SignatureError> {
    let canonical = request(claim, signed)?;
    let (date, _) = claim.date.split_at(8);
    let mut text = format!(
        "{ALGORITHM}\n{}\n{date}/{}/{}/aws4_request\n",
        claim.date, claim.region, claim.service
    );
    push_hash(&mut text, canonical.as_bytes());
    let scope = [
        &secret.secret_access_key,
        date,
        &claim.region,
        &claim.service,
    ];
    let tag = with_signing_key(scope, |key| hmac::sign(key, text.as_bytes()));
    let mut signature = String::with_capacity(64);
    push_hex(&mut signature, tag.as_ref());
    Ok(signature)
}

/// Everything that is signed, as text.
fn request(claim: &Claim, signed: &Signed<'_>) -> Result<String, SignatureError> {
    let mut names: Vec<&str> = claim.signed_headers.split(';').collect();
    names.sort_unstable();
    let mut text = String::with_capacity(1024);
    text.push_str(signed.method);
    text.push('\n');
    text.extend(utf8_percent_encode(&normalized(signed.path), PATH));
    text.push('\n');
    let is_presigned = matches!(claim.location, Location::Query { .. });
    push_query(&mut text, signed.query.unwrap_or_default(), is_presigned);
    text.push('\n');
    for name in &names {
        push_header(&mut text, name, signed)?;
    }
    text.push('\n');
    for (number, name) in names.iter().enumerate() {
        if number > 0 {
            text.push(';');
        }
        text.push_str(name);
    }
    text.push('\n');
    push_hash(&mut text, signed.body);
    Ok(text)
}

/// A path without empty segments and with its dots resolved, but for the slash at its end.
fn normalized(path: &str) -> Cow<'_, str> {
    if !path.contains("/.") && !path.contains("//") {
        return Cow::Borrowed(path);
    }
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let mut normal = format!("/{}", segments.join("/"));
    let is_open = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    if is_open && !normal.ends_with('/') {
        normal.push('/');
    }
    Cow::Owned(normal)
}

/// The parameters of a query, encoded anew and in order. A presigned one does not cover its own signature.
fn push_query(text: &mut String, query: &str, is_presigned: bool) {
    if query.is_empty() {
        return;
    }
    let encoded = |part: &str| utf8_percent_encode(part, QUERY).to_string();
    let mut parameters: Vec<(String, String)> = parse(query.as_bytes())
        .filter(|(name, _)| !is_presigned || name != "X-Amz-Signature")
        .map(|(name, value)| (encoded(&name), encoded(&value)))
        .collect();
    parameters.sort();
    for (number, (name, value)) in parameters.iter().enumerate() {
        if number > 0 {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
}

/// `name:value,value` of a header, which the request must have.
fn push_header(text: &mut String, name: &str, signed: &Signed<'_>) -> Result<(), SignatureError> {
    let mut values = signed.headers.get_all(name).iter();
    let authority = || signed.host().filter(|_| name == header::HOST.as_str());
    let first = values.next().map(http::HeaderValue::as_bytes);
    let first = first.or_else(authority).ok_or(SignatureError::Mismatch)?;
    text.push_str(name);
    text.push(':');
    push_value(text, name, first)?;
    for value in values {
        text.push(',');
        push_value(text, name, value.as_bytes())?;
    }
    text.push('\n');
    Ok(())
}

/// A header's value without the spaces around it, and with one for each run of them inside.
fn push_value(text: &mut String, name: &str, value: &[u8]) -> Result<(), SignatureError> {
    let value = str::from_utf8(value).map_err(|_| malformed(format!("{name} is not UTF-8")))?;
    let mut words = value.split(' ').filter(|word| !word.is_empty());
    text.push_str(words.next().unwrap_or_default());
    for word in words {
        text.push(' ');
        text.push_str(word);
    }
    Ok(())
}

fn push_hash(text: &mut String, content: &[u8]) {
    push_hex(text, digest::digest(&digest::SHA256, content).as_ref());
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// How many derived keys a thread remembers: those of a day, a region and a few services.
const REMEMBERED: usize = 16;

/// Of a secret, a date, a region and a service.
type Scope = [String; 4];

thread_local! {
    /// The newest first. Deriving a key takes four signatures, and clients sign with few; the SDKs remember them, too.
    static SIGNING_KEYS: RefCell<VecDeque<(Scope, hmac::Key)>> = const { RefCell::new(VecDeque::new()) };
}

/// Does something with the key that a secret has for a date, a region and a service.
fn with_signing_key<T>(scope: [&str; 4], action: impl FnOnce(&hmac::Key) -> T) -> T {
    SIGNING_KEYS.with_borrow_mut(|keys| {
        if let Some((_, key)) = keys.iter().find(|(known, _)| *known == scope) {
            return action(key);
        }
        let key = signing_key(scope);
        let done = action(&key);
        keys.truncate(REMEMBERED - 1);
        keys.push_front((scope.map(str::to_owned), key));
        done
    })
}

fn signing_key([secret, date, region, service]: [&str; 4]) -> hmac::Key {
    let first = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    [date, region, service, "aws4_request"]
        .iter()
        .fold(first, |key, part| {
            let next = hmac::sign(&key, part.as_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, next.as_ref())
        })
}
