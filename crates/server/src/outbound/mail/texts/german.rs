//! The words of mails in German.

use super::{MailKind, Words, sender};

pub(super) const fn words(kind: MailKind) -> Words {
    match kind {
        MailKind::VerifyEmail => Words {
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
        MailKind::VerifyEmailByCode => Words {
            subject: concat!("Ihr Code für ", sender!(), ": {{ code }}"),
            lead: "Geben Sie diesen Code ein, um Ihre E-Mail-Adresse zu bestätigen.",
            action: "",
            note: "Wenn Sie kein Konto angelegt haben, können Sie diese E-Mail \
                ignorieren.",
        },
        MailKind::ResetEmail => Words {
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
        MailKind::ResetEmailByCode => Words {
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
        MailKind::WelcomeEmail => Words {
            subject: concat!("Willkommen bei ", sender!()),
            lead: "Ihr Konto ist bereit. Schön, dass Sie da sind.",
            action: "",
            note: "Bewahren Sie diese E-Mail auf, wenn Sie sich merken möchten, mit \
                welcher Adresse Sie sich angemeldet haben.",
        },
        MailKind::PasswordReset => Words {
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
        MailKind::BlockedAccount => Words {
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
        MailKind::StolenCredentials => Words {
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
        MailKind::EnrollmentEmail => Words {
            subject: "Schützen Sie Ihr Konto mit einem zweiten Schritt",
            lead: concat!(
                "Sie wurden gebeten, die Anmeldung bei Ihrem Konto bei ",
                sender!(),
                " um einen zweiten Schritt zu ergänzen."
            ),
            action: "Einrichten",
            note: "Der Link gilt einmal. Geben Sie ihn nicht weiter.",
        },
        MailKind::MfaOobCode => Words {
            subject: concat!("Ihr Anmeldecode für ", sender!(), ": {{ code }}"),
            lead: "Geben Sie diesen Code ein, um die Anmeldung abzuschließen.",
            action: "",
            note: "Wenn Sie sich gerade nicht anmelden, kennt jemand Ihr Passwort: \
                Bitte ändern Sie es.",
        },
        MailKind::UserInvitation => Words {
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
    }
}
