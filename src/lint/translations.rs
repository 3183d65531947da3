//! Rules about translations: the same commands with the same annotations, of the page as it is today.

use std::path::Path;

use md5::{Digest as _, Md5};

use super::Content;
use super::steps::PageView;
use crate::diagnostic::{Diagnostic, Lines, Location};
use crate::lab::{Block, Page};

pub(super) fn check(view: &PageView<'_>, content: &Content<'_>, found: &mut Vec<Diagnostic>) {
    if let Some(expected) = content.orphans.get(&view.page.path) {
        let message = format!(
            "this page translates {}, which is not there",
            expected.display()
        );
        let one = view.diagnostic("translation-orphan", Location::start_of_file(), message);
        found.push(one.with_help("give it the name of its source, or remove it"));
    }
    let Some((source, source_text)) = content.sources.get(&view.page.path) else {
        return;
    };
    found.extend(stale(view, source_text, &source.path));
    let own: Vec<&Block> = runnable(view.page).collect();
    let theirs: Vec<&Block> = runnable(source).collect();
    if own.len() != theirs.len() {
        found.push(another_number(view, &own, source, &theirs));
        return;
    }
    for (own, theirs) in own.into_iter().zip(theirs) {
        found.extend(other_annotations(
            view,
            own,
            theirs,
            source_text,
            &source.path,
        ));
        found.extend(other_commands(view, own, theirs, &source.path));
    }
}

fn runnable(page: &Page) -> impl Iterator<Item = &Block> {
    page.blocks.iter().filter(|block| block.language == "bash")
}

fn another_number(
    view: &PageView<'_>,
    own: &[&Block],
    source: &Page,
    theirs: &[&Block],
) -> Diagnostic {
    // The first block that has no equal in its place is where one of the two pages goes its own way.
    let differs = own
        .iter()
        .zip(theirs)
        .find(|(own, theirs)| texts(own) != texts(theirs));
    let line = differs.map_or_else(
        || own.get(theirs.len()).map_or(1, |extra| extra.line),
        |(own, _)| own.line,
    );
    let message = format!(
        "{} `bash` blocks here, {} in {}",
        own.len(),
        theirs.len(),
        source.path.display()
    );
    let at = view.lines.locate(view.lines.span(line));
    let help = "a translation has the blocks of its source, in their order";
    view.diagnostic("translation-commands", at, message)
        .with_help(help)
}

/// The commands without their comments, which are for people.
fn texts(block: &Block) -> Vec<String> {
    block
        .commands
        .iter()
        .map(|command| without_comments(&command.text))
        .collect()
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| match line.find(" #") {
        Some(at) if !line[..at].contains(['"', '\'']) => line[..at].trim_end(),
        _ if line.trim_start().starts_with('#') => "",
        _ => line.trim_end(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn other_commands(
    view: &PageView<'_>,
    own: &Block,
    theirs: &Block,
    source: &Path,
) -> Option<Diagnostic> {
    let (mine, original) = (texts(own), texts(theirs));
    if mine == original {
        return None;
    }
    let at = mine
        .iter()
        .zip(&original)
        .position(|(own, theirs)| own != theirs);
    let at = at.unwrap_or(mine.len().min(original.len()));
    let line = own
        .commands
        .get(at)
        .map_or(own.line, |command| command.line);
    let place = view.lines.locate(view.lines.span(line));
    let message = match (own.commands.get(at), theirs.commands.get(at)) {
        (Some(_), Some(other)) => {
            let first = other.text.lines().next().unwrap_or_default();
            format!(
                "the source has another command here: `{first}` ({}:{})",
                source.display(),
                other.line
            )
        }
        (None, Some(other)) => format!(
            "a command of the source is missing here ({}:{})",
            source.display(),
            other.line
        ),
        _ => format!(
            "a command that the source does not have ({}:{})",
            source.display(),
            theirs.line
        ),
    };
    let help = "a translation translates the text around the commands";
    Some(
        view.diagnostic("translation-commands", place, message)
            .with_help(help),
    )
}

fn other_annotations(
    view: &PageView<'_>,
    own: &Block,
    theirs: &Block,
    source_text: &str,
    source: &Path,
) -> Option<Diagnostic> {
    let difference = differences(own, theirs);
    if difference.is_empty() {
        return None;
    }
    let at = view.lines.locate(view.lines.span(own.line));
    let message = format!(
        "the source's block has other annotations: {} ({}:{})",
        difference.join(", "),
        source.display(),
        theirs.line
    );
    let help = "annotations are the same in every language";
    let one = view
        .diagnostic("translation-annotations", at, message)
        .with_help(help);
    let lines = Lines::new(source_text);
    let (mine, original) = (view.lines.text(own.line), lines.text(theirs.line));
    // Only where nothing but the info string differs.
    let info = |line: &str| line.find("bash").map(|at| at + "bash".len());
    match (info(mine), info(original)) {
        (Some(from), Some(of)) => {
            let span = view.lines.span(own.line);
            Some(one.with_fix(span.start + from..span.end, &original[of..]))
        }
        _ => Some(one),
    }
}

fn differences(own: &Block, theirs: &Block) -> Vec<&'static str> {
    let (own, theirs) = (&own.annotations, &theirs.annotations);
    macro_rules! differ {
        ($name:ident) => {
            own.$name.as_ref().map(|setting| &setting.value)
                != theirs.$name.as_ref().map(|setting| &setting.value)
        };
    }
    [
        ("test", differ!(test)),
        ("timeout", differ!(timeout)),
        ("hook", differ!(hook)),
        ("hookTimeout", differ!(hook_timeout)),
        ("wait", differ!(wait)),
        ("expectError", differ!(expect_error)),
        ("raw", differ!(raw)),
        ("retries", differ!(retries)),
        ("id", differ!(id)),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

/// Whether the recorded hash is not the source's any more.
fn stale(view: &PageView<'_>, source: &str, path: &Path) -> Option<Diagnostic> {
    let recorded = view.page.front_matter.source_hash.as_ref()?;
    let hash = |text: &str| {
        let digest = Md5::digest(text.as_bytes());
        digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let plain = source.replace("\r\n", "\n");
    // Tools differ about the text's end, and hash what an editor shows.
    let candidates = [
        source,
        &plain,
        plain.trim(),
        plain.trim_end(),
        plain.trim_start_matches('\u{feff}'),
    ];
    let value = recorded.value.trim().to_lowercase();
    if candidates.iter().any(|text| hash(text) == value) {
        return None;
    }
    let message = format!("{} has changed since this was translated", path.display());
    let help = format!(
        "translate what changed, and record its hash: {}",
        hash(source)
    );
    Some(
        view.diagnostic("translation-stale", recorded.at.clone(), message)
            .with_help(help),
    )
}
