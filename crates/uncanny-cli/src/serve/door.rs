//! Who may come in: requests that were made to this machine by our own page, and no others. Every web page that a
//! browser shows can send requests to loopback addresses; a name of someone else's may resolve to one, too.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::refusal::Refusal;

/// What the page may load: itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// On every answer, refusals included.
const HEADERS: [(header::HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        header::HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Lets a request in or refuses it, and closes the answer to everybody else.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match admit(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(why) => Refusal::new(StatusCode::FORBIDDEN, why).into_response(),
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether whoever sent these headers may come in.
fn admit(headers: &HeaderMap) -> Result<(), &'static str> {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    // A name that someone else made resolve to this machine is still their name (DNS rebinding).
    let host = text(header::HOST).unwrap_or_default();
    if !is_loopback(host) {
        return Err("this page is for http://127.0.0.1 and http://localhost");
    }
    // Another site's page says where it is from, and another server of this machine has another port.
    if text(header::ORIGIN).is_some_and(|origin| origin.strip_prefix("http://") != Some(host)) {
        return Err("other sites may not use this page");
    }
    // Pictures and scripts of other sites come without an origin, but not without this. Following a link to the
    // page is "none" or a navigation.
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    let mode = text(header::HeaderName::from_static("sec-fetch-mode"));
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) && mode != Some("navigate")
    {
        return Err("other sites may not use this page");
    }
    Ok(())
}

/// Whether `host`, as a `Host` header has it, can only mean this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(headers: &[(&'static str, &'static str)]) -> bool {
        let map = headers
            .iter()
            .map(|(name, value)| {
                (
                    header::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        admit(&map).is_ok()
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for host in ["127.0.0.1", "127.0.0.1:16128", "localhost:80", "LocalHost"] {
            assert!(admitted(&[("host", host)]), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:16128",
            "127.0.0.1.evil.example",
            "localhost.",
            "127.0.0.1:80:80",
        ] {
            assert!(!admitted(&[("host", host)]), "{host}");
        }
        assert!(!admitted(&[]));
    }

    #[test]
    fn only_our_own_page_is_answered() {
        let from = |origin| admitted(&[("host", "127.0.0.1:16128"), ("origin", origin)]);
        assert!(from("http://127.0.0.1:16128"));
        for origin in [
            "null",
            "http://evil.example",
            "http://127.0.0.1:3000",
            "https://127.0.0.1:16128",
            "http://localhost:16128",
        ] {
            assert!(!from(origin), "{origin}");
        }
        let site = |site, mode| {
            admitted(&[
                ("host", "localhost"),
                ("sec-fetch-site", site),
                ("sec-fetch-mode", mode),
            ])
        };
        assert!(
            site("same-origin", "cors")
                && site("none", "navigate")
                && site("cross-site", "navigate")
        );
        for other in ["cross-site", "same-site"] {
            assert!(!site(other, "no-cors") && !site(other, "cors"));
        }
    }
}
