//! Sealing: secrets are encrypted under the instance's master key before they are stored.
//!
//! A sealed value is bound to its place (tenant, kind, document and pointer), so it cannot be moved to another one.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use grantor_protocol::{document::Kind, env::Random, tenant::TenantId};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    pointer::{at, every_text},
};

/// How sealed values begin; the number is the format's.
const PREFIX: &str = "sealed:1:";

/// A master key: 32 bytes.
pub type MasterKey = Zeroizing<[u8; 32]>;

/// The master key at work, and the mark by which the database knows it.
pub(crate) struct Sealer {
    key: LessSafeKey,
    /// The stored verifier: sealed under this key, so it differs for each key.
    verifier: Vec<u8>,
}

/// Where a sealed value stands.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) id: &'a str,
}

impl Place<'_> {
    fn data(self, pointer: &str) -> Vec<u8> {
        // Lengths keep the parts apart, whatever they contain.
        let parts = [self.tenant, self.kind, self.id, pointer];
        let mut data = Vec::new();
        for part in parts {
            data.extend((part.len() as u64).to_be_bytes());
            data.extend(part.as_bytes());
        }
        data
    }
}

const VERIFIER: Place<'_> = Place {
    tenant: "",
    kind: "instance",
    id: "verifier",
};

impl Sealer {
    /// A sealer with a key that the database need not know again.
    pub(crate) fn of(key: &MasterKey) -> Result<Self> {
        Ok(Self {
            key: aead_key(key)?,
            verifier: Vec::new(),
        })
    }

    /// A sealer for a database that has no verifier yet.
    pub(crate) fn create(key: &MasterKey, random: &dyn Random) -> Result<Self> {
        let mut sealer = Self::of(key)?;
        sealer.verifier = sealer.seal(random, VERIFIER, "", b"grantor")?;
        Ok(sealer)
    }

    /// The sealer of a database, or `None` if `key` is not the one it was made with.
    pub(crate) fn recognize(key: &MasterKey, verifier: &[u8]) -> Result<Option<Self>> {
        let sealer = Self {
            key: aead_key(key)?,
            verifier: verifier.to_vec(),
        };
        let recognized = sealer.open(VERIFIER, "", verifier).is_some();
        Ok(recognized.then_some(sealer))
    }

    pub(crate) fn verifier(&self) -> &[u8] {
        &self.verifier
    }

    /// Seals `plain` for its place.
    pub(crate) fn seal(
        &self,
        random: &dyn Random,
        place: Place<'_>,
        pointer: &str,
        plain: &[u8],
    ) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut sealed = nonce.to_vec();
        let mut text = plain.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(place.data(pointer)), &mut text)
            .map_err(|_| Error::Malformed {
                what: "a secret cannot be sealed".to_owned(),
            })?;
        sealed.append(&mut text);
        Ok(sealed)
    }

    /// Opens what was sealed for this place.
    pub(crate) fn open(
        &self,
        place: Place<'_>,
        pointer: &str,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self
            .key
            .open_in_place(nonce, Aad::from(place.data(pointer)), &mut text)
            .ok()?
            .len();
        text.truncate(length);
        Some(text)
    }

    fn seal_text(
        &self,
        random: &dyn Random,
        place: Place<'_>,
        pointer: &str,
        plain: &str,
    ) -> Result<String> {
        let sealed = self.seal(random, place, pointer, plain.as_bytes())?;
        Ok(format!("{PREFIX}{}", BASE64.encode(sealed)))
    }

    fn open_text(&self, place: Place<'_>, pointer: &str, text: &str) -> Option<String> {
        let sealed = BASE64.decode(text.strip_prefix(PREFIX)?).ok()?;
        let plain = self.open(place, pointer, &sealed)?;
        Some(std::str::from_utf8(&plain).ok()?.to_owned())
    }

    /// Seals the secrets of a document in place; answers whether it has any.
    pub(crate) fn seal_document(
        &self,
        random: &dyn Random,
        tenant: &TenantId,
        kind: &Kind,
        id: &str,
        body: &mut Value,
    ) -> Result<bool> {
        let place = Place {
            tenant: tenant.as_str(),
            kind: kind.name,
            id,
        };
        let mut found = false;
        for pattern in kind.secrets {
            at(body, pattern, "", &mut |pointer, value| {
                match value {
                    Value::Null => {}
                    Value::String(plain) => {
                        let sealed = self.seal_text(random, place, pointer, plain)?;
                        wipe(std::mem::replace(plain, sealed));
                        found = true;
                    }
                    _ => {
                        return Err(Error::Malformed {
                            what: format!("the secret {pointer} of {} is not a text", kind.name),
                        });
                    }
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// Opens the secrets of a document in place.
    pub(crate) fn open_document(
        &self,
        tenant: &TenantId,
        kind: &Kind,
        id: &str,
        body: &mut Value,
    ) -> Result<()> {
        let place = Place {
            tenant: tenant.as_str(),
            kind: kind.name,
            id,
        };
        for pattern in kind.secrets {
            at(body, pattern, "", &mut |pointer, value| {
                if let Value::String(text) = value {
                    *text = self
                        .open_text(place, pointer, text)
                        .ok_or_else(|| unopened(kind.name, pointer, id))?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Seals every sealed value of a document anew under `next`, without knowing its kind.
    ///
    /// A text that only looks sealed does not open in its place and is left alone.
    pub(crate) fn reseal(
        &self,
        next: &Self,
        random: &dyn Random,
        place: Place<'_>,
        body: &mut Value,
    ) -> Result<()> {
        every_text(body, &mut String::new(), &mut |pointer, text| {
            if let Some(plain) = self.open_text(place, pointer, text) {
                let plain = Zeroizing::new(plain);
                *text = next.seal_text(random, place, pointer, &plain)?;
            }
            Ok(())
        })
    }
}

fn aead_key(key: &MasterKey) -> Result<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| Error::MasterKey {
        problem: "it does not have 32 bytes".to_owned(),
    })?;
    Ok(LessSafeKey::new(key))
}

fn unopened(kind: &'static str, pointer: &str, id: &str) -> Error {
    Error::Inconsistent {
        table: kind,
        column: pointer.to_owned(),
        id: id.to_owned(),
        source: "it was not sealed here with the present master key".into(),
    }
}

fn wipe(text: String) {
    drop(Zeroizing::new(text));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Fixed;

    impl Random for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    const KIND: Kind = Kind {
        name: "thing",
        id: "/id",
        unique: &[],
        links: &[],
        secrets: &["/secret", "/keys/*/private", "/a~1b"],
    };

    fn sealer(byte: u8) -> Sealer {
        Sealer::create(&Zeroizing::new([byte; 32]), &Fixed).unwrap()
    }

    fn tenant() -> TenantId {
        TenantId::default_tenant()
    }

    fn body() -> Value {
        json!({"id": "1", "secret": "s", "name": "n", "a/b": "x",
               "keys": [{"private": "p", "kid": "k"}, {"kid": "l"}, {"private": null}]})
    }

    fn sealed() -> Value {
        let mut sealed = body();
        assert!(
            sealer(1)
                .seal_document(&Fixed, &tenant(), &KIND, "1", &mut sealed)
                .unwrap()
        );
        sealed
    }

    #[test]
    fn every_secret_is_sealed_and_nothing_else() {
        let sealed = sealed();
        for pointer in ["/secret", "/keys/0/private", "/a~1b"] {
            let text = sealed.pointer(pointer).unwrap().as_str().unwrap();
            assert!(text.starts_with(PREFIX), "{pointer}: {text}");
        }
        assert_eq!(sealed["name"], "n");
        assert_eq!(sealed["keys"][0]["kid"], "k");
        assert!(sealed["keys"][2]["private"].is_null());
    }

    #[test]
    fn a_sealed_document_opens_to_what_it_was() {
        let mut opened = sealed();
        sealer(1)
            .open_document(&tenant(), &KIND, "1", &mut opened)
            .unwrap();
        assert_eq!(opened, body());
    }

    #[test]
    fn a_sealed_value_does_not_open_elsewhere() {
        let mut moved = sealed();
        moved["secret"] = moved["keys"][0]["private"].clone();
        let elsewhere = sealer(1).open_document(&tenant(), &KIND, "1", &mut moved);
        assert!(matches!(elsewhere, Err(Error::Inconsistent { .. })));
        let other_id = sealer(1).open_document(&tenant(), &KIND, "2", &mut sealed());
        assert!(matches!(other_id, Err(Error::Inconsistent { .. })));
        let other_key = sealer(2).open_document(&tenant(), &KIND, "1", &mut sealed());
        assert!(matches!(other_key, Err(Error::Inconsistent { .. })));
    }

    #[test]
    fn a_plain_value_in_place_of_a_secret_does_not_pass() {
        let result = sealer(1).open_document(&tenant(), &KIND, "1", &mut body());
        assert!(matches!(result, Err(Error::Inconsistent { .. })));
    }

    #[test]
    fn a_secret_that_is_not_a_text_is_refused() {
        let mut number = json!({"id": "1", "secret": 5});
        let result = sealer(1).seal_document(&Fixed, &tenant(), &KIND, "1", &mut number);
        assert!(matches!(result, Err(Error::Malformed { .. })));
    }

    #[test]
    fn resealing_reaches_every_secret_and_leaves_lookalikes_alone() {
        let mut document = sealed();
        document["name"] = "sealed:1:AAAA".into();
        let place = Place {
            tenant: "default",
            kind: "thing",
            id: "1",
        };
        sealer(1)
            .reseal(&sealer(2), &Fixed, place, &mut document)
            .unwrap();
        assert_eq!(document["name"], "sealed:1:AAAA");
        document["name"] = "n".into();
        sealer(2)
            .open_document(&tenant(), &KIND, "1", &mut document)
            .unwrap();
        assert_eq!(document, body());
    }

    #[test]
    fn a_key_is_recognized_by_its_verifier_alone() {
        let verifier = sealer(1).verifier().to_vec();
        let key = |byte| Zeroizing::new([byte; 32]);
        assert!(Sealer::recognize(&key(1), &verifier).unwrap().is_some());
        assert!(Sealer::recognize(&key(2), &verifier).unwrap().is_none());
    }
}
