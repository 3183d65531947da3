//! The `breakfix` program: reads its arguments, runs the verb, ends with the documented exit code.

use std::path::Path;
use std::process::ExitCode;

use breakfix::cli::help;
use breakfix::commands;
use breakfix::shell::supervisor;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let called_as = arguments.next().unwrap_or_default();
    // Lessons find this program as `sleep` on their PATH.
    if Path::new(&called_as)
        .file_name()
        .is_some_and(|name| name == "sleep")
    {
        let arguments: Vec<String> = arguments
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        return commands::sleep::main(&arguments);
    }
    if arguments
        .next()
        .is_some_and(|first| first == supervisor::ARGUMENT)
    {
        return supervisor::main(arguments);
    }
    if let Some(exit) = commands::completions::answer() {
        return ExitCode::from(exit as u8);
    }
    let cli = match help::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(answer) => return answer.show(),
    };
    start_log(cli.verbose);
    ExitCode::from(commands::dispatch(cli) as u8)
}

/// Logs go to stderr; `RUST_LOG` says more exactly which.
fn start_log(verbose: u8) {
    let level = ["off", "breakfix=debug", "debug"][usize::from(verbose.min(2))];
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
