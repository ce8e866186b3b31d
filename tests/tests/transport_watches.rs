//! Watches over real sockets: a path that goes dead, a server that goes away, lines in slivers.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop there"
)]

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use quorate_core::api::{FailureKind, LabelSelector, Method, Request};
use quorate_core::membership::listing::ListingOptions;
use quorate_core::membership::{MembershipOptions, Source, Standing};
use quorate_core::testing::FakeApi;
use quorate_runtime_tokio::MembershipHandle;
use quorate_tests::kubeconfig::Kubeconfig;
use quorate_transport_hyper::serve::{Serve, ServeOptions};
use quorate_transport_hyper::{Client, Config, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

const WATCH: &str = "/api/v1/namespaces/lab/pods?watch=true&resourceVersion=0";
const PODS: &str = "/api/v1/namespaces/lab/pods";
const LONG: Duration = Duration::from_secs(20);

/// What a proxy does with the bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Passes,
    /// In pieces of 1 to so many bytes.
    Slivers(usize),
    /// Takes all and passes none on: both ends see a connection that is open.
    Swallows,
}

/// A TCP proxy on a path that may go dead.
struct Proxy {
    address: SocketAddr,
    manner: watch::Sender<Manner>,
}

impl Proxy {
    async fn before(server: SocketAddr, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (manner, current) = watch::channel(manner);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(server).await.unwrap();
                // Each sliver leaves by itself.
                client.set_nodelay(true).unwrap();
                server.set_nodelay(true).unwrap();
                let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
                tokio::spawn(pass(from_client, to_server, current.clone()));
                tokio::spawn(pass(from_server, to_client, current.clone()));
            }
        });
        Self { address, manner }
    }

    fn go_silent(&self) {
        self.manner.send_replace(Manner::Swallows);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, manner: watch::Receiver<Manner>) {
    let mut buffer = vec![0; 16 * 1024];
    let mut turn = 0;
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let manner = *manner.borrow();
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            turn += 1;
            let size = match manner {
                Manner::Passes => rest.len(),
                Manner::Slivers(most) => (turn % most + 1).min(rest.len()),
                Manner::Swallows => break,
            };
            if to.write_all(&rest[..size]).await.is_err() {
                return;
            }
            rest = &rest[size..];
        }
    }
}

async fn serve(listen: SocketAddr, http2: bool) -> Serve {
    Serve::start(ServeOptions { listen, http2, ..ServeOptions::default() }, FakeApi::new(1)).await.unwrap()
}

async fn serve_anywhere(http2: bool) -> Serve {
    serve(SocketAddr::from(([127, 0, 0, 1], 0)), http2).await
}

/// The credentials of a server, in files that are read again.
fn hand_over(server: &Serve, folder: &Path) {
    std::fs::write(folder.join("ca.crt"), server.certificate_authority_pem()).unwrap();
    std::fs::write(folder.join("token"), server.token()).unwrap();
}

fn client(server: &Serve, address: SocketAddr, folder: &Path) -> Client {
    hand_over(server, folder);
    let kubeconfig = Kubeconfig::new(&format!("https://{address}"), json!({"tokenFile": folder.join("token")}));
    let kubeconfig = kubeconfig.authority(&folder.join("ca.crt")).write(folder.join("kubeconfig")).unwrap();
    Client::new(Config::from_kubeconfig(&[kubeconfig], None).unwrap())
}

fn pod(number: u8) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": format!("web-{number}"), "namespace": "lab", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": "x"}]},
        "status": {
            "phase": "Running",
            "podIP": format!("10.0.0.{number}"),
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

fn put(server: &Serve, number: u8) {
    server.with(|api, now| api.load(now, &[pod(number)])).unwrap();
}

async fn get(client: &Client, target: &str) -> Response {
    let request = Request::raw(Method::Get, target, None, usize::MAX);
    timeout(LONG, client.send(&request)).await.unwrap().unwrap()
}

/// Reads on until a line has come.
async fn read_line(watch: &mut Response) {
    let mut read = Vec::new();
    while read.last() != Some(&b'\n') {
        read.extend_from_slice(&timeout(LONG, watch.chunk()).await.unwrap().unwrap().unwrap());
    }
}

/// In real time: this is the one test that waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_on_a_path_that_goes_dead_fails_within_45_seconds() {
    let server = serve_anywhere(true).await;
    put(&server, 1);
    let proxy = Proxy::before(server.address(), Manner::Passes).await;
    let folder = tempfile::tempdir().unwrap();
    let client = client(&server, proxy.address, folder.path());
    let mut watch = get(&client, WATCH).await;
    read_line(&mut watch).await;
    proxy.go_silent();
    put(&server, 2);
    let begin = Instant::now();
    let failure = timeout(Duration::from_secs(60), watch.chunk()).await.unwrap().unwrap_err();
    let took = begin.elapsed();
    assert_eq!(failure.kind, FailureKind::Interrupted, "{failure}");
    assert!((Duration::from_secs(10)..Duration::from_secs(46)).contains(&took), "{took:?}: {failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_ends_its_watches_cleanly_and_its_successor_is_found_without_a_failure() {
    for http2 in [false, true] {
        let server = serve_anywhere(http2).await;
        put(&server, 1);
        let (folder, address) = (tempfile::tempdir().unwrap(), server.address());
        let client = client(&server, address, folder.path());
        let mut watch = get(&client, WATCH).await;
        read_line(&mut watch).await;
        // Another request shares the connection, over HTTP/2.
        assert_eq!(get(&client, PODS).await.status(), 200);
        let (end, ()) = tokio::join!(timeout(LONG, watch.chunk()), server.stop());
        assert_eq!(end.unwrap().unwrap(), None, "an end, and no failure");
        let successor = serve(address, http2).await;
        hand_over(&successor, folder.path());
        let mut watch = get(&client, WATCH).await;
        put(&successor, 2);
        read_line(&mut watch).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_arrive_intact_however_the_bytes_are_cut() {
    for (http2, most) in [(false, 1), (false, 11), (true, 1), (true, 11)] {
        let server = serve_anywhere(http2).await;
        put(&server, 1);
        let proxy = Proxy::before(server.address(), Manner::Slivers(most)).await;
        let folder = tempfile::tempdir().unwrap();
        let client = client(&server, proxy.address, folder.path());
        let selector = LabelSelector::parse("app=web").ok();
        let listing = ListingOptions { source: Source::Pods, selector, ..ListingOptions::default() };
        let config = MembershipOptions { listing, ..MembershipOptions::default() }.build().unwrap();
        let membership = MembershipHandle::start(config, client);
        timeout(LONG, membership.synced()).await.unwrap().unwrap();
        for number in 2..=40 {
            put(&server, number);
        }
        let all_there = async {
            while membership.view().len() < 40 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONG, all_there).await.unwrap();
        assert_eq!(membership.standing(), Standing::Live);
        membership.shutdown().await;
    }
}
