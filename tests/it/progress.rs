//! What counts as evidence for a learner's steps, and what does not.

use serde_json::Value;

use super::verbs::{Learner, repair};

/// The evidence of each step, by its id.
fn evidence(learner: &Learner) -> Vec<(String, String)> {
    let status = learner.call(&["status", "--format", "json"], 0).json();
    let steps = status["progress"]["steps"].as_array().unwrap();
    steps
        .iter()
        .filter_map(|step| {
            let evidence = step["evidence"].as_str()?;
            Some((step["id"].as_str()?.to_owned(), evidence.to_owned()))
        })
        .collect()
}

#[track_caller]
fn check(learner: &Learner, expected: &[(&str, &str)]) {
    let found = evidence(learner);
    let found: Vec<(&str, &str)> = found.iter().map(|(id, kind)| (&**id, &**kind)).collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn types(learner: &Learner, script: &str) {
    let outcome = learner
        .home
        .bash(&format!("eval \"$(\"$BREAKFIX\" env)\"\n{script}"));
    assert_eq!(outcome.status, 0, "{script}\n{}", outcome.stderr);
}

#[test]
fn what_breakfix_reads_is_not_the_learners_doing() {
    let learner = Learner::new();
    learner.start(&[]);
    for _ in 0..2 {
        learner.call(&["check"], 1);
        learner.call(&["status"], 0);
        learner.call(&["hint", "7.1"], 0);
        learner.call(&["show", "2"], 0);
        learner.call(&["answer", "4.1", "nonsense"], 1);
    }
    check(&learner, &[]);
}

#[test]
fn any_client_counts_and_a_call_that_fails_does_not() {
    let learner = Learner::new();
    learner.start(&[]);
    let describe =
        "aws eks describe-nodegroup --cluster-name \"$EKS_CLUSTER_NAME\" --nodegroup-name";
    types(
        &learner,
        &format!("kubectl get nodes; {describe} nope || true; {describe} default"),
    );
    check(&learner, &[("1", "observed")]);
    let sdk = "import boto3, os; boto3.client('eks').describe_nodegroup(\
               clusterName=os.environ['EKS_CLUSTER_NAME'], nodegroupName='new_nodegroup_1')";
    types(&learner, &format!("python3 -c \"{sdk}\""));
    check(&learner, &[("1", "observed"), ("2", "observed")]);
}

#[test]
fn a_call_counts_only_after_its_step_was_opened() {
    let learner = Learner::new();
    learner.start(&[]);
    let activities = "aws autoscaling describe-scaling-activities --auto-scaling-group-name \"$NEW_NODEGROUP_1_ASG_NAME\"";
    types(&learner, activities);
    check(&learner, &[]);
    learner.call(&["show", "4.2"], 0);
    check(&learner, &[]);
    types(&learner, activities);
    check(&learner, &[("4.2", "observed")]);
}

#[test]
fn whoever_works_in_a_console_can_do_all_verified_and_answered_steps() {
    let learner = Learner::new();
    learner.start(&[]);
    let answers = learner.home.bash(
        "eval \"$(\"$BREAKFIX\" env)\"\n\
         for step in 4.1 5.1 5.2 6.1 6.2; do\n\
           value=$(\"$BREAKFIX\" hint $step --rung 4 --format json | jq -r .hint | sed 's/.*answer [0-9.]* \\(.*\\)`.*/\\1/')\n\
           \"$BREAKFIX\" answer $step \"$value\" || exit 1\n\
         done",
    );
    assert_eq!(answers.status, 0, "{}\n{}", answers.stdout, answers.stderr);
    types(&learner, &repair());
    learner.call(&["check", "--wait", "10m"], 0);
    let found = evidence(&learner);
    let count = |kind: &str| found.iter().filter(|(_, found)| found == kind).count();
    assert_eq!(
        (count("answered"), count("verified"), count("observed")),
        (5, 4, 0),
        "{found:?}"
    );
}

#[test]
fn the_learners_word_counts_where_nothing_better_can_be_had() {
    let learner = Learner::new();
    learner.start(&[]);
    learner.call(&["check", "4.2", "--done"], 0);
    check(&learner, &[("4.2", "self-reported")]);
    learner.call(&["check", "7.1", "--done"], 2);
    learner.call(&["check", "4.1", "--done"], 2);
    let refused = learner.call(&["answer", "4", "x"], 2);
    assert!(refused.stderr.contains("4.1, 4.2"), "{}", refused.stderr);
}

#[test]
fn every_verb_of_a_learner_has_one_document_for_programs() {
    let learner = Learner::new();
    learner.start(&["--format", "json"]);
    for (arguments, status) in [
        (&["status"][..], 0),
        (&["check"], 1),
        (&["check", "4.1"], 1),
        (&["answer", "6.1", "enabled"], 0),
        (&["answer", "6.1", "enabled"], 0),
        (&["hint"], 0),
        (&["run-step", "1", "--yes"], 0),
        (&["report"], 0),
        (&["solve", "--to", "4.1"], 0),
        (&["solve", "--to", "4.1"], 0),
        (&["show", "4.1"], 0),
        (&["sessions"], 0),
        (&["reset"], 0),
        (&["finish"], 0),
    ] {
        let outcome = learner.call(&[arguments, &["--format", "json"]].concat(), status);
        let document: Value = outcome.json();
        assert_eq!(document["version"], 1, "{arguments:?}: {document:#}");
    }
    learner.nothing_is_left();
}

#[test]
fn catching_up_replaces_a_wrong_fix_and_a_led_terminal_can_end_everything() {
    let learner = Learner::new();
    learner.start(&["--clock", "instant"]);
    let wrong =
        super::support::project().join("scenarios/missing-worker-nodes/wrong/open-to-everybody.sh");
    types(&learner, &format!("bash '{}'", wrong.display()));
    learner.call(&["check", "7.1"], 1);
    learner.call(&["solve", "--to", "8.2"], 0);
    learner.call(&["check"], 0);
    types(&learner, "\"$BREAKFIX\" finish --all");
    learner.nothing_is_left();
}
