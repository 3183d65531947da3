//! Arguments of what leads to labs and through their lessons: list, show, doctor, completions, man.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ReportFormat;
use super::sessions::{OptionalAccount, StartOn};
use crate::commands::completions::Shell;
use crate::commands::doctor::DoctorRequest;
use crate::commands::list::ListRequest;
use crate::commands::manual::ManualRequest;
use crate::commands::sessions::show::ShowRequest;

#[derive(Debug, Args)]
pub struct ListScenariosArguments {
    /// Directory with scenarios; they come before the built-in ones of the same name
    #[arg(long = "scenarios", value_name = "DIR")]
    directory: Option<PathBuf>,

    /// Name the faults that each scenario has, which tells what is broken
    #[arg(long)]
    variants: bool,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct ShowArguments {
    /// Only what belongs to this step, such as 4.1 [default: the whole lesson]
    #[arg(value_name = "STEP")]
    step: Option<String>,

    /// Session by its id [default: the only one there is]
    #[arg(long, env = "BREAKFIX_SESSION", value_name = "ID")]
    session: Option<String>,

    /// The lesson of this scenario, whatever sessions there are
    #[arg(long, value_name = "SCENARIO")]
    scenario: Option<String>,

    /// Directory with scenarios; they come before the built-in ones of the same name
    #[arg(long = "scenarios", value_name = "DIR", requires = "scenario")]
    directory: Option<PathBuf>,

    /// How to show it on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Where labs are going to be run
    #[arg(long, value_enum, default_value_t = StartOn::Simulator)]
    on: StartOn,

    #[command(flatten)]
    account: OptionalAccount,

    /// Directory with scenarios; they come before the built-in ones of the same name
    #[arg(long = "scenarios", value_name = "DIR")]
    directory: Option<PathBuf>,

    /// How to report on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    format: ReportFormat,
}

#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// Shell that is to complete breakfix's arguments
    #[arg(value_enum, value_name = "SHELL")]
    shell: ShellArgument,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ShellArgument {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Args)]
pub struct ManArguments {
    /// Write a page for each verb into this directory [default: breakfix's own page, to stdout]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl ListScenariosArguments {
    pub fn into_request(self) -> ListRequest {
        ListRequest {
            directory: self.directory,
            variants: self.variants,
            json: self.format.is_json(),
        }
    }
}

impl ShowArguments {
    pub fn into_request(self) -> ShowRequest {
        ShowRequest {
            session: self.session,
            scenario: self.scenario,
            directory: self.directory,
            step: self.step,
            json: self.format.is_json(),
        }
    }
}

impl DoctorArguments {
    pub fn into_request(self) -> DoctorRequest {
        DoctorRequest {
            account: self
                .account
                .into_names()
                .filter(|_| self.on == StartOn::Aws),
            directory: self.directory,
            json: self.format.is_json(),
        }
    }
}

impl CompletionsArguments {
    pub fn into_shell(self) -> Shell {
        match self.shell {
            ShellArgument::Bash => Shell::Bash,
            ShellArgument::Zsh => Shell::Zsh,
            ShellArgument::Fish => Shell::Fish,
        }
    }
}

impl ManArguments {
    pub fn into_request(self) -> ManualRequest {
        ManualRequest {
            directory: self.dir,
        }
    }
}
