use super::*;

const STEPS: &str = "
- { id: look, step: 1, evidence: [{ observed: [{ service: eks, operation: DescribeNodegroup, resource: \"${group}\" }] }] }
- { id: look-again, step: 2, evidence: [{ observed: [{ service: eks, operation: DescribeNodegroup, resource: \"${group}\" }] }] }
- { id: name, step: 3, evidence: [{ answered: name }] }
- { id: repair, step: 4, evidence: [{ verified: [repaired] }] }
- { id: read, step: 5 }
";

fn steps() -> Vec<Step> {
    serde_yaml::from_str(STEPS).unwrap()
}

fn values() -> Values {
    let mut values = Values::default();
    values.set("group", "g");
    values
}

fn call(number: u64, operation: &str, resource: Option<&str>) -> Call {
    Call {
        number,
        service: "eks".to_owned(),
        operation: operation.to_owned(),
        resources: resource.map(|resource| vec![resource.to_owned()]),
    }
}

fn repaired(met: bool) -> Vec<CheckOutcome> {
    let verdict = match met {
        true => Verdict::Met,
        false => Verdict::NotMet {
            expected: String::new(),
            observed: String::new(),
            reason: None,
        },
    };
    vec![CheckOutcome {
        id: "repaired".to_owned(),
        title: "It is repaired".to_owned(),
        kind: CheckKind::Condition,
        verdict,
        warnings: Vec::new(),
        advice: None,
    }]
}

/// A learner's session, as it is looked at again and again.
#[derive(Default)]
struct Learner {
    notes: Vec<Note>,
    calls: Vec<Call>,
    repaired: bool,
}

impl Learner {
    fn look(&mut self) -> Progress {
        let (steps, values, verdicts) = (steps(), values(), repaired(self.repaired));
        let asked = Asked {
            steps: &steps,
            findings: &[],
            values: &values,
        };
        let seen = Seen {
            calls: &self.calls,
            verdicts: &verdicts,
        };
        let found = news(asked, &self.notes, seen);
        self.notes.extend(found);
        assert_eq!(
            news(asked, &self.notes, seen),
            [],
            "a second look finds nothing new"
        );
        stand(asked, &self.notes, &verdicts, Language::English)
    }

    /// Each step with the first letter of its grade, or a dash.
    fn rail(&mut self) -> String {
        let told = |step: &StepProgress| match step.done {
            None if step.lapsed => 'L',
            None => '-',
            Some(Grade::SelfReported) => 's',
            Some(Grade::Assisted) => '+',
            Some(Grade::Observed) => 'o',
            Some(Grade::Answered) => 'a',
            Some(Grade::Verified) => 'V',
        };
        self.look().steps.iter().map(told).collect()
    }

    fn note(&mut self, note: Note) {
        self.notes.push(note);
    }
}

fn of(step: &str) -> String {
    step.to_owned()
}

#[test]
fn browsing_completes_nothing() {
    let mut learner = Learner::default();
    for step in ["look", "look-again", "name", "repair", "read"] {
        learner.note(Note::Opened {
            step: of(step),
            after: 0,
        });
    }
    assert_eq!(learner.rail(), "-----");
}

#[test]
fn a_call_counts_for_one_step_and_only_after_that_was_opened() {
    let mut learner = Learner::default();
    learner.note(Note::Opened {
        step: of("look"),
        after: 5,
    });
    learner.calls = vec![call(4, "DescribeNodegroup", Some("g"))];
    assert_eq!(learner.rail(), "-----");
    learner
        .calls
        .push(call(6, "DescribeNodegroup", Some("other")));
    learner.calls.push(call(7, "ListNodegroups", Some("g")));
    assert_eq!(learner.rail(), "-----");
    learner.calls.push(call(8, "DescribeNodegroup", Some("g")));
    assert_eq!(learner.rail(), "o----");
    // Its ARN names it, too.
    learner.calls.push(call(
        9,
        "DescribeNodegroup",
        Some("arn:aws:eks:x:1:nodegroup/c/g"),
    ));
    assert_eq!(learner.rail(), "oo---");
}

#[test]
fn two_calls_in_a_row_complete_two_steps_without_a_look_between_them() {
    let mut learner = Learner::default();
    learner.look();
    learner.calls = vec![
        call(1, "DescribeNodegroup", Some("g")),
        call(2, "DescribeNodegroup", Some("g")),
    ];
    assert_eq!(learner.rail(), "oo---");
}

#[test]
fn where_the_resource_was_not_seen_the_step_says_so() {
    let mut learner = Learner {
        calls: vec![call(1, "DescribeNodegroup", None)],
        ..Learner::default()
    };
    let progress = learner.look();
    assert_eq!(progress.steps[0].done, Some(Grade::Observed));
    assert!(progress.steps[0].unseen_resource);
}

#[test]
fn what_is_verified_may_lapse_and_what_is_answered_stays() {
    let mut learner = Learner {
        repaired: true,
        ..Learner::default()
    };
    learner.note(Note::Answered {
        step: of("name"),
        finding: of("name"),
    });
    assert_eq!(learner.rail(), "--aV-");
    learner.repaired = false;
    assert_eq!(learner.rail(), "--aL-");
    learner.repaired = true;
    assert_eq!(learner.rail(), "--aV-");
}

#[test]
fn a_repair_that_breaks_an_invariant_verifies_nothing() {
    let (steps, values, mut verdicts) = (steps(), values(), repaired(true));
    verdicts.push(CheckOutcome {
        id: "not-public".to_owned(),
        kind: CheckKind::Invariant,
        ..repaired(false).remove(0)
    });
    let asked = Asked {
        steps: &steps,
        findings: &[],
        values: &values,
    };
    let seen = Seen {
        calls: &[],
        verdicts: &verdicts,
    };
    let verified = |note: &Note| matches!(note, Note::Verified { .. });
    assert!(!news(asked, &[], seen).iter().any(verified));
    verdicts.pop();
    let seen = Seen {
        calls: &[],
        verdicts: &verdicts,
    };
    assert!(news(asked, &[], seen).iter().any(verified));
}

#[test]
fn a_step_without_evidence_is_done_when_the_learner_says_so() {
    let mut learner = Learner::default();
    assert_eq!(learner.look().steps[4].needs, [Need::SelfReported]);
    learner.note(Note::Reported { step: of("read") });
    assert_eq!(learner.rail(), "----s");
}

#[test]
fn what_breakfix_did_is_marked_and_a_repair_counts_only_while_it_holds() {
    let mut learner = Learner::default();
    for step in ["name", "repair"] {
        learner.note(Note::Assisted { step: of(step) });
    }
    assert_eq!(learner.rail(), "--+--");
    learner.repaired = true;
    let progress = learner.look();
    assert_eq!(progress.steps[3].done, Some(Grade::Verified));
    assert!(progress.steps[3].assisted);
}

#[test]
fn a_reset_forgets_from_its_step_on() {
    let mut learner = Learner {
        calls: vec![
            call(1, "DescribeNodegroup", Some("g")),
            call(2, "DescribeNodegroup", Some("g")),
        ],
        ..Learner::default()
    };
    learner.note(Note::Answered {
        step: of("name"),
        finding: of("name"),
    });
    assert_eq!(learner.rail(), "ooa--");
    learner.note(Note::Reset {
        step: Some(of("name")),
        after: 2,
    });
    assert_eq!(learner.rail(), "oo---");
    learner.note(Note::Reset {
        step: None,
        after: 2,
    });
    assert_eq!(learner.rail(), "-----");
}

#[test]
fn the_current_step_is_the_first_that_is_not_done() {
    let mut learner = Learner {
        repaired: true,
        ..Learner::default()
    };
    let progress = learner.look();
    assert_eq!(progress.current().unwrap().id, "look");
    assert_eq!((progress.done(), progress.count(Grade::Verified)), (1, 1));
}
