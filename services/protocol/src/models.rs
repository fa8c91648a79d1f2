//! The list of models: writing ours, and reading those of the servers that people have.

use std::collections::HashSet;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    Malformed,
    json::scan::{Kind, Scanner},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub id: String,
    /// Seconds since 1970.
    pub created: i64,
    pub owned_by: String,
}

impl Model {
    /// The body of `GET /v1/models/{id}`.
    pub fn body(&self) -> Bytes {
        self.to_json().to_string().into()
    }

    fn to_json(&self) -> Value {
        json!({ "id": self.id, "object": "model", "created": self.created, "owned_by": self.owned_by })
    }
}

/// The body of `GET /v1/models`.
pub fn list(models: &[Model]) -> Bytes {
    let data: Vec<Value> = models.iter().map(Model::to_json).collect();
    json!({ "object": "list", "data": data }).to_string().into()
}

/// Why a server's answer is no list of models.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unlisted {
    #[error("the list of models is not valid JSON: {0}")]
    NotJson(#[from] Malformed),
    #[error("the answer holds no list of models")]
    NoList,
}

/// The names of the models that a server lists, each once, in its order: in `data` (vLLM, LM Studio, Ollama,
/// which says null for none), in `models` (llama.cpp, Ollama's own API), or in a bare list.
pub fn names(body: &[u8]) -> Result<Vec<String>, Unlisted> {
    let (mut names, mut listed) = (Vec::new(), false);
    Scanner::document(body, |scan| {
        if scan.peek() == Kind::Array {
            listed = true;
            return scan.array(|scan| read_model(scan, &mut names));
        }
        scan.object_if_any(|scan, key| {
            if !matches!(key.decode().as_ref(), "data" | "models") {
                return scan.skip();
            }
            listed |= matches!(scan.peek(), Kind::Array | Kind::Null);
            scan.array_if_any(|scan| read_model(scan, &mut names))
        })
    })?;
    if !listed {
        return Err(Unlisted::NoList);
    }
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    Ok(names)
}

/// A model is its name, or an object that has one: `id` before `model` before `name`.
fn read_model(scan: &mut Scanner<'_>, names: &mut Vec<String>) -> Result<(), Malformed> {
    let (mut id, mut model, mut name) = (None, None, None);
    if scan.peek() == Kind::String {
        id = scan.text_if_any()?;
    } else {
        scan.object_if_any(|scan, key| {
            match key.decode().as_ref() {
                "id" => id = scan.text_if_any()?,
                "model" => model = scan.text_if_any()?,
                "name" => name = scan.text_if_any()?,
                _ => scan.skip()?,
            }
            Ok(())
        })?;
    }
    names.extend(id.or(model).or(name).filter(|name| !name.is_empty()).map(String::from));
    Ok(())
}

#[cfg(test)]
mod spec {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str) -> Result<Vec<String>, Unlisted> {
        names(body.as_bytes())
    }

    #[test]
    fn the_list_is_what_the_sdks_read() {
        let models = [Model { id: "demo".into(), created: 7, owned_by: "uplion".into() }];
        let body: Value = serde_json::from_slice(&list(&models)).unwrap();
        let model = json!({"id": "demo", "object": "model", "created": 7, "owned_by": "uplion"});
        assert_eq!(body, json!({"object": "list", "data": [model]}));
        assert_eq!(serde_json::from_slice::<Value>(&models[0].body()).unwrap(), model);
    }

    #[test]
    fn the_lists_of_the_usual_servers_are_read() {
        let ollama = r#"{"object":"list","data":[{"id":"llama3.2:latest","object":"model","created":1,"owned_by":"library"}]}"#;
        assert_eq!(read(ollama).unwrap(), ["llama3.2:latest"]);
        let ollama_tags = r#"{"models":[{"name":"llama3.2:latest","model":"llama3.2:latest","details":{"families":["llama"]}}]}"#;
        assert_eq!(read(ollama_tags).unwrap(), ["llama3.2:latest"]);
        let llama_cpp = r#"{"models":[{"name":"a.gguf","model":"a.gguf","tags":[""]}],"object":"list","data":[{"id":"a.gguf","meta":{"n_vocab":9}}]}"#;
        assert_eq!(read(llama_cpp).unwrap(), ["a.gguf"]);
        let vllm = r#"{"object":"list","data":[{"id":"org/model","max_model_len":8192,"permission":[{"id":"modelperm-1"}]},{"id":"lora"}]}"#;
        assert_eq!(read(vllm).unwrap(), ["org/model", "lora"]);
        let bare = r#"["a",{"id":"b"},{"object":"model"},7,""]"#;
        assert_eq!(read(bare).unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_server_without_models_lists_none() {
        assert_eq!(read(r#"{"object":"list","data":null}"#).unwrap(), [""; 0]);
        assert_eq!(read(r#"{"object":"list","data":[]}"#).unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_no_list_is_not_taken_for_an_empty_one() {
        assert_eq!(read(r#"{"error":"not found"}"#), Err(Unlisted::NoList));
        assert!(matches!(read("<html>"), Err(Unlisted::NotJson(_))));
    }

    proptest! {
        #[test]
        fn our_own_list_reads_back(ids in prop::collection::hash_set("[^\u{0}]{1,12}", 0..6)) {
            let models: Vec<_> =
                ids.into_iter().map(|id| Model { id, created: 0, owned_by: "uplion".into() }).collect();
            let expected: Vec<_> = models.iter().map(|model| model.id.clone()).collect();
            prop_assert_eq!(names(&list(&models)).unwrap(), expected);
        }
    }
}
