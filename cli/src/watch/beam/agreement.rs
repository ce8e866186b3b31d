//! Whether the local node has the name that its pod's entry gives it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use quorate_core::membership::Member;
use quorate_core::name::{NameMode, Naming, NodeName};
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::node::{LocalNode, hostname};

/// How long our own host name may take to be looked up: in a pod, `/etc/hosts` has it.
const LOOKUP_LIMIT: Duration = Duration::from_secs(2);

/// What is known of ourselves.
#[derive(Debug)]
pub(in crate::watch) struct Agreement {
    /// The local node's real name.
    real: String,
    /// Our addresses, one of which our pod's entry has. A pod's name is no proof: its predecessor may have the same.
    addresses: Vec<IpAddr>,
    naming: Naming,
}

impl Agreement {
    pub(in crate::watch) async fn new(node: &LocalNode, naming: Naming) -> Self {
        let own: Vec<_> = match node.address {
            Some(address) => vec![address],
            None => {
                let found = timeout(LOOKUP_LIMIT, lookup_host((hostname(), 0))).await;
                let found = found.ok().and_then(Result::ok).into_iter().flatten();
                found.map(|address| address.ip()).filter(|address| !address.is_loopback()).collect()
            }
        };
        let addresses = node.host().parse().into_iter().chain(own).collect();
        Self { real: node.name().into(), addresses, naming }
    }

    /// What to say when nobody in the first view has our address.
    pub(in crate::watch) fn unseen(&self) -> String {
        let addresses: Vec<_> = self.addresses.iter().map(ToString::to_string).collect();
        format!(
            "no member has an address of ours ({}) so far: unless our pod is new, the flags select others than {}",
            addresses.join(", "),
            self.real
        )
    }

    /// Compares the names, if our pod is among the members; false if it is not.
    ///
    /// # Errors
    ///
    /// When they differ: what is configured, on which side.
    pub(in crate::watch) fn check(&self, view: &BTreeMap<NodeName, Arc<Member>>) -> Result<bool, String> {
        if view.contains_key(&*self.real) {
            return Ok(true);
        }
        let Some(member) = view.values().find(|member| self.is_ours(member)) else { return Ok(false) };
        let basename = self
            .naming
            .basename
            .as_ref()
            .map_or_else(|| "no --basename".to_owned(), |basename| format!("--basename {}", basename.as_str()));
        let mode = match self.naming.mode {
            NameMode::Ip => "ip",
            NameMode::Hostname => "hostname",
            NameMode::Dns => "dns",
        };
        Err(format!(
            "the local node is called {} (by -name, -sname or RELEASE_NODE there), but its pod {} is listed as {} (by \
             {basename} and --mode {mode} here): the other nodes would dial a name that it does not answer to; start it as \
             {}, or change the flags",
            self.real,
            member.pod.as_ref().map_or("", |pod| &*pod.name),
            member.name,
            member.name,
        ))
    }

    /// Whether that is our pod's entry.
    pub(in crate::watch) fn is_ours(&self, member: &Member) -> bool {
        self.addresses.contains(&member.address)
    }
}
