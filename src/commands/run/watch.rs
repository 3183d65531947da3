//! `run --watch`: lessons run again while they are written, from the first step that changed or did not pass, in the
//! shell and the world that the steps before it have made.

mod follower;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use self::follower::{EDITED, Files, Look};
use super::super::content::Refused;
use super::super::keys::Keys;
use super::super::{interrupt, output, runtime, scratch};
use super::ground::Setting;
use super::prepare::{self, Prepared};
use super::side_by_side::Shared;
use super::{
    Backend, Documented, RunRequest, ShellPer, Signals, blank, bundle, documented, run_lab,
    tell_drifts,
};
use crate::live::Beside;
use crate::outcome::{Exit, LabOutcome, RunOutcome, StepOutcome, StepResult};
use crate::plan::{self, Changed, KEPT, Lab};
use crate::report::{self, Format};
use crate::run::{Halt, Options, RAN_AS_SETUP, Run};
use crate::session::runs;
use crate::tree::is_page;

/// Between two looks at whether a key was pressed or the content changed.
const GLANCE: Duration = Duration::from_millis(50);
/// What changes so soon after a run may be of that run's making.
const SOON: Duration = Duration::from_secs(1);
/// How often in a row a file may do so.
const PATIENCE: usize = 3;

/// Runs labs again and again until somebody leaves; the exit code is that of what ran last of each lab, or
/// that nobody can tell, where a pass may rest on text that was edited away.
///
/// # Errors
/// When nothing could be run: no directory for files, no signals.
pub(super) fn watch(request: &RunRequest) -> anyhow::Result<Exit> {
    // What breakfix.toml says of runs that come to an end.
    let request = &RunRequest {
        jobs: 1,
        max_fail: None,
        run_timeout: None,
        ..request.clone()
    };
    let runtime = runtime()?;
    let interrupt = interrupt::watch(&runtime)?;
    let state = runs::state_directory(|name| std::env::var_os(name));
    let logs = runs::new_directory(&state, jiff::Timestamp::now())?;
    let scratch = scratch::Scratch::new(&std::env::temp_dir())?;
    let shared = Shared {
        runtime: &runtime,
        interrupt: &interrupt,
        request,
        scratch: &scratch,
        logs,
    };
    let mut live = request.live();
    let halt = Halt::default();
    let options = Options {
        shell_per: ShellPer::Run,
        halt: halt.clone(),
        ..request.options()
    };
    let looks = follower::follow(request, live.beside(), halt.clone());
    let mut watching = Watching {
        request,
        signals: &interrupt,
        looks,
        halt,
        beside: live.beside(),
        keys: Keys::listen(),
        content: BTreeMap::new(),
        files: Arc::default(),
        refused: None,
        has_tools: false,
        ran: BTreeMap::new(),
        todo: VecDeque::new(),
        verdicts: BTreeMap::new(),
        unproved: BTreeSet::new(),
        ignored: BTreeSet::new(),
        restless: BTreeMap::new(),
        ended: None,
        leaves: false,
    };
    if let Some(exit) = watching.begin() {
        return Ok(exit);
    }
    for number in 1.. {
        let Some((lab, source)) = watching.next() else {
            break;
        };
        let log = shared.logs.join(format!("{number}.log"));
        let setting = Setting::new(&shared, &interrupt, log);
        let mut run = Run::new(options.clone(), interrupt.as_ref().clone());
        let mut session = Session {
            lab: lab.clone(),
            started: Instant::now(),
            has_run: false,
            reached: 0,
            kept: Vec::new(),
            is_untold: false,
        };
        let mut again = |run: &mut Run, outcome: &mut LabOutcome| {
            session.has_run = true;
            outcome.duration = session.started.elapsed();
            if request.documented != Documented::Ignore {
                documented::compare(&session.lab, outcome);
            }
            session.take_kept(outcome);
            let next = watching.after(&setting, &session, run, outcome)?;
            session.is_untold = run_was_halted(outcome);
            session.reached = session.reached.max(reached(outcome));
            session.lab.clone_from(&next);
            session.started = Instant::now();
            Some(next)
        };
        let again = Some(&mut again as &mut super::ground::Again<'_>);
        let left = run_lab(&setting, &mut run, &lab, &[], source, &mut live, again);
        watching.left(&session, left);
    }
    drop(live);
    Ok(watching.exit())
}

/// A lab in a shell and a world of its own.
struct Session {
    /// As it ran last.
    lab: Lab,
    started: Instant,
    /// Its environment could be made.
    has_run: bool,
    /// So many of the lab's steps ran in it before, as they were then.
    reached: usize,
    /// What came of each step when it ran last.
    kept: Vec<StepOutcome>,
    /// What ran before was not reported, because an edit came in between.
    is_untold: bool,
}

impl Session {
    /// Notes what came of the steps that ran.
    fn take_kept(&mut self, outcome: &LabOutcome) {
        for (index, step) in outcome.steps.iter().enumerate() {
            let is_kept = step.result == StepResult::Skip(KEPT.to_owned());
            match self.kept.get_mut(index) {
                Some(kept) if !is_kept => *kept = step.clone(),
                Some(_) => {}
                None => self.kept.push(step.clone()),
            }
        }
        self.kept.truncate(outcome.steps.len());
    }

    /// The outcome with what came before of the steps that did not run again.
    fn whole(&self, outcome: &LabOutcome) -> LabOutcome {
        LabOutcome {
            steps: self.kept.clone(),
            ..outcome.clone()
        }
    }
}

/// A lab as it was when it ran, whole.
struct Ran {
    prepared: Prepared,
    files: Arc<Files>,
}

/// What is done next for a lab that is there.
enum Next {
    Nothing,
    /// From this step's index on.
    From(usize),
    /// All of it in another session, and why.
    Afresh(String),
}

enum Heard {
    Leave,
    Afresh,
    Look(Look),
}

struct Watching<'a> {
    request: &'a RunRequest,
    signals: &'a Signals,
    looks: Receiver<Look>,
    halt: Halt,
    beside: Beside,
    keys: Keys,
    /// The newest content that could run, by the labs' names.
    content: BTreeMap<String, Prepared>,
    files: Arc<Files>,
    /// Why the newest content cannot run.
    refused: Option<Exit>,
    /// The programs that labs need were looked for.
    has_tools: bool,
    ran: BTreeMap<String, Ran>,
    /// Labs that run in a session of their own, in this order.
    todo: VecDeque<String>,
    /// What came of each lab last.
    verdicts: BTreeMap<String, Exit>,
    /// Labs that passed where an earlier text of them had run.
    unproved: BTreeSet<String>,
    /// Files that labs themselves write whenever they run.
    ignored: BTreeSet<PathBuf>,
    /// How often in a row each file was another one as soon as a lab had run.
    restless: BTreeMap<PathBuf, usize>,
    /// When a lab ran last.
    ended: Option<Instant>,
    /// Somebody has had enough.
    leaves: bool,
}

impl Watching<'_> {
    /// The first look; an exit code where there is nothing to stay for.
    fn begin(&mut self) -> Option<Exit> {
        let Ok(look) = self.looks.recv() else {
            return Some(Exit::CannotTell);
        };
        match self.accept(look) {
            Ok(names) => self.todo = names.into(),
            Err(refused) if refused.exit != Exit::Content => return Some(refused.complained()),
            Err(refused) => self.say(&refused.text),
        }
        None
    }

    /// Makes this the newest content, if it can run; the labs in their order.
    fn accept(&mut self, look: Look) -> Result<Vec<String>, Refused> {
        self.halt.withdraw(look.number);
        let prepared = look.prepared.and_then(|prepared| {
            if !self.has_tools {
                prepare::check_tools(&prepared, self.request)?;
            }
            Ok(prepared)
        });
        let prepared = prepared.inspect_err(|refused| self.refused = Some(refused.exit))?;
        self.has_tools = true;
        self.refused = None;
        self.files = look.files;
        let names = prepared.iter().map(|(lab, _)| lab.name.clone()).collect();
        let by_name = prepared.into_iter();
        self.content = by_name
            .map(|prepared| (prepared.0.name.clone(), prepared))
            .collect();
        Ok(names)
    }

    /// The next lab to run from its beginning, once there is one; `None` when somebody leaves.
    fn next(&mut self) -> Option<Prepared> {
        loop {
            if self.leaves || self.signals.count() > 0 {
                return None;
            }
            while let Some(name) = self.todo.pop_front() {
                let Some(prepared) = self.content.get(&name).cloned() else {
                    continue;
                };
                if prepared.0.runs_something() {
                    let ran = Ran {
                        prepared: prepared.clone(),
                        files: Arc::clone(&self.files),
                    };
                    self.ran.insert(name, ran);
                    return Some(prepared);
                }
            }
            match self.wait() {
                Heard::Leave => return None,
                Heard::Afresh => self.todo = self.content.keys().cloned().collect(),
                Heard::Look(look) => drop(self.take(look, None)),
            }
        }
    }

    /// What runs again of the lab in the session that it has.
    fn after(
        &mut self,
        setting: &Setting<'_>,
        session: &Session,
        run: &mut Run,
        outcome: &mut LabOutcome,
    ) -> Option<Lab> {
        let name = &session.lab.name;
        self.ended = Some(Instant::now());
        // What halted it comes as a look, and then it goes on.
        let mut halted = run.is_halted();
        let undone = first_undone(&session.lab, outcome);
        let is_second_try = !halted && undone.is_some_and(|index| index < session.reached);
        if is_second_try && self.signals.count() == 0 && self.request.backend != Backend::Nothing {
            let why = "a step failed where it ran before, perhaps for what it left there";
            return self.afresh(name, why);
        }
        if !halted {
            let environment = setting.evidence.borrow().environment.clone();
            bundle::keep(setting, &session.lab, outcome, &run.mask());
            setting.evidence.borrow_mut().environment = environment;
            let whole = session.whole(outcome);
            let shown = if session.is_untold { &whole } else { &*outcome };
            self.report(shown.clone(), &whole);
            let overlaps = ran_again(outcome, session.reached);
            if undone.is_none() && overlaps {
                self.unproved.insert(name.clone());
                self.say("note: steps passed where their earlier text had run already; this is no proof that all of it passes");
            } else if undone.is_some() || session.reached == 0 {
                self.unproved.remove(name);
            }
        }
        if is_second_try {
            self.say(
                "note: the step that failed ran before in this session: what it did is still there",
            );
        }
        let goes_on = run.resume();
        let mut next = Next::Nothing;
        loop {
            match std::mem::replace(&mut next, Next::Nothing) {
                Next::From(index) if goes_on => return Some(self.again(name, index)),
                Next::From(_) => {
                    let why = "its shell or what stands around it was lost".to_owned();
                    return self.afresh(name, &why);
                }
                Next::Afresh(why) => return self.afresh(name, &why),
                Next::Nothing if !halted && !self.todo.is_empty() => return None,
                Next::Nothing => {}
            }
            match self.wait() {
                Heard::Leave => return None,
                Heard::Afresh => return self.afresh(name, "you asked for it"),
                Heard::Look(look) => {
                    next = self.take(look, Some((name, undone)));
                    let (lab, _) = self.content.get(name)?;
                    if halted && self.refused.is_none() {
                        halted = false;
                        if let Next::Nothing = &next {
                            // What is done has not been judged.
                            next = Next::From(undone.unwrap_or(lab.steps.len()));
                        }
                    }
                }
            }
        }
    }

    /// The lab from a step on, in its session.
    fn again(&mut self, name: &str, index: usize) -> Lab {
        let (lab, _) = &self.content[name];
        self.say(&match lab.steps.get(index) {
            Some(step) => {
                let (number, page, line) = (step.number, step.page.display(), step.line);
                format!(
                    "{name}: running again from step {number} ({page}:{line}) in the same session"
                )
            }
            // What had failed is gone.
            None => format!("{name}: every step passed in this session"),
        });
        plan::again_from(lab, index)
    }

    /// Has the lab run in another session.
    fn afresh(&mut self, name: &str, why: &str) -> Option<Lab> {
        self.say(&format!(
            "{name}: running all of it in a fresh session: {why}"
        ));
        self.todo.push_front(name.to_owned());
        None
    }

    /// Takes other content in: the lab that has a session is told of, others that changed are to run.
    fn take(&mut self, look: Look, open: Option<(&str, Option<usize>)>) -> Next {
        let before: Vec<String> = self.content.keys().cloned().collect();
        let files = Arc::clone(&self.files);
        let in_order = match self.accept(look) {
            Ok(names) => names,
            Err(refused) => {
                self.say(&refused.text);
                return Next::Nothing;
            }
        };
        self.ignore_restless(&files);
        for gone in before
            .iter()
            .filter(|name| !self.content.contains_key(*name))
        {
            self.ran.remove(gone);
            self.verdicts.remove(gone);
            self.unproved.remove(gone);
        }
        let mut next = Next::Nothing;
        for name in in_order {
            let undone = match open {
                Some((open, undone)) if open == name => undone,
                // It has no session that could tell.
                _ => self
                    .verdicts
                    .get(&name)
                    .filter(|exit| **exit != Exit::Met)
                    .map(|_| 0),
            };
            let what = self.changed(&name, undone);
            if open.is_some_and(|(open, _)| open == name) {
                next = what;
            } else if !matches!(what, Next::Nothing) && !self.todo.contains(&name) {
                self.say(&format!("{name}: running it, because it changed"));
                self.todo.push_back(name);
            }
        }
        match (&next, open) {
            (Next::Nothing, Some((name, _))) if !self.content.contains_key(name) => {
                self.say(&format!("{name}: there is no such lab any more"));
            }
            (Next::Nothing, _) if self.todo.is_empty() => {
                self.say("no step that ran changed: nothing runs again");
            }
            _ => {}
        }
        next
    }

    /// Files that are others whenever a lab has run are what labs write, and no author's edits.
    fn ignore_restless(&mut self, before: &Files) {
        let labs = self.content.values().map(|(lab, _)| lab);
        let scripts: BTreeSet<&Path> = labs.flat_map(Lab::scripts).collect();
        let just_now = self.ended.is_some_and(|ended| ended.elapsed() < SOON);
        let all: BTreeSet<&PathBuf> = before.keys().chain(self.files.keys()).collect();
        for path in all {
            let is_helper = !scripts.contains(path.as_path()) && !is_page(path);
            if !is_helper || before.get(path) == self.files.get(path) {
                continue;
            }
            let times = self.restless.entry(path.clone()).or_default();
            *times = if just_now { *times + 1 } else { 0 };
            if *times > PATIENCE && self.ignored.insert(path.clone()) {
                let shown = path.display();
                let text = format!(
                    "note: {shown} is another file whenever a lab has run: it counts no more"
                );
                self.beside.write(|| output::complain(&text));
            }
        }
    }

    /// What other content means for a lab, which is noted as it is now.
    fn changed(&mut self, name: &str, undone: Option<usize>) -> Next {
        let Some(prepared) = self.content.get(name) else {
            return Next::Nothing;
        };
        let now = Ran {
            prepared: prepared.clone(),
            files: Arc::clone(&self.files),
        };
        let Some(before) = self.ran.insert(name.to_owned(), now) else {
            return Next::Afresh("it is new".to_owned());
        };
        let is_other = |path: &Path| before.files.get(path) != self.files.get(path);
        let (lab, source) = prepared;
        let directory = |source: &Option<crate::scenarios::Source>| -> Option<PathBuf> {
            source.as_ref()?.directory().map(Path::to_owned)
        };
        let (was, is) = (directory(&before.prepared.1), directory(source));
        if was != is || is.is_some_and(|is| any_other(&before.files, &self.files, &is)) {
            return Next::Afresh("its scenario changed".to_owned());
        }
        // What a hook may read beside itself is a part of it.
        let labs = self.content.values().map(|(lab, _)| lab);
        let scripts: BTreeSet<&Path> = labs.flat_map(Lab::scripts).collect();
        let all = before.files.keys().chain(self.files.keys());
        let helpers: Vec<&Path> = all
            .map(PathBuf::as_path)
            .filter(|path| is_other(path) && !scripts.contains(path) && !is_page(path))
            .filter(|path| !self.ignored.contains(*path))
            .collect();
        let is_changed = |script: &Path| {
            let beside = script.parent();
            is_other(script)
                || beside.is_some_and(|beside| helpers.iter().any(|path| path.starts_with(beside)))
        };
        let mut touched = lab.pages.iter().map(|page| page.path.as_path());
        let is_touched = touched.any(is_other);
        match plan::changed(&before.prepared.0, lab, &is_changed) {
            Changed::Around(why) => Next::Afresh(why),
            Changed::From(index) => Next::From(undone.map_or(index, |undone| undone.min(index))),
            Changed::Nothing => match undone {
                Some(undone) if is_touched => Next::From(undone),
                _ => Next::Nothing,
            },
        }
    }

    /// Until something is to be done.
    fn wait(&mut self) -> Heard {
        let mut is_told = false;
        loop {
            if self.signals.count() > 0 {
                return Heard::Leave;
            }
            if let Some(look) = self.looks.try_iter().last() {
                return Heard::Look(look);
            }
            if !is_told {
                let keys = match self.keys.are_there() {
                    true => "; a: all of it in a fresh session, q: leave",
                    false => "",
                };
                self.say(&format!("waiting for a page to be saved{keys}"));
                is_told = true;
            }
            match self.keys.next(GLANCE) {
                Some('q') => {
                    self.leaves = true;
                    return Heard::Leave;
                }
                Some('a') if self.refused.is_some() => {
                    self.say("nothing was run: mend the mistakes above first");
                }
                Some('a') => return Heard::Afresh,
                _ => {}
            }
        }
    }

    /// Tells what came of a session that ended, if there is anything to tell.
    fn left(&mut self, session: &Session, mut left: LabOutcome) {
        let failed = left
            .suite_hooks
            .iter()
            .any(|hook| !matches!(hook.result, StepResult::Pass | StepResult::Skip(_)));
        if !session.has_run {
            // Whatever is saved next may be what it lacked.
            self.ran.remove(&session.lab.name);
        }
        if !session.has_run || left.error.is_some() || !left.leftovers.is_empty() || failed {
            left.duration = session.started.elapsed();
            self.report(left.clone(), &left);
        }
    }

    /// Tells what came of a lab's steps, and notes what that makes of all of it.
    fn report(&mut self, outcome: LabOutcome, whole: &LabOutcome) {
        let of = |lab: LabOutcome| RunOutcome {
            duration: lab.duration,
            interrupted: self.signals.count() > 0,
            labs: vec![lab],
            ..blank(self.request)
        };
        let (run, all) = (of(outcome), of(whole.clone()));
        self.verdicts.insert(whole.lab.clone(), all.exit());
        self.beside.write(|| {
            tell_drifts(self.request, &run);
            let color = output::is_colored(&std::io::stdout());
            output::say(&report::render(&run, Format::Terminal, color));
        });
    }

    fn say(&self, text: &str) {
        self.beside.write(|| output::complain(text));
    }

    /// What the newest content is worth, as far as it ran.
    fn exit(&self) -> Exit {
        if self.signals.count() > 0 {
            return Exit::Interrupted;
        }
        let verdicts = self
            .verdicts
            .iter()
            .filter(|(name, _)| self.content.contains_key(*name));
        let exits = verdicts.map(|(_, exit)| *exit).chain(self.refused);
        let unproved = self.unproved.iter().next().map(|_| Exit::CannotTell);
        let exits = exits.chain(unproved);
        exits.fold(Exit::Met, Exit::or_heavier)
    }
}

/// Whether any file below a directory is another one.
fn any_other(before: &Files, now: &Files, directory: &Path) -> bool {
    let below = |(path, _): &(&PathBuf, &Vec<u8>)| path.starts_with(directory);
    before.iter().filter(below).ne(now.iter().filter(below))
}

/// Whether an edit kept steps from running.
fn run_was_halted(outcome: &LabOutcome) -> bool {
    let mut steps = outcome.steps.iter();
    steps.any(|step| step.result == StepResult::Skip(EDITED.to_owned()))
}

/// Whether a step ran of those before this one.
fn ran_again(outcome: &LabOutcome, reached: usize) -> bool {
    let mut steps = outcome.steps.iter().take(reached);
    steps.any(|step| !matches!(step.result, StepResult::Skip(_)))
}

/// How many steps there are up to the last that ran.
fn reached(outcome: &LabOutcome) -> usize {
    let ran = |result: &StepResult| !matches!(result, StepResult::Skip(_));
    let last = outcome.steps.iter().rposition(|step| ran(&step.result));
    last.map_or(0, |last| last + 1)
}

/// The first step that has not done what it was to do.
fn first_undone(lab: &Lab, outcome: &LabOutcome) -> Option<usize> {
    let steps = lab.steps.iter().zip(&outcome.steps);
    let is_done = |result: &StepResult| match result {
        StepResult::Pass | StepResult::Flaky { .. } => true,
        StepResult::Skip(reason) => reason == KEPT || reason == RAN_AS_SETUP,
        _ => false,
    };
    steps
        .into_iter()
        .position(|(step, ran)| step.skip.is_none() && !is_done(&ran.result))
}
