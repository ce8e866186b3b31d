//! The flags of `quorate dev-server`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// Serve a fake Kubernetes API on this machine, for development: it is not a cluster
///
/// Nothing runs on it and nothing is kept, but it answers like the real one: pods, Services, Endpoints, EndpointSlices,
/// Leases and Events, lists and watches. EndpointSlices follow the pods. Clients find it by a kubeconfig. Each flag can
/// also be given in the environment, under the name shown with it; the command line wins.
///
/// Exit codes: the COMMAND's, or 128 and the signal that ended it; 1 the server could not be started; 2 the usage or a file
/// is wrong.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct DevServer {
    /// Where to listen; port 0 is any that is free
    #[arg(long, env = "QUORATE_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen: String,

    /// Where to write the kubeconfig, for you alone to read [default: a temporary file, removed at the end]
    #[arg(long, env = "QUORATE_KUBECONFIG_OUT", value_name = "FILE")]
    pub(crate) kubeconfig_out: Option<PathBuf>,

    /// Create the objects in this file, YAML or JSON; may be given several times
    #[arg(long, env = "QUORATE_LOAD", value_name = "FILE")]
    pub(crate) load: Vec<PathBuf>,

    /// Let every request wait, such as 50ms
    #[arg(long, env = "QUORATE_LATENCY", value_name = "DURATION", help_heading = FAULTS)]
    pub(crate) latency: Option<String>,

    /// Let requests fail, such as list:pods=0.1:500; * is any verb or resource; may be given several times
    #[arg(
        long,
        env = "QUORATE_ERROR_RATE",
        value_name = "VERB:RESOURCE=PROBABILITY:STATUS",
        value_delimiter = ',',
        help_heading = FAULTS
    )]
    pub(crate) error_rate: Vec<String>,

    /// Let watches stay open and say nothing
    #[arg(
        long,
        env = "QUORATE_STALL_WATCHES",
        value_parser = clap::builder::BoolishValueParser::new(),
        help_heading = FAULTS
    )]
    pub(crate) stall_watches: bool,

    /// Break each watch after so long
    #[arg(long, env = "QUORATE_CUT_WATCHES_AFTER", value_name = "DURATION", help_heading = FAULTS)]
    pub(crate) cut_watches_after: Option<String>,

    /// Answer reads that allow it from a state so many versions old
    #[arg(long, env = "QUORATE_LAG", value_name = "VERSIONS", help_heading = FAULTS)]
    pub(crate) lag: Option<String>,

    /// Forget the history so often, so that watches and continue tokens expire
    #[arg(long, env = "QUORATE_COMPACT_EVERY", value_name = "DURATION", help_heading = FAULTS)]
    pub(crate) compact_every: Option<String>,

    /// Take no connection for so long from the start
    #[arg(long, env = "QUORATE_OUTAGE", value_name = "DURATION", help_heading = FAULTS)]
    pub(crate) outage: Option<String>,

    /// Let the kubeconfig's token expire after so long
    #[arg(long, env = "QUORATE_TOKEN_EXPIRY", value_name = "DURATION", help_heading = FAULTS)]
    pub(crate) token_expiry: Option<String>,

    /// Where chance begins: the same seed gives the same names, UIDs and errors
    #[arg(long, env = "QUORATE_SEED", value_name = "NUMBER", default_value = "1", help_heading = FAULTS)]
    pub(crate) seed: String,

    /// Say on standard error what is done. In the environment: how often
    #[arg(short = 'v', long, env = "QUORATE_VERBOSE", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Run this with KUBECONFIG set, and end with it; without it, run until SIGINT or SIGTERM
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

const FAULTS: &str = "Faults (also at run time: see docs/dev-server.md)";

const EXAMPLES: &str = "\
Examples:
  quorate dev-server --load pods.yaml -- quorate members -l app=web
  quorate dev-server --load pods.yaml --kubeconfig-out dev.kubeconfig
  quorate dev-server --latency 50ms --error-rate list:pods=0.1:500 -- cargo test";
