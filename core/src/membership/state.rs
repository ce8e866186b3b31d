//! The states of a member, and who counts by policy.

use core::fmt;

/// What the API says of a member's life.
///
/// The names follow the pod's [phases and conditions](https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/).
/// EndpointSlices and Endpoints tell only [`Ready`](Self::Ready), [`NotReady`](Self::NotReady) and (slices alone)
/// [`Terminating`](Self::Terminating).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "policies must decide on every state")]
pub enum MemberState {
    /// Accepted, but not all containers run yet.
    Pending,
    /// Takes requests.
    Ready,
    /// Runs, but its readiness probe fails.
    NotReady,
    /// Its deletion was asked for; it may still be serving.
    Terminating,
    /// All containers ended, one of them in failure. It will not run again.
    Failed,
    /// All containers ended well. It will not run again.
    Succeeded,
}

impl MemberState {
    /// The state's name in machine-readable output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::NotReady => "not-ready",
            Self::Terminating => "terminating",
            Self::Failed => "failed",
            Self::Succeeded => "succeeded",
        }
    }

    /// Whether it will not run again.
    pub(crate) const fn has_ended(self) -> bool {
        matches!(self, Self::Failed | Self::Succeeded)
    }

    /// Which of two words on one pod is the later stage of its life: lower is later. What comes before its end has no order.
    pub(crate) const fn finality(self) -> u8 {
        match self {
            Self::Failed | Self::Succeeded => 0,
            Self::Terminating => 1,
            Self::Pending | Self::Ready | Self::NotReady => 2,
        }
    }

    /// Who keeps a contested name: lower wins.
    pub(crate) const fn precedence(self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::NotReady | Self::Pending => 1,
            Self::Terminating => 2,
            Self::Failed | Self::Succeeded => 3,
        }
    }
}

impl fmt::Display for MemberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which members are admitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the three readings of an endpoint's conditions")]
pub enum Admission {
    /// Only those that are ready, as their Service publishes it. A terminating member never is.
    #[default]
    Ready,
    /// Those whose readiness probe passes, terminating or not
    /// ([serving](https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#serving)).
    Serving,
    /// All that run or will run. What has failed or succeeded is never a member: its address may be somebody else's by now.
    Any,
}

impl Admission {
    /// Whether a member in this state, and serving or not, is admitted.
    #[must_use]
    pub const fn admits(self, state: MemberState, serving: bool) -> bool {
        match state {
            MemberState::Failed | MemberState::Succeeded => false,
            // A Service with publishNotReadyAddresses calls ready whoever has an address.
            MemberState::Ready => serving || !matches!(self, Self::Serving),
            MemberState::Terminating => match self {
                Self::Ready => false,
                Self::Serving => serving,
                Self::Any => true,
            },
            MemberState::Pending | MemberState::NotReady => matches!(self, Self::Any),
        }
    }

    /// The policy's name, as on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Serving => "serving",
            Self::Any => "any",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_admits_what_it_says() {
        use MemberState::{Failed, NotReady, Pending, Ready, Succeeded, Terminating};
        for (state, serving, by_ready, by_serving, by_any) in [
            (Ready, true, true, true, true),
            (Ready, false, true, false, true),
            (NotReady, false, false, false, true),
            (Pending, false, false, false, true),
            (Terminating, true, false, true, true),
            (Terminating, false, false, false, true),
            (Failed, true, false, false, false),
            (Succeeded, true, false, false, false),
        ] {
            let admits = |policy: Admission| policy.admits(state, serving);
            let found = (admits(Admission::Ready), admits(Admission::Serving), admits(Admission::Any));
            assert_eq!(found, (by_ready, by_serving, by_any), "{state}, serving: {serving}");
        }
    }
}
