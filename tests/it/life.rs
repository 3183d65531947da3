//! What comes between a session's beginning and its end, and that no session meets another or the user's own files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use serde_json::Value;

use super::support::{Outcome, wait_until};
use super::terminal::Terminal;
use super::verbs::{BROKEN, Learner, SCENARIO, repair, verdicts};

/// The only session's directory.
fn session(learner: &Learner) -> PathBuf {
    let open = learner.open();
    assert_eq!(open.len(), 1, "{open:?}");
    learner.sessions().join(&open[0])
}

#[track_caller]
fn repaired(learner: &Learner) {
    let script = format!("eval \"$(\"$BREAKFIX\" env)\"\n{}", repair());
    let outcome = learner.home.bash(&script);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    learner.call(&["check", "--wait", "10m"], 0);
}

#[track_caller]
fn is_broken(learner: &Learner) {
    let judged = learner.call(&["check", "--format", "json"], 1);
    assert_eq!(verdicts(&judged.json()), BROKEN);
}

fn kill_simulators(learner: &Learner) {
    for simulator in learner.simulators() {
        rustix::process::kill_process(simulator, Signal::KILL).unwrap();
    }
    wait_until("their end", || learner.simulators().is_empty());
}

#[test]
fn a_reset_goes_back_to_the_broken_state() {
    let learner = Learner::new();
    learner.start(&[]);
    let key = |learner: &Learner| {
        let text = learner.call(&["env"], 0).stdout;
        let line = text.lines().find(|line| line.contains("NEW_KMS_KEY_ID"));
        line.unwrap().to_owned()
    };
    let (id, before) = (learner.open(), key(&learner));
    repaired(&learner);
    let reset = learner.call(&["reset"], 0);
    assert!(
        reset.stdout.contains("eval") || reset.stdout.contains("$(breakfix env)"),
        "{}",
        reset.stdout
    );
    is_broken(&learner);
    assert_eq!(learner.open(), id);
    assert_ne!(key(&learner), before);

    // Killed anywhere, it goes on, whatever is called.
    for (said, next) in [
        (
            "taking back: node group",
            &["reset", "--format", "json"][..],
        ),
        (
            "taking back: KMS key",
            &["start", SCENARIO, "--format", "json"],
        ),
        ("making: KMS alias", &["reset", "7.1", "--format", "json"]),
        ("UPDATING for 5 s", &["start", SCENARIO, "--format", "json"]),
    ] {
        learner.kill(&["reset"], said);
        let document = learner.call(next, 0).json();
        assert_eq!(document["session"]["broken"], true, "{said}: {document:#}");
        is_broken(&learner);
    }
    learner.kill(&["reset"], "CREATING for 30 s");
    kill_simulators(&learner);
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

#[test]
fn ctrl_c_in_a_reset_says_how_to_go_on() {
    let learner = Learner::new();
    learner.start(&[]);
    let child = learner.until(&["reset"], "making: node group");
    super::support::signal(&child, Signal::INT);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    learner.call(&["reset", "--lang", "ja"], 0);
    is_broken(&learner);
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

/// The world on disk.
fn world(session: &Path) -> Value {
    let text = std::fs::read(session.join("world/world.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// Has the world look as if it had been left alone for so long.
fn leave_alone(session: &Path, hours: i64) {
    let mut world = world(session);
    let micros = hours * 3_600_000_000;
    for pointer in ["/world/clock/wall_anchor", "/world/wall"] {
        let value = world.pointer_mut(pointer).unwrap();
        *value = (value.as_i64().unwrap() - micros).into();
    }
    std::fs::write(session.join("world/world.json"), world.to_string()).unwrap();
}

fn now(session: &Path) -> i64 {
    world(session)["world"]["now"].as_i64().unwrap()
}

const HOUR: i64 = 3_600_000_000;

#[test]
fn nothing_happens_while_a_session_is_paused() {
    let learner = Learner::new();
    learner.start(&[]);
    let session = session(&learner);
    let environment = learner.call(&["env"], 0).stdout;
    let paused = learner.call(&["pause"], 0);
    assert!(
        paused.stdout.contains("breakfix resume"),
        "{}",
        paused.stdout
    );
    assert!(learner.simulators().is_empty());
    let (then, events) = (now(&session), session.join("world/events.jsonl"));
    let happened = std::fs::read(&events).unwrap();
    leave_alone(&session, 5);
    for arguments in [
        &["check"][..],
        &["env"],
        &["shell"],
        &["shell", "--", "true"],
        &["reset"],
        &["start", SCENARIO],
    ] {
        let refused = learner.call(arguments, 2);
        assert!(
            refused.stderr.contains("`breakfix resume` goes on"),
            "{}",
            refused.stderr
        );
        assert!(learner.simulators().is_empty(), "{arguments:?}");
    }
    let refused = learner.call(&["check", "--lang", "ja"], 2);
    assert!(
        refused.stderr.contains("一時停止しています"),
        "{}",
        refused.stderr
    );
    let listed = learner.call(&["sessions"], 0);
    assert!(listed.stdout.contains("paused"), "{}", listed.stdout);
    let listed = learner.call(&["sessions", "--format", "json"], 0).json();
    assert!(listed["sessions"][0]["paused_at"].is_string(), "{listed:#}");
    let again = learner.call(&["pause", "--format", "json"], 0).json();
    assert_eq!(
        (&again["verb"], &again["changed"]),
        (&"pause".into(), &false.into())
    );
    learner.call(&["extend", "24h"], 0);
    assert!(learner.simulators().is_empty());

    learner.call(&["resume"], 0);
    assert_eq!(learner.simulators().len(), 1);
    // No hour has passed, and what was read since is all that was added.
    assert!(
        now(&session) - then < HOUR,
        "{} after the pause",
        now(&session) - then
    );
    assert!(std::fs::read(&events).unwrap().starts_with(&happened));
    assert_eq!(learner.call(&["env"], 0).stdout, environment);
    is_broken(&learner);
    let again = learner.call(&["resume", "--format", "json"], 0).json();
    assert_eq!(again["changed"], false);
    repaired(&learner);
    learner.call(&["pause"], 0);
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

/// Without a pause time goes on for a world that nobody serves.
#[test]
fn a_pause_that_was_killed_is_completed_by_the_next() {
    let learner = Learner::new();
    learner.start(&[]);
    let session = session(&learner);
    let journal = session.join("journal.jsonl");
    let is_paused = || {
        let text = std::fs::read_to_string(&journal).unwrap();
        text.matches("\"paused\"").count() > text.matches("\"resumed\"").count()
    };
    for round in 0..4 {
        let mut child = learner.home.begin(&["pause"]);
        wait_until("the record", is_paused);
        child.kill().unwrap();
        child.wait().unwrap();
        if round % 2 == 1 {
            kill_simulators(&learner);
        }
        learner.call(&["pause"], 0);
        wait_until("its end", || learner.simulators().is_empty());
        let then = now(&session);
        leave_alone(&session, 3);
        if round % 2 == 1 {
            // Resumed by two, one of them killed.
            let mut child = learner.home.begin(&["resume"]);
            wait_until("the simulator", || !learner.simulators().is_empty());
            child.kill().unwrap();
            child.wait().unwrap();
        }
        learner.call(&["resume"], 0);
        is_broken(&learner);
        assert!(now(&session) - then < HOUR);
    }
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

#[test]
fn a_session_lives_as_long_as_was_said_last() {
    let learner = Learner::new();
    learner.start(&["--ttl", "1h"]);
    let extended = learner.call(&["extend", "9h"], 0);
    assert!(
        extended.stdout.contains("lives until"),
        "{}",
        extended.stdout
    );
    let again = learner
        .call(&["extend", "2h", "--format", "json"], 0)
        .json();
    assert_eq!(again["changed"], false);
    let session = &again["session"];
    let until: jiff::Timestamp = session["expires_at"].as_str().unwrap().parse().unwrap();
    let begun: jiff::Timestamp = session["begun_at"].as_str().unwrap().parse().unwrap();
    assert!(until.duration_since(begun) >= jiff::SignedDuration::from_hours(9));
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

#[test]
fn a_shell_has_the_environment_and_shows_the_step() {
    let learner = Learner::new();
    learner.start(&[]);
    let session = session(&learner);
    let id = session.file_name().unwrap().to_string_lossy().into_owned();
    let home = learner.home.root().join("home");
    std::fs::write(
        home.join(".bashrc"),
        "PS1='mine> '; FROM=bashrc; export AWS_REGION=elsewhere\n",
    )
    .unwrap();
    std::fs::write(
        home.join(".zshrc"),
        "PROMPT='mine> '; FROM=zshrc; export AWS_REGION=elsewhere\n",
    )
    .unwrap();
    std::fs::create_dir_all(home.join(".config/fish")).unwrap();
    let fish = "function fish_prompt; echo -n 'mine> '; end; set FROM config; set -gx AWS_REGION elsewhere\n";
    std::fs::write(home.join(".config/fish/config.fish"), fish).unwrap();
    let breakfix = env!("CARGO_BIN_EXE_breakfix");
    let mut tried = 0;
    for (shell, from) in [("bash", "bashrc"), ("zsh", "zshrc"), ("fish", "config")] {
        let path = std::env::var_os("PATH").unwrap();
        let mut places = std::env::split_paths(&path).map(|place| place.join(shell));
        let Some(program) = places.find(|path| path.is_file()) else {
            continue;
        };
        tried += 1;
        let _ = std::fs::remove_file(session.join("prompt"));
        let program = program.to_string_lossy().into_owned();
        let mut terminal = Terminal::open(&learner, &["shell"], &[("SHELL", &program)]);
        terminal.expect("(breakfix:missing-worker-nodes) mine> ");
        std::fs::write(session.join("prompt"), "3").unwrap();
        terminal.enter("echo \"$FROM in $BREAKFIX_SESSION at $AWS_REGION\"");
        terminal.expect(&format!("{from} in {id} at us-west-2"));
        terminal.expect("(breakfix:missing-worker-nodes step 3) mine> ");
        // Within itself it is not opened again.
        terminal.enter(&format!("{breakfix} shell"));
        terminal.expect("already");
        std::fs::write(session.join("prompt"), "✓\n").unwrap();
        terminal.expect("mine> ");
        // Ctrl-C is the shell's, and ends no more than what runs there.
        terminal.enter("echo wait''ing; sleep 1000");
        terminal.expect("waiting");
        terminal.interrupt("(breakfix:missing-worker-nodes ✓) mine> ");
        terminal.enter("exit 5");
        assert_eq!(terminal.child.wait().unwrap().code(), Some(5), "{shell}");
    }
    assert!(tried > 0);
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

#[test]
fn one_command_runs_in_the_environment_and_gives_its_exit_code() {
    let learner = Learner::new();
    learner.start(&["--clock", "instant"]);
    let script =
        "aws eks list-nodegroups --cluster-name \"$EKS_CLUSTER_NAME\" --output text; exit 7";
    let ran = learner.call(&["shell", "--", "bash", "-c", script], 7);
    assert!(ran.stdout.contains("new_nodegroup_1"), "{}", ran.stdout);
    // Where time jumps, the learner's sleep does.
    let session = session(&learner);
    let slept = "command -v sleep; sleep 10h; eval \"$(\"$BREAKFIX\" env)\"; eval \"$(\"$BREAKFIX\" env)\"; \
                 command -v sleep; sleep 10h; echo \"$PATH\"";
    let breakfix = env!("CARGO_BIN_EXE_breakfix");
    let slept = format!("export BREAKFIX='{breakfix}'; {slept}");
    let ran = learner.call(&["shell", "--", "bash", "-c", &slept], 0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let shim = session.join("bin/sleep").to_string_lossy().into_owned();
    assert_eq!(lines[..2], [&*shim, &*shim]);
    let places = lines[2]
        .split(':')
        .filter(|place| place.ends_with("/bin") && shim.starts_with(*place));
    assert_eq!(places.count(), 1, "{}", lines[2]);
    let missing = learner.call(&["shell", "--", "no-such-program"], 4);
    assert!(
        missing.stderr.contains("no-such-program"),
        "{}",
        missing.stderr
    );
    learner.call(&["finish"], 0);
    // At the wall's pace there is nothing to replace.
    learner.start(&[]);
    let ran = learner.call(&["shell", "--", "bash", "-c", "command -v sleep"], 0);
    assert!(!ran.stdout.contains("sessions"), "{}", ran.stdout);
    learner.call(&["finish"], 0);
    learner.nothing_is_left();
}

/// Variables that `env` prints.
fn exported(outcome: &Outcome) -> BTreeMap<String, String> {
    let lines = outcome
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("export "));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
        .collect()
}

#[test]
fn two_sessions_side_by_side_never_meet() {
    let learner = Learner::new();
    learner.start(&[]);
    learner.start(&["--variant", "key-disabled"]);
    let open = learner.open();
    let (one, two) = (&open[0], &open[1]);
    let environment = |id: &str| exported(&learner.call(&["env", "--session", id], 0));
    let (first, second) = (environment(one), environment(two));
    for name in [
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "KUBECONFIG",
        "KUBECACHEDIR",
        "BREAKFIX_SIMULATOR",
        "BREAKFIX_SIMULATOR_TOKEN",
        "BREAKFIX_SESSION",
        "NEW_KMS_KEY_ID",
    ] {
        assert_ne!(first[name], second[name], "{name}");
    }
    assert_eq!(learner.simulators().len(), 2);
    // What one does the other does not see, also at the same time.
    let script = "aws kms create-alias --alias-name \"alias/of-$BREAKFIX_SESSION\" --target-key-id \"$NEW_KMS_KEY_ID\"\n\
                  kubectl create namespace \"of-$BREAKFIX_SESSION\" >/dev/null\n\
                  aws kms list-aliases --output text; kubectl get namespaces -o name";
    let tidy = "aws kms delete-alias --alias-name \"alias/of-$BREAKFIX_SESSION\"";
    let calls: Vec<_> = open
        .iter()
        .map(|id| {
            let arguments = ["shell", "--session", id, "--", "bash", "-c", script];
            (id, learner.home.begin(&arguments))
        })
        .collect();
    for (id, child) in calls {
        let outcome = learner.home.outcome(child.wait_with_output().unwrap());
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        let other = if id == one { two } else { one };
        let (own, others) = (format!("of-{id}"), format!("of-{other}"));
        assert_eq!(
            outcome.stdout.matches(&own).count(),
            3,
            "{}",
            outcome.stdout
        );
        assert!(!outcome.stdout.contains(&others), "{}", outcome.stdout);
    }
    // What was added to what a session made is in nobody's way when that is made anew.
    learner.call(&["reset", "--session", two], 0);
    learner.call(&["shell", "--session", one, "--", "bash", "-c", tidy], 0);
    learner.call(&["pause", "--session", two], 0);
    assert_eq!(learner.simulators().len(), 1);
    learner.call(&["check", "--session", one], 1);
    learner.call(&["finish", "--session", one], 0);
    learner.call(&["resume"], 0);
    learner.call(&["check"], 1);
    learner.call(&["finish", "--all"], 0);
    learner.nothing_is_left();
}

#[test]
fn a_terminal_stays_valid_when_the_simulator_was_killed() {
    let learner = Learner::new();
    learner.start(&[]);
    let script = "eval \"$(\"$BREAKFIX\" env)\"; date +%s > before; while [ ! -e killed ]; do sleep 0.01; done; \
                  \"$BREAKFIX\" sessions >/dev/null; \"$BREAKFIX\" check >/dev/null; \
                  aws eks list-nodegroups --cluster-name \"$EKS_CLUSTER_NAME\" --output text && kubectl get nodes -o name";
    std::thread::scope(|scope| {
        let terminal = scope.spawn(|| learner.home.bash(script));
        learner.home.wait_for("before");
        kill_simulators(&learner);
        std::fs::write(learner.home.work().join("killed"), "").unwrap();
        let outcome = terminal.join().unwrap();
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        assert!(
            outcome.stdout.contains("new_nodegroup_1"),
            "{}",
            outcome.stdout
        );
    });
    learner.call(&["finish", "--all"], 0);
    learner.nothing_is_left();
}

#[test]
fn a_simulator_ends_when_its_directory_is_removed() {
    let learner = Learner::new();
    learner.start(&[]);
    std::fs::remove_dir_all(session(&learner)).unwrap();
    wait_until("the simulator's end", || learner.simulators().is_empty());
    let listed = learner.call(&["sessions"], 0);
    assert!(listed.stdout.contains("no session"), "{}", listed.stdout);
    learner.nothing_is_left();
}

/// At moments that nobody chose: what is there then goes with the next verbs.
#[test]
fn a_start_that_is_killed_at_any_moment_leaves_nothing_behind() {
    let learner = Learner::new();
    for round in 0..14_u32 {
        let mut child = learner.home.begin(&["start", SCENARIO]);
        // Up to a third of a second: past the simulator's start.
        std::thread::sleep(Duration::from_millis(u64::from(round * round) * 2));
        child.kill().unwrap();
        child.wait().unwrap();
        learner.call(&["sessions"], 0);
        learner.call(&["finish", "--all"], 0);
        learner.nothing_is_left();
    }
}

/// Everything below a directory: content and time of change.
fn contents(directory: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        let modified = entry.metadata().unwrap().modified().unwrap();
        if path.is_dir() {
            found.extend(contents(&path));
            found.insert(path, (modified, Vec::new()));
        } else {
            let text = std::fs::read(&path).unwrap();
            found.insert(path, (modified, text));
        }
    }
    found
}

/// A whole session, with the real clients.
fn live(learner: &Learner, variables: &[(&str, &str)]) {
    let lines = [
        "\"$BREAKFIX\" start missing-worker-nodes || exit 1",
        "eval \"$(\"$BREAKFIX\" env)\"",
        "aws eks list-nodegroups --cluster-name \"$EKS_CLUSTER_NAME\" >/dev/null || exit 1",
        "aws configure list >/dev/null",
        "kubectl get nodes >/dev/null || exit 1",
        "\"$BREAKFIX\" check >/dev/null",
        "echo 'kubectl get pods -A; exit 0' | \"$BREAKFIX\" shell >/dev/null 2>&1",
        "\"$BREAKFIX\" shell -- aws kms list-keys >/dev/null || exit 1",
        "\"$BREAKFIX\" reset || exit 1",
        "\"$BREAKFIX\" extend 9h && \"$BREAKFIX\" pause && \"$BREAKFIX\" resume || exit 1",
        "\"$BREAKFIX\" sessions && \"$BREAKFIX\" finish",
    ];
    let set: String = variables
        .iter()
        .map(|(name, value)| format!("export {name}='{value}'\n"))
        .collect();
    let outcome = learner.home.bash(&format!("{set}{}", lines.join("\n")));
    assert_eq!(outcome.status, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    learner.nothing_is_left();
}

#[test]
fn the_users_own_configuration_is_never_touched() {
    let learner = Learner::new();
    let home = learner.home.root().join("home");
    for (name, text) in [
        (
            ".aws/config",
            "[default]\nregion = mars-north-1\ncli_pager = false\n",
        ),
        (
            ".aws/credentials",
            "[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\n",
        ),
        (
            ".kube/config",
            "apiVersion: v1\nkind: Config\ncurrent-context: production\n",
        ),
        (".bashrc", "MINE=1\n"),
    ] {
        let path = home.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let before = contents(&home);
    live(
        &learner,
        &[("SHELL", "/bin/bash"), ("HISTFILE", "/dev/null")],
    );
    let after = contents(&home);
    let differing: Vec<&PathBuf> = before
        .keys()
        .chain(after.keys())
        .filter(|path| before.get(*path) != after.get(*path))
        .collect();
    assert!(differing.is_empty(), "{differing:#?}");
}

/// Nothing can be written below it, by root either.
#[test]
fn a_home_that_cannot_be_written_to_is_enough() {
    let learner = Learner::new();
    live(&learner, &[("HOME", "/proc"), ("SHELL", "/bin/bash")]);
}
