//! The path by which faults are seen and changed while the server runs.

use http::Response;
use quorate_core::api::Method;

use super::answer::{json, status};
use super::body::AnswerBody;
use super::shared::Shared;

pub(super) const PATH: &str = "/quorate/faults";

/// Faults do not strike here, and the token counts even when it expired: they could not be turned off otherwise.
pub(super) fn answer(shared: &Shared, method: Method, token: Option<&str>, body: &[u8]) -> Response<AnswerBody> {
    if token != Some(shared.token()) {
        return status(401, "Unauthorized", "the faults are changed with the token of this server's kubeconfig");
    }
    match method {
        Method::Get => {}
        // kubectl has both: `create --raw` and `replace --raw`.
        Method::Post | Method::Put => match serde_json::from_slice(body) {
            Ok(change) => shared.change(&change),
            Err(error) => return status(400, "BadRequest", &format!("no change of faults: {error}")),
        },
        _ => return status(405, "MethodNotAllowed", "GET shows the faults, POST changes them"),
    }
    match serde_json::to_vec(&shared.faults()) {
        Ok(faults) => json(200, faults),
        Err(error) => status(500, "InternalError", &error.to_string()),
    }
}
