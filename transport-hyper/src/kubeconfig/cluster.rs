//! The cluster of a context: where the server is, and how it proves itself.

use rustls::pki_types::ServerName;

use super::Entry;
use super::document::{Cluster, set};
use crate::config::{Draft, Fault};
use crate::server::Server;
use crate::tls::Trust;

pub(super) fn draft(entry: &Entry<'_, Cluster>, draft: &mut Draft) {
    let cluster = entry.value;
    match set(cluster.server.as_deref()) {
        None => draft.faults.push(Fault::new(entry.place("server"), "is not set", "give the API server's URL")),
        Some(text) => match Server::parse(text) {
            Ok(server) => draft.server = Some(server),
            Err(problem) => {
                draft.faults.push(Fault::new(
                    entry.place("server"),
                    problem,
                    "give a URL such as https://10.0.0.1:6443",
                ));
            }
        },
    }
    if let Some(name) = set(cluster.tls_server_name.as_deref()) {
        match ServerName::try_from(name.to_owned()) {
            Ok(name) => draft.server_name = Some(name),
            Err(_) => draft.faults.push(Fault::new(
                entry.place("tls-server-name"),
                format!("{name:?} is neither a DNS name nor an IP address"),
                "give a name that the server's certificate is valid for",
            )),
        }
    }
    if cluster.proxy_url.0 {
        draft.faults.push(entry.unsupported("proxy-url", "name a server that can be reached without a proxy"));
    }
    trust(entry, draft);
}

fn trust(entry: &Entry<'_, Cluster>, draft: &mut Draft) {
    let cluster = entry.value;
    let insecure = cluster.insecure_skip_tls_verify.unwrap_or(false);
    let faults_before = draft.faults.len();
    let authorities = entry.material(
        "certificate-authority",
        cluster.certificate_authority.as_deref(),
        cluster.certificate_authority_data.as_ref(),
        &mut draft.faults,
    );
    if draft.faults.len() > faults_before {
        return;
    }
    match (authorities, insecure) {
        (Some(_), true) => draft.faults.push(Fault::new(
            entry.place("insecure-skip-tls-verify"),
            "is set beside a certificate authority, so it is not clear which of the two is meant",
            "remove it, and the server is verified",
        )),
        (Some(authorities), false) => draft.trust = Some(Trust::Authorities(authorities)),
        (None, true) => {
            draft.trust = Some(Trust::Unverified);
            let place = entry.place("insecure-skip-tls-verify");
            draft
                .warnings
                .push(format!("{place} is set: the server is not verified, so anyone on the way can forge answers"));
        }
        (None, false) if draft.server.as_ref().is_some_and(Server::is_https) => draft.faults.push(Fault::new(
            entry.place("certificate-authority"),
            "is not set, nor is certificate-authority-data, and the system's authorities are never used",
            "name the cluster's CA certificate; for a publicly trusted server, a bundle of public authorities",
        )),
        (None, false) => {
            if let Some(server) = draft.server.as_ref().filter(|server| !server.is_loopback()) {
                let place = entry.place("server");
                draft
                    .warnings
                    .push(format!("{place} is {server}: unencrypted, so anyone on the way can forge answers"));
            }
        }
    }
}
