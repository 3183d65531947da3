//! Arguments of what runs several labs.

use std::num::NonZeroU32;

use clap::Args;

use super::Said;
use crate::config::{Automatic, Jobs, RunConfig};
use crate::message;

#[derive(Debug, Args)]
pub(super) struct JobsArguments {
    /// How many labs run at the same time, each with its own world, home and ports: a number, or `auto` for one per
    /// processor [default: that of breakfix.toml, else 1]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    jobs: Option<usize>,

    /// Start nothing more once so many steps, suite hooks or labs' checks have failed
    #[arg(long, value_name = "N", conflicts_with = "bail", value_parser = clap::value_parser!(u32).range(1..))]
    max_fail: Option<u32>,
}

impl JobsArguments {
    pub(super) fn jobs(&self, config: &RunConfig) -> usize {
        self.jobs.unwrap_or_else(|| match config.jobs {
            Some(Jobs::Number(count)) => usize::from(count.get()).min(MOST),
            Some(Jobs::Word(Automatic::Auto)) => processors(),
            None => 1,
        })
    }

    pub(super) fn max_fail(&self, config: &RunConfig) -> Option<usize> {
        let limit = self.max_fail.or(config.max_fail.map(NonZeroU32::get));
        limit.map(|limit| limit as usize)
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn jobs(text: &str) -> Result<usize, Said> {
    if text == "auto" {
        return Ok(processors());
    }
    match text.parse() {
        Ok(count) if (1..=MOST).contains(&count) => Ok(count),
        _ => Err(Said(message!("argument-jobs"))),
    }
}

/// More than any machine's labs.
const MOST: usize = 512;
