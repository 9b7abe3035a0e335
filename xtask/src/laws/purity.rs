//! What a room must not contain.

use super::{Source, sources};

/// Words that no code of the crate may contain, with the reason.
fn assert_absent(folder: &str, words: &[(&str, &str)]) {
    for source in sources(folder) {
        let code = source.code();
        for (word, reason) in words {
            assert!(!code.contains(word), "{}: `{word}` — {reason}", source.path);
        }
    }
}

#[test]
fn protocol_has_no_input_and_no_output() {
    assert_absent(
        "crates/protocol/src",
        &[
            ("async fn", "protocol decides; callers load and commit"),
            (".await", "protocol decides; callers load and commit"),
            ("tokio", "protocol decides; callers load and commit"),
            ("std::fs", "protocol reads no files"),
            ("std::net::Tcp", "protocol opens no connections"),
            ("std::net::Udp", "protocol opens no connections"),
            ("std::env", "configuration comes in as values"),
            ("std::process", "protocol starts nothing"),
            ("std::thread", "protocol starts nothing"),
            ("println!", "protocol prints nothing"),
        ],
    );
}

#[test]
fn jose_has_no_input_and_no_output() {
    assert_absent(
        "crates/jose/src",
        &[
            ("async fn", "bytes in, bytes out"),
            ("std::fs", "bytes in, bytes out"),
            ("std::net", "bytes in, bytes out"),
            ("SystemTime", "time comes in as a value"),
        ],
    );
}

#[test]
fn storage_and_management_know_no_http() {
    for folder in ["crates/storage/src", "crates/management/src"] {
        let reason = "HTTP belongs to the server";
        assert_absent(
            folder,
            &[("axum", reason), ("hyper", reason), ("reqwest", reason)],
        );
    }
}

#[test]
fn the_engine_is_chosen_in_one_place() {
    let words = [
        "Engine::Sqlite",
        "Engine::Postgres",
        "rusqlite",
        "tokio_postgres",
        "deadpool",
    ];
    for source in sources("crates") {
        let may = source.path.starts_with("crates/storage/src/db/")
            // What the operator wrote becomes the value that db/ branches on.
            || CHOOSERS.contains(&source.path.as_str())
            || !source.path.contains("/src/")
            || source.path.starts_with("crates/testkit/");
        let code = source.code();
        let found = words.iter().find(|word| code.contains(**word));
        assert!(
            may || found.is_none(),
            "{}: `{}` outside crates/storage/src/db/",
            source.path,
            found.unwrap_or(&"")
        );
    }
}

/// Files that name an engine without branching on it: the option's definition and its reader.
const CHOOSERS: &[&str] = &["crates/storage/src/lib.rs", "crates/server/src/serve.rs"];

#[test]
fn comments_and_tests_are_not_code() {
    let source = Source {
        path: String::new(),
        text: "// async fn\nfn a() {}\n/// tokio\n#[cfg(test)]\nmod tests { async fn b() {} }"
            .to_owned(),
    };
    assert_eq!(source.code(), "fn a() {}");
}
