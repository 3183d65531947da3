//! REST: what the path, the query string and the body of a request say together.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::super::refusal::Refusal;
use super::input::Tree;
use super::protocol::Protocol;
use super::{form, json};

/// `/clusters/{name}` against `/clusters/a%20b`: the labels, still encoded, or `None`.
pub(super) fn match_path<'a>(
    template: &'static str,
    path: &'a str,
) -> Option<Vec<(&'static str, &'a str)>> {
    let path = path.trim_end_matches('/');
    let label = |wanted: &'static str| wanted.strip_prefix('{')?.strip_suffix('}');
    let parts = || template.split('/').zip(path.split('/'));
    let slashes = |text: &str| text.bytes().filter(|byte| *byte == b'/').count();
    let fits = slashes(template) == slashes(path)
        && parts().all(|(wanted, part)| wanted == part || label(wanted).is_some());
    fits.then(|| {
        let labels = parts().filter_map(|(wanted, part)| Some((label(wanted)?, part)));
        labels.collect()
    })
}

/// Every member of a request; where a name stands twice, the path counts before the query and that before the body.
pub(super) fn members(
    labels: &[(&'static str, &str)],
    query: &str,
    body: &[u8],
) -> Result<Tree, Refusal> {
    let mut bound = BTreeMap::new();
    let pairs = form::pairs(query.as_bytes()).map_err(|why| Protocol::RestJson.malformed(why))?;
    for (name, value) in pairs {
        if let Tree::Texts(values) = bound.entry(name).or_insert(Tree::Texts(Vec::new())) {
            values.push(value);
        }
    }
    for (name, label) in labels {
        let text = percent_decode_str(label)
            .decode_utf8()
            .map_err(|_| Protocol::RestJson.malformed(format!("{name} is not UTF-8")))?;
        bound.insert((*name).to_owned(), Tree::Text(text.into_owned()));
    }
    let mut members = json::read(Protocol::RestJson, body)?;
    members.retain(|(name, _)| !bound.contains_key(name));
    members.extend(bound);
    Ok(Tree::Members(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_template_gives_labels() {
        assert_eq!(
            match_path(
                "/clusters/{name}/node-groups/{nodegroupName}",
                "/clusters/eks/node-groups/a%20b%2Fc",
            ),
            Some(vec![("name", "eks"), ("nodegroupName", "a%20b%2Fc")])
        );
        assert_eq!(match_path("/clusters/{name}", "/clusters/a/b"), None);
        assert_eq!(match_path("/clusters", "/clusters/a"), None);
        assert_eq!(match_path("/clusters/{name}", "*"), None);
    }

    #[test]
    fn path_query_and_body_are_read_together() {
        let read = members(
            &[("name", "a%20b%2Fc+%00")],
            "maxResults=12&types=x&types=12&name=other",
            br#"{"name": "third", "deep": {"er": [1]}}"#,
        );
        let text = |text: &str| text.to_owned();
        let list = Tree::List(vec![Tree::Number(1.into())]);
        assert_eq!(
            read,
            Ok(Tree::Members(vec![
                (text("deep"), Tree::Members(vec![(text("er"), list)])),
                (text("maxResults"), Tree::Texts(vec![text("12")])),
                (text("name"), Tree::Text(text("a b/c+\0"))),
                (text("types"), Tree::Texts(vec![text("x"), text("12")])),
            ]))
        );
    }

    #[test]
    fn what_is_not_text_is_refused() {
        for (label, query) in [("%ff", ""), ("a", "x=%ff")] {
            let refusal = members(&[("name", label)], query, b"").unwrap_err();
            assert_eq!(refusal.code, "SerializationException");
        }
    }
}
