//! The command line. Values are taken as text here and checked together later, so that all faults are named at once.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

/// Who are my peers on Kubernetes?
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Members(Members),
    DevServer(DevServer),
}

/// List the members of a cluster, by the names they have in it
///
/// The members are read off EndpointSlices, Endpoints or Pods, selected by label or by the Service in front of them. Each
/// flag can also be given in the environment, under the name shown with it; the command line wins.
///
/// Exit codes: 0 all is well; 1 the API or the input failed; 2 the usage or the configuration is wrong.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Members {
    /// Only objects with these labels, such as app=web or 'app in (web,db),!canary'
    #[arg(short = 'l', long, env = "QUORATE_SELECTOR", value_name = "SELECTOR")]
    pub(crate) selector: Option<String>,

    /// Only the members of this Service; it also stands in names of mode hostname
    ///
    /// Together with a selector both must hold. For pods the selector alone selects; without one the Service's own
    /// selector is read first, which takes the right to get Services.
    #[arg(long, env = "QUORATE_SERVICE", value_name = "NAME")]
    pub(crate) service: Option<String>,

    /// What stands before the @ in a name; without it, names are bare hosts
    #[arg(long, env = "QUORATE_BASENAME", value_name = "NAME")]
    pub(crate) basename: Option<String>,

    /// The namespace to look in; may be given several times [default: the context's, or the service account's]
    #[arg(short = 'n', long = "namespace", env = "QUORATE_NAMESPACE", value_name = "NAMESPACE", value_delimiter = ',')]
    pub(crate) namespaces: Vec<String>,

    /// Look in all namespaces
    #[arg(short = 'A', long, env = "QUORATE_ALL_NAMESPACES", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) all_namespaces: bool,

    /// What the part of a name after the @ is: the address, the host name behind the Service, or the address as a DNS name
    #[arg(long, env = "QUORATE_MODE", value_name = "ip|hostname|dns", default_value = "ip")]
    pub(crate) mode: String,

    /// What kind of object tells of the members
    #[arg(
        long,
        env = "QUORATE_SOURCE",
        value_name = "endpointslices|endpoints|pods",
        default_value = "endpointslices"
    )]
    pub(crate) source: String,

    /// The domain at the end of DNS names [default: CLUSTER_DOMAIN, else this pod's resolver's, else cluster.local]
    #[arg(long, env = "QUORATE_CLUSTER_DOMAIN", value_name = "DOMAIN")]
    pub(crate) cluster_domain: Option<String>,

    /// Which address of a dual-stack member to prefer [default: a pod's first, else IPv4]
    #[arg(long, env = "QUORATE_IP_FAMILY", value_name = "ipv4|ipv6")]
    pub(crate) ip_family: Option<String>,

    /// Who counts: who is ready, who is serving (even if terminating), or all that run
    #[arg(long, env = "QUORATE_INCLUDE", value_name = "ready|serving|any", default_value = "ready")]
    pub(crate) include: String,

    /// The kubeconfig file to use [default: KUBECONFIG, else ~/.kube/config, else this pod's service account]
    #[arg(long, env = "QUORATE_KUBECONFIG", value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig to use [default: its current context]
    #[arg(long, env = "QUORATE_CONTEXT", value_name = "NAME")]
    pub(crate) context: Option<String>,

    /// How long to keep trying for one answer, pauses and repetitions included, such as 10s or 1m
    #[arg(long, env = "QUORATE_REQUEST_TIMEOUT", value_name = "DURATION", default_value = "10s")]
    pub(crate) request_timeout: String,

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

/// Serve a fake Kubernetes API on this machine, for development: it is not a cluster
///
/// Nothing runs on it and nothing is kept, but it answers like the real one: pods, Services, Endpoints, EndpointSlices,
/// Leases and Events, lists and watches. EndpointSlices follow the pods. Clients find it by a kubeconfig. Each flag can
/// also be given in the environment, under the name shown with it; the command line wins.
///
/// Exit codes: the COMMAND's, or 128 and the signal that ended it; 1 the server could not be started; 2 the usage or a file
/// is wrong.
#[derive(Args, Debug)]
#[command(after_long_help = DEV_SERVER_EXAMPLES)]
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

/// The command line's grammar, with the environment as it is now: an empty variable says nothing, as with kubectl.
pub(crate) fn command() -> clap::Command {
    Cli::command().mut_subcommands(|subcommand| {
        subcommand.mut_args(|argument| {
            let is_empty = argument.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
            if is_empty { argument.env(Resettable::Reset) } else { argument }
        })
    })
}

const EXAMPLES: &str = "\
Examples:
  quorate members --service web --basename myapp
  quorate members -l app=web -n lab --source pods --include any -o wide
  kubectl get endpointslices -l app=web -o json | quorate members -f - -o json";

const DEV_SERVER_EXAMPLES: &str = "\
Examples:
  quorate dev-server --load pods.yaml -- quorate members -l app=web
  quorate dev-server --load pods.yaml --kubeconfig-out dev.kubeconfig
  quorate dev-server --latency 50ms --error-rate list:pods=0.1:500 -- cargo test";
