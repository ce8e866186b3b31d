//! Programs that tests run: built by cargo, in the profile and the target folder of the very test.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::target_folder;
use crate::trouble::Trouble;

/// The benchmark's other contestant, in a workspace of its own.
///
/// # Errors
///
/// When it cannot be built.
pub fn kube_rs_contestant() -> Result<PathBuf, Trouble> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/Cargo.toml");
    let arguments = ["--locked", "--bin", "kube-rs-contestant", "--manifest-path"].map(OsStr::new);
    let folder = target_folder::find().map(|folder| folder.join("peers"));
    build(arguments.into_iter().chain([manifest.as_os_str()]), folder, "kube-rs' part")
}

/// What cargo builds with these arguments, in this workspace.
pub(crate) fn program(arguments: &[&str], what: &str) -> Result<PathBuf, Trouble> {
    build(arguments.iter().map(OsStr::new), target_folder::find(), what)
}

fn build<'a>(
    arguments: impl Iterator<Item = &'a OsStr>,
    folder: Option<PathBuf>,
    what: &str,
) -> Result<PathBuf, Trouble> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut command = Command::new(cargo);
    // What cargo told us of this package would make build scripts of dependencies run again, every time.
    for (name, _) in std::env::vars_os() {
        let of_this_package =
            ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|start| name.to_string_lossy().starts_with(start));
        if of_this_package {
            command.env_remove(name);
        }
    }
    command.args(["build", "--quiet", "--message-format", "json"]).args(arguments);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    if let Some(folder) = folder {
        command.arg("--target-dir").arg(folder);
    }
    let output = command.output().map_err(Trouble::during(format!("building {what}")))?;
    if !output.status.success() {
        return Err(Trouble::new(format!("building {what}: cargo ended with {}", output.status)));
    }
    let messages = output.stdout.split(|byte| *byte == b'\n');
    let mut messages = messages.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let program = messages.find_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)));
    program.ok_or_else(|| Trouble::new(format!("building {what}: cargo did not say where it is")))
}
