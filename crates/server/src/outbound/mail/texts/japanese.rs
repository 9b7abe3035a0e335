//! The words of mails in Japanese.

use super::{MailKind, Words, sender};

pub(super) const fn words(kind: MailKind) -> Words {
    match kind {
        MailKind::VerifyEmail => Words {
            subject: "メールアドレスの確認",
            lead: concat!(
                sender!(),
                " をご利用いただくため、このメールアドレスがご本人のものであることを確認してください。"
            ),
            action: "アドレスを確認する",
            note: "アカウントを作成した覚えがない場合は、このメールを無視してください。",
        },
        MailKind::VerifyEmailByCode => Words {
            subject: concat!(sender!(), " の確認コード：{{ code }}"),
            lead: "メールアドレスを確認するため、次のコードを入力してください。",
            action: "",
            note: "アカウントを作成した覚えがない場合は、このメールを無視してください。",
        },
        MailKind::ResetEmail => Words {
            subject: "新しいパスワードの設定",
            lead: concat!(
                sender!(),
                " のアカウントについて、新しいパスワードの設定が求められました。"
            ),
            action: "新しいパスワードを設定する",
            note: "お心当たりがない場合は、このメールを無視してください。パスワードは変わりません。",
        },
        MailKind::ResetEmailByCode => Words {
            subject: "パスワード再設定のコード：{{ code }}",
            lead: concat!(
                sender!(),
                " のアカウントに新しいパスワードを設定するため、次のコードを入力してください。"
            ),
            action: "",
            note: "お心当たりがない場合は、このメールを無視してください。パスワードは変わりません。",
        },
        MailKind::WelcomeEmail => Words {
            subject: concat!(sender!(), " へようこそ"),
            lead: "アカウントの準備が整いました。ご登録ありがとうございます。",
            action: "",
            note: "登録したアドレスの控えとして、このメールを保管しておくことができます。",
        },
        MailKind::PasswordReset => Words {
            subject: "パスワードが変更されました",
            lead: concat!(sender!(), " のアカウントのパスワードが変更されました。"),
            action: "",
            note: "お心当たりがない場合は、すぐに新しいパスワードを設定し、ご連絡ください。",
        },
        MailKind::BlockedAccount => Words {
            subject: "アカウントがブロックされました",
            lead: concat!(
                sender!(),
                " のアカウントへのログインが続けて失敗したため、その場所からのログインをブロックしました。"
            ),
            action: "ブロックを解除する",
            note: "お心当たりがない場合は、新しいパスワードも設定してください。",
        },
        MailKind::StolenCredentials => Words {
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
        MailKind::EnrollmentEmail => Words {
            subject: "二段階認証でアカウントを守る",
            lead: concat!(
                sender!(),
                " のアカウントのログインに、二つ目の手順を追加してください。"
            ),
            action: "設定する",
            note: "このリンクは一度だけ使えます。他の人に渡さないでください。",
        },
        MailKind::MfaOobCode => Words {
            subject: concat!(sender!(), " のログインコード：{{ code }}"),
            lead: "ログインを完了するため、次のコードを入力してください。",
            action: "",
            note: "今ログインしていない場合は、パスワードが知られています。変更してください。",
        },
        MailKind::UserInvitation => Words {
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
    }
}
