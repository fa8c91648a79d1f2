//! Tasks: each ticket is with one worker at a time, comes back when that worker is silent, and is gone once it is done.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};
use uplion_domain::{ModelName, RequestId, request::Class};
use uplion_log_transport::task::{
    ACK_WAIT, OfferError, Queue, QueueSpec, TAKE_WAIT, Taken, Tasks, Ticket,
};
use uplion_tests::wait;

use crate::{backend::Backend, events};

/// What a take waits at most, and a redelivery besides.
const SOON: Duration = Duration::from_secs(20);

/// By how much clocks may disagree.
const TICK: Duration = Duration::from_millis(50);

crate::on!(in_process one_server three_nodes: [
    competing_workers_take_each_ticket_once
    a_worker_gets_no_more_than_it_asked_for
    a_waiting_worker_gets_what_is_offered_at_once
    without_tickets_a_take_ends_with_none
    a_ticket_whose_worker_is_silent_goes_to_another
    a_ticket_whose_worker_makes_progress_stays_with_it
    a_ticket_given_back_comes_again_after_its_delay
    a_model_whose_queue_is_full_gets_no_more_tickets_and_others_do
    a_ticket_too_old_is_dropped
    classes_and_models_are_queues_of_their_own
    a_ticket_offered_before_there_was_a_worker_waits_for_one
]);

async fn tasks(backend: &Backend) -> Arc<dyn Tasks> {
    let tasks = backend.connect().await.tasks;
    tasks.ensure(&events::queue_spec(backend.replicas())).await.unwrap();
    tasks
}

async fn queue(tasks: &dyn Tasks, model: &ModelName) -> Box<dyn Queue> {
    tasks.queue(model, Class::Interactive).await.unwrap()
}

async fn offer(tasks: &dyn Tasks, model: &ModelName, count: usize) -> Vec<Ticket> {
    let tickets: Vec<Ticket> = (0..count).map(|_| events::ticket(model)).collect();
    for ticket in &tickets {
        tasks.offer(ticket).await.unwrap();
    }
    tickets
}

/// At least one ticket, however many takes it takes.
async fn take_up_to(queue: &mut dyn Queue, most: usize) -> Vec<Taken> {
    let taken = timeout(SOON, async {
        loop {
            let taken = queue.take(most).await.unwrap();
            if !taken.is_empty() {
                return taken;
            }
        }
    });
    taken.await.expect("a ticket in time")
}

async fn take_one(queue: &mut dyn Queue) -> Taken {
    let mut taken = take_up_to(queue, 1).await;
    assert_eq!(taken.len(), 1);
    taken.remove(0)
}

/// Waits until nothing of the model is left, as what is done is dropped a moment later.
async fn emptied(tasks: &dyn Tasks, model: &ModelName) {
    wait::until(wait::PATIENCE, "an empty queue", async || {
        tasks.depth(model, Class::Interactive).await.unwrap() == 0
    })
    .await
    .unwrap();
}

async fn competing_workers_take_each_ticket_once(backend: Backend) {
    let tasks = tasks(&backend).await;
    let model = events::model("org/llama-3.1");
    let count = 200;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let tasks = backend.connect().await.tasks;
        let mut queue = queue(&*tasks, &model).await;
        workers.spawn(async move {
            let mut done: Vec<RequestId> = Vec::new();
            loop {
                let taken = queue.take(3).await.unwrap();
                if taken.is_empty() {
                    return done;
                }
                for Taken { ticket, delivery, receipt } in taken {
                    assert_eq!(delivery, 1);
                    receipt.done().await.unwrap();
                    done.push(ticket.request);
                }
            }
        });
    }
    let offered = offer(&*tasks, &model, count).await;
    let taken = workers.join_all().await.concat();
    assert_eq!(taken.len(), count);
    let offered: BTreeSet<RequestId> = offered.iter().map(|ticket| ticket.request).collect();
    assert_eq!(taken.into_iter().collect::<BTreeSet<RequestId>>(), offered);
    emptied(&*tasks, &model).await;
}

async fn a_worker_gets_no_more_than_it_asked_for(backend: Backend) {
    let tasks = tasks(&backend).await;
    let model = events::model("m");
    offer(&*tasks, &model, 20).await;
    let mut queue = queue(&*tasks, &model).await;
    let mut kept = Vec::new();
    for most in [1, 5, 2] {
        let taken = take_up_to(&mut *queue, most).await;
        assert!(taken.len() <= most);
        kept.extend(taken);
    }
    // Another one gets the rest, so the first one holds none that it did not ask for.
    let mut other = tasks.queue(&model, Class::Interactive).await.unwrap();
    drop(queue);
    while kept.len() < 20 {
        kept.extend(take_up_to(&mut *other, 20).await);
    }
    assert!(kept.iter().filter(|taken| taken.delivery > 1).count() <= 7);
}

async fn a_waiting_worker_gets_what_is_offered_at_once(backend: Backend) {
    let tasks = tasks(&backend).await;
    let model = events::model("m");
    let mut queue = queue(&*tasks, &model).await;
    for _ in 0..5 {
        let started = Instant::now();
        let (taken, ()) = tokio::join!(take_one(&mut *queue), async {
            offer(&*tasks, &model, 1).await;
        });
        assert!(started.elapsed() < TAKE_WAIT / 2, "{:?}", started.elapsed());
        taken.receipt.done().await.unwrap();
    }
}

async fn without_tickets_a_take_ends_with_none(backend: Backend) {
    let tasks = tasks(&backend).await;
    let mut queue = queue(&*tasks, &events::model("m")).await;
    let taken = timeout(TAKE_WAIT * 2, queue.take(1)).await.expect("an end in time").unwrap();
    assert!(taken.is_empty());
}

async fn a_ticket_whose_worker_is_silent_goes_to_another(backend: Backend) {
    let tasks = tasks(&backend).await;
    let model = events::model("m");
    let offered = offer(&*tasks, &model, 1).await;
    let mut dead = queue(&*tasks, &model).await;
    let started = Instant::now();
    drop(take_one(&mut *dead).await);
    drop(dead);
    let mut other = queue(&*tasks, &model).await;
    let again = take_one(&mut *other).await;
    assert!(started.elapsed() + TICK >= ACK_WAIT, "{:?}", started.elapsed());
    assert_eq!((&again.ticket, again.delivery), (&offered[0], 2));
    again.receipt.done().await.unwrap();
    emptied(&*tasks, &model).await;
}

async fn a_ticket_whose_worker_makes_progress_stays_with_it(backend: Backend) {
    let tasks = tasks(&backend).await;
    let model = events::model("m");
    offer(&*tasks, &model, 1).await;
    let mut queue = queue(&*tasks, &model).await;
    let taken = take_one(&mut *queue).await;
    let until = Instant::now() + ACK_WAIT + Duration::from_secs(2);
    while Instant::now() < until {
        taken.receipt.progress().await.unwrap();
        let other = timeout(Duration::from_secs(1), queue.take(1)).await;
        assert!(other.is_err(), "the ticket went to another");
    }
    taken.receipt.done().await.unwrap();
    emptied(&*tasks, &model).await;
}

async fn a_ticket_given_back_comes_again_after_its_delay(backend: Backend) {
    let tasks = tasks(&backend).await;
    let model = events::model("m");
    let offered = offer(&*tasks, &model, 1).await;
    let mut queue = queue(&*tasks, &model).await;
    let delay = Duration::from_millis(700);
    for delivery in 1..=3 {
        let started = Instant::now();
        let taken = take_one(&mut *queue).await;
        assert_eq!((&taken.ticket, taken.delivery), (&offered[0], delivery));
        let waited = started.elapsed();
        assert!(delivery == 1 || waited + TICK >= delay, "{waited:?}");
        assert!(waited < ACK_WAIT, "{waited:?}");
        taken.receipt.later(delay).await.unwrap();
    }
    take_one(&mut *queue).await.receipt.done().await.unwrap();
    emptied(&*tasks, &model).await;
    assert!(queue.take(1).await.unwrap().is_empty());
}

async fn a_model_whose_queue_is_full_gets_no_more_tickets_and_others_do(backend: Backend) {
    let tasks = backend.connect().await.tasks;
    let spec = QueueSpec { most_per_model: 3, ..events::queue_spec(backend.replicas()) };
    tasks.ensure(&spec).await.unwrap();
    let (full, other) = (events::model("full"), events::model("other"));
    offer(&*tasks, &full, 3).await;
    assert_eq!(tasks.depth(&full, Class::Interactive).await, Ok(3));
    let refused = tasks.offer(&events::ticket(&full)).await;
    assert_eq!(refused, Err(OfferError::Full(full.clone())));
    offer(&*tasks, &other, 1).await;

    let mut queue = queue(&*tasks, &full).await;
    let taken = take_one(&mut *queue).await;
    let refused = tasks.offer(&events::ticket(&full)).await;
    assert_eq!(refused, Err(OfferError::Full(full.clone())), "one is with a worker, not gone");
    taken.receipt.done().await.unwrap();
    wait::until(wait::PATIENCE, "room", async || tasks.offer(&events::ticket(&full)).await.is_ok())
        .await
        .unwrap();
}

async fn a_ticket_too_old_is_dropped(backend: Backend) {
    let tasks = backend.connect().await.tasks;
    let max_age = Duration::from_millis(300);
    let spec = QueueSpec { max_age, ..events::queue_spec(backend.replicas()) };
    tasks.ensure(&spec).await.unwrap();
    let model = events::model("m");
    offer(&*tasks, &model, 5).await;
    emptied(&*tasks, &model).await;
}

async fn classes_and_models_are_queues_of_their_own(backend: Backend) {
    let tasks = tasks(&backend).await;
    // Names that nats-server would read as structure, and one that is the beginning of another.
    let models = ["a.b", "a", "a.*", "a/b", "a%2Eb"].map(events::model);
    let mut offered = Vec::new();
    for model in &models {
        for class in [Class::Interactive, Class::Batch] {
            let ticket = Ticket { class, ..events::ticket(model) };
            tasks.offer(&ticket).await.unwrap();
            offered.push(ticket);
        }
    }
    for ticket in offered {
        assert_eq!(tasks.depth(&ticket.model, ticket.class).await, Ok(1));
        let mut queue = tasks.queue(&ticket.model, ticket.class).await.unwrap();
        let taken = take_up_to(&mut *queue, 10).await;
        assert_eq!(taken.iter().map(|taken| &taken.ticket).collect::<Vec<_>>(), [&ticket]);
        taken[0].receipt.done().await.unwrap();
    }
}

async fn a_ticket_offered_before_there_was_a_worker_waits_for_one(backend: Backend) {
    let tasks = tasks(&backend).await;
    let model = events::model(&"long/name.".repeat(12));
    let offered = offer(&*tasks, &model, 3).await;
    let mut queue = queue(&*tasks, &model).await;
    let mut taken = Vec::new();
    while taken.len() < 3 {
        taken.extend(take_up_to(&mut *queue, 3).await);
    }
    assert!(taken.iter().map(|taken| &taken.ticket).eq(&offered));
}
