//! One room per verb: load, call the core, render, return the exit code.

mod background;
pub mod content;
mod control;
mod interrupt;
pub mod manners;
mod output;
pub mod plan;
pub mod prove;
pub mod run;
pub mod scenario;
mod scratch;
pub mod sessions;
pub mod simulate;
mod simulated;
pub mod sleep;
mod tools;

use crate::cli::{Cli, Verb};
use crate::commands::manners::Manners;
use crate::commands::simulate::SimulateRequest;
use crate::message;
use crate::outcome::Exit;

/// Runs the verb. What could not be found out is reported on stderr.
pub fn dispatch(cli: Cli) -> Exit {
    let verbose = cli.verbose;
    let manners = Manners::new(cli.lang, cli.plain);
    let result = match cli.verb {
        Verb::Plan(arguments) => Ok(plan::plan(&arguments.into_request())),
        Verb::Run(arguments) => run::run(arguments.into_request(verbose)),
        Verb::Start(arguments) => sessions::start::start(&arguments.into_request(), manners),
        Verb::Check(arguments) => sessions::check::check(&arguments.into_request(), manners),
        Verb::Env(which) => sessions::env::env(which.into_request().as_deref(), manners),
        Verb::Sessions(arguments) => sessions::list::list(arguments.is_json(), manners),
        Verb::Finish(arguments) => sessions::finish::finish(&arguments.into_request(), manners),
        Verb::Reap(arguments) => sessions::reap::reap(&arguments.into_request(), manners),
        Verb::Prove(arguments) => prove::prove(&arguments.into_request()),
        Verb::Scenario(arguments) => Ok(scenario::scenario(&arguments.into_request())),
        Verb::Simulate(arguments) => match arguments.into_request() {
            SimulateRequest::Serve(request) => simulate::serve(&request),
            SimulateRequest::Look(request) => simulate::look::look(&request),
        },
    };
    result.unwrap_or_else(|error| {
        let why = format!("{error:#}");
        output::complain(&message!("error", why = why).to(manners.language(None)));
        Exit::CannotTell
    })
}

/// The runtime on which sockets, SDKs and signals live.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    use anyhow::Context as _;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("failed to start the runtime")
}
