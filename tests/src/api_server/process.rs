//! The API server as a child process.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::child;
use crate::eventually::eventually;
use crate::trouble::Trouble;

/// How long it may take to stop when it is told to: what its page promises, and as much again.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// Runs as long as this value lives, and, with `--exit-on-stdin-eof`, no longer than this process: nobody else holds the
/// other end of its standard input.
#[derive(Debug)]
pub(super) struct Process(Child);

impl Process {
    /// Starts it and waits for the line that it announces itself with.
    pub(super) fn start(mut command: Command) -> Result<(Self, PathBuf), Trouble> {
        let mut stderr = tempfile::tempfile()?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr.try_clone()?);
        let mut process = Self(command.spawn().map_err(Trouble::during("starting the API server"))?);
        let stdout = process.0.stdout.take().ok_or_else(|| Trouble::new("the API server has no standard output"))?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if line.is_empty() {
            let words = last_words(&mut stderr);
            return Err(Trouble::new(format!("the API server did not start; its last words:\n{words}")));
        }
        Ok((process, PathBuf::from(line.trim_end())))
    }

    /// Sends it a signal by its name, such as `STOP`.
    pub(super) fn signal(&self, name: &str) -> Result<(), Trouble> {
        child::signal(self.0.id(), name)
    }

    /// As `kill -9` does.
    pub(super) fn kill(mut self) -> Result<(), Trouble> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // A frozen one hears nothing.
        let _ = self.signal("CONT");
        let ended = eventually("the API server stops", STOP_LIMIT, || Ok(self.0.try_wait()?));
        if ended.is_err() {
            // Both fail only when it is gone after all.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

fn last_words(stderr: &mut File) -> String {
    let mut text = String::new();
    // What cannot be read cannot be shown; that it did not start is said anyway.
    let _ = stderr.rewind().and_then(|()| stderr.read_to_string(&mut text));
    let lines: Vec<_> = text.lines().collect();
    lines.get(lines.len().saturating_sub(10)..).unwrap_or_default().join("\n")
}
