//! The host part of a node name, written and read.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ClusterDomain;
use crate::api::meta::is_dns_label;

/// The host part of a node name, in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "one variant a name mode")]
pub enum Host<'a> {
    /// An address.
    Ip(IpAddr),
    /// `<hostname>.<service>.<namespace>.svc.<domain>`
    Hostname {
        /// The pod's host name.
        hostname: &'a str,
        /// The headless Service.
        service: &'a str,
        /// The namespace of both.
        namespace: &'a str,
    },
    /// `<dashed address>.<namespace>.pod.<domain>`
    PodRecord {
        /// The pod's address.
        address: IpAddr,
        /// The pod's namespace.
        namespace: &'a str,
    },
}

impl<'a> Host<'a> {
    /// Reads a host. The domain decides what a dotted name is: no label in it means anything by itself.
    pub(super) fn parse(text: &'a str, domain: &ClusterDomain) -> Option<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            // One address has one name: another way to write it is no name of ours.
            return (format!("{address}") == text && is_nameable(address)).then_some(Self::Ip(address));
        }
        let local = text.strip_suffix(domain.as_str())?.strip_suffix('.')?;
        if let Some(record) = local.strip_suffix(".pod") {
            let (dashed, namespace) = record.split_once('.')?;
            return Some(Self::PodRecord { address: parse_dashed(dashed)?, namespace: checked(namespace)? });
        }
        let mut labels = local.strip_suffix(".svc")?.splitn(3, '.');
        let mut next = || checked(labels.next()?);
        Some(Self::Hostname { hostname: next()?, service: next()?, namespace: next()? })
    }

    pub(super) const fn display<'d>(&'d self, domain: &'d ClusterDomain) -> impl fmt::Display + 'd {
        DisplayHost { host: self, domain }
    }
}

fn checked(label: &str) -> Option<&str> {
    is_dns_label(label).then_some(label)
}

/// Whether an address can be a member's.
///
/// An IPv4-mapped IPv6 address has two spellings for one peer; Kubernetes
/// [warns of them](https://github.com/kubernetes/enhancements/tree/master/keps/sig-network/4858-ip-cidr-validation) and gives
/// none to pods. The others name nobody, everybody, or somebody else on each link; Kubernetes refuses them in EndpointSlices.
/// Loopback addresses are taken: peers on one machine have them.
pub(crate) const fn is_nameable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_unspecified() && !v4.is_multicast() && !v4.is_broadcast() && !v4.is_link_local(),
        IpAddr::V6(v6) => {
            !v6.is_unspecified() && !v6.is_multicast() && !v6.is_unicast_link_local() && v6.to_ipv4_mapped().is_none()
        }
    }
}

struct DisplayHost<'d> {
    host: &'d Host<'d>,
    domain: &'d ClusterDomain,
}

impl fmt::Display for DisplayHost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let domain = self.domain;
        match self.host {
            Host::Ip(address) => write!(f, "{address}"),
            Host::Hostname { hostname, service, namespace } => {
                write!(f, "{hostname}.{service}.{namespace}.svc.{domain}")
            }
            Host::PodRecord { address, namespace } => write!(f, "{}.{namespace}.pod.{domain}", dashed(*address)),
        }
    }
}

/// The address as one DNS label, as CoreDNS reads it back
/// ([pod records](https://coredns.io/plugins/kubernetes/)): dots and colons become dashes.
///
/// A label neither begins nor ends with a dash, so an address that begins or ends with `::` is given a zero there.
fn dashed(address: IpAddr) -> String {
    let text = format!("{address}");
    let before = if text.starts_with(':') { "0" } else { "" };
    let after = if text.ends_with(':') { "0" } else { "" };
    format!("{before}{}{after}", text.replace(['.', ':'], "-"))
}

fn parse_dashed(label: &str) -> Option<IpAddr> {
    let address = match label.replace('-', ".").parse::<Ipv4Addr>() {
        Ok(v4) => IpAddr::V4(v4),
        Err(_) => IpAddr::V6(label.replace('-', ":").parse::<Ipv6Addr>().ok()?),
    };
    (dashed(address) == label && is_nameable(address)).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_one_label_and_back() {
        for (address, label) in [
            ("10.0.0.7", "10-0-0-7"),
            ("fd00:10:244::7", "fd00-10-244--7"),
            ("::1", "0--1"),
            ("fd00::", "fd00--0"),
            ("2001:db8:0:1:1:1:1:1", "2001-db8-0-1-1-1-1-1"),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(dashed(address), label);
            assert!(is_dns_label(label));
            assert_eq!(parse_dashed(label), Some(address));
        }
    }

    #[test]
    fn other_spellings_of_an_address_are_no_names() {
        for label in ["10-0-0-07", "010-0-0-7", "fd00-0-0-0-0-0-0-1", "--1", "0--ffff-a00-7", "0--0", "0-0-0-0", ""] {
            assert_eq!(parse_dashed(label), None, "{label}");
        }
        let domain = ClusterDomain::default();
        for text in [
            "FD00::1",
            "fd00:0::1",
            "::ffff:10.0.0.7",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "169.254.1.1",
            "fe80::1",
            "ff02::1",
        ] {
            assert_eq!(Host::parse(text, &domain), None, "{text}");
        }
    }
}
