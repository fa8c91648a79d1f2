//! Where the API is under the address of a control.

use reqwest::Url;

use crate::Error;

pub const PATH: &str = "/control/v1";

/// One spelling for each installation: without the path of the API and without a slash at its end.
pub fn base_url(url: &str) -> String {
    let url = url.trim_end_matches('/').trim_end_matches(PATH);
    let spelled = Url::parse(url).map_or_else(|_| url.to_owned(), String::from);
    spelled.trim_end_matches('/').to_owned()
}

/// `segments` are escaped one by one: names of models have slashes.
pub fn join(base: &str, segments: &[&str], query: &[(&str, String)]) -> Result<Url, Error> {
    let text = format!("{base}{PATH}");
    let mut url = Url::parse(&text)
        .map_err(|source| Error::Url { url: base.to_owned(), source: source.into() })?;
    url.path_segments_mut()
        .map_err(|()| Error::Url { url: base.to_owned(), source: "it has no path".into() })?
        .extend(segments);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_the_same_however_its_url_is_spelled() {
        for spelled in ["HTTP://Host:80/", "http://host", "http://host/control/v1", "http://host//"]
        {
            assert_eq!(base_url(spelled), "http://host", "{spelled}");
        }
        assert_eq!(base_url("https://host/uplion/"), "https://host/uplion");
    }

    #[test]
    fn a_name_with_a_slash_is_one_segment() {
        let url = join("http://host", &["models", "org/llama 3"], &[]).unwrap();
        assert_eq!(url.as_str(), "http://host/control/v1/models/org%2Fllama%203");
    }

    #[test]
    fn what_is_no_url_is_named() {
        let error = join("no url", &[], &[]).unwrap_err();
        assert!(error.to_string().contains("no url"), "{error}");
    }
}
