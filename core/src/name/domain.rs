//! The domain of the cluster's DNS: one value, used everywhere.

use alloc::sync::Arc;
use core::fmt;

use crate::api::meta::{InvalidName, is_dns_subdomain};

/// The domain at the end of every DNS name in the cluster. Default: `cluster.local`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClusterDomain(Arc<str>);

impl ClusterDomain {
    /// Checks a domain. A trailing dot is taken and dropped.
    ///
    /// # Errors
    ///
    /// When it is not an RFC 1123 subdomain.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let domain = text.strip_suffix('.').unwrap_or(text);
        if is_dns_subdomain(domain) {
            Ok(Self(domain.into()))
        } else {
            let rule = "it takes DNS labels joined by dots, such as cluster.local";
            Err(InvalidName::new("cluster domain", text, rule))
        }
    }

    /// The domain that counts: what the user says, else what `CLUSTER_DOMAIN` says, else what a pod's resolver searches, else
    /// `cluster.local`. An empty variable says nothing.
    ///
    /// # Errors
    ///
    /// When the one that counts is not an RFC 1123 subdomain.
    pub fn choose(
        user: Option<&str>,
        variable: Option<&str>,
        resolver_configuration: &str,
    ) -> Result<Self, InvalidName> {
        match user.or_else(|| variable.filter(|text| !text.is_empty())) {
            Some(text) => Self::parse(text),
            None => Ok(Self::from_resolver_configuration(resolver_configuration).unwrap_or_default()),
        }
    }

    /// Reads the domain off a pod's `/etc/resolv.conf`; `None` outside a pod.
    ///
    /// Kubernetes writes `search <namespace>.svc.<domain> svc.<domain> <domain>`
    /// ([namespaces and DNS](https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#namespaces-and-dns)).
    /// As for the resolver, the last `search` line counts.
    #[must_use]
    pub fn from_resolver_configuration(text: &str) -> Option<Self> {
        let mut words = text.lines().map(str::split_whitespace).filter(|words| words.clone().next() == Some("search"));
        let mut search_list = words.next_back()?.skip(1);
        search_list.find_map(|entry| Self::parse(entry.strip_prefix("svc.")?).ok())
    }

    /// The domain, without a trailing dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ClusterDomain {
    fn default() -> Self {
        Self("cluster.local".into())
    }
}

impl fmt::Display for ClusterDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_list_of_a_pod_gives_the_domain() {
        let read = |text: &str| ClusterDomain::from_resolver_configuration(text).map(|d| d.as_str().into());
        let pod =
            "nameserver 10.96.0.10\nsearch lab.svc.k8s.example svc.k8s.example k8s.example corp\noptions ndots:5\n";
        assert_eq!(read(pod), Some("k8s.example".into()));
        assert_eq!(read("search corp.example\n"), None::<alloc::string::String>);
        assert_eq!(read("search svc.old\nsearch svc.new."), Some("new".into()));
        assert_eq!(read("search svc. svc.-x\n# search svc.x"), None);
    }

    #[test]
    fn the_first_to_name_a_domain_counts() {
        let choose = |user, variable, resolver| ClusterDomain::choose(user, variable, resolver).unwrap();
        assert_eq!(choose(Some("a"), Some("b"), "search svc.c").as_str(), "a");
        assert_eq!(choose(None, Some("b"), "search svc.c").as_str(), "b");
        assert_eq!(choose(None, Some(""), "search svc.c").as_str(), "c");
        assert_eq!(choose(None, None, "").as_str(), "cluster.local");
        assert!(ClusterDomain::choose(Some(""), Some("b"), "").is_err());
    }

    #[test]
    fn a_domain_may_end_in_a_dot_but_not_be_one() {
        assert_eq!(ClusterDomain::parse("cluster.local."), Ok(ClusterDomain::default()));
        for bad in ["", ".", "a..b", "A"] {
            assert!(ClusterDomain::parse(bad).is_err(), "{bad}");
        }
    }
}
