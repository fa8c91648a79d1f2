//! Ids as lists show them, `key_…48b93409`, made whole again by the list that they are of.

use std::borrow::Cow;

use serde_json::Value;
use uplion_control_client::{Client, Error, List, ListOptions};

use super::{failure::Failure, table::shown::is_id};

/// Fields and parameters that name one of a list.
const NAMED: [(&str, &str); 6] = [
    ("project", "projects"),
    ("key", "keys"),
    ("user", "users"),
    ("owner", "users"),
    ("member", "users"),
    ("actor", "users"),
];
/// Of requests there may be millions: whoever has a short id has seen it in a list not long ago.
const MOST: usize = 20_000;

/// Each segment that is a short id, whole.
pub async fn path<'a>(client: &Client, given: &[&'a str]) -> Result<Vec<Cow<'a, str>>, Failed> {
    let mut whole: Vec<Cow<'a, str>> = Vec::with_capacity(given.len());
    for segment in given {
        whole.push(if is_short(segment) {
            let list: Vec<&str> = whole.iter().map(AsRef::as_ref).collect();
            Cow::Owned(find(client, &list, segment).await?)
        } else {
            Cow::Borrowed(*segment)
        });
    }
    Ok(whole)
}

/// The same of parameters.
pub async fn query<'a>(
    client: &Client,
    given: &[(&'a str, String)],
) -> Result<Vec<(&'a str, String)>, Failed> {
    let mut whole = given.to_vec();
    for (name, value) in &mut whole {
        if let Some(found) = named(client, name, value).await? {
            *value = found;
        }
    }
    Ok(whole)
}

/// The same of a body's fields.
pub async fn body(client: &Client, given: &Value) -> Result<Value, Failed> {
    let mut whole = given.clone();
    for (name, value) in whole.as_object_mut().into_iter().flatten() {
        let Some(text) = value.as_str() else { continue };
        if let Some(found) = named(client, name, text).await? {
            *value = found.into();
        }
    }
    Ok(whole)
}

/// Why an id could not be made whole.
pub enum Failed {
    Listing(Error),
    Unclear(Failure),
}

/// Written with three dots as well: not every keyboard has the one.
pub fn is_short(text: &str) -> bool {
    is_id(&text.replace("...", "…"))
}

async fn named(client: &Client, name: &str, value: &str) -> Result<Option<String>, Failed> {
    let list = NAMED.iter().find(|(field, _)| *field == name).map(|(_, list)| *list);
    match list.filter(|_| is_short(value)) {
        Some(list) => find(client, &[list], value).await.map(Some),
        None => Ok(None),
    }
}

async fn find(client: &Client, list: &[&str], short: &str) -> Result<String, Failed> {
    let options = ListOptions { at_most: MOST, ..ListOptions::default() };
    let listed = client.list::<Value>(list, &[], &options).await;
    let List { items, .. } = listed.map_err(Failed::Listing)?;
    let ids: Vec<&str> = items.iter().filter_map(|item| item["id"].as_str()).collect();
    let found: Vec<&str> = ids.into_iter().filter(|id| is_short_of(short, id)).collect();
    match found[..] {
        [id] => Ok(id.to_owned()),
        [] => Err(Failed::Unclear(Failure::Missing(format!(
            "no id among {} is {short}",
            list.join("/")
        )))),
        _ => Err(Failed::Unclear(Failure::Local(format!(
            "several ids are {short}: give it whole: {}",
            found.join(", ")
        )))),
    }
}

fn is_short_of(short: &str, id: &str) -> bool {
    let short = short.replace("...", "…");
    let (kind, digits) = short.split_once('…').unwrap_or_default();
    id.starts_with(kind) && id.ends_with(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_id_is_that_of_one_whole() {
        let id = "key_0190c0de000070008000000048b93409";
        for short in ["key_…48b93409", "…48b93409", "key_...48b93409"] {
            assert!(is_short(short) && is_short_of(short, id), "{short}");
        }
        for other in ["prj_…48b93409", "key_…48b93400"] {
            assert!(is_short(other) && !is_short_of(other, id), "{other}");
        }
        for no in [id, "laptop", "…", "key_…", "a…b", "key_…48b9340"] {
            assert!(!is_short(no), "{no}");
        }
    }
}
