//! The accept loop: small and our own, because a server must bound how many connections there are, how long a client
//! may take over its headers, and know what has been written.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::{
    Addr, Endpoint, EndpointExt, IntoEndpoint, Response,
    http::{HeaderValue, header, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    connection::{Connection, Socket},
    half_closed,
    refusal::{ErrorShape, Refusal, refusal},
};

#[derive(Debug, Clone, Copy)]
pub struct ServeOptions {
    pub connections: usize,
    /// For a request's head to arrive.
    pub headers: Duration,
    /// Bytes of a request's head, at most.
    pub head: usize,
    /// For what is in flight when the server is told to stop.
    pub drain: Duration,
    /// Of what is no request.
    pub errors: ErrorShape,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            connections: 20_000,
            headers: Duration::from_secs(30),
            head: 400 << 10,
            drain: Duration::from_secs(30),
            errors: ErrorShape::default(),
        }
    }
}

/// Bytes that may wait in the kernel for a client to take what was sent before.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 64 << 10;

/// After an error that the next accept would meet too, such as no more file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// Serves until `shutdown`; then takes no more connections, and returns when those that are left have ended or
/// [`ServeOptions::drain`] has passed.
pub async fn serve<E>(
    listener: TcpListener,
    endpoint: E,
    options: ServeOptions,
    shutdown: CancellationToken,
) -> io::Result<()>
where
    E: IntoEndpoint,
    E::Endpoint: 'static,
{
    let endpoint = Arc::new(endpoint.into_endpoint().map_to_response());
    let local = listener.local_addr()?;
    let room = Arc::new(Semaphore::new(options.connections));
    let (connections, hangup) = (TaskTracker::new(), CancellationToken::new());
    while let Some((stream, remote, permit)) = accept(&listener, &room, &shutdown).await {
        let connection =
            converse(stream, (local, remote), Arc::clone(&endpoint), options, shutdown.clone());
        let hangup = hangup.clone();
        connections.spawn(async move {
            let _permit = permit;
            hangup.run_until_cancelled(connection).await;
        });
    }
    drop(listener);
    connections.close();
    if timeout(options.drain, connections.wait()).await.is_err() {
        hangup.cancel();
        connections.wait().await;
    }
    Ok(())
}

/// The next connection, once there is room for it; none when the server is to stop.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let next = async {
        let permit = Arc::clone(room).acquire_owned().await.expect("the semaphore is never closed");
        loop {
            match listener.accept().await {
                Ok((stream, remote)) => return (stream, remote, permit),
                Err(error) => {
                    tracing::warn!(%error, "http.connection.not_accepted");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    };
    shutdown.run_until_cancelled(next).await
}

async fn converse(
    stream: TcpStream,
    (local, remote): (SocketAddr, SocketAddr),
    endpoint: Arc<impl Endpoint<Output = Response> + 'static>,
    options: ServeOptions,
    shutdown: CancellationToken,
) {
    // A token of a few bytes must not wait for company.
    drop(stream.set_nodelay(true));
    leave_little_unsent(&stream);
    let connection = Arc::new(Connection::default());
    let errors = options.errors;
    let socket = Socket::new(TokioIo::new(stream), Arc::clone(&connection), errors);
    let answered = Arc::clone(&connection);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        answered.asked();
        let refused = refusal(request.version(), request.headers());
        request.extensions_mut().insert(Arc::clone(&answered));
        let has_body = !request.body().is_end_stream();
        let (local, remote) = (LocalAddr(Addr::from(local)), RemoteAddr(Addr::from(remote)));
        let mut request = poem::Request::from((request, local, remote, Scheme::HTTP));
        if has_body {
            let body = half_closed::cut_short(request.take_body(), Arc::clone(&answered));
            request.set_body(body);
        }
        let endpoint = Arc::clone(&endpoint);
        let answered = Arc::clone(&answered);
        async move {
            let mut response = match refused {
                None => endpoint.get_response(request).await,
                Some(refused) => answer(errors, refused),
            };
            if answered.is_half_closed() {
                // Nothing more will be asked.
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok::<_, Infallible>(response.into())
        }
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.headers)
        .max_buf_size(options.head)
        .serve_connection(socket, service);
    let mut conversation = std::pin::pin!(conversation);
    // How a connection breaks is its client's business; what it broke off is noticed by the request.
    tokio::select! {
        _ = &mut conversation => return,
        () = half_closed::gone(connection) => return,
        () = shutdown.cancelled() => {}
    }
    conversation.as_mut().graceful_shutdown();
    drop(conversation.await);
}

/// The connection ends with it: what follows may be read otherwise by whoever stands between.
fn answer(errors: ErrorShape, Refusal { status, text }: Refusal) -> Response {
    let response = Response::builder().status(status).content_type(errors.content_type());
    response.header(header::CONNECTION, "close").body(errors.body(status, text))
}

/// The kernel would take megabytes for a client that reads none of it: neither seen in this process's memory nor, once
/// taken, told from what was delivered. What is on its way to the client does not count, so that nobody who reads
/// waits for it.
fn leave_little_unsent(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    drop(socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT));
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}
