//! Walks a content tree in reading order: a directory's index page, its other pages, its child
//! directories; each by weight, ties by file name.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::{LoadError, hooks};
use crate::diagnostic::{Diagnostic, Location, Severity};
use crate::lab::{self, Page};

/// File names of the page that stands for its directory.
const INDEX_NAMES: [&str; 6] = [
    "_index.md",
    "index.en.md",
    "index.md",
    "_index.mdx",
    "index.en.mdx",
    "index.mdx",
];

/// One page in reading order.
pub(super) enum Found {
    Page {
        page: Page,
        /// The scenario of the nearest index page at or above the page's directory.
        inherited: Option<Inherited>,
    },
    /// A page that a `.notest` in `directory` leaves out; it is not read.
    Excluded { page: PathBuf, directory: PathBuf },
}

/// A scenario that a directory's index page names for all pages below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inherited {
    pub directory: PathBuf,
    pub scenario: String,
}

/// What has been seen so far; lets pages that are reached twice, and links that loop, count once.
#[derive(Default)]
pub(super) struct Walk {
    pub sources: BTreeMap<PathBuf, String>,
    pub diagnostics: Vec<Diagnostic>,
    seen: BTreeSet<PathBuf>,
}

/// A directory, read and sorted.
struct Directory {
    path: PathBuf,
    index: Option<Page>,
    pages: Vec<Page>,
    excluded: Vec<PathBuf>,
    children: Vec<Directory>,
}

impl Walk {
    /// The pages at one argument, in reading order.
    pub(super) fn path(&mut self, path: &Path) -> Result<Vec<Found>, LoadError> {
        let metadata = fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => LoadError::NotFound(path.to_owned()),
            _ => LoadError::Unreadable {
                path: path.to_owned(),
                error,
            },
        })?;
        if metadata.is_dir() {
            let mut found = Vec::new();
            if let Some(directory) = self.directory(path, false)? {
                directory.flatten(None, &mut found);
            }
            return Ok(found);
        }
        if !is_page(path) {
            return Err(LoadError::NotAPage(path.to_owned()));
        }
        let page = if self.is_new(path) {
            self.page(path)
        } else {
            None
        };
        Ok(page
            .map(|page| Found::Page {
                page,
                inherited: None,
            })
            .into_iter()
            .collect())
    }

    /// Reads a directory; `None` when it was read before. Below a `.notest` pages are only counted.
    fn directory(&mut self, path: &Path, excluded: bool) -> Result<Option<Directory>, LoadError> {
        if !self.is_new(path) {
            return Ok(None);
        }
        let excluded = excluded || hooks::is_excluded(path);
        let mut directory = Directory {
            path: path.to_owned(),
            index: None,
            pages: Vec::new(),
            excluded: Vec::new(),
            children: Vec::new(),
        };
        for entry in entries(path)? {
            if entry.is_dir() {
                directory.children.extend(self.directory(&entry, excluded)?);
            } else if entry.is_file() && is_page(&entry) && self.is_new(&entry) {
                self.add_page(&mut directory, entry, excluded);
            }
        }
        directory.sort();
        Ok(Some(directory))
    }

    fn add_page(&mut self, directory: &mut Directory, path: PathBuf, excluded: bool) {
        if excluded {
            directory.excluded.push(path);
            return;
        }
        let Some(page) = self.page(&path) else { return };
        let is_index = INDEX_NAMES
            .iter()
            .any(|name| path.file_name().is_some_and(|own| own == *name));
        match &directory.index {
            None if is_index => directory.index = Some(page),
            Some(first) if is_index => {
                let message = "a second index page in its directory";
                let help = format!("{} is one already", first.path.display());
                self.error("index-duplicate", &path, message.to_owned(), Some(help));
                directory.pages.push(page);
            }
            _ => directory.pages.push(page),
        }
    }

    /// Reads and parses a page; what is wrong with it goes to the diagnostics.
    fn page(&mut self, path: &Path) -> Option<Page> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.error(
                    "page-unreadable",
                    path,
                    format!("failed to read this page: {error}"),
                    None,
                );
                return None;
            }
        };
        let source = match String::from_utf8(bytes) {
            Ok(source) => source,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let message =
                    format!("this page is not UTF-8 text: byte {at} belongs to no character");
                self.error(
                    "page-unreadable",
                    path,
                    message,
                    Some("save it as UTF-8".to_owned()),
                );
                return None;
            }
        };
        let (page, diagnostics) = lab::parse(path, &source);
        self.diagnostics.extend(diagnostics);
        self.sources.insert(path.to_owned(), source);
        Some(page)
    }

    /// Whether this file or directory was not met before, under whatever name. A link to nowhere was.
    fn is_new(&mut self, path: &Path) -> bool {
        fs::canonicalize(path).is_ok_and(|real| self.seen.insert(real))
    }

    fn error(&mut self, code: &'static str, path: &Path, message: String, help: Option<String>) {
        let at = Location::start_of_file();
        let mut diagnostic = Diagnostic::new(Severity::Error, code, path, at, message);
        diagnostic.help = help;
        self.diagnostics.push(diagnostic);
    }
}

impl Directory {
    fn sort(&mut self) {
        self.pages.sort_by(|one, other| {
            by_weight(Some(one), Some(other))
                .then_with(|| one.path.file_name().cmp(&other.path.file_name()))
        });
        self.children.sort_by(|one, other| {
            let names = || one.path.file_name().cmp(&other.path.file_name());
            by_weight(one.index.as_ref(), other.index.as_ref()).then_with(names)
        });
    }

    fn flatten(self, above: Option<&Inherited>, found: &mut Vec<Found>) {
        let own = self
            .index
            .as_ref()
            .and_then(|index| index.front_matter.scenario.clone());
        let own = own.map(|scenario| Inherited {
            directory: self.path.clone(),
            scenario,
        });
        let inherited = own.as_ref().or(above);
        let pages = self.index.into_iter().chain(self.pages);
        found.extend(pages.map(|page| Found::Page {
            page,
            inherited: inherited.cloned(),
        }));
        let excluded = self.excluded.into_iter();
        found.extend(excluded.map(|page| Found::Excluded {
            page,
            directory: self.path.clone(),
        }));
        for child in self.children {
            child.flatten(inherited, found);
        }
    }
}

/// Lighter first; what has no weight comes last.
fn by_weight(one: Option<&Page>, other: Option<&Page>) -> Ordering {
    let weight = |page: Option<&Page>| page.and_then(|page| page.front_matter.weight);
    match (weight(one), weight(other)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// Files and directories that content may be in, in byte order of their names.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |error| LoadError::Unreadable {
        path: directory.to_owned(),
        error,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        if !name.as_encoded_bytes().starts_with(b".") && name != "node_modules" {
            paths.push(directory.join(name));
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_page(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "md" || extension == "mdx")
}
