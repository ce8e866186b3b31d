//! Options of listings, memberships and links, and policies.
//!
//! ```
//! use proptest::prelude::*;
//! use quorate_core::membership::Membership;
//! use quorate_core::testing::strategies::membership;
//!
//! proptest!(|(options in membership::options(), links in membership::link_options())| {
//!     let membership = Membership::linked(options.build()?, links.build()?);
//!     prop_assert!(membership.members().is_empty());
//! });
//! ```

use alloc::vec::Vec;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::{option, strategy::Union};

use super::millis;
use crate::api::{LabelSelector, Namespace, ServiceName};
use crate::membership::listing::ListingOptions;
use crate::membership::{Admission, Family, Follow, Keep, LinkOptions, MembershipOptions, Policy, Share, Source};
use crate::name::{Basename, NameMode, Naming};

/// One of the three sources.
pub fn sources() -> impl Strategy<Value = Source> {
    select(&[Source::EndpointSlices, Source::Endpoints, Source::Pods][..])
}

/// Options of a listing that work: they [build](ListingOptions::build).
///
/// They select `app=web`, the Service `web`, or both, in some of the namespaces `lab` and `ops`, or in all.
pub fn listing_options() -> impl Strategy<Value = ListingOptions> {
    (selections(), 1..=500_u32, millis(1000..=30_000), any::<u64>()).prop_filter_map(
        "a Service selects pods of its own namespace",
        |(selection, page_limit, request_timeout, seed)| {
            let options = ListingOptions { page_limit, request_timeout, seed, ..selection };
            options.clone().build().is_ok().then_some(options)
        },
    )
}

/// Any options of a listing, those that cannot work among them.
pub fn any_listing_options() -> impl Strategy<Value = ListingOptions> {
    let nothing = sources().prop_map(|source| ListingOptions { source, ..ListingOptions::default() });
    let limits = (0..=500_u32, 0..=100_000_usize, 0..=1000_usize, millis(0..=30_000), any::<u64>());
    (prop_oneof![3 => selections(), 1 => nothing], limits).prop_map(|(selection, limits)| {
        let (page_limit, page_bytes, object_limit, request_timeout, seed) = limits;
        ListingOptions { page_limit, page_bytes, object_limit, request_timeout, seed, ..selection }
    })
}

fn selections() -> impl Strategy<Value = ListingOptions> {
    let namespaces = ["lab", "ops"].iter().filter_map(|name| Namespace::parse(name).ok());
    let namespaces = subsequence(namespaces.collect::<Vec<_>>(), 0..=2);
    let by = select(&[(true, false), (false, true), (true, true)][..]);
    (sources(), namespaces, by).prop_map(|(source, namespaces, (by_selector, by_service))| ListingOptions {
        source,
        namespaces,
        selector: LabelSelector::parse("app=web").ok().filter(|_| by_selector),
        service: ServiceName::parse("web").ok().filter(|_| by_service),
        ..ListingOptions::default()
    })
}

/// Who counts, by what address, under what name. Any policy works.
pub fn policies() -> impl Strategy<Value = Policy> {
    let admissions = select(&[Admission::Ready, Admission::Serving, Admission::Any][..]);
    let families = option::of(select(&[Family::Ipv4, Family::Ipv6][..]));
    (namings(), admissions, families).prop_map(|(naming, admission, family)| Policy { naming, admission, family })
}

/// How members are called. Any naming works.
pub fn namings() -> impl Strategy<Value = Naming> {
    let modes = select(&[NameMode::Ip, NameMode::Hostname, NameMode::Dns][..]);
    (modes, any::<[bool; 2]>()).prop_map(|(mode, [has_basename, has_service])| Naming {
        basename: Basename::parse("app").ok().filter(|_| has_basename),
        mode,
        service: ServiceName::parse("web").ok().filter(|_| has_service),
        ..Naming::default()
    })
}

/// Options of a membership that work: they [build](MembershipOptions::build).
pub fn options() -> impl Strategy<Value = MembershipOptions> {
    let watch = (millis(1000..=600_000), millis(1000..=90_000), 64 * 1024..=1_000_000_usize);
    assemble(listing_options().boxed(), watch.boxed(), millis(100..=10_000).boxed())
}

/// Any options of a membership, those that cannot work among them.
pub fn any_options() -> impl Strategy<Value = MembershipOptions> {
    let watch = (millis(0..=600_000), millis(0..=90_000), 0..=1_000_000_usize);
    assemble(any_listing_options().boxed(), watch.boxed(), millis(0..=10_000).boxed())
}

fn assemble(
    listing: BoxedStrategy<ListingOptions>,
    watch: BoxedStrategy<(core::time::Duration, core::time::Duration, usize)>,
    interval: BoxedStrategy<core::time::Duration>,
) -> impl Strategy<Value = MembershipOptions> {
    let watch = watch.prop_map(|(compare_every, idle_limit, line_bytes)| Follow::Watch {
        compare_every,
        idle_limit,
        line_bytes,
    });
    let follow = Union::new([watch.boxed(), interval.prop_map(|interval| Follow::Poll { interval }).boxed()]);
    let share = (0..=100_u8).prop_map(|percent| Share::percent(percent).unwrap_or_default());
    (listing, policies(), follow, share).prop_map(|(listing, policy, follow, confirm_removals_over)| {
        MembershipOptions { listing, policy, follow, confirm_removals_over }
    })
}

/// Options of links that work: they [build](LinkOptions::build). Nobody is ourselves.
pub fn link_options() -> impl Strategy<Value = LinkOptions> {
    let times = (millis(1..=20_000), millis(1..=2000), millis(2000..=60_000), millis(1..=30_000));
    any_links(1, times.boxed())
}

/// Any options of links, those that cannot work among them.
pub fn any_link_options() -> impl Strategy<Value = LinkOptions> {
    let time = || millis(0..=5000);
    any_links(0, (time(), time(), time(), time()).boxed())
}

type Times = (core::time::Duration, core::time::Duration, core::time::Duration, core::time::Duration);

fn any_links(least: usize, times: BoxedStrategy<Times>) -> impl Strategy<Value = LinkOptions> {
    let delays = (option::weighted(0.9, millis(0..=10_000)), option::of(millis(0..=60_000)));
    (least..=20, times, delays, select(&[Keep::Present, Keep::Ready][..]), any::<u64>()).prop_map(
        |(parallel, times, (disconnect_after, terminating_after), keep, seed)| {
            let (attempt_timeout, first_pause, longest_pause, list_interval) = times;
            LinkOptions {
                self_name: None,
                parallel,
                attempt_timeout,
                first_pause,
                longest_pause,
                keep,
                disconnect_after,
                terminating_after,
                list_interval,
                seed,
            }
        },
    )
}
