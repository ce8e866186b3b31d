//! What every command takes that reads the members of a cluster from its API.

use clap::Args;

use super::Connecting;

// No documentation comment: clap would show it as the command's own.
#[derive(Args, Debug)]
pub(crate) struct Selecting {
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

    #[command(flatten)]
    pub(crate) connecting: Connecting,
}
