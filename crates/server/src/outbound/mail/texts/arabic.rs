//! The words of mails in Arabic.

use super::{Words, WordsOfAll, sender};

pub(super) const WORDS: WordsOfAll = WordsOfAll {
    verify_email: Words {
        subject: "أكِّد عنوان بريدك الإلكتروني",
        lead: concat!(
            "يُرجى تأكيد أن هذا العنوان لك حتى تتمكن من استخدام ",
            sender!(),
            "."
        ),
        action: "تأكيد العنوان",
        note: "إذا لم تُنشئ حسابًا، فيمكنك تجاهل هذه الرسالة.",
    },
    verify_email_by_code: Words {
        subject: concat!("رمزك لدى ", sender!(), ": {{ code }}"),
        lead: "أدخِل هذا الرمز لتأكيد عنوان بريدك الإلكتروني.",
        action: "",
        note: "إذا لم تُنشئ حسابًا، فيمكنك تجاهل هذه الرسالة.",
    },
    reset_email: Words {
        subject: "اختر كلمة مرور جديدة",
        lead: concat!(
            "طلب شخص ما، ونرجو أن يكون أنت، كلمة مرور جديدة لحسابك لدى ",
            sender!(),
            "."
        ),
        action: "اختيار كلمة مرور جديدة",
        note: "إذا لم تكن أنت، فيمكنك تجاهل هذه الرسالة؛ وستبقى كلمة مرورك كما \
                هي.",
    },
    reset_email_by_code: Words {
        subject: "رمزك لكلمة مرور جديدة: {{ code }}",
        lead: concat!(
            "أدخِل هذا الرمز لاختيار كلمة مرور جديدة لحسابك لدى ",
            sender!(),
            "."
        ),
        action: "",
        note: "إذا لم تكن أنت، فيمكنك تجاهل هذه الرسالة؛ وستبقى كلمة مرورك كما \
                هي.",
    },
    welcome_email: Words {
        subject: concat!("مرحبًا بك في ", sender!()),
        lead: "حسابك جاهز. يسعدنا وجودك معنا.",
        action: "",
        note: "احتفظ بهذه الرسالة إذا أردت أن تتذكر العنوان الذي سجّلت به.",
    },
    password_reset: Words {
        subject: "تم تغيير كلمة مرورك",
        lead: concat!("تم للتو تغيير كلمة مرور حسابك لدى ", sender!(), "."),
        action: "",
        note: "إذا لم تكن أنت، فاختر فورًا كلمة مرور جديدة وأخبرنا.",
    },
    account_deleted: Words {
        subject: "تم حذف حسابك",
        lead: concat!("تم للتو حذف حسابك لدى ", sender!(), " بناءً على طلبك."),
        action: "",
        note: "إذا لم تكن أنت من طلب ذلك، فأخبرنا فورًا.",
    },
    blocked_account: Words {
        subject: "تم حظر حسابك",
        lead: concat!(
            "فشلت عدة محاولات متتالية لتسجيل الدخول إلى حسابك لدى ",
            sender!(),
            "، فحظرنا المحاولات الأخرى من ذلك المكان."
        ),
        action: "إلغاء حظر الحساب",
        note: "إذا لم تكن أنت، فاختر كلمة مرور جديدة أيضًا.",
    },
    stolen_credentials: Words {
        subject: "يُرجى تغيير كلمة مرورك",
        lead: concat!(
            "ظهرت كلمة مرور حسابك لدى ",
            sender!(),
            " في بيانات سُرقت من موقع آخر. اختر كلمة جديدة ولا تستخدم القديمة \
                في أي مكان آخر."
        ),
        action: "",
        note: concat!("لم يخترق أحد ", sender!(), "؛ كلمة المرور وحدها معروفة."),
    },
    enrollment_email: Words {
        subject: "احمِ حسابك بخطوة ثانية",
        lead: concat!(
            "طُلب منك إضافة خطوة ثانية إلى تسجيل الدخول إلى حسابك لدى ",
            sender!(),
            "."
        ),
        action: "الإعداد",
        note: "يعمل الرابط مرة واحدة. لا تشاركه مع أحد.",
    },
    mfa_oob_code: Words {
        subject: concat!("رمز تسجيل دخولك لدى ", sender!(), ": {{ code }}"),
        lead: "أدخِل هذا الرمز لإتمام تسجيل الدخول.",
        action: "",
        note: "إذا لم تكن تسجّل الدخول الآن، فهناك من يعرف كلمة مرورك: يُرجى \
                تغييرها.",
    },
    user_invitation: Words {
        subject: concat!("دعوتك إلى ", sender!()),
        lead: concat!(
            "أنت مدعو{% if inviter.name %} من {{ inviter.name }}{% endif %} \
                للانضمام إلى{% if organization.display_name %} {{ \
                organization.display_name }} لدى{% endif %} ",
            sender!(),
            "."
        ),
        action: "قبول الدعوة",
        note: "إذا لم تكن تتوقع دعوة، فيمكنك تجاهل هذه الرسالة.",
    },
    login_code: Words {
        subject: concat!("رمزك لدى ", sender!(), ": {{ code }}"),
        lead: concat!("أدخل هذا الرمز لتسجيل الدخول إلى ", sender!(), "."),
        action: "",
        note: "يعمل الرمز مرة واحدة ولبضع دقائق. إذا لم تحاول تسجيل الدخول فتجاهل \
                هذه الرسالة ولا تعطِ الرمز لأحد.",
    },
    login_link: Words {
        subject: concat!("تسجيل الدخول إلى ", sender!()),
        lead: concat!(
            "اتبع هذا الرابط لتسجيل الدخول إلى ",
            sender!(),
            " في المتصفح الذي طلبته فيه."
        ),
        action: "تسجيل الدخول",
        note: "يعمل الرابط مرة واحدة ولبضع دقائق. إذا لم تحاول تسجيل الدخول \
                فتجاهل هذه الرسالة.",
    },
};
