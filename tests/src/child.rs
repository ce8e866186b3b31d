//! A child process whose output is kept, and which never outlives its test.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::trouble::Trouble;

/// How long a signal may take to be sent.
const SIGNAL_LIMIT: Duration = Duration::from_secs(5);

/// A child that may still be running. Dropping it ends it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Files rather than pipes: a child that says much never waits for us.
    stdout: File,
    stderr: File,
    what: String,
    began: Instant,
}

impl Running {
    /// Starts a command with this standard input.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(mut command: Command, input: &[u8]) -> Result<Self, Trouble> {
        let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
        let mut stdin = tempfile::tempfile()?;
        stdin.write_all(input)?;
        stdin.rewind()?;
        let what = describe(&command);
        let child = command.stdin(stdin).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?).spawn();
        let child = child.map_err(Trouble::during(&what))?;
        Ok(Self { child, stdout, stderr, what, began: Instant::now() })
    }

    /// What it has printed so far, from this byte on.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn stdout_from(&self, offset: u64) -> Result<Vec<u8>, Trouble> {
        Ok(from(&self.stdout, offset)?)
    }

    /// What it has complained of so far.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn stderr(&self) -> Result<String, Trouble> {
        Ok(String::from_utf8_lossy(&from(&self.stderr, 0)?).into_owned())
    }

    /// Sends it a signal by its name, such as `STOP`.
    ///
    /// # Errors
    ///
    /// When the operating system does not let us.
    pub fn signal(&self, name: &str) -> Result<(), Trouble> {
        signal(self.child.id(), name)
    }

    /// Tells it to end, as a kubelet does, and waits for that.
    ///
    /// # Errors
    ///
    /// When it still runs after `limit`; then it is ended.
    pub fn terminate(mut self, limit: Duration) -> Result<Finished, Trouble> {
        self.signal("TERM")?;
        self.began = Instant::now();
        self.finish(limit)
    }

    /// Waits for its end, whatever its exit code.
    ///
    /// # Errors
    ///
    /// When it still runs after `limit`; then it is ended.
    pub fn finish(mut self, limit: Duration) -> Result<Finished, Trouble> {
        // Nothing in std waits with a limit.
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break Some(status),
                None if self.began.elapsed() >= limit => break None,
                None => thread::sleep(Duration::from_millis(2)),
            }
        };
        let took = self.began.elapsed();
        if status.is_none() {
            self.child.kill()?;
            self.child.wait()?;
        }
        let finished = Finished {
            code: status.and_then(|status| status.code()),
            stdout: text(&mut self.stdout)?,
            stderr: text(&mut self.stderr)?,
            took,
            what: self.what.clone(),
        };
        match status {
            Some(_) => Ok(finished),
            None => Err(Trouble::new(format!("still running after {limit:?}: {finished}"))),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only for a child that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal by its name, such as `STOP`.
pub(crate) fn signal(process: u32, name: &str) -> Result<(), Trouble> {
    let mut command = Command::new("kill");
    command.arg(format!("-{name}")).arg(process.to_string());
    Running::start(command, b"")?.finish(SIGNAL_LIMIT)?.with_code(0)?;
    Ok(())
}

fn describe(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The rest of a file, which leaves alone the position that the child writes at: the two share it.
fn from(file: &File, offset: u64) -> std::io::Result<Vec<u8>> {
    let length = file.metadata()?.len().saturating_sub(offset);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

fn text(file: &mut File) -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A child that has ended.
#[derive(Debug)]
pub struct Finished {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    took: Duration,
    what: String,
}

impl Finished {
    /// Itself, if it ended with this exit code.
    ///
    /// # Errors
    ///
    /// When it ended otherwise, with all it said.
    pub fn with_code(self, code: i32) -> Result<Self, Trouble> {
        if self.code == Some(code) { Ok(self) } else { Err(Trouble::new(format!("not exit code {code}: {self}"))) }
    }

    /// What it printed.
    #[must_use]
    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    /// What it printed, line by line.
    #[must_use]
    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }

    /// What it printed, as JSON.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn json(&self) -> Result<Value, Trouble> {
        serde_json::from_str(&self.stdout).map_err(Trouble::during(self))
    }

    /// What it complained of.
    #[must_use]
    pub fn stderr(&self) -> &str {
        &self.stderr
    }

    /// How long it ran.
    #[must_use]
    pub const fn took(&self) -> Duration {
        self.took
    }
}

/// All there is to know, for a failed test.
impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr, took, what } = self;
        write!(f, "{what}\nexit code {code:?} after {took:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// A command that is only configured so far, with an empty environment but for what coverage needs.
#[must_use]
pub fn command_without_environment(program: &std::path::Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null());
    if let Some(profile) = std::env::var_os("LLVM_PROFILE_FILE") {
        command.env("LLVM_PROFILE_FILE", profile);
    }
    command
}
