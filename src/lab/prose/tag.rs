//! One tag of HTML or JSX: its name, its attributes, where it ends.

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tag {
    /// Empty for a fragment, `<>`.
    pub name: String,
    pub closing: bool,
    pub closed: bool,
    attributes: Vec<(String, String)>,
}

/// What a `<` begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// With the number of its bytes.
    Tag(Tag, usize),
    /// It may go on on the next line.
    Unfinished,
    Text,
}

/// Elements that stand in a line of text.
const INLINE: [&str; 29] = [
    "a", "abbr", "b", "big", "br", "button", "cite", "code", "del", "em", "font", "i", "img",
    "input", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong",
    "sub", "sup", "u", "var",
];

/// Elements that stand by themselves.
const BLOCK: [&str; 43] = [
    "article",
    "aside",
    "blockquote",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "iframe",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "picture",
    "pre",
    "section",
    "source",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
    "video",
];

impl Tag {
    /// Whether this is a component of the web page's and no element of HTML.
    pub(super) fn is_component(&self) -> bool {
        self.name
            .starts_with(|first: char| first.is_ascii_uppercase())
    }

    pub(super) fn is_inline_element(&self) -> bool {
        self.name.is_empty() || INLINE.contains(&&*self.name)
    }

    pub(super) fn is_block_element(&self) -> bool {
        BLOCK.contains(&&*self.name)
    }

    /// Whether anybody draws it; what nobody does, such as `<name>`, its author wants to be read.
    pub(super) fn is_known(&self) -> bool {
        self.is_component() || self.is_inline_element() || self.is_block_element()
    }

    /// The first of these attributes that it has.
    pub(super) fn attribute(&self, names: &[&str]) -> Option<&str> {
        let of = |wanted: &&str| {
            let found = self.attributes.iter().find(|(name, _)| name == *wanted);
            found.map(|(_, value)| value.as_str())
        };
        names
            .iter()
            .find_map(of)
            .filter(|value| !value.trim().is_empty())
    }
}

/// Reads what begins at the `<` with which the text begins.
pub(super) fn read(text: &str) -> Reading {
    let mut cursor = Cursor { text, at: 1 };
    let mut tag = Tag {
        closing: cursor.skip("/"),
        ..Tag::default()
    };
    tag.name = cursor.word(|next| next.is_ascii_alphanumeric() || matches!(next, '.' | '-' | '_'));
    let begins = tag
        .name
        .starts_with(|first: char| first.is_ascii_alphabetic());
    let ends = cursor
        .rest()
        .starts_with(|next: char| next.is_whitespace() || matches!(next, '/' | '>'));
    if !(begins && (ends || cursor.rest().is_empty())
        || tag.name.is_empty() && cursor.rest().starts_with('>'))
    {
        return Reading::Text;
    }
    loop {
        cursor.blanks();
        if cursor.skip(">") {
            return Reading::Tag(tag, cursor.at);
        }
        if cursor.skip("/") {
            tag.closed = true;
            continue;
        }
        match cursor.attribute() {
            Some(Some(attribute)) => tag.attributes.push(attribute),
            Some(None) => return Reading::Text,
            None => return Reading::Unfinished,
        }
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        self.at += if found { expected.len() } else { 0 };
        found
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let rest = self.rest();
        let length = rest.find(|next| !belongs(next)).unwrap_or(rest.len());
        self.at += length;
        rest[..length].to_owned()
    }

    /// `None` when the text ends before it does, `Some(None)` when it is no attribute.
    fn attribute(&mut self) -> Option<Option<(String, String)>> {
        if self.rest().is_empty() {
            return None;
        }
        if self.rest().starts_with('{') {
            // `{...properties}`
            return self.braces().map(|_| Some((String::new(), String::new())));
        }
        let name =
            self.word(|next| next.is_alphanumeric() || matches!(next, '-' | '_' | ':' | '.' | '@'));
        if name.is_empty() {
            return Some(None);
        }
        self.blanks();
        if !self.skip("=") {
            return Some(Some((name, String::new())));
        }
        self.blanks();
        let value = match self.rest().chars().next()? {
            quote @ ('"' | '\'') => self.quoted(quote)?,
            '{' => self.braces()?,
            _ => self.word(|next| !next.is_whitespace() && !matches!(next, '>' | '"' | '\'' | '<')),
        };
        Some(Some((name, value)))
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        let inside = &self.rest()[1..];
        let end = inside.find(quote)?;
        self.at += end + 2;
        Some(inside[..end].to_owned())
    }

    /// `{expression}`; of one that is a text, the text.
    fn braces(&mut self) -> Option<String> {
        let rest = self.rest();
        let mut depth = 0_usize;
        for (at, next) in rest.char_indices() {
            match next {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.at += at + 1;
                let inside = rest[1..at].trim();
                let quotes: &[char] = &['"', '\'', '`'];
                return Some(inside.trim_matches(quotes).to_owned());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn tag(text: &str) -> (Tag, usize) {
        match read(text) {
            Reading::Tag(tag, length) => (tag, length),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_tag_has_a_name_and_attributes_and_an_end() {
        let (button, length) =
            tag("<ConsoleButton url=\"https://x/?a>b\" label={'Open it'} wide/> more");
        assert_eq!(length, 60);
        assert!(button.closed && !button.closing && button.is_component());
        assert_eq!(button.attribute(&["href", "url"]), Some("https://x/?a>b"));
        assert_eq!(button.attribute(&["label"]), Some("Open it"));
        assert!(tag("</details>").0.closing);
        assert_eq!(tag("<br/>").1, 5);
        assert_eq!(tag("<>x").1, 2);
    }

    #[test]
    fn what_is_no_tag_stays_text() {
        for text in [
            "<https://aws.amazon.com>",
            "<a@b.c>",
            "< b",
            "<3",
            "<-",
            "<",
            "<a \"b\">",
        ] {
            assert_eq!(read(text), Reading::Text, "{text}");
        }
        assert_eq!(read("<Card\n  title=\"x"), Reading::Unfinished);
        assert!(!tag("<none>").0.is_known());
    }
}
