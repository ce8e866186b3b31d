//! A program and all that it starts.

use tokio::process::Child;

/// Kills all of a group that runs still, when it is dropped.
#[must_use]
pub(super) struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    /// The group that the child leads. The child must not be reaped before it is dropped or left alone.
    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw) }
    }

    /// Its leader has ended by itself: what it left running was meant to run on.
    pub(super) fn leave_alone(mut self) {
        self.leader = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // It fails when nothing of it runs any more.
            rustix::process::kill_process_group(leader, rustix::process::Signal::KILL).ok();
        }
    }
}

/// Elsewhere the child alone is killed, by tokio.
#[cfg(not(unix))]
impl Group {
    pub(super) fn of(_: &Child) -> Self {
        Self {}
    }

    pub(super) fn leave_alone(self) {}
}
