//! Erlang nodes.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::process::Command;

use jiff::Timestamp;

use super::{BASENAME, COOKIE, LIMIT, PORT};
use crate::child::{Running, command_without_environment};
use crate::eventually::eventually;
use crate::trouble::Trouble;

/// Says on standard output whom the node sees, now and whenever that changes: the time in microseconds, and the names.
const OBSERVER: &str = r#"
    spawn(fun() ->
        net_kernel:monitor_nodes(true),
        Look = fun Look() ->
            io:format("~w ~s~n", [os:system_time(microsecond), lists:join(" ", [atom_to_list(N) || N <- nodes()])]),
            receive {nodeup, _} -> Look(); {nodedown, _} -> Look() end
        end,
        Look()
    end)."#;

/// A node that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Node {
    name: String,
    running: Running,
}

impl Node {
    /// A member at this address.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(address: &str) -> Result<Self, Trouble> {
        Self::start_as(BASENAME, address, &[])
    }

    /// A member at this address, with this cookie.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start_with_cookie(address: &str, cookie: &str) -> Result<Self, Trouble> {
        Self::start_with(BASENAME, address, cookie, &[])
    }

    /// A node of any name, with these arguments besides.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start_as(alias: &str, address: &str, arguments: &[&str]) -> Result<Self, Trouble> {
        Self::start_with(alias, address, COOKIE, arguments)
    }

    fn start_with(alias: &str, address: &str, cookie: &str, arguments: &[&str]) -> Result<Self, Trouble> {
        let mut command = command_of_erl();
        command.args(in_a_mesh_at(address)).args(["-setcookie", cookie]).args(arguments);
        Self::run(alias, address, command)
    }

    /// A node that registers with the port mapper at this port.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start_with_epmd(alias: &str, address: &str, port: u16) -> Result<Self, Trouble> {
        let mut command = command_of_erl();
        command.env("ERL_EPMD_PORT", port.to_string());
        command.args(on(address)).args(["-start_epmd", "false", "-setcookie", COOKIE]);
        Self::run(alias, address, command)
    }

    /// A node of this name, by a command that takes the arguments of `erl`.
    pub(super) fn run(alias: &str, address: &str, mut command: Command) -> Result<Self, Trouble> {
        let name = format!("{alias}@{address}");
        command.args(["-noinput", "-name", &name, "-eval", OBSERVER]);
        Self::begin(&name, command)
    }

    /// The node of this name that a command starts, which says whom it sees as our observer does.
    pub(super) fn begin(name: &str, command: Command) -> Result<Self, Trouble> {
        let node = Self { name: name.into(), running: Running::start(command, b"")? };
        eventually(&format!("{} runs", node.name), LIMIT, || Ok(node.seen()?.last().is_some().then_some(())))
            .map_err(|trouble| Trouble::new(format!("{trouble}\n{}", node.running.stderr().unwrap_or_default())))?;
        Ok(node)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whom it saw, and since when, in the order in which it was so. Hidden nodes are not seen.
    ///
    /// # Errors
    ///
    /// When what it has printed cannot be read.
    pub fn seen(&self) -> Result<Vec<(Timestamp, BTreeSet<String>)>, Trouble> {
        let printed = String::from_utf8_lossy(&self.running.stdout_from(0)?).into_owned();
        let whole = printed.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let line = |line: &str| {
            let (time, names) = line.split_once(' ').unwrap_or((line, ""));
            let time = Timestamp::from_microsecond(time.parse().map_err(Trouble::during(line))?)?;
            Ok((time, names.split_whitespace().map(String::from).collect()))
        };
        // Its own reports of errors go there, too.
        whole.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).map(line).collect()
    }

    /// Waits until it sees these nodes and no others; says since when it does.
    ///
    /// # Errors
    ///
    /// When it does not come to that.
    pub fn sees<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<Timestamp, Trouble> {
        let wanted: BTreeSet<_> = names.into_iter().filter(|name| *name != self.name).map(String::from).collect();
        eventually(&format!("{} sees {wanted:?}", self.name), LIMIT, || {
            let seen = self.seen()?;
            Ok(seen.last().filter(|(_, names)| *names == wanted).map(|(since, _)| *since))
        })
        .map_err(|trouble| Trouble::new(format!("{trouble}; it saw {:?}", self.seen().ok())))
    }

    /// The nodes that it lost sight of so far.
    ///
    /// # Errors
    ///
    /// When what it has printed cannot be read.
    pub fn lost(&self) -> Result<Vec<String>, Trouble> {
        let seen = self.seen()?;
        let pairs = seen.iter().zip(seen.iter().skip(1));
        Ok(pairs.flat_map(|((_, before), (_, after))| before.difference(after).cloned().collect::<Vec<_>>()).collect())
    }

    /// Everything stops in it, and its connections stay.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn freeze(&self) -> Result<(), Trouble> {
        self.running.signal("STOP")
    }

    /// Kills it, as `kill -9` does.
    pub fn kill(self) {
        drop(self);
    }
}

fn command_of_erl() -> Command {
    let mut command = command_without_environment("erl".as_ref());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", "/nonexistent");
    command
}

/// The arguments for a node at this address that all nodes find without a port mapper.
pub(super) fn in_a_mesh_at(address: &str) -> Vec<String> {
    let port = ["-start_epmd", "false", "-erl_epmd_port", PORT].map(String::from);
    on(address).into_iter().chain(port).collect()
}

/// The arguments for a node that listens at one address only: two nodes have one port at two addresses.
fn on(address: &str) -> [String; 3] {
    ["-kernel".into(), "inet_dist_use_interface".into(), format!("{{{}}}", address.replace('.', ","))]
}

/// Starts a port mapper of our own: one that a node starts outlives it.
///
/// # Errors
///
/// When it does not run.
pub fn port_mapper(port: u16) -> Result<Running, Trouble> {
    let mut command = command_without_environment("epmd".as_ref());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).args(["-port", &port.to_string()]);
    let running = Running::start(command, b"")?;
    eventually("the port mapper listens", LIMIT, || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(())))?;
    Ok(running)
}
