//! What every answer tells a browser: nothing here is a page, nothing here is for other sites, nothing is to be kept.

use poem::http::{HeaderMap, HeaderValue, header};

pub fn insert(headers: &mut HeaderMap, https: bool) {
    let mut say = |name, text| headers.insert(name, HeaderValue::from_static(text));
    say(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(header::X_FRAME_OPTIONS, "DENY");
    say(header::REFERRER_POLICY, "no-referrer");
    say(header::CACHE_CONTROL, "no-store");
    if https {
        say(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
}
