//! What befalls a cluster.

mod kind;

use core::fmt;

pub use kind::FaultKind;

use serde::{Deserialize, Serialize};

/// What befalls a cluster. Most faults end by themselves; those of a number that no node has do nothing.
///
/// A `node` is the number of a node or an observer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// The history is compacted: what would go on from an older version gets 410.
    Compact,
    /// The connections of a node are cut.
    Cut {
        /// Whose.
        node: usize,
        /// Whether the node notices.
        is_told: bool,
    },
    /// Somebody deletes the Lease.
    DeleteLease,
    /// A link of a node goes down.
    DropLink {
        /// Whose.
        node: usize,
        /// The number of the link among all that it has.
        peer: usize,
        /// Whether the node's connector notices.
        is_told: bool,
    },
    /// A clock runs at another rate from now on.
    Drift {
        /// Whose.
        node: usize,
        /// How fast; 1,000 is right.
        rate_permille: u32,
    },
    /// Somebody edits a label of the Lease.
    EditLabel,
    /// The work of a node ends by itself, if there is any; it stands again later.
    EndWork {
        /// Whose.
        node: usize,
        /// How long it does not stand.
        for_ms: u64,
    },
    /// The server refuses requests, some of them only after it has done what they ask.
    Errors {
        /// The HTTP status.
        status: u16,
        /// How many of the requests.
        percent: u8,
        /// How long.
        for_ms: u64,
    },
    /// A token is taken for expired (401) until it is renewed.
    ExpireToken {
        /// Whose.
        node: usize,
        /// How long.
        for_ms: u64,
    },
    /// Pods become unready, all of them within a second, and ready again.
    FlapReadiness {
        /// How many of the pods.
        percent: u8,
        /// How long.
        for_ms: u64,
    },
    /// Somebody takes a node its rights (403), and gives them back.
    Forbid {
        /// Whose.
        node: usize,
        /// How long.
        for_ms: u64,
    },
    /// A process is killed, its work with it, and another one starts in its place.
    Kill {
        /// Whose.
        node: usize,
        /// After how long.
        down_ms: u64,
    },
    /// The way to the server is slow.
    Latency {
        /// Whose; everybody's if it is absent.
        node: Option<usize>,
        /// One way, at least.
        base_ms: u64,
        /// How many letters take longer.
        tail_percent: u8,
        /// By how much at most.
        tail_ms: u64,
        /// How long.
        for_ms: u64,
    },
    /// Answers are lost, and every other time without a word.
    LoseAnswers {
        /// Whose.
        node: usize,
        /// How many of them.
        percent: u8,
        /// How long.
        for_ms: u64,
    },
    /// A node does not reach the server.
    Partition {
        /// Which one.
        node: usize,
        /// What becomes of what is sent.
        how: Partition,
        /// How long.
        for_ms: u64,
    },
    /// A process stands still; its work, and what watches over that, do not.
    Pause {
        /// Which one.
        node: usize,
        /// How long.
        for_ms: u64,
    },
    /// Somebody deletes the Lease and makes another one, which nobody holds.
    ///
    /// Whoever has not seen the Lease before may take the new one at once, and then at most one leads is not promised: so nothing
    /// happens unless all candidates that run see a Lease, and no process starts until its duration has passed.
    ReplaceLease,
    /// The server restarts: all connections are cut, new ones are refused for a while, and then some requests get 403.
    RestartServer {
        /// How long it is down.
        down_ms: u64,
    },
    /// All pods are replaced, those of nodes among them: their processes are told to end, and others start.
    RollingUpdate {
        /// How many at a time.
        batch: usize,
        /// The pause from batch to batch.
        every_ms: u64,
    },
    /// Members are taken away, the oldest first, but no nodes.
    ScaleDown {
        /// How many.
        members: usize,
    },
    /// Members are added, all at once.
    ScaleUp {
        /// How many.
        members: usize,
    },
    /// Work takes its time to stop from now on.
    SlowWork {
        /// Whose.
        node: usize,
        /// How long it takes.
        stop_ms: u64,
    },
    /// A node is asked to step down, and later to stand again.
    StepDown {
        /// Which one.
        node: usize,
        /// How long it does not stand.
        for_ms: u64,
    },
    /// A wall clock stops, and then shows the right time again.
    StopWall {
        /// Whose.
        node: usize,
        /// How long.
        for_ms: u64,
    },
    /// A whole node stands still, its work too; its monotonic clock counts on, as `CLOCK_BOOTTIME` does.
    Suspend {
        /// Which one.
        node: usize,
        /// How long.
        for_ms: u64,
    },
    /// The server sends everybody away (429).
    Throttle {
        /// `Retry-After`.
        retry_after_s: u32,
        /// How long.
        for_ms: u64,
    },
    /// Nobody can connect to a pod.
    Unreachable {
        /// The number of the pod among all that there are.
        member: usize,
        /// Whether attempts are left without an answer, and not refused.
        is_silent: bool,
        /// How long.
        for_ms: u64,
    },
    /// A wall clock is set.
    WallJump {
        /// Whose.
        node: usize,
        /// By how much.
        by_ms: i64,
    },
}

/// What becomes of what a node sends that does not reach the server, and of what is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Partition {
    /// It arrives late, once the partition is over.
    Late,
    /// Connections are cut and refused.
    Refused,
    /// It is lost without a word.
    Silent,
}

impl Fault {
    /// How long it holds, if it ends by itself.
    #[must_use]
    pub fn duration_ms(&self) -> Option<u64> {
        self.clone().duration_mut().copied()
    }

    pub(super) const fn duration_mut(&mut self) -> Option<&mut u64> {
        match self {
            Self::EndWork { for_ms, .. }
            | Self::Errors { for_ms, .. }
            | Self::ExpireToken { for_ms, .. }
            | Self::FlapReadiness { for_ms, .. }
            | Self::Forbid { for_ms, .. }
            | Self::Latency { for_ms, .. }
            | Self::LoseAnswers { for_ms, .. }
            | Self::Partition { for_ms, .. }
            | Self::Pause { for_ms, .. }
            | Self::StepDown { for_ms, .. }
            | Self::StopWall { for_ms, .. }
            | Self::Suspend { for_ms, .. }
            | Self::Throttle { for_ms, .. }
            | Self::Unreachable { for_ms, .. } => Some(for_ms),
            Self::Kill { down_ms, .. } | Self::RestartServer { down_ms } => Some(down_ms),
            _ => None,
        }
    }

    /// The node that it befalls; `None` if it befalls everybody, or a pod.
    #[must_use]
    pub fn node(&self) -> Option<usize> {
        self.clone().node_mut().copied()
    }

    pub(super) const fn node_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Cut { node, .. }
            | Self::DropLink { node, .. }
            | Self::Drift { node, .. }
            | Self::EndWork { node, .. }
            | Self::ExpireToken { node, .. }
            | Self::Forbid { node, .. }
            | Self::Kill { node, .. }
            | Self::LoseAnswers { node, .. }
            | Self::Partition { node, .. }
            | Self::Pause { node, .. }
            | Self::SlowWork { node, .. }
            | Self::StepDown { node, .. }
            | Self::StopWall { node, .. }
            | Self::Suspend { node, .. }
            | Self::WallJump { node, .. } => Some(node),
            Self::Latency { node, .. } => node.as_mut(),
            _ => None,
        }
    }
}

/// `kill, node 2, for 3000 ms`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)?;
        match self {
            Self::Drift { rate_permille, .. } => write!(f, " to {rate_permille} ‰")?,
            Self::Errors { status, percent, .. } => write!(f, " {status} for {percent} % of the requests")?,
            Self::FlapReadiness { percent, .. } => write!(f, " of {percent} % of the pods")?,
            Self::LoseAnswers { percent, .. } => write!(f, ", {percent} % of them")?,
            Self::Partition { how, .. } => f.write_str(match how {
                Partition::Late => ", letters are late",
                Partition::Refused => ", connections refused",
                Partition::Silent => ", letters are lost",
            })?,
            Self::RollingUpdate { batch, .. } => write!(f, ", {batch} at a time")?,
            Self::ScaleDown { members } | Self::ScaleUp { members } => write!(f, " by {members}")?,
            Self::SlowWork { stop_ms, .. } => write!(f, " takes {stop_ms} ms to stop")?,
            Self::Unreachable { member, .. } => write!(f, ": number {member}")?,
            Self::WallJump { by_ms, .. } => write!(f, " by {by_ms} ms")?,
            _ => {}
        }
        if let Some(node) = self.node() {
            write!(f, ", node {node}")?;
        }
        match self.duration_ms() {
            Some(for_ms) => write!(f, ", for {for_ms} ms"),
            None => Ok(()),
        }
    }
}
