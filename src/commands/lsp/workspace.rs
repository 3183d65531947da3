//! Where the editor is: the directory that pages are looked at from, and which URIs mean a page there.

use std::path::{Component, Path, PathBuf};

use serde_json::json;
use tower_lsp_server::ls_types::{InitializeParams, Registration, Uri};

use crate::tree;

/// The workspace of an editor.
#[derive(Debug, Clone)]
pub(super) struct Workspace {
    /// As the editor spells it.
    pub root: PathBuf,
    /// Without links.
    real: PathBuf,
    /// Whether the editor can tell of files that others change.
    pub tells_of_files: bool,
}

impl Workspace {
    /// The first folder that the editor has open, else the working directory.
    pub(super) fn of(params: &InitializeParams) -> Workspace {
        let folders = params.workspace_folders.iter().flatten();
        let mut folders = folders.filter_map(|folder| file(&folder.uri));
        #[expect(
            deprecated,
            reason = "what editors say that know no workspace with several folders"
        )]
        let alone = || params.root_uri.as_ref().and_then(file);
        let root = folders.next().or_else(alone);
        let root = root.filter(|root| root.is_dir());
        let root = root.or_else(|| std::env::current_dir().ok());
        let watches = params.capabilities.workspace.as_ref();
        let watches = watches.and_then(|workspace| workspace.did_change_watched_files);
        Workspace {
            tells_of_files: watches.and_then(|files| files.dynamic_registration) == Some(true),
            ..Workspace::at(root.unwrap_or_else(|| PathBuf::from(".")))
        }
    }

    fn at(root: PathBuf) -> Workspace {
        Workspace {
            real: std::fs::canonicalize(&root).unwrap_or_else(|_| root.clone()),
            root,
            tells_of_files: false,
        }
    }

    /// The page that an URI means, as its path from the root; `None` for what is no file, no page or elsewhere.
    pub(super) fn page(&self, uri: &Uri) -> Option<PathBuf> {
        let path = file(uri).filter(|path| tree::is_page(path))?;
        let below = path.strip_prefix(&self.root).map(Path::to_owned);
        let below = below.or_else(|_| path.strip_prefix(&self.real).map(Path::to_owned));
        let below = below.ok().or_else(|| {
            let real = std::fs::canonicalize(&path).ok()?;
            real.strip_prefix(&self.real).ok().map(Path::to_owned)
        })?;
        let is_plain = below
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        (is_plain && below.to_str().is_some()).then_some(below)
    }

    /// The URI of a file that has its path from the root.
    pub(super) fn uri(&self, path: &Path) -> Option<Uri> {
        Uri::from_file_path(self.root.join(path))
    }
}

fn file(uri: &Uri) -> Option<PathBuf> {
    let is_file = uri.scheme().as_str().eq_ignore_ascii_case("file");
    let path = is_file.then(|| uri.to_file_path()).flatten()?;
    path.is_absolute().then(|| path.into_owned())
}

/// What is asked of an editor that can tell of files that others change: what belongs to lessons.
pub(super) fn watched_files() -> Vec<Registration> {
    let patterns = [
        "**/*.{md,mdx}",
        "**/tests/hook-*.sh",
        "**/*.yaml",
        "**/breakfix.toml",
    ];
    let watchers = patterns.map(|pattern| json!({ "globPattern": pattern }));
    vec![Registration {
        id: "breakfix-files".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: Some(json!({ "watchers": watchers })),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_below_the_root_are_ours() {
        let workspace = Workspace::at(PathBuf::from("/nowhere/labs"));
        let check = |uri: &str, expected: Option<&str>| {
            let uri: Uri = uri.parse().expect("an URI");
            assert_eq!(workspace.page(&uri), expected.map(PathBuf::from), "{uri:?}");
        };
        check("file:///nowhere/labs/a%20b/c.md", Some("a b/c.md"));
        check("file:///nowhere/labs/%E3%83%8E.mdx", Some("ノ.mdx"));
        check("FILE:///nowhere/labs/c.md", Some("c.md"));
        check("file:///nowhere/labs/c.txt", None);
        check("file:///nowhere/other/c.md", None);
        check("file:///nowhere/labs/../c.md", None);
        check("file:///", None);
        check("untitled:Untitled-1.md", None);
        check("git:/nowhere/labs/c.md", None);
        check("vscode-notebook-cell:/nowhere/labs/c.md#1", None);
    }
}
