//! Answers of the query protocols as XML.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use super::super::refusal::Refusal;
use super::answer::Answer;

/// Answer of a query service: `<OpResponse><OpResult>…`; a null reply has no result element.
pub(super) fn query_reply(
    namespace: &str,
    operation: &str,
    request_id: &str,
    reply: &Answer,
) -> Vec<u8> {
    let mut xml = String::with_capacity(2048);
    xml.push_str(&format!("<{operation}Response xmlns=\"{namespace}\">"));
    if !reply.is_null() {
        element(&mut xml, &format!("{operation}Result"), reply, "member");
    }
    xml.push_str(&format!(
        "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    ));
    xml.into_bytes()
}

/// Answer of EC2: members directly below the root; a null reply is `<return>true</return>`.
pub(super) fn ec2_reply(
    namespace: &str,
    operation: &str,
    request_id: &str,
    reply: &Answer,
) -> Vec<u8> {
    let mut xml =
        format!("<{operation}Response xmlns=\"{namespace}\"><requestId>{request_id}</requestId>");
    if reply.is_null() {
        xml.push_str("<return>true</return>");
    } else {
        content(&mut xml, reply, "item");
    }
    xml.push_str(&format!("</{operation}Response>"));
    xml.into_bytes()
}

pub(super) fn query_refusal(namespace: &str, request_id: &str, refusal: &Refusal) -> Vec<u8> {
    let kind = if refusal.status >= 500 {
        "Receiver"
    } else {
        "Sender"
    };
    let (code, message) = (escape(&refusal.code), escape(&refusal.message));
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    .into_bytes()
}

pub(super) fn ec2_refusal(request_id: &str, refusal: &Refusal) -> Vec<u8> {
    let (code, message) = (escape(&refusal.code), escape(&refusal.message));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>"
    )
    .into_bytes()
}

/// Text of an element. What a client sent may come back to it with characters that XML 1.0 has no way to write: they
/// are replaced, since a client's parser would refuse the whole answer. A carriage return is written as a reference,
/// because parsers turn a plain one into a line feed.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(may_need_escape) {
        return Cow::Borrowed(text);
    }
    let text = if text.contains(is_unwritable) {
        Cow::Owned(text.replace(is_unwritable, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    };
    Cow::Owned(quick_xml::escape::escape(text).replace('\r', "&#13;"))
}

/// Markup, control characters, and the first byte of U+FFFE and U+FFFF.
fn may_need_escape(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'&' | b'\'' | b'"' | 0xef) || byte < b' '
}

/// Outside `Char` of XML 1.0.
fn is_unwritable(letter: char) -> bool {
    matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// The element of an answer, unless that is null; `item` is what the items of a list are called.
fn element(xml: &mut String, name: &str, answer: &Answer, item: &str) {
    if !answer.is_null() {
        element_of(xml, name, |xml| content(xml, answer, item));
    }
}

fn content(xml: &mut String, answer: &Answer, item: &str) {
    match answer {
        Answer::Value(value) => value_content(xml, value, item),
        Answer::Text(text) => xml.push_str(&escape(text)),
        Answer::Instant(micros) => xml.push_str(&iso_8601(*micros)),
        Answer::List(items) => items
            .iter()
            .for_each(|answer| element(xml, item, answer, item)),
        Answer::Object(members) => members
            .iter()
            .for_each(|(name, answer)| element(xml, name, answer, item)),
    }
}

fn value_element(xml: &mut String, name: &str, value: &Value, item: &str) {
    if !value.is_null() {
        element_of(xml, name, |xml| value_content(xml, value, item));
    }
}

/// An element of what `content` writes.
fn element_of(xml: &mut String, name: &str, content: impl FnOnce(&mut String)) {
    xml.push('<');
    xml.push_str(name);
    let before = xml.len();
    xml.push('>');
    content(xml);
    if xml.len() == before + 1 {
        xml.truncate(before);
        xml.push_str("/>");
    } else {
        xml.push_str("</");
        xml.push_str(name);
        xml.push('>');
    }
}

fn value_content(xml: &mut String, value: &Value, item: &str) {
    match value {
        Value::Null => {}
        Value::String(text) => xml.push_str(&escape(text)),
        Value::Array(items) => items
            .iter()
            .for_each(|value| value_element(xml, item, value, item)),
        Value::Object(members) => match super::json::instant(members) {
            Some(micros) => xml.push_str(&iso_8601(micros)),
            None => members
                .iter()
                .for_each(|(name, value)| value_element(xml, name, value, item)),
        },
        Value::Bool(truth) => xml.push_str(if *truth { "true" } else { "false" }),
        // A string takes whatever is written to it.
        Value::Number(number) => _ = write!(xml, "{number}"),
    }
}

fn iso_8601(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros)
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_query_answer_wraps_its_result_and_names_list_members() {
        let reply = json!({"Activities": [{"Cause": "a < b", "At": {"$timestamp": 1_728_065_196_123_000_i64}}], "Empty": [], "Gone": null}).into();
        let xml = String::from_utf8(query_reply("ns", "Describe", "id", &reply)).unwrap();
        assert_eq!(
            xml,
            "<DescribeResponse xmlns=\"ns\"><DescribeResult><Activities><member><Cause>a &lt; b</Cause><At>2024-10-04T18:06:36.123Z</At></member></Activities><Empty/></DescribeResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DescribeResponse>"
        );
    }

    #[test]
    fn what_xml_cannot_write_is_replaced() {
        let reply = json!({"key": "a\u{0}\u{b}\u{1f}\u{fffe}\t\n\r]]>\"'\u{1f600}"}).into();
        let xml = String::from_utf8(ec2_reply("ns", "Op", "id", &reply)).unwrap();
        let written =
            "<key>a\u{fffd}\u{fffd}\u{fffd}\u{fffd}\t\n&#13;]]&gt;&quot;&apos;\u{1f600}</key>";
        assert!(xml.contains(written), "{xml}");
        let refusal = Refusal::bad("Code", "\u{1}<");
        for xml in [
            query_refusal("ns", "id", &refusal),
            ec2_refusal("id", &refusal),
        ] {
            let xml = String::from_utf8(xml).unwrap();
            assert!(xml.contains("<Message>\u{fffd}&lt;</Message>"), "{xml}");
        }
    }

    #[test]
    fn an_ec2_answer_has_its_members_below_the_root() {
        let xml = String::from_utf8(ec2_reply(
            "ns",
            "Op",
            "id",
            &json!({"tagSet": [{"key": "k"}]}).into(),
        ))
        .unwrap();
        assert_eq!(
            xml,
            "<OpResponse xmlns=\"ns\"><requestId>id</requestId><tagSet><item><key>k</key></item></tagSet></OpResponse>"
        );
    }

    #[test]
    fn an_ec2_answer_without_members_is_a_plain_true() {
        let xml = String::from_utf8(ec2_reply("ns", "Op", "id", &Value::Null.into())).unwrap();
        assert!(xml.contains("<return>true</return>"));
    }
}
