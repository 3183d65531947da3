//! `run --watch`: an author saves files, and what changed runs again in the session that is kept.

use std::io::Read;
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::support::{Breakfix, breakfix, copy_tree, page, project, signal, wait_until};
use super::terminal::Terminal;
use super::verbs::Learner;

/// An author's terminal beside the editor.
struct Author {
    call: Breakfix,
    child: Child,
    said: Arc<Mutex<String>>,
    reported: Arc<Mutex<String>>,
}

impl Author {
    fn watches(call: Breakfix) -> Author {
        let mut child = call.start();
        Author {
            said: heard(child.stderr.take().unwrap()),
            reported: heard(child.stdout.take().unwrap()),
            call,
            child,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.call.work().join(name)
    }

    /// Saves a file as most editors do: another one gets its name.
    fn saves(&self, name: &str, text: &str) {
        let draft = self.call.root().join("tmp").join("draft");
        std::fs::write(&draft, text).unwrap();
        std::fs::rename(draft, self.path(name)).unwrap();
    }

    /// Waits for words on stderr, and forgets all up to them.
    #[track_caller]
    fn hears(&self, words: &str) -> String {
        until(&self.said, words)
    }

    #[track_caller]
    fn reads(&self, words: &str) -> String {
        until(&self.reported, words)
    }

    /// The run is over and the next save is awaited.
    #[track_caller]
    fn is_awaited(&self) -> String {
        self.hears("waiting for a page to be saved")
    }

    /// What the labs wrote there, in one line.
    fn ran(&self) -> String {
        let text = std::fs::read_to_string(self.path("ran")).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn leaves(mut self) -> String {
        signal(&self.child, Signal::INT);
        let status = self.child.wait().unwrap();
        let said = self.said.lock().unwrap().clone();
        assert_eq!(status.code(), Some(130), "{said}");
        assert_eq!(self.call.survivors(), Vec::<String>::new());
        assert_eq!(self.call.temporary(), Vec::<String>::new());
        self.ran()
    }
}

impl Drop for Author {
    /// A test that fails leaves nobody who waits.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            signal(&self.child, Signal::INT);
            let _ = self.child.wait();
        }
    }
}

fn heard(mut from: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let said: Arc<Mutex<String>> = Arc::default();
    let ears = Arc::clone(&said);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            ears.lock().unwrap().push_str(&text);
        }
    });
    said
}

#[track_caller]
fn until(said: &Mutex<String>, words: &str) -> String {
    let limit = Instant::now() + Duration::from_secs(60);
    loop {
        let mut said = said.lock().unwrap();
        if let Some(at) = said.find(words) {
            return said.drain(..at + words.len()).collect();
        }
        assert!(
            Instant::now() < limit,
            "{words:?} did not come, but {said:?}"
        );
        drop(said);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn steps(commands: &[&str]) -> String {
    let blocks: Vec<(&str, String)> = commands
        .iter()
        .map(|command| ("", format!("$ {command}")))
        .collect();
    let blocks: Vec<(&str, &str)> = blocks
        .iter()
        .map(|(annotations, commands)| (*annotations, commands.as_str()))
        .collect();
    page(&blocks)
}

fn author(files: &[(&str, &str)]) -> Author {
    let mut call = breakfix(&["run", "page.md", "--watch", "--on", "none"]);
    for (name, text) in files {
        call = call.file(name, text);
    }
    Author::watches(call)
}

const ONE: &str = "x=1; echo one >> ran";
const TWO: &str = "echo two-$x >> ran";
const THREE: &str = "echo three >> ran";

#[test]
fn a_page_runs_again_from_its_first_changed_step_in_the_same_shell() {
    let author = author(&[("page.md", &steps(&[ONE, TWO, THREE]))]);
    author.is_awaited();
    assert_eq!(author.ran(), "one two-1 three");
    author.saves("page.md", &steps(&[ONE, "echo zwei-$x >> ran", THREE]));
    author.hears("running again from step 2 (page.md:9) in the same session");
    author.is_awaited();
    assert_eq!(author.ran(), "one two-1 three zwei-1 three");
    author.reads("skipped: did not change since it passed in this session");
    author.reads("2 passed, 1 skipped");
    let more = steps(&[ONE, "echo zwei-$x >> ran", THREE, "echo four-$x >> ran"]);
    author.saves("page.md", &more);
    author.hears("running again from step 4");
    author.is_awaited();
    assert_eq!(author.leaves(), "one two-1 three zwei-1 three four-1");
}

#[test]
fn what_only_readers_see_runs_nothing_again() {
    let text = steps(&[ONE, TWO]);
    let author = author(&[("page.md", &text)]);
    author.is_awaited();
    author.saves("page.md", &text.replace("---\n\n", "---\n\nProse.\n\n"));
    author.hears("no step that ran changed: nothing runs again");
    // The step is known at its new place.
    author.saves(
        "page.md",
        &steps(&[ONE, "echo zwei-$x >> ran"]).replace("---\n\n", "---\n\nProse.\n\n"),
    );
    author.hears("running again from step 2 (page.md:11)");
    author.is_awaited();
    assert_eq!(author.leaves(), "one two-1 zwei-1");
}

#[test]
fn a_step_that_failed_runs_again_although_a_later_one_changed() {
    let fails = "echo fails >> ran; test -e there";
    let author = author(&[("page.md", &steps(&[ONE, fails, THREE]))]);
    author.is_awaited();
    author.reads("1 passed, 1 failed, 1 skipped");
    std::fs::write(author.path("there"), "").unwrap();
    author.saves("page.md", &steps(&[ONE, fails, TWO]));
    author.hears("running again from step 2");
    author.is_awaited();
    author.reads("2 passed, 1 skipped");
    // With nothing to make fresh, it is only told.
    author.saves("page.md", &steps(&[ONE, "false", TWO]));
    author.hears("note: the step that failed ran before in this session");
    author.is_awaited();
    author.reads("1 failed, 2 skipped");
    assert_eq!(author.leaves(), "one fails fails two-1");
}

#[test]
fn a_step_that_failed_and_is_taken_out_fails_no_more() {
    let author = author(&[("page.md", &steps(&[ONE, "false"]))]);
    author.is_awaited();
    author.reads("1 failed");
    author.saves("page.md", &steps(&[ONE]));
    author.hears("every step passed in this session");
    author.is_awaited();
    author.reads("1 skipped");
    assert_eq!(author.leaves(), "one");
}

#[test]
fn a_mistake_is_told_and_runs_nothing_until_it_is_mended() {
    let good = steps(&[ONE, TWO]);
    let author = author(&[("page.md", &good)]);
    author.is_awaited();
    let wrong = good.replacen("```bash \n$ echo", "```bash hok=a\n$ echo", 1);
    author.saves("page.md", &wrong);
    author.hears("error[annotation-unknown]");
    author.hears("page.md:9:9");
    author.hears("nothing was run: mend the mistakes above first");
    author.is_awaited();
    author.saves("page.md", &good.replacen("echo two", "echo zwei", 1));
    author.is_awaited();
    assert_eq!(author.leaves(), "one two-1 zwei-1");
}

#[test]
fn lint_speaks_while_a_step_runs_and_the_next_steps_are_those_that_were_saved() {
    let waits = "echo waits >> ran; until [ -e go ]; do sleep 0.02; done";
    let author = author(&[("page.md", &steps(&[ONE, waits, TWO]))]);
    author.hears("step 2/3: A page");
    author.saves(
        "page.md",
        &steps(&[ONE, waits, "true $NOWHERE", "echo four-$x >> ran"]),
    );
    author.hears("[variable-unset]");
    // Nothing of what follows has begun.
    std::fs::write(author.path("go"), "").unwrap();
    author.hears("step 3/3: skipped: the content changed while it ran");
    author.hears("running again from step 3");
    author.hears("step 3/4");
    author.saves("page.md", &steps(&[ONE, waits, "echo four-$x >> ran"]));
    author.hears("running again from step 3");
    author.is_awaited();
    let ran = author.leaves();
    assert!(!ran.contains("two"), "{ran}");
    assert!(
        ran.starts_with("one waits") && ran.ends_with("four-1"),
        "{ran}"
    );
}

#[test]
fn a_page_that_is_saved_with_a_mistake_while_it_runs_goes_on_once_it_is_mended() {
    let waits = "until [ -e go ]; do sleep 0.02; done";
    let text = steps(&[ONE, waits, TWO]);
    let author = author(&[("page.md", &text)]);
    author.hears("step 2/3: A page");
    author.saves("page.md", &text.replacen("```bash", "```bash hok=a", 1));
    author.hears("error[annotation-unknown]");
    std::fs::write(author.path("go"), "").unwrap();
    author.hears("nothing was run: mend the mistakes above first");
    author.is_awaited();
    assert_eq!(author.ran(), "one");
    author.saves("page.md", &text);
    author.hears("running again from step 3");
    author.is_awaited();
    assert_eq!(author.leaves(), "one two-1");
}

#[test]
fn each_failure_in_a_session_leaves_its_bundle_with_the_environment() {
    let call = breakfix(&[
        "run", "page.md", "--watch", "--on", "none", "--bundle", "failures",
    ]);
    let call = call.env("MY_API_KEY", "hush-hush");
    let fails = |word: &str| steps(&[ONE, &format!("echo {word} $MY_API_KEY; false")]);
    let author = Author::watches(call.file("page.md", &fails("here")));
    author.is_awaited();
    author.saves("page.md", &fails("there"));
    author.hears("in the same session");
    author.is_awaited();
    let bundle = author.path("failures/1-page.md");
    let read = |name: &str| std::fs::read_to_string(bundle.join(name)).unwrap();
    assert!(read("environment.txt").contains("HOME="));
    assert!(read("transcript.txt").contains("there ***"));
    assert_eq!(author.leaves(), "one");
}

#[test]
fn a_hook_runs_its_step_again_and_so_does_what_it_reads() {
    let text = page(&[
        ("", "$ echo one >> ran"),
        ("hook=look", "$ echo two >> ran"),
    ]);
    let says = |word: &str| format!("[ \"$1\" = after ] || echo {word} >> ran\n");
    let hook = |word: &str| format!("{}. tests/helper.sh\n", says(word));
    let author = author(&[
        ("page.md", &text),
        ("tests/hook-look.sh", &hook("hook")),
        ("tests/helper.sh", &says("help")),
    ]);
    author.is_awaited();
    assert_eq!(author.ran(), "one hook help two");
    author.saves("tests/hook-look.sh", &hook("haken"));
    author.hears("running again from step 2");
    author.is_awaited();
    author.saves("tests/helper.sh", &says("hilf"));
    author.hears("running again from step 2");
    author.is_awaited();
    assert_eq!(
        author.leaves(),
        "one hook help two haken help two haken hilf two"
    );
}

#[test]
fn a_suite_stays_open_and_another_one_takes_a_fresh_session() {
    let suite = |word: &str| format!("echo {word}-$1 >> ran\n");
    let author = author(&[
        ("page.md", &steps(&[ONE, TWO])),
        ("tests/hook-suite.sh", &suite("suite")),
    ]);
    author.is_awaited();
    author.saves("page.md", &steps(&[ONE, "echo zwei-$x >> ran"]));
    author.hears("in the same session");
    author.is_awaited();
    assert_eq!(author.ran(), "suite-before one two-1 zwei-1");
    author.saves("tests/hook-suite.sh", &suite("other"));
    author.hears("in a fresh session: tests/hook-suite.sh changed");
    author.is_awaited();
    let ran = author.leaves();
    // It leaves by the script that is there now: the old text is gone.
    assert_eq!(
        ran,
        "suite-before one two-1 zwei-1 other-after other-before one zwei-1 other-after"
    );
}

#[test]
fn a_lost_shell_is_made_anew() {
    let author = author(&[("page.md", &steps(&[ONE, "exec true", TWO]))]);
    author.is_awaited();
    author.saves("page.md", &steps(&[ONE, "true", TWO]));
    author.hears("in a fresh session: its shell or what stands around it was lost");
    author.is_awaited();
    assert_eq!(author.leaves(), "one one two-1");
}

#[test]
fn the_lab_that_was_saved_runs_and_the_others_do_not() {
    let lab = |word: &str| steps(&[&format!("echo {word} >> ran")]);
    let call = breakfix(&["run", "labs", "--watch", "--on", "none"])
        .file("labs/a.md", &lab("a"))
        .file("labs/b.md", &lab("b"));
    let author = Author::watches(call);
    author.is_awaited();
    assert_eq!(author.ran(), "a b");
    author.saves("labs/a.md", &lab("aa"));
    author.hears("labs/a.md: running it, because it changed");
    author.is_awaited();
    assert_eq!(author.ran(), "a b aa");
    author.saves("labs/c.md", &lab("c"));
    author.is_awaited();
    std::fs::remove_file(author.path("labs/c.md")).unwrap();
    author.hears("labs/c.md: there is no such lab any more");
    assert_eq!(author.leaves(), "a b aa c");
}

#[test]
fn the_world_is_kept_and_judged_each_time_until_its_scenario_is_another() {
    let name = "missing-worker-nodes";
    let known = "echo $NEW_KMS_KEY_ID >> ran; aws kms describe-key --key-id $NEW_KMS_KEY_ID";
    let lesson = |repair: &str| {
        let text = steps(&[known, repair]).replacen("```bash", "```bash timeout=300", 2);
        text.replacen("---\n", &format!("---\nscenario: {name}\n"), 1)
    };
    let call = breakfix(&["run", "page.md", "--watch", "--scenarios", "scenarios"]);
    let own = call.work().join("scenarios").join(name);
    copy_tree(&project().join("scenarios").join(name), &own);
    let author = Author::watches(call.file("page.md", &lesson("true")));
    author.is_awaited();
    author.reads("2 passed");
    let key = author.ran();
    author.saves(
        "page.md",
        &lesson(&format!("bash scenarios/{name}/solutions/key-policy.sh")),
    );
    author.hears("in the same session");
    author.is_awaited();
    let report = author.reads("1 passed, 1 skipped");
    assert!(!report.contains('✗'), "{report}");
    assert_eq!(author.ran(), key);
    let scenario = std::fs::read_to_string(own.join("scenario.yaml")).unwrap();
    author.saves(
        &format!("scenarios/{name}/scenario.yaml"),
        &format!("{scenario}\n# More.\n"),
    );
    author.hears("in a fresh session: its scenario changed");
    author.is_awaited();
    let keys = author.leaves();
    let other = keys.strip_prefix(&key).map(str::trim).unwrap_or_default();
    assert!(!other.is_empty() && other != key, "{keys}");
}

#[test]
fn a_step_that_fails_for_what_an_earlier_try_left_is_judged_in_a_fresh_session() {
    let lesson = |first: &str| {
        steps(&[
            first,
            "kubectl create configmap mine",
            "kubectl get configmap mine",
        ])
    };
    let call = breakfix(&["run", "page.md", "--watch"]).file("page.md", &lesson(ONE));
    let author = Author::watches(call);
    author.is_awaited();
    author.reads("3 passed");
    author.saves("page.md", &lesson("echo uno >> ran"));
    author.hears("running again from step 1 (page.md:5) in the same session");
    author.hears("in a fresh session: a step failed where it ran before");
    author.is_awaited();
    let report = author.reads("3 passed");
    assert!(!report.contains("failed"), "{report}");
    assert_eq!(author.leaves(), "one uno uno");
}

#[test]
fn of_two_saves_during_a_step_only_the_newest_runs() {
    let waits = "until [ -e go ]; do sleep 0.02; done";
    let lesson = |word: &str| steps(&[waits, &format!("echo {word} >> ran")]);
    let author = author(&[("page.md", &lesson("old"))]);
    author.hears("step 1/2: A page");
    author.saves("page.md", &lesson("$FIRST"));
    author.hears("[variable-unset]");
    author.saves("page.md", &lesson("$SECOND-x"));
    author.hears("nothing sets `$SECOND`");
    author.saves("page.md", &lesson("third"));
    author.hears("nothing to say");
    std::fs::write(author.path("go"), "").unwrap();
    author.hears("running again from step 2");
    author.hears("step 2/2: passed");
    author.is_awaited();
    assert_eq!(author.leaves(), "third");
}

#[test]
fn a_hook_that_is_written_where_none_was_is_seen_and_so_is_a_directory_that_is_replaced() {
    let call = breakfix(&["run", "labs", "--watch", "--on", "none"]);
    let text = page(&[("hook=x", "$ echo one >> ran")]);
    let author = Author::watches(call.file("labs/page.md", &text));
    author.hears("error[hook-missing]");
    author.is_awaited();
    std::fs::create_dir(author.path("labs/tests")).unwrap();
    author.saves("labs/tests/hook-x.sh", ". labs/tests/hook-common.sh\n");
    author.saves("labs/tests/hook-common.sh", "true\n");
    until_it_ran(&author, "one");
    author.saves("labs/tests/hook-common.sh", "echo common >> ran\n");
    until_it_ran(&author, "common one common");
    let (labs, old) = (author.path("labs"), author.path("old"));
    std::fs::rename(&labs, &old).unwrap();
    copy_tree(&old, &labs);
    author.saves("labs/page.md", &text.replace("echo one", "echo uno"));
    until_it_ran(&author, "uno common");
    author.leaves();
}

/// Waits until what ran ends like this.
#[track_caller]
fn until_it_ran(author: &Author, end: &str) {
    wait_until(end, || author.ran().ends_with(end));
}

#[test]
fn what_a_hook_writes_beside_itself_runs_it_again_only_a_few_times() {
    let author = author(&[
        ("page.md", &page(&[("hook=x", "$ echo one >> ran")])),
        ("tests/hook-x.sh", "date +%N > tests/log.txt\n"),
    ]);
    author.hears("note: tests/log.txt is another file whenever a lab has run: it counts no more");
    author.is_awaited();
    author.saves("page.md", &page(&[("hook=x", "$ echo two >> ran")]));
    until_it_ran(&author, "two");
    author.leaves();
}

#[test]
fn a_pass_that_may_rest_on_what_was_edited_away_is_no_proof() {
    let learner = Learner::new();
    let save = |first: &str| {
        let text = steps(&[first, "[ \"$X\" = 1 ]"]);
        std::fs::write(learner.home.work().join("page.md"), text).unwrap();
    };
    save("export X=1");
    let watch = ["run", "page.md", "--watch", "--on", "none"];
    let mut terminal = Terminal::open(&learner, &watch, &[]);
    terminal.expect("q: leave");
    save("export Y=1");
    terminal.expect("this is no proof that all of it passes");
    terminal.expect("q: leave");
    terminal.press("q");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(4));
}

#[test]
fn drift_of_a_step_that_is_kept_still_counts() {
    let learner = Learner::new();
    let save = |word: &str| {
        let text = page(&[("", "$ echo hello\nbye"), ("", &format!("$ echo {word}"))]);
        std::fs::write(learner.home.work().join("page.md"), text).unwrap();
    };
    save("a");
    let watch = [
        "run",
        "page.md",
        "--watch",
        "--on",
        "none",
        "--documented",
        "fail",
    ];
    let mut terminal = Terminal::open(&learner, &watch, &[]);
    terminal.expect("q: leave");
    save("b");
    terminal.expect("running again from step 2");
    terminal.expect("q: leave");
    terminal.press("q");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(3));
}

#[test]
fn at_a_terminal_keys_run_all_of_it_again_and_leave_with_the_verdict() {
    let learner = Learner::new();
    let work = learner.home.work();
    std::fs::write(work.join("page.md"), steps(&[ONE, "false"])).unwrap();
    let mut terminal = Terminal::open(
        &learner,
        &["run", "page.md", "--watch", "--on", "none"],
        &[],
    );
    terminal.expect("a: all of it in a fresh session, q: leave");
    terminal.press("a");
    terminal.expect("in a fresh session: you asked for it");
    terminal.expect("a: all of it in a fresh session, q: leave");
    terminal.press("q");
    assert_eq!(terminal.child.wait().unwrap().code(), Some(1));
    let ran = std::fs::read_to_string(work.join("ran")).unwrap();
    assert_eq!(ran, "one\none\n");
}

#[test]
fn what_watching_cannot_do_is_refused() {
    let refused = |arguments: &[&str], words: &str| {
        let mut all = vec!["run", "page.md", "--watch"];
        all.extend(arguments);
        let outcome = breakfix(&all).file("page.md", &steps(&["true"])).run();
        assert_eq!(outcome.status, 2, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    };
    refused(&["--format", "json"], "cannot be used with");
    refused(&["--keep"], "cannot be used with");
    refused(
        &[
            "--on",
            "aws",
            "--account",
            "123456789012",
            "--region",
            "us-west-2",
            "--cluster",
            "c",
        ],
        "which a real account is not for",
    );
    refused(&["other.md"], "no such file or directory: other.md");
}
