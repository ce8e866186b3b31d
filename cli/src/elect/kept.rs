//! A command and its keeper, as the supervisor sees them.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process;
use std::time::Duration;

use quorate_core::time::Instant;
use quorate_runtime_tokio::random_seed;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tracing::debug;

use crate::keep::protocol::{self, End, Order, Word};
use crate::keep::{OURSELVES, children, is_gone};

/// How long the call of a keeper that is dead may take to reach us.
const LAST_CALL: Duration = Duration::from_millis(100);

/// One run of the command.
pub(super) struct Kept {
    keeper: Pid,
    /// The command's process group, once the keeper has told it.
    group: Option<Pid>,
    /// The keeper is dead, and was reaped. What it said may still be on its way.
    has_died: bool,
    line: Line,
}

/// How we speak with the keeper.
enum Line {
    /// It has yet to call; until then it is told nothing.
    Awaited {
        listener: UnixListener,
        orders: Vec<Order>,
    },
    Open {
        words: Lines<BufReader<OwnedReadHalf>>,
        orders: OwnedWriteHalf,
    },
    Closed,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Started {
        command: Pid,
    },
    Ended(End),
    /// The keeper died, and left the command behind.
    KeeperDied,
}

impl Kept {
    /// Starts a keeper, and with it the command, which must be gone by then, on the machine's clock.
    pub(super) fn start(command: &[OsString], environment: &[(&str, String)], gone_by: Instant) -> io::Result<Self> {
        let socket = format!("quorate-{}-{:016x}", process::id(), random_seed());
        let listener = protocol::listen(&socket)?;
        let deadline = protocol::nanoseconds(gone_by).to_string();
        let mut keeper = process::Command::new(OURSELVES);
        keeper.arg0("quorate").args(["keep", "--socket", &socket, "--deadline", &deadline, "--"]).args(command);
        keeper.envs(environment.iter().map(|(name, value)| (name, value)));
        // A terminal's signals come to us, and what is to be done about them is for us to say.
        let keeper = keeper.process_group(0).spawn()?;
        let keeper = i32::try_from(keeper.id()).ok().and_then(Pid::from_raw);
        let keeper = keeper.ok_or_else(|| io::Error::other("a process without a number"))?;
        Ok(Self { keeper, group: None, has_died: false, line: Line::Awaited { listener, orders: Vec::new() } })
    }

    pub(super) const fn keeper(&self) -> Pid {
        self.keeper
    }

    /// Tells the keeper by when all must be gone.
    pub(super) fn must_be_gone_by(&mut self, at: Instant) {
        self.order(Order::Deadline(at));
    }

    /// Hands a signal to the command and its group.
    pub(super) fn signal(&mut self, signal: Signal) {
        self.order(Order::Signal(signal));
    }

    /// Never waits: a keeper that does not listen goes by the deadline that it knows.
    fn order(&mut self, order: Order) {
        match &mut self.line {
            Line::Awaited { orders, .. } => orders.push(order),
            Line::Open { orders, .. } => {
                // The runtime's own attempt may be refused before it has heard that a new line can be written to.
                if let Err(error) = rustix::io::write(orders.as_ref(), order.line().as_bytes()) {
                    debug!("the keeper cannot be told: {error}");
                }
            }
            Line::Closed => {}
        }
    }

    /// What happens next. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> News {
        loop {
            match &mut self.line {
                Line::Awaited { listener, .. } if self.has_died => {
                    match tokio::time::timeout(LAST_CALL, listener.accept()).await {
                        Ok(Ok((stream, _))) => self.take_call(stream),
                        Ok(Err(_)) => {}
                        Err(_) => {
                            self.line = Line::Closed;
                            return News::KeeperDied;
                        }
                    }
                }
                Line::Awaited { listener, .. } => {
                    if let Ok((stream, _)) = listener.accept().await {
                        self.take_call(stream);
                    }
                }
                Line::Open { words, .. } => match words.next_line().await.ok().flatten() {
                    None => {
                        self.line = Line::Closed;
                        return News::KeeperDied;
                    }
                    Some(line) => match Word::of_line(&line) {
                        Some(Word::Started { group }) => {
                            self.group = Some(group);
                            return News::Started { command: group };
                        }
                        Some(Word::Ended(end)) => {
                            self.line = Line::Closed;
                            return News::Ended(end);
                        }
                        None => {}
                    },
                },
                Line::Closed => return std::future::pending().await,
            }
        }
    }

    /// Anybody in our network namespace may call; only the keeper is heard.
    fn take_call(&mut self, stream: UnixStream) {
        let Line::Awaited { orders: pending, .. } = &mut self.line else { return };
        let caller = stream.peer_cred().ok().and_then(|caller| caller.pid());
        if caller != Some(self.keeper.as_raw_nonzero().get()) {
            return;
        }
        let pending = std::mem::take(pending);
        let (words, orders) = stream.into_split();
        self.line = Line::Open { words: BufReader::new(words).lines(), orders };
        pending.into_iter().for_each(|order| self.order(order));
    }

    /// The keeper is dead, and was reaped.
    pub(super) const fn keeper_has_died(&mut self) {
        self.has_died = true;
    }

    /// Whether nothing is left, where [nobody tells](children) of our children.
    pub(super) fn is_all_gone(&self) -> bool {
        children().is_none() && test_kill_process(self.keeper).is_err() && self.group.is_none_or(is_gone)
    }

    /// Kills the keeper, and everything that it leaves to us.
    pub(super) fn kill(&self) {
        kill_process(self.keeper, Signal::KILL).ok();
        if let Some(group) = self.group {
            kill_process_group(group, Signal::KILL).ok();
        }
        for orphan in children().unwrap_or_default() {
            kill_process(orphan, Signal::KILL).ok();
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
