//! Notices that files of the content were saved, and says at once what lint says of them, also while steps run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::super::super::content::Refused;
use super::super::super::lint::{LintRequest, Linted, linted};
use super::super::super::{config, output};
use super::super::RunRequest;
use super::super::prepare::{self, Prepared};
use crate::config::FILE;
use crate::diagnostic::Diagnostic;
use crate::live::Beside;
use crate::plan::Lab;
use crate::report::diagnostics::{render, tally};
use crate::run::Halt;
use crate::tree::{Drafts, is_page};

/// An editor writes a file in several goes: it is looked at when so long nothing more came.
const QUIET: Duration = Duration::from_millis(30);
/// Somebody who writes without a pause is looked at all the same.
const RESTLESS: Duration = Duration::from_millis(300);
/// Between two looks where the system does not say that files change.
const POLL: Duration = Duration::from_secs(1);

/// Said of a step that an edit kept from running.
pub(super) const EDITED: &str = "the content changed while it ran";

/// Files that matter, with what is in them.
pub(super) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What the content is at some moment.
pub(super) struct Look {
    /// Counted up. It is also that of the wish to halt.
    pub(super) number: u64,
    pub(super) files: Arc<Files>,
    pub(super) prepared: Result<Vec<Prepared>, Refused>,
}

/// Looks at once, and again whenever something was saved, until nobody listens any more. Before a look comes, what
/// runs is asked to halt.
pub(super) fn follow(request: &RunRequest, beside: Beside, halt: Halt) -> Receiver<Look> {
    let (looks, receiver) = channel();
    let (events, happened) = channel();
    let watcher = notify::recommended_watcher(move |event| drop(Sender::send(&events, event)));
    let mut follower = Follower {
        request: request.clone(),
        beside,
        halt,
        watcher: watcher.ok(),
        watched: BTreeMap::new(),
        number: 0,
        is_widened: false,
        scenarios: Vec::new(),
        files: None,
        told: BTreeSet::new(),
    };
    std::thread::spawn(move || {
        loop {
            if let Some(look) = follower.look()
                && looks.send(look).is_err()
            {
                return;
            }
            if !std::mem::take(&mut follower.is_widened) {
                follower.wait(&happened);
            }
        }
    });
    receiver
}

struct Follower {
    request: RunRequest,
    beside: Beside,
    halt: Halt,
    /// `None` where the system cannot say that files change.
    watcher: Option<RecommendedWatcher>,
    /// Places, with the directory that each was: another one may have got its name.
    watched: BTreeMap<PathBuf, (u64, u64)>,
    /// Of the next look that tells something new.
    number: u64,
    /// Places are watched that were not: what happened there before is seen by another look only.
    is_widened: bool,
    /// Directories of scenarios, of which every file matters.
    scenarios: Vec<PathBuf>,
    /// As they were at the last look.
    files: Option<Arc<Files>>,
    /// The diagnostics of the last look, wherever they stood.
    told: BTreeSet<(PathBuf, &'static str, String)>,
}

impl Follower {
    /// What is there now; `None` when it is as it was.
    fn look(&mut self) -> Option<Look> {
        let request = LintRequest {
            paths: self.request.selection.paths.clone(),
            source_tree: self.request.selection.source_tree.clone(),
            scenarios: self.request.selection.scenarios.clone(),
            ..LintRequest::default()
        };
        let mut files = Files::new();
        let found = config::load(None);
        let beside = found.as_ref().map(|found| found.directory.join(FILE));
        add(&mut files, beside.unwrap_or_else(|_| PathBuf::from(FILE)));
        let linted = found.and_then(|found| linted(&request, &found, &Drafts::default()));
        let before = self.files.take();
        let prepared = linted.and_then(|linted| {
            let texts = linted.texts.iter();
            files.extend(texts.map(|(path, text)| (path.clone(), text.as_bytes().to_vec())));
            // As soon as it is known: what follows takes a moment, and steps run meanwhile.
            if before
                .as_ref()
                .is_some_and(|before| !is_part(&files, before))
            {
                self.halt();
            }
            self.tell(&linted, before.as_deref(), &files);
            prepare::prepare_again(&self.request)
        });
        let labs = prepared.as_deref().unwrap_or_default();
        for (lab, source) in labs {
            let directory = source.as_ref().and_then(|source| source.directory());
            let beside_hooks = hook_directories(lab);
            let beside_hooks = beside_hooks.iter().flat_map(|place| files_below(place));
            let of_scenario = directory.into_iter().flat_map(files_below);
            for path in beside_hooks.chain(of_scenario) {
                add(&mut files, path);
            }
        }
        self.keep_watching(&files, labs);
        let files = Arc::new(files);
        self.files = Some(Arc::clone(&files));
        let is_new = before.as_deref() != Some(files.as_ref());
        is_new.then(|| {
            self.halt();
            self.number += 1;
            Look {
                number: self.number - 1,
                files,
                prepared,
            }
        })
    }

    /// No further step starts until this look was taken in.
    fn halt(&self) {
        self.halt.ask(self.number, EDITED);
    }

    /// Says what is wrong with what changed, and what else is new.
    fn tell(&mut self, linted: &Linted, before: Option<&Files>, files: &Files) {
        let changed = |path: &Path| before.and_then(|before| before.get(path)) != files.get(path);
        let key = |one: &Diagnostic| (one.path.clone(), one.code, one.message.clone());
        let all = &linted.diagnostics;
        let shown: Vec<Diagnostic> = all
            .iter()
            .filter(|one| changed(&one.path) || !self.told.contains(&key(one)))
            .cloned()
            .collect();
        let told: BTreeSet<_> = all.iter().map(key).collect();
        let is_news = told != self.told || files.keys().any(|path| changed(path));
        self.told = told;
        if !is_news {
            return;
        }
        let color = output::is_colored(&std::io::stderr());
        let mut text = render(&shown, &|path| linted.texts.get(path).cloned(), color);
        if !text.is_empty() {
            text.push('\n');
        }
        let plural = if linted.pages == 1 { "" } else { "s" };
        let tally = tally(all);
        let found = match tally.is_empty() {
            true => "nothing to say",
            false => &tally,
        };
        text.push_str(&format!("lint of {} page{plural}: {found}", linted.pages));
        if shown.len() < all.len() {
            text.push_str(&format!("; {} shown", shown.len()));
        }
        self.beside.write(|| output::complain(&text));
    }

    /// Until something happened that may matter, and then until it is quiet.
    fn wait(&mut self, happened: &Receiver<notify::Result<Event>>) {
        loop {
            let event = match &self.watcher {
                Some(_) => happened.recv().map_err(|_| RecvTimeoutError::Disconnected),
                None => happened.recv_timeout(POLL),
            };
            match event {
                Ok(Ok(event)) if self.matters(&event) => break,
                Ok(Ok(_)) => {}
                // Events were lost, or nothing says that they come.
                Ok(Err(_)) | Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => {
                    self.watcher = None;
                    std::thread::sleep(POLL);
                    break;
                }
            }
        }
        let since = Instant::now();
        while since.elapsed() < RESTLESS && happened.recv_timeout(QUIET).is_ok() {}
    }

    fn matters(&mut self, event: &Event) -> bool {
        // More happened than the system keeps.
        if event.need_rescan() {
            self.watched.clear();
            return true;
        }
        // Reading is none of our business: it is mostly our own.
        let is_change = !matches!(event.kind, EventKind::Access(_));
        let matters = |path: &PathBuf| {
            let mut scenarios = self.scenarios.iter();
            may_matter(path) || scenarios.any(|directory| path.starts_with(directory))
        };
        is_change && event.paths.iter().any(matters)
    }

    /// Directories, because editors write another file and give it the name of the old one.
    fn keep_watching(&mut self, files: &Files, prepared: &[Prepared]) {
        let sources = prepared.iter().filter_map(|(_, source)| source.as_ref());
        let scenarios = sources.filter_map(|source| source.directory());
        let scenarios: Vec<PathBuf> = scenarios.map(Path::to_owned).collect();
        if !scenarios.is_empty() {
            self.scenarios.clone_from(&scenarios);
        }
        let mut whole = scenarios;
        let mut around: BTreeSet<PathBuf> = BTreeSet::from([PathBuf::new()]);
        for path in &self.request.selection.paths {
            if path.is_dir() {
                whole.push(path.clone());
            }
            // It may be replaced as a whole.
            around.extend(path.parent().map(Path::to_owned));
        }
        for path in files.keys() {
            let real = path.canonicalize().ok();
            let real = real.filter(|_| path.is_symlink());
            around.extend(
                real.iter()
                    .filter_map(|real| real.parent())
                    .map(Path::to_owned),
            );
            let Some(directory) = path.parent() else {
                continue;
            };
            around.insert(directory.to_owned());
            if is_page(path) {
                // Where its hooks and suites are, or may be one day.
                let depth = if path.is_absolute() { 2 } else { usize::MAX };
                for above in directory.ancestors().take(depth) {
                    around.insert(above.to_owned());
                    whole.push(above.join(TESTS));
                }
            }
        }
        whole.sort();
        whole.dedup();
        let whole = whole
            .into_iter()
            .map(|place| (place, RecursiveMode::Recursive));
        let around = around
            .into_iter()
            .map(|place| (place, RecursiveMode::NonRecursive));
        let wanted: Vec<(PathBuf, RecursiveMode)> = whole.chain(around).collect();
        let is_within = |place: &Path, mode: RecursiveMode| {
            wanted.iter().any(|(above, own)| {
                let is_other = above != place || *own != mode;
                is_other && *own == RecursiveMode::Recursive && place.starts_with(above)
            })
        };
        for (place, mode) in &wanted {
            if !is_within(place, *mode) {
                let place = match place.as_os_str().is_empty() {
                    true => Path::new("."),
                    false => place,
                };
                self.watch(place, *mode);
            }
        }
    }

    /// Watches a place that is there, unless it is watched already.
    fn watch(&mut self, place: &Path, mode: RecursiveMode) {
        use std::os::unix::fs::MetadataExt as _;
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let Ok(found) = place.metadata() else {
            self.watched.remove(place);
            return;
        };
        let is = (found.dev(), found.ino());
        if !found.is_dir() || self.watched.get(place) == Some(&is) {
            return;
        }
        if self.watched.contains_key(place) {
            let _ = watcher.unwatch(place);
        }
        match watcher.watch(place, mode) {
            Ok(()) => {
                self.watched.insert(place.to_owned(), is);
                self.is_widened = true;
            }
            // It went between the two looks at it.
            Err(_) if !place.is_dir() => {}
            Err(error) => {
                let text = format!(
                    "note: files are looked at every second, because the system cannot say when they change: {error}"
                );
                self.beside.write(|| output::complain(&text));
                self.watcher = None;
            }
        }
    }
}

/// The directory of hook scripts beside pages.
const TESTS: &str = "tests";

/// Whether a look at the content can be another one because of it: a page, a script, what a script may read, a
/// scenario's file, a directory.
fn may_matter(path: &Path) -> bool {
    let is_within = |name: &str| path.iter().any(|part| part == name);
    let has = |extensions: &[&str]| {
        let own = path.extension().and_then(|own| own.to_str());
        own.is_none_or(|own| extensions.contains(&own))
    };
    is_page(path)
        || path.ends_with(FILE)
        || is_within(TESTS)
        || is_within("scenarios")
        || has(&["sh", "yaml", "yml", "json", "notest"])
}

/// Where the scripts are that the lab's steps and suites call.
fn hook_directories(lab: &Lab) -> BTreeSet<PathBuf> {
    lab.scripts()
        .filter_map(|script| script.parent().map(Path::to_owned))
        .collect()
}

/// Whether all of these are there, and as they are.
fn is_part(files: &Files, all: &Files) -> bool {
    let mut files = files.iter();
    files.all(|(path, bytes)| all.get(path) == Some(bytes))
}

fn add(files: &mut Files, path: PathBuf) {
    if !files.contains_key(&path)
        && let Ok(bytes) = std::fs::read(&path)
    {
        files.insert(path, bytes);
    }
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = directory.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(files_below(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}
