//! Which steps of a plan a run is asked for. The others stay in the plan as skips with their reason, so that
//! every step keeps its number and none goes uncounted.

use super::{Lab, Plan, Step};
use crate::diagnostic::nearest;

/// The steps that are asked for. A step is named by its number or by the `id=` of its block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StepSelection {
    #[default]
    All,
    These(Vec<String>),
    /// Both ends belong to it; what is not given is the lab's first or last step.
    Between {
        from: Option<String>,
        to: Option<String>,
    },
}

/// Why a selection makes no sense for a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    #[error("there is no step {name}: {hint}")]
    UnknownStep { name: String, hint: String },
    #[error("nothing selected: no step is from {from} to {to}")]
    Backwards { from: String, to: String },
    #[error("nothing to resume: no step from {from} on is selected")]
    NothingToResume { from: String },
}

/// Why a step does not run that was not asked for.
pub const NOT_SELECTED: &str = "not selected";

/// Marks the steps that the selection leaves out. A lab that does not have a step named as an end of the
/// selection is left out whole.
///
/// # Errors
/// When no lab has a step of a given name, or no lab has anything between the two ends.
pub fn select(plan: &mut Plan, selection: &StepSelection) -> Result<(), SelectionError> {
    let names: Vec<&String> = match selection {
        StepSelection::All => return Ok(()),
        StepSelection::These(names) => names.iter().collect(),
        StepSelection::Between { from, to } => from.iter().chain(to).collect(),
    };
    for name in names {
        if !plan.labs.iter().any(|lab| position(lab, name).is_some()) {
            return Err(unknown(plan, name));
        }
    }
    for lab in &mut plan.labs {
        let selected = selected(lab, selection);
        for (step, selected) in lab.steps.iter_mut().zip(selected) {
            if !selected {
                step.skip = Some(NOT_SELECTED.to_owned());
            }
        }
    }
    match selection {
        StepSelection::Between {
            from: Some(from),
            to: Some(to),
        } if !plan.runs_something() => Err(SelectionError::Backwards {
            from: from.clone(),
            to: to.clone(),
        }),
        _ => Ok(()),
    }
}

/// For each step of the lab, whether it is asked for.
fn selected(lab: &Lab, selection: &StepSelection) -> Vec<bool> {
    let steps = lab.steps.iter();
    match selection {
        StepSelection::All => vec![true; lab.steps.len()],
        StepSelection::These(names) => steps
            .map(|step| names.iter().any(|name| is_named(step, name)))
            .collect(),
        StepSelection::Between { from, to } => {
            let first = from
                .as_ref()
                .map_or(Some(0), |name| position(lab, name))
                .unwrap_or(usize::MAX);
            let last = to
                .as_ref()
                .map_or(Some(usize::MAX), |name| position(lab, name));
            (0..lab.steps.len())
                .map(|index| index >= first && last.is_some_and(|last| index <= last))
                .collect()
        }
    }
}

pub(super) fn position(lab: &Lab, name: &str) -> Option<usize> {
    lab.steps.iter().position(|step| is_named(step, name))
}

/// Ids begin with a letter, so a number is never another step's id.
fn is_named(step: &Step, name: &str) -> bool {
    let name = name.strip_prefix("id=").unwrap_or(name);
    step.id == name || name.parse() == Ok(step.number)
}

pub(super) fn unknown(plan: &Plan, name: &str) -> SelectionError {
    let steps = || plan.labs.iter().flat_map(|lab| &lab.steps);
    let mut ids: Vec<&str> = steps()
        .filter(|step| step.id != step.number.to_string())
        .map(|step| step.id.as_str())
        .collect();
    ids.dedup();
    let hint = match (nearest(name, ids.iter().copied()), steps().count()) {
        (_, 0) => "there are no steps at all".to_owned(),
        (Some(near), _) => format!("did you mean {near}?"),
        (None, _) => {
            let last = steps().map(|step| step.number).max().unwrap_or_default();
            let mut known = vec![if last == 1 {
                "1".to_owned()
            } else {
                format!("1 to {last}")
            }];
            known.extend(ids.iter().map(|id| (*id).to_owned()));
            format!("known are {}", known.join(", "))
        }
    };
    SelectionError::UnknownStep {
        name: name.to_owned(),
        hint,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::{LabSource, Request, plan};

    /// A lab of four steps, of which the second has the id `look` and the fourth `check`, and a lab of one.
    fn two_labs() -> Plan {
        let step = "\n```bash\n$ true\n```\n";
        let named = |id: &str| format!("\n```bash id={id}\n$ true\n```\n");
        let four = format!("{step}{}{step}{}", named("look"), named("check"));
        let lab = |text: &str| LabSource {
            pages: vec![crate::lab::parse(Path::new("page.md"), text).0],
            ..LabSource::default()
        };
        let (plan, diagnostics) = plan(vec![lab(&four), lab(step)], &Request::default());
        assert_eq!(diagnostics, []);
        plan
    }

    fn between(from: &str, to: &str) -> StepSelection {
        let end = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        StepSelection::Between {
            from: end(from),
            to: end(to),
        }
    }

    fn these(names: &[&str]) -> StepSelection {
        StepSelection::These(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// `expected`: numbers of the steps that run, per lab.
    #[track_caller]
    fn check(selection: &StepSelection, expected: [&[usize]; 2]) {
        let mut plan = two_labs();
        select(&mut plan, selection).expect("a selection that makes sense");
        let numbers: Vec<Vec<usize>> = plan
            .labs
            .iter()
            .map(|lab| lab.steps_to_run().map(|step| step.number).collect())
            .collect();
        assert_eq!(numbers, expected, "{selection:?}");
        let ran: usize = numbers.iter().map(Vec::len).sum();
        assert_eq!(plan.skip_count(), 5 - ran);
    }

    #[test]
    fn steps_are_named_by_number_or_id_and_keep_their_numbers() {
        check(&StepSelection::All, [&[1, 2, 3, 4], &[1]]);
        check(&these(&["3"]), [&[3], &[]]);
        check(&these(&["look", "id=check"]), [&[2, 4], &[]]);
        check(&these(&["1"]), [&[1], &[1]]);
    }

    #[test]
    fn a_range_has_both_its_ends() {
        check(&between("look", ""), [&[2, 3, 4], &[]]);
        check(&between("", "look"), [&[1, 2], &[]]);
        check(&between("2", "3"), [&[2, 3], &[]]);
        check(&between("1", "1"), [&[1], &[1]]);
    }

    #[test]
    fn what_is_left_out_says_that_it_was_not_selected() {
        let mut plan = two_labs();
        select(&mut plan, &these(&["2"])).expect("a known step");
        assert_eq!(plan.labs[0].steps[0].skip.as_deref(), Some("not selected"));
        assert!(plan.labs[0].runs_something() && !plan.labs[1].runs_something());
    }

    #[test]
    fn a_selection_that_makes_no_sense_says_what_there_is() {
        let refused = |selection: &StepSelection| {
            select(&mut two_labs(), selection)
                .expect_err("no sense")
                .to_string()
        };
        let known = "there is no step 9: known are 1 to 4, look, check";
        assert_eq!(refused(&these(&["1", "9"])), known);
        let near = "there is no step chek: did you mean check?";
        assert_eq!(refused(&between("chek", "")), near);
        let backwards = "nothing selected: no step is from check to 2";
        assert_eq!(refused(&between("check", "2")), backwards);
        let none = select(&mut Plan::default(), &these(&["1"])).expect_err("no steps");
        assert_eq!(
            none.to_string(),
            "there is no step 1: there are no steps at all"
        );
    }
}
