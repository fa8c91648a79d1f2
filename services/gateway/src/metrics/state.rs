//! How the gateway is at the moment of asking: what it holds, who waits, and whether it reaches the log.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder},
    metrics::{MetricType, gauge::ConstGauge},
};
use tokio::sync::watch;
use uplion_log_transport::{
    message::Link,
    stream::{StreamName, Streams},
};

use crate::{permit::Capacity, recording::Recording, waiting::Waiting};

pub struct StateGauges {
    pub capacity: Capacity,
    pub waiting: Waiting,
    pub recording: Arc<Recording>,
    pub streams: Arc<dyn Streams>,
    pub link: watch::Receiver<Link>,
}

impl Collector for StateGauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.encode_held(&mut encoder)?;
        self.encode_waiting(&mut encoder)?;
        self.encode_log(&mut encoder)
    }
}

impl StateGauges {
    fn encode_held(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let capacity = &self.capacity;
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let in_flight = count(capacity.in_flight());
        let settlements = count(self.recording.waiting());
        for (name, help, value) in [
            ("uplion_gateway_in_flight", "requests that have not ended", in_flight),
            ("uplion_gateway_body_bytes", "bytes of clients' bodies held", capacity.body_bytes()),
            ("uplion_gateway_answer_bytes", "bytes of answers held", capacity.answer_bytes()),
            (
                "uplion_gateway_settlements_waiting",
                "settlements that the log has not acknowledged yet",
                settlements,
            ),
            (
                "uplion_gateway_log_stuck",
                "1 while nobody is admitted because the log acknowledges no settlement",
                u64::from(self.recording.is_closed()),
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }

    fn encode_waiting(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let queued = self.waiting.by_model();
        let name = "uplion_gateway_waiting";
        let help = "requests that no worker has taken yet";
        let mut waiting = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (model, of) in &queued {
            let requests = i64::try_from(of.requests).unwrap_or(i64::MAX);
            labelled(&mut waiting, ("model", model.as_str()), &ConstGauge::new(requests))?;
        }
        let name = "uplion_gateway_oldest_waiting_seconds";
        let help = "for how long the oldest of them has waited";
        let mut oldest = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (model, of) in &queued {
            let seconds = ConstGauge::new(of.oldest.as_secs_f64());
            labelled(&mut oldest, ("model", model.as_str()), &seconds)?;
        }
        Ok(())
    }

    fn encode_log(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let up = ConstGauge::new(i64::from(*self.link.borrow() != Link::Down));
        let (name, help) = ("uplion_gateway_broker_up", "1 if the message broker is reached");
        up.encode(encoder.encode_descriptor(name, help, None, up.metric_type())?)?;
        let name = "uplion_gateway_writes_failing_seconds";
        let help = "for how long nothing that this gateway writes has reached the stream";
        let mut failing = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        let trouble = self.streams.write_trouble(StreamName::Traffic);
        let lasting = trouble.map_or(0.0, |trouble| trouble.lasting.as_secs_f64());
        let stream = ("stream", StreamName::Traffic.as_str());
        labelled(&mut failing, stream, &ConstGauge::new(lasting))
    }
}

fn labelled(
    family: &mut MetricEncoder<'_>,
    label: (&str, &str),
    gauge: &impl EncodeMetric,
) -> Result<(), fmt::Error> {
    gauge.encode(family.encode_family(&[label])?)
}

impl fmt::Debug for StateGauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateGauges").finish_non_exhaustive()
    }
}
