//! Asking a request's gateway whether to work on it.

use std::time::Duration;

use tokio::time::timeout;
use uplion_domain::{ClaimId, subject::Subject};
use uplion_log_transport::claim::{FromGateway, FromWorker, Go};

use crate::{context::Context, mailbox::Mailbox, room::Room};

const ASK_EVERY: Duration = Duration::from_secs(1);
/// Together shorter than a ticket may go without a sign of progress.
const ASK_TIMES: u32 = 3;

pub enum Answer {
    Go(Box<Go>),
    Wait(Duration),
    Drop,
    Silence,
}

/// `delivery` is the ticket's.
pub async fn ask(
    context: &Context,
    gateway: &Subject,
    mailbox: &mut Mailbox,
    claim: ClaimId,
    delivery: u64,
    room: &Room,
) -> Answer {
    for _ in 0..ASK_TIMES {
        let (worker, all_sent) = (context.worker, room.sent());
        let question = FromWorker::Claim { claim, worker, delivery, all_sent };
        context.say(gateway, &question).await;
        if let Ok(answer) = timeout(ASK_EVERY, answer(mailbox)).await {
            return answer;
        }
    }
    Answer::Silence
}

async fn answer(mailbox: &mut Mailbox) -> Answer {
    loop {
        match mailbox.recv().await {
            FromGateway::Go(go) => return Answer::Go(go),
            FromGateway::Wait { delay_ms, .. } => {
                return Answer::Wait(Duration::from_millis(delay_ms));
            }
            FromGateway::Drop { .. } | FromGateway::Settled { .. } => return Answer::Drop,
            // They can overtake a `go` that was lost, which is asked for again.
            FromGateway::Credit { .. } | FromGateway::Body { .. } => {}
        }
    }
}
