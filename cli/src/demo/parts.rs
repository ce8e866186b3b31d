//! The two programs that the demo needs and this one plays: a connector, and the work of a leader.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use crate::keep::monotonic_seconds;
use crate::signals::Signals;

/// What this program is called when it is the connector: a link to it has this name.
pub(super) const CONNECTOR: &str = "quorate-demo-connector";
/// Where the connector keeps a file for each link.
pub(super) const LINKS: &str = "QUORATE_DEMO_LINKS";
/// Where the work writes down when it ran.
pub(super) const LOG: &str = "QUORATE_DEMO_LOG";

/// What a link takes to come up.
const DIAL: Duration = Duration::from_millis(20);
/// How often the work says that it runs.
const BEAT: Duration = Duration::from_millis(20);
/// What the work has yet to do when it is told to stop.
const LAST_THINGS: Duration = Duration::from_millis(150);

/// The exit code of a connector that was asked for something else.
const USAGE: u8 = 64;

/// Plays the connector, if that is what this program is called.
pub(crate) fn connector() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    let name = arguments.next().map(PathBuf::from)?;
    if name.file_name()? != CONNECTOR {
        return None;
    }
    let links = PathBuf::from(std::env::var_os(LINKS)?);
    let arguments: Vec<_> = arguments.filter_map(|argument| argument.into_string().ok()).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    Some(act(&links, &arguments).unwrap_or(ExitCode::FAILURE))
}

fn act(links: &Path, arguments: &[&str]) -> io::Result<ExitCode> {
    match arguments {
        ["connect", peer] => {
            thread::sleep(DIAL);
            fs::write(links.join(peer), "")?;
        }
        ["disconnect", peer] => match fs::remove_file(links.join(peer)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        },
        ["list"] => {
            let mut out = io::stdout().lock();
            for link in fs::read_dir(links)? {
                writeln!(out, "{}", link?.file_name().to_string_lossy())?;
            }
        }
        _ => return Ok(ExitCode::from(USAGE)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Works until it is told to stop, and says so all the while.
pub(super) async fn work() -> io::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let log = std::env::var_os(LOG).ok_or_else(|| io::Error::other("it is for the demo alone"))?;
    let mut log = OpenOptions::new().append(true).create(true).open(log)?;
    let token = std::env::var("LEADER_FENCING_TOKEN").unwrap_or_default();
    let mut say = |event: &str| {
        let line = serde_json::json!({"event": event, "monotonic": monotonic_seconds(), "token": token});
        log.write_all(format!("{line}\n").as_bytes())
    };
    say("work_started")?;
    loop {
        tokio::select! {
            _ = signals.next() => break,
            () = tokio::time::sleep(BEAT) => say("working")?,
        }
    }
    tokio::time::sleep(LAST_THINGS).await;
    say("work_ended")?;
    Ok(ExitCode::SUCCESS)
}
