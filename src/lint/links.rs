//! Rules about where pages lead. Only what can be told without doubt: targets with a file's ending, and headings.

use std::path::{Component, Path, PathBuf};

use super::steps::PageView;
use super::{Content, Pages};
use crate::diagnostic::{Diagnostic, Location};
use crate::lab::{Link, Page};

pub(super) fn check(
    view: &PageView<'_>,
    pages: &Pages<'_>,
    content: &Content<'_>,
    found: &mut Vec<Diagnostic>,
) {
    for link in &view.page.links {
        if let Some(one) = broken(view, link, pages, content) {
            found.push(one);
        }
    }
}

fn broken(
    view: &PageView<'_>,
    link: &Link,
    pages: &Pages<'_>,
    content: &Content<'_>,
) -> Option<Diagnostic> {
    let target = link.target.trim();
    if is_elsewhere(target) {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = path.split('?').next().unwrap_or_default();
    let at = || place(view, link);
    if path.is_empty() {
        let known = has_heading(view.page, view.text, anchor);
        return (!anchor.is_empty() && !known).then(|| no_heading(view, at(), anchor, "this page"));
    }
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    if !has_file_ending(&decoded) {
        // The web page's routes follow rules of their own.
        return None;
    }
    let directory = view.page.path.parent().unwrap_or(Path::new(""));
    let file = normalized(&directory.join(&*decoded));
    if !is_found(content, view, &file) {
        let what = if link.is_image { "image" } else { "file" };
        let message = format!("there is no {what} {}", file.display());
        let one = view.diagnostic("link-target", at(), message);
        return Some(one.with_help("mend the path, which counts from this page's directory"));
    }
    if anchor.is_empty() {
        return None;
    }
    let target = pages.get(file.as_path())?;
    let known = has_heading(target.page, target.text, anchor);
    (!known).then(|| no_heading(view, at(), anchor, &file.display().to_string()))
}

/// A translation may lead to what only the source has.
fn is_found(content: &Content<'_>, view: &PageView<'_>, file: &Path) -> bool {
    if (content.exists)(file) {
        return true;
    }
    let Some((source, _)) = content.sources.get(&view.page.path) else {
        return false;
    };
    let (Some(own), Some(other)) = (view.page.path.parent(), source.path.parent()) else {
        return false;
    };
    // The same way, from the source's directory.
    let Ok(rest) = relative(own, file) else {
        return false;
    };
    (content.exists)(&normalized(&other.join(rest)))
}

/// The way from a directory to a file, with `..` where it has to go up.
fn relative(directory: &Path, file: &Path) -> Result<PathBuf, ()> {
    let mut up = PathBuf::new();
    for above in directory.ancestors() {
        if let Ok(rest) = file.strip_prefix(above) {
            return Ok(up.join(rest));
        }
        up.push("..");
    }
    Err(())
}

fn no_heading(view: &PageView<'_>, at: Location, anchor: &str, page: &str) -> Diagnostic {
    let message = format!("no heading of {page} has the anchor `#{anchor}`");
    view.diagnostic("link-anchor", at, message)
        .with_help("an anchor is the heading's text in lower case, with `-` for blanks")
}

/// Compared by letters and digits alone: generators differ about the rest.
fn has_heading(page: &Page, text: &str, anchor: &str) -> bool {
    let anchor = percent_encoding::percent_decode_str(anchor).decode_utf8_lossy();
    let wanted = letters(&anchor);
    // A second heading of the same text gets a number.
    let without_number = letters(anchor.trim_end_matches(|last: char| last.is_ascii_digit()));
    let headings = page.headings.iter().map(|heading| letters(heading));
    let mut headings = headings.filter(|heading| !heading.is_empty() || wanted.is_empty());
    headings.any(|heading| heading == wanted || heading == without_number)
        || ["id=\"", "name=\"", "id='", "id={\""]
            .iter()
            .any(|opening| text.contains(&format!("{opening}{anchor}")))
        || text.contains(&format!("{{#{anchor}}}"))
        || anchor == "top"
}

fn letters(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Not a way within the tree: a URL, the web page's root or an alias of its generator, what a template fills in.
fn is_elsewhere(target: &str) -> bool {
    target.is_empty()
        || target.starts_with('/')
        || target.starts_with('@')
        || target.starts_with("~")
        || target.contains("://")
        || target.contains(['{', '}', '<', '>', '$'])
        || target
            .split('/')
            .next()
            .is_some_and(|first| first.contains(':'))
}

fn has_file_ending(path: &str) -> bool {
    const ENDINGS: [&str; 18] = [
        "md", "mdx", "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "yaml", "yml", "json",
        "sh", "txt", "pdf", "zip", "tf", "drawio",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty() && ENDINGS.contains(&ending.to_ascii_lowercase().as_str())
    })
}

/// Without `.` and with `..` followed by hand, as a web page does it: links of the file system play no part.
pub(super) fn normalized(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

/// The target where it is written, on the link's line or one of the next.
fn place(view: &PageView<'_>, link: &Link) -> Location {
    let lines = link.line..(link.line + 8).min(view.lines.count() + 1);
    for line in lines {
        if let Some(at) = view.lines.text(line).find(&link.target) {
            let start = view.lines.span(line).start + at;
            return view.lines.locate(start..start + link.target.len());
        }
    }
    view.lines.locate(view.lines.span(link.line))
}
