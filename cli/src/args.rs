//! The command line. Values are taken as text here and checked together later, so that all faults are named at once.

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
