//! Where a name leads.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::place::{Place, place};
use super::{Around, HookOrigin, OpenPage};
use crate::diagnostic::{Lines, Location};

/// A place in another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Bytes of the page that lead there.
    pub from: Range<usize>,
    pub path: PathBuf,
    pub at: Location,
}

/// Where the name at an offset leads; `None` where it is no name, or that of nothing that has a file.
pub fn target(page: &OpenPage<'_>, offset: usize, around: &Around) -> Option<Target> {
    let to = |from, path: &Path, at: &Location| {
        Some(Target {
            from,
            path: path.to_owned(),
            at: at.clone(),
        })
    };
    match place(page, offset) {
        Place::Annotation(word) if word.name == "hook" => {
            let (name, _) = word.value?;
            match &around.hook(name)?.origin {
                HookOrigin::Script(path) => to(word.span, path, &Location::start_of_file()),
                HookOrigin::Scenario { at, .. } => {
                    let (path, at) = at.as_ref()?;
                    to(word.span, path, at)
                }
            }
        }
        Place::Scenario { name, span } => {
            let file = around.scenario(name)?.file.as_ref()?;
            to(span, file, &Location::start_of_file())
        }
        _ => None,
    }
}

/// Where a scenario's text lists the checks of a hook: at its name, else at `hooks:`.
pub fn hook_in_scenario(text: &str, name: &str) -> Option<Location> {
    let lines = Lines::new(text);
    let first = (1..=lines.count()).find(|line| lines.text(*line).starts_with("hooks:"))?;
    let is_below = |line: &usize| {
        let text = lines.text(*line);
        text.is_empty() || text.starts_with([' ', '\t', '#'])
    };
    let below = (first + 1..=lines.count()).take_while(is_below);
    let key = below.into_iter().find_map(|line| {
        let text = lines.text(line);
        let own = text.trim_start();
        let bare = own.trim_start_matches(['"', '\'']);
        let rest = bare.strip_prefix(name)?;
        let rest = rest.trim_start_matches(['"', '\'']);
        let start = lines.span(line).start + (text.len() - bare.len());
        rest.trim_start()
            .starts_with(':')
            .then(|| start..start + name.len())
    });
    Some(lines.locate(key.unwrap_or_else(|| lines.span(first))))
}
