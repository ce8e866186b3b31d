//! Writes that are [only tried out](https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run).

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::FakeApi;
use super::delete::Options;
use super::request::{FakeRequest, Parameters};
use super::status::{ApiError, Cause, Result};

/// Whether this write is a dry run, by its parameter or by the options of a deletion.
pub(super) fn is_asked_for(verb: &str, request: &FakeRequest<'_>, parameters: &Parameters) -> Result<bool> {
    let is_deletion = matches!(verb, "delete" | "deletecollection");
    let mut stages: Vec<String> = if is_deletion { Options::read(request, parameters)?.dry_run } else { Vec::new() };
    if !parameters.get("dryRun").is_empty() {
        stages.push(parameters.get("dryRun").to_string());
    }
    if stages.iter().all(|stage| stage == "All") {
        return Ok(!stages.is_empty());
    }
    let cause = Cause::not_supported("dryRun", stages, "\"All\"");
    let options = match verb {
        "create" => "Create",
        "update" => "Update",
        "patch" => "Patch",
        _ => "Delete",
    };
    Err(ApiError::invalid_as(&format!("{options}Options"), "meta.k8s.io", "", [cause].into()))
}

impl FakeApi {
    /// A copy on which a write can be tried out, and which then is thrown away: nothing that is checked can be forgotten.
    pub(super) fn rehearsal(&self) -> Self {
        let mut copy = self.clone();
        copy.store.rehearse();
        copy
    }
}
