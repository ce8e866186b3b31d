//! A connector that is a program: run once for each thing that it is to do.

mod group;
mod said;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use quorate_core::membership::Member;
use quorate_runtime_tokio::{Connector, ConnectorError};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tracing::debug;

use self::group::Group;
use self::said::Said;

/// Whoever does not know `list` says so with the code that sysexits.h has for bad usage.
const CANNOT_LIST: i32 = 64;

/// The longest list of names that is read, in bytes: some 60,000 of the longest names.
const LIST_BYTES: u64 = 16 << 20;

/// How long a pipe is read on when the program has ended: what it wrote itself is there at once, and what it left running
/// may hold the pipe open for ever.
const LINGER: Duration = Duration::from_millis(100);

/// A program that exists.
#[derive(Debug)]
pub(super) struct Program(PathBuf);

impl Program {
    /// Finds the program as a shell would, now and not when it is needed.
    pub(super) fn find(name: &OsStr) -> Result<Self, String> {
        let path = Path::new(name);
        let is_bare = path.parent().is_some_and(|parent| parent.as_os_str().is_empty());
        if is_bare {
            let search_path = std::env::var_os("PATH").unwrap_or_default();
            let found =
                std::env::split_paths(&search_path).map(|folder| folder.join(path)).find(|path| is_program(path));
            return found.map(Self).ok_or_else(|| format!("there is no program {} in PATH", path.display()));
        }
        match path.metadata() {
            Ok(_) if is_program(path) => Ok(Self(path.into())),
            Ok(_) => Err(format!("{} is not a file that may be executed", path.display())),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.0);
        command.arg(verb).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command
    }

    fn command_about(&self, verb: &str, peer: &Member) -> Command {
        let mut command = self.command(verb);
        command
            .arg(peer.name.as_str())
            .env("PEER_NAME", peer.name.as_str())
            .env("PEER_ADDRESS", peer.address.to_string())
            .env("PEER_NAMESPACE", &*peer.namespace)
            .env("PEER_POD", peer.pod.as_ref().map_or("", |pod| &*pod.name));
        command
    }

    /// Runs it to its end. When the future is dropped before, all that runs of it is killed.
    async fn run(&self, mut command: Command) -> Result<Ended, ConnectorError> {
        debug!("run {:?}", command.as_std());
        let mut child = command.spawn().map_err(|error| format!("cannot start {}: {error}", self.0.display()))?;
        // It must go before the child does, which would free the group's number for others.
        let group = Group::of(&child);
        let errand: Vec<_> = command.as_std().get_args().map(OsStr::to_string_lossy).collect();
        let (mut listed, mut said) = (Vec::new(), Said::on(errand.join(" ")));
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let status = {
            let mut reading = pin!(async { tokio::join!(read_list(out, &mut listed), said.read(err)) });
            let mut is_read = false;
            let status = loop {
                tokio::select! {
                    status = child.wait() => break status,
                    _ = &mut reading, if !is_read => is_read = true,
                }
            };
            group.leave_alone();
            if !is_read {
                // Too late is too late: what was read until then counts.
                let _ = tokio::time::timeout(LINGER, reading).await;
            }
            status.map_err(|error| format!("cannot wait for {}: {error}", self.0.display()))?
        };
        Ok(Ended { status, listed, last_words: said.last_line() })
    }

    fn failure(&self, ended: &Ended) -> ConnectorError {
        let how = match ended.status.code() {
            Some(code @ 126) => format!("exited with {code} (cannot be executed)"),
            Some(code @ 127) => format!("exited with {code} (program not found)"),
            Some(code) => format!("exited with {code}"),
            // On Unix: "signal: 9 (SIGKILL)".
            None => format!("was ended by a {}", ended.status),
        };
        let separator = if ended.last_words.is_empty() { "" } else { ": " };
        format!("{} {how}{separator}{}", self.0.display(), ended.last_words).into()
    }

    async fn act(&self, verb: &str, peer: &Member) -> Result<(), ConnectorError> {
        let ended = self.run(self.command_about(verb, peer)).await?;
        if ended.status.success() { Ok(()) } else { Err(self.failure(&ended)) }
    }
}

/// How a run ended.
struct Ended {
    status: ExitStatus,
    /// What it wrote to standard output, if that is read.
    listed: Vec<u8>,
    /// The last line on standard error.
    last_words: String,
}

#[async_trait]
impl Connector for Program {
    async fn connect(&self, peer: &Member) -> Result<(), ConnectorError> {
        self.act("connect", peer).await
    }

    async fn disconnect(&self, peer: &Member) -> Result<(), ConnectorError> {
        self.act("disconnect", peer).await
    }

    async fn connected(&self) -> Result<Option<BTreeSet<String>>, ConnectorError> {
        let mut command = self.command("list");
        command.stdout(Stdio::piped());
        let ended = self.run(command).await?;
        if ended.listed.len() as u64 > LIST_BYTES {
            return Err(format!("{} lists more than {LIST_BYTES} bytes", self.0.display()).into());
        }
        match ended.status.code() {
            Some(0) => {}
            Some(CANNOT_LIST) => return Ok(None),
            _ => return Err(self.failure(&ended)),
        }
        let names =
            String::from_utf8(ended.listed).map_err(|_| format!("{} lists what is not UTF-8", self.0.display()))?;
        Ok(Some(names.lines().map(str::trim).filter(|name| !name.is_empty()).map(String::from).collect()))
    }
}

async fn read_list(pipe: Option<impl AsyncRead + Unpin>, listed: &mut Vec<u8>) {
    if let Some(pipe) = pipe {
        // A pipe that breaks ends; how the program ended tells the rest.
        let _ = pipe.take(LIST_BYTES.saturating_add(1)).read_to_end(listed).await;
    }
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
