//! Commands for the person who looks after an installation: rebuilding, verifying, and going on after a loss.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use uplion_log_store::{Store, postgres};
use uplion_log_transport::{
    log_key::{self, LogKeys},
    nats::{self, Nats, NatsOptions},
    stream::{StreamName, StreamSpec, Streams},
};
use uplion_projections::Projection;
use uplion_projector::{Adopted, adopt_stream, rebuild, verify};

use crate::say::say;
use crate::{
    connection::{self, stream_specs},
    flags::{self, Maintenance, ProjectionAct, ProjectionOf, StoreArgs},
};

pub async fn projection(arguments: flags::Projection) -> Result<()> {
    match arguments.act {
        ProjectionAct::Rebuild(of) => rebuild_all(&of).await,
        ProjectionAct::Verify(of) => verify_all(&of).await,
    }
}

async fn rebuild_all(of: &ProjectionOf) -> Result<()> {
    let store = open(&of.store).await?;
    for projection in named(of.name.as_deref())? {
        let pos = rebuild(projection, &store, || waits(projection)).await?;
        say!("{}: rebuilt up to position {pos}", projection.name());
    }
    Ok(())
}

async fn verify_all(of: &ProjectionOf) -> Result<()> {
    let store = open(&of.store).await?;
    let mut wrong = Vec::new();
    for projection in named(of.name.as_deref())? {
        let verdict = verify(projection, &store, || waits(projection)).await?;
        if verdict.differing.is_empty() {
            say!("{}: equal to a rebuild at position {}", verdict.projection, verdict.pos);
        } else {
            say!(
                "{}: differs at position {} in rows {:?}",
                verdict.projection,
                verdict.pos,
                verdict.differing
            );
            wrong.push(verdict.projection);
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("{} differ from what the log says: run `uplion projection rebuild`", wrong.join(", "))
}

fn waits(projection: &dyn Projection) {
    say!(
        "{}: another process rebuilds or verifies it: waiting until it is done",
        projection.name()
    );
}

fn named(name: Option<&str>) -> Result<Vec<&'static dyn Projection>> {
    let all = uplion_projections::all().iter().copied();
    let Some(name) = name else { return Ok(all.collect()) };
    let found: Vec<_> = all.clone().filter(|projection| projection.name() == name).collect();
    if found.is_empty() {
        let known: Vec<_> = all.map(Projection::name).collect();
        bail!("there is no projection {name:?}: there are {}", known.join(", "));
    }
    Ok(found)
}

async fn open(store: &StoreArgs) -> Result<Store> {
    match &store.database_url {
        Some(url) => connect_postgres(url.expose()).await,
        None if store.data.is_dir() => Ok(uplion_log_store::sqlite::open(&store.data)?.0),
        None => bail!(
            "{} is no data folder: name one with --data, or a Postgres with --database-url",
            store.data.display()
        ),
    }
}

async fn connect_postgres(url: &str) -> Result<Store> {
    let at = postgres::shown(url);
    postgres::connect(url).await.with_context(|| format!("Postgres at {at}"))
}

/// Goes on with streams that were made anew.
pub async fn epoch(arguments: Maintenance) -> Result<()> {
    let (streams, store) = connect(&arguments, None).await?;
    for stream in StreamName::ALL {
        match adopt_stream(stream, streams.as_ref(), store.archive.as_ref()).await? {
            Adopted::Same => say!("{stream} is the stream that was archived: nothing to do"),
            Adopted::Unknown => {
                say!("{stream} was never made, and nothing of it was archived: nothing to do");
            }
            Adopted::Next(epoch) => say!(
                "{stream} is not there: the archive goes on in epoch {epoch} with the one that is made next; what was not archived of the one before is lost"
            ),
            Adopted::From(tail) => say!(
                "{stream}: epoch {} begins behind sequence {}; what was not archived of the one before is lost",
                tail.epoch,
                tail.sequence
            ),
        }
    }
    Ok(())
}

/// Takes back what CONTROL holds and Postgres lost.
pub async fn restore(arguments: Maintenance) -> Result<()> {
    let keys = keys(&arguments)?;
    let (streams, store) = connect(&arguments, keys).await?;
    let taken = uplion_log_store::restore::restore(store.events.as_ref(), streams.as_ref()).await?;
    say!("{taken} events of CONTROL were not known to the database, and are now");
    if taken > 0 {
        say!(
            "names, e-mail addresses, passwords and reasons that came with them are not on the log and stay unknown"
        );
    }
    Ok(())
}

/// Prints a new one, and nothing else: it goes into a file or a Secret.
pub fn new_key() {
    say!("{}", log_key::spell(rand::random()));
}

/// Makes CONTROL anew: control fills it again from the event store, and signs all of it.
pub async fn rekey(arguments: Maintenance) -> Result<()> {
    if arguments.data.is_some() {
        bail!("nothing in a data folder is signed");
    }
    let (streams, store) = connect(&arguments, None).await?;
    let (stream, specs) = (StreamName::Control, stream_specs(&arguments.broker.streams));
    let tail = store.archive.tail(stream).await?;
    let epoch = tail.map_or(1, |tail| tail.epoch + 1);
    streams.delete(stream).await?;
    for spec in specs.into_iter().filter(|spec| spec.name == stream) {
        // From its first sequence on: whoever follows it wants all of it.
        streams.ensure(&StreamSpec { epoch, ..spec }).await?;
    }
    adopt_stream(stream, streams.as_ref(), store.archive.as_ref()).await?;
    say!(
        "CONTROL is made anew, and control signs all of it with its first key; gateways answer 503 for the moment that takes"
    );
    Ok(())
}

/// None for a data folder, in which nothing is signed.
pub fn keys(arguments: &Maintenance) -> Result<Option<LogKeys>> {
    if arguments.data.is_some() { Ok(None) } else { arguments.log_key.keys() }
}

/// The log at rest alone.
pub async fn store(arguments: &Maintenance) -> Result<Store> {
    match &arguments.data {
        Some(_) => Ok(connect(arguments, None).await?.1),
        None => connect_postgres(arguments.database.database_url.expose()).await,
    }
}

pub async fn connect(
    arguments: &Maintenance,
    keys: Option<LogKeys>,
) -> Result<(Arc<dyn Streams>, Store)> {
    if let Some(data) = &arguments.data {
        if !data.is_dir() {
            bail!("{} is no data folder of a `uplion dev`", data.display());
        }
        let (store, streams) = uplion_log_store::sqlite::open(data)?;
        return Ok((streams, store));
    }
    // Somebody waits in front of a command: it tries once and says what is missing.
    let options = connection::nats_options(&arguments.broker, "maintenance");
    let options = NatsOptions { log_keys: keys, ..options };
    let at = nats::shown(&options.url);
    let log = Nats::connect(options).await.with_context(|| format!("nats-server at {at}"))?.log();
    Ok((log.streams, connect_postgres(arguments.database.database_url.expose()).await?))
}
