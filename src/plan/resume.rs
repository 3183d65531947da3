//! Resuming a lab at a step: those before it run again to make what it needs, and are not what is tested.

use super::select::{NOT_SELECTED, position, unknown};
use super::{Plan, SelectionError};

/// Has each lab's steps before the named one run as set-up. A lab that does not have that step is left out whole.
///
/// # Errors
/// When no lab has such a step, or nothing of it and after it is selected.
pub fn resume_from(plan: &mut Plan, name: &str) -> Result<(), SelectionError> {
    if !plan.labs.iter().any(|lab| position(lab, name).is_some()) {
        return Err(unknown(plan, name));
    }
    for lab in &mut plan.labs {
        let from = position(lab, name);
        for (index, step) in lab.steps.iter_mut().enumerate() {
            match from {
                Some(from) => step.setup = index < from,
                None => step.skip = Some(NOT_SELECTED.to_owned()),
            }
        }
    }
    let is_tested = plan
        .labs
        .iter()
        .any(|lab| lab.steps_to_run().any(|step| !step.setup));
    if is_tested {
        Ok(())
    } else {
        let from = name.to_owned();
        Err(SelectionError::NothingToResume { from })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::plan::{LabSource, Request, StepSelection, plan, select};

    /// A lab of three steps, of which the second has the id `look`, and a lab of one.
    fn two_labs() -> Plan {
        let step = "\n```bash\n$ true\n```\n";
        let three = format!("{step}\n```bash id=look\n$ true\n```\n{step}");
        let lab = |text: &str| LabSource {
            pages: vec![crate::lab::parse(Path::new("page.md"), text).0],
            ..LabSource::default()
        };
        plan(vec![lab(&three), lab(step)], &Request::default()).0
    }

    #[test]
    fn the_steps_before_it_are_set_up_and_other_labs_are_left_out() {
        let mut plan = two_labs();
        resume_from(&mut plan, "look").expect("a known step");
        let of = |plan: &Plan| -> Vec<(bool, bool)> {
            let steps = plan.labs.iter().flat_map(|lab| &lab.steps);
            steps
                .map(|step| (step.setup, step.skip.is_some()))
                .collect()
        };
        let expected = [(true, false), (false, false), (false, false), (false, true)];
        assert_eq!(of(&plan), expected);
    }

    #[test]
    fn what_cannot_be_resumed_is_refused() {
        let unknown = resume_from(&mut two_labs(), "lok").expect_err("no such step");
        assert_eq!(
            unknown.to_string(),
            "there is no step lok: did you mean look?"
        );
        let mut plan = two_labs();
        let to = StepSelection::Between {
            from: None,
            to: Some("1".to_owned()),
        };
        select(&mut plan, &to).expect("a known step");
        let nothing = resume_from(&mut plan, "look").expect_err("nothing to test");
        let expected = "nothing to resume: no step from look on is selected";
        assert_eq!(nothing.to_string(), expected);
    }
}
