//! What machines tell, as `tracing` events.

use quorate_core::machine::Severity;
use quorate_core::membership::Event;
use tracing::{debug, info, warn};

/// One line an event, at the level that its severity asks for.
pub(crate) fn membership(event: &Event) {
    match event.severity() {
        Severity::Debug => debug!(target: "quorate::membership", "{event}"),
        Severity::Info => info!(target: "quorate::membership", "{event}"),
        Severity::Warning => warn!(target: "quorate::membership", "{event}"),
    }
}
