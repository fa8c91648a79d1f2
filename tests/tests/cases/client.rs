//! What a client got, beside what a case says it gets.

use std::time::Duration;

use serde_json::Value;
use uplion_tests::chat::ChatResponse;

use crate::case::Gets;

/// An answer, and how long it took.
pub struct Answered {
    pub response: ChatResponse,
    pub took: Duration,
}

impl Answered {
    /// What is otherwise than said.
    pub fn differences(&self, gets: &Gets) -> Vec<String> {
        let Self { response, took } = self;
        let mut found = Vec::new();
        let mut need = |holds: bool, what: String| found.extend((!holds).then_some(what));
        let body = &response.body;
        if let Some(status) = gets.status {
            need(response.status == status, format!("status {}, not {status}", response.status));
        }
        if let Some(wanted) = &gets.content_type {
            let is = &response.content_type;
            need(is.starts_with(wanted.as_str()), format!("{is:?}, not {wanted:?}"));
        }
        if gets.retry_after.is_some() {
            need(response.retry_after == gets.retry_after, format!("{:?}", response.retry_after));
        }
        if let Some(wanted) = &gets.body {
            need(body == wanted, format!("another body than {wanted:?}"));
        }
        if let Some(wanted) = &gets.says {
            let said = response.text();
            need(said == *wanted, format!("it says {said:?}, not {wanted:?}"));
        }
        if let Some(whole) = gets.whole {
            need(response.is_whole() == whole, format!("whole: {}", response.is_whole()));
        }
        for text in &gets.has {
            need(body.contains(text.as_str()), format!("lacks {text:?}"));
        }
        for text in &gets.lacks {
            need(!body.contains(text.as_str()), format!("has {text:?}"));
        }
        let json = last(response);
        for (pointer, wanted) in &gets.json {
            let is = json.pointer(pointer).unwrap_or(&Value::Null);
            need(is == wanted, format!("{pointer} is {is}, not {wanted}"));
        }
        if let Some(most) = gets.within_ms {
            need(took.as_millis() <= most.into(), format!("took {took:?}, more than {most} ms"));
        }
        found
    }
}

/// The body, or what the last event of a stream says.
fn last(response: &ChatResponse) -> Value {
    if !response.is_stream() {
        return response.json();
    }
    let events: Vec<&str> = response.events().collect();
    let read = |event: &&str| serde_json::from_str(event).ok();
    events.iter().rev().find_map(read).unwrap_or_default()
}
