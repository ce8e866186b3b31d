//! A store that heeds fencing tokens: it refuses whoever shows a lower one than it has seen.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use quorate_tests::trouble::Trouble;

/// A write, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) token: u64,
    pub(crate) is_taken: bool,
}

/// A line is a token, and a write under it. It serves until all tests are over.
pub(crate) struct Store {
    address: SocketAddr,
    writes: Arc<Mutex<Vec<Write>>>,
}

impl Store {
    pub(crate) fn open() -> Result<Self, Trouble> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let writes = Arc::<Mutex<Vec<Write>>>::default();
        let taking = Arc::clone(&writes);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let taking = Arc::clone(&taking);
                thread::spawn(move || serve(&stream, &taking));
            }
        });
        Ok(Self { address, writes })
    }

    pub(crate) const fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn writes(&self) -> Vec<Write> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(stream: &TcpStream, writes: &Mutex<Vec<Write>>) {
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let Ok(token) = line.trim().parse() else { return };
        let mut writes = writes.lock().unwrap_or_else(PoisonError::into_inner);
        let highest = writes.iter().filter(|write| write.is_taken).map(|write| write.token).max().unwrap_or_default();
        let is_taken = token >= highest;
        writes.push(Write { token, is_taken });
        drop(writes);
        // Whoever wrote it may be dead.
        let _ = (&mut &*stream).write_all(if is_taken { b"taken\n" } else { b"refused\n" });
    }
}
