//! What a program takes, as a whole process: wall time, processor time, memory. Benchmarks print it beside a
//! floor that was measured in the same rounds, because the machine's mood changes; they never pass or fail.

use std::fmt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

/// What one process took, with all its children that it waited for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
    /// Most memory that was resident at once, in KiB, of the largest process.
    pub(crate) memory: u64,
}

/// Runs a command to its end; what it prints goes nowhere.
pub(crate) fn cost(command: &mut Command) -> Cost {
    let started = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the benchmark's programs are installed");
    let used = child.wait4().expect("a child can be waited for");
    let wall = started.elapsed();
    assert!(used.status.success(), "{command:?}: {}", used.status);
    Cost {
        wall,
        processor: used.rusage.utime + used.rusage.stime,
        memory: used.rusage.maxrss / 1024,
    }
}

/// Costs of commands that are run in turn, `rounds` times: the median of each number.
pub(crate) fn side_by_side(rounds: usize, commands: &mut [Command]) -> Vec<Cost> {
    let mut all: Vec<Vec<Cost>> = vec![Vec::new(); commands.len()];
    for _ in 0..rounds {
        for (costs, command) in all.iter_mut().zip(commands.iter_mut()) {
            costs.push(cost(command));
        }
    }
    all.iter().map(|costs| medians(costs)).collect()
}

fn medians(costs: &[Cost]) -> Cost {
    Cost {
        wall: median(costs, |cost| cost.wall),
        processor: median(costs, |cost| cost.processor),
        memory: median(costs, |cost| cost.memory),
    }
}

fn median<T: Ord + Copy>(costs: &[Cost], of: impl Fn(&Cost) -> T) -> T {
    let mut all: Vec<T> = costs.iter().map(of).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

impl fmt::Display for Cost {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        write!(
            to,
            "{:8.1} ms wall {:8.1} ms processor {:7.1} MiB",
            ms(self.wall),
            ms(self.processor),
            self.memory as f64 / 1024.0
        )
    }
}

/// breakfix itself, in an environment of its own.
pub(crate) fn breakfix(home: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_breakfix"));
    command
        .args(arguments)
        .current_dir(home)
        .env("HOME", home)
        .env("XDG_STATE_HOME", home.join("state"));
    command
}
