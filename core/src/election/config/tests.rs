use alloc::string::ToString as _;

use proptest::prelude::*;

use super::*;

fn options() -> ElectionOptions {
    let (namespace, name) = (Namespace::parse("lab").unwrap(), LeaseName::parse("demo").unwrap());
    ElectionOptions::new(namespace, name, "web-0", 7)
}

fn three(lease: u64, deadline: u64, retry: u64) -> ElectionOptions {
    ElectionOptions {
        lease_duration: Duration::from_millis(lease),
        renew_deadline: Duration::from_millis(deadline),
        retry_period: Duration::from_millis(retry),
        ..options()
    }
}

#[test]
fn the_defaults_buy_what_the_design_says() {
    let config = options().build().unwrap();
    assert_eq!(config.attempt_timeout(), Duration::from_secs(3));
    assert_eq!(config.kill_margin(), Duration::from_millis(500));
    assert_eq!(config.grace().as_millis(), 4351);
    assert_eq!(config.tolerated_silence(), Duration::from_millis(4600));
    assert_eq!(config.tolerated_refusal(), Duration::from_millis(5200));
    assert_eq!(config.worst_failover(), Duration::from_millis(17_400));
    assert_eq!(config.worst_handover(), Duration::from_millis(4150));
    assert_eq!((config.guard_ratio_permille(), config.work_ratio_permille()), (1500, 1010));
    assert_eq!(config.to_string().lines().count(), 4);
}

#[test]
fn three_durations_are_enough_also_short_ones() {
    let config = three(3000, 2000, 500).build().unwrap();
    assert_eq!(config.attempt_timeout(), Duration::from_millis(700));
    assert!(config.kill_margin() > Duration::from_millis(200) && config.grace() > Duration::from_millis(700));
    for (lease, deadline, retry) in [(1000, 600, 100), (60_000, 15_000, 5000), (137_000, 107_000, 26_000)] {
        assert!(three(lease, deadline, retry).build().is_ok(), "{lease}");
    }
}

#[test]
fn all_faults_are_named_at_once() {
    let options = ElectionOptions { identity: "a\n".into(), jitter_percent: 101, ..three(1500, 1490, 0) };
    let text = options.build().unwrap_err().to_string();
    for part in ["identity", "jitter_percent", "lease_duration is 1.5 s", "retry_period is 0"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn the_work_must_be_gone_before_others_may_take_over() {
    let fault = |options: ElectionOptions| options.build().unwrap_err().faults().to_vec();
    assert!(matches!(fault(three(15_000, 15_000, 2000))[..], [ElectionFault::NoGrace { .. }]));
    let grace = Some(Duration::from_millis(4360));
    assert!(matches!(fault(ElectionOptions { grace, ..options() })[..], [ElectionFault::NoGrace { .. }]));
    let grace = Some(Duration::from_millis(4350));
    assert!(ElectionOptions { grace, ..options() }.build().is_ok());
    assert!(ElectionOptions { grace, beside_client_go: true, ..options() }.build().is_err());
    assert_eq!(
        ElectionOptions { beside_client_go: true, ..options() }.build().unwrap().grace().as_millis(),
        3351,
        "one second less"
    );
}

#[test]
fn one_slow_call_must_cost_nothing() {
    let attempt_timeout = Some(Duration::from_millis(3801));
    let faults = ElectionOptions { attempt_timeout, ..options() }.build().unwrap_err();
    assert!(matches!(faults.faults(), [ElectionFault::NoSecondAttempt { .. }]), "{faults}");
    let text = three(15_000, 10_000, 4500).build().unwrap_err().to_string();
    assert!(text.contains("renew_deadline is 10 s: a pause of 5.4 s"), "{text}");
}

#[test]
fn an_identity_ends_in_the_nonce_unless_it_is_exact() {
    assert_eq!(&**options().build().unwrap().identity(), "web-0_0000000000000007");
    let exact = ElectionOptions { exact_identity: true, ..options() }.build().unwrap();
    assert_eq!((&**exact.identity(), exact.nonce()), ("web-0", Some("0000000000000007")));
}

proptest! {
    // E3: by the hard deadline of the last write, no clock within the ratio has counted a lease duration.
    #[test]
    fn what_builds_keeps_its_promises(
        lease in 1..3601_u64, deadline in 1..60_000_u64, retry in 1..20_000_u64, jitter in 0..101_u8,
        ratio in 1000..2001_u32, beside_client_go: bool,
    ) {
        let options = ElectionOptions {
            jitter_percent: jitter, rate_ratio_permille: ratio, beside_client_go, ..three(lease * 1000, deadline, retry)
        };
        let Ok(config) = options.build() else { return Ok(()) };
        let lease = Duration::from_secs(lease);
        prop_assert!(config.hard_deadline() * ratio / 1000 <= lease);
        prop_assert!(config.hard_deadline() > config.options().renew_deadline);
        prop_assert!(config.hard_deadline() - config.options().renew_deadline >= config.grace());
        prop_assert!(config.work_ratio_permille() >= ratio && config.guard_ratio_permille() > ratio);
        prop_assert!(!config.attempt_timeout().is_zero());
        prop_assert!(config.longest_pause() + config.attempt_timeout() * 2 <= config.options().renew_deadline);
    }
}
