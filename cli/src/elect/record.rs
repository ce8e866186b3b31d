//! What `--events` gets: a JSON object a line, stable.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use quorate_core::election::Event;
use serde::Serialize;
use tracing::warn;

use crate::keep::monotonic_seconds;

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(super) enum Record {
    Acquired { fencing_token: String },
    ChildExited { fencing_token: String, code: u8 },
    ChildStarted { fencing_token: String, pid: i32 },
    Created { wait: f64 },
    Lost { fencing_token: String, reason: String },
    ObservedHolder { holder: Option<String>, is_ours: bool },
    Released,
    RenewFailed { fencing_token: String, left: f64, reason: String },
    Renewed { fencing_token: String },
    Standing,
    SteppingDown { fencing_token: String, reason: String },
}

impl Record {
    /// What is told of the event, if anything is.
    pub(super) fn of(event: &Event) -> Option<Self> {
        Some(match event {
            Event::Acquired { term } => Self::Acquired { fencing_token: term.to_string() },
            Event::Created { wait } => Self::Created { wait: seconds(*wait) },
            Event::Lost { term, cause } => Self::Lost { fencing_token: term.to_string(), reason: cause.to_string() },
            Event::ObservedHolder { holder, is_ours } => {
                Self::ObservedHolder { holder: holder.as_deref().map(String::from), is_ours: *is_ours }
            }
            Event::Released => Self::Released,
            Event::Renewed { term } => Self::Renewed { fencing_token: term.to_string() },
            Event::RenewFailed { term, left, error } => {
                Self::RenewFailed { fencing_token: term.to_string(), left: seconds(*left), reason: error.to_string() }
            }
            Event::Standing => Self::Standing,
            Event::SteppingDown { term, reason } => {
                Self::SteppingDown { fencing_token: term.to_string(), reason: reason.to_string() }
            }
            _ => return None,
        })
    }
}

/// No more than milliseconds.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Where they are written.
pub(super) struct Journal {
    file: Option<File>,
}

impl Journal {
    pub(super) fn open(path: Option<PathBuf>) -> Result<Self, String> {
        let open = |path: PathBuf| {
            let file = OpenOptions::new().append(true).create(true).open(&path);
            file.map_err(|error| format!("cannot write the events to {}: {error}", path.display()))
        };
        Ok(Self { file: path.map(open).transpose()? })
    }

    /// Appends one line at once, so that several candidates may share the file.
    pub(super) fn write(&mut self, record: &Record) {
        #[derive(Serialize)]
        struct Timed<'r> {
            time: String,
            /// Seconds on a clock that all processes of the machine share, and that nobody sets.
            monotonic: f64,
            #[serde(flatten)]
            record: &'r Record,
        }

        let Some(file) = &mut self.file else { return };
        let time = format!("{:.6}", Timestamp::now());
        let monotonic = (monotonic_seconds() * 1e6).round() / 1e6;
        let written = serde_json::to_vec(&Timed { time, monotonic, record }).map_err(std::io::Error::from);
        let written = written.and_then(|mut line| {
            line.push(b'\n');
            file.write_all(&line)
        });
        if let Err(error) = written {
            warn!("cannot write an event: {error}; no more are written");
            self.file = None;
        }
    }
}
