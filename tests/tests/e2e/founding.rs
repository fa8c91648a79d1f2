//! The first start of an installation whose database refuses to be written to just then: control waits, and does not end.

use std::time::Duration;

use uplion_log_store::postgres;
use uplion_tests::{
    http,
    nats::Server,
    postgres::{Server as Database, Version, execute},
    uplion::Role,
    wait,
};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_control_that_cannot_found_the_installation_yet_waits_until_it_can() {
    let url = Database::shared(Version::V18).await.database().await.unwrap();
    let nats = Server::shared().await.account();
    // The tables are there, and connections work.
    drop(postgres::connect(&url).await.unwrap());
    let refuses = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                   RAISE EXCEPTION 'no' USING ERRCODE = '25006'; END $$; \
                   CREATE TRIGGER refuses BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION refuse()";
    execute(&url, refuses).await.unwrap();

    let control = Role::new("control").option("--nats-url", &nats).option("--database-url", &url);
    let control = control.env("UPLION_ADMIN_KEY", "a-key-of-this-test-alone").launch().unwrap();
    let ready = format!("{}/ready", control.url());
    let waits = async || {
        let Ok(answer) = http::client().get(&ready).send().await else { return false };
        answer.text().await.is_ok_and(|text| text.contains("foundation"))
    };
    let waited = wait::until(SOON, "control to say what it waits for", waits).await;
    waited.unwrap_or_else(|error| panic!("{error}: {}", control.output()));
    assert!(control.process().exited().is_none());

    execute(&url, "DROP TRIGGER refuses ON events").await.unwrap();
    control.ready().await.unwrap();
}
