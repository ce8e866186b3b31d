//! The flags of `quorate members`.

use std::path::PathBuf;

use clap::Args;

use super::Selecting;

/// List the members of a cluster, by the names they have in it
///
/// The members are read off EndpointSlices, Endpoints or Pods, selected by label or by the Service in front of them. Each
/// flag can also be given in the environment, under the name shown with it; the command line wins.
///
/// Exit codes: 0 all is well; 1 the API or the input failed; 2 the usage or the configuration is wrong.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Members {
    #[command(flatten)]
    pub(crate) selecting: Selecting,

    /// What to print [default: table on a terminal, else name]
    #[arg(short = 'o', long, env = "QUORATE_OUTPUT", value_name = "name|table|wide|json")]
    pub(crate) output: Option<String>,

    /// Read what `kubectl get … -o json` printed from this file (- is standard input), without any API
    #[arg(short = 'f', long, env = "QUORATE_FILE", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Say on standard error what is done and who is left out and why; twice for every request. In the environment: how often
    #[arg(short = 'v', long, env = "QUORATE_VERBOSE", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

const EXAMPLES: &str = "\
Examples:
  quorate members --service web --basename myapp
  quorate members -l app=web -n lab --source pods --include any -o wide
  kubectl get endpointslices -l app=web -o json | quorate members -f - -o json";
