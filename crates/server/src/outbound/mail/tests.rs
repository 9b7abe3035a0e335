use super::*;

/// Every variable that the server's own words use.
fn variables() -> Value {
    json!({"application": {"name": "Orchard <3"}, "friendly_name": "Orchard", "code": "271828",
        "url": "https://login.orchard.test/u/verify?ticket=1&x=2", "inviter": {"name": "Bo"},
        "organization": {"display_name": "Growers"}, "support_email": "help@orchard.test",
        "mail": {"language": "en", "direction": "ltr", "color": "#112233", "text_color": "#ffffff"}})
}

fn filled(template: &str, escaping: Escaping) -> String {
    let now = grantor_protocol::env::Timestamp::from_seconds(0);
    let template = Template::parse(template).unwrap();
    template.render(&variables(), escaping, now).unwrap()
}

#[test]
fn j17_every_mail_has_words_in_every_language() {
    for kind in MailKind::ALL {
        assert_eq!(MailKind::named(kind.template()), Some(kind));
        let english = words(kind, Language::English);
        for language in Language::ALL {
            let words = words(kind, language);
            let source = own_template(kind, language);
            let subject = filled(&source.subject, Escaping::None);
            let html = filled(&source.body, Escaping::Html);
            let text = text_of(&html);
            assert_eq!(!words.action.is_empty(), kind.has_link());
            assert_eq!(words.subject.contains("{{ code }}"), kind.has_code());
            for (own, english) in [
                (words.subject, english.subject),
                (words.lead, english.lead),
                (words.note, english.note),
            ] {
                let uses = |name: &str| (own.contains(name), english.contains(name));
                for name in ["{{ code }}", "inviter.name", "organization.display_name"] {
                    let (own, english) = uses(name);
                    assert_eq!(own, english, "{name} {kind:?} {language:?}");
                }
                assert!(language == Language::English || own != english, "{own}");
            }
            assert!(!subject.is_empty() && !subject.contains("{{"), "{subject}");
            for left in [
                "{{",
                "%subject%",
                "%heading%",
                "%lead%",
                "%action%",
                "%note%",
            ] {
                assert!(!html.contains(left), "{left} in {html}");
            }
            assert!(!html.contains("<3"), "{html}");
            assert!(html.contains("href=\"https://login.orchard.test/u/verify?ticket=1&amp;x=2\""));
            assert!(
                text.contains("ticket=1&x=2") && !text.contains("</"),
                "{text}"
            );
        }
    }
}

#[test]
fn the_heading_does_not_repeat_the_code() {
    for language in Language::ALL {
        let source = own_template(MailKind::MfaOobCode, language);
        let html = filled(&source.body, Escaping::Html);
        let (_, heading) = html.split_once("<h1").unwrap();
        let (heading, _) = heading.split_once("</h1>").unwrap();
        assert!(!heading.contains("271828"), "{heading}");
        assert!(!heading.ends_with([':', '：', ' ']), "{heading}");
        assert!(filled(&source.subject, Escaping::None).contains("271828"));
    }
}

#[test]
fn the_mailbox_is_there_by_itself_only_where_nobody_else_can_ask() {
    let mailbox = |settings: &[(&str, toml::Value)]| {
        let mut values = crate::config::Values::default();
        for (key, value) in settings {
            values.set(key, value.clone(), "the test").unwrap();
        }
        values.into_config("x".into()).mail.mailbox
    };
    let (hosts, proxies) = (
        ("server.hosts", toml::Value::Array(vec!["a.test".into()])),
        (
            "server.trusted_proxies",
            toml::Value::Array(vec!["127.0.0.1".into()]),
        ),
    );
    let open = ("server.listen", toml::Value::from("0.0.0.0:443"));
    assert!(mailbox(&[]));
    for settings in [hosts.clone(), proxies, open.clone()] {
        let is_there = mailbox(std::slice::from_ref(&settings));
        assert!(!is_there, "{settings:?}");
    }
    assert!(mailbox(&[hosts, ("mail.mailbox", true.into())]));
    assert!(!mailbox(&[("mail.mailbox", false.into())]));
}
