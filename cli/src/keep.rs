//! `quorate keep`: the keeper, a small parent of the command that `quorate elect` runs.
//!
//! It knows by when the command must be gone, and sees to it by a timer of its own: so a supervisor that is stopped, hangs or
//! is killed cannot leave the command running (E2). It is told each new deadline over a socket; when the socket closes, the
//! supervisor is gone, and the command is ended at once.

mod descendants;
mod exec;
pub(crate) mod protocol;

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{self, ExitCode};
use std::time::Duration;

use quorate_runtime_tokio::Clock;
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::unix::OwnedReadHalf;
use tokio::signal::unix::{self, SignalKind, signal};

use self::descendants::{Descendants, Left};
pub(crate) use self::descendants::{adopt_orphans, children, is_gone};
use self::protocol::{End, Order, Word};
use crate::Failure;
use crate::args::Keep;
use crate::runtime;

/// This very program, even if its file was replaced since it was started.
pub(crate) const OURSELVES: &str = if cfg!(target_os = "linux") { "/proc/self/exe" } else { "quorate" };

/// The pause before what could not be killed is killed again.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Runs the command until it ends, or must.
pub(crate) fn run(arguments: &Keep) -> Result<ExitCode, Failure> {
    match arguments.parent {
        Some(parent) => Err(exec::replace_this_process(parent, &arguments.command)),
        None => runtime::block_on(keep(arguments))?.map_err(|error| Failure::Failed(format!("keeper: {error}"))),
    }
}

/// What the clock shows that supervisor and keeper share, for lines that people and programs compare.
pub(crate) fn monotonic_seconds() -> f64 {
    Clock::of_the_machine().instant().elapsed_since_origin().as_secs_f64()
}

async fn keep(arguments: &Keep) -> io::Result<ExitCode> {
    let (orders, mut words) = protocol::connect(arguments.socket.as_deref().unwrap_or_default()).await?.into_split();
    let mut orders = BufReader::new(orders).lines();
    let mut somebody_ended = signal(SignalKind::child())?;
    let _caught = catch_signals()?;
    adopt_orphans()?;
    // Told from the beginning: a supervisor may be stopped before it says another word.
    let clock = Clock::of_the_machine();
    let mut deadline = arguments.deadline.map(protocol::instant);
    if deadline.is_some_and(|deadline| clock.instant() >= deadline) {
        let _ = words.write_all(Word::Ended(End::KILLED).line().as_bytes()).await;
        return Ok(ExitCode::SUCCESS);
    }
    let mut descendants = Descendants::of(start(&arguments.command)?);
    // Whoever would hear it may be gone: that is seen below.
    let _ = words.write_all(Word::Started { group: descendants.group() }.line().as_bytes()).await;
    let mut supervisor_is_there = true;
    loop {
        tokio::select! {
            // Whoever gives orders without a pause must not push the deadline away.
            biased;
            () = clock.sleep_until(deadline) => {
                descendants.kill();
                // What cannot be killed now, as it waits for a disk, is killed again.
                deadline = Some(clock.instant().saturating_add(AGAIN_AFTER));
            }
            _ = somebody_ended.recv() => {
                if let Left::Nobody(end) = descendants.reap() {
                    // Whoever would hear it may be gone.
                    let _ = words.write_all(Word::Ended(end).line().as_bytes()).await;
                    return Ok(ExitCode::SUCCESS);
                }
            }
            order = next_order(&mut orders), if supervisor_is_there => match order {
                Some(Order::Deadline(at)) => deadline = Some(at),
                Some(Order::Signal(signal)) => descendants.signal(signal),
                None => {
                    supervisor_is_there = false;
                    descendants.signal(Signal::TERM);
                    deadline.get_or_insert_with(|| clock.instant());
                }
            },
        }
    }
}

/// From now on signals that would end us do nothing: whoever sends them to all processes, as systemd does, means the command
/// to end in its own time. The supervisor gets them too. They are not ignored, for the command would inherit that.
fn catch_signals() -> io::Result<[unix::Signal; 6]> {
    Ok([
        signal(SignalKind::hangup())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::quit())?,
        signal(SignalKind::terminate())?,
        signal(SignalKind::user_defined1())?,
        signal(SignalKind::user_defined2())?,
    ])
}

/// Starts the command in a process group of its own, by way of a process that ties its life to ours.
fn start(command: &[OsString]) -> io::Result<Pid> {
    let mut child = process::Command::new(OURSELVES);
    child.arg0("quorate").args(["keep", "--parent"]).arg(process::id().to_string()).arg("--").args(command);
    let child = child.process_group(0).spawn()?;
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("a process without a number"))
}

/// The next thing to do; nothing when the supervisor is gone. Dropping the future loses nothing.
async fn next_order(lines: &mut Lines<BufReader<OwnedReadHalf>>) -> Option<Order> {
    loop {
        // What is no order comes from no supervisor of ours.
        if let Some(order) = Order::of_line(&lines.next_line().await.ok()??) {
            return Some(order);
        }
    }
}
