//! The development server, through our own client: TLS, both versions of HTTP, real sockets.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop there"
)]

use std::time::{Duration, Instant};

use quorate_core::api::{Method, Request, Sent};
use quorate_core::testing::FakeApi;
use quorate_transport_hyper::serve::{FaultChange, Faults, Serve, ServeOptions};
use quorate_transport_hyper::{Client, Config, Environment, Response, Selection};
use serde_json::{Value, json};
use tokio::time::timeout;

const PODS: &str = "/api/v1/namespaces/lab/pods";
const WATCH: &str = "/api/v1/namespaces/lab/pods?watch=true&resourceVersion=0";
const LIMIT: usize = 1 << 26;
const LONG: Duration = Duration::from_secs(20);

async fn serve(http2: bool) -> (Serve, Client) {
    with_options(ServeOptions { http2, ..ServeOptions::default() }).await
}

async fn with_options(options: ServeOptions) -> (Serve, Client) {
    let server = Serve::start(options, FakeApi::new(1)).await.unwrap();
    let client = client(&server);
    (server, client)
}

/// By the kubeconfig, as any other client.
fn client(server: &Serve) -> Client {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, server.kubeconfig()).unwrap();
    let selection = Selection { kubeconfig: Some(kubeconfig), context: None };
    let config = Config::discover(&Environment::default(), &selection).unwrap();
    assert_eq!(config.namespace(), Some("default"));
    Client::new(config)
}

fn request(method: Method, target: &str, body: Option<&Value>) -> Request {
    let body = body.map(|body| body.to_string().into_bytes());
    Request::raw(method, target, body.as_deref().map(|body| ("application/json", body)), LIMIT)
}

async fn ask(client: &Client, method: Method, target: &str, body: Option<&Value>) -> (u16, Value) {
    let mut response = timeout(LONG, client.send(&request(method, target, body))).await.unwrap().unwrap();
    let mut bytes = Vec::new();
    while let Some(chunk) = timeout(LONG, response.chunk()).await.unwrap().unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    (response.status(), serde_json::from_slice(&bytes).unwrap())
}

async fn get(client: &Client, target: &str) -> (u16, Value) {
    ask(client, Method::Get, target, None).await
}

fn pod(name: &str) -> Value {
    let spec = json!({"containers": [{"name": "c", "image": "i"}]});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "lab"}, "spec": spec})
}

async fn create(client: &Client, name: &str) -> Value {
    let (status, created) = ask(client, Method::Post, PODS, Some(&pod(name))).await;
    assert_eq!(status, 201, "{created}");
    created
}

async fn watch(client: &Client) -> Watch {
    let response = timeout(LONG, client.send(&request(Method::Get, WATCH, None))).await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    Watch { response, read: Vec::new() }
}

struct Watch {
    response: Response,
    read: Vec<u8>,
}

impl Watch {
    /// The next event's type and name; `None` at a clean end.
    async fn try_next(&mut self) -> Result<Option<(String, String)>, quorate_core::api::Failure> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<_> = self.read.drain(..=end).collect();
                let event: Value = serde_json::from_slice(&line).unwrap();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                return Ok(Some((text(&event["type"]), text(&event["object"]["metadata"]["name"]))));
            }
            match timeout(LONG, self.response.chunk()).await.unwrap()? {
                Some(chunk) => self.read.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    }

    async fn next(&mut self) -> (String, String) {
        self.try_next().await.unwrap().unwrap()
    }

    async fn is_silent(&mut self) -> bool {
        timeout(Duration::from_millis(200), self.response.chunk()).await.is_err()
    }
}

fn event(kind: &str, name: &str) -> (String, String) {
    (kind.into(), name.into())
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < LONG, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn objects_are_created_read_replaced_and_listed() {
    for http2 in [false, true] {
        let (server, client) = serve(http2).await;
        let mut created = create(&client, "a").await;
        assert_eq!(get(&client, &format!("{PODS}/a")).await, (200, created.clone()));
        created["metadata"]["labels"] = json!({"app": "web"});
        let (status, replaced) = ask(&client, Method::Put, &format!("{PODS}/a"), Some(&created)).await;
        assert_eq!((status, &replaced["metadata"]["labels"]["app"]), (200, &json!("web")));
        let (status, list) = get(&client, PODS).await;
        assert_eq!((status, list["items"].as_array().unwrap().len()), (200, 1));
        let (status, missing) = get(&client, &format!("{PODS}/b")).await;
        assert_eq!((status, &missing["reason"]), (404, &json!("NotFound")));
        timeout(LONG, server.stop()).await.unwrap();
    }
}

#[tokio::test]
async fn a_watch_brings_each_line_as_it_comes() {
    for http2 in [false, true] {
        let (server, client) = serve(http2).await;
        create(&client, "a").await;
        let mut watch = watch(&client).await;
        assert_eq!(watch.next().await, event("ADDED", "a"));
        for name in ["b", "c"] {
            create(&client, name).await;
            assert_eq!(watch.next().await, event("ADDED", name));
        }
        assert_eq!(server.open_watches(), 1);
        drop(watch);
        until("the watch is closed with its client", || server.open_watches() == 0).await;
    }
}

#[tokio::test]
async fn a_stop_ends_watches_cleanly_and_closes_the_port() {
    for http2 in [false, true] {
        let (server, client) = serve(http2).await;
        let mut watch = watch(&client).await;
        let stopped = tokio::spawn(server.stop());
        assert_eq!(watch.try_next().await, Ok(None));
        timeout(Duration::from_secs(4), stopped).await.unwrap().unwrap();
        let failure = client.send(&request(Method::Get, PODS, None)).await.unwrap_err();
        assert_eq!(failure.sent, Sent::No);
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_hung_up_on_and_others_are_not() {
    for http2 in [false, true] {
        let (server, quick) =
            with_options(ServeOptions { http2, watch_buffer: 1 << 20, ..ServeOptions::default() }).await;
        let slow = client(&server);
        let mut unread = watch(&slow).await;
        let mut read = watch(&quick).await;
        until("both watches are open", || server.open_watches() == 2).await;
        let mut pod = pod("x");
        pod["metadata"]["annotations"] = json!({"much": "x".repeat(200_000)});
        let mut sent = 0;
        while server.open_watches() == 2 {
            assert!(sent < 400, "80 MB were sent to a client that reads nothing");
            let name = format!("x{sent}");
            pod["metadata"]["name"] = json!(name);
            assert_eq!(ask(&quick, Method::Post, PODS, Some(&pod)).await.0, 201);
            assert_eq!(read.next().await, event("ADDED", &name));
            sent += 1;
        }
        assert_eq!(server.open_watches(), 1);
        while let Ok(event) = unread.try_next().await {
            assert!(event.is_some(), "a broken connection must not look like a clean end");
        }
    }
}

#[tokio::test]
async fn what_no_api_needs_is_refused() {
    let (_server, client) = serve(true).await;
    let mut pod = pod("a");
    pod["metadata"]["annotations"] = json!({"much": "x".repeat(4 << 20)});
    let (status, refusal) = ask(&client, Method::Post, PODS, Some(&pod)).await;
    assert_eq!((status, &refusal["reason"]), (413, &json!("RequestEntityTooLarge")));
}

#[tokio::test]
async fn errors_strike_what_they_name() {
    let faults = Faults { errors: vec!["list:pods=1:503".parse().unwrap()], ..Faults::default() };
    let (server, client) = with_options(ServeOptions { faults, ..ServeOptions::default() }).await;
    assert_eq!(get(&client, PODS).await.0, 503);
    create(&client, "a").await;
    server.change(&FaultChange { errors: Some(Vec::new()), ..FaultChange::default() });
    assert_eq!(get(&client, PODS).await.0, 200);
}

#[tokio::test]
async fn faults_are_seen_and_changed_while_it_runs() {
    let (server, client) = serve(true).await;
    let change = json!({"latencyMs": 100, "errors": ["get:pods=1:500"]});
    let (status, faults) = ask(&client, Method::Post, "/quorate/faults", Some(&change)).await;
    assert_eq!((status, &faults["latencyMs"], &faults["errors"][0]), (200, &json!(100), &json!("get:pods=1:500")));
    assert_eq!(server.faults().latency, Duration::from_millis(100));
    let begin = Instant::now();
    assert_eq!(get(&client, &format!("{PODS}/a")).await.0, 500);
    assert!(begin.elapsed() >= Duration::from_millis(100));
    assert_eq!(get(&client, "/quorate/faults").await, (200, faults));
    let (status, refusal) = ask(&client, Method::Post, "/quorate/faults", Some(&json!({"latency": 1}))).await;
    assert_eq!(status, 400, "{refusal}");
}

#[tokio::test]
async fn watches_stall_and_are_cut() {
    for http2 in [false, true] {
        let (server, client) = serve(http2).await;
        let mut watch = watch(&client).await;
        let stall = |stalled| FaultChange { stall_watches: Some(stalled), ..FaultChange::default() };
        server.change(&stall(true));
        create(&client, "a").await;
        assert!(watch.is_silent().await);
        server.change(&stall(false));
        assert_eq!(watch.next().await, event("ADDED", "a"));
        assert_eq!(server.open_watches(), 1);
        server.change(&FaultChange { cut_watches: true, ..FaultChange::default() });
        assert!(watch.try_next().await.is_err());
        until("the watch is closed", || server.open_watches() == 0).await;

        server.change(&FaultChange { cut_watches_after_ms: Some(50), ..FaultChange::default() });
        let mut watch = self::watch(&client).await;
        while let Ok(event) = watch.try_next().await {
            assert!(event.is_some(), "a cut must not look like a clean end");
        }
    }
}

#[tokio::test]
async fn a_watch_that_ends_while_it_is_stalled_ends_when_it_may_speak_again() {
    let (server, client) = serve(true).await;
    let stall = |stalled| FaultChange { stall_watches: Some(stalled), ..FaultChange::default() };
    server.change(&stall(true));
    let target = format!("{PODS}?watch=true&timeoutSeconds=1");
    let response = client.send(&request(Method::Get, &target, None)).await.unwrap();
    let mut watch = Watch { response, read: Vec::new() };
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(watch.is_silent().await);
    server.change(&stall(false));
    assert_eq!(watch.try_next().await, Ok(None));
    until("the watch is closed", || server.open_watches() == 0).await;
}

#[tokio::test]
async fn an_outage_breaks_connections_and_passes() {
    let (server, client) = serve(true).await;
    let mut watch = watch(&client).await;
    server.change(&FaultChange { outage_ms: Some(300), ..FaultChange::default() });
    assert!(watch.try_next().await.is_err());
    client.send(&request(Method::Get, PODS, None)).await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(get(&client, PODS).await.0, 200);
}

#[tokio::test]
async fn a_token_expires_and_is_renewed_by_the_admin_path_all_the_same() {
    let (_server, client) = serve(true).await;
    ask(&client, Method::Post, "/quorate/faults", Some(&json!({"tokenExpiresInMs": 0}))).await;
    assert_eq!(get(&client, PODS).await.0, 401);
    ask(&client, Method::Post, "/quorate/faults", Some(&json!({"renewToken": true}))).await;
    assert_eq!(get(&client, PODS).await.0, 200);
}

#[tokio::test]
async fn a_watch_from_before_a_compaction_is_told_so() {
    let (server, client) = serve(true).await;
    let created = create(&client, "a").await;
    create(&client, "b").await;
    server.change(&FaultChange { compact: true, ..FaultChange::default() });
    let version = created["metadata"]["resourceVersion"].as_str().unwrap();
    let target = format!("{PODS}?watch=true&resourceVersion={version}");
    let (_, answer) = get(&client, &target).await;
    let code = if answer["type"] == "ERROR" { &answer["object"]["code"] } else { &answer["code"] };
    assert_eq!(code, 410, "{answer}");
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let (server, _client) = serve(true).await;
    let options = ServeOptions { listen: server.address(), ..ServeOptions::default() };
    let error = Serve::start(options, FakeApi::new(1)).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot listen at {}: ", server.address())), "{error}");
}
