//! Whatever is registered, and whatever is sent.

use proptest::prelude::*;

use super::{super::differentials::assert_read_alike, list, *};

/// Pieces out of which URLs are put together that somebody will read wrongly.
fn pieces() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "https",
        "http",
        "myapp",
        "javascript",
        ":",
        "/",
        "//",
        "\\",
        "@",
        "?",
        "#",
        ".",
        "..",
        "%2e",
        "%2f",
        "%00",
        "\t",
        "\n",
        " ",
        "app.test",
        "evil.test",
        "wild.test",
        "a",
        "cb",
        "localhost",
        "127.0.0.1",
        "[::1]",
        ":3000",
        "*",
        "0x7f",
        "\u{ff0e}",
        "\u{e4}",
        "user",
        "&",
        "=",
        "code",
        "{",
        "}",
        ";",
        "-",
        "xn--",
    ]);
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_makes_the_matcher_panic(sent in any::<String>(), entry in any::<String>()) {
        let entries = [entry];
        let registered = Registered::new(&entries);
        let _ = (registered.callback(&sent), registered.return_to(&sent), registered.post_logout(&sent));
        let _ = (registered.allows_origin(&sent), registered.first());
    }

    /// Whatever is registered and whatever is sent, an accepted URL is read alike by the web platform's parser.
    #[test]
    fn accepted_means_read_alike(sent in pieces(), wild in any::<bool>()) {
        let entry = if wild { "https://*.wild.test/cb".to_owned() } else { sent.clone() };
        let entries = [entry];
        if let Ok(uri) = Registered::new(&entries).callback(&sent)
            && !uri.as_str().contains("/.")
        {
            assert_read_alike(uri.as_str());
        }
    }

    /// Whatever is put before and behind a registered URL, the host that a browser goes to is the registered one.
    #[test]
    fn nothing_sent_leads_to_another_host(sent in pieces()) {
        let entries = list(&["https://app.test/cb", "https://*.wild.test/cb", "http://localhost:3000/cb"]);
        for accepted in [
            Registered::new(&entries).callback(&sent),
            Registered::new(&entries).return_to(&sent),
        ].into_iter().flatten() {
            let read = whatwg::Url::parse(accepted.as_str()).unwrap();
            let host = read.host_str().unwrap();
            prop_assert!(host == "app.test" || host == "localhost" || host.ends_with(".wild.test"), "{sent}");
            prop_assert_eq!(read.path(), "/cb");
            prop_assert_eq!((read.username(), read.password()), ("", None));
        }
    }

    /// A well-formed URL matches itself and nothing else of a list.
    #[test]
    fn a_registered_url_matches_itself(host in "[a-z]{1,8}\\.test", path in "(/[A-Za-z0-9._~-]{1,6}){0,3}", port in 1_u16..) {
        let uri = format!("https://{host}:{port}{path}");
        let entries = [uri.clone(), format!("{uri}x")];
        let registered = Registered::new(&entries);
        let accepted = registered.callback(&uri).unwrap();
        prop_assert_eq!(accepted.as_str(), &uri);
        let other = format!("{uri}y");
        prop_assert!(registered.callback(&other).is_err());
    }

    #[test]
    fn any_parameter_survives_the_query_and_the_fragment(value in any::<String>()) {
        let uri = RedirectUri::try_from("https://a.test/cb?x=1".to_owned()).unwrap();
        let parameters = [("state", value.clone())];
        let query = whatwg::Url::parse(&uri.with_query(&parameters)).unwrap();
        let found = query.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        prop_assert_eq!(&found, &value);
        let fragment = whatwg::Url::parse(&uri.with_fragment(&parameters)).unwrap();
        let decoded: Vec<_> = form_urlencoded::parse(fragment.fragment().unwrap().as_bytes()).into_owned().collect();
        prop_assert_eq!(decoded, vec![("state".to_owned(), value)]);
    }
}
