//! What is printed as it happens: a line each, with the seconds since the beginning.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};

use super::feed::{Told, Who};
use crate::keep::monotonic_seconds;

pub(super) struct Timeline {
    began: f64,
}

impl Timeline {
    pub(super) fn begin() -> Self {
        Self { began: monotonic_seconds() }
    }

    /// What the demo does next.
    pub(super) fn scene(&self, text: &str) {
        self.line(monotonic_seconds(), "", text, Style::new().bold());
    }

    /// What somebody tells, if it is worth a line.
    pub(super) fn show(&self, told: &Told) {
        let Some(text) = text(told) else { return };
        let (who, colour) = match told.who {
            Who::Members => (String::from("members"), AnsiColor::Cyan),
            Who::Candidate(number) => (format!("candidate-{number}"), AnsiColor::Yellow),
            Who::Work(number) => (format!("  its work-{number}"), AnsiColor::Green),
        };
        self.line(told.at, &who, &text, Style::new().fg_color(Some(colour.into())));
    }

    fn line(&self, at: f64, who: &str, text: &str, style: Style) {
        let since = (at - self.began).max(0.0);
        let mut out = anstream::stdout().lock();
        // When nobody reads on, the measures at the end will say so.
        let _ = if who.is_empty() {
            writeln!(out, "{since:6.2} s  {style}{text}{style:#}")
        } else {
            writeln!(out, "{since:6.2} s    {style}{who:<13}{style:#} {text}")
        };
    }
}

fn text(told: &Told) -> Option<String> {
    let name = told.text("name");
    Some(match (told.who, told.event()) {
        (Who::Members, "joined") => format!("{name} joined"),
        (Who::Members, "left") => format!("{name} left: {}", told.text("reason")),
        (Who::Members, "changed") => format!("{name} is {}", told.text("state")),
        (Who::Members, "connected") => format!("{name} connected"),
        (Who::Members, "disconnected") => format!("{name} disconnected: {}", told.text("reason")),
        (Who::Members, "degraded") => "the API cannot be asked; the last view stands, and every link".into(),
        (Who::Members, "live") => "the view is current".into(),
        (Who::Candidate(_), "acquired") => format!("leads, fencing token {}", told.text("fencingToken")),
        (Who::Candidate(_), "lost") => format!("has lost its term: {}", told.text("reason")),
        (Who::Candidate(_), "stepping_down") => format!("steps down: {}", told.text("reason")),
        (Who::Candidate(_), "released") => "has released the Lease".into(),
        (Who::Candidate(_), "standing") => "stands for election".into(),
        (Who::Work(_), "work_started") => "started".into(),
        (Who::Work(_), "work_ended") => "stopped".into(),
        _ => return None,
    })
}
