//! Sessions that outlive their command, as a learner has them: start, check, env, sessions, finish.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Child;

use rustix::process::Signal;
use serde_json::Value;

use super::support::{Breakfix, Outcome, breakfix, project, signal, wait_until};

pub(crate) const SCENARIO: &str = "missing-worker-nodes";

/// A learner's home; what still runs there ends with it.
pub(crate) struct Learner {
    pub(crate) home: Breakfix,
}

impl Learner {
    pub(crate) fn new() -> Learner {
        Learner {
            home: breakfix(&[]),
        }
    }

    #[track_caller]
    pub(crate) fn call(&self, arguments: &[&str], status: i32) -> Outcome {
        let outcome = self.home.call(arguments);
        let Outcome { stdout, stderr, .. } = &outcome;
        assert_eq!(outcome.status, status, "{arguments:?}\n{stdout}\n{stderr}");
        outcome
    }

    #[track_caller]
    pub(crate) fn start(&self, arguments: &[&str]) -> Outcome {
        self.call(&[&["start", SCENARIO], arguments].concat(), 0)
    }

    pub(crate) fn sessions(&self) -> PathBuf {
        self.home.root().join("state/breakfix/sessions")
    }

    pub(crate) fn open(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.sessions()).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }

    /// Its background simulators.
    pub(crate) fn simulators(&self) -> Vec<rustix::process::Pid> {
        let root = self.home.root().to_string_lossy().into_owned();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let ours = |line: &str| line.contains("\0simulate\0") && line.contains(&root);
        processes
            .filter(|process| {
                std::fs::read_to_string(process.path().join("cmdline")).is_ok_and(|it| ours(&it))
            })
            .filter_map(|process| process.file_name().to_string_lossy().parse().ok())
            .filter_map(rustix::process::Pid::from_raw)
            .collect()
    }

    /// Every process and every file of every session is gone.
    #[track_caller]
    pub(crate) fn nothing_is_left(&self) {
        assert_eq!(self.open(), Vec::<String>::new());
        wait_until("the simulator's end", || self.simulators().is_empty());
        assert_eq!(self.home.temporary(), Vec::<String>::new());
    }

    /// Starts a call and hands back its process once it says so on stderr.
    pub(crate) fn until(&self, arguments: &[&str], said: &str) -> Child {
        let mut child = self.home.begin(arguments);
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut lines = stderr.lines();
        let found = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(said)));
        assert!(found.is_some(), "{said:?} was not said");
        // Whoever writes on must not be ended by a closed pipe.
        std::thread::spawn(move || lines.count());
        child
    }

    pub(crate) fn kill(&self, arguments: &[&str], said: &str) {
        let mut child = self.until(arguments, said);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Learner {
    fn drop(&mut self) {
        if !self.open().is_empty() {
            self.home.call(&["finish", "--all"]);
        }
        for simulator in self.simulators() {
            let _ = rustix::process::kill_process(simulator, Signal::KILL);
        }
    }
}

pub(crate) fn verdicts(document: &Value) -> Vec<&str> {
    let checks = document["checks"].as_array().unwrap();
    checks
        .iter()
        .map(|check| check["verdict"].as_str().unwrap())
        .collect()
}

/// The scenario's solution. World time flows as it does; what it waits for need not be waited for here.
pub(crate) fn repair() -> String {
    let solutions = project().join("scenarios").join(SCENARIO).join("solutions");
    let script = std::fs::read_to_string(solutions.join("key-policy.sh")).unwrap();
    script.replace("aws eks wait", "\"$BREAKFIX\" simulate advance 5m; true")
}

pub(crate) const BROKEN: [&str; 7] = [
    "not met", "not met", "not met", "not met", "met", "met", "met",
];

#[test]
fn a_learner_breaks_repairs_and_finishes() {
    let learner = Learner::new();
    let started = learner.start(&[]);
    assert!(
        started.stdout.contains("eval \"$(breakfix env)\""),
        "{}",
        started.stdout
    );
    let judged = learner.call(&["check", "--format", "json"], 1).json();
    assert_eq!(judged["version"], 1);
    assert_eq!(judged["exit_code"], 1);
    assert_eq!(judged["session"]["scenario"], SCENARIO);
    assert_eq!(judged["session"]["broken"], true);
    assert_eq!(verdicts(&judged), BROKEN);
    assert!(judged["checks"][0]["reason"].is_string(), "{judged:#}");

    // The same again is the same session.
    let again = learner.start(&["--format", "json"]);
    let again = again.json();
    assert_eq!(again["session"]["id"], judged["session"]["id"]);
    assert_eq!(learner.open().len(), 1);
    let listed = learner.call(&["sessions", "--format", "json"], 0).json();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);

    let repair = repair();
    let repaired = learner
        .home
        .bash(&format!("eval \"$(\"$BREAKFIX\" env)\"\n{repair}"));
    assert_eq!(repaired.status, 0, "{}", repaired.stderr);
    let judged = learner.call(&["check", "--wait", "10m", "--format", "json"], 0);
    assert_eq!(verdicts(&judged.json()), ["met"; 7]);

    let finished = learner.call(&["finish"], 0);
    assert!(
        finished.stdout.contains("nothing is left"),
        "{}",
        finished.stdout
    );
    learner.nothing_is_left();
}

/// Each line is said before something is made, or while it becomes.
#[test]
fn whoever_starts_again_after_a_kill_goes_on_where_it_stopped() {
    let learner = Learner::new();
    for said in [
        "making: KMS key",
        "making: launch template",
        "making: node group",
        "making: size of node group",
    ] {
        learner.kill(&["start", SCENARIO], said);
    }
    let listed = learner.call(&["sessions"], 0);
    assert!(
        listed.stdout.contains("not broken yet"),
        "{}",
        listed.stdout
    );
    let started = learner.start(&[]);
    assert!(
        started.stderr.contains("going on with"),
        "{}",
        started.stderr
    );
    assert_eq!(learner.open().len(), 1);
    let judged = learner.call(&["check", "--format", "json"], 1);
    assert_eq!(verdicts(&judged.json()), BROKEN);
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

#[test]
fn a_start_that_was_killed_is_taken_back_by_finish() {
    let learner = Learner::new();
    for said in ["making: KMS alias", "CREATING for 30 s", "UPDATING for 5 s"] {
        learner.kill(&["start", SCENARIO], said);
        // With its simulator killed as well, the world is served again from its files.
        for simulator in learner.simulators() {
            rustix::process::kill_process(simulator, Signal::KILL).unwrap();
        }
        let finished = learner.call(&["finish", "--format", "json"], 0).json();
        assert_eq!(finished["left"], serde_json::json!([]), "{said}");
        learner.nothing_is_left();
    }
}

#[test]
fn a_finish_that_was_killed_goes_on() {
    let learner = Learner::new();
    learner.start(&[]);
    for said in [
        "taking back: node group",
        "DELETING for 20 s",
        "taking back: KMS key",
    ] {
        learner.kill(&["finish"], said);
        assert_eq!(learner.open().len(), 1, "{said}");
    }
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

/// Killed before anything is in its journal, a start leaves no session that anybody could mean.
#[test]
fn a_start_that_was_killed_before_its_first_record_was_none() {
    let learner = Learner::new();
    for _ in 0..3 {
        let mut child = learner.home.begin(&["start", SCENARIO]);
        wait_until("the session's simulator", || {
            !learner.simulators().is_empty()
        });
        child.kill().unwrap();
        child.wait().unwrap();
        if learner.call(&["sessions"], 0).stdout.contains(SCENARIO) {
            // It was faster than we are.
            learner.call(&["finish"], 0);
        }
        learner.nothing_is_left();
    }
}

#[test]
fn a_killed_simulator_serves_the_same_world_again() {
    let learner = Learner::new();
    learner.start(&[]);
    let before = learner.home.bash("\"$BREAKFIX\" env").stdout;
    for simulator in learner.simulators() {
        rustix::process::kill_process(simulator, Signal::KILL).unwrap();
    }
    wait_until("its end", || learner.simulators().is_empty());
    let judged = learner.call(&["check", "--format", "json"], 1);
    assert_eq!(verdicts(&judged.json()), BROKEN);
    assert_eq!(learner.simulators().len(), 1);
    // On the same ports, with the same keys.
    assert_eq!(learner.home.bash("\"$BREAKFIX\" env").stdout, before);
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

#[test]
fn two_who_look_at_once_start_one_simulator() {
    let learner = Learner::new();
    learner.start(&[]);
    for simulator in learner.simulators() {
        rustix::process::kill_process(simulator, Signal::KILL).unwrap();
    }
    wait_until("its end", || learner.simulators().is_empty());
    let lookers: Vec<Child> = (0..4).map(|_| learner.home.begin(&["check"])).collect();
    for looker in lookers {
        let looked = learner.home.outcome(looker.wait_with_output().unwrap());
        assert_eq!(looked.status, 1, "{}", looked.stderr);
    }
    wait_until("one simulator", || learner.simulators().len() == 1);
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

#[test]
fn ctrl_c_says_what_to_do_next() {
    let learner = Learner::new();
    let mut child = learner.home.begin(&["start", SCENARIO]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("making: node group") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0);
    }
    signal(&child, Signal::INT);
    let rest: Vec<String> = stderr.lines().map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:#?}");
    let last = rest.last().unwrap();
    assert!(
        last.contains("interrupted") && last.contains("breakfix finish"),
        "{rest:#?}"
    );
    // The terminal's signal went to the command, not to the learner's world.
    assert_eq!(learner.simulators().len(), 1);
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

/// A group that EKS cannot drain stays, and with it what its volumes need.
#[test]
fn what_cannot_be_taken_back_is_named_and_goes_once_that_is_mended() {
    let learner = Learner::new();
    learner.start(&[]);
    let repair = repair();
    let locked_out = learner.home.bash(&format!(
        "eval \"$(\"$BREAKFIX\" env)\"\n{repair}\n\
         kubectl get clusterrolebinding eks:node-manager -o json > binding.json\n\
         kubectl delete clusterrolebinding eks:node-manager"
    ));
    assert_eq!(locked_out.status, 0, "{}", locked_out.stderr);
    let finished = learner.call(&["finish"], 5);
    for text in [
        "node group new_nodegroup_1 is DELETE_FAILED",
        "eks:node-manager",
        "KMS key key: kept while node group new_nodegroup_1 is there",
        "`breakfix finish` tries again",
    ] {
        assert!(
            finished.stdout.contains(text),
            "{text} in {}",
            finished.stdout
        );
    }
    assert_eq!(learner.open().len(), 1);
    let mended = learner
        .home
        .bash("eval \"$(\"$BREAKFIX\" env)\"; kubectl create -f binding.json");
    assert_eq!(mended.status, 0, "{}", mended.stderr);
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

#[test]
fn what_makes_no_sense_is_refused_with_what_there_is() {
    let learner = Learner::new();
    let refused = |arguments: &[&str], texts: &[&str]| {
        let outcome = learner.call(arguments, 2);
        for text in texts {
            assert!(
                outcome.stderr.contains(text),
                "{arguments:?}: {}",
                outcome.stderr
            );
        }
    };
    for verb in ["finish", "check", "env"] {
        refused(&[verb], &["there is no session", "breakfix start"]);
    }
    refused(
        &["start", "missing-worker-node"],
        &["did you mean missing-worker-nodes?"],
    );
    refused(
        &["start", SCENARIO, "--variant", "key-disable"],
        &["no variant \"key-disable\"", "did you mean key-disabled?"],
    );
    learner.nothing_is_left();
    learner.start(&[]);
    learner.start(&["--variant", "key-disabled"]);
    let open = learner.open();
    assert_eq!(open.len(), 2);
    for verb in ["finish", "check", "env"] {
        refused(&[verb], &["--session", &open[0], &open[1]]);
        refused(
            &[verb, "--session", "nobody"],
            &["\"nobody\"", &open[0], &open[1]],
        );
    }
    learner.call(&["check", "--session", &open[0]], 1);
    learner.call(&["finish", "--session", &open[1]], 0);
    assert_eq!(learner.open(), [open[0].clone()]);
    learner.call(&["finish", "--all"], 0);
    learner.nothing_is_left();
    learner.call(&["finish", "--all"], 0);
}

/// What a session tells of itself never says which fault was drawn.
#[test]
fn a_variant_that_was_drawn_is_not_told() {
    let learner = Learner::new();
    let source = breakfix::scenarios::load(SCENARIO, None).unwrap();
    let random = ["start", SCENARIO, "--variant", "random"];
    let mut told = vec![
        learner.call(&random, 0),
        learner.call(&[&random[..], &["--format", "json"]].concat(), 0),
        learner.call(&["sessions"], 0),
        learner.call(&["sessions", "--format", "json"], 0),
        learner.call(&["env"], 0),
        learner.call(&["check"], 1),
        learner.call(&["check", "--format", "json"], 1),
    ];
    assert_eq!(learner.open().len(), 1, "twice is once");
    told.push(learner.call(&["finish"], 0));
    for outcome in &told {
        let text = format!("{}{}", outcome.stdout, outcome.stderr);
        for (name, variant) in &source.scenario.variants {
            assert!(!text.contains(&**name), "{name} in {text}");
            assert!(!text.contains(&variant.summary.en), "{name} in {text}");
        }
    }
    assert!(!told[0].stderr.contains("of key"), "{}", told[0].stderr);
    learner.nothing_is_left();
}

#[test]
fn a_session_is_told_in_the_language_that_it_was_started_in() {
    let learner = Learner::new();
    let started = learner.start(&["--lang", "ja"]);
    for part in ["ワーカーノードの欠落", "シミュレーター", "次に"] {
        assert!(started.stdout.contains(part), "{}", started.stdout);
    }
    assert!(
        started.stderr.contains("作成中: KMS キー"),
        "{}",
        started.stderr
    );
    let checked = learner.call(&["--plain", "check"], 1).stdout;
    // Japanese is broken between any two characters.
    let unbroken = checked.replace(['\n', ' '], "");
    for part in [
        "条件",
        "✗ 未達成: ",
        "期待",
        "7 件中 3 件のチェックを達成しています",
    ] {
        assert!(checked.contains(part), "{part:?} is missing in {checked}");
    }
    assert!(
        unbroken.contains("サービスリンクロールにはポリシーを追加できません"),
        "{checked}"
    );
    let json = learner.call(&["check", "--format", "json"], 1).json();
    assert_eq!(json["checks"][0]["verdict"], "not met");
    let reason = json["checks"][0]["reason"].as_str().unwrap();
    assert!(reason.ends_with('。'), "{reason}");
    let english = learner.call(&["--lang", "en", "check"], 1).stdout;
    assert!(english.contains("3 of 7 checks met"), "{english}");

    let unknown = learner.call(&["--lang=ja", "check", "--session", "x"], 2);
    assert!(unknown.stderr.contains("エラー: "), "{}", unknown.stderr);
    let mistaken = learner.call(&["--lang=ja", "chekc"], 2);
    assert!(
        mistaken.stderr.contains("もしかして: check"),
        "{}",
        mistaken.stderr
    );
    let help = learner.call(&["check", "--help", "--lang", "ja"], 0);
    assert!(
        help.stdout.contains("使い方: breakfix check"),
        "{}",
        help.stdout
    );

    let finished = learner.call(&["finish"], 0);
    assert!(
        finished.stdout.contains("何も残っていません"),
        "{}",
        finished.stdout
    );
    learner.nothing_is_left();
}
