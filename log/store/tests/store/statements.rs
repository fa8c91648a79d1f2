//! Every statement that reads a projection, on every store.

use uplion_log_store::{Store, rows::Projected};
use uplion_projections::table::{Kind, Value};

crate::on_each!([every_statement_is_understood]);

async fn every_statement_is_understood(store: Store) {
    for projection in uplion_projections::all() {
        let (name, version, table) = (projection.name(), projection.version(), projection.table());
        store.rows.ensure(Projected { name, version, table }).await.unwrap();
    }
    for statement in uplion_projections::statements() {
        let some = statement.parameters.iter().map(|kind| match kind {
            Kind::BigInt => Value::BigInt(1),
            Kind::Text => Value::Text("a".into()),
            Kind::Bytes => Value::Bytes(vec![1]),
            Kind::Boolean => Value::Boolean(true),
        });
        let asked = store.rows.query(statement, &some.collect::<Vec<_>>()).await;
        assert!(asked.is_ok(), "{}: {asked:?}", statement.name);
    }
}
