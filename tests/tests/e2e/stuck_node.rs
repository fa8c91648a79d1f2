//! A node of three that stands still and keeps its connections: every role goes on at another.

use serde_json::json;
use uplion_bench::upstream::Upstream;
use uplion_tests::{
    installation::{Broker, Customer, Installation, Plan},
    wait,
};

// Of its own: its nodes are stopped.
#[tokio::test]
async fn every_role_goes_on_while_any_one_node_stands_still() {
    let plan = Plan { workers: 1, replicas: 3, own_servers: true, ..Plan::default() };
    let installation = Installation::start(plan).await.unwrap();
    let upstream = Upstream::start().await.unwrap();
    let customer = Customer::new(&installation, "stuck", &[upstream.url()]).await.unwrap();
    let Broker::Three(cluster) = &installation.broker else { panic!("as planned") };
    // Each role is connected to some of them, so each meets it.
    for node in 0..3 {
        cluster.node(node).stop();
        for gateway in 0..2 {
            let client = customer.at(gateway);
            wait::until(wait::PATIENCE, "an answer again", async || {
                let asked = client.ask(&customer.question("hello", &json!({}))).await;
                asked.is_ok_and(|answer| answer.is_whole())
            })
            .await
            .unwrap();
        }
        // Control: a change is recorded, in force, and known to gateways.
        let name = format!("stuck-{node}");
        let made = Customer::new(&installation, &name, &[upstream.url()]).await.unwrap();
        wait::until(wait::PATIENCE, "an answer to the new key", async || {
            made.ask("hello", &json!({})).await.is_ok_and(|answer| answer.is_whole())
        })
        .await
        .unwrap();
        // The projector archives it.
        let ledger = installation.settled().await.unwrap();
        assert!(ledger.billed(Some(&made.key)).await.unwrap().requests > 0, "{node}");
        cluster.node(node).cont();
        cluster.ready().await.unwrap();
        installation.ready().await.unwrap();
    }
}
