//! What a reflector follows, and how.

use core::time::Duration;

use crate::api::{LabelSelector, Namespace, Permission, Request, ResourceVersion, WatchFrom};
use crate::membership::config::MembershipFault;
use crate::membership::listing::ListingConfig;
use crate::membership::listing::ask::{label_selector, object_name};

/// The least that can work: a shorter time would have the server asked without a pause, or give up on every watch.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);
const SHORTEST_COMPARE_EVERY: Duration = Duration::from_secs(1);
const SHORTEST_IDLE_LIMIT: Duration = Duration::from_secs(1);
const LEAST_LINE_BYTES: usize = 64 * 1024;

/// What a watch takes in all.
const LIST_AND_WATCH: &[&str] = &["list", "watch"];

/// How a collection is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Follow {
    /// A list, then a watch of what changes after it.
    Watch {
        /// How often the view is compared with a fresh list, to a tenth more or less, at least 1 s. Default: 10 min.
        compare_every: Duration,
        /// How long a watch may be silent, at least 1 s; a server sends a bookmark about every minute. Default: 90 s.
        idle_limit: Duration,
        /// The longest line that is accepted, in bytes, at least 64 KiB. Default: 8 MiB; etcd's own limit for an object is
        /// 1.5 MiB.
        line_bytes: usize,
    },
    /// A list, again and again.
    Poll {
        /// The pause from one to the next, to a tenth more or less, at least 100 ms. Default: 5 s.
        interval: Duration,
    },
}

impl Follow {
    /// A watch with the defaults.
    pub const WATCH: Self = Self::Watch {
        compare_every: Duration::from_secs(600),
        idle_limit: Duration::from_secs(90),
        line_bytes: 8 * 1024 * 1024,
    };
    /// A poll with the defaults.
    pub const POLL: Self = Self::Poll { interval: Duration::from_secs(5) };

    /// What in it cannot work.
    pub(in crate::membership) fn faults(self) -> impl Iterator<Item = MembershipFault> {
        let too_short =
            |option, value, least| (value < least).then_some(MembershipFault::TooShort { option, value, least });
        let faults = match self {
            Self::Poll { interval } => [too_short("interval", interval, SHORTEST_INTERVAL), None, None],
            Self::Watch { compare_every, idle_limit, line_bytes } => [
                too_short("compare_every", compare_every, SHORTEST_COMPARE_EVERY),
                too_short("idle_limit", idle_limit, SHORTEST_IDLE_LIMIT),
                (line_bytes < LEAST_LINE_BYTES).then_some(MembershipFault::TooSmall {
                    option: "line_bytes",
                    value: line_bytes,
                    least: LEAST_LINE_BYTES,
                }),
            ],
        };
        faults.into_iter().flatten()
    }
}

impl Default for Follow {
    fn default() -> Self {
        Self::WATCH
    }
}

/// What a reflector follows, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ReflectorConfig {
    /// One collection: one namespace, or all of them.
    pub(crate) listing: ListingConfig,
    /// How it is followed; whoever builds it has proven that it has no faults.
    pub(crate) mode: Follow,
}

impl ReflectorConfig {
    pub(super) fn namespace(&self) -> Option<&Namespace> {
        self.listing.options().namespaces.first()
    }

    pub(super) fn request_timeout(&self) -> Duration {
        self.listing.options().request_timeout
    }

    pub(super) fn idle_limit(&self) -> Duration {
        match self.mode {
            Follow::Watch { idle_limit, .. } => idle_limit,
            Follow::Poll { .. } => Duration::MAX,
        }
    }

    pub(super) const fn line_bytes(&self) -> usize {
        match self.mode {
            Follow::Watch { line_bytes, .. } => line_bytes,
            Follow::Poll { .. } => 0,
        }
    }

    /// The request for what changes after a version. `pods_selector` is the Service's own, where the list had to read it.
    pub(super) fn watch_request(
        &self,
        pods_selector: Option<&LabelSelector>,
        after: &ResourceVersion,
        timeout: Duration,
    ) -> Request {
        let options = self.listing.options();
        Request::watch(&WatchFrom {
            resource: options.source.resource(),
            namespace: self.namespace(),
            label_selector: label_selector(options, pods_selector).as_ref(),
            name: object_name(options),
            resource_version: after,
            timeout_seconds: u32::try_from(timeout.as_secs()).unwrap_or(u32::MAX),
        })
    }

    /// The right that a watch takes.
    pub(super) fn watch_permission(&self) -> Permission {
        let resource = self.listing.options().source.resource();
        Permission::new("watch", LIST_AND_WATCH, resource, self.namespace().cloned())
    }

    /// The right that a listing was refused, in words of what we need: who may list only would be refused again.
    pub(super) fn listing_permission(&self, refused: Permission) -> Permission {
        match (self.mode, refused.verb) {
            (Follow::Watch { .. }, "list") => Permission { needed: LIST_AND_WATCH, ..refused },
            _ => refused,
        }
    }
}
