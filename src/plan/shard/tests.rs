use std::collections::BTreeMap;

use fastrand::Rng;

use super::*;
use crate::plan::{LabSource, Request, plan};

/// A lab of a page with so many steps, within the suites of these directories.
fn lab(name: &str, steps: usize, suites: &[&str]) -> Lab {
    let text = "\n```bash\n$ true\n```\n".repeat(steps);
    let source = LabSource {
        name: name.to_owned(),
        pages: vec![crate::lab::parse(Path::new(name), &text).0],
        suite_hooks: suites.iter().map(PathBuf::from).collect(),
        ..LabSource::default()
    };
    let (mut plan, _) = plan(vec![source], &Request::default());
    plan.labs.remove(0)
}

fn durations(seconds: &[(&str, u64)]) -> Durations {
    let mut durations = Durations::default();
    for (page, seconds) in seconds {
        durations.add(Path::new(page), Duration::from_secs(*seconds));
    }
    durations
}

/// Labs and what they took, from a second to 20 minutes: most take little, few take long.
fn recorded(seed: u64, count: usize, suites: bool) -> (Vec<Lab>, Durations) {
    let mut random = Rng::with_seed(seed);
    let (mut labs, mut durations) = (Vec::new(), Durations::default());
    for number in 0..count {
        let name = format!("labs/{number:03}.md");
        let suite = format!("suite-{}", number / 4);
        let suites: &[&str] = match suites && random.u8(0..3) == 0 {
            true => &["all", &suite],
            false => &[],
        };
        let seconds = 1200_f64.powf(random.f64());
        durations.add(Path::new(&name), Duration::from_secs_f64(seconds));
        labs.push(lab(&name, 1, suites));
    }
    (labs, durations)
}

#[test]
fn a_shard_is_one_of_so_many() {
    let check = |text, expected: Option<(usize, usize)>| {
        let expected = expected.map(|(index, count)| Shard { index, count });
        assert_eq!(Shard::parse(text), expected, "{text}");
    };
    check("2/3", Some((2, 3)));
    check("1/1", Some((1, 1)));
    for wrong in ["0/3", "4/3", "1/0", "3", "a/b", "1/2/3", "-1/2", "1/10000"] {
        check(wrong, None);
    }
}

#[test]
fn the_longest_labs_are_dealt_out_first() {
    let labs: Vec<Lab> = ["a", "b", "c", "d"]
        .into_iter()
        .map(|name| lab(name, 1, &[]))
        .collect();
    let known = durations(&[("a", 10), ("b", 20), ("c", 50), ("./d", 30)]);
    assert_eq!(split(&labs, &known, 2), [1, 2, 1, 2]);
    assert_eq!(split(&labs, &known, 1), [1, 1, 1, 1]);
    assert_eq!(split(&labs, &known, 6), [4, 3, 1, 2]);
}

#[test]
fn a_lab_without_a_record_weighs_the_median_of_the_others() {
    let labs: Vec<Lab> = ["a", "b", "c", "d"]
        .into_iter()
        .map(|name| lab(name, 9, &[]))
        .collect();
    let known = durations(&[("a", 1), ("b", 5), ("c", 100)]);
    assert_eq!(weights(&labs, &known), [1000, 5000, 100_000, 5000]);
    let two = durations(&[("a", 1), ("c", 100), ("elsewhere", 7)]);
    assert_eq!(weights(&labs, &two)[1], 50_500);
}

#[test]
fn without_records_a_lab_weighs_its_steps_and_ties_go_by_name() {
    let labs = [
        lab("b", 1, &[]),
        lab("a", 1, &[]),
        lab("c", 3, &[]),
        lab("nothing", 0, &[]),
    ];
    assert_eq!(weights(&labs, &Durations::default()), [1, 1, 3, 0]);
    // c alone; then a before b; what weighs nothing goes where least is to be done.
    assert_eq!(split(&labs, &Durations::default(), 3), [3, 2, 1, 2]);
}

#[test]
fn labs_in_the_same_innermost_suite_stay_together() {
    let labs = [
        lab("1", 1, &["all", "x"]),
        lab("2", 1, &["all", "x"]),
        lab("3", 1, &["all"]),
        lab("4", 1, &["all", "y"]),
        lab("5", 1, &["all", "y"]),
        lab("6", 1, &[]),
        lab("7", 1, &[]),
    ];
    let groups = groups(&labs);
    assert_eq!(groups, [0..2, 2..3, 3..5, 5..6, 6..7]);
}

#[test]
fn every_lab_is_in_exactly_one_shard_whichever_machine_computes_it() {
    for seed in 0..60 {
        let mut random = Rng::with_seed(seed);
        let (labs, mut durations) = recorded(seed, random.usize(0..40), true);
        if random.bool() {
            durations = Durations::default();
        }
        let count = random.usize(1..12);
        let mut machines: Vec<usize> = (1..=count).collect();
        random.shuffle(&mut machines);
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for index in machines {
            let mut plan = Plan { labs: labs.clone() };
            keep_shard(&mut plan, Shard { index, count }, &durations);
            assert!(plan.labs.is_sorted_by_key(|lab| &lab.name));
            for lab in plan.labs {
                *found.entry(lab.name).or_default() += 1;
            }
        }
        let expected: BTreeMap<String, usize> =
            labs.iter().map(|lab| (lab.name.clone(), 1)).collect();
        assert_eq!(found, expected, "seed {seed}");
    }
}

#[test]
fn labs_without_suites_fall_to_the_same_shard_in_any_order() {
    let (mut labs, durations) = recorded(7, 50, false);
    let by_name = |labs: &[Lab]| -> BTreeMap<String, usize> {
        let shards = split(labs, &durations, 4);
        let names = labs.iter().map(|lab| lab.name.clone());
        names.zip(shards).collect()
    };
    let expected = by_name(&labs);
    Rng::with_seed(1).shuffle(&mut labs);
    assert_eq!(by_name(&labs), expected);
}

#[test]
fn the_heaviest_shard_is_within_a_tenth_of_the_mean() {
    let mut held = 0;
    for seed in 0..20 {
        let (labs, durations) = recorded(seed, 280, seed % 2 == 0);
        let weights = weights(&labs, &durations);
        let largest = groups(&labs)
            .into_iter()
            .map(|group| weights[group].iter().sum::<u128>())
            .max();
        for count in 2..=8 {
            let mut loads = vec![0; count];
            for (shard, weight) in split(&labs, &durations, count).into_iter().zip(&weights) {
                loads[shard - 1] += weight;
            }
            let mean = loads.iter().sum::<u128>() / count as u128;
            if largest.is_some_and(|largest| largest > mean) {
                continue;
            }
            let heaviest = loads.into_iter().max().unwrap();
            assert!(
                heaviest * 10 <= mean * 11,
                "seed {seed}, {count} shards: {heaviest} ms, mean {mean} ms"
            );
            held += 1;
        }
    }
    assert!(held > 100, "only {held} of 140 splits were looked at");
}
