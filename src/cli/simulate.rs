//! Arguments of `simulate`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::commands::simulate::look::{LookRequest, Question};
use crate::commands::simulate::{ServeRequest, SimulateRequest};
use crate::simulator::chaos::Chaos;
use crate::simulator::clock::Pace;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SimulateArguments {
    #[command(subcommand)]
    look: Option<LookVerb>,

    #[command(flatten)]
    serve: ServeArguments,
}

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// How fast time flows: `instant`, `real` or a speed such as `20x`
    #[arg(long, default_value = "real", value_name = "CLOCK")]
    clock: Pace,

    /// Trouble that the simulator makes for its clients, so that retries are exercised: `throttle=0.1`
    /// and `error=0.05` (shares of requests), `latency=200ms` or `latency=50ms..400ms`, `seed=7`, joined by commas
    #[arg(long, value_name = "TROUBLE")]
    chaos: Option<Chaos>,

    /// Leave the terminal that it is started from
    #[arg(long, hide = true)]
    detached: bool,

    /// Keep the world in this directory: whoever serves it again, even after a kill, serves the same world on the
    /// same ports
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// Looks into a simulator that is running.
#[derive(Debug, Subcommand)]
pub(super) enum LookVerb {
    /// List every call that was made, oldest first: when, what, by whom, on what, and what came of it
    Events {
        /// Only the calls after this number
        #[arg(long, value_name = "N", default_value_t = 0)]
        after: u64,

        #[command(flatten)]
        which: WhichSimulator,
    },
    /// Tell what is served, what time it is there, and when something will happen next
    Status {
        #[command(flatten)]
        which: WhichSimulator,
    },
    /// Let time pass at once, with everything that happens meanwhile
    Advance {
        /// How long, such as `90s`, `5m` or `2h`
        #[arg(value_name = "TIME", value_parser = crate::commands::sleep::interval)]
        by: Duration,

        #[command(flatten)]
        which: WhichSimulator,
    },
}

#[derive(Debug, Args)]
pub(super) struct WhichSimulator {
    /// The simulator that keeps its world there; else the one that the environment leads to
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// How to print it
    #[arg(long, value_enum, default_value = "terminal", value_name = "FORMAT")]
    format: LookFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LookFormat {
    Terminal,
    Json,
}

impl SimulateArguments {
    pub fn into_request(self) -> SimulateRequest {
        let Some(look) = self.look else {
            return SimulateRequest::Serve(ServeRequest {
                pace: self.serve.clock,
                chaos: self.serve.chaos.unwrap_or_default(),
                state: self.serve.state,
                detached: self.serve.detached,
            });
        };
        let (question, which) = match look {
            LookVerb::Events { after, which } => (Question::Events { after }, which),
            LookVerb::Status { which } => (Question::Status, which),
            LookVerb::Advance { by, which } => (Question::Advance { by }, which),
        };
        SimulateRequest::Look(LookRequest {
            question,
            state: which.state,
            json: which.format == LookFormat::Json,
        })
    }
}
