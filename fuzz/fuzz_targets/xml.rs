//! Any reply as XML: it is well-formed, and says what the reply said. The input is the reply as JSON; names of members
//! are the program's own, so that of the input's only letters and digits count.

#![no_main]

#[path = "../../src/simulator"]
#[allow(dead_code, unused_imports, unreachable_pub, reason = "parts of a larger crate")]
mod simulator {
    pub mod refusal;
    pub mod wire {
        mod form;
        pub mod input;
        mod json;
        pub mod protocol;
        mod rest;
        mod xml;

        /// A reply, a refusal and their forms in both protocols.
        pub fn write(reply: &serde_json::Value, refusal: &super::refusal::Refusal) -> [Vec<u8>; 4] {
            [
                xml::query_reply("https://example.com/doc", "Op", "id", reply),
                xml::ec2_reply("https://example.com/doc", "Op", "id", reply),
                xml::query_refusal("https://example.com/doc", "id", refusal),
                xml::ec2_refusal("id", refusal),
            ]
        }
    }
}

use quick_xml::events::Event;
use serde_json::{Map, Value};
use simulator::refusal::Refusal;

fn named(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(named).collect(),
        Value::Object(members) if members.contains_key("$timestamp") => Value::Object(members),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| {
                let letters = name.chars().filter(char::is_ascii_alphanumeric);
                (format!("m{}", letters.collect::<String>()), named(member))
            })
            .collect::<Map<_, _>>()
            .into(),
        scalar => scalar,
    }
}

/// The text of all elements, once the document is found well-formed.
fn text(xml: &str) -> String {
    let is_char = |letter| matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(xml.chars().all(is_char), "{xml:?}");
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let (mut text, mut depth) = (String::new(), 0_i64);
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {xml:?}")) {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Text(part) => text.push_str(&part.decode().unwrap()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().unwrap() {
                Some(letter) => text.push(letter),
                None => {
                    let entity = reference.decode().unwrap();
                    text.push_str(quick_xml::escape::resolve_xml_entity(&entity).unwrap());
                }
            },
            Event::Empty(_) | Event::Decl(_) => {}
            Event::Eof => break,
            other => panic!("{other:?} in {xml:?}"),
        }
    }
    assert_eq!(depth, 0, "{xml:?}");
    text
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(reply) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let said = reply.as_str().unwrap_or("x").to_owned();
    let refusal = Refusal::bad("Code", said.clone());
    for xml in simulator::wire::write(&named(reply), &refusal) {
        let read = text(&String::from_utf8(xml).unwrap());
        let is_plain = said.chars().all(|letter| !letter.is_control() && letter < '\u{fffe}');
        assert!(!is_plain || said == "x" || read.contains(&said), "{read:?} for {said:?}");
    }
});
