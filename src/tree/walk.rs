//! Finds the pages of a content tree without reading any: what is content, what a `.notest` leaves out,
//! what a glob selects.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use globset::GlobMatcher;

use super::LoadError;
use super::overlay::Overlay;
use crate::diagnostic::{Diagnostic, Location, Severity};

/// File names of the page that stands for its directory.
pub(super) const INDEX_NAMES: [&str; 6] = [
    "_index.md",
    "index.en.md",
    "index.md",
    "_index.mdx",
    "index.en.mdx",
    "index.mdx",
];

/// What one argument holds.
pub(super) enum Found {
    Directory(Directory),
    Page(PathBuf),
    /// A page that an earlier argument had, or that the glob does not match.
    Nothing,
}

/// A directory's content, in byte order of the names.
pub(super) struct Directory {
    pub path: PathBuf,
    pub pages: Vec<FoundPage>,
    /// Pages that a `.notest` here or above leaves out.
    pub excluded: Vec<PathBuf>,
    pub children: Vec<Directory>,
}

/// A page before it is read.
pub(super) struct FoundPage {
    pub path: PathBuf,
    pub is_index: bool,
    /// False for an index page that the glob does not match: it still orders its directory and names its
    /// scenario.
    pub selected: bool,
}

/// What has been seen so far; lets pages that are reached twice, and links that loop, count once.
pub(super) struct Walk<'a> {
    pub glob: Option<&'a GlobMatcher>,
    pub overlay: &'a Overlay,
    pub diagnostics: Vec<Diagnostic>,
    seen: BTreeSet<PathBuf>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(glob: Option<&'a GlobMatcher>, overlay: &'a Overlay) -> Self {
        Walk {
            glob,
            overlay,
            diagnostics: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    /// The pages at one argument. A page that is named is selected also where a `.notest` is.
    pub(super) fn path(&mut self, path: &Path) -> Result<Found, LoadError> {
        let unreadable = |error| LoadError::Unreadable {
            path: path.to_owned(),
            error,
        };
        let metadata = fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => LoadError::NotFound(path.to_owned()),
            _ => unreadable(error),
        })?;
        let real = fs::canonicalize(path).map_err(unreadable)?;
        if metadata.is_dir() {
            if !self.seen.insert(real.clone()) {
                return Ok(Found::Nothing);
            }
            let excluded = path.ancestors().any(|above| self.is_excluded(above));
            let entries = entries(path).map_err(unreadable)?;
            return Ok(Found::Directory(
                self.directory(path, path, &real, entries, excluded),
            ));
        }
        if !is_page(path) {
            return Err(LoadError::NotAPage(path.to_owned()));
        }
        let root = path.parent().unwrap_or(Path::new(""));
        let selected = self.seen.insert(real) && self.is_selected(root, path);
        Ok(if selected {
            Found::Page(path.to_owned())
        } else {
            Found::Nothing
        })
    }

    /// The directory at `path`, whose real path is `real`. Below a `.notest` pages are only counted.
    fn directory(
        &mut self,
        root: &Path,
        path: &Path,
        real: &Path,
        entries: Vec<Entry>,
        excluded: bool,
    ) -> Directory {
        let mut directory = Directory {
            path: path.to_owned(),
            pages: Vec::new(),
            excluded: Vec::new(),
            children: Vec::new(),
        };
        for entry in entries {
            let Some(real) = entry.real(real) else {
                continue;
            };
            if entry.is_directory {
                let child = self.child(root, entry.path, real, excluded);
                directory.children.extend(child);
            } else if is_page(&entry.path) && self.seen.insert(real) {
                self.page(root, &mut directory, entry.path, excluded);
            }
        }
        directory
    }

    /// `None` when it was met before, or cannot be read: that is said, and the walk goes on.
    fn child(
        &mut self,
        root: &Path,
        path: PathBuf,
        real: PathBuf,
        excluded: bool,
    ) -> Option<Directory> {
        if !self.seen.insert(real.clone()) {
            return None;
        }
        let excluded = excluded || self.is_excluded(&path);
        match entries(&path) {
            Ok(entries) => Some(self.directory(root, &path, &real, entries, excluded)),
            Err(error) => {
                let message = format!("failed to read this directory: {error}");
                let at = Location::start_of_file();
                let code = "directory-unreadable";
                let diagnostic = Diagnostic::new(Severity::Error, code, &path, at, message);
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn page(&mut self, root: &Path, directory: &mut Directory, path: PathBuf, excluded: bool) {
        let selected = self.is_selected(root, &path);
        let is_index = is_index(&path);
        if excluded && selected {
            directory.excluded.push(path);
        } else if selected || is_index && !excluded {
            directory.pages.push(FoundPage {
                path,
                is_index,
                selected,
            });
        }
    }

    /// Whether the glob matches the page's path below `root`, or a directory on it.
    fn is_selected(&self, root: &Path, page: &Path) -> bool {
        let Some(glob) = self.glob else { return true };
        let relative = page.strip_prefix(root).unwrap_or(page);
        relative
            .ancestors()
            .filter(|path| !path.as_os_str().is_empty())
            .any(|path| glob.is_match(path))
    }

    fn is_excluded(&self, directory: &Path) -> bool {
        let mut homes = self.overlay.homes(directory);
        homes.any(|home| home.join(".notest").exists())
    }
}

struct Entry {
    path: PathBuf,
    is_directory: bool,
    is_link: bool,
}

impl Entry {
    /// Its path without links, in a directory whose own is `parent`. A link to nowhere has none.
    fn real(&self, parent: &Path) -> Option<PathBuf> {
        if self.is_link {
            return fs::canonicalize(&self.path).ok();
        }
        Some(parent.join(self.path.file_name()?))
    }
}

/// Files and directories that content may be in, in byte order of their names.
fn entries(directory: &Path) -> std::io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") || name == "node_modules" {
            continue;
        }
        let path = directory.join(&name);
        let own = entry.file_type()?;
        // What a link leads to; a link that loops or leads to nowhere is neither.
        let (is_directory, is_file) = if own.is_symlink() {
            fs::metadata(&path).map_or((false, false), |target| (target.is_dir(), target.is_file()))
        } else {
            (own.is_dir(), own.is_file())
        };
        if is_directory || is_file {
            found.push(Entry {
                path,
                is_directory,
                is_link: own.is_symlink(),
            });
        }
    }
    found.sort_by(|one, other| one.path.file_name().cmp(&other.path.file_name()));
    Ok(found)
}

/// Whether a file of this name is a page.
pub fn is_page(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "md" || extension == "mdx")
}

pub(super) fn is_index(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|own| INDEX_NAMES.iter().any(|name| own == *name))
}
