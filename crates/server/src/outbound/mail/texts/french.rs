//! The words of mails in French.

use super::{Words, WordsOfAll, sender};

pub(super) const WORDS: WordsOfAll = WordsOfAll {
    verify_email: Words {
        subject: "Confirmez votre adresse e-mail",
        lead: concat!(
            "Veuillez confirmer que cette adresse est la vôtre afin de pouvoir \
                utiliser ",
            sender!(),
            "."
        ),
        action: "Confirmer l’adresse",
        note: "Si vous n’avez pas créé de compte, vous pouvez ignorer cet e-mail.",
    },
    verify_email_by_code: Words {
        subject: concat!("Votre code pour ", sender!(), " : {{ code }}"),
        lead: "Saisissez ce code pour confirmer votre adresse e-mail.",
        action: "",
        note: "Si vous n’avez pas créé de compte, vous pouvez ignorer cet e-mail.",
    },
    reset_email: Words {
        subject: "Choisissez un nouveau mot de passe",
        lead: concat!(
            "Quelqu’un, vous sans doute, a demandé un nouveau mot de passe \
                pour votre compte chez ",
            sender!(),
            "."
        ),
        action: "Choisir un nouveau mot de passe",
        note: "Si ce n’était pas vous, vous pouvez ignorer cet e-mail ; votre \
                mot de passe reste inchangé.",
    },
    reset_email_by_code: Words {
        subject: "Votre code pour un nouveau mot de passe : {{ code }}",
        lead: concat!(
            "Saisissez ce code pour choisir un nouveau mot de passe pour votre \
                compte chez ",
            sender!(),
            "."
        ),
        action: "",
        note: "Si ce n’était pas vous, vous pouvez ignorer cet e-mail ; votre \
                mot de passe reste inchangé.",
    },
    welcome_email: Words {
        subject: concat!("Bienvenue chez ", sender!()),
        lead: "Votre compte est prêt. Nous sommes heureux de vous accueillir.",
        action: "",
        note: "Conservez cet e-mail pour vous souvenir de l’adresse avec \
                laquelle vous vous êtes inscrit.",
    },
    password_reset: Words {
        subject: "Votre mot de passe a été modifié",
        lead: concat!(
            "Le mot de passe de votre compte chez ",
            sender!(),
            " vient d’être modifié."
        ),
        action: "",
        note: "Si ce n’était pas vous, choisissez immédiatement un nouveau mot \
                de passe et prévenez-nous.",
    },
    account_deleted: Words {
        subject: "Votre compte a été supprimé",
        lead: concat!(
            "Votre compte chez ",
            sender!(),
            " vient d’être supprimé, à votre demande."
        ),
        action: "",
        note: "Si ce n’était pas vous, prévenez-nous immédiatement.",
    },
    blocked_account: Words {
        subject: "Votre compte a été bloqué",
        lead: concat!(
            "Plusieurs tentatives de connexion à votre compte chez ",
            sender!(),
            " ont échoué de suite. Nous avons bloqué les suivantes provenant \
                du même endroit."
        ),
        action: "Débloquer le compte",
        note: "Si ce n’était pas vous, choisissez aussi un nouveau mot de passe.",
    },
    stolen_credentials: Words {
        subject: "Veuillez changer de mot de passe",
        lead: concat!(
            "Le mot de passe de votre compte chez ",
            sender!(),
            " figure dans des données volées à un autre site. Choisissez-en un \
                nouveau et n’utilisez plus l’ancien nulle part."
        ),
        action: "",
        note: concat!(
            "Personne n’est entré chez ",
            sender!(),
            " ; seul le mot de passe est connu."
        ),
    },
    enrollment_email: Words {
        subject: "Protégez votre compte par une seconde étape",
        lead: concat!(
            "Il vous est demandé d’ajouter une seconde étape à la connexion à \
                votre compte chez ",
            sender!(),
            "."
        ),
        action: "Configurer",
        note: "Le lien ne fonctionne qu’une fois. Ne le transmettez pas.",
    },
    mfa_oob_code: Words {
        subject: concat!("Votre code de connexion pour ", sender!(), " : {{ code }}"),
        lead: "Saisissez ce code pour terminer la connexion.",
        action: "",
        note: "Si vous ne vous connectez pas en ce moment, quelqu’un connaît \
                votre mot de passe : veuillez le changer.",
    },
    user_invitation: Words {
        subject: concat!("Votre invitation chez ", sender!()),
        lead: concat!(
            "Vous êtes invité{% if inviter.name %} par {{ inviter.name }}{% \
                endif %} à rejoindre{% if organization.display_name %} {{ \
                organization.display_name }} chez{% endif %} ",
            sender!(),
            "."
        ),
        action: "Accepter l’invitation",
        note: "Si vous n’attendez pas d’invitation, vous pouvez ignorer cet \
                e-mail.",
    },
    login_code: Words {
        subject: concat!("Votre code pour ", sender!(), " : {{ code }}"),
        lead: concat!("Saisissez ce code pour vous connecter à ", sender!(), "."),
        action: "",
        note: "Le code sert une seule fois et pendant quelques minutes. Si vous \
                ne vouliez pas vous connecter, ignorez ce message et ne donnez le \
                code à personne.",
    },
    login_link: Words {
        subject: concat!("Connexion à ", sender!()),
        lead: concat!(
            "Suivez ce lien pour vous connecter à ",
            sender!(),
            ", dans le navigateur où vous l'avez demandé."
        ),
        action: "Se connecter",
        note: "Le lien sert une seule fois et pendant quelques minutes. Si vous \
                ne vouliez pas vous connecter, ignorez cet e-mail.",
    },
};
