//! Folding one batch into one copy of a projection: in memory, each touched row written once, with the checkpoint.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use uplion_log_store::rows::{AdvanceError, Copy, Projected, Rows};
use uplion_projections::{
    Projection, Recorded,
    table::{Key, Row},
};

use crate::feed::Batch;

pub fn projected(projection: &'static dyn Projection) -> Projected {
    Projected { name: projection.name(), version: projection.version(), table: projection.table() }
}

/// Folds one batch into one copy, which is at `from`: no event between there and the batch touches it.
pub async fn fold(
    projection: &'static dyn Projection,
    rows: &dyn Rows,
    copy: Copy,
    from: u64,
    batch: &Batch,
) -> Result<(), AdvanceError> {
    let name = projection.name();
    let sorted = catch_unwind(AssertUnwindSafe(|| touched(projection, &batch.events)));
    let (keys, touches) = sorted.map_err(|_| AdvanceError::CalledOff(name))?;
    // A row that somebody changed by hand makes the fold panic: that halts this projection, not the store's thread.
    let apply = Box::new(|loaded: Vec<Option<Row>>| {
        catch_unwind(AssertUnwindSafe(|| folded(projection, loaded, &touches))).ok()
    });
    rows.advance(projected(projection), copy, from, batch.to, &keys, apply).await
}

/// The keys that a batch touches, each once, and for each the events that touch it, in order.
fn touched<'a>(
    projection: &dyn Projection,
    events: &'a [Recorded],
) -> (Vec<Key>, Vec<Vec<&'a Recorded>>) {
    let mut places: HashMap<Key, usize> = HashMap::new();
    let (mut keys, mut touches): (Vec<Key>, Vec<Vec<&Recorded>>) = Default::default();
    for event in events {
        let Some(key) = projection.key(event) else { continue };
        let place = *places.entry(key).or_insert_with_key(|key| {
            keys.push(key.clone());
            touches.push(Vec::new());
            keys.len() - 1
        });
        touches[place].push(event);
    }
    (keys, touches)
}

fn folded(
    projection: &dyn Projection,
    loaded: Vec<Option<Row>>,
    touches: &[Vec<&Recorded>],
) -> Vec<Option<Row>> {
    loaded
        .into_iter()
        .zip(touches)
        .map(|(row, events)| events.iter().fold(row, |row, event| projection.fold(row, event)))
        .collect()
}
