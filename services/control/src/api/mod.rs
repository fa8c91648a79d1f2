//! The operations of `/control/v1`, a file for each kind of thing, and the document that describes them.

mod admin_keys;
mod allowance;
mod archived;
mod changes;
mod charges;
mod difference;
mod document;
mod event_filter;
mod events;
mod health;
mod installation;
mod keys;
mod members;
mod models;
mod page;
mod prices;
mod processes;
mod projects;
mod rates;
mod request;
mod requests;
mod sessions;
mod stated;
mod usage;
mod users;
mod workers;

use std::sync::Arc;

use poem_openapi::{OpenApiService, Tags};
use serde_json::Value;

use crate::Parts;

#[derive(Tags)]
#[oai(rename_all = "lowercase")]
enum Tag {
    /// What is the same for all projects.
    Installation,
    /// Tenants: keys belong to them, usage is billed to them.
    Projects,
    /// Who runs a project.
    Members,
    /// People who may sign in.
    Users,
    /// What machines show this API.
    #[oai(rename = "admin keys")]
    AdminKeys,
    /// What members' programs show the gateway.
    Keys,
    /// What clients name, and who answers.
    Models,
    /// What models charge.
    Prices,
    /// Who takes requests from the queue.
    Workers,
    /// What was used, and what it cost.
    Usage,
    /// How single requests went.
    Requests,
    /// Who is signed in.
    Sessions,
    /// The log that everything else is read from.
    Log,
}

type Operations = (
    // The framework takes sixteen, and of these any may be several.
    (installation::Installation, projects::Projects),
    members::Members,
    users::Users,
    admin_keys::AdminKeys,
    keys::Keys,
    models::Models,
    models::ModelUpstreams,
    prices::Prices,
    workers::Workers,
    charges::Charges,
    usage::Usage,
    sessions::Sessions,
    events::Events,
    requests::Requests,
    changes::Changes,
    health::Health,
);

/// The description of the API.
pub fn document(parts: &Parts) -> Value {
    document::completed(&service(parts).spec())
}

pub const PATH: &str = "/control/v1";

pub fn service(parts: &Parts) -> OpenApiService<Operations, ()> {
    let Parts {
        writer,
        reader,
        names,
        labels,
        people,
        leases,
        sign_ins,
        authenticator,
        foundation,
        roll,
    } = parts.clone();
    let operations = (
        (
            installation::Installation { foundation: foundation.clone() },
            projects::Projects {
                writer: writer.clone(),
                reader: reader.clone(),
                names: names.clone(),
                foundation: foundation.clone(),
            },
        ),
        members::Members { writer: writer.clone(), reader: reader.clone(), names: names.clone() },
        users::Users {
            writer: writer.clone(),
            reader: reader.clone(),
            names: names.clone(),
            sign_ins: sign_ins.clone(),
        },
        admin_keys::AdminKeys { writer: writer.clone(), reader: reader.clone() },
        keys::Keys {
            writer: writer.clone(),
            reader: reader.clone(),
            names: names.clone(),
            labels: labels.clone(),
        },
        models::Models { writer: writer.clone(), reader: reader.clone(), names: names.clone() },
        models::ModelUpstreams { writer: writer.clone(), names: names.clone() },
        prices::Prices {
            writer: writer.clone(),
            reader: reader.clone(),
            names: names.clone(),
            foundation: foundation.clone(),
        },
        workers::Workers { reader: reader.clone(), roll: roll.clone(), names: names.clone() },
        charges::Charges { reader: reader.clone(), names: names.clone(), labels: labels.clone() },
        usage::Usage { reader: reader.clone(), names: names.clone(), labels: labels.clone() },
        sessions::Sessions {
            writer: writer.clone(),
            reader: reader.clone(),
            sign_ins,
            authenticator,
        },
        events::Events {
            reader: reader.clone(),
            people: Arc::clone(&people),
            foundation: foundation.clone(),
        },
        requests::Requests {
            reader: reader.clone(),
            names: names.clone(),
            labels,
            people: Arc::clone(&people),
            foundation,
        },
        changes::Changes { names, people },
        health::Health { reader, writer, leases, roll },
    );
    OpenApiService::new(operations, "UPLION control", env!("CARGO_PKG_VERSION"))
        .description(
            "Projects, keys, models, prices and usage of an installation. \
             A write answers once it is on the log; name its Uplion-Position in a read to see it there. \
             Every error is application/problem+json. Every answer has an X-Request-Id, the caller's own if it sent one; \
             the events that a call led to bear it as `requestid`.",
        )
        .server(PATH)
}
