//! The functions of the local node that are called, and what their answers mean.

use std::collections::BTreeSet;
use std::time::Duration;

use erl_dist::term::{Atom, FixInteger, List, Term, Tuple};
use quorate_runtime_tokio::ConnectorError;
use tokio::time::timeout;

use super::session::{CallError, Session};

/// How long a peer may take to show that it lives, in milliseconds.
const ANSWER_MS: i32 = 2_000;

/// The same, and what the exchange with the local node takes.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// Links the node to a peer ([`net_kernel:connect_node/1`]).
///
/// [`net_kernel:connect_node/1`]: https://www.erlang.org/doc/apps/kernel/net_kernel.html#connect_node/1
pub(super) async fn connect(session: &Session, peer: &str) -> Result<(), ConnectorError> {
    let answer = session.call("net_kernel", "connect_node", vec![Atom::from(peer).into()]).await?;
    match atom(&answer) {
        Some("true") => Ok(()),
        Some("false") => Err(format!(
            "the local node cannot connect to {peer}: it does not run, has another cookie, or cannot be reached from there"
        )
        .into()),
        Some("ignored") => Err("the local node is not part of a network: it was started without a name".into()),
        _ => Err(unexpected("net_kernel:connect_node", &answer)),
    }
}

/// Ends the node's link to a peer ([`erlang:disconnect_node/1`]); none is as well.
///
/// [`erlang:disconnect_node/1`]: https://www.erlang.org/doc/apps/erts/erlang.html#disconnect_node/1
pub(super) async fn disconnect(session: &Session, peer: &str) -> Result<(), ConnectorError> {
    let answer = session.call("erlang", "disconnect_node", vec![Atom::from(peer).into()]).await?;
    match atom(&answer) {
        // `false`: there was no link.
        Some("true" | "false") => Ok(()),
        Some("ignored") => Err("the local node is not part of a network: it was started without a name".into()),
        _ => Err(unexpected("erlang:disconnect_node", &answer)),
    }
}

/// Everybody whom the node has a link to, hidden ones included, but for ourselves.
pub(super) async fn connected(session: &Session) -> Result<BTreeSet<String>, ConnectorError> {
    let answer = session.call("erlang", "nodes", vec![Atom::from("connected").into()]).await?;
    let Term::List(List { elements }) = &answer else { return Err(unexpected("erlang:nodes", &answer)) };
    let names: Option<BTreeSet<_>> = elements.iter().map(|name| atom(name).map(String::from)).collect();
    let mut names = names.ok_or_else(|| unexpected("erlang:nodes", &answer))?;
    names.remove(session.own_name());
    Ok(names)
}

/// Whether a peer that the node has a link to does anything at all.
pub(super) async fn answers(session: &Session, peer: &str) -> Result<bool, ConnectorError> {
    // A peer that is not linked would be dialled.
    if !connected(session).await?.contains(peer) {
        return Ok(false);
    }
    let arguments = vec![
        Atom::from(peer).into(),
        Atom::from("erlang").into(),
        Atom::from("node").into(),
        List::nil().into(),
        FixInteger::from(ANSWER_MS).into(),
    ];
    // A peer that does not answer makes the call fail there, and not here: it comes as a value of rpc:call's.
    match timeout(ANSWER_LIMIT, session.call("rpc", "call", arguments)).await {
        Ok(Ok(answer)) => Ok(atom(&answer) == Some(peer)),
        // Whoever writes to a node that hangs may be held up himself.
        Err(_) | Ok(Err(CallError::Failed { .. })) => Ok(false),
        Ok(Err(error)) => Err(error.into()),
    }
}

/// Whether the node takes part in keeping partitions from overlapping: then a link that one node ends costs that peer its
/// links to all others, too ([kernel, prevent_overlapping_partitions]; on by default since OTP 25).
///
/// [kernel, prevent_overlapping_partitions]: https://www.erlang.org/doc/apps/kernel/kernel_app.html#prevent_overlapping_partitions
pub(super) async fn prevents_overlapping_partitions(session: &Session) -> Result<bool, ConnectorError> {
    let arguments = vec![Atom::from("kernel").into(), Atom::from("prevent_overlapping_partitions").into()];
    let answer = session.call("application", "get_env", arguments).await?;
    match &answer {
        Term::Tuple(Tuple { elements }) => Ok(elements.get(1).and_then(atom) == Some("true")),
        // It is not set: releases that know the setting have a default for it.
        _ => Ok(false),
    }
}

fn atom(term: &Term) -> Option<&str> {
    match term {
        Term::Atom(Atom { name }) => Some(name),
        _ => None,
    }
}

fn unexpected(function: &str, answer: &Term) -> ConnectorError {
    format!("{function} answered what is not known to be an answer of its: {answer}").into()
}
