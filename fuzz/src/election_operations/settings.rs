//! Configurations, sensible ones and any.

use std::time::Duration;

use arbitrary::Arbitrary;
use quorate_core::api::{LeaseName, Namespace};
use quorate_core::election::{Create, ElectionOptions};

pub(super) const NAME: &str = "demo";
pub(super) const NAMESPACE: &str = "lab";
/// Who we are, less the nonce.
pub(super) const IDENTITY: &str = "me";

#[derive(Arbitrary, Debug)]
pub(super) struct Settings {
    times: Times,
    exact_identity: bool,
    create_fast: bool,
    beside_client_go: bool,
    no_jitter: bool,
    nonce: u8,
}

/// In milliseconds but for the lease duration, which is in seconds.
#[derive(Arbitrary, Debug)]
enum Times {
    Default,
    Short,
    Long,
    Tight {
        lease: u8,
        seed: u8,
    },
    Any {
        lease: u16,
        deadline: u16,
        retry: u16,
        jitter: u8,
        attempt: Option<u16>,
        grace: Option<u16>,
        margin: Option<u16>,
        ratio: u16,
    },
}

impl Settings {
    pub(super) fn options(&self) -> ElectionOptions {
        // Both are valid names.
        let namespace = Namespace::parse(NAMESPACE).unwrap_or_else(|error| panic!("{error}"));
        let name = LeaseName::parse(NAME).unwrap_or_else(|error| panic!("{error}"));
        let defaults = ElectionOptions::new(namespace, name, IDENTITY, self.nonce.into());
        let options = self.times.set(ElectionOptions {
            exact_identity: self.exact_identity,
            create: if self.create_fast { Create::Fast } else { Create::Safe },
            beside_client_go: self.beside_client_go,
            ..defaults
        });
        if self.no_jitter { ElectionOptions { jitter_percent: 0, ..options } } else { options }
    }
}

impl Times {
    fn set(&self, options: ElectionOptions) -> ElectionOptions {
        let millis = |value: u16| Duration::from_millis(value.into());
        let of = |lease: u64, deadline: u64, retry: u64| ElectionOptions {
            lease_duration: Duration::from_secs(lease),
            renew_deadline: Duration::from_millis(deadline),
            retry_period: Duration::from_millis(retry),
            ..options.clone()
        };
        match *self {
            Self::Default => options,
            Self::Short => of(3, 1500, 200),
            Self::Long => of(3600, 3_000_000, 60_000),
            // Whatever the lease, the rest fits.
            Self::Tight { lease, seed } => {
                let lease = u64::from(lease).max(2);
                ElectionOptions { seed: seed.into(), ..of(lease, lease * 600, lease * 100) }
            }
            Self::Any { lease, deadline, retry, jitter, attempt, grace, margin, ratio } => ElectionOptions {
                jitter_percent: jitter,
                attempt_timeout: attempt.map(millis),
                grace: grace.map(millis),
                kill_margin: margin.map(millis),
                rate_ratio_permille: 1000 + u32::from(ratio % 1100),
                ..of((lease % 4000).into(), u64::from(deadline) * 10, retry.into())
            },
        }
    }
}
