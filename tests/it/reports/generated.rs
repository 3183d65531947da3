//! Outcomes that no run would dare to have: any bytes in any place, each from a seed.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::time::Duration;

use breakfix::outcome::{
    CheckKind, CheckOutcome, CommandOutcome, Drift, Failure, HookPhase, LabOutcome, RunOutcome,
    ShardOutcome, SkippedBlock, StepOutcome, StepResult, Stream, SuiteHookOutcome, Verdict,
};
use fastrand::Rng;

/// What has broken a report before, somewhere.
const NASTY: [&str; 32] = [
    "]]>",
    "<![CDATA[",
    "<!--",
    "-->",
    "&amp;",
    "&#0;",
    "<failure>",
    "</testcase>",
    "\"",
    "'",
    "\u{1b}[31m",
    "\u{1b}]0;title",
    "\u{1b}[",
    "\u{0}",
    "\u{7f}",
    "\u{9b}31m",
    "\r\n",
    "\r",
    "\n",
    "\n::error::x",
    "::stop-commands::x",
    "%0A",
    "a,b:c",
    "|",
    "```",
    "~~~",
    "\u{fffe}",
    "\u{ffff}",
    "\u{2028}",
    "日本語",
    "<details>",
    "\n# heading\n",
];

/// The outcome of a seed.
pub(crate) fn outcome(seed: u64) -> RunOutcome {
    let mut random = Rng::with_seed(seed);
    let labs = random.usize(1..4);
    let labs: Vec<LabOutcome> = (0..labs).map(|_| lab(&mut random)).collect();
    RunOutcome {
        // Without a draw: it would change every outcome after it.
        shard: seed.is_multiple_of(3).then(|| shard(seed, &labs)),
        labs,
        interrupted: one_in(&mut random, 8),
        allow_flaky: random.bool(),
        drift_fails: random.bool(),
        duration: duration(&mut random),
    }
}

fn shard(seed: u64, labs: &[LabOutcome]) -> ShardOutcome {
    ShardOutcome {
        index: 1,
        count: 1 + seed as usize % 5,
        labs: labs.iter().map(|lab| lab.lab.clone()).collect(),
    }
}

fn lab(random: &mut Rng) -> LabOutcome {
    // Now and then all is well, and nothing must say otherwise.
    let well = one_in(random, 3);
    let steps = random.usize(0..5);
    let checks = random.usize(0..4);
    LabOutcome {
        lab: text(random),
        steps: (1..=steps)
            .map(|number| step(random, number, well))
            .collect(),
        skipped: (0..random.usize(0..3)).map(|_| skipped(random)).collect(),
        suite_hooks: (0..random.usize(0..3))
            .map(|_| suite_hook(random, well))
            .collect(),
        checks: (0..checks).map(|_| check(random, well)).collect(),
        leftovers: if well { Vec::new() } else { some(random) },
        error: (!well && one_in(random, 4)).then(|| text(random)),
        log: random.bool().then(|| path(random)),
        bundle: random.bool().then(|| path(random)),
        duration: duration(random),
    }
}

fn suite_hook(random: &mut Rng, well: bool) -> SuiteHookOutcome {
    SuiteHookOutcome {
        script: path(random),
        phase: *random
            .choice(&[HookPhase::Before, HookPhase::After])
            .unwrap(),
        result: if well {
            StepResult::Pass
        } else {
            result(random)
        },
        duration: duration(random),
        output: vec![(Stream::Stdout, text(random).into_bytes())],
        dropped: 0,
    }
}

fn step(random: &mut Rng, number: usize, well: bool) -> StepOutcome {
    let commands = random.usize(0..4);
    StepOutcome {
        number,
        id: text(random),
        title: text(random),
        page: path(random),
        line: random.usize(1..9999),
        result: if well {
            StepResult::Pass
        } else {
            result(random)
        },
        commands: (0..commands).map(|_| command(random)).collect(),
        duration: duration(random),
        world: duration(random),
        notes: some(random),
    }
}

fn result(random: &mut Rng) -> StepResult {
    // Also indexes of commands that are not there.
    let index = random.usize(0..5);
    match random.u8(0..9) {
        0 => StepResult::Pass,
        1 => StepResult::Timeout(text(random)),
        2 => StepResult::Skip(text(random)),
        3 => StepResult::Flaky {
            failures: random.usize(1..4),
        },
        4 => StepResult::Interrupted,
        5 => StepResult::Fail(Failure::Command { index }),
        6 => StepResult::Fail(Failure::ShellLost { index }),
        7 => StepResult::Fail(Failure::NothingFailed),
        _ => StepResult::Fail(Failure::Hook {
            name: text(random),
            phase: *random
                .choice(&[HookPhase::Before, HookPhase::After])
                .unwrap(),
            detail: text(random),
        }),
    }
}

fn command(random: &mut Rng) -> CommandOutcome {
    let chunks = random.usize(0..4);
    let streams = [Stream::Stdout, Stream::Stderr];
    CommandOutcome {
        line: random.usize(1..9999),
        text: text(random),
        exit_code: random.bool().then(|| random.i32(-1..256)),
        duration: duration(random),
        output: (0..chunks)
            .map(|_| (streams[random.usize(0..2)], bytes(random)))
            .collect(),
        dropped: if one_in(random, 4) {
            random.u64(..) / 4
        } else {
            0
        },
        drift: one_in(random, 6).then(|| Drift {
            line: random.usize(1..9999),
            kind: "value".into(),
            expected: text(random),
            found: text(random),
            why: text(random),
        }),
    }
}

fn check(random: &mut Rng, well: bool) -> CheckOutcome {
    let kinds = [
        CheckKind::Symptom,
        CheckKind::Condition,
        CheckKind::Invariant,
    ];
    let verdict = match random.u8(0..4) {
        _ if well => Verdict::Met,
        0 => Verdict::Met,
        1 => not_yet(text(random)),
        2 => Verdict::CannotTell { why: text(random) },
        _ => Verdict::NotMet {
            expected: text(random),
            observed: text(random),
            reason: random.bool().then(|| text(random)),
        },
    };
    CheckOutcome {
        id: text(random),
        title: text(random),
        kind: kinds[random.usize(0..3)],
        verdict,
        warnings: some(random),
        advice: None,
    }
}

/// With and without times, as the text happens to be long: another draw would change every outcome after it.
fn not_yet(awaiting: String) -> Verdict {
    let length = awaiting.len() as u64;
    Verdict::NotYet {
        since: (!length.is_multiple_of(3)).then(|| Duration::from_millis(length * 700)),
        typical: (!length.is_multiple_of(2)).then(|| awaiting.clone()),
        awaiting,
    }
}

fn skipped(random: &mut Rng) -> SkippedBlock {
    SkippedBlock {
        page: path(random),
        line: random.usize(1..9999),
        reason: text(random),
    }
}

/// Mostly none.
fn some(random: &mut Rng) -> Vec<String> {
    let count = if one_in(random, 4) {
        random.usize(1..3)
    } else {
        0
    };
    (0..count).map(|_| text(random)).collect()
}

fn path(random: &mut Rng) -> PathBuf {
    OsString::from_vec(bytes(random).into_iter().take(300).collect()).into()
}

fn duration(random: &mut Rng) -> Duration {
    Duration::from_millis(random.u64(0..1_000_000_000))
}

fn text(random: &mut Rng) -> String {
    String::from_utf8_lossy(&bytes(random)).into_owned()
}

/// A mixture of words, of what is known to be nasty, and of anything; seldom a lot of it.
fn bytes(random: &mut Rng) -> Vec<u8> {
    let pieces = if one_in(random, 40) {
        20_000
    } else {
        random.usize(0..12)
    };
    let mut bytes = Vec::new();
    for _ in 0..pieces {
        match random.u8(0..4) {
            0 => bytes.extend_from_slice(b" word"),
            1 => bytes.extend_from_slice(random.choice(NASTY).unwrap().as_bytes()),
            2 => bytes.extend(random.char(..).to_string().bytes()),
            _ => bytes.push(random.u8(..)),
        }
    }
    bytes
}

fn one_in(random: &mut Rng, count: u8) -> bool {
    random.u8(0..count) == 0
}
