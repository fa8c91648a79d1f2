//! Rows: a batch is folded whole or not at all, a rebuild takes the live copy's place at the same position, and differences show.

use uplion_log_store::{
    Store, StoreError,
    rows::{AdvanceError, Checkpoint, Copy, Fold, Projected},
};
use uplion_projections::{
    Statement,
    table::{Column, Key, Kind, Row, Table, Value},
};

const TABLE: Table = Table {
    name: "counts",
    columns: &[
        Column::key("place", Kind::Text),
        Column::key("hour", Kind::BigInt),
        Column::required("total", Kind::BigInt),
        Column::nullable("note", Kind::Text),
        Column::nullable("digest", Kind::Bytes),
        Column::nullable("open", Kind::Boolean),
        Column::nullable("changed_at", Kind::BigInt),
    ],
    indexes: &[&["note", "hour"]],
};

/// The same question, answered with one column less.
const NEXT_TABLE: Table = Table {
    name: "counts",
    columns: &[Column::key("place", Kind::Text), Column::required("total", Kind::BigInt)],
    indexes: &[],
};

const COUNTS: Projected = Projected { name: "counts", version: 1, table: &TABLE };
const NEXT: Projected = Projected { name: "counts", version: 2, table: &NEXT_TABLE };

const ALL: Statement = Statement {
    name: "counts.all",
    sql: "SELECT * FROM {counts} WHERE (CAST($2 AS TEXT) IS NULL OR place = $2) AND total >= $1
          ORDER BY place, hour",
    parameters: &[Kind::BigInt, Kind::Text],
    names: &[],
    columns: &[
        Kind::Text,
        Kind::BigInt,
        Kind::BigInt,
        Kind::Text,
        Kind::Bytes,
        Kind::Boolean,
        Kind::BigInt,
    ],
};

const SUM: Statement = Statement {
    name: "counts.sum",
    sql: "SELECT CAST(SUM(total) AS BIGINT) FROM {counts}",
    parameters: &[],
    names: &[],
    columns: &[Kind::BigInt],
};

crate::on_each!([
    a_projection_is_made_once_and_starts_at_zero
    a_batch_is_folded_over_the_rows_that_are_there
    every_kind_of_value_is_read_back_as_it_was
    a_batch_that_begins_elsewhere_is_refused
    of_two_that_fold_the_same_batch_one_does
    a_fold_that_calls_its_batch_off_changes_nothing
    a_fold_that_returns_other_rows_is_refused
    a_batch_of_five_thousand_rows_is_written
    a_projection_halts_with_a_reason_and_goes_on
    a_rebuild_takes_the_live_copys_place_at_the_same_position
    another_version_is_rebuilt_beside_the_one_that_serves
    a_rebuild_is_started_over_and_dropped
    rows_that_differ_are_named_and_equal_copies_have_none
    text_is_ordered_by_its_bytes
    a_statement_with_other_values_or_tables_is_refused
]);

fn key(place: &str, hour: i64) -> Key {
    vec![Value::Text(place.into()), Value::BigInt(hour)]
}

fn row(place: &str, hour: i64, total: i64) -> Row {
    let rest = vec![Value::BigInt(total), Value::Null, Value::Null, Value::Null, Value::Null];
    [key(place, hour), rest].concat()
}

/// Whatever is there is replaced by these rows.
fn put(rows: Vec<Option<Row>>) -> Fold<'static> {
    Box::new(|_| Some(rows))
}

async fn advance(
    store: &Store,
    copy: Copy,
    step: (u64, u64),
    rows: Vec<Row>,
) -> Result<(), AdvanceError> {
    let keys: Vec<Key> = rows.iter().map(|row| row[..2].to_vec()).collect();
    let fold = put(rows.into_iter().map(Some).collect());
    store.rows.advance(COUNTS, copy, step.0, step.1, &keys, fold).await
}

async fn all(store: &Store) -> Vec<Row> {
    store.rows.query(&ALL, &[Value::BigInt(0), Value::Null]).await.unwrap()
}

fn at(version: u32, pos: u64) -> Checkpoint {
    Checkpoint { version, pos, halted: None }
}

async fn a_projection_is_made_once_and_starts_at_zero(store: Store) {
    assert_eq!(store.rows.checkpoint("counts", Copy::Live).await.unwrap(), None);
    let made = futures::future::join_all((0..5).map(|_| store.rows.ensure(COUNTS))).await;
    assert!(made.into_iter().all(|checkpoint| checkpoint.unwrap() == at(1, 0)));
    advance(&store, Copy::Live, (0, 9), vec![row("a", 1, 5)]).await.unwrap();
    assert_eq!(store.rows.ensure(COUNTS).await.unwrap(), at(1, 9));
    // A newer version does not touch what serves.
    assert_eq!(store.rows.ensure(NEXT).await.unwrap(), at(1, 9));
    assert_eq!(all(&store).await, [row("a", 1, 5)]);
}

async fn a_batch_is_folded_over_the_rows_that_are_there(store: Store) {
    store.rows.ensure(COUNTS).await.unwrap();
    let before = vec![row("a", 1, 1), row("b", 1, 2), row("c", 1, 3)];
    advance(&store, Copy::Live, (0, 10), before.clone()).await.unwrap();
    let keys = [key("c", 1), key("new", 1), key("a", 1), key("none", 1)];
    let expected = vec![Some(before[2].clone()), None, Some(before[0].clone()), None];
    let fold: Fold<'_> = Box::new(move |loaded| {
        assert_eq!(loaded, expected);
        Some(vec![Some(row("c", 1, 30)), Some(row("new", 1, 4)), None, None])
    });
    store.rows.advance(COUNTS, Copy::Live, 10, 12, &keys, fold).await.unwrap();
    assert_eq!(all(&store).await, [row("b", 1, 2), row("c", 1, 30), row("new", 1, 4)]);
    assert_eq!(store.rows.checkpoint("counts", Copy::Live).await.unwrap(), Some(at(1, 12)));
    store.rows.advance(COUNTS, Copy::Live, 12, 20, &[], put(vec![])).await.unwrap();
    assert_eq!(store.rows.checkpoint("counts", Copy::Live).await.unwrap(), Some(at(1, 20)));
}

async fn every_kind_of_value_is_read_back_as_it_was(store: Store) {
    store.rows.ensure(COUNTS).await.unwrap();
    let rest = |truth| {
        vec![
            Value::BigInt(i64::MIN),
            Value::Text("ü, \" and '".into()),
            Value::Bytes(vec![0, 0xff]),
            Value::Boolean(truth),
            Value::BigInt(1_795_000_000_123_456),
        ]
    };
    let rows = vec![
        [key("a", -1), rest(true)].concat(),
        [key("a", i64::MAX), rest(false)].concat(),
        row("", 0, 0),
    ];
    advance(&store, Copy::Live, (0, 1), rows.clone()).await.unwrap();
    let keys: Vec<Key> = rows.iter().map(|row| row[..2].to_vec()).collect();
    let expected: Vec<_> = rows.iter().cloned().map(Some).collect();
    let fold: Fold<'_> = Box::new(move |loaded| {
        assert_eq!(loaded, expected);
        Some(loaded)
    });
    store.rows.advance(COUNTS, Copy::Live, 1, 2, &keys, fold).await.unwrap();
    let least = [Value::BigInt(i64::MIN), Value::Text("a".into())];
    assert_eq!(store.rows.query(&ALL, &least).await.unwrap(), rows[..2]);
}

async fn a_batch_that_begins_elsewhere_is_refused(store: Store) {
    store.rows.ensure(COUNTS).await.unwrap();
    advance(&store, Copy::Live, (0, 5), vec![row("a", 1, 1)]).await.unwrap();
    for from in [0, 4, 6] {
        let moved = advance(&store, Copy::Live, (from, 9), vec![row("a", 1, 2)]).await;
        assert!(matches!(moved, Err(AdvanceError::Moved("counts"))), "{moved:?}");
    }
    let other = store.rows.advance(NEXT, Copy::Live, 5, 9, &[], put(vec![])).await;
    assert!(matches!(other, Err(AdvanceError::Moved("counts"))), "{other:?}");
    let none = advance(&store, Copy::Rebuild, (0, 9), vec![]).await;
    assert!(matches!(none, Err(AdvanceError::Moved("counts"))), "{none:?}");
    assert_eq!(all(&store).await, [row("a", 1, 1)]);
}

async fn of_two_that_fold_the_same_batch_one_does(store: Store) {
    store.rows.ensure(COUNTS).await.unwrap();
    let attempts = (0..10).map(|_| {
        let rows = store.rows.clone();
        tokio::spawn(async move {
            let more: Fold<'_> = Box::new(|loaded| {
                let total = loaded[0].as_ref().map_or(0, |row| match row[2] {
                    Value::BigInt(total) => total,
                    _ => panic!("{row:?}"),
                });
                Some(vec![Some(row("a", 1, total + 1))])
            });
            rows.advance(COUNTS, Copy::Live, 0, 5, &[key("a", 1)], more).await.is_ok()
        })
    });
    let outcomes = futures::future::join_all(attempts).await;
    assert_eq!(outcomes.into_iter().filter(|won| *won.as_ref().unwrap()).count(), 1);
    assert_eq!(all(&store).await, [row("a", 1, 1)]);
}

async fn a_fold_that_calls_its_batch_off_changes_nothing(store: Store) {
    store.rows.ensure(COUNTS).await.unwrap();
    let off: Fold<'_> = Box::new(|_| None);
    let called_off = store.rows.advance(COUNTS, Copy::Live, 0, 5, &[key("a", 1)], off).await;
    assert!(matches!(called_off, Err(AdvanceError::CalledOff("counts"))), "{called_off:?}");
    assert_eq!(store.rows.checkpoint("counts", Copy::Live).await.unwrap(), Some(at(1, 0)));
}

async fn a_fold_that_returns_other_rows_is_refused(store: Store) {
    store.rows.ensure(COUNTS).await.unwrap();
    let less = store.rows.advance(COUNTS, Copy::Live, 0, 5, &[key("a", 1)], put(vec![])).await;
    assert!(matches!(less, Err(AdvanceError::Store(StoreError::Refused(_)))), "{less:?}");
    let without_total = [key("a", 1), vec![Value::Null; 5]].concat();
    let odd = advance(&store, Copy::Live, (0, 5), vec![without_total]).await;
    assert!(matches!(odd, Err(AdvanceError::Store(StoreError::Refused(_)))), "{odd:?}");
    assert_eq!(store.rows.checkpoint("counts", Copy::Live).await.unwrap(), Some(at(1, 0)));
    // The store is none the worse for it.
    advance(&store, Copy::Live, (0, 5), vec![row("a", 1, 1)]).await.unwrap();
}

async fn a_batch_of_five_thousand_rows_is_written(store: Store) {
    store.rows.ensure(COUNTS).await.unwrap();
    let rows: Vec<Row> = (0..5_000).map(|hour| row("a", hour, 1)).collect();
    advance(&store, Copy::Live, (0, 5_000), rows.clone()).await.unwrap();
    let keys: Vec<Key> = rows.iter().map(|row| row[..2].to_vec()).collect();
    let double: Fold<'_> = Box::new(|loaded| {
        assert!(loaded.iter().all(Option::is_some));
        Some((0..5_000).map(|hour| Some(row("a", hour, 2))).collect())
    });
    store.rows.advance(COUNTS, Copy::Live, 5_000, 10_000, &keys, double).await.unwrap();
    let sum = store.rows.query(&SUM, &[]).await.unwrap();
    assert_eq!(sum, [[Value::BigInt(10_000)]]);
    let gone: Fold<'_> = Box::new(|loaded| Some(vec![None; loaded.len()]));
    store.rows.advance(COUNTS, Copy::Live, 10_000, 15_000, &keys, gone).await.unwrap();
    assert_eq!(store.rows.query(&SUM, &[]).await.unwrap(), [[Value::Null]]);
}

async fn a_projection_halts_with_a_reason_and_goes_on(store: Store) {
    store.rows.ensure(COUNTS).await.unwrap();
    store.rows.halt("counts", Some("event 7 cannot be read")).await.unwrap();
    let halted = store.rows.checkpoint("counts", Copy::Live).await.unwrap().unwrap();
    assert_eq!(halted.halted.as_deref(), Some("event 7 cannot be read"));
    assert_eq!(store.rows.ensure(COUNTS).await.unwrap(), halted);
    store.rows.halt("counts", None).await.unwrap();
    assert_eq!(store.rows.checkpoint("counts", Copy::Live).await.unwrap(), Some(at(1, 0)));
}

async fn a_rebuild_takes_the_live_copys_place_at_the_same_position(store: Store) {
    store.rows.ensure(COUNTS).await.unwrap();
    for round in 0..3 {
        let from = round * 10;
        advance(&store, Copy::Live, (from, from + 10), vec![row("live", 1, 1)]).await.unwrap();
        store.rows.start_rebuild(COUNTS).await.unwrap();
        assert_eq!(store.rows.checkpoint("counts", Copy::Rebuild).await.unwrap(), Some(at(1, 0)));
        assert!(!store.rows.swap(COUNTS).await.unwrap());
        let rebuilt = vec![row("rebuilt", 1, 2)];
        advance(&store, Copy::Rebuild, (0, from + 10), rebuilt.clone()).await.unwrap();
        assert!(store.rows.swap(COUNTS).await.unwrap());
        assert_eq!(all(&store).await, rebuilt);
        let checkpoint = store.rows.checkpoint("counts", Copy::Live).await.unwrap();
        assert_eq!(checkpoint, Some(at(1, from + 10)));
        assert_eq!(store.rows.checkpoint("counts", Copy::Rebuild).await.unwrap(), None);
        assert!(!store.rows.swap(COUNTS).await.unwrap());
    }
}

async fn another_version_is_rebuilt_beside_the_one_that_serves(store: Store) {
    store.rows.ensure(COUNTS).await.unwrap();
    advance(&store, Copy::Live, (0, 10), vec![row("a", 1, 1), row("a", 2, 2)]).await.unwrap();
    store.rows.start_rebuild(NEXT).await.unwrap();
    let rows = vec![Some(vec![Value::Text("a".into()), Value::BigInt(3)])];
    let keys = [vec![Value::Text("a".into())]];
    store.rows.advance(NEXT, Copy::Rebuild, 0, 10, &keys, put(rows)).await.unwrap();
    assert_eq!(all(&store).await.len(), 2);
    assert_eq!(store.rows.differences(NEXT, 10).await.unwrap(), None);
    assert!(store.rows.swap(NEXT).await.unwrap());
    assert_eq!(store.rows.query(&SUM, &[]).await.unwrap(), [[Value::BigInt(3)]]);
    assert_eq!(store.rows.ensure(NEXT).await.unwrap(), at(2, 10));
    let old = advance(&store, Copy::Live, (10, 11), vec![row("a", 1, 1)]).await;
    assert!(matches!(old, Err(AdvanceError::Moved("counts"))), "{old:?}");
}

async fn a_rebuild_is_started_over_and_dropped(store: Store) {
    let early = store.rows.start_rebuild(COUNTS).await;
    assert!(matches!(early, Err(StoreError::Refused(_))), "{early:?}");
    store.rows.ensure(COUNTS).await.unwrap();
    store.rows.drop_rebuild("counts").await.unwrap();
    store.rows.start_rebuild(COUNTS).await.unwrap();
    advance(&store, Copy::Rebuild, (0, 5), vec![row("a", 1, 1)]).await.unwrap();
    store.rows.start_rebuild(COUNTS).await.unwrap();
    advance(&store, Copy::Rebuild, (0, 0), vec![]).await.unwrap();
    assert_eq!(store.rows.differences(COUNTS, 10).await.unwrap(), Some(vec![]));
    store.rows.drop_rebuild("counts").await.unwrap();
    assert_eq!(store.rows.checkpoint("counts", Copy::Rebuild).await.unwrap(), None);
    assert_eq!(store.rows.checkpoint("counts", Copy::Live).await.unwrap(), Some(at(1, 0)));
}

async fn rows_that_differ_are_named_and_equal_copies_have_none(store: Store) {
    store.rows.ensure(COUNTS).await.unwrap();
    let live = vec![row("both", 1, 1), row("changed", 1, 1), row("live", 1, 1)];
    advance(&store, Copy::Live, (0, 10), live.clone()).await.unwrap();
    store.rows.start_rebuild(COUNTS).await.unwrap();
    assert_eq!(store.rows.differences(COUNTS, 10).await.unwrap(), None);
    let rebuilt = vec![row("both", 1, 1), row("changed", 1, 2), row("rebuilt", 1, 1)];
    advance(&store, Copy::Rebuild, (0, 10), rebuilt).await.unwrap();
    let mut differing = store.rows.differences(COUNTS, 10).await.unwrap().unwrap();
    differing.sort();
    assert_eq!(differing, [key("changed", 1), key("live", 1), key("rebuilt", 1)]);
    assert_eq!(store.rows.differences(COUNTS, 2).await.unwrap().unwrap().len(), 2);

    store.rows.start_rebuild(COUNTS).await.unwrap();
    advance(&store, Copy::Rebuild, (0, 10), live).await.unwrap();
    assert_eq!(store.rows.differences(COUNTS, 10).await.unwrap(), Some(vec![]));
}

async fn text_is_ordered_by_its_bytes(store: Store) {
    store.rows.ensure(COUNTS).await.unwrap();
    let places = ["Z", "_", "a", "a-b", "aB", "ab", "b", "ä"];
    let rows = places.iter().rev().map(|place| row(place, 1, 1)).collect();
    advance(&store, Copy::Live, (0, 1), rows).await.unwrap();
    let mut bytes = places.to_vec();
    bytes.sort_unstable();
    let ordered: Vec<_> = bytes.into_iter().map(|place| row(place, 1, 1)).collect();
    assert_eq!(all(&store).await, ordered);
}

async fn a_statement_with_other_values_or_tables_is_refused(store: Store) {
    let early = store.rows.query(&SUM, &[]).await;
    assert!(matches!(early, Err(StoreError::Refused(_))), "{early:?}");
    store.rows.ensure(COUNTS).await.unwrap();
    let odd = store.rows.query(&ALL, &[Value::Text("1".into()), Value::Null]).await;
    assert!(matches!(odd, Err(StoreError::Refused(_))), "{odd:?}");
    let wrong = Statement { columns: &[Kind::BigInt, Kind::Text], ..SUM };
    assert!(store.rows.query(&wrong, &[]).await.is_err());
}
