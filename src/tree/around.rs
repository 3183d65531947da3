//! What stands around pages and belongs to them: their hook scripts with their texts, the pages that they translate,
//! and which scripts their neighbours name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::overlay::Overlay;
use super::read::ReadPage;
use super::{Drafts, Loaded, read, walk};
use crate::lab::Page;
use crate::plan::Request;

/// The neighbourhood of loaded pages.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Text of every hook and suite script that the pages may name.
    pub scripts: BTreeMap<PathBuf, String>,
    /// Hook scripts beside the pages that no page of their directory names.
    pub unnamed: BTreeSet<PathBuf>,
    /// The page that a page translates, and its text.
    pub sources: BTreeMap<PathBuf, (Page, String)>,
    /// Where a page's twin would be, for translations whose twin is not there.
    pub orphans: BTreeMap<PathBuf, PathBuf>,
    /// Pages of the same directories that were not asked for, also in the source language, and the index pages of those
    /// above.
    pub neighbours: BTreeMap<PathBuf, Page>,
}

/// Looks around pages that were loaded for this request. What cannot be read is not there.
pub fn around(loaded: &Loaded, paths: &[PathBuf], request: &Request, drafts: &Drafts) -> Around {
    let overlay = super::overlay(paths, request).unwrap_or_default();
    let mut around = Around::default();
    let pages: BTreeMap<&Path, &Page> = loaded
        .labs
        .iter()
        .flat_map(|lab| &lab.pages)
        .map(|page| (page.path.as_path(), page))
        .collect();
    let directories: BTreeSet<&Path> = pages
        .values()
        .map(|page| super::directory_of(page))
        .collect();
    let homes: Vec<PathBuf> = directories
        .iter()
        .flat_map(|directory| overlay.homes(directory))
        .collect();
    let homes: BTreeSet<&Path> = homes.iter().map(PathBuf::as_path).collect();
    let neighbours = neighbours(&homes, &pages, drafts);
    for lab in &loaded.labs {
        let of_pages = lab.hook_scripts.iter().flat_map(|hooks| &hooks.scripts);
        let scripts = of_pages.map(|(_, script)| script).chain(&lab.suite_hooks);
        for script in scripts {
            if !around.scripts.contains_key(script)
                && let Ok(text) = fs::read_to_string(script)
            {
                around.scripts.insert(script.clone(), text);
            }
        }
    }
    around.translations(loaded, &pages, &neighbours, &overlay);
    let neighbours = neighbours.into_iter();
    around.neighbours = neighbours.map(|(path, read)| (path, read.page)).collect();
    around.unnamed = unnamed(loaded, &around, &pages);
    around
}

/// Pages beside those that were asked for.
fn neighbours(
    directories: &BTreeSet<&Path>,
    pages: &BTreeMap<&Path, &Page>,
    drafts: &Drafts,
) -> BTreeMap<PathBuf, ReadPage> {
    let above = directories
        .iter()
        .flat_map(|directory| directory.ancestors().skip(1));
    let above: BTreeSet<&Path> = above.collect();
    let mut paths: Vec<PathBuf> = above
        .into_iter()
        .filter(|directory| !directories.contains(directory))
        .flat_map(|directory| walk::INDEX_NAMES.map(|name| directory.join(name)))
        .filter(|index| !pages.contains_key(index.as_path()) && index.is_file())
        .collect();
    for directory in directories {
        let shown = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        let entries = fs::read_dir(shown).into_iter().flatten().flatten();
        let beside = entries.map(|entry| directory.join(entry.file_name()));
        paths.extend(beside.filter(|path| {
            walk::is_page(path) && !pages.contains_key(path.as_path()) && path.is_file()
        }));
    }
    paths.sort();
    read::pages(&paths, drafts)
        .into_iter()
        .flatten()
        .map(|read| (read.page.path.clone(), read))
        .collect()
}

/// Scripts beside pages that neither a page of their directory nor another script names.
fn unnamed(loaded: &Loaded, around: &Around, pages: &BTreeMap<&Path, &Page>) -> BTreeSet<PathBuf> {
    let mut named: BTreeSet<(PathBuf, &str)> = BTreeSet::new();
    let all = pages.values().copied().chain(around.neighbours.values());
    for page in all {
        let hooks = page
            .blocks
            .iter()
            .filter_map(|block| block.annotations.hook.as_ref());
        let directory = super::directory_of(page);
        named.extend(hooks.map(|hook| (directory.to_owned(), hook.value.as_str())));
    }
    let of_labs = loaded.labs.iter().flat_map(|lab| &lab.hook_scripts);
    let mut found = BTreeSet::new();
    for hooks in of_labs {
        for (name, script) in &hooks.scripts {
            let own = script.parent().and_then(Path::parent) == Some(hooks.directory.as_path());
            if own && !named.contains(&(hooks.directory.clone(), name)) {
                found.insert(script.clone());
            }
        }
    }
    found.retain(|script| !is_used_by_another(script, &around.scripts));
    found
}

fn is_used_by_another(script: &Path, scripts: &BTreeMap<PathBuf, String>) -> bool {
    let Some(name) = script.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    scripts
        .iter()
        .any(|(other, text)| other != script && text.contains(name))
}

impl Around {
    /// A page's twin stands in a directory that was looked into: it is one of the pages or of their neighbours.
    fn translations(
        &mut self,
        loaded: &Loaded,
        pages: &BTreeMap<&Path, &Page>,
        neighbours: &BTreeMap<PathBuf, ReadPage>,
        overlay: &Overlay,
    ) {
        for page in pages.values() {
            let directory = super::directory_of(page);
            let (Some(home), Some(name)) = (overlay.homes(directory).nth(1), page.path.file_name())
            else {
                continue;
            };
            let twin = home.join(name);
            let known = pages.get(twin.as_path()).copied();
            let known = known.zip(loaded.sources.get(&twin));
            let beside = || neighbours.get(&twin).map(|read| (&read.page, &read.source));
            if let Some((source, text)) = known.or_else(beside) {
                let source = (source.clone(), text.clone());
                self.sources.insert(page.path.clone(), source);
            } else if home.is_dir() && !twin.exists() {
                // Where the whole directory has no twin, the page is not a translation after all.
                self.orphans.insert(page.path.clone(), twin);
            }
        }
    }
}
