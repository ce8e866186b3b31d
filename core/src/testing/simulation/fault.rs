//! What befalls a cluster.

use core::fmt;

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

/// The kinds of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "as the faults themselves")]
#[non_exhaustive]
pub enum FaultKind {
    Compact,
    Cut,
    DeleteLease,
    DropLink,
    Drift,
    EditLabel,
    EndWork,
    Errors,
    ExpireToken,
    FlapReadiness,
    Forbid,
    Kill,
    Latency,
    LoseAnswers,
    Partition,
    Pause,
    RestartServer,
    RollingUpdate,
    ScaleDown,
    ScaleUp,
    SlowWork,
    StepDown,
    StopWall,
    Suspend,
    Throttle,
    Unreachable,
    WallJump,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 27] = [
        Self::Compact,
        Self::Cut,
        Self::DeleteLease,
        Self::DropLink,
        Self::Drift,
        Self::EditLabel,
        Self::EndWork,
        Self::Errors,
        Self::ExpireToken,
        Self::FlapReadiness,
        Self::Forbid,
        Self::Kill,
        Self::Latency,
        Self::LoseAnswers,
        Self::Partition,
        Self::Pause,
        Self::RestartServer,
        Self::RollingUpdate,
        Self::ScaleDown,
        Self::ScaleUp,
        Self::SlowWork,
        Self::StepDown,
        Self::StopWall,
        Self::Suspend,
        Self::Throttle,
        Self::Unreachable,
        Self::WallJump,
    ];

    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compact => "compaction",
            Self::Cut => "connections cut",
            Self::DeleteLease => "Lease deleted",
            Self::DropLink => "link dropped",
            Self::Drift => "clock drift",
            Self::EditLabel => "label edited",
            Self::EndWork => "work ended",
            Self::Errors => "server errors",
            Self::ExpireToken => "token expired",
            Self::FlapReadiness => "readiness flap",
            Self::Forbid => "rights taken",
            Self::Kill => "kill",
            Self::Latency => "latency",
            Self::LoseAnswers => "answers lost",
            Self::Partition => "partition",
            Self::Pause => "pause",
            Self::RestartServer => "server restart",
            Self::RollingUpdate => "rolling update",
            Self::ScaleDown => "scale-down",
            Self::ScaleUp => "scale-up",
            Self::SlowWork => "slow work",
            Self::StepDown => "step-down",
            Self::StopWall => "wall clock stopped",
            Self::Suspend => "suspend",
            Self::Throttle => "throttling",
            Self::Unreachable => "member unreachable",
            Self::WallJump => "wall clock set",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Fault {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> FaultKind {
        match self {
            Self::Compact => FaultKind::Compact,
            Self::Cut { .. } => FaultKind::Cut,
            Self::DeleteLease => FaultKind::DeleteLease,
            Self::DropLink { .. } => FaultKind::DropLink,
            Self::Drift { .. } => FaultKind::Drift,
            Self::EditLabel => FaultKind::EditLabel,
            Self::EndWork { .. } => FaultKind::EndWork,
            Self::Errors { .. } => FaultKind::Errors,
            Self::ExpireToken { .. } => FaultKind::ExpireToken,
            Self::FlapReadiness { .. } => FaultKind::FlapReadiness,
            Self::Forbid { .. } => FaultKind::Forbid,
            Self::Kill { .. } => FaultKind::Kill,
            Self::Latency { .. } => FaultKind::Latency,
            Self::LoseAnswers { .. } => FaultKind::LoseAnswers,
            Self::Partition { .. } => FaultKind::Partition,
            Self::Pause { .. } => FaultKind::Pause,
            Self::RestartServer { .. } => FaultKind::RestartServer,
            Self::RollingUpdate { .. } => FaultKind::RollingUpdate,
            Self::ScaleDown { .. } => FaultKind::ScaleDown,
            Self::ScaleUp { .. } => FaultKind::ScaleUp,
            Self::SlowWork { .. } => FaultKind::SlowWork,
            Self::StepDown { .. } => FaultKind::StepDown,
            Self::StopWall { .. } => FaultKind::StopWall,
            Self::Suspend { .. } => FaultKind::Suspend,
            Self::Throttle { .. } => FaultKind::Throttle,
            Self::Unreachable { .. } => FaultKind::Unreachable,
            Self::WallJump { .. } => FaultKind::WallJump,
        }
    }

    /// How long it holds, if it ends by itself.
    #[must_use]
    pub const fn duration_ms(&self) -> Option<u64> {
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
            | Self::Unreachable { for_ms, .. } => Some(*for_ms),
            Self::Kill { down_ms, .. } | Self::RestartServer { down_ms } => Some(*down_ms),
            _ => None,
        }
    }

    /// The node that it befalls; `None` if it befalls everybody, or a pod.
    #[must_use]
    pub const fn node(&self) -> Option<usize> {
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
            | Self::WallJump { node, .. } => Some(*node),
            Self::Latency { node, .. } => *node,
            _ => None,
        }
    }
}

/// `kill of node 2 for 3.0 s`
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
