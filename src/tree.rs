//! From paths to labs: walks content trees, reads pages, finds hooks, and has `plan` make a plan.
//!
//! A page that cannot be read or understood is a diagnostic, not the end of the run. `Err` means that
//! there is nothing to plan, or that a directory could not be looked into.

mod around;
mod binding;
mod hooks;
mod labs;
mod order;
mod overlay;
mod read;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobMatcher};

use crate::diagnostic::Diagnostic;
use crate::lab::Page;
use crate::plan::{self, LabSource, Plan, Request};
pub use around::{Around, around};
use binding::Bindings;
use labs::Labs;
use order::{Order, Ordered, Read};
use overlay::Overlay;
pub use read::Drafts;
pub use walk::is_page;
use walk::{Directory, Found, Walk};

/// What a selection of paths holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Loaded {
    pub plan: Plan,
    /// In the order of pages, and of places within a page.
    pub diagnostics: Vec<Diagnostic>,
    /// Text of every page that was read, by the path that steps and diagnostics name.
    pub sources: BTreeMap<PathBuf, String>,
    /// The labs with all that their pages hold, also what does not run.
    pub labs: Vec<LabSource>,
}

/// Why there is nothing to plan.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("no such file or directory: {}", .0.display())]
    NotFound(PathBuf),
    #[error("{} is not a page: a page's name ends in .md or .mdx", .0.display())]
    NotAPage(PathBuf),
    #[error("-g {glob}: {why}")]
    BadGlob { glob: String, why: String },
    #[error("nothing selected: no page ({}) in {}{}", wanted(.glob), listed(.paths), excluded_note(*.excluded))]
    NothingSelected {
        paths: Vec<PathBuf>,
        glob: Option<String>,
        /// Pages that a `.notest` leaves out.
        excluded: usize,
    },
    #[error("failed to read {}: {error}", .path.display())]
    Unreadable {
        path: PathBuf,
        error: std::io::Error,
    },
}

fn wanted(glob: &Option<String>) -> String {
    match glob {
        Some(glob) => format!("*.md, *.mdx, -g {glob}"),
        None => "*.md, *.mdx".to_owned(),
    }
}

fn listed(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    if names.is_empty() {
        "no path at all".to_owned()
    } else {
        names.join(", ")
    }
}

fn excluded_note(excluded: usize) -> String {
    if excluded == 0 {
        String::new()
    } else {
        format!(" ({excluded} left out by .notest)")
    }
}

/// Loads pages and directories of pages, in the given order; a page that is reached twice counts once.
///
/// # Errors
/// When the paths or the glob make no sense or select nothing, or an argument cannot be read.
pub fn load(paths: &[PathBuf], request: &Request) -> Result<Loaded, LoadError> {
    load_drafts(paths, request, &Drafts::default())
}

/// Like [`load`], with texts that stand for those on disk. Paths have to be spelled as the walk spells them: the
/// argument's, and names below it.
///
/// # Errors
/// Like [`load`].
pub fn load_drafts(
    paths: &[PathBuf],
    request: &Request,
    drafts: &Drafts,
) -> Result<Loaded, LoadError> {
    let overlay = overlay(paths, request)?;
    let glob = request.glob.as_deref().map(matcher).transpose()?;
    let mut walk = Walk::new(glob.as_ref(), &overlay);
    let mut found = Vec::new();
    for path in paths {
        found.push((path.as_path(), walk.path(path)?));
    }
    let mut collected = Collected {
        bindings: Bindings::new(&overlay),
        labs: Labs::new(request, &overlay),
        diagnostics: walk.diagnostics,
        sources: BTreeMap::new(),
    };
    for (argument, order) in in_order(found, drafts) {
        collected.argument(argument, order);
    }
    let (mut sources, diagnostics) = (collected.sources, collected.diagnostics);
    sources.extend(collected.bindings.sources);
    let labs = collected.labs.finish()?;
    if labs.iter().all(|lab| lab.pages.is_empty()) && diagnostics.is_empty() {
        return Err(LoadError::NothingSelected {
            paths: paths.to_vec(),
            glob: request.glob.clone(),
            excluded: labs.iter().map(|lab| lab.skipped.len()).sum(),
        });
    }
    Ok(planned(labs, request, diagnostics, sources))
}

/// What the arguments hold, as it comes together.
struct Collected<'a> {
    bindings: Bindings<'a>,
    labs: Labs<'a>,
    diagnostics: Vec<Diagnostic>,
    sources: BTreeMap<PathBuf, String>,
}

impl Collected<'_> {
    fn argument(&mut self, argument: &Path, order: Order) {
        self.diagnostics.extend(order.diagnostics);
        let selected = order.pages.iter().filter_map(Ordered::read);
        for read in order.indexes.iter().chain(selected) {
            if walk::is_index(&read.page.path) {
                self.bindings.know_index(&read.page);
            }
        }
        for index in order.indexes {
            self.diagnostics.extend(index.diagnostics);
            self.sources.insert(index.page.path, index.source);
        }
        for page in order.pages {
            match page {
                Ordered::Page(read) => {
                    let read = *read;
                    self.diagnostics.extend(read.diagnostics);
                    self.sources.insert(read.page.path.clone(), read.source);
                    self.labs.page(argument, read.page, &mut self.bindings);
                }
                Ordered::Excluded { page, directory } => self.labs.excluded(page, directory),
            }
        }
    }
}

fn overlay(paths: &[PathBuf], request: &Request) -> Result<Overlay, LoadError> {
    let mut overlay = Overlay::default();
    if let Some(source) = &request.source_tree {
        if !source.is_dir() {
            return Err(LoadError::NotFound(source.clone()));
        }
        for path in paths {
            overlay.given(path, source);
        }
    }
    Ok(overlay)
}

fn matcher(glob: &str) -> Result<GlobMatcher, LoadError> {
    // `./m` and `m/` mean `m`.
    let plain = glob.trim_start_matches("./").trim_end_matches('/');
    match Glob::new(plain) {
        Ok(glob) => Ok(glob.compile_matcher()),
        Err(error) => Err(LoadError::BadGlob {
            glob: glob.to_owned(),
            why: error.kind().to_string(),
        }),
    }
}

/// Reads what was found and puts each argument's pages in reading order.
fn in_order<'a>(found: Vec<(&'a Path, Found)>, drafts: &Drafts) -> Vec<(&'a Path, Order)> {
    let mut paths = Vec::new();
    for (_, found) in &found {
        match found {
            Found::Directory(directory) => list(directory, &mut paths),
            Found::Page(page) => paths.push(page.clone()),
            Found::Nothing => {}
        }
    }
    let pages = read::pages(&paths, drafts);
    let mut read: Read = paths.into_iter().zip(pages).collect();
    let ordered = found.into_iter().map(|(argument, found)| {
        let mut order = Order::default();
        match found {
            Found::Directory(directory) => order.directory(directory, &mut read),
            Found::Page(page) => order.page(&page, &mut read),
            Found::Nothing => {}
        }
        (argument, order)
    });
    ordered.collect()
}

fn list(directory: &Directory, paths: &mut Vec<PathBuf>) {
    paths.extend(directory.pages.iter().map(|page| page.path.clone()));
    for child in &directory.children {
        list(child, paths);
    }
}

fn planned(
    labs: Vec<LabSource>,
    request: &Request,
    mut diagnostics: Vec<Diagnostic>,
    sources: BTreeMap<PathBuf, String>,
) -> Loaded {
    let order = page_order(&labs);
    let (plan, of_the_plan) = plan::plan(labs.clone(), request);
    diagnostics.extend(of_the_plan);
    diagnostics.sort_by_key(|one| (order.get(&one.path).copied(), one.span.start));
    Loaded {
        plan,
        diagnostics,
        sources,
        labs,
    }
}

fn page_order(labs: &[LabSource]) -> BTreeMap<PathBuf, usize> {
    let pages = labs.iter().flat_map(|lab| &lab.pages);
    pages
        .enumerate()
        .map(|(index, page)| (page.path.clone(), index))
        .collect()
}

/// Empty for a page in the current directory.
fn directory_of(page: &Page) -> &Path {
    page.path.parent().unwrap_or(Path::new(""))
}

#[cfg(test)]
mod tests;
