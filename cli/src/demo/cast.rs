//! Who plays: `quorate watch`, and three times `quorate elect`, each a process as in real use.

use std::io;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::feed::{Feed, Who};
use super::parts::{CONNECTOR, LINKS, LOG};
use super::stage::{self, Stage};

/// Short, so that nobody has to wait for long.
const TIMING: [&str; 6] = ["--lease-duration", "5s", "--renew-deadline", "3500ms", "--retry-period", "500ms"];

/// Dropping it kills it; what `quorate elect` runs goes with it, by its keeper.
pub(super) struct Player {
    process: Child,
}

impl Player {
    /// Follows and links the members, as the first of them.
    pub(super) fn watch(stage: &Stage, feed: &Feed) -> io::Result<Self> {
        let mut command = quorate(stage)?;
        command.args(["watch", "--service", "cart", "--basename", "cart", "-o", "json", "--disconnect-after", "500ms"]);
        command.arg("--self").arg(stage::name(0)).arg("--connector").arg(stage.file(CONNECTOR));
        command.env(LINKS, stage.file("links")).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        if let Some(out) = process.stdout.take() {
            let feed = feed.clone();
            tokio::spawn(async move {
                let mut lines = BufReader::new(out).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    feed.tell(Who::Members, &line);
                }
            });
        }
        Ok(Self { process })
    }

    /// Stands for election.
    pub(super) fn candidate(stage: &Stage, feed: &Feed, number: u8) -> io::Result<Self> {
        let mut command = quorate(stage)?;
        let (events, log) = (stage.file(&format!("events-{number}")), stage.file(&format!("work-{number}")));
        command.args(["elect", "worker", "--identity"]).arg(format!("candidate-{number}")).args(TIMING);
        command.arg("--events").arg(&events).arg("--").arg(std::env::current_exe()?).args(["demo", "--work"]);
        let process = command.env(LOG, &log).stdout(Stdio::null()).spawn()?;
        feed.follow(Who::Candidate(number), events);
        feed.follow(Who::Work(number), log);
        Ok(Self { process })
    }

    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let id = id.ok_or_else(|| io::Error::other("it has ended already"))?;
        Ok(kill_process(id, signal)?)
    }
}

fn quorate(stage: &Stage) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    // Variables that set flags would play another piece.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("QUORATE_")) {
        command.env_remove(name);
    }
    command.env("KUBECONFIG", stage.file("kubeconfig")).current_dir(stage.folder());
    // What goes wrong on purpose is in the timeline; its warnings would tear it apart.
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    Ok(command)
}
