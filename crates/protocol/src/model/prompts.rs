//! Prompts: how the login pages ask, and what they say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{Document, Kind};

/// `prompts`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Prompts {
    /// Always [`Prompts::ID`].
    pub id: String,
    /// Whether the identifier is asked for before the password; absent: it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier_first: Option<bool>,
    /// Whether a device's own authenticator may stand for the password; absent: it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webauthn_platform_first_factor: Option<bool>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Prompts {
    /// The identifier of the one such document of a tenant; a tenant that changed nothing has none.
    pub const ID: &'static str = "prompts";
    /// What `identifier_first` means when it is absent.
    pub const IDENTIFIER_FIRST: bool = true;
}

impl Document for Prompts {
    const KIND: Kind = Kind {
        name: "prompts",
        id: "/id",
        unique: &[],
        links: &[],
        secrets: &[],
    };

    const OFTEN_ABSENT: bool = true;
}

/// Texts by screen and key.
pub type Screens = BTreeMap<String, BTreeMap<String, String>>;

/// `prompts/{prompt}/custom-text/{language}`: texts of the tenant's own, in one language.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct CustomText {
    /// [`CustomText::id`].
    pub id: String,
    /// By screen and by key of the text.
    #[serde(default)]
    pub screens: Screens,
}

impl CustomText {
    /// The identifier of the texts of `prompt` in `language`.
    pub fn id(prompt: &str, language: &str) -> String {
        format!("{prompt}/{language}")
    }
}

impl Document for CustomText {
    const KIND: Kind = Kind {
        name: "custom_text",
        id: "/id",
        unique: &[],
        links: &[],
        secrets: &[],
    };

    const OFTEN_ABSENT: bool = true;
}

/// `prompts/{prompt}/partials`: Liquid of the tenant's own for places on a screen.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct PromptPartials {
    /// The prompt.
    pub id: String,
    /// By screen and by place.
    #[serde(default)]
    pub screens: Screens,
}

impl Document for PromptPartials {
    const KIND: Kind = Kind {
        name: "prompt_partials",
        id: "/id",
        unique: &[],
        links: &[],
        secrets: &[],
    };

    const OFTEN_ABSENT: bool = true;
}
