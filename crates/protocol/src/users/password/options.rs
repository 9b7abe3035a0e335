//! The settings of a connection about passwords, in the older and the newer form of the compatible API.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What `options` says of passwords.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct PasswordOptions {
    /// The level; superseded by `password_options`.
    #[serde(
        rename = "passwordPolicy",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub policy: Option<Policy>,
    /// The older way to ask for a length.
    #[serde(
        rename = "password_complexity_options",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub complexity: Option<MinLength>,
    /// The older way to ask for a history.
    #[serde(
        rename = "password_history",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub history: Option<PasswordHistory>,
    /// The older way to refuse personal data.
    #[serde(
        rename = "password_no_personal_info",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub no_personal_info: Option<Enabled>,
    /// The older way to refuse common passwords.
    #[serde(
        rename = "password_dictionary",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub dictionary: Option<PasswordDictionary>,
    /// The newer form of all of it; if present, the older ones are not read.
    #[serde(
        rename = "password_options",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub newer: Option<NewerOptions>,
}

/// `passwordPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Anything but nothing.
    None,
    /// 6 characters.
    Low,
    /// 8 characters, a lower-case and an upper-case letter, a number.
    Fair,
    /// 8 characters of three types.
    Good,
    /// 10 characters of three types, no three equal ones in a row.
    Excellent,
}

/// `password_complexity_options`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct MinLength {
    /// Fewest characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<usize>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `{"enable": …}`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Enabled {
    /// Whether it is switched on.
    pub enable: bool,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `password_history`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct PasswordHistory {
    /// Whether it is switched on.
    pub enable: bool,
    /// How many earlier passwords are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `password_dictionary`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct PasswordDictionary {
    /// Whether it is switched on.
    pub enable: bool,
    /// The tenant's own words.
    #[serde(default)]
    pub dictionary: Vec<String>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `password_options`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct NewerOptions {
    /// Length and characters.
    #[serde(default)]
    pub complexity: Complexity,
    /// Common passwords.
    #[serde(default)]
    pub dictionary: Dictionary,
    /// Earlier passwords.
    #[serde(default)]
    pub history: History,
    /// Personal data.
    #[serde(default)]
    pub profile_data: ProfileData,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `password_options.complexity`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Complexity {
    /// Fewest characters; absent means 15.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<usize>,
    /// Types that have to occur.
    #[serde(default)]
    pub character_types: Vec<CharacterType>,
    /// All of them, or three of the four.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub character_type_rule: Option<CharacterTypeRule>,
    /// Three equal characters in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identical_characters: Option<Permission>,
    /// Three characters in a row such as `abc` or `321`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequential_characters: Option<Permission>,
    /// What is done with more than 72 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length_exceeded: Option<MaxLengthExceeded>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A type of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CharacterType {
    /// a-z
    Lowercase,
    /// A-Z
    Uppercase,
    /// 0-9
    Number,
    /// Anything else.
    Special,
}

/// How many types have to occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CharacterTypeRule {
    /// All that are named.
    All,
    /// Three of the four.
    ThreeOfFour,
}

/// Whether something may occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// It may.
    Allow,
    /// It may not.
    Block,
}

/// What is done with more than 72 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxLengthExceeded {
    /// They are accepted. DEVIATION: the vendor ignores what comes after; we hash all of it, so that no two passwords are
    /// one. Test: `a_long_password_is_refused_or_kept_whole`.
    Truncate,
    /// They are refused.
    Error,
}

/// `password_options.dictionary`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Dictionary {
    /// Whether it is switched on.
    #[serde(default)]
    pub active: bool,
    /// The tenant's own words.
    #[serde(default)]
    pub custom: Vec<String>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `password_options.history`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct History {
    /// Whether it is switched on.
    #[serde(default)]
    pub active: bool,
    /// How many earlier passwords are refused; absent means 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `password_options.profile_data`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ProfileData {
    /// Whether it is switched on.
    #[serde(default)]
    pub active: bool,
    /// Which parts of the profile may not occur; absent means the usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_fields: Option<Vec<String>>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}
