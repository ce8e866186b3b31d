//! The command and everything that it starts.

use std::io;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, getpid, kill_process, kill_process_group, test_kill_process_group,
    wait, waitid,
};

use super::protocol::End;

/// What runs still.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left {
    Somebody,
    /// And how the command ended.
    Nobody(End),
}

pub(super) struct Descendants {
    /// The command, which leads its process group.
    leader: Pid,
    end: Option<End>,
}

impl Descendants {
    /// The command was just started.
    pub(super) const fn of(leader: Pid) -> Self {
        Self { leader, end: None }
    }

    pub(super) const fn group(&self) -> Pid {
        self.leader
    }

    /// For the command and its group, as long as the command runs.
    pub(super) fn signal(&self, signal: Signal) {
        if self.end.is_none() {
            // It fails when the command has just ended.
            kill_process_group(self.leader, signal).ok();
        }
    }

    /// Kills all that runs still.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
        for child in children().unwrap_or_default() {
            kill_process(child, Signal::KILL).ok();
        }
    }

    /// Takes note of who has ended. When the command has, so must whatever it left running.
    pub(super) fn reap(&mut self) -> Left {
        if self.end.is_none() && self.has_ended() {
            // Before it is reaped, while the group's number cannot be anybody else's.
            self.signal(Signal::KILL);
        }
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((child, status))) if child == self.leader => self.end = Some(End::of(status)),
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => break,
                Err(_) => return self.end.map_or(Left::Somebody, Left::Nobody),
            }
        }
        let Some(end) = self.end else { return Left::Somebody };
        self.kill();
        // Whom we cannot find we cannot wait for.
        if children().is_none() && is_gone(self.leader) { Left::Nobody(end) } else { Left::Somebody }
    }

    fn has_ended(&self) -> bool {
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.leader), ended).is_ok_and(|status| status.is_some())
    }
}

/// From now on whatever our descendants leave behind is our child.
#[cfg(any(target_os = "android", target_os = "linux"))]
pub(crate) fn adopt_orphans() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(getpid()))?)
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
pub(crate) fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

/// Our children: the command, and whatever has left its group and lost its parent
/// ([proc(5)](https://man7.org/linux/man-pages/man5/proc_tid_children.5.html)). `None` where nobody tells: without that file, or
/// with the `/proc` of another PID namespace.
pub(crate) fn children() -> Option<Vec<Pid>> {
    let us = getpid().as_raw_nonzero();
    let listed = std::fs::read_to_string(format!("/proc/self/task/{us}/children")).ok()?;
    Some(listed.split_ascii_whitespace().filter_map(|child| child.parse().ok().and_then(Pid::from_raw)).collect())
}

/// Whether nothing is left of a process group.
pub(crate) fn is_gone(group: Pid) -> bool {
    test_kill_process_group(group) == Err(Errno::SRCH)
}
