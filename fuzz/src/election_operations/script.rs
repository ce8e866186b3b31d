//! What a script may do to a candidate.

use std::time::Duration;

use arbitrary::Arbitrary;
use quorate_core::election::Report;
use quorate_core::machine::Input;

use super::answer::{Body, Part, Status, Word};
use super::host::Host;
use super::settings::Settings;
use crate::answer::{Kind, RetryAfter};
use crate::host::Host as _;

pub(super) type Script<'a> = crate::script::Script<Settings, Operation<'a>>;

pub(super) const MOST_OPERATIONS: usize = 200;

/// The sane world that may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The Lease is free.
    Free,
    /// Its holder has crashed.
    Crashed,
    /// Its holder has renewed it, and crashed, and the watch has told nothing of it.
    Deaf,
}

impl Ending {
    pub(super) const fn of(script: &Script<'_>) -> Option<Self> {
        match script.ending {
            1 => Some(Self::Free),
            2 => Some(Self::Crashed),
            3 => Some(Self::Deaf),
            _ => None,
        }
    }
}

#[derive(Arbitrary, Debug)]
pub(super) enum Operation<'a> {
    /// The write in flight takes effect and is answered; the read is answered by what is stored.
    Serve,
    UntilDeadline,
    /// A whole answer.
    Answer {
        status: Status,
        retry_after: RetryAfter,
        body: Body<'a>,
    },
    Watch(Word<'a>),
    Pass {
        milliseconds: u16,
    },
    Report(Said),
    /// The write in flight takes effect, and its answer is lost.
    Lose(Kind),
    Part(Part<'a>),
    Start,
    Timeout,
    /// As a machine that was suspended, or a host that was stopped.
    Jump {
        seconds: u16,
    },
    /// A host's clock must not go back; if it does all the same, nothing may break.
    Rewind {
        milliseconds: u16,
    },
    SetWall {
        seconds: u32,
    },
    /// A part for an exchange that is not in flight.
    Stale {
        age: u8,
        part: Part<'a>,
    },
    /// A copy is told that all time has passed.
    EndOfTime,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Said {
    /// Of the work that was started last.
    WorkEnded,
    /// Of work before it.
    OldWorkEnded(u8),
    StepDown,
    Stand,
    Shutdown,
}

impl Operation<'_> {
    pub(super) fn play(&self, host: &mut Host) {
        match self {
            Self::Serve => host.serve(),
            Self::UntilDeadline => host.wait(),
            Self::Answer { status, retry_after, body } => host.answer((*status).into(), retry_after.text(), body),
            Self::Watch(word) => host.watch(word),
            Self::Pass { milliseconds } => host.pass(Duration::from_millis((*milliseconds).into())),
            Self::Report(said) => host.say(*said),
            Self::Lose(kind) => host.lose(*kind),
            Self::Part(part) => host.part(part),
            Self::Start => host.feed(Input::Start),
            Self::Timeout => host.feed(Input::Timeout),
            Self::Jump { seconds } => host.pass(Duration::from_secs((*seconds).into())),
            Self::Rewind { milliseconds } => host.rewind(Duration::from_millis((*milliseconds).into())),
            Self::SetWall { seconds } => host.driver.clock.set_wall(*seconds),
            Self::Stale { age, part } => host.stale(*age, part),
            Self::EndOfTime => host.driver.end_of_time(&Report::StepDown),
        }
    }
}

impl Said {
    pub(super) fn report(self, host: &Host) -> Option<Report> {
        match self {
            Self::WorkEnded => host.token(0).map(|term| Report::WorkEnded { term }),
            Self::OldWorkEnded(age) => host.token(1 + usize::from(age)).map(|term| Report::WorkEnded { term }),
            Self::StepDown => Some(Report::StepDown),
            Self::Stand => Some(Report::Stand),
            Self::Shutdown => Some(Report::Shutdown),
        }
    }
}
