//! The command that the server runs for.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};

use tokio::process::{Child, Command};

use crate::Failure;
use crate::signals::{Signals, Told};

/// Runs it to its end, and hands on how it ended.
pub(super) async fn run(
    program: &OsStr,
    arguments: &[OsString],
    kubeconfig: &Path,
    signals: &mut Signals,
) -> Result<ExitCode, Failure> {
    let failed =
        |error: std::io::Error| Failure::Failed(format!("cannot run {}: {error}", Path::new(program).display()));
    let mut child = Command::new(resolve(program))
        .args(arguments)
        .env("KUBECONFIG", kubeconfig)
        // They would win over KUBECONFIG, and lead to a real cluster.
        .env_remove("QUORATE_KUBECONFIG")
        .env_remove("QUORATE_CONTEXT")
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    loop {
        tokio::select! {
            status = child.wait() => return status.map(code).map_err(failed),
            told = signals.next() => match told {
                // A terminal interrupts the whole group: the command knows already, and decides.
                Told::Interrupt => {}
                Told::Terminate => terminate(&child),
            },
        }
    }
}

/// `quorate` is this very program, wherever it lies.
fn resolve(program: &OsStr) -> PathBuf {
    match std::env::current_exe() {
        Ok(ourselves) if program == "quorate" => ourselves,
        _ => program.into(),
    }
}

#[cfg(unix)]
fn terminate(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};

    // Without an id it has ended already; when the signal cannot be sent, too.
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(id) = id {
        kill_process(id, Signal::TERM).ok();
    }
}

#[cfg(not(unix))]
fn terminate(_: &Child) {}

/// A shell's convention: 128 and the signal that ended it.
fn code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status.code().or_else(|| signal.map(|signal| signal.saturating_add(128))).unwrap_or(1);
    u8::try_from(code).unwrap_or(1).into()
}
