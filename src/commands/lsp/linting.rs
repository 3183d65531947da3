//! Looks at open pages and tells the editor what is wrong. One look at a time: who has to wait for the turn and is not
//! wanted any more does nothing, so that fast typing costs no more than slow typing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use tower_lsp_server::Client;
use tower_lsp_server::ls_types::{self, DiagnosticSeverity, MessageType, NumberOrString, Uri};

use super::super::config;
use super::super::content::Refused;
use super::super::lint::{LintRequest, Linted, linted};
use super::documents::Found;
use super::{Lessons, Shared, around, position};
use crate::diagnostic::{Diagnostic, Severity};
use crate::tree::Drafts;

impl Lessons {
    /// Looks at a page some time soon.
    pub(super) fn look(&self, path: PathBuf) {
        let wanted = self.shared.documents().want(&path);
        if let Some(wanted) = wanted {
            let (shared, client) = (self.shared.clone(), self.client.clone());
            tokio::spawn(async move { look(&shared, &client, &path, wanted).await });
        }
    }

    /// Looks at all pages: what is saved can be about any of them.
    pub(super) fn look_at_all(&self) {
        let paths = self.shared.documents().paths();
        for path in paths {
            self.look(path);
        }
    }

    /// Takes back what was told because of a page that is closed.
    pub(super) fn forget(&self, path: PathBuf, (uri, files): (Uri, BTreeSet<PathBuf>)) {
        let (shared, client) = (self.shared.clone(), self.client.clone());
        tokio::spawn(async move {
            let _turn = shared.turn.lock().await;
            // Under the name that the editor knows, unless it was opened again.
            if shared.documents().called(&path).is_none() {
                client.publish_diagnostics(uri, Vec::new(), None).await;
            }
            let others: BTreeSet<PathBuf> =
                files.into_iter().filter(|file| *file != path).collect();
            tell(&shared, &client, &others).await;
        });
    }
}

async fn look(shared: &Arc<Shared>, client: &Client, path: &Path, look: u64) {
    let _turn = shared.turn.lock().await;
    let drafts = {
        let documents = shared.documents();
        if !documents.is_wanted(path, look) {
            return;
        }
        documents.drafts()
    };
    let page = path.to_owned();
    let looked = tokio::task::spawn_blocking(move || found(&page, &drafts));
    match looked.await {
        Ok(Ok(found)) => {
            complained(shared, client, String::new()).await;
            let files = shared.documents().found(path, look, found);
            tell(shared, client, &files).await;
        }
        Ok(Err(refused)) => complained(shared, client, refused.text).await,
        Err(error) => tracing::error!("failed to look at {}: {error}", path.display()),
    }
}

/// Shows what keeps content from being looked at, once.
async fn complained(shared: &Shared, client: &Client, text: String) {
    let is_news = {
        let mut told = shared.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *told != text;
        told.clone_from(&text);
        is_news
    };
    if is_news && !text.is_empty() {
        client.show_message(MessageType::WARNING, text).await;
    }
}

async fn tell(shared: &Shared, client: &Client, files: &BTreeSet<PathBuf>) {
    for file in files {
        let (shown, called) = {
            let documents = shared.documents();
            (documents.shown(file), documents.called(file))
        };
        let elsewhere = || Some((shared.workspace.get()?.uri(file)?, None));
        if let Some((uri, version)) = called.or_else(elsewhere) {
            client.publish_diagnostics(uri, shown, version).await;
        }
    }
}

/// Looks at a page as it stands in the editor.
fn found(page: &Path, drafts: &Drafts) -> Result<Found, Refused> {
    let mut found = Found {
        text: drafts
            .0
            .get(page)
            .map(String::as_str)
            .unwrap_or_default()
            .into(),
        ..Found::default()
    };
    // One that was never saved has no place yet from which hooks and scenarios could be found.
    if !page.is_file() {
        return Ok(found);
    }
    let configured = config::load(None)?;
    let request = LintRequest {
        paths: vec![page.to_owned()],
        scenarios: around::scenario_directory(&configured),
        ..LintRequest::default()
    };
    let Linted {
        mut diagnostics,
        texts,
        ..
    } = linted(&request, &configured, drafts)?;
    // Other pages than this one may name it.
    diagnostics.retain(|one| one.code != "scenario-unreferenced");
    for one in diagnostics {
        let text = texts.get(&one.path).map(String::as_str);
        let shown = found.shown.entry(one.path.clone()).or_default();
        shown.push(as_shown(&one, text.unwrap_or_default()));
        if one.path == page {
            found.own.push(one);
        }
    }
    Ok(found)
}

/// A diagnostic as the protocol has it.
pub(super) fn as_shown(one: &Diagnostic, text: &str) -> ls_types::Diagnostic {
    let help = one.help.iter().map(|help| format!("\n{help}"));
    ls_types::Diagnostic {
        range: position::range(text, &one.span),
        severity: Some(match one.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
            Severity::Note => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(one.code.to_owned())),
        source: Some("breakfix".to_owned()),
        message: std::iter::once(one.message.clone()).chain(help).collect(),
        ..ls_types::Diagnostic::default()
    }
}
