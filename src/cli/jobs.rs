//! Arguments of what runs several labs.

use clap::Args;

use super::Said;
use crate::message;

#[derive(Debug, Args)]
pub(super) struct JobsArguments {
    /// How many labs run at the same time, each with its own world, home and ports: a number, or `auto` for one per
    /// processor
    #[arg(short, long, value_name = "N", default_value = "1", value_parser = jobs)]
    pub(super) jobs: usize,

    /// Start nothing more once so many steps, suite hooks or labs' checks have failed
    #[arg(long, value_name = "N", conflicts_with = "bail", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_fail: Option<u32>,
}

fn jobs(text: &str) -> Result<usize, Said> {
    if text == "auto" {
        return Ok(std::thread::available_parallelism().map_or(1, usize::from));
    }
    match text.parse() {
        Ok(count) if (1..=MOST).contains(&count) => Ok(count),
        _ => Err(Said(message!("argument-jobs"))),
    }
}

/// More than any machine's labs.
const MOST: usize = 512;
