//! Reading order: a directory's index page, its other pages, its child directories; each by weight, ties by
//! file name.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::read::ReadPage;
use super::walk::{Directory, FoundPage};
use crate::diagnostic::{Diagnostic, Location, Severity};
use crate::lab::Page;

/// The pages that were read, by path; taken out as they are put in order.
pub(super) type Read = BTreeMap<PathBuf, Result<ReadPage, Box<Diagnostic>>>;

/// One page in reading order.
pub(super) enum Ordered {
    Page(Box<ReadPage>),
    /// A page that a `.notest` leaves out, in a directory that is or is below the one with it.
    Excluded {
        page: PathBuf,
        directory: PathBuf,
    },
}

impl Ordered {
    pub(super) fn read(&self) -> Option<&ReadPage> {
        match self {
            Ordered::Page(read) => Some(read),
            Ordered::Excluded { .. } => None,
        }
    }
}

/// What a walk found, in order, and what is wrong with it.
#[derive(Default)]
pub(super) struct Order {
    pub pages: Vec<Ordered>,
    pub diagnostics: Vec<Diagnostic>,
    /// Index pages that are not selected, but may name the scenario of pages that are.
    pub indexes: Vec<ReadPage>,
}

impl Order {
    /// Adds a directory and all below it.
    pub(super) fn directory(&mut self, directory: Directory, read: &mut Read) {
        self.sorted(Sorted::new(directory, read));
    }

    /// Adds a page.
    pub(super) fn page(&mut self, path: &Path, read: &mut Read) {
        self.taken(read.remove(path));
    }

    fn taken(&mut self, page: Option<Result<ReadPage, Box<Diagnostic>>>) {
        match page {
            Some(Ok(page)) => self.pages.push(Ordered::Page(Box::new(page))),
            Some(Err(diagnostic)) => self.diagnostics.push(*diagnostic),
            None => {}
        }
    }

    fn sorted(&mut self, directory: Sorted) {
        let selects = directory.selects_something();
        for page in directory.pages {
            if page.found.selected {
                self.taken(Some(page.read));
            } else if let Ok(mut index) = page.read {
                if selects {
                    let of_the_binding = |one: &Diagnostic| one.code.starts_with("front-matter");
                    index.diagnostics.retain(of_the_binding);
                } else {
                    index.diagnostics.clear();
                }
                self.indexes.push(index);
            }
        }
        if selects {
            self.diagnostics.extend(directory.second_indexes);
        }
        let excluded = directory.excluded.into_iter();
        self.pages.extend(excluded.map(|page| Ordered::Excluded {
            page,
            directory: directory.path.clone(),
        }));
        for child in directory.children {
            self.sorted(child);
        }
    }
}

/// A directory, read and sorted.
struct Sorted {
    path: PathBuf,
    /// The index page first.
    pages: Vec<SortedPage>,
    second_indexes: Vec<Diagnostic>,
    weight: Option<f64>,
    excluded: Vec<PathBuf>,
    children: Vec<Sorted>,
}

struct SortedPage {
    found: FoundPage,
    read: Result<ReadPage, Box<Diagnostic>>,
}

impl SortedPage {
    fn weight(&self) -> Option<f64> {
        let page: Option<&Page> = self.read.as_ref().ok().map(|read| &read.page);
        page.and_then(|page| page.front_matter.weight)
    }
}

impl Sorted {
    fn new(directory: Directory, read: &mut Read) -> Sorted {
        let taken = directory.pages.into_iter().filter_map(|found| {
            let read = read.remove(&found.path)?;
            Some(SortedPage { found, read })
        });
        let (mut indexes, mut pages): (Vec<_>, Vec<_>) =
            taken.partition(|page| page.found.is_index);
        pages.sort_by(|one, other| {
            by_weight(one.weight(), other.weight()).then_with(|| {
                one.found
                    .path
                    .file_name()
                    .cmp(&other.found.path.file_name())
            })
        });
        let second_indexes = match indexes.as_slice() {
            [first, others @ ..] => others
                .iter()
                .map(|other| second_index(&first.found.path, &other.found.path))
                .collect(),
            [] => Vec::new(),
        };
        let weight = indexes.first().and_then(SortedPage::weight);
        indexes.extend(pages);
        let mut children: Vec<Sorted> = directory
            .children
            .into_iter()
            .map(|child| Sorted::new(child, read))
            .collect();
        children.sort_by(|one, other| {
            by_weight(one.weight, other.weight)
                .then_with(|| one.path.file_name().cmp(&other.path.file_name()))
        });
        Sorted {
            path: directory.path,
            pages: indexes,
            second_indexes,
            weight,
            excluded: directory.excluded,
            children,
        }
    }

    fn selects_something(&self) -> bool {
        self.pages.iter().any(|page| page.found.selected)
            || self.children.iter().any(Sorted::selects_something)
    }
}

fn second_index(first: &Path, second: &Path) -> Diagnostic {
    let message = "a second index page in its directory";
    let at = Location::start_of_file();
    Diagnostic::new(Severity::Error, "index-duplicate", second, at, message)
        .with_help(format!("{} is one already", first.display()))
}

/// Lighter first; what has no weight comes last.
fn by_weight(one: Option<f64>, other: Option<f64>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}
