//! Lists: page by page, and with every change in them that was made before.

use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{Client, Error, Problem, request};

/// As much as the API gives at once.
const PAGE: usize = 1_000;
const POSITION: &str = "Uplion-Position";
/// Every write before the read.
const NEWEST: &str = "newest";

#[derive(Debug, Clone)]
pub struct ListOptions {
    pub at_most: usize,
    /// With every change in it that was made before now, if that can be had.
    pub with_newest_changes: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T> {
    pub items: Vec<T>,
    /// Why what is newest may be missing; none if nothing is.
    pub behind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Page<T> {
    data: Vec<T>,
    next: Option<String>,
    missing: Option<String>,
}

impl Default for ListOptions {
    fn default() -> Self {
        Self { at_most: usize::MAX, with_newest_changes: true }
    }
}

impl Client {
    pub async fn list<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        options: &ListOptions,
    ) -> Result<List<T>, Error> {
        let mut position = options.with_newest_changes.then_some(NEWEST);
        let mut list = List { items: Vec::new(), behind: None };
        let mut after: Option<String> = None;
        loop {
            let left = options.at_most - list.items.len();
            let mut query = query.to_vec();
            query.push(("limit", left.clamp(1, PAGE).to_string()));
            query.extend(after.map(|after| ("after", after)));
            let page = match self.page(path, &query, position).await {
                Err(Error::Problem(Problem { code, detail, .. })) if code == "behind" => {
                    list.behind = Some(detail);
                    position = None;
                    self.page(path, &query, None).await?
                }
                page => page?,
            };
            list.items.extend(page.data);
            list.behind = list.behind.or(page.missing);
            after = page.next;
            if after.is_none() || list.items.len() >= options.at_most {
                list.items.truncate(options.at_most);
                return Ok(list);
            }
        }
    }

    async fn page<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        position: Option<&str>,
    ) -> Result<Page<T>, Error> {
        let mut request = self.request(Method::GET, path, query)?;
        if let Some(position) = position {
            request = request.header(POSITION, position);
        }
        request::parse(&self.send(request).await?.body)
    }
}
