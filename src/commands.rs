//! One room per verb: load, call the core, render, return the exit code.

mod background;
pub mod bless;
pub mod completions;
mod config;
pub mod content;
mod control;
pub mod doctor;
mod interrupt;
mod keys;
pub mod learner;
pub mod lint;
pub mod list;
pub mod lsp;
pub mod manners;
pub mod manual;
pub mod merge;
pub mod new;
mod output;
mod pager;
pub mod plan;
pub mod prove;
pub mod run;
pub mod scenario;
mod scratch;
pub mod sessions;
pub mod simulate;
mod simulated;
pub mod sleep;
mod target;
mod tools;

use crate::cli::{Cli, Verb};
use crate::commands::manners::Manners;
use crate::commands::simulate::SimulateRequest;
use crate::message;
use crate::outcome::Exit;

/// Runs the verb. What could not be found out is reported on stderr.
pub fn dispatch(cli: Cli) -> Exit {
    let verbose = cli.verbose;
    if cli.plain {
        output::without_colors();
    }
    let manners = Manners::new(cli.lang, cli.plain);
    let Some(verb) = cli.verb else {
        return finished(learner::status::guide(manners), manners);
    };
    let result = match verb {
        Verb::RunStep(arguments) => learner::run_step::run_step(&arguments.into_request(), manners),
        Verb::Answer(arguments) => learner::answer::answer(&arguments.into_request(), manners),
        Verb::Hint(arguments) => learner::hint::hint(&arguments.into_request(), manners),
        Verb::Report(arguments) => learner::report::report(&arguments.into_request(), manners),
        Verb::Watch(arguments) => learner::watch::watch(&arguments.into_request(), manners),
        Verb::Solve(arguments) => learner::solve::solve(&arguments.into_request(), manners),
        Verb::Status(arguments) => learner::status::status(&arguments.into_request(), manners),
        Verb::List(arguments) => Ok(list::list(&arguments.into_request(), manners)),
        Verb::Doctor(arguments) => doctor::doctor(&arguments.into_request(), manners),
        Verb::Show(arguments) => sessions::show::show(&arguments.into_request(), manners),
        Verb::Completions(arguments) => {
            Ok(completions::completions(arguments.into_shell(), manners))
        }
        Verb::Man(arguments) => manual::manual(&arguments.into_request()),
        Verb::Lint(arguments) => Ok(lint::lint(&arguments.into_request())),
        Verb::Explain(arguments) => Ok(lint::explain(&arguments.into_request())),
        Verb::Lsp(_) => lsp::lsp(manners),
        Verb::Plan(arguments) => {
            config::with(|config| Ok(plan::plan(&arguments.into_request(config))))
        }
        Verb::Run(arguments) => config::with(|config| {
            run::run(run::RunRequest {
                plain: cli.plain,
                ..arguments.into_request(verbose, config)
            })
        }),
        Verb::Merge(arguments) => Ok(merge::merge(&arguments.into_request())),
        Verb::Bless(arguments) => {
            config::with(|config| bless::bless(&arguments.into_request(verbose, config)))
        }
        Verb::New(arguments) => new::new(&arguments.into_request()),
        Verb::Start(arguments) => sessions::start::start(&arguments.into_request(), manners),
        Verb::Check(arguments) => sessions::check::check(&arguments.into_request(), manners),
        Verb::Env(arguments) => sessions::env::env(&arguments.into_request(), manners),
        Verb::Sessions(arguments) => sessions::list::list(arguments.is_json(), manners),
        Verb::Finish(arguments) => sessions::finish::finish(&arguments.into_request(), manners),
        Verb::Reset(arguments) => sessions::reset::reset(&arguments.into_request(), manners),
        Verb::Pause(arguments) => sessions::pause::pause(&arguments.into_request(), manners),
        Verb::Resume(arguments) => sessions::resume::resume(&arguments.into_request(), manners),
        Verb::Extend(arguments) => sessions::extend::extend(&arguments.into_request(), manners),
        Verb::Shell(arguments) => sessions::shell::shell(&arguments.into_request(), manners),
        Verb::Observe(arguments) => sessions::observe::observe(&arguments.into_session()),
        Verb::Reap(arguments) => sessions::reap::reap(&arguments.into_request(), manners),
        Verb::Prove(arguments) => {
            config::with(|config| prove::prove(&arguments.into_request(config)))
        }
        Verb::Scenario(arguments) => {
            config::with(|config| Ok(scenario::scenario(&arguments.into_request(config))))
        }
        Verb::Simulate(arguments) => match arguments.into_request() {
            SimulateRequest::Serve(request) => simulate::serve(&request),
            SimulateRequest::Look(request) => simulate::look::look(&request),
        },
    };
    finished(result, manners)
}

fn finished(result: anyhow::Result<Exit>, manners: Manners) -> Exit {
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
