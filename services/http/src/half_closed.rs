//! Clients that end their side of a connection once they have asked: some go on reading, others are gone.
//!
//! Both look alike until something is written to them. What may be written before any answer is an interim response,
//! which every client of HTTP/1.1 reads over: whoever is gone answers it with a reset.

use std::{
    io::{self, ErrorKind, Write as _},
    net::TcpStream as StdStream,
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt as _, stream};
use poem::Body;
use tokio::{net::TcpStream, time::sleep};

use crate::connection::Connection;

const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// Before a client that ended its side is asked whether it is still there: most answers are quicker.
const FIRST_LOOK: Duration = Duration::from_millis(30);
const LATER_LOOKS: Duration = Duration::from_secs(15);
/// For the reset of whoever is gone to arrive, from near and from far.
const RESETS: [Duration; 3] =
    [Duration::from_millis(5), Duration::from_millis(45), Duration::from_millis(450)];

/// Whether the client has ended its side: nothing is left to read, and nothing will come.
pub fn has_ended(stream: &TcpStream) -> bool {
    let mut byte = [std::mem::MaybeUninit::uninit()];
    matches!(socket2::SockRef::from(stream).peek(&mut byte), Ok(0))
}

/// A second handle to the socket, for what is written beside the answer.
pub fn handle(stream: &TcpStream) -> io::Result<StdStream> {
    socket2::SockRef::from(stream).try_clone().map(StdStream::from)
}

/// Returns when a client that ended its side turns out to be gone before its answer began; never if it stays: whoever
/// is gone later is noticed by what is written.
pub async fn gone(connection: Arc<Connection>) {
    let handle = connection.half_closed().await;
    let mut pause = FIRST_LOOK;
    loop {
        sleep(pause).await;
        pause = LATER_LOOKS;
        if !connection.is_waiting() {
            return std::future::pending().await;
        }
        if !is_there(&handle).await {
            return;
        }
    }
}

/// The same body, but broken off once its client has ended its side: what is missing then can come no more.
pub fn cut_short(body: Body, connection: Arc<Connection>) -> Body {
    let parts = Box::pin(body.into_bytes_stream());
    let parts = stream::unfold((parts, connection), async |(mut parts, connection)| {
        let part = tokio::select! {
            // What came before the end is there before the end is seen.
            biased;
            part = parts.next() => part?,
            _ = connection.half_closed() => Err(ErrorKind::UnexpectedEof.into()),
        };
        Some((part, (parts, connection)))
    });
    Body::from_bytes_stream(parts)
}

async fn is_there(handle: &StdStream) -> bool {
    let mut socket = handle;
    match socket.write(INTERIM) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
        Err(_) => return false,
    }
    for wait in RESETS {
        sleep(wait).await;
        if !matches!(handle.take_error(), Ok(None)) {
            return false;
        }
    }
    true
}
