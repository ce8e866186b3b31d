//! Which node it is that we stand beside, and where it listens.

use std::env;
use std::net::IpAddr;
use std::path::PathBuf;

use quorate_core::membership::{Family, Policy};
use quorate_core::name::{Facts, NameMode};

/// Where nodes ask which port another one has, unless `ERL_EPMD_PORT` says otherwise.
pub(super) const EPMD_PORT: u16 = 4369;

/// The local node.
#[derive(Debug)]
pub(in crate::watch) struct LocalNode {
    /// The name that it should have.
    pub(super) name: String,
    /// Where that name comes from.
    pub(super) origin: &'static str,
    /// Its pod's: what we were told, or what our host name stands for.
    pub(super) addresses: Vec<IpAddr>,
    pub(super) listens: Listens,
    /// Where the cookie is; none: where nodes look for it.
    pub(super) cookie_file: Option<PathBuf>,
}

/// How its port is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listens {
    /// It is known.
    At(u16),
    /// The port mapper at this port tells.
    AsEpmdSays(u16),
}

impl LocalNode {
    /// The name that it should have.
    pub(in crate::watch) fn name(&self) -> &str {
        &self.name
    }

    /// What stands before the `@`.
    pub(super) fn alias(&self) -> &str {
        self.name.split_once('@').map_or(&self.name, |(alias, _)| alias)
    }

    /// What stands after it.
    pub(super) fn host(&self) -> &str {
        self.name.split_once('@').map_or("", |(_, host)| host)
    }
}

/// What more there is to say of a node's real name: other nodes dial long ones only, and their hosts have dots or colons.
pub(super) fn hint(real: &str) -> &'static str {
    let host = real.split_once('@').map_or("", |(_, host)| host);
    if host.contains(['.', ':']) {
        ""
    } else {
        "; that is a short name, as -sname and, by default, releases of Elixir's give it: there, -name or \
         RELEASE_DISTRIBUTION=name and RELEASE_NODE give it a long one"
    }
}

/// The name that the local node has if it is called like the members: the basename, and our own host by the same mode.
pub(super) fn default_name(policy: &Policy, namespace: &str, own: &[IpAddr]) -> Result<String, String> {
    let or = "name the node with --beam-node";
    if policy.naming.basename.is_none() {
        return Err(format!("without --basename nobody knows what the local node is called: give one, or {or}"));
    }
    let wanted = own.iter().find(|address| policy.family.is_none_or(|family| Family::of(**address) == family));
    let address = *wanted.or_else(|| own.first()).ok_or_else(|| {
        format!("our own address is unknown: set POD_IP (by the downward API, status.podIP), or {or}")
    })?;
    let has_address_in_name = policy.naming.mode != NameMode::Hostname;
    if has_address_in_name && wanted.is_none() {
        return Err(format!("our own address, {address}, is not of the --ip-family that members are called by: {or}"));
    }
    let hostname = hostname();
    let facts = Facts { address, namespace, hostname: Some(&hostname), service: None };
    let name = policy.naming.name(&facts).map_err(|error| format!("our own name cannot be made ({error}): {or}"))?;
    Ok(name.as_str().into())
}

/// `POD_IP`, or else what our host name stands for: in a pod, `/etc/hosts` has its address. Loopback is nobody's own.
pub(super) fn own_addresses() -> Result<Vec<IpAddr>, String> {
    use std::net::ToSocketAddrs as _;

    match env::var("POD_IP") {
        Ok(text) if !text.is_empty() => match text.parse() {
            Ok(address) => Ok(vec![address]),
            Err(_) => Err(format!("{text:?} is no address: it is to be the pod's, status.podIP")),
        },
        _ => {
            let found = (hostname(), 0).to_socket_addrs().into_iter().flatten().map(|address| address.ip());
            Ok(found.filter(|address| !address.is_loopback()).collect())
        }
    }
}

/// The name of this machine; in a pod, that of the pod.
fn hostname() -> String {
    #[cfg(unix)]
    return rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    return env::var("COMPUTERNAME").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_told_apart_from_long_ones() {
        for short in ["myapp@myapp-0", "myapp@", "nonode"] {
            assert!(hint(short).contains("RELEASE_DISTRIBUTION=name"), "{short}");
        }
        for long in ["myapp@10.0.0.7", "myapp@fd00::7", "myapp@myapp-0.myapp.shop.svc.cluster.local"] {
            assert_eq!(hint(long), "", "{long}");
        }
    }
}
