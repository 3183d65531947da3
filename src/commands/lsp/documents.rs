//! The pages that are open, and what was found in each. Only data: looking is `linting`'s work.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tower_lsp_server::ls_types::{self, Uri};

use crate::diagnostic::Diagnostic;
use crate::tree::Drafts;

/// The open pages by their paths from the root.
#[derive(Default)]
pub(super) struct Documents {
    open: BTreeMap<PathBuf, Document>,
    /// How often anybody asked for a look.
    asked: u64,
}

struct Document {
    uri: Uri,
    version: i32,
    text: Arc<str>,
    /// The look that is wanted: one that was asked for before is not any more.
    wanted: u64,
    found: Found,
}

/// What a look at a page found.
#[derive(Default)]
pub(super) struct Found {
    /// The page's own, and the text that they are about.
    pub own: Vec<Diagnostic>,
    pub text: Arc<str>,
    /// As the editor shows them, by the file that they are about.
    pub shown: BTreeMap<PathBuf, Vec<ls_types::Diagnostic>>,
}

impl Documents {
    pub(super) fn open(&mut self, path: PathBuf, uri: Uri, version: i32, text: String) {
        let document = Document {
            uri,
            version,
            text: text.into(),
            wanted: 0,
            found: Found::default(),
        };
        self.open.insert(path, document);
    }

    /// Whether the text is newer than what was known.
    pub(super) fn change(&mut self, path: &Path, version: i32, text: String) -> bool {
        match self.open.get_mut(path) {
            Some(document) if document.version <= version => {
                document.version = version;
                document.text = text.into();
                true
            }
            _ => false,
        }
    }

    /// The files that had something because of a page that is closed now, and how the editor calls that page.
    pub(super) fn close(&mut self, path: &Path) -> Option<(Uri, BTreeSet<PathBuf>)> {
        let document = self.open.remove(path)?;
        let mut files: BTreeSet<PathBuf> = document.found.shown.into_keys().collect();
        files.insert(path.to_owned());
        Some((document.uri, files))
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.open.keys().cloned().collect()
    }

    pub(super) fn text(&self, path: &Path) -> Option<Arc<str>> {
        self.open.get(path).map(|document| document.text.clone())
    }

    /// Texts of all open pages.
    pub(super) fn drafts(&self) -> Drafts {
        let texts = self.open.iter();
        Drafts(
            texts
                .map(|(path, document)| (path.clone(), document.text.to_string()))
                .collect(),
        )
    }

    /// The page's own diagnostics, if they are about the text as it is now.
    pub(super) fn diagnostics(&self, path: &Path) -> Vec<Diagnostic> {
        let document = self.open.get(path);
        let current = document.filter(|document| document.found.text == document.text);
        current.map_or_else(Vec::new, |document| document.found.own.clone())
    }

    /// Asks for a look at a page; the one that was asked for before is not wanted any more.
    pub(super) fn want(&mut self, path: &Path) -> Option<u64> {
        let document = self.open.get_mut(path)?;
        self.asked += 1;
        document.wanted = self.asked;
        Some(self.asked)
    }

    pub(super) fn is_wanted(&self, path: &Path, look: u64) -> bool {
        self.open
            .get(path)
            .is_some_and(|document| document.wanted == look)
    }

    /// Keeps what a look found if it is still wanted; the files for which something is to be told now.
    pub(super) fn found(&mut self, path: &Path, look: u64, found: Found) -> BTreeSet<PathBuf> {
        let Some(document) = self.open.get_mut(path).filter(|one| one.wanted == look) else {
            return BTreeSet::new();
        };
        let files = found.shown.keys().chain(document.found.shown.keys());
        let mut files: BTreeSet<PathBuf> = files.cloned().collect();
        files.insert(path.to_owned());
        document.found = found;
        files
    }

    /// What is to be shown in a file: several open pages can have something to say about a script.
    pub(super) fn shown(&self, file: &Path) -> Vec<ls_types::Diagnostic> {
        let mut all: Vec<ls_types::Diagnostic> = Vec::new();
        for document in self.open.values() {
            for one in document.found.shown.get(file).into_iter().flatten() {
                if !all.contains(one) {
                    all.push(one.clone());
                }
            }
        }
        all
    }

    /// How the editor calls an open page, and which version of it was looked at last.
    pub(super) fn called(&self, path: &Path) -> Option<(Uri, Option<i32>)> {
        let document = self.open.get(path)?;
        let is_current = document.found.text == document.text;
        Some((document.uri.clone(), is_current.then_some(document.version)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_page() -> (Documents, PathBuf) {
        let mut documents = Documents::default();
        let path = PathBuf::from("page.md");
        let uri = "file:///page.md".parse().expect("an URI");
        documents.open(path.clone(), uri, 1, "one".to_owned());
        (documents, path)
    }

    fn found(file: &str) -> Found {
        Found {
            text: "one".into(),
            shown: BTreeMap::from([(PathBuf::from(file), vec![ls_types::Diagnostic::default()])]),
            ..Found::default()
        }
    }

    #[test]
    fn an_older_look_is_not_wanted_once_a_newer_one_is() {
        let (mut documents, path) = with_page();
        let first = documents.want(&path).expect("an open page");
        assert!(documents.change(&path, 2, "two".to_owned()));
        let second = documents.want(&path).expect("an open page");
        assert!(!documents.is_wanted(&path, first) && documents.is_wanted(&path, second));
        assert_eq!(
            documents.found(&path, first, found("a.sh")),
            BTreeSet::new()
        );
        assert_eq!(documents.shown(Path::new("a.sh")), []);
        assert!(!documents.change(&path, 1, "older".to_owned()));
        assert_eq!(documents.text(&path).as_deref(), Some("two"));
    }

    #[test]
    fn what_was_told_of_other_files_is_taken_back() {
        let (mut documents, path) = with_page();
        let look = documents.want(&path).expect("an open page");
        let files = documents.found(&path, look, found("a.sh"));
        assert_eq!(files, [path.clone(), "a.sh".into()].into());
        assert_eq!(documents.shown(Path::new("a.sh")).len(), 1);
        let files = documents.found(&path, look, found("b.sh"));
        assert_eq!(files, [path.clone(), "a.sh".into(), "b.sh".into()].into());
        let (_, files) = documents.close(&path).expect("an open page");
        assert_eq!(files, [path.clone(), "b.sh".into()].into());
        assert_eq!(documents.shown(Path::new("b.sh")), []);
        assert_eq!(documents.want(&path), None);
    }
}
