//! Which part of a page belongs to which step.
//!
//! A step is a tested block. Its section begins with its heading, together with the headings above that heading that
//! no earlier step has claimed, and ends where the next step's begins: nothing between two steps belongs to none. What
//! stands before the first step is the introduction.

use std::ops::Range;

use super::{Document, Element, Kind};

/// A step of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Counted from 1.
    pub number: usize,
    /// The block's `id=`, if it has one.
    pub id: Option<String>,
    /// Line of the block's opening fence.
    pub line: usize,
    /// The nearest heading above the block.
    pub heading: String,
}

/// What sections are made from, in the order of the page.
enum Landmark {
    Heading { level: u8, line: usize },
    Step(Step),
    Other { line: usize },
}

impl Document {
    /// The tested blocks of the page.
    pub fn steps(&self) -> Vec<Step> {
        let landmarks = self.landmarks().into_iter();
        landmarks
            .filter_map(|landmark| match landmark {
                Landmark::Step(step) => Some(step),
                _ => None,
            })
            .collect()
    }

    /// The lines of the page that belong to its Nth tested block, counted from 1.
    pub fn section(&self, number: usize) -> Option<Range<usize>> {
        let begins = self.beginnings();
        let begin = *begins.get(number.checked_sub(1)?)?;
        let end = begins.get(number).copied().unwrap_or(usize::MAX);
        Some(begin..end)
    }

    /// The lines of the page before the first step's; all of them where there is no step.
    pub fn introduction(&self) -> Range<usize> {
        0..self.beginnings().first().copied().unwrap_or(usize::MAX)
    }

    /// The number of the step that a line of the page belongs to; `None` in the introduction.
    pub fn section_of(&self, line: usize) -> Option<usize> {
        let begins = self.beginnings();
        let number = begins.partition_point(|begin| *begin <= line);
        (number > 0).then_some(number)
    }

    /// The line at which each step's section begins.
    fn beginnings(&self) -> Vec<usize> {
        let mut beginnings = Vec::new();
        // Headings since the last step under which the next thing stands, outermost first.
        let mut above: Vec<(u8, usize)> = Vec::new();
        let mut first_other = None;
        for landmark in self.landmarks() {
            match landmark {
                Landmark::Heading { level, line } => {
                    above.retain(|(outer, _)| *outer < level);
                    above.push((level, line));
                }
                Landmark::Other { line } => first_other = first_other.or(Some(line)),
                Landmark::Step(step) => {
                    // Without a heading of its own, what stands between it and the step before leads to it.
                    let other = first_other.filter(|_| !beginnings.is_empty());
                    let heading = above.first().map(|(_, line)| *line);
                    beginnings.push(heading.or(other).unwrap_or(step.line));
                    above.clear();
                    first_other = None;
                }
            }
        }
        beginnings
    }

    fn landmarks(&self) -> Vec<Landmark> {
        let mut landmarks = Vec::new();
        collect(&self.elements, &mut landmarks);
        landmarks
    }
}

fn collect(elements: &[Element], landmarks: &mut Vec<Landmark>) {
    for element in elements {
        let line = element.lines.start;
        match &element.kind {
            Kind::Heading { level, .. } => landmarks.push(Landmark::Heading {
                level: *level,
                line,
            }),
            Kind::Code {
                block,
                step: Some(number),
            } => landmarks.push(Landmark::Step(Step {
                number: *number,
                id: block.annotations.id.as_ref().map(|id| id.value.clone()),
                line: block.line,
                heading: block.heading.clone(),
            })),
            _ => {
                let children = element.children();
                if children.is_empty() {
                    landmarks.push(Landmark::Other { line });
                }
                children
                    .into_iter()
                    .for_each(|children| collect(children, landmarks));
            }
        }
    }
}

/// The elements that begin in these lines. What only partly lies in them keeps its frame around what does.
pub fn within(elements: &[Element], lines: &Range<usize>) -> Vec<Element> {
    let parts = elements.iter().filter_map(|element| part(element, lines));
    parts.collect()
}

fn part(element: &Element, lines: &Range<usize>) -> Option<Element> {
    if element.children().is_empty() {
        return lines
            .contains(&element.lines.start)
            .then(|| element.clone());
    }
    if element.lines.start >= lines.start && element.lines.end <= lines.end {
        return Some(element.clone());
    }
    let mut part = element.clone();
    let is_empty = match &mut part.kind {
        Kind::List { items, start } => {
            let before = items.len();
            items
                .iter_mut()
                .for_each(|item| item.elements = within(&item.elements, lines));
            let skipped = items
                .iter()
                .take_while(|item| item.elements.is_empty())
                .count();
            *start = start.map(|start| start + skipped as u64);
            items.retain(|item| !item.elements.is_empty());
            before > 0 && items.is_empty()
        }
        Kind::Quote(elements)
        | Kind::Admonition { elements, .. }
        | Kind::Details { elements, .. } => {
            *elements = within(elements, lines);
            elements.is_empty()
        }
        _ => false,
    };
    // A frame without anything in it belongs where it begins.
    (!is_empty
        || element
            .children()
            .iter()
            .all(|children| children.is_empty())
            && lines.contains(&element.lines.start))
    .then_some(part)
}
