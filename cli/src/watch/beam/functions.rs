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

/// How long the local node takes by itself, if it does anything at all.
const PROMPT_LIMIT: Duration = Duration::from_secs(1);

/// Links the node to a peer ([`net_kernel:connect_node/1`]).
///
/// [`net_kernel:connect_node/1`]: https://www.erlang.org/doc/apps/kernel/net_kernel.html#connect_node/1
pub(super) async fn connect(session: &Session, peer: &str) -> Result<(), ConnectorError> {
    is_linked(peer, &session.call("net_kernel", "connect_node", vec![Atom::from(peer).into()]).await?)
}

fn is_linked(peer: &str, answer: &Term) -> Result<(), ConnectorError> {
    match atom(answer) {
        Some("true") => Ok(()),
        Some("false") => Err(format!(
            "the local node cannot connect to {peer}: it does not run, has another cookie, or cannot be reached from there"
        )
        .into()),
        Some("ignored") => Err("the local node is not part of a network: it was started without a name".into()),
        _ => Err(unexpected("net_kernel:connect_node", answer)),
    }
}

/// Ends the node's link to a peer ([`erlang:disconnect_node/1`]); none is as well.
///
/// [`erlang:disconnect_node/1`]: https://www.erlang.org/doc/apps/erts/erlang.html#disconnect_node/1
pub(super) async fn disconnect(session: &Session, peer: &str) -> Result<(), ConnectorError> {
    is_unlinked(&session.call("erlang", "disconnect_node", vec![Atom::from(peer).into()]).await?)
}

fn is_unlinked(answer: &Term) -> Result<(), ConnectorError> {
    match atom(answer) {
        // `false`: there was no link.
        Some("true" | "false") => Ok(()),
        Some("ignored") => Err("the local node is not part of a network: it was started without a name".into()),
        _ => Err(unexpected("erlang:disconnect_node", answer)),
    }
}

/// Everybody whom the node has a link to, hidden ones included, but for ourselves.
pub(super) async fn connected(session: &Session) -> Result<BTreeSet<String>, ConnectorError> {
    let answer = session.call("erlang", "nodes", vec![Atom::from("connected").into()]).await?;
    let mut names = names(&answer)?;
    names.remove(session.own_name());
    Ok(names)
}

/// All or nothing: half a list would be taken for links that went down.
fn names(answer: &Term) -> Result<BTreeSet<String>, ConnectorError> {
    let names = match answer {
        Term::List(List { elements }) => elements.iter().map(|name| atom(name).map(String::from)).collect(),
        _ => None,
    };
    names.ok_or_else(|| unexpected("erlang:nodes", answer))
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
        Ok(Err(CallError::Failed { .. })) => Ok(false),
        Ok(Err(error)) => Err(error.into()),
        // Whoever writes to a node that hangs may be held up himself; but it may be the local node that hangs.
        Err(_) => match timeout(PROMPT_LIMIT, connected(session)).await {
            Ok(names) => names.map(|_| false),
            Err(_) => Err("the local node does not answer: whether the peer would is not known".into()),
        },
    }
}

/// Whether the node takes part in keeping partitions from overlapping: then a link that one node ends costs that peer its
/// links to all others, too ([kernel, prevent_overlapping_partitions]; on by default since OTP 25).
///
/// [kernel, prevent_overlapping_partitions]: https://www.erlang.org/doc/apps/kernel/kernel_app.html#prevent_overlapping_partitions
pub(super) async fn prevents_overlapping_partitions(session: &Session) -> Result<bool, ConnectorError> {
    let arguments = vec![Atom::from("kernel").into(), Atom::from("prevent_overlapping_partitions").into()];
    Ok(is_set(&session.call("application", "get_env", arguments).await?))
}

/// Releases that know the setting have a default for it.
fn is_set(answer: &Term) -> bool {
    matches!(answer, Term::Tuple(Tuple { elements }) if elements.get(1).and_then(atom) == Some("true"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn word(word: &str) -> Term {
        Atom::from(word).into()
    }

    fn list(elements: &[Term]) -> Term {
        List::from(elements.to_vec()).into()
    }

    #[test]
    fn true_is_a_link_and_nothing_else_is() {
        assert!(is_linked("a@10.0.0.1", &word("true")).is_ok());
        for (answer, told) in [
            (word("false"), "cannot connect to a@10.0.0.1"),
            (word("ignored"), "started without a name"),
            (word("yes"), "net_kernel:connect_node answered what is not known"),
            (list(&[word("true")]), "net_kernel:connect_node answered what is not known"),
        ] {
            let failure = is_linked("a@10.0.0.1", &answer).unwrap_err().to_string();
            assert!(failure.contains(told), "{failure}");
        }
    }

    #[test]
    fn no_link_is_what_a_disconnect_leaves_or_finds() {
        assert!(is_unlinked(&word("true")).is_ok());
        assert!(is_unlinked(&word("false")).is_ok());
        assert!(is_unlinked(&word("ignored")).unwrap_err().to_string().contains("started without a name"));
        assert!(is_unlinked(&list(&[])).unwrap_err().to_string().contains("erlang:disconnect_node"));
    }

    #[test]
    fn a_list_that_is_not_one_of_names_is_no_list() {
        let of = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect::<BTreeSet<_>>());
        assert_eq!(names(&list(&[])).ok(), of(&[]));
        assert_eq!(names(&list(&[word("b@h.x"), word("a@h.x")])).ok(), of(&["a@h.x", "b@h.x"]));
        assert!(names(&list(&[word("a@h.x"), FixInteger::from(1).into()])).is_err());
        assert!(names(&word("ignored")).is_err());
    }

    #[test]
    fn what_is_not_set_is_off() {
        let told = |value| Tuple::from(vec![word("ok"), word(value)]).into();
        assert!(is_set(&told("true")));
        assert!(!is_set(&told("false")));
        assert!(!is_set(&word("undefined")));
    }
}
