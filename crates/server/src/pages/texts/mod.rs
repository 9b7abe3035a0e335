//! What the pages say, in every language.
//!
//! A text is a variant of [`Text`]; each language is a `match` over it, so that a text that is missing in one language does
//! not compile. Variables are written as in the vendor's custom texts, `${clientName}`.

/// All texts in one language: a function that is a `match`, so that it is complete.
macro_rules! translation {
    ($language:ident: $($name:ident = $text:literal;)+) => {
        pub(super) const fn $language(text: Text) -> &'static str {
            match text {
                $(Text::$name => $text,)+
            }
        }
    };
}

mod ar;
mod de;
mod english;
mod es;
mod fr;
mod ja;
mod pt_br;

pub use english::Text;

use super::language::Language;

impl Text {
    /// The text as it is written in `language`, with its variables still in it.
    pub const fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english(),
            Language::German => de::german(self),
            Language::French => fr::french(self),
            Language::Spanish => es::spanish(self),
            Language::Japanese => ja::japanese(self),
            Language::BrazilianPortuguese => pt_br::portuguese(self),
            Language::Arabic => ar::arabic(self),
        }
    }
}

/// `template` with `${name}` replaced by what `value` says of the name; what it does not know is left out.
///
/// The values are not looked at again: a name that contains a variable is just a name.
pub(super) fn fill<'a>(template: &str, value: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        let Some((name, remainder)) = after.split_once('}') else {
            rest = after;
            break;
        };
        filled.push_str(value(name.trim()).unwrap_or_default());
        rest = remainder;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn variables(text: &str) -> BTreeSet<&str> {
        let parts = text.split("${").skip(1);
        parts
            .filter_map(|part| Some(part.split_once('}')?.0))
            .collect()
    }

    #[test]
    fn every_text_has_the_same_variables_in_every_language() {
        for text in Text::ALL {
            let english = variables(text.english());
            for language in Language::ALL {
                let spoken = text.in_language(language);
                assert!(!spoken.is_empty(), "{text:?} in {}", language.tag());
                let same = variables(spoken) == english;
                // Only English names the resource a second time; elsewhere it would have to be declined.
                let may_differ = matches!(text, Text::ConsentActions);
                assert!(
                    same || may_differ,
                    "{text:?} in {}: {spoken}",
                    language.tag()
                );
            }
        }
    }

    #[test]
    fn languages_are_translated() {
        for language in Language::ALL.into_iter().skip(1) {
            let same = |text: &&Text| text.in_language(language) == text.english();
            let same: Vec<&Text> = Text::ALL.iter().filter(same).collect();
            // Some words are the same in two languages.
            assert!(same.len() < 4, "{}: {same:?} are English", language.tag());
        }
    }

    #[test]
    fn variables_are_filled_once() {
        let value = |name: &str| match name {
            "clientName" => Some("${companyName}"),
            "companyName" => Some("Orchard"),
            _ => None,
        };
        for (template, expected) in [
            (
                "a ${clientName} b ${ companyName }",
                "a ${companyName} b Orchard",
            ),
            ("${unknown}!", "!"),
            ("open ${companyName", "open companyName"),
            ("$ {companyName}", "$ {companyName}"),
            ("", ""),
        ] {
            assert_eq!(fill(template, value), expected);
        }
    }
}
