//! Outcomes of several machines become the outcome of the whole. What no machine found out is said, so that a shard
//! that is missing never looks like a pass.

use std::collections::BTreeMap;

use super::{LabOutcome, RunOutcome};

/// One machine's outcome, and where it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub name: String,
    pub outcome: RunOutcome,
}

/// All of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// Labs of which there is no outcome are there with their error.
    pub outcome: RunOutcome,
    /// The shards of which there is none, as `2/3`.
    pub missing: Vec<String>,
}

/// Why outcomes are not of one whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    #[error("{one} and {other} both are of shard {shard}: merge each only once")]
    SameShard {
        shard: String,
        one: String,
        other: String,
    },
    #[error(
        "{one} and {other} both have the lab {lab}: merge each lab's report only once, and run all shards with the same paths, selection and durations"
    )]
    SameLab {
        lab: String,
        one: String,
        other: String,
    },
    #[error("{one} is of one shard of {count}, and {other} {is}: they are not of one run")]
    OtherSplit {
        one: String,
        count: usize,
        other: String,
        is: String,
    },
    #[error(
        "{one} and {other} are shards of different labs ({lab} is only in one of them): run all shards with the same paths and selection"
    )]
    OtherLabs {
        one: String,
        other: String,
        lab: String,
    },
    #[error(
        "{one} ran with {option}, and {other} did not: the same run has to be judged alike everywhere"
    )]
    OtherRules {
        one: String,
        other: String,
        option: &'static str,
    },
}

/// Puts the parts together, in the order of all labs; without shards in the given one.
///
/// # Errors
/// When they are not of one whole.
pub fn merge(parts: Vec<Part>) -> Result<Merged, MergeError> {
    if let Some((first, others)) = parts.split_first() {
        for other in others {
            same_rules(first, other)?;
            same_split(first, other)?;
        }
    }
    let missing = missing_shards(&parts)?;
    let mut whole = RunOutcome::default();
    let mut order: Vec<String> = Vec::new();
    let mut found: BTreeMap<String, (String, LabOutcome)> = BTreeMap::new();
    for Part { name, outcome } in parts {
        whole.interrupted |= outcome.interrupted;
        whole.allow_flaky = outcome.allow_flaky;
        whole.drift_fails = outcome.drift_fails;
        // Machines run side by side.
        whole.duration = whole.duration.max(outcome.duration);
        match outcome.shard {
            Some(shard) => order = shard.labs,
            None => order.extend(outcome.labs.iter().map(|lab| lab.lab.clone())),
        }
        for lab in outcome.labs {
            let key = lab.lab.clone();
            if let Some((one, lab)) = found.insert(key, (name.clone(), lab)) {
                let (lab, other) = (lab.lab, name);
                return Err(MergeError::SameLab { lab, one, other });
            }
        }
    }
    let why = untold(&missing);
    for name in order {
        let lab = found.remove(&name).map(|(_, lab)| lab);
        whole.labs.push(lab.unwrap_or_else(|| LabOutcome {
            lab: name,
            error: Some(why.clone()),
            ..LabOutcome::default()
        }));
    }
    // What a report has and its own list of all labs has not; nothing is lost.
    whole.labs.extend(found.into_values().map(|(_, lab)| lab));
    Ok(Merged {
        outcome: whole,
        missing,
    })
}

/// Why there is no outcome of a lab that is in the list of all.
fn untold(missing: &[String]) -> String {
    match missing {
        [] => "no shard ran it: the durations have to be the same on all machines".to_owned(),
        [one] => format!("the report of shard {one} is missing"),
        several => format!("reports are missing, of the shards {}", several.join(", ")),
    }
}

fn same_rules(first: &Part, other: &Part) -> Result<(), MergeError> {
    let (one, two) = (&first.outcome, &other.outcome);
    let rules = [
        ("--allow-flaky", one.allow_flaky, two.allow_flaky),
        ("--documented=fail", one.drift_fails, two.drift_fails),
    ];
    match rules.into_iter().find(|(_, one, two)| one != two) {
        None => Ok(()),
        Some((option, of_first, _)) => {
            let (one, other) = if of_first {
                (first, other)
            } else {
                (other, first)
            };
            Err(MergeError::OtherRules {
                one: one.name.clone(),
                other: other.name.clone(),
                option,
            })
        }
    }
}

fn same_split(first: &Part, other: &Part) -> Result<(), MergeError> {
    let (one, two) = (&first.outcome.shard, &other.outcome.shard);
    let differing = |one: &Part, count, other: &Part, is| MergeError::OtherSplit {
        one: one.name.clone(),
        count,
        other: other.name.clone(),
        is,
    };
    match (one, two) {
        (None, None) => Ok(()),
        (Some(shard), None) => Err(differing(first, shard.count, other, "of none".to_owned())),
        (None, Some(shard)) => Err(differing(other, shard.count, first, "of none".to_owned())),
        (Some(one), Some(two)) if one.count != two.count => {
            let is = format!("of one of {}", two.count);
            Err(differing(first, one.count, other, is))
        }
        (Some(one), Some(two)) if one.labs != two.labs => {
            let only = |these: &[String], those: &[String]| {
                these.iter().find(|lab| !those.contains(lab)).cloned()
            };
            let lab = only(&one.labs, &two.labs).or_else(|| only(&two.labs, &one.labs));
            Err(MergeError::OtherLabs {
                one: first.name.clone(),
                other: other.name.clone(),
                lab: lab.unwrap_or_else(|| "none, their order differs".to_owned()),
            })
        }
        (Some(_), Some(_)) => Ok(()),
    }
}

/// The shards that no part is of.
fn missing_shards(parts: &[Part]) -> Result<Vec<String>, MergeError> {
    let mut present: BTreeMap<usize, &str> = BTreeMap::new();
    let mut count = 0;
    for part in parts {
        let Some(shard) = &part.outcome.shard else {
            continue;
        };
        count = shard.count;
        if let Some(one) = present.insert(shard.index, &part.name) {
            return Err(MergeError::SameShard {
                shard: format!("{}/{count}", shard.index),
                one: one.to_owned(),
                other: part.name.clone(),
            });
        }
    }
    let missing = (1..=count).filter(|index| !present.contains_key(index));
    Ok(missing.map(|index| format!("{index}/{count}")).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Exit, ShardOutcome};
    use super::*;

    const ALL: [&str; 3] = ["a", "b", "c"];

    fn part(name: &str, shard: Option<(usize, usize)>, labs: &[&str]) -> Part {
        let lab = |name: &&str| LabOutcome {
            lab: (*name).to_owned(),
            ..LabOutcome::default()
        };
        let outcome = RunOutcome {
            labs: labs.iter().map(lab).collect(),
            duration: Duration::from_secs(labs.len() as u64),
            shard: shard.map(|(index, count)| ShardOutcome {
                index,
                count,
                labs: ALL.map(str::to_owned).to_vec(),
            }),
            ..RunOutcome::default()
        };
        Part {
            name: name.to_owned(),
            outcome,
        }
    }

    fn names(merged: &Merged) -> Vec<&str> {
        let labs = merged.outcome.labs.iter();
        labs.map(|lab| lab.lab.as_str()).collect()
    }

    #[test]
    fn labs_come_in_the_order_of_the_whole() {
        let parts = vec![
            part("y", Some((2, 2)), &["b"]),
            part("x", Some((1, 2)), &["a", "c"]),
        ];
        let merged = merge(parts).expect("two shards of one run");
        assert_eq!(names(&merged), ALL);
        assert_eq!(
            (merged.missing.len(), merged.outcome.exit()),
            (0, Exit::Met)
        );
        assert_eq!(merged.outcome.duration, Duration::from_secs(2));
        assert_eq!(merged.outcome.shard, None);
        let merged = merge(vec![part("x", None, &["c"]), part("y", None, &["a"])]);
        assert_eq!(names(&merged.expect("no shards")), ["c", "a"]);
    }

    #[test]
    fn a_shard_that_is_missing_is_no_pass() {
        let merged = merge(vec![part("x", Some((1, 3)), &["a"])]).expect("a shard");
        assert_eq!(merged.missing, ["2/3", "3/3"]);
        assert_eq!(
            (names(&merged), merged.outcome.exit()),
            (ALL.to_vec(), Exit::CannotTell)
        );
        let why = merged.outcome.labs[2].error.as_deref();
        assert_eq!(why, Some("reports are missing, of the shards 2/3, 3/3"));
        // Every shard is there, and a lab fell between them.
        let parts = vec![
            part("x", Some((1, 2)), &["a"]),
            part("y", Some((2, 2)), &["b"]),
        ];
        let merged = merge(parts).expect("two shards");
        assert_eq!(
            (merged.missing.len(), merged.outcome.exit()),
            (0, Exit::CannotTell)
        );
    }

    #[test]
    fn what_is_not_of_one_run_is_refused() {
        let check = |parts: Vec<Part>, expected: &str| {
            let refused = merge(parts).expect_err("not of one run").to_string();
            assert!(refused.starts_with(expected), "{refused}");
        };
        check(
            vec![
                part("x", Some((1, 2)), &["a"]),
                part("y", Some((1, 2)), &["b"]),
            ],
            "x and y both are of shard 1/2",
        );
        check(
            vec![
                part("x", Some((1, 2)), &["a"]),
                part("y", Some((2, 2)), &["a"]),
            ],
            "x and y both have the lab a",
        );
        check(
            vec![
                part("x", Some((1, 2)), &["a"]),
                part("y", Some((2, 3)), &["b"]),
            ],
            "x is of one shard of 2, and y of one of 3",
        );
        check(
            vec![part("x", None, &["a"]), part("y", Some((2, 3)), &["b"])],
            "y is of one shard of 3, and x of none",
        );
        let mut flaky = part("y", None, &["b"]);
        flaky.outcome.allow_flaky = true;
        check(
            vec![part("x", None, &["a"]), flaky],
            "y ran with --allow-flaky, and x did not",
        );
        let mut other = part("y", Some((2, 2)), &["b"]);
        if let Some(shard) = &mut other.outcome.shard {
            shard.labs.push("d".to_owned());
        }
        check(
            vec![part("x", Some((1, 2)), &["a"]), other],
            "x and y are shards of different labs (d is only in one of them)",
        );
    }
}
