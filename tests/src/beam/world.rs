//! A world of its own for a test binary: no network but what it makes, and no process that outlives it.

use std::env;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::OnceLock;

use crate::api_server::ApiServer;
use crate::quorate_command::Quorate;
use crate::server_trials::Need;
use crate::trouble::Trouble;

/// Says that this process is in it.
const INSIDE: &str = "QUORATE_TESTS_ARE_IN_A_WORLD";

/// The end of this shell, the first process, is the end of all others. Namespaces are named under `/var/run`.
const FIRST_PROCESS: &str = r#"mount -t tmpfs none /var/run && ip link set lo up && "$0" "$@"; exit $?"#;

/// How long everything in there may take, in seconds.
const LIMIT: &str = "300";

/// The right to make network namespaces, and `ip`.
pub const NAMESPACES: Need = Need { word: "namespaces", what: "network namespaces", available };

/// Goes on in a world of its own: returns only there, or where none is to be had, or needed.
///
/// # Errors
///
/// When it should be possible, and is not.
pub fn enter() -> Result<(), Trouble> {
    if is_inside() || available().is_err() {
        return Ok(());
    }
    // Nothing can be fetched in there: what has to be built is built here.
    let Ok((name, folder)) = ApiServer::built() else { return Ok(()) };
    let mut command = in_a_world(env::current_exe()?);
    command.args(env::args_os().skip(1)).env(INSIDE, "yes");
    command.env(name, folder).env("QUORATE_BIN", Quorate::program()?);
    Err(command.exec().into())
}

fn is_inside() -> bool {
    env::var_os(INSIDE).is_some()
}

fn in_a_world(program: impl AsRef<OsStr>) -> Command {
    // Whatever hangs in there holds nobody up for long.
    let mut command = Command::new("timeout");
    command.args([
        "--foreground",
        "--verbose",
        "--kill-after=5",
        LIMIT,
        "unshare",
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "sh",
        "-c",
        FIRST_PROCESS,
    ]);
    command.arg(program);
    command
}

fn available() -> Result<(), &'static str> {
    static TRIED: OnceLock<Result<(), String>> = OnceLock::new();
    let tried = TRIED.get_or_init(|| if is_inside() { Ok(()) } else { attempt() });
    tried.as_ref().copied().map_err(String::as_str)
}

fn attempt() -> Result<(), String> {
    let tried = in_a_world("ip").args(["netns", "add", "probe"]).output();
    let output = tried.map_err(|error| format!("there is no unshare: install util-linux ({error})"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(format!("root may make network namespaces with ip (install iproute2), we may not: {said}"))
}
