//! The words of mails in Japanese.

use super::{Words, WordsOfAll, sender};

pub(super) const WORDS: WordsOfAll = WordsOfAll {
    verify_email: Words {
        subject: "メールアドレスの確認",
        lead: concat!(
            sender!(),
            " をご利用いただくため、このメールアドレスがご本人のものであることを確認してください。"
        ),
        action: "アドレスを確認する",
        note: "アカウントを作成した覚えがない場合は、このメールを無視してください。",
    },
    verify_email_by_code: Words {
        subject: concat!(sender!(), " の確認コード：{{ code }}"),
        lead: "メールアドレスを確認するため、次のコードを入力してください。",
        action: "",
        note: "アカウントを作成した覚えがない場合は、このメールを無視してください。",
    },
    reset_email: Words {
        subject: "新しいパスワードの設定",
        lead: concat!(
            sender!(),
            " のアカウントについて、新しいパスワードの設定が求められました。"
        ),
        action: "新しいパスワードを設定する",
        note: "お心当たりがない場合は、このメールを無視してください。パスワードは変わりません。",
    },
    reset_email_by_code: Words {
        subject: "パスワード再設定のコード：{{ code }}",
        lead: concat!(
            sender!(),
            " のアカウントに新しいパスワードを設定するため、次のコードを入力してください。"
        ),
        action: "",
        note: "お心当たりがない場合は、このメールを無視してください。パスワードは変わりません。",
    },
    welcome_email: Words {
        subject: concat!(sender!(), " へようこそ"),
        lead: "アカウントの準備が整いました。ご登録ありがとうございます。",
        action: "",
        note: "登録したアドレスの控えとして、このメールを保管しておくことができます。",
    },
    password_reset: Words {
        subject: "パスワードが変更されました",
        lead: concat!(sender!(), " のアカウントのパスワードが変更されました。"),
        action: "",
        note: "お心当たりがない場合は、すぐに新しいパスワードを設定し、ご連絡ください。",
    },
    account_deleted: Words {
        subject: "アカウントを削除しました",
        lead: concat!(sender!(), "のアカウントを、ご依頼のとおり削除しました。"),
        action: "",
        note: "お心当たりがない場合は、すぐにご連絡ください。",
    },
    blocked_account: Words {
        subject: "アカウントがブロックされました",
        lead: concat!(
            sender!(),
            " のアカウントへのログインが続けて失敗したため、その場所からのログインをブロックしました。"
        ),
        action: "ブロックを解除する",
        note: "お心当たりがない場合は、新しいパスワードも設定してください。",
    },
    stolen_credentials: Words {
        subject: "パスワードを変更してください",
        lead: concat!(
            sender!(),
            " \
                のアカウントのパスワードが、他のサイトから盗まれたデータの中に見つかりました。新しいパスワードを設定し、古いものは二度と使わないでください。"
        ),
        action: "",
        note: concat!(
            sender!(),
            " に侵入されたわけではありません。パスワードだけが知られています。"
        ),
    },
    enrollment_email: Words {
        subject: "二段階認証でアカウントを守る",
        lead: concat!(
            sender!(),
            " のアカウントのログインに、二つ目の手順を追加してください。"
        ),
        action: "設定する",
        note: "このリンクは一度だけ使えます。他の人に渡さないでください。",
    },
    mfa_oob_code: Words {
        subject: concat!(sender!(), " のログインコード：{{ code }}"),
        lead: "ログインを完了するため、次のコードを入力してください。",
        action: "",
        note: "今ログインしていない場合は、パスワードが知られています。変更してください。",
    },
    user_invitation: Words {
        subject: concat!(sender!(), " への招待"),
        lead: concat!(
            "{% if inviter.name %}{{ inviter.name }} さんから、{% endif %}",
            sender!(),
            " {% if organization.display_name %}の {{ organization.display_name \
                }} {% endif %}に招待されました。"
        ),
        action: "招待を受ける",
        note: "お心当たりがない場合は、このメールを無視してください。",
    },
    login_code: Words {
        subject: concat!(sender!(), " のコード: {{ code }}"),
        lead: concat!(
            sender!(),
            " にログインするには、このコードを入力してください。"
        ),
        action: "",
        note: "コードは一度だけ、数分間有効です。心当たりがない場合は、このメッセージを無視し、コードを誰にも教えないでください。",
    },
    login_link: Words {
        subject: concat!(sender!(), " へのログイン"),
        lead: concat!(
            sender!(),
            " にログインするには、リンクを求めたブラウザーでこのリンクを開いてください。"
        ),
        action: "ログイン",
        note: "リンクは一度だけ、数分間有効です。心当たりがない場合は、このメールを無視してください。",
    },
};
