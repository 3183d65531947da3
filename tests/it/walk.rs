//! A learner at a terminal walks the lab through the README's section for participants, in both languages; and goes on
//! whatever is killed.

use rustix::process::Signal;

use super::support::{project, wait_until};
use super::terminal::Terminal;
use super::verbs::{Learner, SCENARIO};

/// A learner at a terminal with a shell.
struct Walk<'a> {
    learner: &'a Learner,
    terminal: Terminal,
    typed: usize,
}

impl<'a> Walk<'a> {
    fn begin(learner: &'a Learner, locale: &str) -> Walk<'a> {
        let programs = learner.home.root().join("programs");
        let breakfix = programs.join("breakfix");
        if !breakfix.exists() {
            std::fs::create_dir_all(&programs).unwrap();
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_breakfix"), &breakfix).unwrap();
        }
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", programs.display());
        let variables = [("PATH", path.as_str()), ("LANG", locale), ("PAGER", "cat")];
        let mut terminal = Terminal::run(learner, "bash", &["--norc", "-i"], &variables);
        terminal.enter("PS1='$ '; bind 'set enable-bracketed-paste off' 2>/dev/null");
        Walk {
            learner,
            terminal,
            typed: 0,
        }
    }

    /// Types a line, and hands back what it showed.
    #[track_caller]
    fn types(&mut self, line: &str, status: i32) -> String {
        self.typed += 1;
        let mark = format!("walked-{}-", self.typed);
        self.terminal
            .enter(&format!("{line}; echo walked-\"{}\"-$?-", self.typed));
        let shown = self.terminal.until(&mark);
        let ended = self.terminal.until("-");
        assert_eq!(ended, format!("{status}-"), "{line}\n{shown}");
        shown
    }

    /// A line and what it has to show.
    #[track_caller]
    fn shows(&mut self, line: &str, status: i32, expected: &[&str]) {
        let shown = self.types(line, status);
        // Lines of a terminal are broken anywhere.
        let joined = shown.replace(['\r', '\n'], "");
        for expected in expected {
            assert!(
                joined.contains(expected),
                "{line}: no {expected:?} in\n{shown}"
            );
        }
    }
}

/// The commands of the README's section for participants.
fn readme() -> Vec<String> {
    let text = std::fs::read_to_string(project().join("README.md")).unwrap();
    let (_, section) = text.split_once("\n## For participants").unwrap();
    let (_, block) = section.split_once("```console\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let lines = block
        .lines()
        .map(|line| line.split('#').next().unwrap().trim().to_owned());
    lines.collect()
}

fn script(name: &str) -> String {
    let path = project().join("scenarios").join(SCENARIO).join(name);
    format!("bash '{}' >/dev/null", path.display())
}

/// What a walk shows, in a language.
struct Words {
    locale: &'static str,
    observed: &'static str,
    near: &'static str,
    hints: [&'static str; 4],
    refused: &'static str,
    verified: &'static str,
    finished: &'static str,
}

fn walk(words: &Words) {
    let learner = Learner::new();
    let mut walk = Walk::begin(&learner, words.locale);
    walk.types("breakfix", 0);
    for command in readme() {
        match command.as_str() {
            "breakfix shell" => {
                walk.terminal.enter(&command);
                walk.shows(
                    "kubectl config current-context",
                    0,
                    &["breakfix:missing-worker-nodes step 1"],
                );
            }
            "breakfix start missing-worker-nodes" => {
                walk.types(&format!("{command} --clock instant"), 0);
                walk.types(&format!("{command} --clock instant"), 0);
            }
            "breakfix run-step 1" => walk.shows(&command, 0, &[words.observed]),
            "breakfix status" => walk.shows(&command, 0, &[words.observed, "4.1"]),
            "breakfix answer 4.1 NAME" => {
                walk.shows("breakfix answer 4.1 new_nodegroup_1", 1, &[words.near]);
                walk.types("breakfix answer 4.1 \"$NEW_NODEGROUP_1_ASG_NAME\"", 0);
            }
            "breakfix hint 7.1" => {
                for hint in words.hints {
                    walk.shows(&command, 0, &[hint]);
                }
            }
            "breakfix check 7.1" => {
                walk.types(&command, 1);
                walk.types(&script("wrong/open-to-everybody.sh"), 0);
                walk.shows(&command, 1, &["key-not-public", words.refused]);
            }
            "breakfix reset 7.1" => {
                walk.types(&command, 0);
                walk.types("eval \"$(breakfix env)\"", 0);
                walk.types("breakfix check 7.1", 1);
                // Valid, and not the lesson's solution.
                walk.types(&script("solutions/grant.sh"), 0);
                walk.types("breakfix check --wait 10m", 0);
                walk.shows("breakfix status", 0, &[words.verified]);
            }
            _ => drop(walk.types(&command, 0)),
        }
    }
    assert!(words.finished.len() < 100);
    learner.nothing_is_left();
}

#[test]
fn a_learner_walks_through_the_readme_in_english() {
    walk(&Words {
        locale: "C.UTF-8",
        observed: "observed",
        near: "the node group's own name",
        hints: [
            "where to look",
            "what is to be seen",
            "how it is done",
            "the solution",
        ],
        refused: "open to everybody",
        verified: "verified",
        finished: "nothing is left",
    });
}

#[test]
fn a_learner_walks_through_the_readme_in_japanese() {
    walk(&Words {
        locale: "ja_JP.UTF-8",
        observed: "観測済み",
        near: "ノードグループ自身の名前",
        hints: ["どこを見るか", "そこに何が見えるか", "どう進めるか", "解答"],
        refused: "キーを不特定多数に公開しないこと",
        verified: "検証済み",
        finished: "",
    });
}

#[test]
fn watch_sees_what_is_done_elsewhere_and_answers_keys() {
    let learner = Learner::new();
    learner.start(&[]);
    let mut terminal = Terminal::open(&learner, &["watch"], &[("TERM", "xterm")]);
    terminal.expect("you are here");
    let looked = learner
        .home
        .bash("eval \"$(\"$BREAKFIX\" env)\"; kubectl get nodes");
    assert_eq!(looked.status, 0, "{}", looked.stderr);
    terminal.expect("step 1 is done (observed)");
    terminal.press("h");
    terminal.expect("Step 2, hint 1 of 4");
    terminal.expect("Press any key");
    terminal.press(" ");
    terminal.expect("1 hint");
    terminal.press("q");
    assert!(terminal.child.wait().unwrap().success());
}

#[test]
fn whatever_is_killed_the_learner_goes_on() {
    let learner = Learner::new();
    let mut walk = Walk::begin(&learner, "C.UTF-8");
    walk.types(&format!("breakfix start {SCENARIO} --clock instant"), 0);
    walk.types("breakfix run-step", 0);
    kill_simulators(&learner);
    walk.shows("breakfix status", 0, &["1 of 13 steps done"]);
    walk.types("breakfix solve --to 6.2", 0);

    // The terminal goes while somebody watches.
    walk.terminal.enter("breakfix watch");
    walk.terminal.expect("Let the role use the key");
    drop(walk);
    let mut walk = Walk::begin(&learner, "C.UTF-8");
    walk.shows("breakfix status", 0, &["9 of 13 steps done"]);

    // The runner goes in the middle of the repair.
    walk.types("breakfix run-step 7.1 --yes", 0);
    walk.terminal.enter("breakfix run-step 7.2 --yes");
    walk.terminal.expect("\"type\": \"ConfigUpdate\"");
    kill(&learner, "run-step");
    kill_simulators(&learner);
    // What the runner began goes on in the world: AWS takes no second update meanwhile.
    walk.types("eval \"$(breakfix env)\"", 0);
    let group = "--cluster-name \"$EKS_CLUSTER_NAME\" --nodegroup-name new_nodegroup_1";
    walk.types(&format!("aws eks wait nodegroup-active {group}"), 0);
    walk.types("breakfix run-step 7.2 --yes", 0);
    walk.types("breakfix check --wait 10m", 0);
    walk.shows("breakfix status", 0, &["13 of 13 steps done"]);
    walk.shows("breakfix finish", 0, &["nothing is left"]);
    learner.nothing_is_left();
    let others = || -> Vec<String> {
        let survivors = walk.learner.home.survivors();
        survivors
            .into_iter()
            .filter(|line| !line.starts_with("bash --norc"))
            .collect()
    };
    wait_until(
        &format!("only terminals' shells, not {:?}", others()),
        || others().is_empty(),
    );
}

fn kill_simulators(learner: &Learner) {
    kill(learner, "simulate");
    wait_until("their end", || learner.simulators().is_empty());
}

/// Ends the learner's processes of a verb at once.
fn kill(learner: &Learner, verb: &str) {
    let root = learner.home.root().to_string_lossy().into_owned();
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        let is_ours = String::from_utf8_lossy(&environment).contains(&root);
        let number = process.file_name().to_string_lossy().parse().ok();
        let number = number.and_then(rustix::process::Pid::from_raw);
        if let Some(number) = number.filter(|_| is_ours && line.contains(&format!("\0{verb}\0"))) {
            rustix::process::kill_process(number, Signal::KILL).unwrap();
        }
    }
}
