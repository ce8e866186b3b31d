//! A connection to the local node, over which its functions are called.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::pin::pin;
use std::time::Duration;

use erl_dist::message::{Message, Receiver, RecvError, SendError, Sender, channel};
use erl_dist::node::{LocalNode as Ourselves, PeerNode};
use erl_dist::term::{Atom, List, Pid, Reference, Term, Tuple};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, interval, timeout};

use super::stream::Stream;

/// A node that hears nothing for `net_ticktime` (60 s unless configured) hangs up: we speak four times as often, as it does
/// ([kernel, net_ticktime]).
///
/// [kernel, net_ticktime]: https://www.erlang.org/doc/apps/kernel/kernel_app.html#net_ticktime
const TICK: Duration = Duration::from_secs(15);

/// A node that is silent for so long is gone, or hangs: `net_ticktime` and a quarter of it.
const SILENCE: Duration = Duration::from_secs(75);

/// How long a write may take before the node counts as gone.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// A session; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Session {
    own_name: String,
    calls: mpsc::UnboundedSender<Call>,
    ended: watch::Receiver<Option<String>>,
    task: AbortHandle,
}

/// A call that is to be made.
#[derive(Debug)]
struct Call {
    function: (&'static str, &'static str),
    arguments: Vec<Term>,
    answer: oneshot::Sender<Term>,
}

impl Session {
    pub(super) fn start(stream: Stream, ourselves: Ourselves, peer: &PeerNode) -> Self {
        let (calls, called) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(None);
        let own_name = ourselves.name.to_string();
        let (sender, receiver) = channel(stream, ourselves.flags & peer.flags);
        let process = Pid::new(ourselves.name.to_string(), 1, 0, ourselves.creation.get());
        let task = tokio::spawn(async move {
            let why = run(sender, receiver, process, called).await;
            // Nobody may want to know any more.
            let _ = end.send(Some(why));
        });
        Self { own_name, calls, ended, task: task.abort_handle() }
    }

    /// Our own name in it.
    pub(super) fn own_name(&self) -> &str {
        &self.own_name
    }

    /// Whether nothing more comes of it.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.borrow().is_some()
    }

    /// Completes with the reason when the session has ended.
    pub(super) async fn ended(&self) -> String {
        let mut ended = self.ended.clone();
        let told = ended.wait_for(Option::is_some).await;
        told.ok().and_then(|why| why.clone()).unwrap_or_else(|| "it was closed".into())
    }

    /// Calls a function of the node. May be dropped: then its answer goes unheard.
    pub(super) async fn call(
        &self,
        module: &'static str,
        function: &'static str,
        arguments: Vec<Term>,
    ) -> Result<Term, CallError> {
        let (answer, answered) = oneshot::channel();
        let call = Call { function: (module, function), arguments, answer };
        // If there is no line any more the answer's sender is gone with it.
        let _ = self.calls.send(call);
        let Ok(answer) = answered.await else { return Err(CallError::Detached(self.ended().await)) };
        match &answer {
            Term::Tuple(tuple) if tuple.elements.first() == Some(&Atom::from("badrpc").into()) => {
                Err(CallError::Failed { function: (module, function), answer })
            }
            _ => Ok(answer),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Both directions of the connection, and the calls that wait for an answer to `process`, the only one of ours: runs until the
/// connection ends, and says why it did.
async fn run(
    mut sender: Sender<Stream>,
    receiver: Receiver<Stream>,
    process: Pid,
    mut calls: mpsc::UnboundedReceiver<Call>,
) -> String {
    let (mut waiting, mut next) = (BTreeMap::new(), 0_u32);
    let mut tick = interval(TICK);
    let mut heard = Instant::now();
    // A message that is half read must not be given up.
    let mut receiving = pin!(receiver.recv_owned());
    loop {
        let message = tokio::select! {
            received = &mut receiving => match received {
                Ok((message, receiver)) => {
                    receiving.set(receiver.recv_owned());
                    heard = Instant::now();
                    match message {
                        Message::Tick => Some(Message::Tick),
                        message => {
                            deliver(&mut waiting, message);
                            None
                        }
                    }
                }
                Err(error) => return lost(&error),
            },
            Some(call) = calls.recv() => {
                next = next.wrapping_add(1);
                waiting.retain(|_, answer| !answer.is_closed());
                let message = request(&process, next, &call);
                waiting.insert(next, call.answer);
                Some(message)
            }
            _ = tick.tick() => Some(Message::Tick),
            () = tokio::time::sleep_until(heard + SILENCE) => {
                return format!("it has been silent for {} s", SILENCE.as_secs());
            }
        };
        let Some(message) = message else { continue };
        match timeout(WRITE_LIMIT, sender.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(SendError::Io(error))) => return error.to_string(),
            Ok(Err(error)) => return format!("what we had to say could not be written: {error}"),
            Err(_) => return "it does not read any more".into(),
        }
    }
}

fn lost(error: &RecvError) -> String {
    match error {
        RecvError::Closed => "it has hung up".into(),
        RecvError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => "it has hung up".into(),
        error => error.to_string(),
    }
}

/// What `rpc:call` sends to a node's `rex`, with a reference of ours.
fn request(process: &Pid, number: u32, call: &Call) -> Message {
    let Call { function: (module, function), arguments, .. } = call;
    let reference = Reference { node: process.node.clone(), id: vec![number, 0, 0], creation: process.creation };
    let wanted = tuple([
        Atom::from("call").into(),
        Atom::from(*module).into(),
        Atom::from(*function).into(),
        List::from(arguments.clone()).into(),
        Atom::from("user").into(),
    ]);
    let from = tuple([process.clone().into(), reference.into()]);
    Message::reg_send(process.clone(), Atom::from("rex"), tuple([Atom::from("$gen_call").into(), from, wanted]))
}

fn tuple<const N: usize>(elements: [Term; N]) -> Term {
    Tuple::from(elements.to_vec()).into()
}

/// Hands an answer to who waits for it; whatever else the node has to say is not for us.
fn deliver(waiting: &mut BTreeMap<u32, oneshot::Sender<Term>>, message: Message) {
    let told = match message {
        Message::Send(send) => send.message,
        Message::SendSender(send) => send.message,
        _ => return,
    };
    let Term::Tuple(Tuple { elements }) = told else { return };
    let Ok([Term::Reference(reference), answer]) = <[Term; 2]>::try_from(elements) else { return };
    if let Some(waits) = reference.id.first().and_then(|number| waiting.remove(number)) {
        // Whoever asked may have gone.
        let _ = waits.send(answer);
    }
}

/// Why a call brought no result.
#[derive(Debug)]
pub(super) enum CallError {
    /// There is no connection to the local node.
    Detached(String),
    /// The call itself failed there.
    Failed { function: (&'static str, &'static str), answer: Term },
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Detached(why) => write!(f, "the local node is not connected: {why}"),
            Self::Failed { function: (module, function), answer } => {
                write!(f, "{module}:{function} failed on the local node: {answer}")
            }
        }
    }
}

impl Error for CallError {}
