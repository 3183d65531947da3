//! What breakfix adds to a lesson's commands, beside bash that runs the same commands in the same rounds.
//! Wanted: at most 0.3 ms a step; with hooks at most 1.3 times two `bash FILE` a step.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

#[path = "support/measure.rs"]
mod measure;

use measure::{breakfix, side_by_side};

const ROUNDS: usize = 11;
const STEPS: usize = 1_000;
const HOOKED: usize = 200;

fn main() {
    let home = tempfile::tempdir().expect("a temporary directory");
    write_pages(home.path());
    let run = |page: &str| breakfix(home.path(), &["run", page, "--on", "none"]);
    let floor = |script: &str| {
        let mut command = Command::new("bash");
        command.arg(script).current_dir(home.path());
        command
    };
    let costs = side_by_side(
        ROUNDS,
        &mut [
            run("steps.md"),
            run("one.md"),
            floor("steps.sh"),
            floor("one.sh"),
            run("hooked.md"),
            run("one-hooked.md"),
            floor("hooked.sh"),
            floor("one-hooked.sh"),
        ],
    );
    let ms = |at: usize| costs[at].wall.as_secs_f64() * 1000.0;
    let each = |all: usize, one: usize, count: usize| (ms(all) - ms(one)) / (count - 1) as f64;

    let (ours, bash) = (each(0, 1, STEPS), each(2, 3, STEPS));
    println!("{STEPS} steps of `$ true` (medians of {ROUNDS})");
    println!("  breakfix      {}   {ours:.3} ms a step", costs[0]);
    println!("  eval in bash  {}   {bash:.3} ms a step", costs[2]);
    println!("  difference    {:.3} ms a step", ours - bash);

    let (ours, bash) = (each(4, 5, HOOKED), each(6, 7, HOOKED));
    println!("{HOOKED} steps of `$ true` with a hook (medians of {ROUNDS})");
    println!("  breakfix      {}   {ours:.3} ms a step", costs[4]);
    println!("  two bash FILE {}   {bash:.3} ms a step", costs[6]);
    println!("  ratio         {:.2}", ours / bash);
}

/// Pages of many steps, and scripts that do the same with bash alone.
fn write_pages(home: &Path) {
    let write = |name: &str, text: &str| fs::write(home.join(name), text).expect("a file");
    fs::create_dir(home.join("tests")).expect("a directory");
    write(
        "tests/hook-h.sh",
        "before() {\n  :\n}\nafter() {\n  :\n}\n\"$@\"\n",
    );
    for (name, steps) in [("steps", STEPS), ("one", 1)] {
        write(
            &format!("{name}.md"),
            &"```bash\n$ true\n```\n\n".repeat(steps),
        );
        write(&format!("{name}.sh"), &"eval 'true'\n".repeat(steps));
    }
    for (name, steps) in [("hooked", HOOKED), ("one-hooked", 1)] {
        write(
            &format!("{name}.md"),
            &"```bash hook=h\n$ true\n```\n\n".repeat(steps),
        );
        let mut script = String::new();
        for _ in 0..steps {
            let _ = writeln!(
                script,
                "bash tests/hook-h.sh before\neval 'true'\nbash tests/hook-h.sh after"
            );
        }
        write(&format!("{name}.sh"), &script);
    }
}
