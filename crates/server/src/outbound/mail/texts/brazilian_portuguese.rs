//! The words of mails in Brazilian Portuguese.

use super::{Words, WordsOfAll, sender};

pub(super) const WORDS: WordsOfAll = WordsOfAll {
    verify_email: Words {
        subject: "Confirme seu endereço de e-mail",
        lead: concat!(
            "Confirme que este endereço é seu para poder usar ",
            sender!(),
            "."
        ),
        action: "Confirmar endereço",
        note: "Se você não criou uma conta, pode ignorar este e-mail.",
    },
    verify_email_by_code: Words {
        subject: concat!("Seu código para ", sender!(), ": {{ code }}"),
        lead: "Digite este código para confirmar seu endereço de e-mail.",
        action: "",
        note: "Se você não criou uma conta, pode ignorar este e-mail.",
    },
    reset_email: Words {
        subject: "Escolha uma nova senha",
        lead: concat!(
            "Alguém, esperamos que você, pediu uma nova senha para sua conta \
                em ",
            sender!(),
            "."
        ),
        action: "Escolher uma nova senha",
        note: "Se não foi você, pode ignorar este e-mail; sua senha continua a \
                mesma.",
    },
    reset_email_by_code: Words {
        subject: "Seu código para uma nova senha: {{ code }}",
        lead: concat!(
            "Digite este código para escolher uma nova senha para sua conta em ",
            sender!(),
            "."
        ),
        action: "",
        note: "Se não foi você, pode ignorar este e-mail; sua senha continua a \
                mesma.",
    },
    welcome_email: Words {
        subject: concat!("Boas-vindas a ", sender!()),
        lead: "Sua conta está pronta. É bom ter você aqui.",
        action: "",
        note: "Guarde este e-mail se quiser lembrar com qual endereço se \
                cadastrou.",
    },
    password_reset: Words {
        subject: "Sua senha foi alterada",
        lead: concat!(
            "A senha da sua conta em ",
            sender!(),
            " acabou de ser alterada."
        ),
        action: "",
        note: "Se não foi você, escolha uma nova senha imediatamente e avise-nos.",
    },
    account_deleted: Words {
        subject: "Sua conta foi excluída",
        lead: concat!(
            "Sua conta em ",
            sender!(),
            " acaba de ser excluída, como você pediu."
        ),
        action: "",
        note: "Se não foi você, avise-nos imediatamente.",
    },
    blocked_account: Words {
        subject: "Sua conta foi bloqueada",
        lead: concat!(
            "Várias tentativas seguidas de entrar na sua conta em ",
            sender!(),
            " falharam. Bloqueamos as próximas vindas do mesmo lugar."
        ),
        action: "Desbloquear a conta",
        note: "Se não foi você, escolha também uma nova senha.",
    },
    stolen_credentials: Words {
        subject: "Altere sua senha",
        lead: concat!(
            "A senha da sua conta em ",
            sender!(),
            " apareceu em dados roubados de outro site. Escolha uma nova e não \
                use a antiga em nenhum outro lugar."
        ),
        action: "",
        note: concat!(
            "Ninguém invadiu ",
            sender!(),
            "; apenas a senha é conhecida."
        ),
    },
    enrollment_email: Words {
        subject: "Proteja sua conta com uma segunda etapa",
        lead: concat!(
            "Pedimos que você adicione uma segunda etapa ao login da sua conta \
                em ",
            sender!(),
            "."
        ),
        action: "Configurar",
        note: "O link funciona uma única vez. Não o repasse.",
    },
    mfa_oob_code: Words {
        subject: concat!("Seu código de login para ", sender!(), ": {{ code }}"),
        lead: "Digite este código para concluir o login.",
        action: "",
        note: "Se você não está entrando agora, alguém conhece sua senha: \
                altere-a.",
    },
    user_invitation: Words {
        subject: concat!("Seu convite para ", sender!()),
        lead: concat!(
            "Você recebeu um convite{% if inviter.name %} de {{ inviter.name \
                }}{% endif %} para participar de{% if organization.display_name \
                %} {{ organization.display_name }} em{% endif %} ",
            sender!(),
            "."
        ),
        action: "Aceitar o convite",
        note: "Se você não espera um convite, pode ignorar este e-mail.",
    },
    login_code: Words {
        subject: concat!("Seu código para ", sender!(), ": {{ code }}"),
        lead: concat!("Digite este código para entrar em ", sender!(), "."),
        action: "",
        note: "O código vale uma única vez e por alguns minutos. Se você não \
                queria entrar, ignore esta mensagem e não passe o código a \
                ninguém.",
    },
    login_link: Words {
        subject: concat!("Entrar em ", sender!()),
        lead: concat!(
            "Siga este link para entrar em ",
            sender!(),
            ", no navegador em que você o pediu."
        ),
        action: "Entrar",
        note: "O link vale uma única vez e por alguns minutos. Se você não queria \
                entrar, ignore este e-mail.",
    },
};
