//! What Postgres holds of an installation: the archived settlements, the rows of requests, the bill.

use std::collections::HashSet;

use anyhow::Context;
use serde_json::Value;
use tokio_postgres::{Client, NoTls, Row};

use crate::wait;

#[derive(Debug)]
pub struct Ledger {
    client: Client,
}

/// A `request.settled` in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub request: String,
    /// The first of its request.
    pub effective: bool,
    pub key: String,
    /// `completed`, `cancelled` or `failed`.
    pub outcome: String,
    pub why: Option<String>,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    /// Nothing if it was taken back.
    pub charge_nanos: i64,
    /// Its client was told of an error after all.
    pub reversed: bool,
    /// `gateway`, `worker` or `sweeper`.
    pub writer: String,
    /// All that the archive has of it.
    pub event: Value,
}

/// The sum over some rows of `usage_by_hour`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Billed {
    pub requests: i64,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub cost_nanos: i64,
}

impl Ledger {
    /// # Errors
    /// When Postgres refuses.
    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self { client })
    }

    /// Waits until every projection has passed all that is archived.
    ///
    /// # Errors
    /// When they do not get there.
    pub async fn projected(&self) -> anyhow::Result<()> {
        let behind = "SELECT COUNT(*) FROM projections, archive_head WHERE live_pos < pos";
        wait::until(wait::PATIENCE, "the projections to be up to the archive", async || {
            let behind = self.client.query_one(behind, &[]).await;
            behind.is_ok_and(|row| row.get::<_, i64>(0) == 0)
        })
        .await
    }

    /// All of them, also those that do not count.
    ///
    /// # Errors
    /// When Postgres refuses or an event cannot be read.
    pub async fn settlements(&self) -> anyhow::Result<Vec<Settlement>> {
        let sql = "SELECT payload, effective, effective AND EXISTS (SELECT 1 FROM archive r \
                   WHERE r.request = a.request AND r.effective \
                   AND r.kind LIKE 'uplion.request.reversed.%') FROM archive a \
                   WHERE kind LIKE 'uplion.request.settled.%' ORDER BY pos";
        let rows = self.client.query(sql, &[]).await?;
        rows.iter().map(|row| Settlement::read(row.get(0), row.get(1), row.get(2))).collect()
    }

    /// The one that counts.
    ///
    /// # Errors
    /// When there is none, or Postgres refuses.
    pub async fn settlement(&self, request: &str) -> anyhow::Result<Settlement> {
        let all = self.settlements().await?;
        let mut of = all.into_iter().filter(|one| one.effective && one.request == request);
        of.next().with_context(|| format!("{request} did not settle"))
    }

    /// The requests whose acceptance is archived.
    ///
    /// # Errors
    /// When Postgres refuses.
    pub async fn accepted(&self) -> anyhow::Result<HashSet<String>> {
        let sql = "SELECT payload FROM archive WHERE kind LIKE 'uplion.request.accepted.%'";
        let request = |row: &Row| {
            let event: Value = serde_json::from_slice(row.get(0))?;
            Ok(event["request"].as_str().context("an accepted request has an id")?.to_owned())
        };
        self.client.query(sql, &[]).await?.iter().map(request).collect()
    }

    /// Requests that were accepted, and not settled so far.
    ///
    /// # Errors
    /// When Postgres refuses.
    pub async fn unsettled(&self) -> anyhow::Result<i64> {
        let requests = self.table("requests").await?;
        let sql =
            format!("SELECT COUNT(*) FROM \"{requests}\" WHERE status IN ('accepted', 'assigned')");
        Ok(self.client.query_one(&sql, &[]).await?.get(0))
    }

    /// Requests whose charge does not follow from what was accepted, or is not for all that was reported, with why.
    ///
    /// # Errors
    /// When Postgres refuses.
    pub async fn marked(&self) -> anyhow::Result<Vec<(String, String)>> {
        let requests = self.table("requests").await?;
        let sql = format!("SELECT request, marks FROM \"{requests}\" WHERE marks IS NOT NULL");
        let rows = self.client.query(&sql, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// The bill of a key, or of everybody.
    ///
    /// # Errors
    /// When Postgres refuses.
    pub async fn billed(&self, key: Option<&str>) -> anyhow::Result<Billed> {
        let usage = self.table("usage_by_hour").await?;
        let sum = |column| format!("CAST(COALESCE(SUM({column}), 0) AS BIGINT)");
        let columns = ["requests", "prompt_tokens", "completion_tokens", "cost_nanos"].map(sum);
        let sql = format!(
            "SELECT {} FROM \"{usage}\" WHERE CAST($1 AS TEXT) IS NULL OR key = $1",
            columns.join(", ")
        );
        let row = self.client.query_one(&sql, &[&key]).await?;
        Ok(Billed {
            requests: row.get(0),
            prompt_tokens: row.get(1),
            completion_tokens: row.get(2),
            cost_nanos: row.get(3),
        })
    }

    /// Columns of all tables that hold this text, as text or as bytes: `table.column`.
    ///
    /// # Errors
    /// When Postgres refuses.
    pub async fn columns_with(&self, text: &str) -> anyhow::Result<Vec<String>> {
        let sql = "SELECT table_schema, table_name, column_name, data_type \
                   FROM information_schema.columns \
                   WHERE table_schema NOT IN ('pg_catalog', 'information_schema')";
        let mut found = Vec::new();
        for row in self.client.query(sql, &[]).await? {
            let (schema, table, column): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
            let holds = match row.get(3) {
                "bytea" => format!("position(convert_to($1, 'UTF8') IN \"{column}\") > 0"),
                _ => format!("position($1 IN CAST(\"{column}\" AS TEXT)) > 0"),
            };
            let sql = format!("SELECT COUNT(*) FROM \"{schema}\".\"{table}\" WHERE {holds}");
            if self.client.query_one(&sql, &[&text]).await?.get::<_, i64>(0) > 0 {
                found.push(format!("{table}.{column}"));
            }
        }
        Ok(found)
    }

    /// The live copy of a projection.
    async fn table(&self, projection: &str) -> anyhow::Result<String> {
        let sql = "SELECT live_copy FROM projections WHERE name = $1";
        Ok(self.client.query_one(sql, &[&projection]).await?.get(0))
    }
}

impl Settlement {
    fn read(payload: &[u8], effective: bool, reversed: bool) -> anyhow::Result<Self> {
        let event: Value = serde_json::from_slice(payload)?;
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let outcome = &event["outcome"];
        let (prompt_tokens, completion_tokens) = tokens(&event["usage"]["units"]);
        let writer = match &event["writer"] {
            Value::Object(writer) => writer.keys().next().cloned(),
            other => text(other),
        };
        let read = || {
            Some(Self {
                request: text(&event["request"])?,
                effective,
                key: text(&event["key"])?,
                outcome: text(&outcome["is"])?,
                why: text(&outcome["why"]),
                prompt_tokens,
                completion_tokens,
                charge_nanos: event["charge"]
                    .as_i64()
                    .map(|charge| if reversed { 0 } else { charge })?,
                reversed,
                writer: writer?,
                event: event.clone(),
            })
        };
        read().with_context(|| format!("no settlement: {event}"))
    }
}

/// Of a prompt and of an answer, by disjoint units: what is not named is none.
fn tokens(units: &Value) -> (i64, i64) {
    let sum = |names: &[&str]| names.iter().filter_map(|name| units[*name].as_i64()).sum();
    let prompt = sum(&["input", "cached_input", "cache_write", "audio_input"]);
    (prompt, sum(&["output", "reasoning", "audio_output"]))
}
