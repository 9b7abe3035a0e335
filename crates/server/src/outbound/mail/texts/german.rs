//! The words of mails in German.

use super::{Words, WordsOfAll, sender};

pub(super) const WORDS: WordsOfAll = WordsOfAll {
    verify_email: Words {
        subject: "Bestätigen Sie Ihre E-Mail-Adresse",
        lead: concat!(
            "Bitte bestätigen Sie, dass dies Ihre Adresse ist, damit Sie ",
            sender!(),
            " nutzen können."
        ),
        action: "Adresse bestätigen",
        note: "Wenn Sie kein Konto angelegt haben, können Sie diese E-Mail \
                ignorieren.",
    },
    verify_email_by_code: Words {
        subject: concat!("Ihr Code für ", sender!(), ": {{ code }}"),
        lead: "Geben Sie diesen Code ein, um Ihre E-Mail-Adresse zu bestätigen.",
        action: "",
        note: "Wenn Sie kein Konto angelegt haben, können Sie diese E-Mail \
                ignorieren.",
    },
    reset_email: Words {
        subject: "Wählen Sie ein neues Passwort",
        lead: concat!(
            "Jemand, hoffentlich Sie, hat für Ihr Konto bei ",
            sender!(),
            " ein neues Passwort verlangt."
        ),
        action: "Neues Passwort wählen",
        note: "Wenn Sie das nicht waren, können Sie diese E-Mail ignorieren; Ihr \
                Passwort bleibt, wie es ist.",
    },
    reset_email_by_code: Words {
        subject: "Ihr Code für ein neues Passwort: {{ code }}",
        lead: concat!(
            "Geben Sie diesen Code ein, um für Ihr Konto bei ",
            sender!(),
            " ein neues Passwort zu wählen."
        ),
        action: "",
        note: "Wenn Sie das nicht waren, können Sie diese E-Mail ignorieren; Ihr \
                Passwort bleibt, wie es ist.",
    },
    welcome_email: Words {
        subject: concat!("Willkommen bei ", sender!()),
        lead: "Ihr Konto ist bereit. Schön, dass Sie da sind.",
        action: "",
        note: "Bewahren Sie diese E-Mail auf, wenn Sie sich merken möchten, mit \
                welcher Adresse Sie sich angemeldet haben.",
    },
    password_reset: Words {
        subject: "Ihr Passwort wurde geändert",
        lead: concat!(
            "Das Passwort Ihres Kontos bei ",
            sender!(),
            " wurde soeben geändert."
        ),
        action: "",
        note: "Wenn Sie das nicht waren, wählen Sie sofort ein neues Passwort \
                und sagen Sie uns Bescheid.",
    },
    account_deleted: Words {
        subject: "Ihr Konto wurde gelöscht",
        lead: concat!(
            "Ihr Konto bei ",
            sender!(),
            " wurde soeben auf Ihren Wunsch gelöscht."
        ),
        action: "",
        note: "Wenn Sie das nicht waren, sagen Sie uns bitte sofort Bescheid.",
    },
    blocked_account: Words {
        subject: "Ihr Konto wurde gesperrt",
        lead: concat!(
            "Mehrere Versuche hintereinander, sich bei Ihrem Konto bei ",
            sender!(),
            " anzumelden, sind gescheitert. Weitere von dort haben wir \
                gesperrt."
        ),
        action: "Konto entsperren",
        note: "Wenn Sie das nicht waren, wählen Sie auch ein neues Passwort.",
    },
    stolen_credentials: Words {
        subject: "Bitte ändern Sie Ihr Passwort",
        lead: concat!(
            "Das Passwort Ihres Kontos bei ",
            sender!(),
            " ist in Daten aufgetaucht, die einem anderen Dienst gestohlen \
                wurden. Wählen Sie ein neues und verwenden Sie das alte nirgends \
                mehr."
        ),
        action: "",
        note: concat!(
            "Bei ",
            sender!(),
            " wurde nicht eingebrochen; nur das Passwort ist bekannt."
        ),
    },
    enrollment_email: Words {
        subject: "Schützen Sie Ihr Konto mit einem zweiten Schritt",
        lead: concat!(
            "Sie wurden gebeten, die Anmeldung bei Ihrem Konto bei ",
            sender!(),
            " um einen zweiten Schritt zu ergänzen."
        ),
        action: "Einrichten",
        note: "Der Link gilt einmal. Geben Sie ihn nicht weiter.",
    },
    mfa_oob_code: Words {
        subject: concat!("Ihr Anmeldecode für ", sender!(), ": {{ code }}"),
        lead: "Geben Sie diesen Code ein, um die Anmeldung abzuschließen.",
        action: "",
        note: "Wenn Sie sich gerade nicht anmelden, kennt jemand Ihr Passwort: \
                Bitte ändern Sie es.",
    },
    user_invitation: Words {
        subject: concat!("Ihre Einladung zu ", sender!()),
        lead: concat!(
            "Sie sind{% if inviter.name %} von {{ inviter.name }}{% endif %} \
                eingeladen,{% if organization.display_name %} {{ \
                organization.display_name }} bei{% endif %} ",
            sender!(),
            " beizutreten."
        ),
        action: "Einladung annehmen",
        note: "Wenn Sie keine Einladung erwarten, können Sie diese E-Mail \
                ignorieren.",
    },
    login_code: Words {
        subject: concat!("Ihr Code für ", sender!(), ": {{ code }}"),
        lead: concat!(
            "Geben Sie diesen Code ein, um sich bei ",
            sender!(),
            " anzumelden."
        ),
        action: "",
        note: "Der Code gilt einmal und nur einige Minuten. Wenn Sie sich nicht \
                anmelden wollten, können Sie diese Nachricht ignorieren; geben Sie \
                den Code niemandem.",
    },
    login_link: Words {
        subject: concat!("Anmelden bei ", sender!()),
        lead: concat!(
            "Folgen Sie diesem Link, um sich bei ",
            sender!(),
            " anzumelden, und zwar in dem Browser, in dem Sie ihn angefordert haben."
        ),
        action: "Anmelden",
        note: "Der Link gilt einmal und nur einige Minuten. Wenn Sie sich nicht \
                anmelden wollten, können Sie diese E-Mail ignorieren.",
    },
};
