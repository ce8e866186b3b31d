//! The watch of who follows a Lease.

use super::{Actions, Observer, Phase};
use crate::api::lease::Lease;
use crate::api::{AnswerPart, Refusal, Request};
use crate::election::failure::ElectionFailure;
use crate::election::observation::News;
use crate::election::observer::event::Event;
use crate::election::watch::{Frame, Stream, Watch};
use crate::machine::RequestId;
use crate::time::Instant;

impl Observer {
    pub(super) fn watch_opens_at(&self) -> Option<Instant> {
        match &self.watch {
            Watch::Closed { reopen_at } if self.phase == Phase::Following && !self.doubt => Some(*reopen_at),
            _ => None,
        }
    }

    pub(super) fn open_watch(&mut self, actions: &mut Actions) {
        if self.watch_opens_at().is_none_or(|at| at > self.latest) {
            return;
        }
        let options = self.config.options();
        let after = self.observation.lease().map(Lease::version);
        let request = Request::watch_lease(&options.namespace, &options.name, after);
        // Without a version the stream begins with how it is by then.
        self.is_gapless = after.is_some();
        let id = self.ids.next();
        self.watch = Watch::Open { id, stream: Stream::Asked };
        actions.send(id, request);
    }

    pub(super) fn take_watch_part(&mut self, id: RequestId, part: AnswerPart<'_>, actions: &mut Actions) {
        let Watch::Open { stream, .. } = &mut self.watch else { return };
        let (frames, end) = stream.feed(part, &self.config.options().name);
        let is_streaming = matches!(stream, Stream::Lines(_));
        if is_streaming {
            self.watch_trouble = None;
        }
        for frame in frames {
            self.watch_backoff.reset();
            self.take_frame(frame, actions);
        }
        let Some(end) = end else { return };
        if end.is_err() && !matches!(part, AnswerPart::Failed(_) | AnswerPart::End) {
            actions.cancel(id);
        }
        self.watch = Watch::Closed { reopen_at: self.latest.saturating_add(self.watch_backoff.next()) };
        if let Err(failure) = end {
            self.watch_failed(failure, is_streaming, actions);
        }
    }

    fn take_frame(&mut self, frame: Frame, actions: &mut Actions) {
        match frame {
            Frame::Bookmark => {}
            Frame::Present(lease) => {
                self.observe(None, lease, actions);
                self.is_gapless = true;
            }
            Frame::Deleted(lease) => {
                if self.observation.take_deletion(lease.version(), self.latest) == News::Changed {
                    self.observe_absence(false, actions);
                }
            }
        }
    }

    fn watch_failed(&mut self, failure: ElectionFailure, was_streaming: bool, actions: &mut Actions) {
        // 410: what follows our version is no longer served. What cannot be read in a watch may be readable by itself.
        self.doubt |=
            matches!(failure, ElectionFailure::Refused(Refusal::Expired { .. }) | ElectionFailure::Undecodable(_));
        let is_expired = matches!(failure, ElectionFailure::Refused(Refusal::Expired { .. }));
        if was_streaming || is_expired {
            // It was open: the next one goes on from here.
            let error = self.error("watch", failure);
            return actions.emit(Event::AttemptFailed(error));
        }
        let before = self.watch_trouble.replace(failure.clone());
        self.tell_trouble("watch", failure, before.as_ref(), actions);
    }
}
