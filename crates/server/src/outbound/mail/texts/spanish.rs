//! The words of mails in Spanish.

use super::{Words, WordsOfAll, sender};

pub(super) const WORDS: WordsOfAll = WordsOfAll {
    verify_email: Words {
        subject: "Confirme su dirección de correo",
        lead: concat!(
            "Confirme que esta es su dirección para poder usar ",
            sender!(),
            "."
        ),
        action: "Confirmar dirección",
        note: "Si no ha creado una cuenta, puede ignorar este correo.",
    },
    verify_email_by_code: Words {
        subject: concat!("Su código para ", sender!(), ": {{ code }}"),
        lead: "Introduzca este código para confirmar su dirección de correo.",
        action: "",
        note: "Si no ha creado una cuenta, puede ignorar este correo.",
    },
    reset_email: Words {
        subject: "Elija una nueva contraseña",
        lead: concat!(
            "Alguien, esperamos que usted, ha pedido una nueva contraseña para \
                su cuenta en ",
            sender!(),
            "."
        ),
        action: "Elegir una nueva contraseña",
        note: "Si no fue usted, puede ignorar este correo; su contraseña no \
                cambia.",
    },
    reset_email_by_code: Words {
        subject: "Su código para una nueva contraseña: {{ code }}",
        lead: concat!(
            "Introduzca este código para elegir una nueva contraseña para su \
                cuenta en ",
            sender!(),
            "."
        ),
        action: "",
        note: "Si no fue usted, puede ignorar este correo; su contraseña no \
                cambia.",
    },
    welcome_email: Words {
        subject: concat!("Le damos la bienvenida a ", sender!()),
        lead: "Su cuenta está lista. Nos alegra que esté aquí.",
        action: "",
        note: "Guarde este correo si quiere recordar con qué dirección se \
                registró.",
    },
    password_reset: Words {
        subject: "Su contraseña ha cambiado",
        lead: concat!(
            "La contraseña de su cuenta en ",
            sender!(),
            " acaba de cambiar."
        ),
        action: "",
        note: "Si no fue usted, elija enseguida una nueva contraseña y avísenos.",
    },
    account_deleted: Words {
        subject: "Su cuenta se ha eliminado",
        lead: concat!(
            "Su cuenta en ",
            sender!(),
            " se acaba de eliminar, como usted pidió."
        ),
        action: "",
        note: "Si no ha sido usted, avísenos de inmediato.",
    },
    blocked_account: Words {
        subject: "Su cuenta ha sido bloqueada",
        lead: concat!(
            "Varios intentos seguidos de entrar en su cuenta en ",
            sender!(),
            " han fallado. Hemos bloqueado los siguientes desde ese lugar."
        ),
        action: "Desbloquear la cuenta",
        note: "Si no fue usted, elija también una nueva contraseña.",
    },
    stolen_credentials: Words {
        subject: "Cambie su contraseña",
        lead: concat!(
            "La contraseña de su cuenta en ",
            sender!(),
            " ha aparecido en datos robados a otro sitio. Elija una nueva y no \
                use la anterior en ningún otro lugar."
        ),
        action: "",
        note: concat!(
            "Nadie ha entrado en ",
            sender!(),
            "; solo se conoce la contraseña."
        ),
    },
    enrollment_email: Words {
        subject: "Proteja su cuenta con un segundo paso",
        lead: concat!(
            "Se le pide que añada un segundo paso al inicio de sesión de su \
                cuenta en ",
            sender!(),
            "."
        ),
        action: "Configurarlo",
        note: "El enlace funciona una sola vez. No lo comparta.",
    },
    mfa_oob_code: Words {
        subject: concat!("Su código de acceso para ", sender!(), ": {{ code }}"),
        lead: "Introduzca este código para terminar de iniciar sesión.",
        action: "",
        note: "Si no está iniciando sesión ahora, alguien conoce su contraseña: \
                cámbiela.",
    },
    user_invitation: Words {
        subject: concat!("Su invitación a ", sender!()),
        lead: concat!(
            "{% if inviter.name %}{{ inviter.name }} le invita{% else %}Le \
                invitamos{% endif %} a unirse a{% if organization.display_name %} \
                {{ organization.display_name }} en{% endif %} ",
            sender!(),
            "."
        ),
        action: "Aceptar la invitación",
        note: "Si no espera una invitación, puede ignorar este correo.",
    },
    login_code: Words {
        subject: concat!("Su código para ", sender!(), ": {{ code }}"),
        lead: concat!(
            "Introduzca este código para iniciar sesión en ",
            sender!(),
            "."
        ),
        action: "",
        note: "El código sirve una sola vez y durante unos minutos. Si no quería \
                iniciar sesión, ignore este mensaje y no dé el código a nadie.",
    },
    login_link: Words {
        subject: concat!("Iniciar sesión en ", sender!()),
        lead: concat!(
            "Siga este enlace para iniciar sesión en ",
            sender!(),
            ", en el navegador en el que lo pidió."
        ),
        action: "Iniciar sesión",
        note: "El enlace sirve una sola vez y durante unos minutos. Si no quería \
                iniciar sesión, ignore este correo.",
    },
};
