//! What supervisor and keeper say to each other: a line for each thing.

use std::fmt;
use std::io;
use std::time::Duration;

use quorate_core::time::Instant;
use rustix::process::{Pid, Signal, WaitStatus};
use tokio::net::{UnixListener, UnixStream};

/// What the keeper is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// By when everything must be gone, on the machine's clock.
    Deadline(Instant),
    /// A signal for the command and its group.
    Signal(Signal),
}

impl Order {
    pub(crate) fn line(self) -> String {
        match self {
            Self::Deadline(at) => format!("deadline {}\n", nanoseconds(at)),
            Self::Signal(signal) => format!("signal {}\n", signal.as_raw()),
        }
    }

    pub(super) fn of_line(line: &str) -> Option<Self> {
        match line.split_once(' ')? {
            ("deadline", at) => Some(Self::Deadline(instant(at.parse().ok()?))),
            ("signal", number) => Signal::from_named_raw(number.parse().ok()?).map(Self::Signal),
            _ => None,
        }
    }
}

/// An instant of the machine's clock, for another process.
pub(crate) const fn nanoseconds(at: Instant) -> u128 {
    at.elapsed_since_origin().as_nanos()
}

/// What another process means by it.
pub(super) const fn instant(nanoseconds: u64) -> Instant {
    Instant::since_origin(Duration::from_nanos(nanoseconds))
}

/// What the keeper says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// The command runs, in this process group.
    Started { group: Pid },
    /// Nothing of it runs any more.
    Ended(End),
}

impl Word {
    pub(super) fn line(self) -> String {
        match self {
            Self::Started { group } => format!("started {}\n", group.as_raw_nonzero()),
            Self::Ended(End::Exited(code)) => format!("exited {code}\n"),
            Self::Ended(End::Killed(signal)) => format!("killed {signal}\n"),
        }
    }

    pub(crate) fn of_line(line: &str) -> Option<Self> {
        match line.split_once(' ')? {
            ("started", group) => Some(Self::Started { group: Pid::from_raw(group.parse().ok()?)? }),
            ("exited", code) => Some(Self::Ended(End::Exited(code.parse().ok()?))),
            ("killed", signal) => Some(Self::Ended(End::Killed(signal.parse().ok()?))),
            _ => None,
        }
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Exited(u8),
    /// By a signal of this number.
    Killed(u8),
}

impl End {
    /// By SIGKILL, whose number is the same everywhere.
    pub(crate) const KILLED: Self = Self::Killed(9);

    pub(crate) fn of(status: WaitStatus) -> Self {
        let small = |number: i32| u8::try_from(number & 0xff).unwrap_or(u8::MAX);
        match (status.exit_status(), status.terminating_signal()) {
            (_, Some(signal)) => Self::Killed(small(signal)),
            (code, None) => Self::Exited(code.map_or(u8::MAX, small)),
        }
    }

    /// Whether the command did not even begin, as shells say it.
    pub(crate) const fn cannot_be_run(self) -> bool {
        matches!(self, Self::Exited(126 | 127))
    }

    /// A shell's convention: 128 and the signal that ended it.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Killed(signal) => signal.saturating_add(128),
        }
    }
}

/// `with status 3`, `by signal 9`
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "with status {code}"),
            Self::Killed(signal) => write!(f, "by signal {signal}"),
        }
    }
}

/// Where a keeper finds its supervisor: a name in the kernel, so that no folder need be writable.
#[cfg(any(target_os = "android", target_os = "linux"))]
pub(crate) fn listen(name: &str) -> io::Result<UnixListener> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net;

    let listener = net::UnixListener::bind_addr(&net::SocketAddr::from_abstract_name(name)?)?;
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}

#[cfg(any(target_os = "android", target_os = "linux"))]
pub(super) async fn connect(name: &str) -> io::Result<UnixStream> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net;

    let stream = net::UnixStream::connect_addr(&net::SocketAddr::from_abstract_name(name)?)?;
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

/// Elsewhere the name is a path.
#[cfg(not(any(target_os = "android", target_os = "linux")))]
pub(crate) fn listen(name: &str) -> io::Result<UnixListener> {
    UnixListener::bind(name)
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
pub(super) async fn connect(name: &str) -> io::Result<UnixStream> {
    UnixStream::connect(name).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        for order in [Order::Deadline(Instant::since_origin(Duration::new(7, 5))), Order::Signal(Signal::TERM)] {
            assert_eq!(Order::of_line(order.line().trim_end()), Some(order));
        }
        let group = Pid::from_raw(4711).unwrap();
        for word in [Word::Started { group }, Word::Ended(End::Exited(3)), Word::Ended(End::Killed(9))] {
            assert_eq!(Word::of_line(word.line().trim_end()), Some(word));
        }
        for nonsense in ["", "deadline", "deadline -1", "signal 0", "signal 99999999999", "started 0", "exited 256"] {
            assert_eq!((Order::of_line(nonsense), Word::of_line(nonsense)), (None, None), "{nonsense}");
        }
    }
}
