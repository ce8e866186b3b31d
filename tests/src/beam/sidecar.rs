//! What watches for a node.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::{BASENAME, COOKIE, LIMIT, Node, PORT};
use crate::child::{Finished, Running};
use crate::eventually::eventually;
use crate::lab::Lab;
use crate::trouble::Trouble;

/// How long it takes to end when it is told to.
const END_LIMIT: Duration = Duration::from_secs(10);

/// A running `quorate watch --connector beam`.
#[derive(Debug)]
pub struct Sidecar {
    running: Running,
}

impl Sidecar {
    /// Starts it beside a node, with these flags besides.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(lab: &Lab, node: &Node, flags: &[&str]) -> Result<Self, Trouble> {
        Self::start_with(lab, node.name(), COOKIE, flags)
    }

    /// Starts it for a node of this name, with this cookie.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start_with(lab: &Lab, node: &str, cookie: &str, flags: &[&str]) -> Result<Self, Trouble> {
        let selection = ["-l", &format!("app={BASENAME}"), "--source", "pods", "--basename", BASENAME];
        let connector = ["--connector", "beam", "--beam-node", node, "-v", "-o", "json"];
        let file = Self::cookie_file(lab, cookie)?;
        let port = ["--dist-port", PORT];
        let port: &[&str] = if flags.contains(&"--epmd-port") { &[] } else { &port };
        let command = lab.watch(&[&selection[..], &connector, port, flags].concat())?;
        Ok(Self { running: command.variable("QUORATE_COOKIE_FILE", file).start()? })
    }

    /// By a command that is `quorate watch` with whatever it needs.
    pub(super) fn run(command: Command) -> Result<Self, Trouble> {
        Ok(Self { running: Running::start(command, b"")? })
    }

    fn cookie_file(lab: &Lab, cookie: &str) -> Result<PathBuf, Trouble> {
        let file = lab.file(&format!("cookie-{cookie}"));
        std::fs::write(&file, format!("{cookie}\n"))?;
        Ok(file)
    }

    /// What it has printed so far.
    ///
    /// # Errors
    ///
    /// When that is no JSON.
    pub fn events(&self) -> Result<Vec<Value>, Trouble> {
        let printed = String::from_utf8_lossy(&self.running.stdout_from(0)?).into_owned();
        let whole = printed.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).map_err(Trouble::during(line))).collect()
    }

    /// Waits for an event of this kind about this peer (any, if it is empty), and returns the first.
    ///
    /// # Errors
    ///
    /// When it does not come.
    pub fn tells(&self, kind: &str, name: &str) -> Result<Value, Trouble> {
        self.tells_of(&format!("{kind} {name}"), |event| {
            text(event, "event") == kind && (name.is_empty() || text(event, "name") == name)
        })
    }

    /// Waits for an event like this, and returns the first.
    ///
    /// # Errors
    ///
    /// When it does not come.
    pub fn tells_of(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Result<Value, Trouble> {
        eventually(what, LIMIT, || Ok(self.events()?.into_iter().find(&is_it)))
            .map_err(|trouble| Trouble::new(format!("{trouble}\n{}", self.told())))
    }

    /// Waits until it has complained with these words.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn complains(&self, words: &str) -> Result<(), Trouble> {
        eventually(words, LIMIT, || Ok(self.running.stderr()?.contains(words).then_some(())))
            .map_err(|trouble| Trouble::new(format!("{trouble}\n{}", self.told())))
    }

    /// How often it has told of events of this kind.
    ///
    /// # Errors
    ///
    /// When what it has printed is no JSON.
    pub fn count(&self, kind: &str) -> Result<usize, Trouble> {
        Ok(self.events()?.iter().filter(|event| text(event, "event") == kind).count())
    }

    /// Everything that it said, for a failed test.
    #[must_use]
    pub fn told(&self) -> String {
        let printed = self.running.stdout_from(0).unwrap_or_default();
        format!("{}{}", String::from_utf8_lossy(&printed), self.running.stderr().unwrap_or_default())
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// When it goes on.
    pub fn finish(self) -> Result<Finished, Trouble> {
        self.running.finish(LIMIT)
    }

    /// Tells it to end.
    ///
    /// # Errors
    ///
    /// When it does not, or not well.
    pub fn stop(self) -> Result<Finished, Trouble> {
        self.running.terminate(END_LIMIT)?.with_code(0)
    }
}

/// A text in an event; empty if it has none such.
#[must_use]
pub fn text<'e>(event: &'e Value, field: &str) -> &'e str {
    event.get(field).and_then(Value::as_str).unwrap_or_default()
}
