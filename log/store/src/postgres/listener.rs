//! News of commits by other processes: a connection that listens. Whoever waits also looks for himself now and
//! then, because a notification is lost while the connection is away.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt as _, stream::poll_fn};
use tokio::{sync::watch, task::JoinHandle, time::sleep};
use tokio_postgres::{AsyncMessage, Client};

use super::pool::{Driver, Pool};
use crate::StoreError;

pub const CHANNEL: &str = "uplion_events";
/// Between attempts to listen.
const PATIENCE: Duration = Duration::from_secs(1);

pub struct Listener {
    heads: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl Listener {
    pub fn start(pool: Arc<Pool>) -> Self {
        let (announce, heads) = watch::channel(0);
        let task = tokio::spawn(async move {
            loop {
                // It comes back here whenever the connection ends; those who wait look for themselves meanwhile.
                if let Err(error) = listen(&pool, &announce).await {
                    tracing::debug!(%error, "store.listen");
                }
                sleep(PATIENCE).await;
            }
        });
        Self { heads, task }
    }

    pub fn heads(&self) -> watch::Receiver<u64> {
        self.heads.clone()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(pool: &Pool, announce: &watch::Sender<u64>) -> Result<(), StoreError> {
    let (client, connection) = pool.connected().await?;
    follow(client, connection, announce).await
}

async fn follow(
    client: Client,
    mut connection: Driver,
    announce: &watch::Sender<u64>,
) -> Result<(), StoreError> {
    let mut messages = poll_fn(move |context| connection.poll_message(context));
    let listen = format!("LISTEN {CHANNEL}");
    let mut listening = std::pin::pin!(client.batch_execute(&listen));
    let mut heard = false;
    loop {
        let message = tokio::select! {
            result = &mut listening, if !heard => {
                result?;
                heard = true;
                continue;
            }
            message = messages.next() => message,
        };
        match message {
            None => return Ok(()),
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(AsyncMessage::Notification(news))) => {
                if let Ok(position) = news.payload().parse::<u64>() {
                    announce.send_if_modified(|head| {
                        let newer = position > *head;
                        *head = position.max(*head);
                        newer
                    });
                }
            }
            Some(Ok(_)) => {}
        }
    }
}
