//! How long `breakfix check` takes on a session where nothing is converging, beside `breakfix --version`, the least that
//! breakfix can do. Wanted: at most 50 ms.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]

use std::process::Command;

#[path = "support/measure.rs"]
mod measure;

use measure::{breakfix, cost, side_by_side};

const ROUNDS: usize = 41;

/// Its end is a success, whether what is broken is met or not.
const CHECK: &str = "\"$0\" check || [ $? = 1 ]";
const FLOOR: &str = "\"$0\" --version";

fn main() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let call = |arguments: &[&str]| {
        let mut command = breakfix(home.path(), arguments);
        command.env("XDG_STATE_HOME", home.path());
        command
    };
    let through_bash = |script: &str| {
        let mut command = Command::new("bash");
        command
            .args(["-c", script])
            .arg(call(&[]).get_program())
            .env("XDG_STATE_HOME", home.path());
        command
    };
    cost(&mut call(&["start", "missing-worker-nodes"]));
    let costs = side_by_side(ROUNDS, &mut [through_bash(CHECK), through_bash(FLOOR)]);
    println!("a look at a broken session, through bash (medians of {ROUNDS})");
    println!("  breakfix check      {}", costs[0]);
    println!("  breakfix --version  {}", costs[1]);
    cost(&mut call(&["finish"]));
}
