//! Follows the Lease, and prints what happens.

use std::convert::Infallible;
use std::ops::ControlFlow;

use jiff::Timestamp;
use quorate_core::election::observer::{Event, Observer};
use quorate_transport_hyper::Client;
use tracing::{info, warn};

use super::queue::Queue;
use super::record::Record;
use super::{log, text};
use crate::lines::{Format, Lines};
use crate::signals::Signals;
use crate::{Failure, lines};

pub(super) async fn follow(mut observer: Observer, client: &Client, format: Format) -> Result<(), Failure> {
    let mut signals =
        Signals::listen().map_err(|error| Failure::Failed(format!("cannot listen for signals: {error}")))?;
    let config = observer.config().clone();
    let queue = Queue::new();
    let observing = quorate_runtime_tokio::run(&mut observer, client, |event| {
        // Lengths of time in it count from now on.
        match event {
            Event::AttemptFailed(_) => log(&event),
            event => queue.push((Timestamp::now(), event)),
        }
        ControlFlow::<Infallible>::Continue(())
    });
    let printing = async {
        let mut lines = Lines::new(format);
        loop {
            let ((now, event), lost) = queue.next().await;
            if lost > 0 {
                warn!("the reader was too slow: {lost} events were not printed");
            }
            let Some(record) = Record::of(&config, &event, now) else { continue };
            let printed = lines.print(|| record.to_json(now), || text::line(&record, now)).await;
            if let Err(error) = printed {
                break Failure::from(error);
            }
        }
    };
    tokio::select! {
        told = signals.next() => {
            info!("told to end: {told:?}");
            Ok(())
        }
        () = lines::closed() => Err(Failure::Closed),
        failure = printing => Err(failure),
        _ = observing => {
            Err(Failure::Failed("the Lease is followed no more, and nobody asked for that; please report this".into()))
        }
    }
}
