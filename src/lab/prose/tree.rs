//! Markdown's events and the marks among them become elements.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, OffsetIter, Parser, Tag as Start};

use super::super::{Block, mdx};
use super::furniture::{Mark, Marked};
use super::inline::{self, Piece};
use super::{Element, Inline, Item, Kind, Word};

/// What stands beside each other, before marks are grouped.
enum Node {
    Element(Element),
    /// With its line in the page.
    Mark(Mark, usize),
}

/// The elements of a page whose fenced blocks are these.
pub(super) fn read(marked: &Marked, blocks: &[Block]) -> Vec<Element> {
    grouped(nodes(marked, blocks, &marked.text, &marked.lines))
}

fn nodes(marked: &Marked, blocks: &[Block], text: &str, lines: &[usize]) -> Vec<Node> {
    let starts = text.match_indices('\n').map(|(at, _)| at + 1);
    Reader {
        marked,
        blocks,
        text,
        lines,
        starts: std::iter::once(0).chain(starts).collect(),
        events: Parser::new_ext(text, mdx::options()).into_offset_iter(),
    }
    .siblings()
}

struct Reader<'a> {
    marked: &'a Marked,
    blocks: &'a [Block],
    text: &'a str,
    /// Of each line of the text, its line in the page.
    lines: &'a [usize],
    /// Offset at which each line of the text begins.
    starts: Vec<usize>,
    events: OffsetIter<'a>,
}

/// A line of text under way.
#[derive(Default)]
struct Loose {
    pieces: Vec<Piece>,
    lines: Option<Range<usize>>,
}

impl<'a> Reader<'a> {
    /// Index of the text's line at an offset.
    fn index(&self, offset: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    fn line(&self, offset: usize) -> usize {
        let last = self.lines.last().copied().unwrap_or(1);
        self.lines.get(self.index(offset)).copied().unwrap_or(last)
    }

    fn lines(&self, range: &Range<usize>) -> Range<usize> {
        let text = &self.text[range.clone()];
        let end = range.start + text.trim_end().len();
        let first = self.line(range.start);
        first..self.line(end.saturating_sub(1).max(range.start)).max(first) + 1
    }

    /// Everything up to the end of what was begun last.
    fn siblings(&mut self) -> Vec<Node> {
        let mut nodes = Vec::new();
        let mut loose = Loose::default();
        while let Some((event, range)) = self.events.next() {
            match event {
                Event::End(_) => break,
                Event::Start(start) if is_block(&start) => {
                    loose.flush(&mut nodes);
                    self.block(start, &range, &mut nodes);
                }
                Event::Rule => {
                    loose.flush(&mut nodes);
                    let lines = self.lines(&range);
                    nodes.push(Node::Element(Element {
                        lines,
                        kind: Kind::Rule,
                    }));
                }
                other => self.inline(other, &range, &mut loose, &mut nodes),
            }
        }
        loose.flush(&mut nodes);
        nodes
    }

    fn block(&mut self, start: Start<'a>, range: &Range<usize>, nodes: &mut Vec<Node>) {
        let lines = self.lines(range);
        let kind = match start {
            Start::Paragraph => return nodes.extend(self.siblings()),
            Start::Heading { level, .. } => Kind::Heading {
                level: level as u8,
                text: self.inlines(),
            },
            Start::BlockQuote(_) => Kind::Quote(grouped(self.siblings())),
            Start::CodeBlock(CodeBlockKind::Fenced(_)) => self.fence(lines.start),
            Start::CodeBlock(CodeBlockKind::Indented) => return nodes.extend(self.indented(range)),
            Start::List(start) => Kind::List {
                start,
                items: self.items(),
            },
            Start::Table(_) => self.table(),
            _ => return nodes.extend(self.siblings()),
        };
        nodes.push(Node::Element(Element { lines, kind }));
    }

    /// Of a fenced block the page knows more than Markdown does.
    fn fence(&mut self, line: usize) -> Kind {
        let mut text = String::new();
        while let Some((Event::Text(part), _)) = self.events.next() {
            text.push_str(&part);
        }
        let found = self.blocks.iter().find(|block| block.line == line);
        let Some(block) = found else {
            let lines = text.lines().map(str::to_owned).collect();
            let block = Block {
                line,
                lines,
                ..Block::default()
            };
            return Kind::Code {
                block: Box::new(block),
                step: None,
            };
        };
        let tested = self
            .blocks
            .iter()
            .filter(|other| other.tested && other.line <= line);
        Kind::Code {
            step: block.tested.then_some(tested.count()),
            block: Box::new(block.clone()),
        }
    }

    /// MDX knows no code by indentation: it is text like any other.
    fn indented(&mut self, range: &Range<usize>) -> Vec<Node> {
        let mut text = String::new();
        while let Some((Event::Text(part), _)) = self.events.next() {
            text.push_str(&part);
        }
        let first = self.index(range.start);
        let text: String = text.lines().map(unfenced).collect();
        let lines = self.lines.get(first..).unwrap_or_default();
        nodes(self.marked, self.blocks, &text, lines)
    }

    fn items(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        while let Some((Event::Start(Start::Item), _)) = self.events.next() {
            let mut elements = grouped(self.siblings());
            let done = elements.first_mut().and_then(taken_task);
            items.push(Item { done, elements });
        }
        items
    }

    fn table(&mut self) -> Kind {
        let mut header = Vec::new();
        let mut rows = Vec::new();
        while let Some((Event::Start(part), _)) = self.events.next() {
            let mut cells = Vec::new();
            while let Some((Event::Start(Start::TableCell), _)) = self.events.next() {
                cells.push(self.inlines());
            }
            match part {
                Start::TableHead => header = cells,
                _ => rows.push(cells),
            }
        }
        Kind::Table { header, rows }
    }

    /// The parts of a line of text up to its end; nothing can stand by itself there.
    fn inlines(&mut self) -> Vec<Inline> {
        let mut pieces = Vec::new();
        while let Some((event, _)) = self.events.next() {
            match event {
                Event::End(_) => break,
                Event::Text(text) => {
                    pieces.extend(inline::pieces(&text, self.marked, |pieces, mark| {
                        if let Mark::Tag(tag) = mark {
                            pieces.push(Piece::Tag(tag.clone()));
                        }
                    }));
                }
                other => pieces.extend(self.piece(other)),
            }
        }
        inline::grouped(pieces)
    }

    /// One part of a line of text that is no text.
    fn piece(&mut self, event: Event<'a>) -> Option<Piece> {
        Some(Piece::Inline(match event {
            Event::Code(text) => Inline::Code(self.marked.restored(&text)),
            Event::SoftBreak => Inline::SoftBreak,
            Event::HardBreak => Inline::HardBreak,
            Event::TaskListMarker(done) => Inline::Text(task(done).to_owned()),
            Event::Start(Start::Emphasis) => Inline::Emphasis(self.inlines()),
            Event::Start(Start::Strong) => Inline::Strong(self.inlines()),
            Event::Start(Start::Strikethrough) => Inline::Struck(self.inlines()),
            Event::Start(Start::Link { dest_url, .. }) => Inline::Link {
                target: self.marked.restored(&dest_url),
                text: self.inlines(),
            },
            Event::Start(Start::Image { dest_url, .. }) => Inline::Image {
                target: self.marked.restored(&dest_url),
                alt: super::plain_text(&self.inlines()),
            },
            Event::Start(_) => {
                let inside = self.inlines();
                return inside.into_iter().next().map(Piece::Inline);
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                Inline::Text(self.marked.restored(&text))
            }
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                Inline::Text(text.into_string())
            }
            Event::Rule | Event::End(_) => return None,
        }))
    }

    /// A part of a line of text that stands among blocks; marks that stand by themselves divide it.
    fn inline(
        &mut self,
        event: Event<'a>,
        range: &Range<usize>,
        loose: &mut Loose,
        nodes: &mut Vec<Node>,
    ) {
        let lines = self.lines(range);
        if let Event::Text(text) = &event {
            let line = lines.start;
            loose.over(&lines);
            for piece in
                text.split_inclusive(|next| self.marked.mark(next).is_some_and(|(_, apart)| apart))
            {
                let mut apart = None;
                let found =
                    inline::pieces(piece, self.marked, |_, mark| apart = Some(mark.clone()));
                loose.pieces.extend(found);
                if let Some(mark) = apart {
                    loose.flush(nodes);
                    nodes.push(Node::Mark(mark, line));
                    loose.over(&lines);
                }
            }
            return;
        }
        loose.over(&lines);
        loose.pieces.extend(self.piece(event));
    }
}

impl Loose {
    fn over(&mut self, lines: &Range<usize>) {
        let start = self
            .lines
            .as_ref()
            .map_or(lines.start, |before| before.start.min(lines.start));
        let end = self
            .lines
            .as_ref()
            .map_or(lines.end, |before| before.end.max(lines.end));
        self.lines = Some(start..end);
    }

    fn flush(&mut self, nodes: &mut Vec<Node>) {
        let inlines = inline::grouped(std::mem::take(&mut self.pieces));
        let Some(lines) = self.lines.take() else {
            return;
        };
        let visible = inlines.iter().any(|inline| match inline {
            Inline::Text(text) => !text.trim().is_empty(),
            Inline::SoftBreak | Inline::HardBreak => false,
            _ => true,
        });
        if visible {
            let kind = Kind::Paragraph(inlines);
            nodes.push(Node::Element(Element { lines, kind }));
        }
    }
}

/// The line at the margin, where what looks like a fence must not become one: the page's blocks are known.
fn unfenced(line: &str) -> String {
    let line = line.trim_start();
    let looks =
        mdx::opening_fence(line).is_some() || line.starts_with("```") || line.starts_with("~~~");
    format!("{}{line}\n", if looks { "\\" } else { "" })
}

fn is_block(start: &Start<'_>) -> bool {
    !matches!(
        start,
        Start::Emphasis
            | Start::Strong
            | Start::Strikethrough
            | Start::Link { .. }
            | Start::Image { .. }
    )
}

fn task(done: bool) -> &'static str {
    if done { "[x] " } else { "[ ] " }
}

/// Takes the box of a task away from the text of its item.
fn taken_task(first: &mut Element) -> Option<bool> {
    let Kind::Paragraph(inlines) = &mut first.kind else {
        return None;
    };
    let Some(Inline::Text(text)) = inlines.first_mut() else {
        return None;
    };
    let done = [true, false]
        .into_iter()
        .find(|done| *text == task(*done))?;
    inlines.remove(0);
    Some(done)
}

/// What is open, with what stands in it so far.
struct Frame {
    what: What,
    line: usize,
    title: Vec<Inline>,
    elements: Vec<Element>,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Page,
    Admonition(Word),
    Details,
    Quote,
    /// Of an admonition, or of details.
    Title,
}

impl What {
    fn is_admonition(&self) -> bool {
        matches!(self, What::Admonition(_))
    }
}

/// Puts what stands between marks into what they open and close. What is never closed ends with the rest.
fn grouped(nodes: Vec<Node>) -> Vec<Element> {
    let mut open = Open(vec![Frame::new(What::Page, 0)]);
    for node in nodes {
        match node {
            Node::Element(element) => open.push(element),
            Node::Mark(mark, line) => open.mark(mark, line),
        }
    }
    while open.0.len() > 1 {
        open.close_last(usize::MAX);
    }
    open.0.pop().map(|frame| frame.elements).unwrap_or_default()
}

impl Frame {
    fn new(what: What, line: usize) -> Frame {
        Frame {
            what,
            line,
            title: Vec::new(),
            elements: Vec::new(),
        }
    }
}

struct Open(Vec<Frame>);

impl Open {
    fn push(&mut self, element: Element) {
        if let Some(frame) = self.0.last_mut() {
            frame.elements.push(element);
        }
    }

    fn mark(&mut self, mark: Mark, line: usize) {
        let begin = |what| Frame::new(what, line);
        match mark {
            Mark::Opening(word) => self.0.push(begin(What::Admonition(Word::of(&word)))),
            Mark::Closing => self.close(What::is_admonition, line),
            Mark::TitleStart => self.0.push(begin(What::Title)),
            Mark::TitleEnd => self.close(|what| *what == What::Title, line),
            Mark::Leaf {
                name,
                label,
                attributes,
            } => {
                if let Some(kind) = leaf(&name, label, &attributes) {
                    self.push(Element {
                        lines: line..line + 1,
                        kind,
                    });
                }
            }
            Mark::Literal(_) => {}
            Mark::Tag(tag) => {
                let what = match tag.name.as_str() {
                    "details" => Some(What::Details),
                    "summary" => Some(What::Title),
                    "blockquote" => Some(What::Quote),
                    _ => None,
                };
                match what {
                    Some(what) if tag.closing => self.close(|open| *open == what, line),
                    Some(what) => self.0.push(begin(what)),
                    None => {
                        if let Some(kind) = standing_alone(&tag) {
                            self.push(Element {
                                lines: line..line + 1,
                                kind,
                            });
                        }
                    }
                }
            }
        }
    }

    /// Closes the innermost that is meant, and what was opened in it; nothing if it is not open.
    fn close(&mut self, is_meant: impl Fn(&What) -> bool, line: usize) {
        let meant = self.0.iter().rposition(|frame| is_meant(&frame.what));
        while meant.is_some_and(|meant| self.0.len() > meant) {
            self.close_last(line + 1);
        }
    }

    fn close_last(&mut self, end: usize) {
        let Some(Frame {
            what,
            line,
            title,
            elements,
        }) = self.0.pop()
        else {
            return;
        };
        let last = elements.last().map_or(line + 1, |last| last.lines.end);
        let lines = line..if end == usize::MAX { last } else { end };
        let kind = match what {
            What::Page => return,
            What::Title => return self.title(elements),
            What::Admonition(word) => Kind::Admonition {
                word,
                title,
                elements,
            },
            What::Details => Kind::Details {
                summary: title,
                elements,
            },
            What::Quote => Kind::Quote(elements),
        };
        self.push(Element { lines, kind });
    }

    /// A title's text goes to what it is the title of, and whatever is no text stays in its place.
    fn title(&mut self, elements: Vec<Element>) {
        let Some(frame) = self.0.last_mut() else {
            return;
        };
        let has_title = matches!(frame.what, What::Admonition(_) | What::Details);
        for element in elements {
            match element.kind {
                Kind::Paragraph(inlines) | Kind::Heading { text: inlines, .. } if has_title => {
                    if !frame.title.is_empty() {
                        frame.title.push(Inline::SoftBreak);
                    }
                    frame.title.extend(inlines);
                }
                kind => frame.elements.push(Element { kind, ..element }),
            }
        }
    }
}

fn leaf(name: &str, label: String, attributes: &str) -> Option<Kind> {
    if name == "required-time" {
        let digits = attributes.split(|next: char| !next.is_ascii_digit());
        let minutes = digits
            .chain(label.split(' '))
            .find_map(|digits| digits.parse().ok());
        return Some(Kind::RequiredTime { minutes });
    }
    (!label.is_empty()).then(|| Kind::Paragraph(vec![Inline::Text(label)]))
}

/// What a tag shows that holds nothing.
fn standing_alone(tag: &super::tag::Tag) -> Option<Kind> {
    if tag.closing {
        return None;
    }
    let of = |names: &[&str]| tag.attribute(names).map(str::to_owned);
    match tag.name.as_str() {
        "hr" => Some(Kind::Rule),
        "video" | "iframe" => {
            let target = of(&["src"])?;
            let text = of(&["title"]).unwrap_or_else(|| target.clone());
            let text = vec![Inline::Text(text)];
            Some(Kind::Paragraph(vec![Inline::Link { target, text }]))
        }
        _ if tag.is_component() => {
            let label = of(&["label", "title", "alt"])?;
            let label = vec![Inline::Strong(vec![Inline::Text(label)])];
            Some(Kind::Paragraph(label))
        }
        _ => None,
    }
}
