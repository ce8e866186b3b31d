use alloc::string::ToString as _;

use proptest::prelude::*;

use super::*;

fn facts<'a>(address: &str, hostname: Option<&'a str>, service: Option<&'a str>) -> Facts<'a> {
    Facts { address: address.parse().unwrap(), namespace: "lab", hostname, service }
}

fn naming(mode: NameMode) -> Naming {
    Naming { basename: Some(Basename::parse("myapp").unwrap()), mode, ..Naming::default() }
}

fn named(naming: &Naming, facts: &Facts<'_>) -> Result<String, Unnameable> {
    naming.name(facts).map(|name| name.to_string())
}

#[test]
fn the_three_modes_name_a_member() {
    let facts = facts("10.0.0.7", Some("web-0"), Some("web"));
    assert_eq!(named(&naming(NameMode::Ip), &facts).unwrap(), "myapp@10.0.0.7");
    assert_eq!(named(&naming(NameMode::Hostname), &facts).unwrap(), "myapp@web-0.web.lab.svc.cluster.local");
    assert_eq!(named(&naming(NameMode::Dns), &facts).unwrap(), "myapp@10-0-0-7.lab.pod.cluster.local");
}

#[test]
fn without_a_basename_the_name_is_the_bare_host() {
    assert_eq!(named(&Naming::default(), &facts("fd00::7", None, None)).unwrap(), "fd00::7");
}

#[test]
fn the_domain_is_used_in_every_dns_name() {
    let domain = ClusterDomain::parse("k8s.example").unwrap();
    let facts = facts("10.0.0.7", Some("web-0"), Some("web"));
    let named = |mode| named(&Naming { domain: domain.clone(), ..naming(mode) }, &facts).unwrap();
    assert_eq!(named(NameMode::Hostname), "myapp@web-0.web.lab.svc.k8s.example");
    assert_eq!(named(NameMode::Dns), "myapp@10-0-0-7.lab.pod.k8s.example");
}

#[test]
fn a_configured_service_wins_over_the_objects() {
    let naming = Naming { service: Some(ServiceName::parse("db").unwrap()), ..naming(NameMode::Hostname) };
    let facts = facts("10.0.0.7", Some("web-0"), Some("web"));
    assert_eq!(named(&naming, &facts).unwrap(), "myapp@web-0.db.lab.svc.cluster.local");
}

#[test]
fn what_does_not_fit_is_refused_with_its_reason() {
    let hostname = naming(NameMode::Hostname);
    assert_eq!(named(&hostname, &facts("10.0.0.7", None, Some("web"))), Err(Unnameable::NoHostname));
    assert_eq!(named(&hostname, &facts("10.0.0.7", Some("web-0"), None)), Err(Unnameable::NoService));
    let refused = named(&hostname, &facts("10.0.0.7", Some("Web_0"), Some("web")));
    assert_eq!(refused, Err(Unnameable::NotALabel { part: "host name", text: "Web_0".into() }));
}

#[test]
fn a_name_of_255_characters_is_the_longest() {
    let facts = facts("10.0.0.7", None, None);
    let with_basename = |length| {
        let basename = Basename::parse(&"a".repeat(length)).unwrap();
        named(&Naming { basename: Some(basename), ..Naming::default() }, &facts)
    };
    assert_eq!(with_basename(246).unwrap().len(), 255);
    assert_eq!(with_basename(247), Err(Unnameable::TooLong { part: "name", length: 256, allowed: 255 }));
}

#[test]
fn a_host_that_dns_cannot_resolve_is_no_host() {
    let domain = ClusterDomain::parse(&["a".repeat(63).as_str(); 3].join(".")).unwrap();
    let naming = Naming { domain, mode: NameMode::Hostname, ..Naming::default() };
    let (longest, too_long) = ("h".repeat(45), "h".repeat(46));
    let named = |hostname: &str| named(&naming, &facts("10.0.0.7", Some(hostname), Some("service")));
    assert_eq!(named(&longest).map(|name| name.len()), Ok(253));
    assert_eq!(named(&too_long), Err(Unnameable::TooLong { part: "host", length: 254, allowed: 253 }));
}

#[test]
fn basenames_are_those_that_erlang_takes() {
    for good in ["myapp", "my_app-2", "0"] {
        assert!(Basename::parse(good).is_ok(), "{good}");
    }
    for bad in ["", "my@app", "my app", "приложение", "a.b"] {
        assert!(Basename::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn labels_that_look_like_the_fixed_ones_do_not_confuse_the_parser() {
    // In another domain these very texts would read differently; the domain settles it.
    let naming = Naming { domain: ClusterDomain::parse("svc.pod").unwrap(), ..Naming::default() };
    let parts = naming.parse("1-2-3-4.pod.pod.svc.pod").unwrap();
    assert_eq!(parts.host, Host::PodRecord { address: "1.2.3.4".parse().unwrap(), namespace: "pod" });
    let parts = naming.parse("svc.svc.svc.svc.svc.pod").unwrap();
    assert_eq!(parts.host, Host::Hostname { hostname: "svc", service: "svc", namespace: "svc" });
}

#[test]
fn what_is_no_name_is_refused() {
    for bad in
        ["", "@", "myapp@", "@10.0.0.7", "a@b@10.0.0.7", "web-0.lab.svc.cluster.local", "a.b.c.d.svc.cluster.local"]
    {
        let error = Naming::default().parse(bad).expect_err(bad).to_string();
        assert!(error.contains("is not a node name") && error.contains("cluster.local"), "{error}");
    }
}

fn label_strategy() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?", Just("svc".into()), Just("pod".into()), Just("1-2-3-4".into())]
}

fn address_strategy() -> impl Strategy<Value = IpAddr> {
    let sparse = prop_oneof![3 => Just(0_u16), 1 => any::<u16>()];
    prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from),
        proptest::array::uniform8(sparse).prop_map(IpAddr::from),
    ]
    .prop_filter("a member's address", |address| is_nameable(*address))
}

proptest! {
    // M5: every name that leaves the core parses back into its parts.
    #[test]
    fn a_name_parses_back_into_its_parts(
        address in address_strategy(),
        (namespace, hostname, service) in (label_strategy(), label_strategy(), label_strategy()),
        basename in proptest::option::of("[A-Za-z0-9_-]{1,20}"),
        mode in prop_oneof![Just(NameMode::Ip), Just(NameMode::Hostname), Just(NameMode::Dns)],
        domain in prop_oneof!["[a-z]{1,8}(\\.[a-z]{1,8}){0,2}", Just("svc".into()), Just("pod.svc".into())],
    ) {
        let naming = Naming {
            basename: basename.as_deref().map(|text| Basename::parse(text).unwrap()),
            mode,
            service: None,
            domain: ClusterDomain::parse(&domain).unwrap(),
        };
        let facts = Facts { address, namespace: &namespace, hostname: Some(&hostname), service: Some(&service) };
        let name = naming.name(&facts).unwrap();
        let parts = naming.parse(name.as_str()).unwrap();
        prop_assert_eq!(parts.basename, basename.as_deref());
        prop_assert_eq!(parts.host, match mode {
            NameMode::Ip => Host::Ip(address),
            NameMode::Hostname => Host::Hostname { hostname: &hostname, service: &service, namespace: &namespace },
            NameMode::Dns => Host::PodRecord { address, namespace: &namespace },
        });
    }

    #[test]
    fn any_text_parses_or_is_refused(text in "[a-z0-9.@:-]{0,40}") {
        if let Ok(parts) = Naming::default().parse(&text) {
            prop_assert!(text.ends_with(&parts.host.display(&ClusterDomain::default()).to_string()));
        }
    }
}
