//! Whether the local node has the name that its pod's entry gives it.

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;

use quorate_core::membership::Member;
use quorate_core::name::{NameMode, Naming, NodeName};

use super::node;

/// What is known of ourselves.
#[derive(Debug)]
pub(in crate::watch) struct Agreement {
    /// The local node's real name.
    real: String,
    /// Our pod's name: `POD_NAME`, or the host name, which in a pod is the same unless somebody sets it.
    pod: String,
    /// Our namespace, if `POD_NAMESPACE` tells it.
    namespace: Option<String>,
    naming: Naming,
}

impl Agreement {
    pub(in crate::watch) fn new(real: &str, naming: Naming) -> Self {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            real: real.into(),
            pod: variable("POD_NAME").unwrap_or_else(node::hostname),
            namespace: variable("POD_NAMESPACE"),
            naming,
        }
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

    /// By its pod, or by the address in the node's name.
    fn is_ours(&self, member: &Member) -> bool {
        let pod_is_ours = member.pod.as_ref().is_some_and(|pod| *pod.name == *self.pod)
            && self.namespace.as_ref().is_none_or(|namespace| **namespace == *member.namespace);
        let host = self.real.split_once('@').map_or("", |(_, host)| host);
        pod_is_ours || member.address.to_string() == host
    }
}
