//! Where the master key comes from.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use grantor_protocol::{env::Random, secret::Secret};
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    seal::MasterKey,
};

/// Where the master key comes from.
#[derive(Clone, Debug)]
pub enum MasterKeySource {
    /// It is given: 32 bytes as 64 hexadecimal digits or in base64.
    Value(Secret),
    /// It is in a file, written the same way, that only its owner can read.
    File(PathBuf),
    /// Like `File`, but it is made with the database if neither exists.
    Generated(PathBuf),
}

impl MasterKeySource {
    /// The file in which the key is kept, if it is kept in one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Value(_) => None,
            Self::File(path) | Self::Generated(path) => Some(path),
        }
    }

    /// The key, or `None` if it has to be made.
    pub(crate) fn find(&self) -> Result<Option<MasterKey>> {
        match self {
            Self::Value(text) => parse(text.expose()).map(Some),
            Self::File(path) => match read(path)? {
                Some(key) => Ok(Some(key)),
                None => Err(unusable(path, "it does not exist")),
            },
            Self::Generated(path) => read(path),
        }
    }
}

/// Reads the 32 bytes of a key: 64 hexadecimal digits or base64.
pub fn parse(text: &str) -> Result<MasterKey> {
    let text = text.trim();
    let hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = if hex {
        let digits = text
            .as_bytes()
            .chunks(2)
            .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        Zeroizing::new(digits.collect())
    } else {
        let text = text
            .trim_end_matches('=')
            .replace('-', "+")
            .replace('_', "/");
        let padded = Zeroizing::new(format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4)));
        Zeroizing::new(BASE64.decode(padded.as_bytes()).unwrap_or_default())
    };
    let key: Option<[u8; 32]> = bytes.as_slice().try_into().ok();
    key.map(Zeroizing::new).ok_or_else(|| Error::MasterKey {
        problem: "it must be 32 bytes, written as 64 hexadecimal digits or in base64".to_owned(),
    })
}

/// A new key.
pub fn generate(random: &dyn Random) -> MasterKey {
    let mut key = Zeroizing::new([0; 32]);
    random.fill(key.as_mut_slice());
    key
}

/// The file beside `path` that holds the next key while everything is sealed anew.
pub(crate) fn next_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Reads a key file; `None` if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<MasterKey>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(path, &error.to_string())),
    };
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(unusable(
            path,
            "others can read it; take their permission away (chmod 600), and change the key if \
             somebody may have seen it",
        ));
    }
    let text = fs::read_to_string(path).map_err(|error| unusable(path, &error.to_string()))?;
    parse(&Zeroizing::new(text)).map(Some)
}

/// Writes a key file that did not exist; on return it is on disk.
pub(crate) fn write(path: &Path, key: &MasterKey) -> Result<()> {
    let not_writable = |source: std::io::Error| Error::NotWritable {
        path: path.to_owned(),
        source: source.into(),
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(not_writable)?;
    let text = Zeroizing::new(format!("{}\n", BASE64.encode(key.as_slice())));
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| sync_directory(path))
        .map_err(not_writable)
}

/// Puts the next key in the place of the present one.
pub(crate) fn promote(path: &Path) -> Result<()> {
    fs::rename(next_path(path), path)
        .and_then(|()| sync_directory(path))
        .map_err(|source| Error::NotWritable {
            path: path.to_owned(),
            source: source.into(),
        })
}

fn sync_directory(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn unusable(path: &Path, problem: &str) -> Error {
    Error::MasterKey {
        problem: format!("{}: {problem}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_hexadecimal_and_in_base64() {
        let key = [0xab; 32];
        let base64 = BASE64.encode(key);
        let url_safe = base64.replace('+', "-").replace('/', "_");
        for text in ["ab".repeat(32), format!("{base64}\n"), base64, url_safe] {
            assert_eq!(*parse(&text).unwrap(), key, "{text}");
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        for text in [
            "",
            "ab",
            &"ab".repeat(31),
            &BASE64.encode([1; 33]),
            "not a key!",
        ] {
            assert!(
                matches!(parse(text), Err(Error::MasterKey { .. })),
                "{text}"
            );
        }
    }
}
