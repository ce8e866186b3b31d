//! A way to the API server that can be cut, silenced and slowed down: it passes bytes on, and knows nothing of them.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::trouble::Trouble;

/// How long a loop may be late to see that it is to end.
const PATIENCE: Duration = Duration::from_millis(10);

/// Passes connections on to one address. It ends, and all connections with it, when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_refusing: bool,
    is_silent: bool,
    is_over: bool,
    /// How long answers are under way.
    delay: Duration,
    connections: Vec<TcpStream>,
}

impl Proxy {
    /// A way to this server, such as `https://127.0.0.1:6443`.
    ///
    /// # Errors
    ///
    /// When the URL names no socket, or there is no port to be had.
    pub fn to(url: &str) -> Result<Self, Trouble> {
        Self::between("127.0.0.1:0", url)
    }

    /// A way from this socket to this server.
    ///
    /// # Errors
    ///
    /// When the URL names no socket, or this one is not to be had.
    pub fn between(listen: &str, url: &str) -> Result<Self, Trouble> {
        let server = url.rsplit('/').next().unwrap_or_default();
        let server = server.parse().map_err(Trouble::during(url))?;
        let listener = TcpListener::bind(listen).map_err(Trouble::during(listen))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { server, state: Mutex::default(), changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&accepting, listener, address));
        Ok(Self { address, shared })
    }

    /// What to ask instead of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Refuses connections from now on, and cuts those that there are.
    pub fn refuse(&self) {
        let mut state = self.shared.lock();
        state.is_refusing = true;
        state.cut();
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Nothing arrives any more, in either direction; nobody is told. It arrives once the way is open again.
    pub fn silence(&self) {
        self.shared.lock().is_silent = true;
    }

    /// From now on what the server says arrives so much later.
    pub fn delay_answers(&self, delay: Duration) {
        self.shared.lock().delay = delay;
    }

    /// Everything passes again.
    pub fn open(&self) {
        let mut state = self.shared.lock();
        (state.is_refusing, state.is_silent, state.delay) = (false, false, Duration::ZERO);
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_over = true;
        state.cut();
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits as long as nothing may pass.
    fn wait_until_open(&self) {
        let mut state = self.lock();
        while state.is_silent && !state.is_over {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn cut(&mut self) {
        for connection in self.connections.drain(..) {
            // It fails for one that is gone already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

/// While connections are to be refused nobody listens, so that the system itself refuses them.
fn accept(shared: &Arc<Shared>, listener: TcpListener, address: SocketAddr) {
    let mut listener = Some(listener);
    loop {
        let (is_over, is_refusing) = {
            let state = shared.lock();
            (state.is_over, state.is_refusing)
        };
        match &listener {
            _ if is_over => return,
            Some(_) if is_refusing => listener = None,
            None if !is_refusing => listener = TcpListener::bind(address).ok(),
            Some(listener) => {
                // Blocking would miss that it is to end.
                let accepted = listener.set_nonblocking(true).and_then(|()| listener.accept());
                if let Ok((client, _)) = accepted {
                    // One that fails is cut: that is what its client sees.
                    let _ = connect(shared, client);
                    continue;
                }
            }
            None => {}
        }
        thread::sleep(PATIENCE);
    }
}

fn connect(shared: &Arc<Shared>, client: TcpStream) -> std::io::Result<()> {
    client.set_nonblocking(false)?;
    let server = TcpStream::connect(shared.server)?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
        shared.lock().connections.push(stream.try_clone()?);
    }
    pass_on(shared, client.try_clone()?, server.try_clone()?, |_| Duration::ZERO);
    pass_on(shared, server, client, |state| state.delay);
    Ok(())
}

/// Passes on what comes from one side, each piece so late as it is to be when it comes.
fn pass_on(shared: &Arc<Shared>, mut from: TcpStream, to: TcpStream, delay: fn(&State) -> Duration) {
    let (sender, receiver) = channel();
    let shared = Arc::clone(shared);
    let writing = Arc::clone(&shared);
    thread::spawn(move || write(&writing, &receiver, to));
    thread::spawn(move || {
        read(&shared, &mut from, &sender, delay);
    });
}

type Piece = (Instant, Vec<u8>);

fn read(shared: &Shared, from: &mut TcpStream, sender: &Sender<Piece>, delay: fn(&State) -> Duration) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(length) => length,
        };
        let due = Instant::now() + delay(&shared.lock());
        if sender.send((due, buffer.get(..length).unwrap_or_default().to_vec())).is_err() {
            return;
        }
    }
}

fn write(shared: &Shared, receiver: &Receiver<Piece>, mut to: TcpStream) {
    while let Ok((due, piece)) = receiver.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        shared.wait_until_open();
        if to.write_all(&piece).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
