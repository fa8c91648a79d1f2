//! A gateway, running: what it holds, and what it does beside serving requests.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::ensure;
use poem::{Endpoint, Response};
use prometheus_client::registry::Registry;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use uplion_domain::{
    GatewayId,
    subject::{Filter, Present},
};
use uplion_log_transport::{
    Log,
    message::Link,
    presence::{self, Beat, GatewayReport, Report},
    stream::StreamSpec,
};
use uuid::Uuid;

use crate::{
    Clock,
    admission::Admission,
    admission_gate::AdmissionGate,
    body::BodyReader,
    live::{Live, Surroundings},
    live_catalog::LiveCatalog,
    log_probe::keep_probing,
    metrics::{Metrics, StateGauges},
    options::{LONGEST_DEADLINE, Options},
    outlook::Outlook,
    permit::Capacity,
    rejections::Rejections,
    routes::routes,
    self_ping::{self, keep_pinging},
    streams_upkeep::{watch_link, watch_streams},
    waiting::Waiting,
};

const TRY_AGAIN: Duration = Duration::from_millis(500);
/// While workers are given the time to take up a model.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
const LOOK_AT_REJECTED: Duration = Duration::from_secs(1);
/// For requests that were cut off at the end of a drain to be settled.
const SETTLE_CUT_OFF: Duration = Duration::from_secs(5);

/// Dropping it stops it, whatever is in flight; [`Gateway::drain`] first.
pub struct Gateway {
    admission: Arc<Admission>,
    live: Arc<Live>,
    /// Ends with the gateway.
    _running: JoinSet<()>,
}

impl Gateway {
    /// Returns at once; it admits requests when it is [ready](Self::ready).
    pub fn start(options: Options, log: Log, clock: Clock) -> anyhow::Result<Self> {
        check(&options)?;
        let options = with_long_memory(options);
        let gateway = GatewayId::new(Uuid::now_v7());
        let catalog = Arc::new(LiveCatalog::follow(Arc::clone(&log.streams)));
        let outlook = Outlook::follow(Arc::clone(&log.messages), Arc::clone(&catalog));
        let outlook = Arc::new(outlook);
        let surroundings = Surroundings {
            link: log.messages.link(),
            log,
            queue: options.tasks.clone(),
            metrics: Metrics::default(),
            catalog: Arc::clone(&catalog),
            outlook: Arc::clone(&outlook),
            waiting: Waiting::default(),
            recording: Arc::default(),
            clock: Arc::clone(&clock),
        };
        let recording = Arc::clone(&surroundings.recording);
        let live = Arc::new(Live::new(surroundings, &options.timeouts, options.bounds));
        let admission = Arc::new(Admission {
            catalog,
            outlook,
            gate: AdmissionGate::default(),
            recording,
            capacity: Capacity::new(&options.bounds),
            rejections: Rejections::new(gateway, clock()),
            options,
            gateway,
            clock,
        });
        let mut running = JoinSet::new();
        running.spawn(listen(Arc::clone(&live), Arc::clone(&admission)));
        running.spawn(watch_link(Arc::clone(&live), Arc::clone(&admission)));
        running.spawn(watch_streams(Arc::clone(&live), Arc::clone(&admission)));
        running.spawn(keep_pinging(Arc::clone(&live), Arc::clone(&admission)));
        running.spawn(keep_probing(Arc::clone(&live), Arc::clone(&admission)));
        running.spawn(record_rejected(Arc::clone(&live), Arc::clone(&admission)));
        running.spawn(watch_outlook(Arc::clone(&live), Arc::clone(&admission)));
        running.spawn(keep_saying(Arc::clone(&live), Arc::clone(&admission)));
        Ok(Self { admission, live, _running: running })
    }

    pub fn id(&self) -> GatewayId {
        self.admission.gateway
    }

    pub fn routes(&self) -> impl Endpoint<Output = Response> + use<> {
        let options = &self.admission.options;
        let bodies = BodyReader {
            most: options.bounds.body,
            patience: options.timeouts.body,
            retry_after_s: self.admission.retry_after_s(),
        };
        routes(&self.admission, &bodies, &self.live)
    }

    /// Whether it serves, or why not.
    pub fn ready(&self) -> Result<(), String> {
        hindrance(&self.live, &self.admission).map_or(Ok(()), Err)
    }

    /// Whether it became [ready](Self::ready) before `deadline`.
    pub async fn wait_ready(&self, deadline: Instant) -> bool {
        while self.ready().is_err() {
            if deadline <= Instant::now() {
                return false;
            }
            sleep(Duration::from_millis(10)).await;
        }
        true
    }

    pub fn register(&self, registry: &mut Registry) {
        self.live.surroundings().metrics.register(registry);
        let surroundings = self.live.surroundings();
        registry.register_collector(Box::new(StateGauges {
            capacity: self.admission.capacity.clone(),
            waiting: surroundings.waiting.clone(),
            recording: Arc::clone(&surroundings.recording),
            streams: Arc::clone(&surroundings.log.streams),
            link: surroundings.link.clone(),
        }));
        self.admission.outlook.register(registry);
    }

    pub fn in_flight(&self) -> usize {
        self.admission.capacity.in_flight()
    }

    /// Admits nothing more, and returns when what is in flight has ended: by itself within `bound`, or cut off then.
    pub async fn drain(&self, bound: Duration) {
        self.admission.gate.close();
        self.drain_requests(bound).await;
        let now = (self.admission.clock)();
        self.live.record_rejected(self.admission.rejections.rest(now));
    }

    async fn drain_requests(&self, bound: Duration) {
        if timeout(bound, self.admission.capacity.idle()).await.is_err() {
            self.live.stop_all();
            drop(timeout(SETTLE_CUT_OFF, self.admission.capacity.idle()).await);
        }
    }
}

/// Tells who waits when it changes who will come.
async fn watch_outlook(live: Arc<Live>, admission: Arc<Admission>) {
    let (mut changes, mut known) = (admission.outlook.changes(), HashMap::new());
    loop {
        let gives_time = admission.outlook.gives_time();
        tokio::select! {
            heard = changes.changed() => if heard.is_err() { return },
            () = sleep(LOOK_AGAIN), if gives_time => {}
        }
        changes.borrow_and_update();
        live.on_outlook();
        let now: HashMap<_, _> = admission.outlook.all_unserved().into_iter().collect();
        for (model, why) in now.iter().filter(|(model, why)| known.get(*model) != Some(*why)) {
            tracing::warn!(%model, why = why.reason(), "gateway.model.unserved");
        }
        for model in known.keys().filter(|model| !now.contains_key(*model)) {
            tracing::info!(%model, "gateway.model.served");
        }
        known = now;
    }
}

/// That this gateway is there.
async fn keep_saying(live: Arc<Live>, admission: Arc<Admission>) {
    let messages = Arc::clone(&live.surroundings().log.messages);
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let beat = || Beat {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        leaving: admission.gate.is_closing(),
        hindrance: hindrance(&live, &admission),
        report: Report::Gateway(GatewayReport {
            in_flight: count(admission.capacity.in_flight()),
            capacity: count(admission.options.bounds.in_flight),
        }),
    };
    match presence::keep_beating(messages, Present::Gateway(admission.gateway), beat).await {}
}

/// What keeps it from serving.
fn hindrance(live: &Live, admission: &Admission) -> Option<String> {
    let gate = &admission.gate;
    let hindrances = [
        (gate.is_closing(), "the gateway is stopping"),
        (live.link() == Link::Down, "the message broker cannot be reached"),
        (!gate.is_listening(), "the gateway does not hear workers yet"),
        (gate.is_deaf_for_long(), "the gateway does not hear what it sends to itself"),
        (!gate.is_ensured(), "streams and queue are not there yet"),
        (!admission.catalog.is_fresh(), "the catalog is not known to be up to date"),
        (gate.is_log_full(), "the traffic stream is nearly full"),
    ];
    let (_, why) = hindrances.into_iter().find(|(hinders, _)| *hinders)?;
    Some(match gate.why_unmade().filter(|_| !gate.is_ensured()) {
        Some(cause) => format!("{why}: {cause}"),
        None => why.to_owned(),
    })
}

/// Writes what was not let in, once a minute.
async fn record_rejected(live: Arc<Live>, admission: Arc<Admission>) {
    let mut ticks = interval(LOOK_AT_REJECTED);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        live.record_rejected(admission.rejections.over((admission.clock)()));
    }
}

fn check(options: &Options) -> anyhow::Result<()> {
    let (timeouts, bounds) = (options.timeouts, options.bounds);
    ensure!(
        timeouts.write_lease > timeouts.silence,
        "a worker must be found silent before it may give up"
    );
    ensure!(
        timeouts.credit < timeouts.silence,
        "credits must come more often than workers are found silent"
    );
    ensure!(timeouts.silent_claims > 0 && bounds.in_flight > 0, "a gateway serves somebody");
    ensure!(
        timeouts.serving.deadline <= LONGEST_DEADLINE,
        "a deadline is an hour at most: the log remembers requests for no longer"
    );
    ensure!(bounds.body <= bounds.bodies, "one body may not be longer than all bodies");
    let largest = bounds.answer.max(bounds.stream_window);
    ensure!(largest <= bounds.answers, "one answer may not be longer than all answers");
    let windows = [bounds.first_window, bounds.stream_window, bounds.answer];
    ensure!(windows.iter().all(|bytes| *bytes > 0), "a window lets something through");
    ensure!((1..=100).contains(&bounds.traffic_percent), "a share is 1 to 100 percent");
    Ok(())
}

/// What the log remembers outlasts every request.
fn with_long_memory(mut options: Options) -> Options {
    let least = options.timeouts.dedup_window();
    for StreamSpec { dedup_window, .. } in &mut options.streams {
        *dedup_window = least.max(*dedup_window);
    }
    options.tasks.max_age = least.max(options.tasks.max_age);
    options
}

/// Hears what workers say, for as long as the gateway runs.
async fn listen(live: Arc<Live>, admission: Arc<Admission>) {
    let filter = Filter::ToGateway(admission.gateway);
    loop {
        match live.surroundings().log.messages.listen(&filter).await {
            Ok(mut messages) => {
                admission.gate.set_listening(true);
                while let Some(message) = messages.recv().await {
                    if self_ping::is_own(&message, admission.gateway) {
                        admission.gate.heard_itself();
                    } else {
                        live.dispatch(message).await;
                    }
                }
                admission.gate.set_listening(false);
            }
            Err(error) => tracing::warn!(%error, "gateway.workers.unheard"),
        }
        sleep(TRY_AGAIN).await;
    }
}
