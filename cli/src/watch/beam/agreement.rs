//! Whether the local node has the name that its pod's entry gives it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use quorate_core::membership::Member;
use quorate_core::name::{NameMode, Naming, NodeName};

use super::node::{LocalNode, hint};

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
    pub(in crate::watch) fn new(node: &LocalNode, naming: Naming) -> Self {
        let addresses = node.host().parse().into_iter().chain(node.addresses.iter().copied()).collect();
        Self { real: node.name().into(), addresses, naming }
    }

    /// What to say when nobody in the first view has our address.
    pub(in crate::watch) fn unseen(&self) -> String {
        if self.addresses.is_empty() {
            return format!(
                "our own address is unknown, so {} is compared with no member's name: set POD_IP",
                self.real
            );
        }
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
            "the local node is called {} (by -name, -sname or RELEASE_NODE there), but its {} is listed as {} (by \
             {basename} and --mode {mode} here): the other nodes would dial a name that it does not answer to; start it as \
             {}, or change the flags{}",
            self.real,
            member.pod.as_ref().map_or_else(|| "address".to_owned(), |pod| format!("pod {}", pod.name)),
            member.name,
            member.name,
            hint(&self.real),
        ))
    }

    /// Whether that is our pod's entry.
    pub(in crate::watch) fn is_ours(&self, member: &Member) -> bool {
        self.addresses.contains(&member.address)
    }
}
