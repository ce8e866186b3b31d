//! What people are told of the election, on standard error.

use quorate_core::election::Event;
use quorate_core::machine::Severity;
use tracing::{debug, info, warn};

pub(super) fn event(event: &Event) {
    match event.severity() {
        Severity::Debug => debug!("{event}"),
        Severity::Info => info!("{event}"),
        Severity::Warning => warn!("{event}"),
    }
}
