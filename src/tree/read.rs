//! Reads and parses pages, several at a time: nothing else of a plan takes long.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::diagnostic::{Diagnostic, Location, Severity};
use crate::lab::{self, Page};

/// A page as it was read.
pub(super) struct ReadPage {
    pub page: Page,
    pub source: String,
    pub diagnostics: Vec<Diagnostic>,
}

/// Texts that stand for those on disk: what an editor has not saved yet.
#[derive(Debug, Clone, Default)]
pub struct Drafts(pub BTreeMap<PathBuf, String>);

/// Threads that read at the same time, at most.
const MOST_THREADS: usize = 8;
/// Pages that a thread must have to be worth its start.
const PAGES_PER_THREAD: usize = 8;

/// Reads the pages, in the order of their paths. A page that is no text is its diagnostic.
pub(super) fn pages(paths: &[PathBuf], drafts: &Drafts) -> Vec<Result<ReadPage, Box<Diagnostic>>> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = cores
        .min(MOST_THREADS)
        .min(paths.len() / PAGES_PER_THREAD)
        .max(1);
    let next = AtomicUsize::new(0);
    let take = || {
        let mut read = Vec::new();
        while let Some((at, path)) = take_next(&next, paths) {
            read.push((at, page(path, drafts)));
        }
        read
    };
    let mut all = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let mut all = take();
        for other in others {
            match other.join() {
                Ok(read) => all.extend(read),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, read)| read).collect()
}

fn take_next<'a>(next: &AtomicUsize, paths: &'a [PathBuf]) -> Option<(usize, &'a PathBuf)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, paths.get(at)?))
}

fn page(path: &Path, drafts: &Drafts) -> Result<ReadPage, Box<Diagnostic>> {
    let source = match drafts.0.get(path) {
        Some(draft) => draft.clone(),
        None => text(path)?,
    };
    let (page, diagnostics) = lab::parse(path, &source);
    Ok(ReadPage {
        page,
        source,
        diagnostics,
    })
}

/// The text of a page.
///
/// # Errors
/// When it cannot be read, or is no UTF-8.
pub(super) fn text(path: &Path) -> Result<String, Box<Diagnostic>> {
    let unreadable = |message: String, help: Option<String>| {
        let at = Location::start_of_file();
        let mut diagnostic = Diagnostic::new(Severity::Error, "page-unreadable", path, at, message);
        diagnostic.help = help;
        Box::new(diagnostic)
    };
    let bytes = fs::read(path)
        .map_err(|error| unreadable(format!("failed to read this page: {error}"), None))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message = format!("this page is not UTF-8 text: byte {at} belongs to no character");
        unreadable(message, Some("save it as UTF-8".to_owned()))
    })
}
