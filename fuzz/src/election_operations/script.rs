//! What the fuzzer makes of its bytes: a configuration, and operations on the machine.

use std::time::Duration;

use arbitrary::Arbitrary;
use quorate_core::election::Report;
use quorate_core::machine::Input;

use super::answer::{Body, Part, Status, Word};
use super::host::Host;
use super::settings::Settings;
use crate::answer::{Kind, RetryAfter};

/// The account is slow on purpose: longer scripts would teach the fuzzer nothing but patience.
const LONGEST: usize = 200;

#[derive(Arbitrary, Debug)]
pub(super) struct Script<'a> {
    pub(super) settings: Settings,
    /// Whether a sane server follows, with a Lease that is free or of a holder that has crashed: the candidate must lead in the end.
    settles: u8,
    operations: Vec<Operation<'a>>,
}

impl<'a> Script<'a> {
    /// Seldom, as it takes long.
    pub(super) const fn settles(&self) -> Option<&'static str> {
        match self.settles {
            1 => Some(""),
            2 => Some("crashed"),
            _ => None,
        }
    }

    pub(super) fn operations(&self) -> impl Iterator<Item = &Operation<'a>> {
        self.operations.iter().take(LONGEST)
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
            Self::Answer { status, retry_after, body } => {
                host.answer(status.code(), retry_after.text().as_deref(), body)
            }
            Self::Watch(word) => host.watch(word),
            Self::Pass { milliseconds } => host.pass(Duration::from_millis((*milliseconds).into())),
            Self::Report(said) => host.say(*said),
            Self::Lose(kind) => host.lose(*kind),
            Self::Part(part) => host.part(part),
            Self::Start => host.feed(Input::Start),
            Self::Timeout => host.feed(Input::Timeout),
            Self::Jump { seconds } => host.pass(Duration::from_secs((*seconds).into())),
            Self::Rewind { milliseconds } => host.rewind(Duration::from_millis((*milliseconds).into())),
            Self::SetWall { seconds } => host.set_wall(*seconds),
            Self::Stale { age, part } => host.stale(*age, part),
            Self::EndOfTime => host.end_of_time(),
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
