//! Releases of Elixir's.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

use super::Node;
use super::node::in_a_mesh_at;
use crate::child::{Running, command_without_environment};
use crate::server_trials::Need;
use crate::trouble::Trouble;

/// Elixir.
pub const ELIXIR: Need = Need { word: "elixir", what: "Elixir", available };

const BUILD_LIMIT: Duration = Duration::from_secs(120);

fn available() -> Result<(), &'static str> {
    static IS_THERE: OnceLock<bool> = OnceLock::new();
    let runs = || Command::new("mix").arg("--version").output().is_ok_and(|output| output.status.success());
    if *IS_THERE.get_or_init(runs) { Ok(()) } else { Err("there is no mix: install elixir") }
}

/// The release of a program that knows nothing of clusters: `tests/elixir`.
#[derive(Debug)]
pub struct Release {
    folder: TempDir,
}

impl Release {
    /// Builds it.
    ///
    /// # Errors
    ///
    /// When it cannot be built.
    pub fn build() -> Result<Self, Trouble> {
        let release = Self { folder: tempfile::tempdir()? };
        let mut command = command("mix");
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("elixir"));
        command.env("MIX_ENV", "prod").env("MIX_BUILD_PATH", release.folder.path().join("build"));
        command.env("HOME", release.folder.path());
        command.args(["release", "--quiet", "--path"]).arg(release.place());
        Running::start(command, b"")?.finish(BUILD_LIMIT)?.with_code(0)?;
        Ok(release)
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("release")
    }

    /// Starts it at this address, with an environment of these variables. They name it, or leave that to the release.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(&self, address: &str, variables: &[(String, String)]) -> Result<Node, Trouble> {
        let mut command = command(self.place().join("bin/myapp"));
        command.arg("start").envs(variables.iter().cloned()).env("ERL_FLAGS", in_a_mesh_at(address).join(" "));
        let name = variables.iter().find(|(name, _)| name == "RELEASE_NODE").map_or("myapp", |(_, node)| node);
        Node::begin(name, command)
    }
}

fn command(program: impl AsRef<Path>) -> Command {
    let mut command = command_without_environment(program.as_ref());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", "/nonexistent");
    command
}
