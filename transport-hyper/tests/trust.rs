//! Whom the client trusts, who trusts the client, and what it says when a connection does not come about.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop there"
)]

mod support;

use quorate_core::api::{FailureKind, Sent};
use quorate_transport_hyper::Client;
use support::{Pki, Protocols, Server, ServiceAccount, config, get, list, ok, send_failure};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_server_of_another_authority_is_not_trusted() {
    let server = Server::start(&Pki::new(), Protocols::Http2, async |_| ok("{}")).await;
    let (_account, config) = config(&Pki::new(), server.port);
    let failure = send_failure(&Client::new(config), &list(1)).await;
    assert_eq!((failure.sent, failure.kind), (Sent::No, FailureKind::Untrusted), "{failure}");
    assert!(failure.message.contains("UnknownIssuer"), "{failure}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_host_is_not_trusted() {
    let pki = Pki::new();
    let server = Server::start_as(&pki.issue(&["api.example"]), None, Protocols::Http1, async |_| ok("{}")).await;
    let (_account, config) = config(&pki, server.port);
    let failure = send_failure(&Client::new(config), &list(1)).await;
    assert_eq!((failure.sent, failure.kind), (Sent::No, FailureKind::Untrusted), "{failure}");
}

#[tokio::test]
async fn the_authority_is_read_anew_for_each_connection() {
    let (old, new) = (Pki::new(), Pki::new());
    let server = Server::start(&new, Protocols::Http2, async |_| ok("{}")).await;
    let (account, config) = config(&old, server.port);
    let client = Client::new(config);
    assert_eq!(send_failure(&client, &list(1)).await.kind, FailureKind::Untrusted);
    account.write("ca.crt", &new.authority());
    assert_eq!(get(&client).await.unwrap().0, 200);

    // A file that has gone bad is named.
    account.write("ca.crt", "nonsense");
    let failure = send_failure(&Client::new(client.config().clone()), &list(1)).await;
    assert_eq!((failure.sent, failure.kind), (Sent::No, FailureKind::Untrusted));
    assert!(failure.message.contains(account.path("ca.crt").to_str().unwrap()), "{failure}");
}

#[tokio::test]
async fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let (_account, config) = config(&Pki::new(), port);
    let failure = send_failure(&Client::new(config), &list(1)).await;
    assert_eq!((failure.sent, failure.kind), (Sent::No, FailureKind::Unreachable), "{failure}");
    let said = format!("GET /api/v1/namespaces/lab/pods?limit=500 at https://127.0.0.1:{port}: no connection: ");
    assert!(failure.message.starts_with(&said) && failure.message.contains("refused"), "{failure}");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_unreachable() {
    let account = ServiceAccount::new(&Pki::new(), "t");
    // RFC 6761 reserves the domain: it never resolves.
    let failure = send_failure(&Client::new(account.config("api.invalid", 6443)), &list(1)).await;
    assert_eq!((failure.sent, failure.kind), (Sent::No, FailureKind::Unreachable), "{failure}");
}

#[tokio::test]
async fn what_is_no_tls_is_no_matter_of_trust() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_account, config) = config(&Pki::new(), listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut tcp, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let failure = send_failure(&Client::new(config), &list(1)).await;
    assert_eq!((failure.sent, failure.kind), (Sent::No, FailureKind::Interrupted), "{failure}");
}

#[tokio::test]
async fn a_handshake_that_does_not_move_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_account, config) = config(&Pki::new(), listener.local_addr().unwrap().port());
    let accepted = tokio::spawn(async move {
        let accepted = listener.accept().await.unwrap();
        // From here on there is nothing to do but wait, so time may jump.
        tokio::time::pause();
        accepted
    });
    let failure = send_failure(&Client::new(config), &list(1)).await;
    assert_eq!((failure.sent, failure.kind), (Sent::No, FailureKind::TimedOut), "{failure}");
    assert!(failure.message.contains("no handshake within 10 s"), "{failure}");
    drop(accepted.await.unwrap());
}

#[cfg(feature = "kubeconfig")]
mod kubeconfig {
    use std::fs;
    use std::path::Path;

    use quorate_transport_hyper::Config;
    use tempfile::TempDir;

    use super::*;

    fn directory(pki: &Pki) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        let client = pki.issue(&["client"]);
        fs::write(directory.path().join("ca.crt"), pki.authority()).unwrap();
        fs::write(directory.path().join("client.crt"), &client.certificate).unwrap();
        fs::write(directory.path().join("client.key"), &client.key).unwrap();
        directory
    }

    fn client(directory: &Path, cluster: &str, user: &str) -> Client {
        let file = support::kubeconfig(&directory.join("config"), cluster, user);
        Client::new(Config::from_kubeconfig(&[file], None).unwrap())
    }

    #[tokio::test]
    async fn tls_server_name_is_what_the_certificate_must_be_valid_for() {
        let pki = Pki::new();
        let server = Server::start_as(&pki.issue(&["api.example"]), None, Protocols::Http2, async |_| ok("{}")).await;
        let directory = directory(&pki);
        for (name, trusted) in [("api.example", true), ("other.example", false)] {
            let cluster = format!(
                r#""server": "https://127.0.0.1:{}", "certificate-authority": "ca.crt", "tls-server-name": "{name}""#,
                server.port
            );
            let outcome = get(&client(directory.path(), &cluster, "")).await.map_err(|failure| failure.kind);
            assert_eq!(outcome.is_ok(), trusted, "{outcome:?}");
        }
    }

    #[tokio::test]
    async fn a_client_certificate_is_shown_and_read_anew_for_each_connection() {
        for protocols in [Protocols::Http1, Protocols::Http2] {
            let (pki, clients) = (Pki::new(), Pki::new());
            let certificate = pki.issue(&["127.0.0.1"]);
            let server = Server::start_as(&certificate, Some(&clients), protocols, async |_| ok("{}")).await;
            // The files hold a certificate that this server does not take.
            let directory = directory(&pki);
            let cluster =
                format!(r#""server": "https://127.0.0.1:{}", "certificate-authority": "ca.crt""#, server.port);
            let client =
                client(directory.path(), &cluster, r#""client-certificate": "client.crt", "client-key": "client.key""#);
            let failure = send_failure(&client, &list(1)).await;
            assert_eq!(failure.kind, FailureKind::Untrusted, "{failure}");

            let good = clients.issue(&["client"]);
            fs::write(directory.path().join("client.crt"), &good.certificate).unwrap();
            // A key that does not belong to its certificate is noticed before it is used.
            let failure = send_failure(&client, &list(1)).await;
            assert_eq!((failure.sent, failure.kind), (Sent::No, FailureKind::Credentials), "{failure}");
            fs::write(directory.path().join("client.key"), &good.key).unwrap();
            assert_eq!(get(&client).await.unwrap().0, 200);
            assert_eq!(server.seen()[0].client_certificates, 1);
        }
    }

    #[tokio::test]
    async fn a_server_that_insists_on_a_client_certificate_is_understood() {
        for protocols in [Protocols::Http1, Protocols::Http2] {
            let pki = Pki::new();
            let server = Server::start_as(&pki.issue(&["127.0.0.1"]), Some(&pki), protocols, async |_| ok("{}")).await;
            let (_account, config) = config(&pki, server.port);
            let failure = send_failure(&Client::new(config), &list(1)).await;
            assert_eq!(failure.kind, FailureKind::Untrusted, "{failure}");
            assert!(failure.message.contains("CertificateRequired"), "{failure}");
        }
    }

    #[tokio::test]
    async fn without_verification_no_credential_is_sent_and_the_caller_is_warned() {
        let pki = Pki::new();
        let server = Server::start(&Pki::new(), Protocols::Http2, async |_| ok("{}")).await;
        let directory = directory(&pki);
        let cluster = format!(r#""server": "https://127.0.0.1:{}", "insecure-skip-tls-verify": true"#, server.port);
        let user = r#""token": "marker", "client-certificate": "client.crt", "client-key": "client.key""#;
        let client = client(directory.path(), &cluster, user);
        assert_eq!(get(&client).await.unwrap().0, 200);
        assert_eq!((server.seen()[0].authorization(), server.seen()[0].client_certificates), (None, 0));
        let warnings = client.config().warnings().join("\n");
        assert!(warnings.contains("not verified") && warnings.contains("not sent"), "{warnings}");
    }

    #[tokio::test]
    async fn a_plain_http_server_needs_no_certificate() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let length = tokio::io::AsyncReadExt::read(&mut tcp, &mut request).await.unwrap();
            assert!(request[..length].starts_with(b"GET /base/api/v1/namespaces/lab/pods?limit=500 HTTP/1.1\r\n"));
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            tokio::io::AsyncWriteExt::write_all(&mut tcp, answer).await.unwrap();
        });
        let directory = tempfile::tempdir().unwrap();
        let client = client(directory.path(), &format!(r#""server": "http://{address}/base/""#), "");
        assert_eq!(get(&client).await.unwrap(), (200, b"{}".to_vec()));
        assert_eq!(client.config().warnings(), [""; 0]);
    }
}
