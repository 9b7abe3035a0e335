//! How imported hashes write bytes, and how their makers wrote passwords as bytes.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;

/// How bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum BytesEncoding {
    /// RFC 4648 §4, padded or not.
    Base64,
    /// RFC 4648 §8.
    Hex,
    /// As the text is.
    #[default]
    Utf8,
}

/// Padded or not: exporters differ.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl BytesEncoding {
    /// The bytes that `text` stands for.
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => LENIENT.decode(text).ok(),
            Self::Hex => hex(text),
            Self::Utf8 => Some(text.as_bytes().to_vec()),
        }
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<_>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let byte = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

/// How a password became bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PasswordEncoding {
    /// The usual one.
    #[default]
    Utf8,
    /// Two bytes per code unit, the lower first.
    Utf16le,
    /// The same.
    Ucs2,
    /// The lower byte of each code unit.
    Latin1,
    /// The same.
    Binary,
    /// The same.
    Ascii,
}

impl PasswordEncoding {
    /// The bytes of `password`.
    pub(super) fn encode(self, password: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => password.as_bytes().to_vec(),
            Self::Utf16le | Self::Ucs2 => {
                password.encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            Self::Latin1 | Self::Binary | Self::Ascii => {
                let lower = |unit: u16| unit.to_le_bytes()[0];
                password.encode_utf16().map(lower).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_each_encoding() {
        assert_eq!(BytesEncoding::Hex.decode("00fFa0"), Some(vec![0, 255, 160]));
        assert_eq!(
            BytesEncoding::Base64.decode("AP+g"),
            Some(vec![0, 255, 160])
        );
        assert_eq!(BytesEncoding::Base64.decode("AA=="), Some(vec![0]));
        assert_eq!(BytesEncoding::Base64.decode("AA"), Some(vec![0]));
        assert_eq!(BytesEncoding::Utf8.decode("é"), Some(vec![0xC3, 0xA9]));
        for bad in ["0", "0g", "é"] {
            assert_eq!(BytesEncoding::Hex.decode(bad), None, "{bad}");
        }
        assert_eq!(BytesEncoding::Base64.decode("!"), None);
    }

    #[test]
    fn passwords_become_bytes_in_each_encoding() {
        assert_eq!(PasswordEncoding::Utf8.encode("é"), [0xC3, 0xA9]);
        assert_eq!(PasswordEncoding::Utf16le.encode("é"), [0xE9, 0]);
        assert_eq!(PasswordEncoding::Ucs2.encode("a"), [0x61, 0]);
        assert_eq!(PasswordEncoding::Latin1.encode("é"), [0xE9]);
    }
}
