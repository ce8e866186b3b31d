//! The kinds of fault.

use core::fmt;

use super::Fault;

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
    ReplaceLease,
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
    pub const ALL: [Self; 28] = [
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
        Self::ReplaceLease,
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
            Self::ReplaceLease => "Lease replaced",
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
            Self::ReplaceLease => FaultKind::ReplaceLease,
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
}
