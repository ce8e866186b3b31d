//! `/livez`, `/readyz`, `/leader` and `/metrics`, for whoever is let through to them: they tell nothing secret.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tracing::debug;

use super::Monitor;

/// Probes are few. Whoever holds more connections than this waits.
const CONNECTIONS: usize = 64;
/// How long a request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// Before the next try when no connection can be taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves until it is dropped.
pub(in crate::elect) async fn serve(listener: TcpListener, monitor: Arc<Monitor>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => { connections.spawn(converse(stream, Arc::clone(&monitor))); }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, monitor: Arc<Monitor>) {
    let service = service_fn(|request| {
        let response = answer(&monitor, &request);
        async { Ok::<_, Infallible>(response) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        debug!("a probe's connection broke: {error}");
    }
}

fn answer(monitor: &Monitor, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n".into());
    }
    match request.uri().path() {
        "/livez" => match monitor.is_live() {
            Ok(()) => response(StatusCode::OK, TEXT, "ok\n".into()),
            Err(late) => {
                let text = format!("the election should have acted {:.0} s ago\n", late.as_secs_f64());
                response(StatusCode::SERVICE_UNAVAILABLE, TEXT, text)
            }
        },
        "/readyz" if monitor.is_ready() => response(StatusCode::OK, TEXT, "ok\n".into()),
        "/readyz" => response(StatusCode::SERVICE_UNAVAILABLE, TEXT, "the Lease has not been read yet\n".into()),
        "/leader" => made(JSON, monitor.leader().ok()),
        "/metrics" => made(OPEN_METRICS, monitor.metrics.text().ok()),
        _ => response(StatusCode::NOT_FOUND, TEXT, "there are /livez, /readyz, /leader and /metrics\n".into()),
    }
}

fn made(kind: &'static str, text: Option<String>) -> Response<Full<Bytes>> {
    match text {
        Some(text) => response(StatusCode::OK, kind, text),
        None => response(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "it cannot be written\n".into()),
    }
}

fn response(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
