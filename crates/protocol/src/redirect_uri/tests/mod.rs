mod properties;

use super::*;

fn list(entries: &[&str]) -> Vec<String> {
    entries.iter().map(|&entry| entry.to_owned()).collect()
}

#[test]
fn t9_2_an_unregistered_redirect_uri_is_refused_and_a_registered_one_is_kept_as_sent() {
    let entries = list(&["https://shop.orchard.test/cb"]);
    let registered = Registered::new(&entries);
    assert_eq!(
        registered.callback("https://evil.test/cb"),
        Err(Mismatch::NotRegistered)
    );
    let accepted = registered
        .callback("HTTPS://Shop.orchard.test/cb#part")
        .unwrap();
    assert_eq!(accepted.as_str(), "HTTPS://Shop.orchard.test/cb");
}

#[test]
fn t11_callbacks_of_native_applications_are_valid_entries() {
    let entries = list(&[
        "com.orchard.shop://login.orchard.test/ios/cb",
        "com.orchard.app:/oauth",
    ]);
    let registered = Registered::new(&entries);
    for uri in &entries {
        assert!(!registered.callback(uri).unwrap().is_verifiable());
    }
}

#[test]
fn nothing_registered_matches_nothing() {
    let registered = Registered::new(&[]);
    assert_eq!(
        registered.callback("https://a.test/"),
        Err(Mismatch::NotRegistered)
    );
    assert_eq!(registered.first(), None);
    assert!(!registered.allows_origin("https://a.test"));
}

#[test]
fn a_refusal_says_why() {
    let registered = Registered::new(&[]);
    for (url, why) in [
        ("https://a.test/\u{e4}", Malformed::Character),
        ("a.test", Malformed::Scheme),
        ("javascript:alert(1)", Malformed::ForbiddenScheme),
        ("https:a.test", Malformed::NoHost),
        ("https://u@a.test/", Malformed::UserInformation),
        ("https://127.1/", Malformed::Host),
        ("https://a.test:0/", Malformed::Port),
        ("https://a.test/%", Malformed::Escape),
        (
            &format!("https://a.test/{}", "x".repeat(MAX_LENGTH)),
            Malformed::TooLong,
        ),
    ] {
        assert_eq!(
            registered.callback(url),
            Err(Mismatch::Malformed(why)),
            "{url}"
        );
    }
}

/// What parsers read differently is refused even where an administrator registered it.
#[test]
fn an_odd_url_is_refused_even_if_it_is_registered() {
    for odd in [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://user@app.test/cb",
        "https://app.test:0443/cb",
        "https://app.test:/cb",
        "https://app.test:65536/cb",
        "https://app.test./cb",
        "https://127.1/cb",
        "https://0x7f.0.0.1/cb",
        "https://2130706433/cb",
        "https://[0:0:0:0:0:0:0:1]/cb",
        "https://[::ffff:127.0.0.1]/cb",
        "https://[::ffff:7f00:1]/cb",
        "https://[::1%25lo]/cb",
        "https://[::1/cb",
        "https:app.test/cb",
        "https:///app.test/cb",
        "https://app.test\\cb",
        "https://b\u{fc}cher.test/cb",
        "https://app.test/%zz",
        "https://app.test/[x]",
        "https://app.test/a b",
        "https://{organization_name}/cb",
        "myapp:",
        "my app://x",
        "https://*/cb",
        "https://*.test/cb",
        "https://*.0.2.7/cb",
        "https://*.192.0.2.7/cb",
    ] {
        let entries = list(&[odd]);
        let registered = Registered::new(&entries);
        assert!(registered.callback(odd).is_err(), "{odd}");
        assert!(registered.return_to(odd).is_err(), "{odd}");
        assert!(registered.post_logout(odd).is_err(), "{odd}");
        assert_eq!(registered.first(), None, "{odd}");
    }
}

#[test]
fn a_wildcard_needs_a_domain_of_its_own_behind_it() {
    for (entry, sent, accepted) in [
        ("https://*.app.test/cb", "https://a.app.test/cb", true),
        (
            "http://*.localhost:3000/cb",
            "http://a.localhost:3000/cb",
            true,
        ),
        ("https://*.test/cb", "https://a.test/cb", false),
        ("https://*/cb", "https://a.test/cb", false),
        ("https://*.192.0.2.7/cb", "https://1.192.0.2.7/cb", false),
        ("https://app.*.test/cb", "https://app.a.test/cb", false),
        ("https://*.*.app.test/cb", "https://a.b.app.test/cb", false),
        (
            "https://a*b*.app.test/cb",
            "https://axbx.app.test/cb",
            false,
        ),
        ("https://app.test/*", "https://app.test/x", false),
        ("https://app.test/cb?x=*", "https://app.test/cb?x=1", false),
        ("https://app.test:*/cb", "https://app.test:1/cb", false),
        ("*://app.test/cb", "https://app.test/cb", false),
        ("myapp://*.app/cb", "myapp://a.app/cb", false),
    ] {
        let entries = list(&[entry]);
        let matched = Registered::new(&entries).callback(sent).is_ok();
        assert_eq!(matched, accepted, "{entry}");
    }
}

#[test]
fn return_to_counts_neither_query_nor_fragment() {
    let entries = list(&[
        "https://app.test/bye?kept=1",
        "https://*.wild.test/bye",
        "myapp://bye",
    ]);
    let registered = Registered::new(&entries);
    for good in [
        "https://app.test/bye",
        "https://app.test/bye?x=1&y[]=2#frag",
        "HTTPS://APP.TEST/bye",
        "https://a.wild.test/bye?x",
        "myapp://bye?x=1",
    ] {
        assert_eq!(registered.return_to(good).unwrap().as_str(), good);
    }
    for bad in [
        "https://app.test/Bye",
        "https://app.test/bye/",
        "https://app.test/bye/../x",
        "https://app.test",
        "http://app.test/bye",
        "https://app.test/bye?x=\\",
        "https://app.test/bye?x=<script>",
        "https://u@app.test/bye",
        "javascript:alert(1)",
        "",
    ] {
        assert!(registered.return_to(bad).is_err(), "{bad}");
    }
}

/// The sentences of the compatible API name the parameter and what was sent.
#[test]
fn an_unlisted_logout_url_is_refused_by_name() {
    let registered = Registered::new(&[]);
    let sent = "https://evil.test/bye";
    let mismatch = registered.return_to(sent).unwrap_err();
    let refusal = mismatch.refusal(Rule::ReturnToNotRegistered, sent);
    assert_eq!(
        refusal.description(),
        "The \"returnTo\" querystring parameter \"https://evil.test/bye\" is not defined as a valid URL in \"Allowed \
         Logout URLs\"."
    );
    let mismatch = registered.post_logout("x y").unwrap_err();
    let refusal = mismatch.refusal(Rule::PostLogoutRedirectUriNotRegistered, "x y");
    assert!(
        refusal
            .description()
            .contains("\"post_logout_redirect_uri\"")
    );
    assert!(
        refusal
            .to_string()
            .contains("a character that RFC 3986 has not")
    );
}

#[test]
fn a_post_logout_redirect_uri_counts_its_query() {
    let entries = list(&["https://app.test/bye", "https://app.test/bye?x=1"]);
    let registered = Registered::new(&entries);
    assert!(registered.post_logout("https://APP.test/bye").is_ok());
    assert!(registered.post_logout("https://app.test/bye?x=1").is_ok());
    for bad in [
        "https://app.test/bye?",
        "https://app.test/bye?x=2",
        "https://app.test/bye#x",
    ] {
        assert!(registered.post_logout(bad).is_err(), "{bad}");
    }
}

#[test]
fn an_origin_is_matched_without_the_path_of_the_entry() {
    let entries = list(&[
        "https://app.test/path?x",
        "http://localhost:3000",
        "https://*.wild.test",
        "com.app://host/x",
    ]);
    let registered = Registered::new(&entries);
    for good in [
        "https://app.test",
        "http://localhost:3000",
        "https://a.wild.test",
    ] {
        assert!(registered.allows_origin(good), "{good}");
    }
    for bad in [
        "https://app.test/",
        "https://app.test/path",
        "https://app.test:443",
        "http://app.test",
        "null",
        "",
        "http://localhost",
        "https://wild.test",
        "com.app://host",
        "https://app.test?x",
        "https://app.test#x",
    ] {
        assert!(!registered.allows_origin(bad), "{bad}");
    }
}

#[test]
fn wildcards_are_ignored_where_the_application_may_have_none() {
    let entries = list(&["https://*.wild.test/cb", "https://app.test/cb"]);
    let registered = Registered {
        wildcards: Wildcards::Ignored,
        ..Registered::new(&entries)
    };
    assert!(registered.callback("https://app.test/cb").is_ok());
    assert!(registered.callback("https://a.wild.test/cb").is_err());
    assert!(registered.callback("https://*.wild.test/cb").is_err());
}

#[test]
fn the_organization_stands_for_its_placeholder_in_the_left_most_label_alone() {
    let entries = list(&[
        "https://{organization_name}.app.test/cb",
        "https://x-{organization_name}.app.test/cb",
        "https://app.test/{organization_name}",
        "https://a.{organization_name}.test/cb",
    ]);
    let with = |name| Registered {
        organization_name: name,
        ..Registered::new(&entries)
    };
    let acme = with(Some("acme"));
    assert!(acme.callback("https://acme.app.test/cb").is_ok());
    assert!(acme.callback("https://x-acme.app.test/cb").is_ok());
    for bad in [
        "https://other.app.test/cb",
        "https://app.test/acme",
        "https://a.acme.test/cb",
    ] {
        assert!(acme.callback(bad).is_err(), "{bad}");
    }
    assert!(with(None).callback("https://acme.app.test/cb").is_err());
    for hostile in ["evil.test/", "a.b", "*", "", "..", "a@b", "a:1"] {
        let registered = with(Some(hostile));
        let sent = format!("https://{hostile}.app.test/cb");
        assert!(registered.callback(&sent).is_err(), "{hostile}");
    }
}

/// A value cannot bring a delimiter, a dot segment or a wildcard into the URL.
#[test]
fn a_placeholder_stands_for_plain_text_alone() {
    let entries = list(&[
        "https://{custom_domain.metadata.public_x}.app.test/{custom_domain.metadata.public_y}/cb",
    ]);
    let matches = |x: &str, y: &str, sent: &str| {
        let metadata = [
            ("public_x".to_owned(), x.to_owned()),
            ("public_y".to_owned(), y.to_owned()),
        ];
        let registered = Registered {
            domain_metadata: &metadata,
            ..Registered::new(&entries)
        };
        registered.callback(sent).is_ok()
    };
    assert!(matches("a", "b", "https://a.app.test/b/cb"));
    assert!(matches("a.b", "b.c~d", "https://a.b.app.test/b.c~d/cb"));
    for (x, y, sent) in [
        ("evil.test/", "b", "https://evil.test/.app.test/b/cb"),
        ("evil.test?", "b", "https://evil.test?.app.test/b/cb"),
        ("evil.test:1/", "b", "https://evil.test:1/.app.test/b/cb"),
        ("*", "b", "https://any.app.test/b/cb"),
        ("a", "..", "https://a.app.test/../cb"),
        ("a", ".", "https://a.app.test/./cb"),
        ("a", "b/c", "https://a.app.test/b/c/cb"),
        ("a", "b?c", "https://a.app.test/b?c/cb"),
        ("a", "%2e%2e", "https://a.app.test/%2e%2e/cb"),
        ("a", "", "https://a.app.test//cb"),
    ] {
        assert!(!matches(x, y, sent), "{sent}");
    }
}

#[test]
fn public_metadata_of_the_custom_domain_stands_for_its_placeholder() {
    let entries = list(&[
        "https://{custom_domain.metadata.public_host}/cb",
        "https://app.test/{custom_domain.metadata.public_path}",
        "https://app.test/{custom_domain.metadata.private}",
        "https://app.test/{unclosed",
    ]);
    let metadata = [
        ("public_host".to_owned(), "brand.test".to_owned()),
        ("public_path".to_owned(), "home".to_owned()),
        ("private".to_owned(), "secret".to_owned()),
    ];
    let registered = Registered {
        domain_metadata: &metadata,
        ..Registered::new(&entries)
    };
    assert!(registered.callback("https://brand.test/cb").is_ok());
    assert!(registered.callback("https://app.test/home").is_ok());
    assert!(registered.callback("https://app.test/secret").is_err());
    assert!(registered.callback("https://app.test/{unclosed").is_err());
}

#[test]
fn a_request_that_names_no_redirect_uri_gets_the_first_that_is_one_url() {
    let entries = list(&[
        "https://*.wild.test/cb",
        "javascript:alert(1)",
        "https://{organization_name}.app.test/",
        "https://app.test/cb#x",
        "https://app.test/2",
    ]);
    assert_eq!(
        Registered::new(&entries).first().unwrap().as_str(),
        "https://app.test/cb"
    );
}

#[test]
fn loopback_hosts_and_custom_schemes_are_not_verifiable() {
    for (uri, verifiable) in [
        ("https://app.test/cb", true),
        ("https://localhost.test/cb", true),
        ("http://localhost:3000", false),
        ("https://LOCALHOST/cb", false),
        ("http://app.localhost/cb", false),
        ("http://127.0.0.1:1/cb", false),
        ("http://127.8.8.8/cb", false),
        ("http://0.0.0.0/cb", false),
        ("http://[::1]/cb", false),
        ("http://192.0.2.1/cb", true),
        ("com.app:/cb", false),
    ] {
        let uri = RedirectUri::try_from(uri.to_owned()).unwrap();
        assert_eq!(uri.is_verifiable(), verifiable, "{uri}");
    }
}

#[test]
fn an_origin_is_written_as_a_browser_writes_it() {
    for (uri, origin) in [
        ("HTTPS://App.test:443/cb?x", Some("https://app.test")),
        ("http://localhost:3000/x", Some("http://localhost:3000")),
        ("http://[::1]:80/", Some("http://[::1]")),
        ("myapp://callback", None),
    ] {
        let uri = RedirectUri::try_from(uri.to_owned()).unwrap();
        assert_eq!(uri.origin().as_deref(), origin);
    }
}

#[test]
fn parameters_join_the_query_and_replace_the_fragment() {
    let parameters = [
        ("code", "a b+c".to_owned()),
        ("state", "x=y&z#\u{e4}".to_owned()),
    ];
    let encoded = "code=a%20b%2Bc&state=x%3Dy%26z%23%C3%A4";
    for (uri, query, fragment) in [
        (
            "https://a.test/cb",
            "https://a.test/cb?",
            "https://a.test/cb#",
        ),
        (
            "https://a.test/cb?",
            "https://a.test/cb?",
            "https://a.test/cb?#",
        ),
        (
            "https://a.test/cb?x=1",
            "https://a.test/cb?x=1&",
            "https://a.test/cb?x=1#",
        ),
        ("com.app:/cb", "com.app:/cb?", "com.app:/cb#"),
    ] {
        let uri = RedirectUri::try_from(uri.to_owned()).unwrap();
        assert_eq!(uri.with_query(&parameters), format!("{query}{encoded}"));
        assert_eq!(
            uri.with_fragment(&parameters),
            format!("{fragment}{encoded}")
        );
        assert_eq!(uri.with_query(&[]), uri.as_str());
    }
    let uri = RedirectUri::try_from("https://a.test/bye#/route".to_owned()).unwrap();
    assert_eq!(
        uri.with_query(&[("state", "1".to_owned())]),
        "https://a.test/bye?state=1#/route"
    );
}

#[test]
fn a_stored_uri_is_read_back_only_in_good_form() {
    let uri: RedirectUri = serde_json::from_str("\"https://a.test/cb\"").unwrap();
    assert_eq!(
        serde_json::to_string(&uri).unwrap(),
        "\"https://a.test/cb\""
    );
    assert!(serde_json::from_str::<RedirectUri>("\"javascript:alert(1)\"").is_err());
}
