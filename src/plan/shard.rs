//! Which labs run on which of several machines. Each machine computes the same split by itself, from the plan and
//! from how long pages took before: the longest labs are dealt out first, each to the shard that has least to do.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Lab, Plan};

/// One of the machines that share the labs of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Counted from 1.
    pub index: usize,
    pub count: usize,
}

/// More machines than anybody has.
const MOST: usize = 9999;

impl Shard {
    /// Reads `index/count`; `None` when it makes no sense.
    pub fn parse(text: &str) -> Option<Shard> {
        let (index, count) = text.split_once('/')?;
        let (index, count) = (index.parse().ok()?, count.parse().ok()?);
        let is_one_of_them = (1..=count).contains(&index) && count <= MOST;
        is_one_of_them.then_some(Shard { index, count })
    }
}

/// How long pages took before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Durations {
    by_page: BTreeMap<PathBuf, Duration>,
}

impl Durations {
    /// Notes what a page took; times of the same page add up. No time at all says nothing.
    pub fn add(&mut self, page: &Path, duration: Duration) {
        if !duration.is_zero() {
            *self.by_page.entry(plain(page)).or_default() += duration;
        }
    }

    /// What the recorded pages of the lab took together.
    pub fn of_lab(&self, lab: &Lab) -> Option<Duration> {
        let pages = lab.pages.iter();
        let recorded = pages.filter_map(|page| self.by_page.get(&plain(&page.path)));
        recorded.copied().reduce(|sum, duration| sum + duration)
    }
}

/// `./page.md` and `page.md` are the same.
fn plain(page: &Path) -> PathBuf {
    page.strip_prefix(".")
        .unwrap_or(page)
        .components()
        .collect()
}

/// Leaves the shard's labs in the plan, in their order.
pub fn keep_shard(plan: &mut Plan, shard: Shard, durations: &Durations) {
    let shards = split(&plan.labs, durations, shard.count);
    let mut shards = shards.into_iter();
    plan.labs.retain(|_| shards.next() == Some(shard.index));
}

/// The shard of each lab, counted from 1.
pub fn split(labs: &[Lab], durations: &Durations, count: usize) -> Vec<usize> {
    let weights = weights(labs, durations);
    let weight = |group: &Range<usize>| weights[group.clone()].iter().sum::<u128>();
    let mut groups = groups(labs);
    groups.sort_by_key(|group| (Reverse(weight(group)), &labs[group.start].name));
    let mut shards = vec![0; labs.len()];
    // What each shard has to do, and how many labs it has: labs without weight go round, too.
    let mut loads = vec![(0, 0); count];
    for group in groups {
        let lightest = (0..count).min_by_key(|shard| (loads[*shard], *shard));
        let lightest = lightest.unwrap_or_default();
        loads[lightest].0 += weight(&group);
        loads[lightest].1 += group.len();
        shards[group].fill(lightest + 1);
    }
    shards
}

/// Consecutive labs in the same innermost suite: on two machines it would be set up twice.
fn groups(labs: &[Lab]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (index, lab) in labs.iter().enumerate() {
        let suite = lab.suite_hooks.last();
        match groups.last_mut() {
            Some(group) if suite.is_some() && labs[group.start].suite_hooks.last() == suite => {
                group.end = index + 1;
            }
            _ => groups.push(index..index + 1),
        }
    }
    groups
}

/// Milliseconds where any lab's duration is known, else steps. Of what is unknown among the known, the median is likely.
fn weights(labs: &[Lab], durations: &Durations) -> Vec<u128> {
    let known = |lab| durations.of_lab(lab).map(|duration| duration.as_millis());
    let known: Vec<Option<u128>> = labs.iter().map(known).collect();
    let likely = median(known.iter().flatten().copied().collect());
    let weight = |(lab, known): (&Lab, Option<u128>)| match (known, likely) {
        _ if !lab.runs_something() => 0,
        (Some(known), _) => known,
        (None, Some(likely)) => likely,
        (None, None) => lab.steps_to_run().count() as u128,
    };
    labs.iter().zip(known).map(weight).collect()
}

fn median(mut numbers: Vec<u128>) -> Option<u128> {
    numbers.sort_unstable();
    let upper = *numbers.get(numbers.len() / 2)?;
    let lower = numbers[(numbers.len() - 1) / 2];
    Some(u128::midpoint(lower, upper))
}

#[cfg(test)]
mod tests;
