//! `/control/v1/charges`

use serde_json::{Value, json};

use crate::installation::Installation;

#[tokio::test]
async fn a_charge_says_what_was_used_at_which_rates() {
    let installation = Installation::start().await;
    let project = installation.project("physics").await;
    installation.post("/models", json!({ "name": "llama" })).await;
    let issue = async |name: &str| {
        let body = json!({ "project": project, "name": name });
        installation.post("/keys", body).await.made()
    };
    let (ci, lab) = (issue("ci").await, issue("lab").await);
    let mut requests = Vec::new();
    for key in [&ci, &lab, &ci] {
        requests.push(installation.serve(&project, key, "llama").await.to_string());
    }
    installation.get("/requests?limit=1").await;
    installation.get(&format!("/requests/{}?wait=10000", requests[2])).await;

    let charges = async |query: &str| -> Vec<Value> {
        let listed = installation.get(&format!("/charges?{query}")).await;
        assert_eq!(listed.status, 200, "{listed:?}");
        listed.body["data"].as_array().unwrap().clone()
    };
    let all = charges("").await;
    assert_eq!(all.len(), 3);
    let newest = &all[0];
    assert_eq!((&newest["request"], &newest["key_name"]), (&json!(requests[2]), &json!("ci")));
    assert_eq!((&newest["outcome"], &newest["charge"]), (&json!("completed"), &json!("0.000035")));
    let rates = json!({ "input": "2", "cached_input": "0", "output": "5", "reasoning": "0" });
    assert_eq!(newest["rates"], rates);
    assert_eq!((&newest["prompt_tokens"], &newest["completion_tokens"]), (&json!(10), &json!(3)));

    let source = (&newest["usage_source"], &newest["usage_dialect"]);
    assert_eq!(source, (&json!("counted"), &Value::Null));

    assert_eq!(charges(&format!("key={ci}")).await.len(), 2);
    assert_eq!(charges("project=physics&model=llama").await.len(), 3);
    assert_eq!(charges("to=2020-01-01T00:00:00Z").await.len(), 0);
    assert_eq!(charges("from=2020-01-01T00:00:00Z").await.len(), 3);
    let rest = charges(&format!("limit=2&after={}", requests[2])).await;
    let rest: Vec<_> = rest.iter().map(|charge| charge["request"].as_str().unwrap()).collect();
    assert_eq!(rest, [&requests[1], &requests[0]]);
    installation.get("/charges?from=yesterday").await.problem(400, "malformed");
}

#[tokio::test]
async fn a_charge_that_was_taken_back_shows_so_and_is_in_no_sum() {
    let installation = Installation::start().await;
    let project = installation.project("physics").await;
    installation.post("/models", json!({ "name": "llama" })).await;
    let key = installation.post("/keys", json!({ "project": project, "name": "ci" })).await.made();
    installation.serve(&project, &key, "llama").await;
    let reversed = installation.take_back(&project, &key, "llama").await;

    let shown = installation.get(&format!("/requests/{reversed}?wait=10000")).await;
    let request = &shown.body["request"];
    assert_eq!((&request["status"], &request["cost"]), (&json!("completed"), &json!("0")));
    assert!(request["reversed_at"].is_string(), "{request}");
    let charges = installation.get("/charges").await;
    let [newest, first] = &charges.body["data"].as_array().unwrap()[..] else { panic!() };
    assert_eq!((&newest["charge"], &newest["units"]), (&json!("0"), &json!({})));
    assert_eq!(newest["reversed_at"], request["reversed_at"]);
    assert_eq!((&first["charge"], &first["reversed_at"]), (&json!("0.000035"), &Value::Null));
    let usage = installation.get("/usage?by=key&wait=10000").await;
    let line = &usage.body["data"][0];
    let ends = (&line["requests"], &line["completed"], &line["failed"]);
    assert_eq!(ends, (&json!(2), &json!(1), &json!(1)));
    assert_eq!(line["cost"], "0.000035");
    let key = installation.get(&format!("/keys/{key}")).await;
    assert_eq!(key.body["cost"], "0.000035", "{key:?}");
}

#[tokio::test]
async fn a_charge_says_who_counted_and_in_whose_words() {
    let installation = Installation::start().await;
    let project = installation.project("physics").await;
    installation.post("/models", json!({ "name": "flux" })).await;
    let key = installation.post("/keys", json!({ "project": project, "name": "ci" })).await.made();
    let served = installation.serve_images(&project, &key, "flux").await;
    let shown = installation.get(&format!("/requests/{served}?wait=10000")).await;
    let listed = installation.get("/charges").await;
    let requests = installation.get("/requests").await;
    for row in [&shown.body["request"], &listed.body["data"][0], &requests.body["data"][0]] {
        let source = (&row["usage_source"], &row["usage_dialect"]);
        assert_eq!(source, (&json!("reported"), &json!("x_groq")), "{row}");
    }
}

#[tokio::test]
async fn a_charge_that_a_person_should_look_at_is_found_by_its_marks() {
    let installation = Installation::start().await;
    let project = installation.project("physics").await;
    installation.post("/models", json!({ "name": "llama" })).await;
    let key = installation.post("/keys", json!({ "project": project, "name": "ci" })).await.made();
    let honest = installation.serve(&project, &key, "llama").await;
    let beyond = installation.serve_beyond(&project, &key, "llama").await;
    let shown = installation.get(&format!("/requests/{beyond}?wait=10000")).await;
    let marked = installation.get("/charges?marked=true").await;
    let [charge] = &marked.body["data"].as_array().unwrap()[..] else { panic!("{marked:?}") };
    for row in [&shown.body["request"], charge] {
        assert_eq!(row["marks"], json!(["beyond_asked"]));
        let reported = json!({ "input": 10, "output": 1_000_000_000_000_000_u64 });
        assert_eq!((&row["reported_units"], &row["units"]["output"]), (&reported, &json!(164)));
    }
    assert_eq!(charge["request"], beyond.to_string());
    let charges = installation.get("/charges?marked=false").await;
    let [_, first] = &charges.body["data"].as_array().unwrap()[..] else { panic!("{charges:?}") };
    assert_eq!(first["request"], honest.to_string());
    assert_eq!((&first["marks"], &first["reported_units"]), (&json!([]), &Value::Null));
}
