//! The `quorate` command itself: built once, run as a child.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::child::{Finished, Running, command_without_environment};
use crate::trouble::Trouble;

/// A run takes no longer, or something hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// One run of the command, in an environment that holds nothing but what the test gives.
#[derive(Debug)]
pub struct Quorate {
    command: Command,
    input: Vec<u8>,
}

impl Quorate {
    /// `quorate` with these arguments.
    ///
    /// # Errors
    ///
    /// When the command cannot be built.
    pub fn with<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Result<Self, Trouble> {
        let mut command = command_without_environment(Self::program()?);
        // A home without a kubeconfig, so that the tester's own clusters are safe.
        command.args(arguments).env("HOME", "/nonexistent").env("RUST_BACKTRACE", "1");
        Ok(Self { command, input: Vec::new() })
    }

    /// Where the command is: built now, unless it is up to date.
    ///
    /// # Errors
    ///
    /// When it cannot be built.
    pub fn program() -> Result<&'static Path, Trouble> {
        static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let program = PROGRAM.get_or_init(|| build().map_err(|trouble| trouble.to_string()));
        program.as_deref().map_err(|words| Trouble::new(words.as_str()))
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives it this on its standard input.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Runs it to its end, whatever its exit code.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or hangs.
    pub fn run(self) -> Result<Finished, Trouble> {
        self.start()?.finish(LIMIT)
    }

    /// Starts it, and leaves it running.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(self) -> Result<Running, Trouble> {
        Running::start(self.command, &self.input)
    }
}

/// `QUORATE_BIN`, or what cargo builds now in the profile and the target folder of this very test.
fn build() -> Result<PathBuf, Trouble> {
    if let Some(program) = std::env::var_os("QUORATE_BIN") {
        return Ok(program.into());
    }
    crate::built::program(&["--package", "quorate", "--bin", "quorate"], "the quorate command")
}
