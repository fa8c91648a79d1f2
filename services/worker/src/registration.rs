//! Following CONTROL, for which models are registered and with which upstreams.

use std::{convert::Infallible, time::Duration};

use tokio::time::sleep;
use uplion_domain::{Envelope, ModelName};
use uplion_log_transport::{
    Log,
    message::Link,
    stream::{Cursor, Identity, ReadError, StreamName},
};
use uplion_projections::Catalog;

use crate::roster::Place;

const AT_ONCE: usize = 1000;
const READ_WAIT: Duration = Duration::from_secs(1);
const READ_AGAIN: Duration = Duration::from_secs(1);

/// The catalog, and how far CONTROL was read for it.
pub struct Registration {
    log: Log,
    only: Option<ModelName>,
    catalog: Catalog,
    read: u64,
    stream: Option<Identity>,
}

impl Registration {
    pub fn new(log: Log, only: Option<ModelName>) -> Self {
        Self { log, only, catalog: Catalog::default(), read: 0, stream: None }
    }

    /// Tells `changed` what is to be served, first when all that was there has been read, then at every change. For ever.
    pub async fn follow(mut self, mut changed: impl FnMut(Vec<Place>)) -> Infallible {
        loop {
            if let Err(error) = self.read_on(&mut changed).await {
                tracing::warn!(%error, "registrations cannot be followed");
            }
            sleep(READ_AGAIN).await;
        }
    }

    /// Until the stream may have become another.
    async fn read_on(&mut self, changed: &mut impl FnMut(Vec<Place>)) -> Result<(), ReadError> {
        let mut link = self.log.messages.link();
        link.mark_unchanged();
        let now = self.log.streams.identity(StreamName::Control).await?;
        if !self.stream.as_ref().is_none_or(|known| continues(known, &now, self.read)) {
            tracing::warn!("CONTROL is not the stream that it was: reading it from its beginning");
            (self.catalog, self.read) = (Catalog::default(), 0);
        }
        let mut cursor = self.log.streams.read(StreamName::Control, self.read).await?;
        while self.read < now.last {
            self.take(&mut cursor).await?;
        }
        self.stream = Some(now);
        changed(self.places());
        loop {
            if link.has_changed().unwrap_or(false) && *link.borrow_and_update() != Link::Down {
                return Ok(());
            }
            if self.take(&mut cursor).await? {
                changed(self.places());
            }
        }
    }

    /// Whether there was anything.
    async fn take(&mut self, cursor: &mut Box<dyn Cursor>) -> Result<bool, ReadError> {
        let records = cursor.next(AT_ONCE, READ_WAIT).await?;
        for record in &records {
            match Envelope::decode(&record.event) {
                Ok(event) => self.catalog.apply(&event),
                // Of a version to come, perhaps: what it says is not known here, and all else goes on.
                Err(error) => tracing::error!(%error, "an event of CONTROL cannot be read"),
            }
            self.read = record.sequence;
        }
        Ok(!records.is_empty())
    }

    fn places(&self) -> Vec<Place> {
        let served = |name: &ModelName| self.only.as_ref().is_none_or(|only| only == name);
        let mut places: Vec<Place> = Vec::new();
        for model in self.catalog.models().filter(|model| served(&model.name)) {
            for upstream in &model.upstreams {
                let place = Place { model: model.name.clone(), upstream: upstream.clone() };
                // Listed twice, it has no more room than once.
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        places
    }
}

/// Whether the stream is the one that was read up to `read`.
fn continues(known: &Identity, now: &Identity, read: u64) -> bool {
    (known.created, known.epoch) == (now.created, now.epoch) && now.last >= read
}
