//! What we are told by signals.

use std::io;

use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind, signal};

/// The signals that are ours to act upon, and that a child has ended.
pub(super) struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hang_up: unix::Signal,
    quit: unix::Signal,
    user_1: unix::Signal,
    user_2: unix::Signal,
    window: unix::Signal,
    child: unix::Signal,
}

/// What a signal says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    /// End.
    End(Signal),
    /// Something for the command to understand.
    Pass(Signal),
    /// A process that is ours to reap may have ended.
    Reap,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
            user_1: signal(SignalKind::user_defined1())?,
            user_2: signal(SignalKind::user_defined2())?,
            window: signal(SignalKind::window_change())?,
            child: signal(SignalKind::child())?,
        })
    }

    /// Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::End(Signal::TERM),
            _ = self.interrupt.recv() => Told::End(Signal::INT),
            _ = self.hang_up.recv() => Told::Pass(Signal::HUP),
            _ = self.quit.recv() => Told::Pass(Signal::QUIT),
            _ = self.user_1.recv() => Told::Pass(Signal::USR1),
            _ = self.user_2.recv() => Told::Pass(Signal::USR2),
            _ = self.window.recv() => Told::Pass(Signal::WINCH),
            _ = self.child.recv() => Told::Reap,
        }
    }
}
