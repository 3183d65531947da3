//! Parts of a line of text, with the marks among them grouped.

use super::Inline;
use super::furniture::{Mark, Marked};
use super::tag::Tag;

/// Something found in a line of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Inline(Inline),
    /// Of an inline tag.
    Tag(Tag),
}

/// The words of a text alone.
pub fn plain_text(inlines: &[Inline]) -> String {
    let mut text = String::new();
    for inline in inlines {
        match inline {
            Inline::Text(part) | Inline::Code(part) => text.push_str(part),
            Inline::Emphasis(inside)
            | Inline::Strong(inside)
            | Inline::Struck(inside)
            | Inline::Link { text: inside, .. } => text.push_str(&plain_text(inside)),
            Inline::Image { alt, .. } => text.push_str(alt),
            Inline::Button { label, .. } => text.push_str(label),
            Inline::SoftBreak | Inline::HardBreak => text.push(' '),
        }
    }
    text
}

/// A run of text: its words, and the inline marks among them. Marks that stand by themselves go to `apart`.
pub(super) fn pieces(
    text: &str,
    marked: &Marked,
    mut apart: impl FnMut(&mut Vec<Piece>, &Mark),
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut words = String::new();
    for character in text.chars() {
        match marked.mark(character) {
            // Browsers show one blank where there are several.
            None if character.is_ascii_whitespace() => {
                if !words.ends_with(' ') {
                    words.push(' ');
                }
            }
            None => words.push(character),
            Some((Mark::Literal(literal), _)) => words.push(*literal),
            Some((mark, by_itself)) => {
                push_words(&mut pieces, &mut words);
                match mark {
                    Mark::Tag(tag) if !by_itself => pieces.push(Piece::Tag(tag.clone())),
                    other => apart(&mut pieces, other),
                }
            }
        }
    }
    push_words(&mut pieces, &mut words);
    pieces
}

fn push_words(pieces: &mut Vec<Piece>, words: &mut String) {
    if !words.is_empty() {
        pieces.push(Piece::Inline(Inline::Text(std::mem::take(words))));
    }
}

/// Makes of tags what they mean; of those that mean nothing here, only what stands between them stays.
pub(super) fn grouped(pieces: Vec<Piece>) -> Vec<Inline> {
    // What is open, with what stands in it so far; the first is the whole.
    let mut open: Vec<(Tag, Vec<Inline>)> = vec![(Tag::default(), Vec::new())];
    for piece in pieces {
        match piece {
            Piece::Inline(inline) => push(&mut open, [inline]),
            Piece::Tag(tag) if tag.closing => {
                let opened = open.iter().rposition(|(opened, _)| opened.name == tag.name);
                while opened.is_some_and(|opened| opened > 0 && open.len() > opened) {
                    close(&mut open);
                }
            }
            Piece::Tag(tag) => match standing_alone(&tag) {
                Some(inline) => push(&mut open, [inline]),
                None if tag.closed => push(&mut open, label(&tag)),
                None => {
                    push(&mut open, label(&tag));
                    open.push((tag, Vec::new()));
                }
            },
        }
    }
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop().map(|(_, inlines)| inlines).unwrap_or_default()
}

fn push(open: &mut [(Tag, Vec<Inline>)], inlines: impl IntoIterator<Item = Inline>) {
    if let Some((_, inside)) = open.last_mut() {
        inside.extend(inlines);
    }
}

fn close(open: &mut Vec<(Tag, Vec<Inline>)>) {
    let Some((tag, inside)) = open.pop() else {
        return;
    };
    let inlines = match tag.name.as_str() {
        "b" | "strong" => vec![Inline::Strong(inside)],
        "i" | "em" | "cite" | "var" => vec![Inline::Emphasis(inside)],
        "s" | "del" | "strike" => vec![Inline::Struck(inside)],
        "code" | "kbd" | "samp" => vec![Inline::Code(plain_text(&inside))],
        "ConsoleButton" => vec![button(&tag, Some(plain_text(&inside)))],
        "a" => match tag.attribute(&["href"]) {
            Some(target) => vec![Inline::Link {
                target: target.to_owned(),
                text: inside,
            }],
            None => inside,
        },
        _ => inside,
    };
    push(open, inlines);
}

fn standing_alone(tag: &Tag) -> Option<Inline> {
    match tag.name.as_str() {
        "br" => Some(Inline::HardBreak),
        "img" => Some(Inline::Image {
            target: tag.attribute(&["src"]).unwrap_or_default().to_owned(),
            alt: tag
                .attribute(&["alt", "title"])
                .unwrap_or_default()
                .to_owned(),
        }),
        "ConsoleButton" if tag.closed => Some(button(tag, None)),
        _ => None,
    }
}

fn button(tag: &Tag, inside: Option<String>) -> Inline {
    let label = tag.attribute(&["label", "title", "text", "service"]);
    let label = label.map(str::to_owned).or(inside).unwrap_or_default();
    Inline::Button {
        label,
        target: tag
            .attribute(&["url", "href", "to"])
            .unwrap_or_default()
            .to_owned(),
    }
}

/// What a component of the web page's shows of itself.
fn label(tag: &Tag) -> Option<Inline> {
    let label = tag
        .attribute(&["label", "title", "alt"])
        .filter(|_| tag.is_component())?;
    Some(Inline::Strong(vec![Inline::Text(format!("{label} "))]))
}
