//! Whether what was charged follows from what was accepted, as the log tells it.

use serde::Deserialize;
use uplion_domain::Timestamp;

use super::finding::Finding;
use crate::{
    cli::{
        client::{Client, read},
        failure::Failure,
    },
    clock,
};

/// A person may have been away for a weekend.
const DAYS: i64 = 7;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Of more it is enough to know that there are many.
const NEWEST: u32 = 1_000;

#[derive(Debug, Deserialize)]
struct Charge {
    request: String,
    #[serde(default)]
    marks: Vec<String>,
}

pub async fn examine(client: &Client) -> Result<Finding, Failure> {
    let since: Timestamp = clock::now().plus_millis(-DAYS * DAY_MS);
    let query = [("marked", true.to_string()), ("from", since.to_string())];
    let marked = client.list_at_most(&["charges"], &query, NEWEST).await?;
    // A control of before there were marks answers with all.
    let marked = marked.into_iter().map(read).collect::<Result<Vec<Charge>, _>>()?;
    let marked: Vec<_> = marked.into_iter().filter(|charge| !charge.marks.is_empty()).collect();
    Ok(found(&marked))
}

fn found(marked: &[Charge]) -> Finding {
    let Some(newest) = marked.first() else {
        let what = format!("each of the last {DAYS} days follows from what was accepted");
        return Finding::good("charge.ok", what);
    };
    let count = marked.len();
    let what = format!(
        "{count} of the last {DAYS} days should be looked at, the newest {} ({})",
        newest.request,
        newest.marks.join(", ")
    );
    let advice = "`uplion charges --marked` lists them, `uplion request ID` says what was reported; docs/bill-a-project.md says what each mark means";
    Finding::watch("charge.marked", what, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_that_need_a_person_are_counted_and_the_newest_is_named() {
        assert_eq!(found(&[]).id, "charge.ok");
        let charge = |n: u8| Charge {
            request: format!("req_{n}"),
            marks: vec!["beyond_asked".into(), "wrong_rates".into()],
        };
        let Finding { id: "charge.marked", what, .. } = found(&[charge(2), charge(1)]) else {
            panic!()
        };
        assert!(what.contains('2') && what.contains("req_2 (beyond_asked, wrong_rates)"), "{what}");
    }
}
