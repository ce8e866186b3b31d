//! The connector for Erlang's nodes: a hidden node beside the local one, which it tells whom to connect with.
//!
//! What it speaks is the [distribution protocol]; what it calls is what libcluster calls by default.
//!
//! [distribution protocol]: https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html

mod agreement;
mod attach;
mod attachment;
mod cookie;
mod functions;
mod node;
mod session;
mod stream;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use quorate_core::membership::{Keep, LinkOptions, Member, Policy};
use quorate_runtime_tokio::{Connector, ConnectorError, StillAnswers};
use tokio::time::timeout;
use tracing::{info, warn};

pub(super) use self::agreement::Agreement;
pub(super) use self::attach::AttachError;
use self::attach::own_name;
use self::attachment::Attachment;
use self::cookie::Cookie;
pub(super) use self::node::LocalNode;
use self::node::{EPMD_PORT, Listens, default_name, own_addresses};
use crate::args::Beam as Arguments;
use crate::faults::Faults;

/// How often the local node is asked for its links: an exchange on one machine takes less than a millisecond.
pub(super) const LIST_INTERVAL: Duration = Duration::from_secs(1);

/// How long an attempt may take at least: to wait for a node that restarts, and then to find out that a peer hangs.
pub(super) const LEAST_ATTEMPT: Duration = Duration::from_secs(8);

/// How long the local node may take to answer what no machine waits for.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// Which links may be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disconnect {
    /// Those to nodes that do not answer any more.
    Gone,
    /// All that are to be, as libcluster does.
    Always,
}

/// The connector.
#[derive(Debug)]
pub(super) struct Beam {
    attachment: Attachment,
    disconnect: Disconnect,
}

/// What the connector is started with.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) node: LocalNode,
    disconnect: Disconnect,
}

impl Options {
    /// From the flags and the environment; `policy` names the members, and by default the local node as well.
    pub(super) fn of(
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
}

impl Options {
    /// Who is to go by these rules is alive.
    pub(super) fn warn_of_rules_without_effect(&self, links: &LinkOptions) {
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

impl Beam {
    /// Attaches to the local node, however long it takes until it is there.
    ///
    /// # Errors
    ///
    /// When its cookie or its name is another.
    pub(super) async fn start(options: Options) -> Result<Self, AttachError> {
        let Options { node, disconnect } = options;
        let attachment = Attachment::new(node).await?;
        let beam = Self { attachment, disconnect };
        beam.tell_of_partitions().await;
        Ok(beam)
    }

    /// What ending a link would cost.
    async fn tell_of_partitions(&self) {
        let Ok(session) = self.attachment.session().await else { return };
        let asked = timeout(LOOK_LIMIT, functions::prevents_overlapping_partitions(&session)).await;
        let asked = asked.unwrap_or_else(|_| Err("the local node does not answer".into()));
        match (asked, self.disconnect) {
            (Ok(true), Disconnect::Always) => warn!(
                "prevent_overlapping_partitions is on: a node that one node disconnects loses its links to all others too, \
                 even if it is alive (--beam-disconnect gone spares the living)"
            ),
            (Ok(is_on), _) => info!("prevent_overlapping_partitions is {}", if is_on { "on" } else { "off" }),
            (Err(error), _) => warn!("whether prevent_overlapping_partitions is on is not known: {error}"),
        }
    }
}

#[async_trait]
impl Connector for Beam {
    async fn connect(&self, peer: &Member) -> Result<(), ConnectorError> {
        functions::connect(&*self.attachment.session().await?, peer.name.as_str()).await
    }

    async fn disconnect(&self, peer: &Member) -> Result<(), ConnectorError> {
        let (session, name) = (self.attachment.session().await?, peer.name.as_str());
        // On OTP 25 and later one link that is ended takes down those of a whole mesh.
        if self.disconnect == Disconnect::Gone && functions::answers(&session, name).await? {
            let text = format!("{name} still answers: it stays connected until it does not (--beam-disconnect)");
            return Err(StillAnswers::new(text).into());
        }
        functions::disconnect(&session, name).await
    }

    async fn connected(&self) -> Result<Option<BTreeSet<String>>, ConnectorError> {
        self.attachment.connected().await.map(Some)
    }

    async fn dropped(&self) -> String {
        self.attachment.dropped().await
    }
}
