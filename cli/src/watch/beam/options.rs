//! What the connector is started with: which node it stands beside, where that listens, and whom it may disconnect.

use quorate_core::membership::{Keep, LinkOptions, Policy};
use tracing::warn;

use super::attach::own_name;
use super::cookie::Cookie;
use super::node::{EPMD_PORT, Listens, LocalNode, default_name, own_addresses};
use crate::args::Beam as Arguments;
use crate::faults::Faults;

/// Which links may be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::watch) enum Disconnect {
    /// Those to nodes that do not answer any more.
    Gone,
    /// All that are to be, as libcluster does.
    Always,
}

/// What the connector is started with.
#[derive(Debug)]
pub(in crate::watch) struct Options {
    pub(in crate::watch) node: LocalNode,
    pub(super) disconnect: Disconnect,
}

impl Options {
    /// From the flags and the environment; `policy` names the members, and by default the local node as well.
    pub(in crate::watch) fn of(
        faults: &mut Faults,
        arguments: &Arguments,
        policy: Option<&Policy>,
        namespace: &str,
        from_command_line: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let choices = [("gone", Disconnect::Gone), ("always", Disconnect::Always)];
        let disconnect = faults.choose("--beam-disconnect", &arguments.beam_disconnect, &choices);
        // It is read again whenever it is needed: here it must only be there.
        let cookie = faults.check("--cookie-file", Cookie::find(arguments.cookie_file.as_deref()));
        let listens = listens(faults, arguments, from_command_line);
        let addresses = faults.check("POD_IP", own_addresses());
        let (name, origin) = match &arguments.beam_node {
            Some(name) => (faults.check("--beam-node", check(name)), "--beam-node"),
            None => {
                let name = policy.zip(addresses.as_ref()).map(|(policy, own)| default_name(policy, namespace, own));
                (name.and_then(|name| faults.check("--connector beam", name)), "--basename and --mode")
            }
        };
        cookie?;
        let cookie_file = arguments.cookie_file.clone();
        let node = LocalNode { name: name?, origin, addresses: addresses?, listens: listens?, cookie_file };
        Some(Self { node: faults.check("--connector beam", check_host(node))?, disconnect: disconnect? })
    }

    /// Who is to go by these rules is alive.
    pub(in crate::watch) fn warn_of_rules_without_effect(&self, links: &LinkOptions) {
        let rules =
            [("--keep ready", links.keep == Keep::Ready), ("--terminating-after", links.terminating_after.is_some())];
        for (rule, _) in rules.iter().filter(|(_, is_set)| *is_set && self.disconnect == Disconnect::Gone) {
            warn!("{rule} disconnects nobody who answers: add --beam-disconnect always if it should");
        }
    }
}

fn listens(faults: &mut Faults, arguments: &Arguments, from_command_line: impl Fn(&str) -> bool) -> Option<Listens> {
    if from_command_line("dist_port") && from_command_line("epmd_port") {
        faults.add("--epmd-port is for nodes that epmd knows, and --dist-port for others: leave one of them out");
    }
    // The command line comes before the environment.
    let dist_port =
        arguments.dist_port.as_ref().filter(|_| from_command_line("dist_port") || !from_command_line("epmd_port"));

    let mut port = |flag, text: &str| {
        let port = text.parse::<u16>().ok().filter(|port| *port > 0);
        faults.check(flag, port.ok_or_else(|| format!("{text:?} is no port: it is from 1 to 65535")))
    };
    match (dist_port, &arguments.epmd_port) {
        (Some(text), _) => port("--dist-port", text).map(Listens::At),
        (None, Some(text)) => port("--epmd-port", text).map(Listens::AsEpmdSays),
        (None, None) => Some(Listens::AsEpmdSays(EPMD_PORT)),
    }
}

/// The local node's name is whatever it calls itself: only its form matters. A host without a dot or colon is a short name.
fn check(name: &str) -> Result<String, String> {
    let is_long = |host: &str| host.contains(['.', ':']) && !host.contains('@');
    let is_one = name.split_once('@').is_some_and(|(alias, host)| !alias.is_empty() && is_long(host));
    let fault = || format!("{name:?} is no long name of a node: it is <name>@<address or full DNS name>");
    (is_one && name.len() <= 255).then(|| name.to_owned()).ok_or_else(fault)
}

/// Whether a name of ours has room beside it.
fn check_host(node: LocalNode) -> Result<LocalNode, String> {
    let fault = |_| format!("the host in {} is too long for a name of our own beside it", node.name());
    own_name(node.host()).map_err(fault)?;
    Ok(node)
}
