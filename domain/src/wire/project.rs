//! The events of projects, as they are written.

use serde::{Deserialize, Serialize};

use super::{Readers, json, parsed, shape};
use crate::{
    Event, ProjectId, Timestamp,
    project::Event::{Closed, Created, Renamed},
};

const CREATED: &str = "uplion.project.created.v1";
const RENAMED: &str = "uplion.project.renamed.v1";
const CLOSED: &str = "uplion.project.closed.v1";

pub const READERS: Readers = &[(CREATED, created), (RENAMED, renamed), (CLOSED, closed)];

#[derive(Serialize, Deserialize)]
struct NamedV1 {
    project: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
struct ProjectV1 {
    project: String,
}

pub fn encode(id: ProjectId, event: &crate::project::Event) -> (&'static str, Vec<u8>) {
    let project = id.to_string();
    match event {
        Created { name, at: _ } => (CREATED, json(&NamedV1 { project, name: name.clone() })),
        Renamed { name, at: _ } => (RENAMED, json(&NamedV1 { project, name: name.clone() })),
        Closed { at: _ } => (CLOSED, json(&ProjectV1 { project })),
    }
}

fn created(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let NamedV1 { project, name } = shape(payload)?;
    Ok(Event::Project(parsed(&project)?, Created { name, at }))
}

fn renamed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let NamedV1 { project, name } = shape(payload)?;
    Ok(Event::Project(parsed(&project)?, Renamed { name, at }))
}

fn closed(payload: &[u8], at: Timestamp) -> Result<Event, serde_json::Error> {
    let ProjectV1 { project } = shape(payload)?;
    Ok(Event::Project(parsed(&project)?, Closed { at }))
}
