//! What the fuzzer makes of its bytes: a configuration, and operations on the machine.

use std::time::Duration;

use arbitrary::Arbitrary;
use quorate_core::api::{LabelSelector, Namespace, ServiceName};
use quorate_core::machine::Input;
use quorate_core::membership::listing::ListingOptions;

use super::answer::{Body, Part, Status};
use super::host::Host;
use crate::answer::Piece;
use crate::host::Host as _;
use crate::source::AnySource;

#[derive(Arbitrary, Debug)]
pub(super) struct Script<'a> {
    source: AnySource,
    namespaces: u8,
    with_selector: bool,
    with_service: bool,
    small_limits: bool,
    seed: u8,
    pub(super) operations: Vec<Operation<'a>>,
}

impl Script<'_> {
    pub(super) fn options(&self) -> ListingOptions {
        let namespaces = ["a", "b", "c"].iter().take(usize::from(self.namespaces % 4));
        let mut options = ListingOptions {
            source: self.source.into(),
            namespaces: namespaces.filter_map(|name| Namespace::parse(name).ok()).collect(),
            selector: LabelSelector::parse("app=web").ok().filter(|_| self.with_selector),
            service: ServiceName::parse("web").ok().filter(|_| self.with_service),
            seed: self.seed.into(),
            ..ListingOptions::default()
        };
        if self.small_limits {
            (options.page_bytes, options.object_limit) = (200, 3);
        }
        options
    }
}

#[derive(Arbitrary, Debug)]
pub(super) enum Operation<'a> {
    /// A whole answer, so that long listings are within the fuzzer's reach.
    Answer {
        status: Status,
        body: Body<'a>,
    },
    Part(Part<'a>),
    Pass {
        milliseconds: u16,
    },
    /// A host's clock must not go back; if it does all the same, nothing may break.
    Rewind {
        milliseconds: u16,
    },
    /// A part for an exchange that is not in flight.
    Stale {
        age: u8,
        part: Part<'a>,
    },
    Start,
    Timeout,
    UntilDeadline,
}

impl Operation<'_> {
    pub(super) fn play(&self, host: &mut Host) {
        match self {
            Self::Answer { status, body } => host.answer(&Piece::answer((*status).into(), None, body.bytes())),
            Self::Part(part) => host.answer(&[part.make(Body::bytes)]),
            Self::Pass { milliseconds } => host.pass(Duration::from_millis((*milliseconds).into())),
            Self::Rewind { milliseconds } => host.rewind(Duration::from_millis((*milliseconds).into())),
            Self::Stale { age, part } => host.answer_late(*age, &part.make(Body::bytes)),
            Self::Start => host.feed(Input::Start),
            Self::Timeout => host.feed(Input::Timeout),
            Self::UntilDeadline => host.wait(),
        }
    }
}
