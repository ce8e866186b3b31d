//! Unmodified Erlang nodes, each with a `quorate watch` beside it.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::child::{Finished, Running, command_without_environment};
use crate::eventually::eventually;
use crate::lab::{Lab, Pod};
use crate::trouble::Trouble;

/// What the nodes of a test have in common.
pub const COOKIE: &str = "biscuit-of-the-tests";

/// The port of every node: each has an address of its own.
pub const PORT: &str = "47113";

/// What stands before the `@` of a member.
pub const BASENAME: &str = "myapp";

/// Nothing takes longer, on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(30);

/// How long it takes to end when it is told to.
const END_LIMIT: Duration = Duration::from_secs(10);

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

/// Whether there is an Erlang.
///
/// # Errors
///
/// Why there is none.
pub fn available() -> Result<(), &'static str> {
    static IS_THERE: OnceLock<bool> = OnceLock::new();
    let runs =
        || Command::new("erl").args(["-noinput", "-eval", "halt()."]).status().is_ok_and(|status| status.success());
    if *IS_THERE.get_or_init(runs) { Ok(()) } else { Err("there is no erl: install erlang-base") }
}

/// A pod that is there and has this address.
#[must_use]
pub fn pod(address: &str) -> Pod {
    Pod::ready(&format!("{BASENAME}-{}", address.replace('.', "-")), &[address])
}

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

    /// A node of any name, with these arguments besides.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start_as(alias: &str, address: &str, arguments: &[&str]) -> Result<Self, Trouble> {
        Self::run(alias, address, &[&["-start_epmd", "false", "-erl_epmd_port", PORT], arguments].concat(), &[])
    }

    /// A node that registers with the port mapper at this port.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start_with_epmd(alias: &str, address: &str, port: &str) -> Result<Self, Trouble> {
        Self::run(alias, address, &["-start_epmd", "false"], &[("ERL_EPMD_PORT", port)])
    }

    fn run(alias: &str, address: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Self, Trouble> {
        let name = format!("{alias}@{address}");
        let mut command = command_without_environment("erl".as_ref());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", "/nonexistent");
        command.envs(variables.iter().copied());
        command.args(["-noinput", "-setcookie", COOKIE, "-name", &name]).args(arguments);
        // Two nodes have one port at two addresses.
        command.args(["-kernel", "inet_dist_use_interface", &format!("{{{}}}", address.replace('.', ","))]);
        command.args(["-eval", OBSERVER]);
        let node = Self { name, running: Running::start(command, b"")? };
        eventually(&format!("{} runs", node.name), LIMIT, || Ok(node.seen()?.last().is_some().then_some(())))?;
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

/// Starts a port mapper of our own: one that a node starts outlives it.
///
/// # Errors
///
/// When it does not run.
pub fn port_mapper(port: &str) -> Result<Running, Trouble> {
    let mut command = command_without_environment("epmd".as_ref());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).args(["-port", port]);
    let running = Running::start(command, b"")?;
    let address = format!("127.0.0.1:{port}");
    eventually("the port mapper listens", LIMIT, || Ok(TcpStream::connect(&address).is_ok().then_some(())))?;
    Ok(running)
}

/// A node and the `quorate watch` beside it.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a pair, put together and taken apart by tests")]
pub struct Member {
    /// The node.
    pub node: Node,
    /// What watches for it.
    pub watch: Sidecar,
}

impl Member {
    /// Starts both.
    ///
    /// # Errors
    ///
    /// When one does not run.
    pub fn start(lab: &Lab, address: &str) -> Result<Self, Trouble> {
        let node = Node::start(address)?;
        let watch = Sidecar::start(lab, &node, &[])?;
        Ok(Self { node, watch })
    }
}

/// Waits until each of these members sees all others; says when the last of them did.
///
/// # Errors
///
/// When it does not come to that.
pub fn meshed<'m>(members: impl IntoIterator<Item = &'m Member>) -> Result<Timestamp, Trouble> {
    let members: Vec<_> = members.into_iter().collect();
    let names: Vec<_> = members.iter().map(|member| member.node.name()).collect();
    let mut last = Timestamp::MIN;
    for member in &members {
        let since = member.node.sees(names.iter().copied());
        last = last.max(since.map_err(|trouble| Trouble::new(format!("{trouble}\n{}", member.watch.told())))?);
    }
    Ok(last)
}

/// Waits until these members see each other, and what watches for each knows of all its links.
///
/// # Errors
///
/// When it does not come to that.
pub fn settled(members: &[Member]) -> Result<(), Trouble> {
    meshed(members)?;
    for member in members {
        for peer in members.iter().filter(|peer| peer.node.name() != member.node.name()) {
            member.watch.tells("connected", peer.node.name())?;
        }
    }
    Ok(())
}

/// Tells what watches for them to end, and only then ends the nodes.
///
/// # Errors
///
/// When it does not end, or not well.
pub fn stop(members: Vec<Member>) -> Result<(), Trouble> {
    let (nodes, watches): (Vec<_>, Vec<_>) = members.into_iter().map(|member| (member.node, member.watch)).unzip();
    watches.into_iter().try_for_each(|watch| watch.stop().map(drop))?;
    drop(nodes);
    Ok(())
}

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
        let is = |event: &Value, field: &str, wanted: &str| event.get(field).and_then(Value::as_str) == Some(wanted);
        eventually(&format!("{kind} {name}"), LIMIT, || {
            let found = |event: &Value| is(event, "event", kind) && (name.is_empty() || is(event, "name", name));
            Ok(self.events()?.into_iter().find(found))
        })
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
        Ok(self.events()?.iter().filter(|event| event.get("event").and_then(Value::as_str) == Some(kind)).count())
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
