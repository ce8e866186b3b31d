//! The flags of `quorate lease`.

use clap::Args;

use super::Connecting;

/// Show who holds a Lease, since when, and when it could be taken over
///
/// The Lease is read once, or followed with --watch: then each change of it is a line, as it comes. Nothing is ever written.
/// Each flag can also be given in the environment, under the name shown with it; the command line wins.
///
/// Exit codes: 0 all is well, or it was told to end; 1 there is no such Lease, or the API failed; 2 the usage or the
/// configuration is wrong. With --watch neither a missing Lease nor a failing API ends it.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Lease {
    /// The name of the Lease, also as lease/NAME
    #[arg(env = "QUORATE_LEASE", value_name = "NAME")]
    pub(crate) name: String,

    /// The namespace of the Lease [default: the context's, or the service account's]
    #[arg(short = 'n', long, env = "QUORATE_NAMESPACE", value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// Follow the Lease, and print a line for each change, until SIGTERM or SIGINT
    #[arg(short = 'w', long, env = "QUORATE_WATCH", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) watch: bool,

    /// What to print: text for people, or JSON; one object a line with --watch
    #[arg(short = 'o', long, env = "QUORATE_OUTPUT", value_name = "text|json", default_value = "text")]
    pub(crate) output: String,

    #[command(flatten)]
    pub(crate) connecting: Connecting,

    /// Say on standard error what is done; twice for every request. In the environment: how often
    #[arg(short = 'v', long, env = "QUORATE_VERBOSE", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

const EXAMPLES: &str = "\
Examples:
  quorate lease kube-scheduler -n kube-system
  quorate lease cart -n shop -o json | jq -r .fencingToken.value
  quorate lease cart -n shop -w -o json | jq -c 'select(.event == \"taken_over\")'";
