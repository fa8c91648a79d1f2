//! The committed definition of `AIModel`, and that examples of it can be read.

use kube::CustomResourceExt;
use uplion_operator::{AIModel, Credential, Kind};

const COMMITTED: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/crds/aimodels.uplion.io.yaml");

/// `UPLION_GENERATE=1` writes the file instead of comparing it.
#[test]
fn the_generated_definition_is_fresh() {
    let fresh = serde_yaml_ng::to_string(&AIModel::crd()).unwrap();
    if std::env::var_os("UPLION_GENERATE").is_some() {
        std::fs::write(COMMITTED, fresh).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(fresh == committed, "deploy/crds is stale: run `make generate`");
}

#[test]
fn a_remote_model_is_read_with_its_defaults() {
    // As a cluster hands it over: JSON. YAML has a notation of its own for enums.
    let manifest: serde_json::Value = serde_yaml_ng::from_str(
        r"
apiVersion: uplion.io/v1alpha1
kind: AIModel
metadata: { name: gpt }
spec:
  model: org/gpt-4.1
  kind:
    remote:
      url: https://api.example.com/v1
      credential: { secretKey: { name: provider, key: token } }
",
    )
    .unwrap();
    let model: AIModel = serde_json::from_value(manifest).unwrap();

    assert_eq!(model.spec.workers.replicas, 1);
    assert_eq!(model.spec.workers.max_in_flight, 4);
    let Kind::Remote(remote) = model.spec.kind else { panic!("it is remote") };
    let Some(Credential::SecretKey(secret)) = remote.credential else {
        panic!("it has a credential")
    };
    assert_eq!(secret.name, "provider");
}

#[test]
fn a_misspelled_field_is_refused() {
    let misspelled = serde_json::json!({
        "apiVersion": "uplion.io/v1alpha1", "kind": "AIModel", "metadata": { "name": "gpt" },
        "spec": { "model": "gpt", "kind": { "remote": { "url": "http://h/v1", "token": "sk-secret" } } },
    });
    let error = serde_json::from_value::<AIModel>(misspelled).unwrap_err();
    assert!(error.to_string().contains("token"), "{error}");
}
