//! `Naming::parse` and the cluster domain: what reads as a name is written the same way again (M5).
//!
//! The first line of the input is the domain, the rest is the name; all of it is a resolver configuration as well.

use std::net::IpAddr;

use quorate_core::name::{Basename, ClusterDomain, Host, NameParts, Naming};

use crate::line::assert_is_line;

pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    resolver_configuration(text);
    let (domain, name) = text.split_once('\n').unwrap_or(("", text));
    let domain = ClusterDomain::parse(domain).unwrap_or_default();
    let naming = Naming { domain: domain.clone(), ..Naming::default() };
    match naming.parse(name) {
        Ok(parts) => {
            assert_eq!(written(&parts, &domain), name);
            assert!(
                name.len() <= 255 && parts.basename.is_none_or(|basename| Basename::parse(basename).is_ok()),
                "{name}"
            );
        }
        Err(error) => assert_is_line(&error.to_string()),
    }
}

fn resolver_configuration(text: &str) {
    let Some(domain) = ClusterDomain::from_resolver_configuration(text) else { return };
    assert_eq!(ClusterDomain::parse(domain.as_str()).as_ref(), Ok(&domain));
    assert!(text.contains(&format!("svc.{domain}")), "{domain}");
}

/// Writes a name after the documentation, not with the core's own code.
fn written(parts: &NameParts<'_>, domain: &ClusterDomain) -> String {
    let host = match parts.host {
        Host::Ip(address) => address.to_string(),
        Host::Hostname { hostname, service, namespace } => format!("{hostname}.{service}.{namespace}.svc.{domain}"),
        Host::PodRecord { address, namespace } => format!("{}.{namespace}.pod.{domain}", dashed(address)),
    };
    parts.basename.map_or(host.clone(), |basename| format!("{basename}@{host}"))
}

/// A label neither begins nor ends with a dash: `::1` is `0--1`.
fn dashed(address: IpAddr) -> String {
    let dashes = address.to_string().replace(['.', ':'], "-");
    let padded = format!("0{dashes}0");
    let from = usize::from(!dashes.starts_with('-'));
    let to = padded.len() - usize::from(!dashes.ends_with('-'));
    padded[from..to].into()
}
