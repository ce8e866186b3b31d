//! One request in, one answer out.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WARNING};
use http::{HeaderMap, HeaderValue, Method as HttpMethod, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use quorate_core::api::Method;
use quorate_core::testing::{FakeRequest, FakeResponse};
use tokio::sync::Notify;

use super::admin;
use super::asked::Asked;
use super::body::{AnswerBody, WatchBody};
use super::shared::{Answer, Shared};

/// What kube-apiserver takes
/// ([limits](https://github.com/kubernetes/apiserver/blob/v0.34.0/pkg/server/config.go): `MaxRequestBodyBytes`).
const BODY_LIMIT: usize = 3 << 20;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers; the client's connection is broken by `hang_up`.
pub(super) async fn answer(
    shared: Arc<Shared>,
    hang_up: Arc<Notify>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let (head, body) = request.into_parts();
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    let Some(method) = method(&head.method) else { return Ok(method_not_allowed()) };
    let body = match read(body).await {
        Ok(body) => body,
        Err(refusal) => return Ok(refusal),
    };
    let token = bearer_token(&head.headers);
    if path == admin::PATH {
        return Ok(admin::answer(&shared, method, token, &body));
    }
    let fate = shared.fate(&Asked::of(&head.method, path, query));
    if !fate.latency.is_zero() {
        tokio::time::sleep(fate.latency).await;
    }
    if let Some(code) = fate.error {
        return Ok(injected(code));
    }
    let request = FakeRequest {
        method,
        target: head.uri.path_and_query().map_or("/", |target| target.as_str()),
        token,
        content_type: head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()),
        body: &body,
    };
    Ok(match shared.handle(&request, &hang_up) {
        Answer::Complete(response) => complete(response),
        Answer::Watch { id, warning, queue, life } => {
            let body = WatchBody::new(id, queue, Arc::clone(&shared), life);
            let answer = with_head(StatusCode::OK, JSON, AnswerBody::Watch(body));
            with_warning(answer, warning)
        }
    })
}

fn method(method: &HttpMethod) -> Option<Method> {
    Some(match *method {
        HttpMethod::DELETE => Method::Delete,
        HttpMethod::GET => Method::Get,
        HttpMethod::PATCH => Method::Patch,
        HttpMethod::POST => Method::Post,
        HttpMethod::PUT => Method::Put,
        _ => return None,
    })
}

fn method_not_allowed() -> Response<AnswerBody> {
    let message = "the server does not allow this method on the requested resource";
    let mut answer = status(405, "MethodNotAllowed", message);
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"));
    answer
}

/// The whole body, or the answer to one that is too long or broken off.
async fn read(body: Incoming) -> Result<Bytes, Response<AnswerBody>> {
    let too_large =
        || status(413, "RequestEntityTooLarge", &format!("Request entity too large: limit is {BODY_LIMIT}"));
    // Most say beforehand how long they are.
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return Err(too_large());
    }
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(status(400, "BadRequest", "the request's body was cut off")),
    }
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn complete(response: FakeResponse) -> Response<AnswerBody> {
    let code = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = HeaderValue::from_static(response.content_type);
    let mut answer = with_head(code, content_type, AnswerBody::whole(response.body));
    if let Some(seconds) = response.retry_after {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    with_warning(answer, response.warning)
}

fn with_warning(mut answer: Response<AnswerBody>, warning: Option<&'static str>) -> Response<AnswerBody> {
    if let Some(warning) = warning {
        answer.headers_mut().insert(WARNING, HeaderValue::from_static(warning));
    }
    answer
}

/// An error that a fault asks for. A 429 is the overloaded API's own.
fn injected(code: u16) -> Response<AnswerBody> {
    match code {
        429 => complete(FakeResponse::too_many_requests(1)),
        _ => status(code, "InternalError", "quorate dev-server: this error was asked for by a fault switch"),
    }
}

/// An answer of the front itself, in the form of a
/// [Status](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
pub(super) fn status(code: u16, reason: &str, message: &str) -> Response<AnswerBody> {
    let body = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    json(code, body.to_string().into_bytes())
}

pub(super) fn json(code: u16, body: Vec<u8>) -> Response<AnswerBody> {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with_head(code, JSON, AnswerBody::whole(body))
}

fn with_head(code: StatusCode, content_type: HeaderValue, body: AnswerBody) -> Response<AnswerBody> {
    let mut answer = Response::new(body);
    *answer.status_mut() = code;
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_that_kubernetes_has_no_use_for_are_not_allowed() {
        for name in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let found = method(&HttpMethod::from_bytes(name.as_bytes()).unwrap()).unwrap();
            assert_eq!(found.as_str(), name);
        }
        for other in [HttpMethod::HEAD, HttpMethod::OPTIONS, HttpMethod::TRACE, HttpMethod::CONNECT] {
            assert_eq!(method(&other), None);
        }
        assert_eq!(method_not_allowed().status(), 405);
    }

    #[test]
    fn a_token_is_a_bearer_s() {
        let token = |value: &'static str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
            bearer_token(&headers).map(String::from)
        };
        assert_eq!(token("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(token("bearer  abc ").as_deref(), Some("abc"));
        assert_eq!(token("Basic abc"), None);
        assert_eq!(token("abc"), None);
    }

    #[test]
    fn a_busy_answer_says_when_to_come_again() {
        let busy = injected(429);
        assert_eq!((busy.status().as_u16(), &busy.headers()[RETRY_AFTER]), (429, &HeaderValue::from_static("1")));
        assert_eq!(busy.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
        assert!(!injected(500).headers().contains_key(RETRY_AFTER));
    }
}
