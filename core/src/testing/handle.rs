//! From a request to who answers it.

use super::FakeApi;
use super::answer::{FakeAnswer, FakeResponse};
use super::delete::Options;
use super::kind::Kind;
use super::list::Filter;
use super::request::{FakeRequest, Parameters, ResourceRoute, Route, parse};
use super::status::{ApiError, Result};
use super::store::Key;
use super::write::Half;
use super::{discovery, dry_run, fields};
use crate::api::Method;
use crate::time::Now;

const ENDPOINTS_WARNING: &str = "299 - \"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\"";

impl FakeApi {
    pub(super) fn answer(&mut self, now: Now, request: &FakeRequest<'_>) -> Result<FakeAnswer> {
        let user = self.auth.authenticate(now.instant, request.token)?;
        let (route, parameters) = parse(request.target);
        if let Some(seconds) = self.overload.filter(|_| !discovery::is_probe(&route)) {
            return Ok(FakeAnswer::Complete(FakeResponse::too_many_requests(seconds)));
        }
        let route = match route {
            Route::Resource(route) => route,
            Route::Path(path) => {
                self.auth.may_path(&user, path_verb(request.method), &path)?;
                return match (request.method, discovery::answer(&path)) {
                    (Method::Get, Some(response)) => Ok(FakeAnswer::Complete(response)),
                    (_, Some(_)) => Err(ApiError::method_not_allowed()),
                    (_, None) if discovery::is_group(&path) => Err(ApiError::no_such_resource()),
                    (_, None) => Err(ApiError::page_not_found()),
                };
            }
        };
        let verb = verb(request.method, &route, &parameters);
        let selected = fields::name_in(parameters.get("fieldSelector")).filter(|_| route.name.is_none());
        self.auth.may(&user, verb, &route, route.name.as_deref().or(selected))?;
        self.serve(now, verb, &route, request, &parameters)
    }

    fn serve(
        &mut self,
        now: Now,
        verb: &str,
        route: &ResourceRoute,
        request: &FakeRequest<'_>,
        parameters: &Parameters,
    ) -> Result<FakeAnswer> {
        let kind = Kind::of_resource(&route.group, &route.version, &route.resource);
        let kind = kind.filter(|kind| is_served(*kind, route)).ok_or_else(|| missing(route))?;
        let answered = match verb {
            "watch" => Filter::parse(kind, route.namespace.as_deref(), parameters)
                .and_then(|filter| self.watch(now.instant, filter, parameters)),
            "get" | "list" => self.carry_out(now, verb, kind, route, request, parameters),
            _ => dry_run::is_asked_for(verb, request, parameters).and_then(|is_dry_run| {
                let mut rehearsal = is_dry_run.then(|| self.rehearsal());
                rehearsal.as_mut().unwrap_or(self).carry_out(now, verb, kind, route, request, parameters)
            }),
        };
        let mut answer = answered.unwrap_or_else(|error| FakeAnswer::Complete(error.response()));
        // Failures are warned about as well.
        if kind == Kind::Endpoints {
            answer.warn(ENDPOINTS_WARNING);
        }
        Ok(answer)
    }

    fn carry_out(
        &mut self,
        now: Now,
        verb: &str,
        kind: Kind,
        route: &ResourceRoute,
        request: &FakeRequest<'_>,
        parameters: &Parameters,
    ) -> Result<FakeAnswer> {
        let answered = match (&route.namespace, &route.name) {
            (_, None) => self.serve_collection(now, verb, kind, route, request, parameters),
            (Some(namespace), Some(name)) => {
                let half = if route.subresource.is_some() { Half::Status } else { Half::Main };
                self.serve_object(now, verb, &Key::new(kind, namespace, name), half, request, parameters)
            }
            (None, Some(_)) => Err(ApiError::no_such_resource()),
        };
        let changes = !matches!(verb, "get" | "list");
        if changes && matches!(kind, Kind::Pod | Kind::Service) {
            self.follow_pods(now, route.namespace.as_deref().unwrap_or_default());
        }
        answered.map(FakeAnswer::Complete)
    }

    fn serve_collection(
        &mut self,
        now: Now,
        verb: &str,
        kind: Kind,
        route: &ResourceRoute,
        request: &FakeRequest<'_>,
        parameters: &Parameters,
    ) -> Result<FakeResponse> {
        match (verb, &route.namespace) {
            ("list", namespace) => self.list(&Filter::parse(kind, namespace.as_deref(), parameters)?, parameters),
            ("create", Some(namespace)) => self.create(now, kind, namespace, request, parameters),
            ("deletecollection", Some(namespace)) => {
                let options = Options::read(request, parameters)?;
                let filter = Filter::parse(kind, Some(namespace), parameters)?;
                Ok(self.delete_collection(now, &filter, &options))
            }
            _ => Err(ApiError::method_not_allowed()),
        }
    }

    fn serve_object(
        &mut self,
        now: Now,
        verb: &str,
        key: &Key,
        half: Half,
        request: &FakeRequest<'_>,
        parameters: &Parameters,
    ) -> Result<FakeResponse> {
        match verb {
            "get" => self.get(key, parameters),
            "update" => self.replace(now, key, half, request, parameters),
            "patch" => self.patch(key, half, request, parameters),
            "delete" if half == Half::Main => self.delete(now, key, &Options::read(request, parameters)?),
            _ => Err(ApiError::method_not_allowed()),
        }
    }
}

/// Within a group that is served, what is missing is a resource; else, it is the path.
fn missing(route: &ResourceRoute) -> ApiError {
    if Kind::ALL.iter().any(|kind| kind.group() == route.group) {
        ApiError::no_such_resource()
    } else {
        ApiError::page_not_found()
    }
}

fn is_served(kind: Kind, route: &ResourceRoute) -> bool {
    match route.subresource.as_deref() {
        _ if route.has_more => false,
        None => true,
        Some("status") => kind.has_status(),
        Some(_) => false,
    }
}

fn verb(method: Method, route: &ResourceRoute, parameters: &Parameters) -> &'static str {
    match (method, &route.name) {
        (Method::Get, None) if parameters.flag("watch").unwrap_or_default() => "watch",
        (Method::Get, None) => "list",
        (Method::Get, Some(_)) => "get",
        (Method::Post, _) => "create",
        (Method::Put, _) => "update",
        (Method::Patch, _) => "patch",
        (Method::Delete, None) => "deletecollection",
        (Method::Delete, Some(_)) => "delete",
    }
}

/// For a path that is no resource, the verb is the method.
const fn path_verb(method: Method) -> &'static str {
    match method {
        Method::Delete => "delete",
        Method::Get => "get",
        Method::Patch => "patch",
        Method::Post => "post",
        Method::Put => "put",
    }
}
