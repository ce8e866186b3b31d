//! The core alone on blocking threads: no tokio, no async, no other crate of Quorate; HTTP is `ureq`'s affair.
//!
//! `cargo run --example blocking_threads -- app=web https://10.0.0.1:6443 path/to/token path/to/ca.crt`; inside a pod the
//! label selector alone will do. It follows pods, and tells who comes and goes until it is killed.
//!
//! One thread an exchange feeds a channel; the main thread is the machine's host, and waits for the channel or the machine's
//! deadline. An exchange that the machine cancels is forgotten; its thread notices at the next bytes, or when its time is over.
#![expect(clippy::print_stdout, reason = "it is what this program is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Read as _;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use quorate_core::api::{AnswerPart, Failure, FailureKind, Head, LabelSelector, Request, Sent};
use quorate_core::machine::{Action, Input, Machine as _, RequestId, Severity};
use quorate_core::membership::listing::ListingOptions;
use quorate_core::membership::{Membership, MembershipOptions, Source};
use quorate_core::time::{self, Now, Timestamp};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Longer than any watch that the machine asks for: after that, nobody wants the rest.
const LONGEST_BODY: Duration = Duration::from_secs(900);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let selector = arguments.next().ok_or("say whom to follow by a label selector, such as app=web")?;
    let server = Server {
        url: arguments.next().unwrap_or_else(|| "https://kubernetes.default.svc".into()),
        token_file: arguments.next().unwrap_or_else(|| format!("{ACCOUNT}/token")),
        agent: agent(&arguments.next().unwrap_or_else(|| format!("{ACCOUNT}/ca.crt")))?,
    };
    let selector = Some(LabelSelector::parse(&selector)?);
    // Replicas that share a seed pause alike, and come back all at once after an outage.
    let seed = RandomState::new().build_hasher().finish();
    let listing = ListingOptions { source: Source::Pods, selector, seed, ..ListingOptions::default() };
    let mut membership = Membership::new(MembershipOptions { listing, ..MembershipOptions::default() }.build()?);

    let origin = Instant::now();
    let (parts, next_part) = mpsc::channel();
    let mut in_flight = BTreeMap::new();
    let mut actions = membership.handle(now(origin), Input::Start);
    loop {
        for action in actions {
            match action {
                Action::Send { id, request } => {
                    let wanted = Arc::new(());
                    let exchange = Exchange { id, wanted: Arc::downgrade(&wanted), parts: parts.clone() };
                    in_flight.insert(id, wanted);
                    let server = server.clone();
                    thread::spawn(move || exchange.run(&server, &request));
                }
                Action::Cancel(id) => drop(in_flight.remove(&id)),
                Action::Emit(event) if event.severity() >= Severity::Info => println!("{event}"),
                _ => {}
            }
        }
        let wait =
            membership.deadline().map_or(Duration::MAX, |deadline| deadline.at.saturating_since(now(origin).instant));
        actions = match next_part.recv_timeout(wait) {
            // Parts of what was cancelled may still come: a machine ignores them.
            Ok((id, part)) => membership.handle(now(origin), Input::Answer { id, part: part.borrow() }),
            Err(RecvTimeoutError::Timeout) => membership.handle(now(origin), Input::Timeout),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
    }
}

fn now(origin: Instant) -> Now {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let wall = Timestamp::from_unix_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX));
    Now { instant: time::Instant::since_origin(origin.elapsed()), wall }
}

/// Trusts the cluster's authority and nobody else. Statuses are the machine's affair, and so is when to give up on an answer.
fn agent(ca_file: &str) -> Result<ureq::Agent, Box<dyn Error>> {
    let authority = Certificate::from_pem(&std::fs::read(ca_file)?)?;
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[authority])).build();
    let config = ureq::Agent::config_builder().tls_config(tls).http_status_as_error(false).max_redirects(0);
    let config = config.timeout_connect(Some(Duration::from_secs(5))).timeout_recv_body(Some(LONGEST_BODY));
    Ok(config.timeout_recv_response(Some(Duration::from_secs(30))).build().into())
}

#[derive(Clone)]
struct Server {
    url: String,
    /// Read for every request: tokens are rotated.
    token_file: String,
    agent: ureq::Agent,
}

/// A part of an answer, on its way from one thread to another.
enum Part {
    Head { status: u16, retry_after: Option<String> },
    Chunk(Vec<u8>),
    End,
    Failed(Failure),
}

impl Part {
    fn borrow(&self) -> AnswerPart<'_> {
        match self {
            Self::Head { status, retry_after } => {
                AnswerPart::Head(Head { status: *status, retry_after: retry_after.as_deref() })
            }
            Self::Chunk(bytes) => AnswerPart::Chunk(bytes),
            Self::End => AnswerPart::End,
            Self::Failed(failure) => AnswerPart::Failed(failure),
        }
    }
}

struct Exchange {
    id: RequestId,
    /// Gone when the machine has cancelled the exchange.
    wanted: Weak<()>,
    parts: Sender<(RequestId, Part)>,
}

impl Exchange {
    fn run(&self, server: &Server, request: &Request) {
        let last = self.carry_out(server, request).map_or_else(|error| Part::Failed(failed(&*error)), |()| Part::End);
        self.feed(last);
    }

    /// A membership only reads: method and body are always the same.
    fn carry_out(&self, server: &Server, request: &Request) -> Result<(), Box<dyn Error>> {
        let token = std::fs::read_to_string(&server.token_file)?;
        let call = server.agent.get(format!("{}{}", server.url, request.target()));
        let response = call.header("Authorization", format!("Bearer {}", token.trim())).call()?;
        let retry_after = response.headers().get("Retry-After").and_then(|value| value.to_str().ok());
        self.feed(Part::Head { status: response.status().as_u16(), retry_after: retry_after.map(Into::into) });
        let (mut body, mut buffer) = (response.into_body().into_reader(), vec![0; 16 * 1024]);
        while self.wanted.strong_count() > 0 {
            let read = body.read(&mut buffer)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            self.feed(Part::Chunk(bytes.to_vec()));
        }
        Ok(())
    }

    fn feed(&self, part: Part) {
        // The main thread has ended, and with it the program.
        self.parts.send((self.id, part)).ok();
    }
}

/// Whether the server saw the request does not matter for one that only reads.
fn failed(error: &dyn Error) -> Failure {
    Failure { sent: Sent::Unknown, kind: FailureKind::Interrupted, message: error.to_string() }
}
