//! Requests, answers, and the connections that carry them.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop there"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use http::Version;
use quorate_core::api::{FailureKind, Method, Request, Sent};
use quorate_transport_hyper::Client;
use support::{Answer, Body, LIMIT, Pki, Protocols, Seen, Server, answer, config, get, list, ok, read, send_failure};
use tokio::sync::Mutex;

const BOTH: [Protocols; 2] = [Protocols::Http1, Protocols::Http2];

/// A server that answers thus, a client for it, and the files that the client reads.
async fn pair<F, A>(protocols: Protocols, handler: F) -> (Server, Client, support::ServiceAccount)
where
    F: Fn(Seen) -> A + Send + Sync + 'static,
    A: Future<Output = Answer> + Send + 'static,
{
    let pki = Pki::new();
    let server = Server::start(&pki, protocols, handler).await;
    let (account, config) = config(&pki, server.port);
    (server, Client::new(config), account)
}

#[tokio::test]
async fn a_request_goes_out_and_its_answer_comes_back() {
    for (protocols, version) in [
        (Protocols::Http1, Version::HTTP_11),
        (Protocols::Http2, Version::HTTP_2),
        (Protocols::Unannounced, Version::HTTP_11),
    ] {
        let (server, client, _account) = pair(protocols, async |_| {
            let mut answer = answer(429, Body::whole("busy"));
            answer.headers_mut().insert("retry-after", "7".parse().unwrap());
            answer
        })
        .await;
        let mut response = client.send(&list(LIMIT)).await.unwrap();
        assert_eq!((response.head().status, response.head().retry_after), (429, Some("7")));
        assert_eq!(read(&mut response).await.unwrap(), b"busy");
        assert_eq!(response.chunk().await, Ok(None));

        let seen = &server.seen()[0];
        assert_eq!((seen.version, seen.target.as_str()), (version, "/api/v1/namespaces/lab/pods?limit=500"));
        assert_eq!(seen.authorization(), Some("Bearer token-of-the-test"));
        assert_eq!(seen.headers["user-agent"], concat!("quorate/", env!("CARGO_PKG_VERSION")));
        assert_eq!(seen.headers["accept"], "application/json");
        assert!(!seen.headers.contains_key("accept-encoding"));
        if version == Version::HTTP_11 {
            assert_eq!(seen.headers["host"], format!("127.0.0.1:{}", server.port).as_str());
        }
    }
}

#[tokio::test]
async fn however_a_body_is_cut_it_comes_back_whole() {
    let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    for protocols in BOTH {
        for size in [997, 65_536, 400_000] {
            let sent = text.clone();
            let (_server, client, _account) = pair(protocols, move |_| {
                let body = Body::chunks(sent.chunks(size));
                async { answer(200, body) }
            })
            .await;
            assert_eq!(get(&client).await.unwrap(), (200, text.clone()));
        }
    }
}

#[tokio::test]
async fn requests_one_after_the_other_share_a_connection() {
    for protocols in BOTH {
        let (server, client, _account) = pair(protocols, async |_| ok("{}")).await;
        for _ in 0..3 {
            get(&client).await.unwrap();
        }
        assert_eq!(server.seen().iter().map(|seen| seen.connection).max(), Some(1));
        // A clone shares it too; another client does not.
        get(&client.clone()).await.unwrap();
        get(&Client::new(client.config().clone())).await.unwrap();
        assert_eq!(server.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [1, 1, 1, 1, 2]);
    }
}

#[tokio::test]
async fn answers_may_arrive_side_by_side() {
    for (protocols, connections) in [(Protocols::Http1, 2), (Protocols::Http2, 1)] {
        let (server, client, _account) =
            pair(
                protocols,
                async |seen| {
                    if seen.request == 2 { answer(200, Body::endless("watch").0) } else { ok("list") }
                },
            )
            .await;
        get(&client).await.unwrap();
        let mut watch = client.send(&list(LIMIT)).await.unwrap();
        assert_eq!(watch.chunk().await.unwrap().unwrap(), "watch");
        assert_eq!(get(&client).await.unwrap().1, b"list");
        assert_eq!(server.seen().iter().map(|seen| seen.connection).max(), Some(connections));
    }
}

#[tokio::test]
async fn lease_writes_share_no_connection_with_anything_else() {
    for protocols in BOTH {
        let watches = async |seen: Seen| match seen.target.contains("watch=true") {
            true => answer(200, Body::endless("watch").0),
            false => ok("{}"),
        };
        let (server, client, _account) = pair(protocols, watches).await;
        let leases = "/apis/coordination.k8s.io/v1/namespaces/lab/leases";
        let write = Request::raw(Method::Put, &format!("{leases}/demo"), Some(("application/json", b"{}")), LIMIT);
        let watch = Request::raw(Method::Get, &format!("{leases}?watch=true"), None, LIMIT);
        let read_lease = Request::raw(Method::Get, &format!("{leases}/demo"), None, LIMIT);
        let mut watched = client.send(&watch).await.unwrap();
        assert_eq!(watched.chunk().await.unwrap().unwrap(), "watch");
        for request in [&write, &read_lease, &write, &list(LIMIT), &write] {
            read(&mut client.send(request).await.unwrap()).await.unwrap();
        }
        let seen = server.seen();
        let (writes, others): (Vec<_>, Vec<_>) =
            seen.iter().partition(|seen| seen.headers.contains_key("content-type"));
        assert_eq!(writes.iter().map(|seen| seen.connection).collect::<Vec<_>>(), [2, 2, 2]);
        assert!(others.iter().all(|seen| seen.connection != 2));
    }
}

#[tokio::test]
async fn a_body_that_is_cut_is_interrupted() {
    for protocols in BOTH {
        let (body, cut) = Body::cut("{\"items\": [");
        let body = Arc::new(Mutex::new(Some(body)));
        let (_server, client, _account) = pair(protocols, move |_| {
            let body = Arc::clone(&body);
            async move { answer(200, body.lock().await.take().unwrap()) }
        })
        .await;
        let mut response = client.send(&list(LIMIT)).await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "{\"items\": [");
        cut.send(()).unwrap();
        let failure = read(&mut response).await.unwrap_err();
        assert_eq!((failure.sent, failure.kind), (Sent::Unknown, FailureKind::Interrupted), "{failure}");
        assert!(
            failure.message.starts_with("GET /api/v1/namespaces/lab/pods?limit=500 at https://127.0.0.1:"),
            "{failure}"
        );
        // A cut body never turns into a complete one.
        assert_eq!(response.chunk().await, Err(failure));
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read_to_its_end() {
    for protocols in BOTH {
        for (announced, limit) in [(true, 99), (false, 99), (true, 100), (false, 100)] {
            let (_server, client, _account) = pair(protocols, move |_| async move {
                answer(200, if announced { Body::whole(vec![b'x'; 100]) } else { Body::chunks([&[b'x'; 50][..]; 2]) })
            })
            .await;
            let mut response = client.send(&list(limit)).await.unwrap();
            match read(&mut response).await {
                Ok(body) => assert_eq!((limit, body.len()), (100, 100)),
                Err(failure) => {
                    assert_eq!((limit, failure.kind), (99, FailureKind::BodyTooLarge));
                    assert!(failure.message.contains("99 bytes"), "{failure}");
                    assert_eq!(response.chunk().await, Err(failure));
                }
            }
            assert_eq!(client.send(&list(limit)).await.unwrap().status(), 200);
        }
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_idle_is_replaced_unnoticed() {
    for protocols in BOTH {
        let (server, client, _account) = pair(protocols, async |_| ok("{}")).await;
        for _ in 0..3 {
            assert_eq!(get(&client).await.unwrap().0, 200);
            server.shutdown().begin();
            server.shutdown().finished().await;
        }
        assert_eq!(server.seen().len(), 3);
    }
}

#[tokio::test]
async fn a_goaway_ends_no_answer_and_fails_no_request() {
    let (server, client, _account) =
        pair(
            Protocols::Http2,
            async |seen| {
                if seen.request == 1 { answer(200, Body::endless("first").0) } else { ok("{}") }
            },
        )
        .await;
    let mut open = client.send(&list(LIMIT)).await.unwrap();
    assert_eq!(open.chunk().await.unwrap().unwrap(), "first");
    server.shutdown().begin();
    // Some of these find the old connection, some a new one.
    for _ in 0..5 {
        assert_eq!(get(&client).await.unwrap().0, 200);
    }
    assert_eq!(server.seen().last().unwrap().connection, 2);
    assert!(tokio::time::timeout(Duration::from_millis(1), open.chunk()).await.is_err(), "still open");
}

#[tokio::test]
async fn a_request_that_the_server_refused_to_look_at_is_sent_again_on_a_new_connection() {
    let pki = Pki::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_account, config) = config(&pki, listener.local_addr().unwrap().port());
    let tls = support::acceptor(&pki.issue(&["127.0.0.1"]), None, Protocols::Http2);
    let server = tokio::spawn(async move {
        let mut refused = 0;
        for connection in 1.. {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut h2 = h2::server::handshake(tls.accept(tcp).await.unwrap()).await.unwrap();
            let mut requests = 0;
            while let Some(Ok((_, mut respond))) = h2.accept().await {
                requests += 1;
                if requests > 1 {
                    refused += 1;
                    respond.send_reset(h2::Reason::REFUSED_STREAM);
                } else {
                    respond.send_response(http::Response::new(()), true).unwrap();
                }
                if connection == 2 {
                    h2.graceful_shutdown();
                }
            }
            if connection == 2 {
                return refused;
            }
        }
        unreachable!()
    });
    let client = Client::new(config);
    assert_eq!(get(&client).await.unwrap().0, 200);
    assert_eq!(get(&client).await.unwrap().0, 200);
    drop(client);
    assert_eq!(server.await.unwrap(), 1);
}

#[tokio::test]
async fn a_connection_closed_after_the_request_leaves_it_unknown_whether_it_was_applied() {
    for protocols in BOTH {
        let (server, client, _account) = pair(protocols, async |seen| {
            if seen.request > 1 {
                // hyper's server drops the connection of a service that panics.
                std::panic::resume_unwind(Box::new("no answer"));
            }
            ok("{}")
        })
        .await;
        get(&client).await.unwrap();
        let failure = send_failure(&client, &list(LIMIT)).await;
        assert_eq!((failure.sent, failure.kind), (Sent::Unknown, FailureKind::Interrupted), "{failure}");
        assert_eq!(server.seen().len(), 2, "it was not sent again");
    }
}

#[tokio::test]
async fn dropping_a_response_ends_the_exchange() {
    for protocols in BOTH {
        let (body, mut dropped) = Body::endless("watch");
        let body = Arc::new(Mutex::new(Some(body)));
        let (_server, client, _account) = pair(protocols, move |_| {
            let body = Arc::clone(&body);
            async move { body.lock().await.take().map_or_else(|| ok("{}"), |body| answer(200, body)) }
        })
        .await;
        let mut response = client.send(&list(LIMIT)).await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "watch");
        drop(response);
        assert!(dropped.recv().await.is_none());
        assert_eq!(get(&client).await.unwrap().0, 200);
    }
}

#[tokio::test]
async fn dropping_a_send_ends_the_exchange_and_the_next_one_gets_a_new_connection() {
    for protocols in BOTH {
        let (arrived, mut arrivals) = tokio::sync::mpsc::channel(1);
        let (gone, mut departures) = tokio::sync::mpsc::channel::<()>(1);
        let gone = Arc::new(Mutex::new(Some(gone)));
        let (server, client, _account) = pair(protocols, move |seen| {
            let (arrived, gone) = (arrived.clone(), Arc::clone(&gone));
            async move {
                if seen.request == 1 {
                    let _alive = gone.lock().await.take();
                    arrived.send(()).await.unwrap();
                    std::future::pending::<()>().await;
                }
                ok("{}")
            }
        })
        .await;
        let request = list(LIMIT);
        tokio::select! {
            response = client.send(&request) => panic!("{response:?}"),
            _ = arrivals.recv() => {}
        }
        assert!(departures.recv().await.is_none());
        assert_eq!(get(&client).await.unwrap().0, 200);
        assert_eq!(server.seen().last().unwrap().connection, 2);
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_no_token_follows_it() {
    let pki = Pki::new();
    let other = Server::start(&pki, Protocols::Http1, async |_| ok("{}")).await;
    let location = format!("https://127.0.0.1:{}/elsewhere", other.port);
    let server = Server::start(&pki, Protocols::Http2, move |_| {
        let mut answer = answer(307, Body::whole(""));
        answer.headers_mut().insert("location", location.parse().unwrap());
        async { answer }
    })
    .await;
    let (_account, config) = config(&pki, server.port);
    assert_eq!(get(&Client::new(config)).await.unwrap().0, 307);
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn a_client_is_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn sent<T: Send>(_: &T) {}
    let (_server, client, _account) = pair(Protocols::Http2, async |_| ok("{}")).await;
    shared(&client);
    let request = list(LIMIT);
    let send = client.send(&request);
    sent(&send);
    let mut response = send.await.unwrap();
    sent(&response.chunk());
}
