//! The steps of a page, for an editor's outline.

use std::ops::Range;

use super::OpenPage;
use crate::plan::{self, LabSource, Request};

/// A step of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Its number, as when the page is run alone, and its title.
    pub name: String,
    /// Its first command.
    pub detail: String,
    /// Bytes of the block with its fences.
    pub span: Range<usize>,
    /// Bytes of the line that opens it.
    pub head: Range<usize>,
}

/// The steps of a page in their order.
pub fn outline(page: &OpenPage<'_>) -> Vec<Symbol> {
    let lab = LabSource {
        pages: vec![page.page.clone()],
        ..LabSource::default()
    };
    let (plan, _) = plan::plan(vec![lab], &Request::default());
    let steps = plan.labs.into_iter().flat_map(|lab| lab.steps);
    steps
        .filter_map(|step| {
            let block = page.block_on(step.line)?;
            let head = page.lines.span(step.line);
            let last = page.lines.span(*block.page_lines().end());
            let command = step.commands.first().map(|command| command.text.as_str());
            Some(Symbol {
                name: format!("{} {}", step.number, step.title)
                    .trim_end()
                    .to_owned(),
                detail: command
                    .and_then(|text| text.lines().next())
                    .unwrap_or_default()
                    .to_owned(),
                span: head.start..last.end.max(head.end),
                head,
            })
        })
        .collect()
}
