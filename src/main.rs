//! The `breakfix` program.

use std::process::ExitCode;

use breakfix::shell::supervisor;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments
        .next()
        .is_some_and(|first| first == supervisor::ARGUMENT)
    {
        return supervisor::main(arguments);
    }
    ExitCode::SUCCESS
}
