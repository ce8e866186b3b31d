//! What a membership tells, as `tracing` events, and the span that they belong to.

use quorate_core::machine::Severity;
use quorate_core::membership::{Change, Event, LinkEvent, Member, MembershipConfig};
use tracing::field::display;
use tracing::{Span, debug, info, warn, warn_span};

/// The target of all that a membership tells.
pub(crate) const MEMBERSHIP: &str = "quorate::membership";

/// The span of one membership: which of several it is.
pub(crate) fn span(config: &MembershipConfig) -> Span {
    let listing = &config.options().listing;
    let namespaces: Vec<_> = listing.namespaces.iter().map(ToString::to_string).collect();
    // At the level of the gravest event: a span below the level that is shown would leave its events without their fields.
    warn_span!(
        target: MEMBERSHIP,
        "membership",
        selector = listing.selector.as_ref().map(display),
        service = listing.service.as_ref().map(display),
        namespaces = (!namespaces.is_empty()).then(|| display(namespaces.join(","))),
    )
}

/// One line an event, at the level that its severity asks for, with the fields that one would search by.
pub(crate) fn event(event: &Event) {
    let (kind, member) = (kind(event), member(event));
    let name = member.map(|member| display(&member.name));
    let address = member.map(|member| display(member.address));
    let pod = member.and_then(|member| member.pod.as_ref()).map(|pod| &*pod.name);
    macro_rules! tell {
        ($level:ident) => {
            $level!(target: MEMBERSHIP, kind, member = name, address, pod, "{event}")
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
        Event::Change(Change::Joined(_)) => "joined",
        Event::Change(Change::Changed { .. }) => "changed",
        Event::Change(Change::Left { .. }) => "left",
        Event::Confirming { .. } => "confirming",
        Event::Link(LinkEvent::Connected { .. }) => "connected",
        Event::Link(LinkEvent::Found { .. }) => "found",
        Event::Link(LinkEvent::ConnectFailed { .. }) => "connect-failed",
        Event::Link(LinkEvent::Disconnected { .. }) => "disconnected",
        Event::Link(LinkEvent::DisconnectFailed { .. }) => "disconnect-failed",
        Event::Link(LinkEvent::Dropped { .. }) => "dropped",
        Event::Link(LinkEvent::ListFailed { .. }) => "list-failed",
        Event::Link(_) => "link",
        Event::Skipped(_) => "skipped",
        Event::Source(_) => "source",
        Event::Standing(_) => "standing",
        Event::Synced { .. } => "synced",
        // `Event` may grow; its line tells the rest.
        _ => "other",
    }
}

fn member(event: &Event) -> Option<&Member> {
    match event {
        Event::Change(Change::Joined(member) | Change::Changed { after: member, .. } | Change::Left { member, .. })
        | Event::Link(
            LinkEvent::Connected { peer: member }
            | LinkEvent::Found { peer: member }
            | LinkEvent::ConnectFailed { peer: member, .. }
            | LinkEvent::Disconnected { peer: member, .. }
            | LinkEvent::DisconnectFailed { peer: member, .. }
            | LinkEvent::Dropped { peer: member },
        ) => Some(member),
        _ => None,
    }
}
