//! The installation: founded at control's first start, and the same for ever.

use serde_json::json;
use uplion_control::{Control, Options, Plan};

use crate::installation::{ADMIN_KEY, Installation};

fn plan(currency: Option<&str>, time_zone: Option<&str>) -> Options {
    let currency = currency.map(|code| code.parse().unwrap());
    let time_zone = time_zone.map(|name| name.parse().unwrap());
    Options { plan: Plan { currency, time_zone }, ..Options::new(ADMIN_KEY) }
}

impl Installation {
    /// Another control over the same log and store.
    pub async fn start_again(&self, options: Options) -> Result<(), String> {
        let again = Control::start(options, self.log.clone(), self.store.clone()).unwrap();
        again.found().await.map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn an_installation_is_founded_at_the_first_start_and_whatever_later_ones_leave_out_stays() {
    let installation = Installation::without_projector().await;
    installation.get("/installation").await.problem(404, "not_found");
    installation.start_again(plan(Some("EUR"), Some("Europe/Berlin"))).await.unwrap();
    let founded = installation.get("/installation").await;
    assert_eq!(founded.status, 200);
    assert_eq!(founded.body["currency"], "EUR");
    assert_eq!(founded.body["minor_digits"], 2);
    assert_eq!(founded.body["time_zone"], "Europe/Berlin");
    installation.start_again(plan(None, None)).await.unwrap();
    installation.start_again(plan(Some("EUR"), None)).await.unwrap();
    assert_eq!(installation.get("/installation").await.body, founded.body);
}

#[tokio::test]
async fn a_later_start_with_another_currency_or_time_zone_is_told_that_neither_changes() {
    let installation = Installation::without_projector().await;
    installation.start_again(plan(None, None)).await.unwrap();
    for other in [plan(Some("EUR"), None), plan(None, Some("Europe/Berlin"))] {
        let refused = installation.start_again(other).await.unwrap_err();
        assert!(refused.contains("cannot change"), "{refused}");
    }
    assert_eq!(installation.get("/installation").await.body["currency"], "USD");
}

#[tokio::test]
async fn what_costs_money_says_in_which_currency() {
    let installation = Installation::without_projector().await;
    installation.start_again(plan(Some("JPY"), None)).await.unwrap();
    let project = installation.project("physics").await;
    installation.post("/models", json!({ "name": "llama" })).await.made();
    let price = json!({ "model": "llama", "input": "20", "output": "60" });
    let price = installation.post("/prices", price).await.made();
    for path in [format!("/projects/{project}"), format!("/prices/{price}")] {
        assert_eq!(installation.get(&path).await.body["currency"], "JPY", "{path}");
    }
}
