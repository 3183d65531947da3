//! How long breakfix takes until it does what it was called for, beside `true`, the least that a process can do.
//! Wanted: at most 20 ms.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]

use std::process::Command;

#[path = "support/measure.rs"]
mod measure;

use measure::{breakfix, side_by_side};

const ROUNDS: usize = 41;

fn main() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let page = "# One step\n\n```bash\n$ true\n```\n";
    std::fs::write(home.path().join("page.md"), page).expect("a file");
    let calls: [&[&str]; 4] = [
        &["--version"],
        &["run", "--help"],
        &["simulate", "--help"],
        &["plan", "page.md"],
    ];
    let mut commands: Vec<Command> = calls
        .iter()
        .map(|arguments| breakfix(home.path(), arguments))
        .collect();
    commands.push(Command::new("true"));
    let costs = side_by_side(ROUNDS, &mut commands);
    println!("start-up (medians of {ROUNDS})");
    for (arguments, cost) in calls.iter().zip(&costs) {
        println!("  breakfix {:18}{cost}", arguments.join(" "));
    }
    println!("  {:27}{}", "true", costs[calls.len()]);
}
