//! Tokens: re-read, retried after a 401, and never shown.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop there"
)]

mod support;

use std::fs;

use quorate_core::api::{FailureKind, Sent};
use quorate_transport_hyper::{Client, Config, InCluster};
use support::{Body, LIMIT, Pki, Protocols, Server, ServiceAccount, answer, get, list, ok, read, send_failure};

const BOTH: [Protocols; 2] = [Protocols::Http1, Protocols::Http2];

#[tokio::test]
async fn a_token_file_is_read_for_every_request() {
    for protocols in BOTH {
        let pki = Pki::new();
        let server = Server::start(&pki, protocols, async |_| ok("{}")).await;
        let account = ServiceAccount::new(&pki, "first\n");
        let client = Client::new(account.config("127.0.0.1", server.port));
        get(&client).await.unwrap();
        account.write("token", "second\n");
        get(&client).await.unwrap();
        let seen = server.seen();
        let tokens: Vec<_> = seen.iter().map(|seen| (seen.connection, seen.authorization().unwrap())).collect();
        assert_eq!(tokens, [(1, "Bearer first"), (1, "Bearer second")]);
    }
}

#[tokio::test]
async fn a_401_is_answered_once_with_what_the_files_hold_by_then() {
    for protocols in BOTH {
        let pki = Pki::new();
        let account = ServiceAccount::new(&pki, "old");
        let token = account.path("token");
        let server = Server::start(&pki, protocols, move |seen| {
            // The kubelet swaps the file while the request is under way.
            fs::write(&token, "new").unwrap();
            let status = if seen.authorization() == Some("Bearer new") { 200 } else { 401 };
            async move { answer(status, Body::whole("{}")) }
        })
        .await;
        let client = Client::new(account.config("127.0.0.1", server.port));
        assert_eq!(get(&client).await.unwrap().0, 200);
        let connections: Vec<_> = server.seen().iter().map(|seen| seen.connection).collect();
        assert_eq!(connections, [1, 2], "client certificates belong to a connection, so it takes a new one");
    }
}

#[tokio::test]
async fn after_a_401_no_connection_from_before_it_is_used() {
    let pki = Pki::new();
    let server = Server::start(&pki, Protocols::Http1, async |seen| {
        answer(if seen.request == 3 { 401 } else { 200 }, Body::whole("{}"))
    })
    .await;
    let account = ServiceAccount::new(&pki, "token");
    let client = Client::new(account.config("127.0.0.1", server.port));
    let mut first = client.send(&list(LIMIT)).await.unwrap();
    get(&client).await.unwrap();
    read(&mut first).await.unwrap();
    // Two connections are idle: one serves the 401, and the other one is as old.
    assert_eq!(get(&client).await.unwrap().0, 200);
    let connections: Vec<_> = server.seen().iter().map(|seen| seen.connection).collect();
    assert!(matches!(connections[..], [1, 2, 1 | 2, 3]), "{connections:?}");
}

#[tokio::test]
async fn a_second_401_is_the_answer() {
    for protocols in BOTH {
        let pki = Pki::new();
        let server = Server::start(&pki, protocols, async |_| answer(401, Body::whole("no"))).await;
        let account = ServiceAccount::new(&pki, "token");
        let client = Client::new(account.config("127.0.0.1", server.port));
        assert_eq!(get(&client).await.unwrap(), (401, b"no".to_vec()));
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_token_that_has_become_unusable_is_named_by_its_file_and_not_shown() {
    let pki = Pki::new();
    let server = Server::start(&pki, Protocols::Http1, async |_| ok("{}")).await;
    let account = ServiceAccount::new(&pki, "token");
    let client = Client::new(account.config("127.0.0.1", server.port));
    for content in [Some(""), Some(" \n"), Some("marker\nmarker"), Some("mark\u{7f}er"), None] {
        match content {
            Some(content) => account.write("token", content),
            None => fs::remove_file(account.path("token")).unwrap(),
        }
        let failure = send_failure(&client, &list(1)).await;
        assert_eq!((failure.sent, failure.kind), (Sent::No, FailureKind::Credentials), "{failure}");
        assert!(failure.message.contains(account.path("token").to_str().unwrap()), "{failure}");
        assert!(!failure.message.contains("mark"), "{failure}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_token_reaches_no_debug_output_and_no_failure() {
    let pki = Pki::new();
    let server = Server::start(&pki, Protocols::Http2, async |_| ok("{}")).await;
    let account = ServiceAccount::new(&pki, "marker");
    let client = Client::new(account.config("127.0.0.1", server.port));
    let response = client.send(&list(1)).await.unwrap();
    let shown = format!("{client:?} {client:#?} {:?} {response:?}", client.config());
    assert_eq!(server.seen()[0].authorization(), Some("Bearer marker"));
    assert!(!shown.contains("marker"), "{shown}");

    let other = Client::new(account.config("127.0.0.1", 1));
    let failure = send_failure(&other, &list(1)).await;
    assert!(!format!("{failure} {failure:?}").contains("marker"));

    account.write("ca.crt", "marker");
    let options = InCluster { service_account: account.directory().into(), ..InCluster::default() };
    let error = Config::in_cluster(&options).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("marker"));
}

#[cfg(feature = "kubeconfig")]
#[tokio::test]
async fn a_token_that_is_given_once_is_not_tried_twice() {
    let pki = Pki::new();
    let server = Server::start(&pki, Protocols::Http1, async |_| answer(401, Body::whole("no"))).await;
    let account = ServiceAccount::new(&pki, "");
    let cluster = format!(r#""server": "https://127.0.0.1:{}", "certificate-authority": "ca.crt""#, server.port);
    let file = support::kubeconfig(&account.path("config"), &cluster, r#""token": "inline""#);
    let client = Client::new(Config::from_kubeconfig(&[file], None).unwrap());
    assert_eq!(get(&client).await.unwrap().0, 401);
    assert_eq!(server.seen().len(), 1);
    assert_eq!(server.seen()[0].authorization(), Some("Bearer inline"));
}

#[cfg(feature = "kubeconfig")]
#[tokio::test]
async fn client_certificate_files_are_read_again_after_a_401() {
    let pki = Pki::new();
    let certificate = pki.issue(&["127.0.0.1"]);
    let server = Server::start_as(&certificate, Some(&pki), Protocols::Http2, async |seen| {
        answer(if seen.request == 1 { 401 } else { 200 }, Body::whole("{}"))
    })
    .await;
    let account = ServiceAccount::new(&pki, "");
    let identity = pki.issue(&["client"]);
    account.write("client.crt", &identity.certificate);
    account.write("client.key", &identity.key);
    let cluster = format!(r#""server": "https://127.0.0.1:{}", "certificate-authority": "ca.crt""#, server.port);
    let user = r#""client-certificate": "client.crt", "client-key": "client.key""#;
    let file = support::kubeconfig(&account.path("config"), &cluster, user);
    let client = Client::new(Config::from_kubeconfig(&[file], None).unwrap());
    assert_eq!(get(&client).await.unwrap().0, 200);
    assert_eq!(server.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [1, 2]);
}
