//! The last step before the command: the process that becomes it.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process;

use crate::Failure;

/// Becomes the command, which the kernel kills when its keeper dies. Returns only if it cannot be run.
pub(super) fn replace_this_process(keeper: u32, command: &[OsString]) -> Failure {
    let Some((program, arguments)) = command.split_first() else {
        return Failure::Exit { message: "there is no command".into(), code: 2 };
    };
    if let Err(error) = die_with(keeper) {
        return Failure::Exit { message: format!("cannot tie the command to its keeper: {error}"), code: 125 };
    }
    let error = process::Command::new(program).args(arguments).exec();
    // As shells say it.
    let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    Failure::Exit { message: format!("cannot run {}: {error}", Path::new(program).display()), code }
}

#[cfg(any(target_os = "android", target_os = "linux"))]
fn die_with(keeper: u32) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before.
    let parent = getppid().map(|parent| parent.as_raw_nonzero().get());
    if parent.and_then(|parent| u32::try_from(parent).ok()) == Some(keeper) {
        return Ok(());
    }
    Err(io::Error::other("it is gone"))
}

/// Elsewhere the keeper's own end is all there is.
#[cfg(not(any(target_os = "android", target_os = "linux")))]
fn die_with(_: u32) -> io::Result<()> {
    Ok(())
}
