//! Field selectors: the few fields by which the server finds objects.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::kind::Kind;
use super::status::{ApiError, Result};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Fields(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Term {
    field: String,
    value: String,
    equal: bool,
}

impl Fields {
    pub(super) fn parse(kind: Kind, text: &str) -> Result<Self> {
        let terms = text.split(',').filter(|term| !term.is_empty()).map(|term| Term::parse(text, term));
        let terms = terms.collect::<Result<Vec<_>>>()?;
        match terms.iter().find(|term| !is_known(kind, &term.field)) {
            Some(term) => Err(unknown(kind, &term.field)),
            None => Ok(Self(terms)),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|term| (read(object, &term.field) == term.value) == term.equal)
    }
}

/// The one name that a selector asks for: authorisation takes it for the request's.
pub(super) fn name_in(text: &str) -> Option<&str> {
    let terms = text.split(',').filter(|term| !term.contains("!="));
    terms.filter_map(|term| term.split_once('=')).find_map(|(field, value)| {
        (field == "metadata.name" && !value.is_empty()).then(|| value.trim_start_matches('='))
    })
}

impl Term {
    fn parse(whole: &str, term: &str) -> Result<Self> {
        let (field, value, equal) = match (term.split_once("!="), term.split_once("=="), term.split_once('=')) {
            (Some((field, value)), _, _) => (field, value, false),
            (None, Some((field, value)), _) | (None, None, Some((field, value))) => (field, value, true),
            (None, None, None) => {
                return Err(ApiError::bad_request(format!("invalid selector: '{whole}'; can't understand '{term}'")));
            }
        };
        Ok(Self { field: field.into(), value: value.into(), equal })
    }
}

fn known(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Pod => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.nominatedNodeName",
            "status.phase",
            "status.podIP",
        ],
        Kind::Service => &["spec.clusterIP", "spec.type"],
        Kind::Event => &[
            "involvedObject.apiVersion",
            "involvedObject.fieldPath",
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.resourceVersion",
            "involvedObject.uid",
            "reason",
            "reportingComponent",
            "type",
        ],
        Kind::Endpoints | Kind::EndpointSlice | Kind::Lease => &[],
    }
}

fn is_known(kind: Kind, field: &str) -> bool {
    matches!(field, "metadata.name" | "metadata.namespace") || known(kind).contains(&field)
}

fn unknown(kind: Kind, field: &str) -> ApiError {
    ApiError::bad_request(if known(kind).is_empty() {
        format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
    } else {
        format!("field label not supported: {field}")
    })
}

fn read<'a>(object: &'a Value, field: &str) -> &'a str {
    let value = field.split('.').try_fold(object, |value, name| value.get(name));
    value.and_then(Value::as_str).unwrap_or_default()
}
