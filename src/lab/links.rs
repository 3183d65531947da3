//! Where a page leads: the targets of its links and images, and the headings that links may lead to.

use super::mdx::Normalized;

/// A link or an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// As it is written, a reference's as its definition writes it.
    pub target: String,
    /// Line in the page, counted from 1.
    pub line: usize,
    pub is_image: bool,
}

/// Attributes of tags that hold a target, and whether it is an image's.
const ATTRIBUTES: [(&str, bool); 4] = [
    ("src=\"", true),
    ("src='", true),
    ("href=\"", false),
    ("href='", false),
];

/// What tags of HTML and MDX lead to, `<img src={require('./x.png').default}/>` included. Only what is written out:
/// an expression may be anything.
pub(super) fn of_tags(normalized: &Normalized) -> Vec<Link> {
    let mut links = Vec::new();
    for (index, line) in normalized.text.lines().enumerate() {
        if normalized.fenced.get(index).is_some_and(|fenced| *fenced) || !line.contains(['"', '\''])
        {
            continue;
        }
        for (opening, is_image) in ATTRIBUTES {
            links.extend(behind(line, opening).map(|target| Link {
                target,
                line: index + 1,
                is_image,
            }));
        }
        for opening in ["require('", "require(\""] {
            links.extend(behind(line, opening).map(|target| Link {
                target,
                line: index + 1,
                is_image: true,
            }));
        }
    }
    links
}

fn behind<'a>(line: &'a str, opening: &'a str) -> impl Iterator<Item = String> + 'a {
    let quote = opening.chars().next_back().unwrap_or('"');
    line.match_indices(opening).filter_map(move |(at, _)| {
        let begins = line[..at].ends_with([' ', '\t', '{', '<', '(']) || at == 0;
        let rest = &line[at + opening.len()..];
        let (target, _) = rest.split_once(quote)?;
        begins.then(|| target.to_owned())
    })
}
