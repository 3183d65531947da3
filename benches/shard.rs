//! How equal the shares of 280 labs are, by recorded durations from a second to 20 minutes, and what the split costs.
//! Wanted: the heaviest shard within 10 % of the mean.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use breakfix::plan::shard::{Durations, split};
use breakfix::plan::{Lab, LabSource, Request, plan};

const LABS: usize = 280;
const ROUNDS: usize = 101;
/// Which durations are drawn.
const SEED: u64 = 280;

fn main() {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut durations = Durations::default();
    let mut sources = Vec::new();
    for number in 0..LABS {
        let name = format!("content/module-{:02}/{number:03}.md", number / 14);
        // Most labs are short, a few are long.
        let duration = Duration::from_secs_f64(1200_f64.powf(random.f64()));
        durations.add(Path::new(&name), duration);
        sources.push(LabSource {
            pages: vec![breakfix::lab::parse(Path::new(&name), "```bash\n$ true\n```\n").0],
            name,
            ..LabSource::default()
        });
    }
    let labs = plan(sources, &Request::default()).0.labs;
    let times = || labs.iter().filter_map(|lab| durations.of_lab(lab));
    println!(
        "{LABS} labs of {} s to {} s, {} min in all (medians of {ROUNDS})",
        times().min().unwrap_or_default().as_secs(),
        times().max().unwrap_or_default().as_secs(),
        times().sum::<Duration>().as_secs() / 60,
    );
    for count in [2, 4, 8] {
        shares(&labs, &durations, count);
    }
}

fn shares(labs: &[Lab], durations: &Durations, count: usize) {
    let mut loads = vec![Duration::ZERO; count];
    for (shard, lab) in split(labs, durations, count).into_iter().zip(labs) {
        loads[shard - 1] += durations.of_lab(lab).unwrap_or_default();
    }
    let mean = loads.iter().sum::<Duration>().as_secs_f64() / count as f64;
    let heaviest = loads.into_iter().max().unwrap_or_default().as_secs_f64();
    let over = (heaviest / mean - 1.0) * 100.0;
    let mut costs: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            black_box(split(black_box(labs), durations, count));
            started.elapsed()
        })
        .collect();
    costs.sort_unstable();
    let cost = costs[ROUNDS / 2].as_micros();
    println!(
        "  {count} shards   heaviest {heaviest:8.1} s, mean {mean:8.1} s: {over:5.2} % over   split in {cost} µs"
    );
}
