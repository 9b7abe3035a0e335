//! Argon2, RFC 9106, and the text that a hash is kept as (the PHC string format).

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::stored::HashProblem;

/// What a hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// How often all of it is worked through.
    pub passes: u32,
    /// Lanes of it.
    pub lanes: u32,
}

impl Cost {
    /// What OWASP recommends for Argon2id where memory is dear: 19 MiB, two passes, one lane.
    pub const OWASP: Self = Self {
        memory_kib: 19_456,
        passes: 2,
        lanes: 1,
    };

    /// The most that an imported hash may cost.
    const MAX: Self = Self {
        memory_kib: 65_536,
        passes: 12,
        lanes: 16,
    };

    fn params(self, length: usize) -> Result<Params, HashProblem> {
        let bounded = self.memory_kib <= Self::MAX.memory_kib
            && self.passes <= Self::MAX.passes
            && self.lanes <= Self::MAX.lanes;
        if !bounded {
            return Err(HashProblem::TooCostly);
        }
        Params::new(self.memory_kib, self.passes, self.lanes, Some(length))
            .map_err(|_| HashProblem::Malformed)
    }
}

/// The memory that a thread hashes in, kept from one hash to the next.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    fn blocks(&mut self, params: &Params) -> &mut [Block] {
        let wanted = params.block_count();
        if self.0.len() < wanted {
            // Not grown in place, which would copy and hold both for a moment.
            self.0 = Vec::new();
            self.0.resize(wanted, Block::default());
        }
        self.0.get_mut(..wanted).unwrap_or_default()
    }

    /// KiB that are held.
    #[cfg(test)]
    pub(super) fn blocks_held(&self) -> usize {
        self.0.len()
    }

    /// Gives the memory back.
    pub(super) fn release(&mut self) {
        self.0 = Vec::new();
    }
}

/// A hash of the Argon2 family.
#[derive(Clone, Debug)]
pub(super) struct Argon2Hash {
    algorithm: Algorithm,
    version: Version,
    cost: Cost,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

/// Bytes of a new salt, RFC 9106 §3.1.
pub(super) const SALT: usize = 16;

/// Bytes of a new hash.
const DIGEST: usize = 32;

/// Longest salt or hash of an import.
const LONGEST: usize = 128;

impl Argon2Hash {
    /// Hashes a password with a new salt.
    pub(super) fn create(
        cost: Cost,
        salt: [u8; SALT],
        password: &[u8],
        memory: &mut Memory,
    ) -> Result<Self, HashProblem> {
        let mut hash = Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            cost,
            salt: salt.to_vec(),
            digest: vec![0; DIGEST],
        };
        hash.digest = hash.compute(password, memory)?;
        Ok(hash)
    }

    /// Reads `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, also of the other two algorithms.
    pub(super) fn parse(text: &str) -> Result<Self, HashProblem> {
        let mut fields = text.split('$');
        let (Some(""), Some(algorithm)) = (fields.next(), fields.next()) else {
            return Err(HashProblem::Malformed);
        };
        let algorithm = match algorithm {
            "argon2id" => Algorithm::Argon2id,
            "argon2i" => Algorithm::Argon2i,
            "argon2d" => Algorithm::Argon2d,
            _ => return Err(HashProblem::Unsupported),
        };
        let mut field = fields.next().unwrap_or_default();
        let version = match field.strip_prefix("v=") {
            Some("19") => Version::V0x13,
            // Hashes of the first version do not name it.
            Some("16") | None => Version::V0x10,
            Some(_) => return Err(HashProblem::Unsupported),
        };
        if field.starts_with("v=") {
            field = fields.next().unwrap_or_default();
        }
        let number = |name: &str| -> Option<u32> {
            let mut parameters = field.split(',');
            parameters
                .find_map(|one| one.strip_prefix(name)?.strip_prefix('='))?
                .parse()
                .ok()
        };
        let cost = match (number("m"), number("t"), number("p")) {
            (Some(memory_kib), Some(passes), Some(lanes)) => Cost {
                memory_kib,
                passes,
                lanes,
            },
            _ => return Err(HashProblem::Malformed),
        };
        let bytes = |text: Option<&str>| {
            let bytes = STANDARD_NO_PAD.decode(text.unwrap_or_default()).ok();
            let sound = |bytes: &Vec<u8>| (8..=LONGEST).contains(&bytes.len());
            bytes.filter(sound).ok_or(HashProblem::Malformed)
        };
        let (salt, digest) = (bytes(fields.next())?, bytes(fields.next())?);
        if fields.next().is_some() {
            return Err(HashProblem::Malformed);
        }
        cost.params(digest.len())?;
        Ok(Self {
            algorithm,
            version,
            cost,
            salt,
            digest,
        })
    }

    /// Whether it is what a new hash would be.
    pub(super) fn is_current(&self, cost: Cost) -> bool {
        self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && self.cost == cost
            && SALT <= self.salt.len()
            && DIGEST <= self.digest.len()
    }

    /// Whether it is the password's.
    pub(super) fn matches(&self, password: &[u8], memory: &mut Memory) -> bool {
        let computed = self.compute(password, memory);
        computed.is_ok_and(|computed| verify_slices_are_equal(&computed, &self.digest).is_ok())
    }

    fn compute(&self, password: &[u8], memory: &mut Memory) -> Result<Vec<u8>, HashProblem> {
        let params = self.cost.params(self.digest.len())?;
        let blocks = memory.blocks(&params);
        let mut digest = vec![0; self.digest.len()];
        Argon2::new(self.algorithm, self.version, params)
            .hash_password_into_with_memory(password, &self.salt, &mut digest, blocks)
            .map_err(|_| HashProblem::Malformed)?;
        Ok(digest)
    }
}

impl std::fmt::Display for Argon2Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Cost {
            memory_kib,
            passes,
            lanes,
        } = self.cost;
        write!(
            f,
            "${}$v={}$m={memory_kib},t={passes},p={lanes}${}${}",
            self.algorithm.as_str(),
            u32::from(self.version),
            STANDARD_NO_PAD.encode(&self.salt),
            STANDARD_NO_PAD.encode(&self.digest),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str, password: &str) -> bool {
        let hash = Argon2Hash::parse(text).unwrap();
        hash.matches(password.as_bytes(), &mut Memory::default())
    }

    #[test]
    fn hashes_of_the_reference_implementation_are_checked() {
        for text in [
            "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$IWJR6forQfRjS4Y1mffdqnUx3GwYyJwSZsDZt9LHzUM",
            "$argon2i$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$wHGBJ3m/l9XBShuuOodtAg6O0U3PtM2IS/jwefIIJvc",
            "$argon2d$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$K/03nKsMOBY4UxWQUnzgKcXqNywYPoc2OKFANzEe13c",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$pEoTT/PQJUrQ+4Qp3XrtcTufBun4D9FCw+dj/PBsWHI",
            "$argon2id$v=19$m=256,t=3,p=4$c2FsdHNhbHQ$hOJ9RblheMh6+fwtXONKRvYfo/rpXtUZOe6QlbnXlRo",
        ] {
            assert!(matches(text, "correct horse"), "{text}");
            assert!(!matches(text, "correct horsf"), "{text}");
            assert_eq!(Argon2Hash::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_new_hash_has_the_recommended_cost_and_matches_its_password_alone() {
        let mut memory = Memory::default();
        let hash = Argon2Hash::create(Cost::OWASP, [7; SALT], b"secret", &mut memory).unwrap();
        let text = hash.to_string();
        assert!(
            text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"),
            "{text}"
        );
        assert!(matches(&text, "secret") && !matches(&text, "Secret"));
        assert!(Argon2Hash::parse(&text).unwrap().is_current(Cost::OWASP));
        let dearer = Cost {
            passes: 3,
            ..Cost::OWASP
        };
        assert!(!Argon2Hash::parse(&text).unwrap().is_current(dearer));
    }

    #[test]
    fn memory_of_a_larger_hash_serves_a_smaller_one() {
        let mut memory = Memory::default();
        let small = Cost {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        };
        for cost in [
            small,
            Cost {
                memory_kib: 64,
                ..small
            },
            small,
        ] {
            let hash = Argon2Hash::create(cost, [1; SALT], b"x", &mut memory).unwrap();
            assert!(matches(&hash.to_string(), "x"));
        }
    }

    #[test]
    fn what_is_malformed_or_too_costly_is_refused() {
        let hash = |cost: &str| format!("$argon2id$v=19${cost}$c2FsdHNhbHQ$IWJR6forQfRjS4Y1mffdqg");
        let problem = |text: &str| Argon2Hash::parse(text).unwrap_err();
        assert!(Argon2Hash::parse(&hash("m=64,t=2,p=1")).is_ok());
        for cost in ["m=65537,t=1,p=1", "m=64,t=13,p=1", "m=1024,t=1,p=17"] {
            assert_eq!(problem(&hash(cost)), HashProblem::TooCostly, "{cost}");
        }
        for cost in [
            "",
            "m=64,t=2",
            "m=1,t=2,p=1",
            "m=64,t=0,p=1",
            "m=-1,t=2,p=1",
            "m=99999999999,t=1,p=1",
        ] {
            assert_eq!(problem(&hash(cost)), HashProblem::Malformed, "{cost}");
        }
        for text in [
            "",
            "$argon2id",
            "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHQ",
            "$argon2id$v=19$m=64,t=2,p=1$$x",
            "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$IWJR6forQfRjS4Y1mffdqg$x",
        ] {
            assert_eq!(problem(text), HashProblem::Malformed, "{text}");
        }
        assert_eq!(
            problem("$argon2x$v=19$m=64,t=2,p=1$a$b"),
            HashProblem::Unsupported
        );
        assert_eq!(
            problem("$argon2id$v=20$m=64,t=2,p=1$a$b"),
            HashProblem::Unsupported
        );
    }
}
