//! What a script may do to a membership.

use std::time::Duration;

use arbitrary::Arbitrary;
use quorate_core::machine::Input;
use quorate_core::membership::Report;

use super::answer::{AnyObject, Body, Part, Status, Word};
use super::host::Host;
use super::settings::Settings;
use crate::answer::RetryAfter;
use crate::host::Host as _;

pub(super) type Script<'a> = crate::script::Script<Settings, Operation<'a>>;

pub(super) const MOST_OPERATIONS: usize = 150;

/// Whether a sane server and a sane connector follow, and everything must be as wanted in the end.
pub(super) const fn settles(script: &Script<'_>) -> bool {
    script.ending == 1
}

/// `which` is one of the exchanges, or of the attempts, in flight.
#[derive(Arbitrary, Debug)]
pub(super) enum Operation<'a> {
    /// Answers as the server is: a list, a Service, the head of a watch, or its next event.
    Serve {
        which: u8,
        halves: bool,
    },
    Change(AnyObject),
    UntilDeadline,
    /// An attempt on a link ends, or who is connected is listed, as it is.
    Obey {
        which: u8,
        well: bool,
    },
    Delete {
        name: u8,
        namespace: u8,
    },
    /// A selector breaks: nobody is there.
    Clear,
    Answer {
        which: u8,
        status: Status,
        retry_after: RetryAfter,
        body: Body<'a>,
    },
    Watch {
        which: u8,
        word: Word<'a>,
    },
    Pass {
        milliseconds: u16,
    },
    Drop {
        which: u8,
    },
    /// The connector says what is not so, or that it cannot tell.
    List(Lie),
    Drain,
    Part {
        which: u8,
        part: Part<'a>,
    },
    Start,
    Timeout,
    Jump {
        seconds: u16,
    },
    /// A host's clock must not go back; if it does all the same, nothing may break.
    Rewind {
        milliseconds: u16,
    },
    /// A part for an exchange, or a report on an attempt, that is not in flight.
    Stale {
        age: u8,
        part: Part<'a>,
    },
    StaleReport {
        age: u8,
        well: bool,
    },
    EndOfTime,
}

#[derive(Arbitrary, Clone, Debug)]
pub(super) enum Lie {
    CannotTell,
    Fails,
    Names(Vec<u8>),
}

impl Operation<'_> {
    pub(super) fn play(&self, host: &mut Host) {
        match self {
            Self::Serve { which, halves } => host.serve(*which, *halves),
            Self::Change(object) => host.server.put(object),
            Self::UntilDeadline => host.wait(),
            Self::Obey { which, well } => host.obey(*which, *well),
            Self::Delete { name, namespace } => host.server.delete(*name, *namespace),
            Self::Clear => host.server.clear(),
            Self::Answer { which, status, retry_after, body } => {
                host.answer(*which, (*status).into(), retry_after.text(), body);
            }
            Self::Watch { which, word } => host.watch(*which, word),
            Self::Pass { milliseconds } => host.pass(Duration::from_millis((*milliseconds).into())),
            Self::Drop { which } => host.drop_link(*which),
            Self::List(lie) => host.list(lie),
            Self::Drain => host.feed(Input::Report(&Report::Drain)),
            Self::Part { which, part } => host.part(*which, part),
            Self::Start => host.feed(Input::Start),
            Self::Timeout => host.feed(Input::Timeout),
            Self::Jump { seconds } => host.pass(Duration::from_secs((*seconds).into())),
            Self::Rewind { milliseconds } => host.rewind(Duration::from_millis((*milliseconds).into())),
            Self::Stale { age, part } => host.stale(*age, part),
            Self::StaleReport { age, well } => host.stale_report(*age, *well),
            Self::EndOfTime => host.driver.end_of_time(&Report::Drain),
        }
    }
}
