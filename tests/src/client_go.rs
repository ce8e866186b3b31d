//! A candidate of client-go's leader election (`tests/kube-apiserver/candidate`), as a rival of ours.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::child::{Running, command_without_environment};
use crate::target_folder;
use crate::trouble::Trouble;

/// How long it takes to build it, the first time on a machine.
const BUILD_LIMIT: Duration = Duration::from_secs(300);
/// How long it takes to end when it is told to.
const END_LIMIT: Duration = Duration::from_secs(10);

/// One that runs. Dropping it kills it.
#[derive(Debug)]
pub struct ClientGo {
    running: Running,
}

impl ClientGo {
    /// Starts one under this name, with these flags besides.
    ///
    /// # Errors
    ///
    /// When it cannot be built.
    pub fn start(kubeconfig: &Path, identity: &str, flags: &[&str]) -> Result<Self, Trouble> {
        static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let program = PROGRAM.get_or_init(|| build().map_err(|trouble| trouble.to_string()));
        let mut command = command_without_environment(program.as_ref().map_err(Trouble::new)?);
        command.arg("-kubeconfig").arg(kubeconfig).args(["-identity", identity]).args(flags);
        Ok(Self { running: Running::start(command, b"")? })
    }

    /// When this happened last: `standing`, `leading` or `stopped`.
    ///
    /// # Errors
    ///
    /// When what it has printed cannot be read.
    pub fn last(&self, event: &str) -> Result<Option<Timestamp>, Trouble> {
        Ok(self.events()?.into_iter().rev().find(|(_, found)| found == event).map(|(time, _)| time))
    }

    /// Everything that it has told so far, and when.
    ///
    /// # Errors
    ///
    /// When what it has printed cannot be read.
    pub fn events(&self) -> Result<Vec<(Timestamp, String)>, Trouble> {
        let printed = self.running.stdout_from(0)?;
        // The last line may still be on its way.
        let lines = printed.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let text = |line: &Value, field: &str| line.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        lines.map(|line| Ok((text(&line, "time").parse()?, text(&line, "event")))).collect()
    }

    /// Tells it to end: it releases the Lease.
    ///
    /// # Errors
    ///
    /// When it does not end.
    pub fn terminate(self) -> Result<(), Trouble> {
        self.running.terminate(END_LIMIT).map(drop)
    }
}

fn build() -> Result<PathBuf, Trouble> {
    let folder = target_folder::temporary()?.join("client-go");
    let program = folder.join("candidate");
    let mut command = Command::new("go");
    command.args(["build", "-trimpath", "-o"]).arg(&program).arg("./candidate");
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("kube-apiserver"));
    Running::start(command, b"")?.finish(BUILD_LIMIT)?.with_code(0)?;
    Ok(program)
}
