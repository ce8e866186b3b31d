//! Configurations, sensible ones and any.

use std::time::Duration;

use arbitrary::Arbitrary;
use quorate_core::api::{LabelSelector, Namespace, ServiceName};
use quorate_core::membership::listing::ListingOptions;
use quorate_core::membership::{Admission, Family, Follow, Keep, LinkOptions, MembershipOptions, Policy, Share};
use quorate_core::name::{Basename, NameMode, Naming};

use crate::source::AnySource;

#[derive(Arbitrary, Debug)]
pub(super) struct Settings {
    source: AnySource,
    namespaces: u8,
    has_selector: bool,
    has_service: bool,
    has_small_limits: bool,
    follow: AnyFollow,
    mode: Mode,
    has_basename: bool,
    admission: u8,
    family: Option<bool>,
    share: u8,
    seed: u8,
    links: AnyLinks,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Mode {
    Ip,
    Hostname,
    Dns,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum AnyFollow {
    Watch,
    WatchOften { compare_every: u8, idle_limit: u8 },
    Poll { milliseconds: u16 },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct AnyLinks {
    itself: Option<u8>,
    parallel: u8,
    keeps_ready_only: bool,
    disconnect_after: Option<u8>,
    terminating_after: Option<u8>,
    times: Option<(u16, u16, u16, u16)>,
}

impl Settings {
    pub(super) fn options(&self) -> MembershipOptions {
        let namespaces = ["a", "b", "c"].iter().take(usize::from(self.namespaces % 4));
        let mut listing = ListingOptions {
            source: self.source.into(),
            namespaces: namespaces.filter_map(|name| Namespace::parse(name).ok()).collect(),
            selector: LabelSelector::parse("app=web").ok().filter(|_| self.has_selector || !self.has_service),
            service: ServiceName::parse("web").ok().filter(|_| self.has_service),
            seed: self.seed.into(),
            ..ListingOptions::default()
        };
        if self.has_small_limits {
            (listing.page_bytes, listing.object_limit) = (2000, 5);
        }
        MembershipOptions {
            listing,
            policy: self.policy(),
            follow: match self.follow {
                AnyFollow::Watch => Follow::WATCH,
                AnyFollow::WatchOften { compare_every, idle_limit } => Follow::Watch {
                    compare_every: Duration::from_secs(compare_every.into()),
                    idle_limit: Duration::from_secs(idle_limit.into()),
                    line_bytes: 64 * 1024,
                },
                AnyFollow::Poll { milliseconds } => {
                    Follow::Poll { interval: Duration::from_millis(milliseconds.into()) }
                }
            },
            confirm_removals_over: Share::percent(self.share % 101).unwrap_or_default(),
        }
    }

    fn policy(&self) -> Policy {
        let naming = Naming {
            basename: Basename::parse("app").ok().filter(|_| self.has_basename),
            mode: match self.mode {
                Mode::Ip => NameMode::Ip,
                Mode::Hostname => NameMode::Hostname,
                Mode::Dns => NameMode::Dns,
            },
            ..Naming::default()
        };
        let admission = [Admission::Ready, Admission::Serving, Admission::Any][usize::from(self.admission % 3)];
        let family = self.family.map(|is_v6| if is_v6 { Family::Ipv6 } else { Family::Ipv4 });
        Policy { naming, admission, family }
    }

    pub(super) fn links(&self) -> LinkOptions {
        let links = self.links;
        let seconds = |value: u8| Duration::from_secs((value % 8).into());
        let millis = |value: u16| Duration::from_millis(value.into());
        let naming = self.policy().naming;
        let basename = if self.has_basename { "app@" } else { "" };
        let mut options = LinkOptions {
            self_name: links.itself.and_then(|last| naming.check(&format!("{basename}10.0.0.{}", last % 5)).ok()),
            parallel: (links.parallel % 4).into(),
            keep: if links.keeps_ready_only { Keep::Ready } else { Keep::Present },
            disconnect_after: links.disconnect_after.map(seconds),
            terminating_after: links.terminating_after.map(seconds),
            seed: self.seed.into(),
            ..LinkOptions::default()
        };
        if let Some((attempt, first, longest, list)) = links.times {
            options.attempt_timeout = millis(attempt);
            options.first_pause = millis(first);
            options.longest_pause = millis(longest);
            options.list_interval = millis(list);
        }
        options
    }
}
