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
mod options;
mod session;
mod stream;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use quorate_core::membership::Member;
use quorate_runtime_tokio::{Connector, ConnectorError, StillAnswers};
use tokio::time::timeout;
use tracing::{info, warn};

pub(super) use self::agreement::Agreement;
pub(super) use self::attach::AttachError;
use self::attachment::Attachment;
use self::options::Disconnect;
pub(super) use self::options::Options;

/// How often the local node is asked for its links: an exchange on one machine takes less than a millisecond.
pub(super) const LIST_INTERVAL: Duration = Duration::from_secs(1);

/// How long an attempt may take at least: to wait for a node that restarts, and then to find out that a peer hangs.
pub(super) const LEAST_ATTEMPT: Duration = Duration::from_secs(8);

/// How long the local node may take to answer what no machine waits for.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// The connector.
#[derive(Debug)]
pub(super) struct Beam {
    attachment: Attachment,
    disconnect: Disconnect,
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
