//! Arguments of `lsp`.

use clap::Args;

#[derive(Debug, Args)]
pub struct LspArguments {
    /// Said by editors that know several ways; this one is the only one
    #[arg(long, hide = true)]
    pub stdio: bool,
}
