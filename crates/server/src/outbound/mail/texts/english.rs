//! The words of mails in English.

use super::{Words, WordsOfAll, sender};

pub(super) const WORDS: WordsOfAll = WordsOfAll {
    verify_email: Words {
        subject: "Confirm your e-mail address",
        lead: concat!(
            "Please confirm that this is your address, so that you can use ",
            sender!(),
            "."
        ),
        action: "Confirm address",
        note: "If you did not create an account, you can ignore this e-mail.",
    },
    verify_email_by_code: Words {
        subject: concat!("Your code for ", sender!(), ": {{ code }}"),
        lead: "Enter this code to confirm your e-mail address.",
        action: "",
        note: "If you did not create an account, you can ignore this e-mail.",
    },
    reset_email: Words {
        subject: "Choose a new password",
        lead: concat!(
            "Somebody, hopefully you, asked for a new password for your \
                account at ",
            sender!(),
            "."
        ),
        action: "Choose a new password",
        note: "If it was not you, you can ignore this e-mail; your password \
                stays as it is.",
    },
    reset_email_by_code: Words {
        subject: "Your code for a new password: {{ code }}",
        lead: concat!(
            "Enter this code to choose a new password for your account at ",
            sender!(),
            "."
        ),
        action: "",
        note: "If it was not you, you can ignore this e-mail; your password \
                stays as it is.",
    },
    welcome_email: Words {
        subject: concat!("Welcome to ", sender!()),
        lead: "Your account is ready. It is good to have you here.",
        action: "",
        note: "Keep this e-mail if you want to remember with which address you \
                signed up.",
    },
    password_reset: Words {
        subject: "Your password was changed",
        lead: concat!(
            "The password of your account at ",
            sender!(),
            " has just been changed."
        ),
        action: "",
        note: "If it was not you, choose a new password at once and tell us.",
    },
    account_deleted: Words {
        subject: "Your account was deleted",
        lead: concat!(
            "Your account at ",
            sender!(),
            " has just been deleted, as you asked."
        ),
        action: "",
        note: "If it was not you, tell us at once.",
    },
    blocked_account: Words {
        subject: "Your account was blocked",
        lead: concat!(
            "There were several failed attempts in a row to log in to your \
                account at ",
            sender!(),
            ". We have blocked further ones from that place."
        ),
        action: "Unblock the account",
        note: "If it was not you, choose a new password as well.",
    },
    stolen_credentials: Words {
        subject: "Please change your password",
        lead: concat!(
            "The password of your account at ",
            sender!(),
            " has appeared in data that was stolen from another site. Choose a \
                new one, and do not use the old one anywhere else."
        ),
        action: "",
        note: concat!(
            "Nobody has broken into ",
            sender!(),
            "; only the password is known."
        ),
    },
    enrollment_email: Words {
        subject: "Protect your account with a second step",
        lead: concat!(
            "You have been asked to add a second step to the login of your \
                account at ",
            sender!(),
            "."
        ),
        action: "Set it up",
        note: "The link works once. Do not pass it on.",
    },
    mfa_oob_code: Words {
        subject: concat!("Your login code for ", sender!(), ": {{ code }}"),
        lead: "Enter this code to finish logging in.",
        action: "",
        note: "If you are not logging in right now, somebody knows your \
                password: please change it.",
    },
    user_invitation: Words {
        subject: concat!("Your invitation to ", sender!()),
        lead: concat!(
            "You are invited{% if inviter.name %} by {{ inviter.name }}{% \
                endif %} to join{% if organization.display_name %} {{ \
                organization.display_name }} at{% endif %} ",
            sender!(),
            "."
        ),
        action: "Accept the invitation",
        note: "If you do not expect an invitation, you can ignore this e-mail.",
    },
    login_code: Words {
        subject: concat!("Your code for ", sender!(), ": {{ code }}"),
        lead: concat!("Enter this code to log in to ", sender!(), "."),
        action: "",
        note: "The code works once and for a few minutes. If you did not try to \
                log in, you can ignore this message; do not give the code to \
                anybody.",
    },
    login_link: Words {
        subject: concat!("Log in to ", sender!()),
        lead: concat!(
            "Follow this link to log in to ",
            sender!(),
            ", in the browser in which you asked for it."
        ),
        action: "Log in",
        note: "The link works once and for a few minutes. If you did not try to \
                log in, you can ignore this e-mail.",
    },
};
