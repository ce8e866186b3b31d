//! What an election tells, as `tracing` events, and the span that they belong to.

use quorate_core::election::{ElectionConfig, Event, FencingToken};
use quorate_core::machine::Severity;
use tracing::field::display;
use tracing::{Span, debug, info, warn, warn_span};

/// The target of all that an election tells.
pub(super) const ELECTION: &str = "quorate::election";

/// The span of one election: for which Lease, and as whom.
pub(super) fn span(config: &ElectionConfig) -> Span {
    let options = config.options();
    // At the level of the gravest event: a span below the level that is shown would leave its events without their fields.
    warn_span!(
        target: ELECTION,
        "election",
        lease = %options.name,
        namespace = %options.namespace,
        identity = %config.identity(),
    )
}

/// One line an event, at the level that its severity asks for, with the fields that one would search by.
pub(super) fn event(event: &Event) {
    let kind = kind(event);
    let term = term(event).map(display);
    macro_rules! tell {
        ($level:ident) => {
            $level!(target: ELECTION, kind, term, "{event}")
        };
    }
    match event.severity() {
        Severity::Debug => tell!(debug),
        Severity::Info => tell!(info),
        Severity::Warning => tell!(warn),
    }
}

const fn kind(event: &Event) -> &'static str {
    match event {
        Event::Acquired { .. } => "acquired",
        Event::Created { .. } => "created",
        Event::ForeignStrategy { .. } => "foreign-strategy",
        Event::HistoryBreak => "history-break",
        Event::Lost { .. } => "lost",
        Event::NotReleased => "not-released",
        Event::ObservedHolder { .. } => "observed-holder",
        Event::ReadFailed(_) => "read-failed",
        Event::Released => "released",
        Event::Renewed { .. } => "renewed",
        Event::RenewFailed { .. } => "renew-failed",
        Event::Standing => "standing",
        Event::SteppingDown { .. } => "stepping-down",
        Event::WatchFailed(_) => "watch-failed",
        Event::Withdrawn => "withdrawn",
        Event::WriteFailed(_) => "write-failed",
        // `Event` may grow; its line tells the rest.
        _ => "other",
    }
}

const fn term(event: &Event) -> Option<&FencingToken> {
    match event {
        Event::Acquired { term }
        | Event::Lost { term, .. }
        | Event::Renewed { term }
        | Event::RenewFailed { term, .. }
        | Event::SteppingDown { term, .. } => Some(term),
        _ => None,
    }
}
