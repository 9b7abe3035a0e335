//! The decision on a new password.

use super::{
    dictionary, options::PasswordOptions, options::Policy, personal, refusal::PasswordRefusal,
    strength::Strength,
};
use crate::users::user::User;

/// Earlier passwords that are refused if the connection does not say how many.
const HISTORY: usize = 3;

/// Most earlier passwords that are kept.
const MAX_HISTORY: usize = 24;

/// What a connection demands of passwords.
#[derive(Clone, Debug)]
pub struct PasswordPolicy {
    strength: Strength,
    dictionary: Option<Vec<String>>,
    personal: Option<Vec<String>>,
    history: Option<usize>,
}

impl PasswordPolicy {
    /// The policy that options describe. Without any, it is that of the level `good`, as the vendor's is.
    pub fn new(options: &PasswordOptions) -> Self {
        let bounded = |size: Option<usize>| size.unwrap_or(HISTORY).clamp(1, MAX_HISTORY);
        if let Some(newer) = &options.newer {
            return Self {
                strength: Strength::of_complexity(&newer.complexity),
                dictionary: newer
                    .dictionary
                    .active
                    .then(|| newer.dictionary.custom.clone()),
                personal: newer.profile_data.active.then(|| {
                    let fields = newer.profile_data.blocked_fields.clone();
                    fields.unwrap_or_else(personal::usual)
                }),
                history: newer.history.active.then(|| bounded(newer.history.size)),
            };
        }
        let length = options
            .complexity
            .as_ref()
            .and_then(|complexity| complexity.min_length);
        let dictionary = options
            .dictionary
            .as_ref()
            .filter(|dictionary| dictionary.enable);
        let no_personal = options
            .no_personal_info
            .as_ref()
            .filter(|wanted| wanted.enable);
        let history = options.history.as_ref().filter(|history| history.enable);
        Self {
            strength: Strength::of_level(options.policy.unwrap_or(Policy::Good), length),
            dictionary: dictionary.map(|dictionary| dictionary.dictionary.clone()),
            personal: no_personal.map(|_| personal::usual()),
            // The older setting keeps five if it does not say.
            history: history.map(|history| bounded(history.size.or(Some(5)))),
        }
    }

    /// How many earlier passwords must differ from a new one; `None` if any may be used again.
    pub fn history(&self) -> Option<usize> {
        self.history
    }

    /// The rules of strength, as a page shows them before anything was typed.
    pub fn rules(&self) -> PasswordRefusal {
        PasswordRefusal::Weak(self.strength.verify(""))
    }

    /// Decides on a new password of a user, who has the profile that it will have with it.
    ///
    /// # Errors
    /// Why it is refused. That it was used before is not known here: see [`Self::history`].
    pub fn decide(&self, password: &str, user: &User) -> Result<(), PasswordRefusal> {
        let rules = self.strength.verify(password);
        if !rules.iter().all(|rule| rule.verified) {
            return Err(PasswordRefusal::Weak(rules));
        }
        if let Some(custom) = &self.dictionary
            && dictionary::contains(password, custom)
        {
            return Err(PasswordRefusal::Common);
        }
        if let Some(fields) = &self.personal
            && personal::occurs(password, user, fields)
        {
            return Err(PasswordRefusal::Personal);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        env::Timestamp,
        users::{Identity, UserId},
    };

    fn policy(options: Value) -> PasswordPolicy {
        PasswordPolicy::new(&serde_json::from_value(options).unwrap())
    }

    fn ada() -> User {
        let id = UserId::parse("auth0|1").unwrap();
        let mut user = User::new(
            id.clone(),
            Identity::database("db", &id),
            Timestamp::default(),
        );
        user.email = Some("countess@example.test".to_owned());
        user.name = Some("Ada Lovelace".to_owned());
        user.username = Some("bo".to_owned());
        user.phone_number = Some("+15551234".to_owned());
        user.user_metadata = json!({"first": "Augusta", "pet": "Puff"})
            .as_object()
            .cloned();
        user
    }

    fn decide(options: &Value, password: &str) -> Result<(), PasswordRefusal> {
        policy(options.clone()).decide(password, &ada())
    }

    fn unkept(refusal: &PasswordRefusal) -> Vec<&'static str> {
        match refusal {
            PasswordRefusal::Weak(rules) => rules
                .iter()
                .filter(|rule| !rule.verified)
                .map(|rule| rule.code)
                .collect(),
            _ => vec![],
        }
    }

    #[test]
    fn j3_3_each_level_accepts_and_refuses_the_samples_of_its_rules() {
        for (level, good, bad) in [
            ("none", &["x", " "][..], &[("", "nonEmpty")][..]),
            (
                "low",
                &["abcdef", "ääääää"],
                &[("abcde", "lengthAtLeast"), ("", "lengthAtLeast")],
            ),
            (
                "fair",
                &["abcdeFG1"],
                &[
                    ("abcdF1", "lengthAtLeast"),
                    ("abcdefg1", "shouldContain"),
                    ("ABCDEFG1", "shouldContain"),
                    ("abcdeFGH", "shouldContain"),
                ],
            ),
            (
                "good",
                &["abcdeFG1", "abcdef1!", "ABCDEF1!", "abcdeFG!"],
                &[
                    ("aB1!", "lengthAtLeast"),
                    ("abcdefg1", "containsAtLeast"),
                    ("abcdefgh", "containsAtLeast"),
                ],
            ),
            (
                "excellent",
                &["abcdefgH1x", "aabbccDD11!"],
                &[
                    ("abcdeFG1!", "lengthAtLeast"),
                    ("abcdefghi1", "containsAtLeast"),
                    ("aaabcdeFG1", "identicalChars"),
                    ("abcdeFG!!!1", "identicalChars"),
                ],
            ),
        ] {
            let options = json!({"passwordPolicy": level});
            for password in good {
                assert_eq!(decide(&options, password), Ok(()), "{level} {password}");
            }
            for (password, code) in bad {
                let refusal = decide(&options, password).unwrap_err();
                assert_eq!(unkept(&refusal), [*code], "{level} {password}");
            }
        }
    }

    #[test]
    fn a_level_that_is_not_set_is_good_and_a_length_replaces_that_of_the_level() {
        for options in [json!({}), json!({"passwordPolicy": null})] {
            assert!(decide(&options, "abcdefg1").is_err());
            assert_eq!(decide(&options, "abcdeFG1"), Ok(()));
        }
        let options =
            json!({"passwordPolicy": "low", "password_complexity_options": {"min_length": 12}});
        assert!(decide(&options, "abcdefghijk").is_err());
        assert_eq!(decide(&options, "abcdefghijkl"), Ok(()));
    }

    #[test]
    fn a_refusal_has_the_body_that_clients_read() {
        let refusal = decide(&json!({"passwordPolicy": "good"}), "abcdefgh").unwrap_err();
        let item = |message: &str, code: &str, verified: bool| json!({"message": message, "code": code, "verified": verified});
        let expected = json!({
            "name": "PasswordStrengthError", "message": "Password is too weak", "code": "invalid_password",
            "description": {"rules": [
                {"message": "At least %d characters in length", "format": [8], "code": "lengthAtLeast", "verified": true},
                {"message": "Contain at least %d of the following %d types of characters:", "code": "containsAtLeast",
                 "format": [3, 4],
                 "items": [item("lower case letters (a-z)", "lowerCase", true),
                           item("upper case letters (A-Z)", "upperCase", false),
                           item("numbers (i.e. 0-9)", "numbers", false),
                           item("special characters (e.g. !@#$%^&*)", "specialCharacters", false)],
                 "verified": false}], "verified": false},
            "policy": "* At least 8 characters in length\n* Contain at least 3 of the following 4 types of characters:\n \
                       * lower case letters (a-z)\n * upper case letters (A-Z)\n * numbers (i.e. 0-9)\n \
                       * special characters (e.g. !@#$%^&*)",
            "statusCode": 400});
        assert_eq!(refusal.body(), expected);
        assert_eq!(
            refusal.management_message(),
            "PasswordStrengthError: Password is too weak"
        );
        let excellent = policy(json!({"passwordPolicy": "excellent"}))
            .rules()
            .policy()
            .unwrap();
        assert!(excellent.ends_with(
            "* No more than 2 identical characters in a row (e.g., \"aaa\" not allowed)"
        ));
    }

    #[test]
    fn the_other_refusals_have_their_names_and_codes() {
        for (refusal, name, code, message) in [
            (
                PasswordRefusal::Common,
                "PasswordDictionaryError",
                "password_dictionary_error",
                "Password is too common",
            ),
            (
                PasswordRefusal::Personal,
                "PasswordNoUserInfoError",
                "password_no_user_info_error",
                "Password contains user information",
            ),
            (
                PasswordRefusal::Reused,
                "PasswordHistoryError",
                "invalid_password",
                "Password has previously been used",
            ),
        ] {
            let expected = json!({"name": name, "message": message, "code": code, "description": message, "statusCode": 400});
            assert_eq!(refusal.body(), expected);
        }
    }

    #[test]
    fn common_passwords_and_the_tenants_own_words_are_refused_where_asked() {
        let options = json!({"passwordPolicy": "none",
                             "password_dictionary": {"enable": true, "dictionary": ["Initech"]}});
        for password in [
            "password",
            "PASSWORD",
            "Password1",
            "dragon2024!",
            "qwerty",
            "123456",
            "initech",
            "INITECH99",
        ] {
            assert_eq!(
                decide(&options, password),
                Err(PasswordRefusal::Common),
                "{password}"
            );
            assert_eq!(decide(&json!({"passwordPolicy": "none"}), password), Ok(()));
        }
        for password in [
            "correct horse battery staple",
            "passwordless times",
            "initech rules",
            "dragon20245",
        ] {
            assert_eq!(decide(&options, password), Ok(()), "{password}");
        }
    }

    #[test]
    fn personal_data_are_refused_where_asked() {
        let options =
            json!({"passwordPolicy": "none", "password_no_personal_info": {"enable": true}});
        for password in [
            "xLoVeLaCex",
            "ada-1",
            "the countess",
            "+15551234",
            "my 15551234",
            "augusta",
        ] {
            assert_eq!(
                decide(&options, password),
                Err(PasswordRefusal::Personal),
                "{password}"
            );
        }
        // Of the username there are two letters, of the domain nothing counts, and the pet is not looked at.
        for password in ["bobbin", "example", "puff"] {
            assert_eq!(decide(&options, password), Ok(()), "{password}");
        }
        let named = json!({"password_options": {"complexity": {"min_length": 1},
            "profile_data": {"active": true, "blocked_fields": ["user_metadata.pet", "phone"]}}});
        assert_eq!(decide(&named, "puffy"), Err(PasswordRefusal::Personal));
        assert_eq!(decide(&named, "+15551234"), Err(PasswordRefusal::Personal));
        assert_eq!(decide(&named, "lovelace"), Ok(()));
    }

    #[test]
    fn the_newer_options_replace_the_level() {
        let complexity = |value: Value| json!({"passwordPolicy": "low", "password_options": {"complexity": value}});
        let strict = json!({"min_length": 8, "character_types": ["uppercase", "special"],
                            "identical_characters": "block", "sequential_characters": "block"});
        for (options, password, code) in [
            (json!({}), "abcdefghijklmn", Some("lengthAtLeast")),
            (json!({}), "abcdefghijklmno", None),
            (strict.clone(), "kangaroo!", Some("shouldContain")),
            (strict.clone(), "Kangarooo!", Some("identicalChars")),
            (strict.clone(), "Kangabc!", Some("sequentialChars")),
            (strict.clone(), "Kangar321!", Some("sequentialChars")),
            (strict.clone(), "Kangaroo!", None),
            (strict, "K!\"#$%abq", None),
            (
                json!({"min_length": 8, "character_type_rule": "three_of_four"}),
                "kangaroo1",
                Some("containsAtLeast"),
            ),
            (
                json!({"min_length": 8, "character_type_rule": "three_of_four"}),
                "Kangaroo1",
                None,
            ),
        ] {
            let decision = decide(&complexity(options), password);
            let codes = decision.as_ref().err().map(unkept).unwrap_or_default();
            assert_eq!(codes, Vec::from_iter(code), "{password}");
        }
    }

    #[test]
    fn a_long_password_is_refused_or_kept_whole() {
        let long = "kW9-".repeat(20);
        let options = |exceeded: &str| json!({"password_options": {"complexity": {"max_length_exceeded": exceeded}}});
        assert_eq!(
            unkept(&decide(&options("error"), &long).unwrap_err()),
            ["maxLength"]
        );
        assert_eq!(decide(&options("truncate"), &long), Ok(()));
        assert_eq!(decide(&json!({"passwordPolicy": "good"}), &long), Ok(()));
    }

    #[test]
    fn the_history_is_as_long_as_it_is_asked_for_and_bounded() {
        for (options, expected) in [
            (json!({}), None),
            (
                json!({"password_history": {"enable": false, "size": 5}}),
                None,
            ),
            (
                json!({"password_history": {"enable": true, "size": 7}}),
                Some(7),
            ),
            (json!({"password_history": {"enable": true}}), Some(5)),
            (
                json!({"password_history": {"enable": true, "size": 1000}}),
                Some(24),
            ),
            (
                json!({"password_options": {"history": {"active": true}}}),
                Some(3),
            ),
            (
                json!({"password_options": {"history": {"active": true, "size": 10}}}),
                Some(10),
            ),
        ] {
            assert_eq!(policy(options.clone()).history(), expected, "{options}");
        }
    }

    proptest! {
        #[test]
        fn every_password_is_decided_on(password in "\\PC{0,100}", level in 0..5_usize) {
            let level = ["none", "low", "fair", "good", "excellent"][level];
            let options = json!({"passwordPolicy": level, "password_no_personal_info": {"enable": true},
                                 "password_dictionary": {"enable": true}});
            if let Err(PasswordRefusal::Weak(rules)) = decide(&options, &password) {
                prop_assert!(rules.iter().any(|rule| !rule.verified));
            }
        }
    }
}
