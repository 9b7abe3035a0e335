//! The texts, with the vendor's keys under which a tenant may replace them, in English.

macro_rules! texts {
    ($($name:ident $([$key:literal])? = $english:literal;)+) => {
        /// Something that a page says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Text {
            $(#[doc = $english] $name,)+
        }

        impl Text {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The text in English.
            pub const fn english(self) -> &'static str {
                match self {
                    $(Self::$name => $english,)+
                }
            }

            /// The key of the text within the screen that shows it, as custom texts name it.
            pub const fn key(self) -> Option<&'static str> {
                // What no custom text names has no key; a screen has no empty key.
                let key = match self {
                    $(Self::$name => concat!("", $($key)?),)+
                };
                if key.is_empty() { None } else { Some(key) }
            }
        }
    };
}

texts! {
    // On many pages.
    Continue ["buttonText"] = "Continue";
    Edit ["editEmailText"] = "Edit";
    Optional = "optional";
    Or ["separatorText"] = "or";
    ListComma = ", ";
    ListAnd = " and ";
    ShowPassword ["showPasswordText"] = "Show password";
    HidePassword ["hidePasswordText"] = "Hide password";
    BackToLogin ["backToLoginLinkText"] = "Back to login";
    BackToApplication ["backToAppText"] = "Back to ${clientName}";
    SignedInAs = "Signed in as ${email}";
    WithoutScript = "Your browser does not go on by itself. Please press the button.";

    // Fields.
    LabelEmail ["emailPlaceholder"] = "Email address";
    LabelUsername ["usernameOnlyPlaceholder"] = "Username";
    LabelPhone ["phonePlaceholder"] = "Phone number";
    LabelEmailOrUsername ["usernamePlaceholder"] = "Email address or username";
    LabelEmailOrPhone ["phoneOrEmailPlaceholder"] = "Email address or phone number";
    LabelUsernameOrPhone ["phoneOrUsernamePlaceholder"] = "Username or phone number";
    LabelAny ["phoneOrUsernameOrEmailPlaceholder"] = "Email address, username or phone number";
    LabelPassword ["passwordPlaceholder"] = "Password";
    LabelCode ["codePlaceholder"] = "Code";
    LabelNewPassword ["passwordPlaceholder"] = "New password";
    LabelPasswordAgain ["reEnterpasswordPlaceholder"] = "Repeat the new password";

    // Login.
    LoginPageTitle ["pageTitle"] = "Log in | ${clientName}";
    LoginTitle ["title"] = "Welcome back";
    LoginDescription ["description"] = "Log in to ${companyName} to go on to ${clientName}.";
    ForgotPassword ["forgotPasswordText"] = "Forgot your password?";
    SignUpQuestion ["signupActionText"] = "No account yet?";
    SignUpLink ["signupActionLinkText"] = "Sign up";
    ConnectionButton ["federatedConnectionButtonText"] = "Continue with ${connectionName}";
    PasswordTitle ["title"] = "Enter your password";
    PasswordDescription ["description"] = "One more step, and you are back at ${clientName}.";

    CodePageTitle ["pageTitle"] = "Enter your code | ${clientName}";
    CodeTitle ["title"] = "Enter your code";
    CodeMailDescription ["description"] = "We sent a mail with a code to ${email}.";
    CodeTextDescription ["description"] = "We sent a message with a code to ${phoneNumber}.";
    CodeHint = "Nothing there? Check the address, or have a new code sent; only the newest one works.";

    // Sign-up.
    SignUpPageTitle ["pageTitle"] = "Sign up | ${clientName}";
    SignUpTitle ["title"] = "Create your account";
    SignUpDescription ["description"] = "Sign up at ${companyName} to go on to ${clientName}.";
    SignUpButton ["buttonText"] = "Create account";
    LoginQuestion ["loginActionText"] = "Do you have an account?";
    LoginLink ["loginActionLinkText"] = "Log in";
    RulesHeading ["passwordSecurityText"] = "Your password needs:";
    RuleLength = "a length of ${count} or more";
    RuleLower = "a lower-case letter (a–z)";
    RuleUpper = "an upper-case letter (A–Z)";
    RuleDigit = "a digit (0–9)";
    RuleSpecial = "a special character (such as !@#$)";
    RuleThreeOfFour = "three of these four: lower-case letter, upper-case letter, digit, special character";
    RuleIdentical = "no character three times in a row";
    RuleSequence = "no sequences such as abc or 321";

    // Consent.
    ConsentPageTitle ["pageTitle"] = "Authorize | ${clientName}";
    ConsentTitle ["title"] = "Authorize ${clientName}";
    ConsentMessage ["messageMultipleTenants"] = "${clientName} requests access to your ${companyName} account.";
    ConsentWill = "${clientName} will be able to:";
    ConsentAt = "At ${apiName}";
    ConsentReturn = "Afterwards you go on to ${host}.";
    LineIdentity = "Know who you are";
    LineProfile = "Profile: see your name, picture and other details";
    LineEmail = "Email: see your email address";
    LinePhone = "Phone: see your phone number";
    LineAddress = "Address: see your postal address";
    LineOffline = "Offline: keep this access while you are away";
    ConsentActions = "${actions} your ${resource}";
    ActionRead = "read";
    ActionWrite = "write";
    ActionCreate = "create";
    ActionUpdate = "update";
    ActionDelete = "delete";
    ActionManage = "manage";
    Accept ["acceptButtonText"] = "Accept";
    Decline ["declineButtonText"] = "Decline";

    // Confirmation of a login without pages.
    ConfirmPageTitle ["pageTitle"] = "Is it you? | ${clientName}";
    ConfirmTitle ["title"] = "Is it you?";
    ConfirmDescription ["description"] = "${clientName} wants to log you in with your ${companyName} account. Go on only if you have just started this yourself.";
    ConfirmDecline ["declineButtonText"] = "Cancel";

    // Forgotten passwords.
    ResetPageTitle ["pageTitle"] = "Forgotten password | ${clientName}";
    ResetTitle ["title"] = "Forgot your password?";
    ResetDescription ["descriptionEmail"] = "Tell us who you are. We send you a mail with a link to choose a new password.";
    ResetButton ["buttonText"] = "Send the mail";
    MailPageTitle ["pageTitle"] = "Check your mail | ${clientName}";
    MailTitle ["title"] = "Check your mail";
    MailDescription ["emailDescription"] = "If ${email} has an account here, a mail with a link is on its way.";
    MailHint = "Nothing there? Look into the spam folder, or have it sent again.";
    Resend ["resendLinkText"] = "Send it again";
    NewPasswordPageTitle ["pageTitle"] = "New password | ${clientName}";
    NewPasswordTitle ["title"] = "Choose a new password";
    NewPasswordDescription ["description"] = "You need it whenever you log in to ${companyName}.";
    NewPasswordButton ["buttonText"] = "Save the password";
    ChangedPageTitle ["pageTitle"] = "Password changed | ${clientName}";
    ChangedTitle ["eventTitle"] = "Password changed";
    ChangedDescription ["description"] = "From now on you log in with your new password.";

    // Addresses.
    VerifiedPageTitle ["pageTitle"] = "Email address | ${clientName}";
    VerifiedTitle ["verifiedTitle"] = "Email address confirmed";
    VerifiedDescription ["verifiedDescription"] = "Thank you. Your email address is confirmed.";
    VerifiedAlready ["alreadyVerifiedDescription"] = "Your email address was confirmed before. There is nothing left to do.";
    VerifyExpiredTitle ["errorTitle"] = "This link is no longer valid";
    VerifyExpiredDescription ["invalidAccountOrCodeDescription"] = "The link is too old or was used already. Log in to get a new one.";
    PendingPageTitle ["pageTitle"] = "Confirm your address | ${clientName}";
    PendingTitle ["title"] = "Confirm your email address";
    PendingDescription ["description"] = "We sent a mail to ${email}. Follow the link in it, and then go on here.";

    // Logout.
    LogoutPageTitle ["pageTitle"] = "Log out | ${clientName}";
    LogoutTitle ["title"] = "Log out?";
    LogoutDescription ["description"] = "You are about to log out of ${companyName}.";
    LogoutAccept ["acceptButtonText"] = "Log out";
    LogoutDecline ["declineButtonText"] = "Stay logged in";
    LoggedOutPageTitle ["pageTitle"] = "Logged out | ${companyName}";
    LoggedOutTitle ["eventTitle"] = "You are logged out";
    LoggedOutDescription ["description"] = "You may close this window.";
    LoggingOutTitle = "Logging out";
    LoggingOutDescription = "One moment: your applications are told.";

    // The way back to the application.
    ReturnTitle = "One moment";
    ReturnDescription = "You go on to ${clientName}.";

    // Errors.
    ErrorPageTitle ["pageTitle"] = "Something went wrong | ${companyName}";
    ErrorTitle ["eventTitle"] = "Something went wrong";
    ErrorDescription ["description"] = "We could not go on. Please go back to the application and try again.";
    ErrorDetails = "Details for the administrator";
    ErrorCode = "Error";
    ErrorReason = "Reason";
    ErrorTracking = "Tracking ID";
    ErrorSupport = "If it happens again, please contact support.";
    SupportLink = "Contact support";

    // What was wrong with what was entered.
    WrongCredentials ["wrong-credentials"] = "The details or the password are wrong.";
    MissingIdentifier ["no-username"] = "Please enter who you are.";
    MissingEmail ["no-email"] = "Please enter your email address.";
    MissingUsername ["no-username"] = "Please enter your username.";
    MissingPhone ["no-phone"] = "Please enter your phone number.";
    MissingPassword ["no-password"] = "Please enter your password.";
    MissingCode ["no-code"] = "Please enter the code.";
    WrongCode ["invalid-code"] = "The code is wrong or too old. After three tries you need a new one.";
    MessageNotSent ["sms-not-sent"] = "The message could not be sent. Please try again later.";
    MissingPasswordAgain ["no-re-enter-password"] = "Please repeat the password.";
    InvalidIdentifier ["invalid-identifier"] = "This does not look right. Please check it.";
    InvalidEmail ["invalid-email-format"] = "This is not an email address.";
    InvalidUsername ["invalid-username"] = "Such a username is not possible here.";
    InvalidPhone ["invalid-phone-format"] = "This is not a phone number. Please begin with + and the country.";
    TakenEmail ["email-in-use"] = "This email address cannot be used to sign up.";
    TakenUsername ["username-taken"] = "This username is taken.";
    TakenPhone ["phone-in-use"] = "This phone number cannot be used to sign up.";
    PasswordWeak ["password-policy-not-conformant"] = "The password does not meet the rules below.";
    PasswordCommon ["password-too-common"] = "Too many people use this password. Please choose another.";
    PasswordPersonal ["password-contains-user-information"] = "The password must not contain your name or address.";
    PasswordReused ["password-previously-used"] = "You have used this password before. Please choose another.";
    PasswordsDiffer ["password-mismatch"] = "The two passwords are not the same.";
    Blocked ["user-blocked"] = "This account cannot log in at present.";
    TooManyAttempts ["too-many-requests"] = "Too many attempts. Please wait a while and try again.";
    FormExpired ["invalid-code"] = "This page was open for too long. Please try again.";
    SignUpRefused ["extensibility-error"] = "The account could not be created.";
    Unavailable ["custom-script-error-code"] = "Something went wrong. Please try again in a moment.";

    // The account.
    AccountPageTitle = "My account | ${companyName}";
    AccountTitle = "My account";
    BackToAccount = "Back to my account";
    AddressVerified = "Confirmed";
    AddressUnverified = "Not confirmed yet";
    AddressVerify = "Send a confirmation mail";
    ChangePassword = "Change the password";
    ChangePasswordNote = "Everywhere else you are logged out.";
    LabelCurrentPassword = "Current password";
    WrongPassword = "The password is wrong.";
    AccountApplications = "Applications";
    ApplicationsNote = "You allowed these applications to use your account.";
    ApplicationsNone = "No application has asked for access to your account.";
    ApplicationSince = "Since";
    RevokeAccess = "Remove access";
    AccountDevices = "Devices that stay logged in";
    DevicesNote = "Here an application can go on without a login. Unlink what you do not know, and change your password.";
    UnlinkDevice = "Unlink";
    AccountSessions = "Sessions and devices";
    SessionsNote = "You are logged in here. Log out what you do not know, and change your password.";
    ThisBrowser = "This browser";
    DeviceOn = "${browser} on ${system}";
    DeviceUnknown = "Unknown browser";
    SessionAddress = "IP address";
    SessionBegan = "Logged in";
    SessionUsed = "Last used";
    EndSession = "Log out";
    EndOthers = "Log out everywhere else";
    DeleteAccount = "Delete my account";
    DeleteNote = "Your account is deleted for good. You lose access to every application that you use it for.";
    DeleteConfirm = "To confirm, type ${email} below.";
    LabelConfirmation = "Confirmation";
    DeleteButton = "Delete for good";
    AccountDeletedTitle = "Your account is deleted";
    AccountDeletedNote = "You are logged out everywhere. Thank you for having been here.";
}
