//! Requests through Quorate's own client, and their answers.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use quorate_core::api::{Method, Request};
use quorate_transport_hyper::{Client, Config, Response};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::json::{Json, shorten};
use crate::trouble::Trouble;

/// No answer, and no event of a watch, takes longer.
const LIMIT: Duration = Duration::from_secs(20);
const BODY_LIMIT: usize = 64 << 20;

const JSON: &str = "application/json";
/// The content type of the patches of RFC 7386.
pub const MERGE_PATCH: &str = "application/merge-patch+json";

/// Somebody who sends requests and waits for their answers.
#[derive(Debug)]
pub struct Api {
    client: Client,
    runtime: Runtime,
}

impl Api {
    /// Somebody with this configuration.
    ///
    /// # Errors
    ///
    /// When the operating system has no resources left.
    pub fn new(config: Config) -> Result<Self, Trouble> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { client: Client::new(config), runtime })
    }

    /// # Errors
    ///
    /// When no answer comes.
    pub fn get(&self, target: &str) -> Result<Answer, Trouble> {
        self.send(Method::Get, target, None)
    }

    /// # Errors
    ///
    /// When no answer comes.
    pub fn post(&self, target: &str, object: &Value) -> Result<Answer, Trouble> {
        self.send(Method::Post, target, Some((JSON, object.to_string().as_bytes())))
    }

    /// # Errors
    ///
    /// When no answer comes.
    pub fn put(&self, target: &str, object: &Value) -> Result<Answer, Trouble> {
        self.send(Method::Put, target, Some((JSON, object.to_string().as_bytes())))
    }

    /// Sends a merge patch.
    ///
    /// # Errors
    ///
    /// When no answer comes.
    pub fn patch(&self, target: &str, patch: &Value) -> Result<Answer, Trouble> {
        self.send(Method::Patch, target, Some((MERGE_PATCH, patch.to_string().as_bytes())))
    }

    /// # Errors
    ///
    /// When no answer comes.
    pub fn delete(&self, target: &str) -> Result<Answer, Trouble> {
        self.send(Method::Delete, target, None)
    }

    /// # Errors
    ///
    /// When no answer comes.
    pub fn delete_with(&self, target: &str, options: &Value) -> Result<Answer, Trouble> {
        self.send(Method::Delete, target, Some((JSON, options.to_string().as_bytes())))
    }

    /// Sends anything; the body has its content type before it.
    ///
    /// # Errors
    ///
    /// When no answer comes.
    pub fn send(&self, method: Method, target: &str, body: Option<(&str, &[u8])>) -> Result<Answer, Trouble> {
        let request = Request::raw(method, target, body, BODY_LIMIT);
        let asked = match body {
            Some((_, bytes)) => format!("{request} {}", shorten(&String::from_utf8_lossy(bytes))),
            None => request.to_string(),
        };
        self.runtime.block_on(async {
            let exchange = async {
                let mut response = self.client.send(&request).await.map_err(Trouble::during(&asked))?;
                let mut bytes = Vec::new();
                while let Some(chunk) = response.chunk().await.map_err(Trouble::during(&asked))? {
                    bytes.extend_from_slice(&chunk);
                }
                Ok::<_, Trouble>((response, bytes))
            };
            let (response, bytes) =
                timeout(LIMIT, exchange).await.map_err(|_| Trouble::new(format!("{asked}\n  got no answer")))??;
            let text = String::from_utf8(bytes).map_err(Trouble::during(&asked))?;
            Ok(Answer { asked: asked.clone(), response, text })
        })
    }

    /// Begins a watch; `target` says `watch=true`.
    ///
    /// # Errors
    ///
    /// When no answer comes, or not 200.
    pub fn watch(&self, target: &str) -> Result<Watch<'_>, Trouble> {
        let request = Request::raw(Method::Get, target, None, BODY_LIMIT);
        let asked = request.to_string();
        let response = self
            .runtime
            .block_on(async { timeout(LIMIT, self.client.send(&request)).await })
            .map_err(|_| Trouble::new(format!("{asked}\n  got no answer")))?
            .map_err(Trouble::during(&asked))?;
        if response.status() != 200 {
            return Err(Trouble::new(format!("{asked}\n  should be a watch\n  but is {}", response.status())));
        }
        Ok(Watch { api: self, asked, response, buffer: Vec::new() })
    }
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    asked: String,
    response: Response,
    text: String,
}

impl Answer {
    /// Its HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status()
    }

    /// One of its headers.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.header(name)
    }

    /// # Errors
    ///
    /// When it has another such header, or has one where none is expected.
    pub fn has_header(&self, name: &str, expected: Option<&str>) -> Result<&Self, Trouble> {
        check_header(&self.response, name, expected).map_err(|problem| self.trouble(&problem))?;
        Ok(self)
    }

    /// Its body.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A failure about it.
    #[must_use]
    pub fn trouble(&self, problem: &str) -> Trouble {
        Trouble::new(format!("{}\n  {problem}\n  {} {}", self.asked, self.status(), shorten(&self.text)))
    }

    /// Its JSON, if this is its status.
    ///
    /// # Errors
    ///
    /// When it is not, or the body is no JSON.
    pub fn with_status(&self, expected: u16) -> Result<Json, Trouble> {
        if self.status() != expected {
            return Err(self.trouble(&format!("should be {expected}, but is {}", self.status())));
        }
        let value = serde_json::from_str(&self.text).map_err(|error| self.trouble(&error.to_string()))?;
        Ok(Json::new(format!("{} → {expected}", self.asked), value))
    }

    /// # Errors
    ///
    /// When it is not 200 with JSON.
    pub fn ok(&self) -> Result<Json, Trouble> {
        self.with_status(200)
    }

    /// # Errors
    ///
    /// When it is not 201 with JSON.
    pub fn created(&self) -> Result<Json, Trouble> {
        self.with_status(201)
    }

    /// The `Status` that says that it failed, and why.
    ///
    /// # Errors
    ///
    /// When it is none such, or another reason is in it.
    pub fn refused(&self, code: u16, reason: &str) -> Result<Json, Trouble> {
        let status = self.with_status(code)?;
        status.is("/kind", "Status")?.is("/apiVersion", "v1")?.is("/status", "Failure")?;
        status.is("/code", code)?.is("/reason", reason)?.text("/message")?;
        status.at("/metadata")?;
        Ok(status)
    }
}

/// A watch that goes on.
#[derive(Debug)]
pub struct Watch<'a> {
    api: &'a Api,
    asked: String,
    response: Response,
    buffer: Vec<u8>,
}

impl Watch<'_> {
    /// # Errors
    ///
    /// When its head has another such header, or has one where none is expected.
    pub fn has_header(&self, name: &str, expected: Option<&str>) -> Result<&Self, Trouble> {
        check_header(&self.response, name, expected).map_err(|problem| self.trouble(&problem))?;
        Ok(self)
    }

    /// The next event as it is; none when the watch has ended cleanly.
    ///
    /// # Errors
    ///
    /// When it is cut off, or nothing comes for long.
    pub fn next_event(&mut self) -> Result<Option<Json>, Trouble> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let value = serde_json::from_slice(&line).map_err(Trouble::during(&self.asked))?;
                return Ok(Some(Json::new(format!("an event of {}", self.asked), value)));
            }
            let response = &mut self.response;
            let chunk = self.api.runtime.block_on(async { timeout(LIMIT, response.chunk()).await });
            let chunk = chunk.map_err(|_| self.trouble("has no event"))?.map_err(Trouble::during(&self.asked))?;
            match chunk {
                Some(bytes) => self.buffer.extend_from_slice(&bytes),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(self.trouble("ended within a line")),
            }
        }
    }

    /// The object of the next event, whose type this is.
    ///
    /// # Errors
    ///
    /// When it is of another type.
    pub fn event(&mut self, kind: &str) -> Result<Json, Trouble> {
        let Some(event) = self.next_event()? else {
            return Err(self.trouble(&format!("should have another event, {kind}, but ended")));
        };
        event.is("/type", kind)?;
        Ok(Json::new(format!("a {kind} of {}", self.asked), event.at("/object")?.clone()))
    }

    /// The object of the next event, whose type and name these are.
    ///
    /// # Errors
    ///
    /// When they are others.
    pub fn event_of(&mut self, kind: &str, name: &str) -> Result<Json, Trouble> {
        let object = self.event(kind)?;
        object.is("/metadata/name", name)?;
        Ok(object)
    }

    /// The last of a pod that was removed without grace: that it has none, and that it is gone.
    ///
    /// # Errors
    ///
    /// When the next events are others.
    pub fn removal_of(&mut self, name: &str) -> Result<Json, Trouble> {
        let without_grace = self.event_of("MODIFIED", name)?;
        without_grace.is("/metadata/deletionGracePeriodSeconds", 0)?.text("/metadata/deletionTimestamp")?;
        let deleted = self.event_of("DELETED", name)?;
        deleted.is("/metadata/deletionGracePeriodSeconds", 0)?.is("/kind", without_grace.text("/kind")?)?;
        if deleted.version()? > without_grace.version()? {
            return Ok(deleted);
        }
        Err(deleted.trouble("a deletion should have a version of its own"))
    }

    /// # Errors
    ///
    /// When it does not end cleanly and at once, in the sense of a server's timeout.
    pub fn ends(mut self) -> Result<(), Trouble> {
        self.next_event()?.map_or(Ok(()), |event| Err(event.trouble("the watch should have ended")))
    }

    fn trouble(&self, problem: &str) -> Trouble {
        Trouble::new(format!("{}\n  {problem}", self.asked))
    }
}

fn check_header(response: &Response, name: &str, expected: Option<&str>) -> Result<(), String> {
    let found = response.header(name);
    if found == expected { Ok(()) } else { Err(format!("{name} should be {expected:?}, but is {found:?}")) }
}

/// The target with these parameters, encoded.
#[must_use]
pub fn query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut target = path.to_owned();
    for (index, (name, value)) in parameters.iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.push_str(name);
        target.push('=');
        target.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    target
}
