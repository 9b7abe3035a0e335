//! Hashes that other programs made, and what is none.

use proptest::prelude::*;

use super::*;
use HashProblem::{Malformed, TooCostly, Unsupported};

const RIGHT: &str = "correct horse";

fn matches(hash: &StoredHash, password: &str) -> bool {
    hash.matches(password, &mut Memory::default())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn hashes_in_their_own_notation_are_checked() {
    for text in [
        "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$IWJR6forQfRjS4Y1mffdqnUx3GwYyJwSZsDZt9LHzUM",
        "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
        "$2a$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
        "$pbkdf2-sha1$i=1000,l=32$c2FsdHNhbHQ$wQoBU7GXMNo2CJC+raijrf6key7T3ch/mz633RDYOwM",
        "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHQ$qQDPSZa3Ormyy9oK1Pu0ZLLwP2Svzmx3yu8OvDdq/J0",
        "$pbkdf2-sha512$i=1000,l=32$c2FsdHNhbHQ$+sUSD8jw4f8ns7m9b7kj8PeJLe8lJXO8Am09BLgO79k",
    ] {
        let hash = StoredHash::parse(text).unwrap();
        assert!(matches(&hash, RIGHT), "{text}");
        for wrong in ["correct horsf", "", "correct horse "] {
            assert!(!matches(&hash, wrong), "{text} {wrong}");
        }
    }
}

#[test]
fn bcrypt_reads_72_bytes() {
    let text = "$2a$05$abcdefghijklmnopqrstuuGUnCqbfgs3htOkLrFduUjAyLBw1Rq/u";
    let hash = StoredHash::parse(text).unwrap();
    assert!(matches(&hash, &"a".repeat(72)));
    assert!(matches(&hash, &"a".repeat(100)));
    assert!(!matches(&hash, &"a".repeat(71)));
}

/// Passwords, and imports that match them.
const SAMPLES: &[(&str, &str)] = &[
    (
        "correct horse",
        r#"{"algorithm": "md4", "hash": {"value": "b4fe5d2ad49f136f957a7a6b1c029cd2", "encoding": "hex"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "md5", "hash": {"value": "3cb4e732631f47e6eb961f34554b7cde", "encoding": "hex"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "md5", "hash": {"value": "de8498eb12b0309737310c8971cfc7a2", "encoding": "hex"}, "salt": {"value": "salt"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "sha1", "hash": {"value": "2f9e53523b62abc141a2b4d6019d23cba835dbd0", "encoding": "hex"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "sha1", "hash": {"value": "619a8b7fb0e2b3f5d24ab3bc0b53ce167a50f893", "encoding": "hex"}, "salt": {"value": "salt"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "sha256", "hash": {"value": "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631", "encoding": "hex"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "sha256", "hash": {"value": "8cb258c07eb871943b4ad0e754a502b5fc3a389d75fefc91b4e010778ecca018", "encoding": "hex"}, "salt": {"value": "salt"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "sha256", "hash": {"value": "n+NyCAC8BTzorAU7AQEsEfh4qDAh0HpRtPLX0dsQdAo=", "encoding": "base64"}, "salt": {"value": "73616c74", "encoding": "hex", "position": "suffix"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "sha512", "hash": {"value": "56b698defedb5a435b634afe3320bbaf3fdcd920b6c503a446fc7b7a776b298d479d1ba6a8b617808eb0bf579ce9a95d668347bcab7149085ac93cb27995197b", "encoding": "hex"}}"#,
    ),
    (
        "pässwörd",
        r#"{"algorithm": "md5", "hash": {"value": "5635299b0882ffccd11e311d65a7ccf1", "encoding": "hex"}, "password": {"encoding": "utf16le"}}"#,
    ),
    (
        "pässwörd",
        r#"{"algorithm": "md5", "hash": {"value": "2ca67a2dbf3a2f52ef5126a2ae8f8a2f", "encoding": "hex"}, "password": {"encoding": "latin1"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "hmac", "hash": {"value": "9bc6103e5cc88c81ea9da4da252d8b3e", "encoding": "hex", "digest": "md5", "key": {"value": "key"}}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "hmac", "hash": {"value": "955ca3bd5be9681f0de4e366f1d33a17f77dde1ef64f2394b5f939aad39dbe26", "encoding": "hex", "digest": "sha256", "key": {"value": "key"}}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "ldap", "hash": {"value": "{SSHA}LhKrkM9Fy+zlstjdD7Kv2s6QvhBzYWx0", "encoding": "utf8"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "ldap", "hash": {"value": "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=", "encoding": "utf8"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "ldap", "hash": {"value": "{SMD5}D4rOOyuX/Dgg3vClp5z5OnNhbHQ=", "encoding": "utf8"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "ldap", "hash": {"value": "{md5}PLTnMmMfR+brlh80VUt83g==", "encoding": "utf8"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "ldap", "hash": {"value": "{SSHA512}50rsRNBf8j3I5xE+QwaHdFyMhOzITssZ8BB3UxwQ+SI1JKygYm6ZeRYTDuUyFZIIqDonoTuXwB0Z/MAPhgQCFHNhbHRzYWx0", "encoding": "utf8"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "ldap", "hash": {"value": "{CRYPT}$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2", "encoding": "utf8"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "bcrypt", "hash": {"value": "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "argon2", "hash": {"value": "$argon2i$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$wHGBJ3m/l9XBShuuOodtAg6O0U3PtM2IS/jwefIIJvc", "encoding": "utf8"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "pbkdf2", "hash": {"value": "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHQ$qQDPSZa3Ormyy9oK1Pu0ZLLwP2Svzmx3yu8OvDdq/J0", "encoding": "utf8"}}"#,
    ),
    (
        "correct horse",
        r#"{"algorithm": "scrypt", "hash": {"value": "5ad2bd3dda47f2f58376750557515204befa64757eb1217fa7ed21b7deba8db46cb060cd35492f8a4e28d0d941803fa2b3793f8bb6c2f6bfb5dcf16e1cd47b94", "encoding": "hex"}, "keylen": 64, "cost": 16384, "blockSize": 8, "parallelization": 1, "salt": {"value": "saltsalt"}}"#,
    ),
];

#[test]
fn every_kind_of_imported_hash_matches_its_password_alone() {
    for (password, text) in SAMPLES {
        let hash = StoredHash::custom(&json(text)).unwrap();
        assert!(matches(&hash, password), "{text}");
        assert!(!matches(&hash, &format!("{password}x")), "{text}");
        // What is kept is the JSON.
        let kept = StoredHash::parse(text).unwrap();
        assert!(
            matches(&kept, password) && !kept.is_current(Cost::OWASP),
            "{text}"
        );
    }
}

/// Imports that are refused, and why.
const REFUSED: &[(&str, HashProblem)] = &[
    ("{}", Malformed),
    (r#""x""#, Malformed),
    (
        r#"{"algorithm": "rot13", "hash": {"value": "00", "encoding": "hex"}}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "md5", "hash": {"value": "00", "encoding": "hex"}}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "md5", "hash": {"value": "3cb4e732631f47e6eb961f34554b7cde", "encoding": "hex"}, "surprise": 1}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "md5", "hash": {"value": "x", "encoding": "rot13"}}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "hmac", "hash": {"value": "9bc6103e5cc88c81ea9da4da252d8b3e", "encoding": "hex"}}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "ldap", "hash": {"value": "{SSHA}AAAA"}}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "ldap", "hash": {"value": "SSHA"}}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "ldap", "hash": {"value": "{NTLM}AAAA"}}"#,
        Unsupported,
    ),
    (
        r#"{"algorithm": "ldap", "hash": {"value": "{CRYPT}$1$abc$def"}}"#,
        Unsupported,
    ),
    (
        r#"{"algorithm": "bcrypt", "hash": {"value": "$argon2i$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$wHGBJ3m/l9XBShuuOodtAg6O0U3PtM2IS/jwefIIJvc"}}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "bcrypt", "hash": {"value": "$2b$05$short"}}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "bcrypt", "hash": {"value": "$2b$15$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"}}"#,
        TooCostly,
    ),
    (
        r#"{"algorithm": "argon2", "hash": {"value": "$argon2i$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$wHGBJ3m/l9XBShuuOodtAg6O0U3PtM2IS/jwefIIJvc"}, "password": {"encoding": "latin1"}}"#,
        Unsupported,
    ),
    (
        r#"{"algorithm": "pbkdf2", "hash": {"value": "$pbkdf2-md5$i=1000,l=16$c2FsdHNhbHQ$qQDPSZa3Ormyy9oK1Pu0ZA"}}"#,
        Unsupported,
    ),
    (
        r#"{"algorithm": "pbkdf2", "hash": {"value": "$pbkdf2-sha256$i=2000001,l=16$c2FsdHNhbHQ$qQDPSZa3Ormyy9oK1Pu0ZA"}}"#,
        TooCostly,
    ),
    (
        r#"{"algorithm": "pbkdf2", "hash": {"value": "$pbkdf2-sha256$i=0,l=16$c2FsdHNhbHQ$qQDPSZa3Ormyy9oK1Pu0ZA"}}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "pbkdf2", "hash": {"value": "$pbkdf2-sha256$i=1,l=32$c2FsdHNhbHQ$qQDPSZa3Ormyy9oK1Pu0ZA"}}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "scrypt", "hash": {"value": "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "encoding": "hex"}, "cost": 1000}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "scrypt", "hash": {"value": "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "encoding": "hex"}, "keylen": 32}"#,
        Malformed,
    ),
    (
        r#"{"algorithm": "scrypt", "hash": {"value": "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "encoding": "hex"}, "cost": 1048576}"#,
        TooCostly,
    ),
    (
        r#"{"algorithm": "scrypt", "hash": {"value": "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "encoding": "hex"}, "cost": 16384, "blockSize": 8, "parallelization": 1000}"#,
        TooCostly,
    ),
    (
        r#"{"algorithm": "scrypt", "hash": {"value": "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "encoding": "hex"}, "cost": 9223372036854775808, "blockSize": 4294967295}"#,
        TooCostly,
    ),
];

#[test]
fn imports_that_are_malformed_unknown_or_too_costly_are_refused() {
    for (text, problem) in REFUSED {
        let refused = StoredHash::custom(&json(text)).map(drop);
        assert_eq!(refused, Err(*problem), "{text}");
    }
    for text in ["", "plain", "$1$abc$def", "$6$abc$def"] {
        assert_eq!(
            StoredHash::parse(text).map(drop),
            Err(Unsupported),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(
        prefix in prop::sample::select(vec![
            "", "$2b$05$", "$argon2id$v=19$", "$pbkdf2-sha1$", "{\"algorithm\":\"md5\",",
        ]),
        rest in "[ -~]{0,60}",
    ) {
        let text = format!("{prefix}{rest}");
        if let Ok(hash) = StoredHash::parse(&text) {
            prop_assert!(!hash.is_current(Cost::OWASP));
        }
    }
}
