//! The dispatcher, case by case: the table of prompts and interaction, and what each page may record.

use serde_json::{Value, json};

use super::world::{World, at};
use crate::{
    authorize::{Answer, Confirmation, Event, Late, LoginForm, Page, Screen, Step},
    grants::authorization_code::AuthorizationCode,
    id_token::AuthTime,
    rule::Rule,
};

fn page(world: &World) -> Page {
    match world.step() {
        Step::Show(page) => page,
        other => panic!("{other:?}"),
    }
}

fn refused(world: &World) -> Rule {
    match world.step() {
        Step::Fail(refusal) | Step::Over(refusal) => refusal.rule,
        other => panic!("{other:?}"),
    }
}

pub(super) fn issued_to(world: &World) -> String {
    match world.step() {
        Step::Issue(approval) => approval.user_id().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn consent_page(world: &World) -> String {
    match page(world) {
        Page::Consent(question) => question.items.join(" "),
        other => panic!("{other:?}"),
    }
}

fn third_party() -> Value {
    json!({"is_first_party": false})
}

#[test]
fn t6_4_1_a_session_is_answered_without_a_page_and_none_is_asked_to_log_in() {
    let mut world = World::asking("scope=openid");
    assert_eq!(page(&world), Page::Login);
    world.log_in("ada").unwrap();
    assert_eq!(issued_to(&world), "ada");
    world.begin("scope=openid");
    assert_eq!(issued_to(&world), "ada");
}

#[test]
fn t6_4_2_prompt_login_shows_the_page_until_this_login_has_its_own_proof() {
    for prompt in ["login", "select_account", "create"] {
        let mut world = World::with_session("ada", &format!("scope=openid&prompt={prompt}"));
        assert!(matches!(page(&world), Page::Login | Page::SignUp));
        world.log_in("ada").unwrap();
        assert_eq!(issued_to(&world), "ada");
    }
}

#[test]
fn t6_4_4_max_age_zero_forces_a_login_and_the_id_token_says_when() {
    let mut world = World::with_session("ada", "scope=openid&max_age=0");
    assert_eq!(page(&world), Page::Login);
    world.later(30);
    world.log_in("ada").unwrap();
    // However long the rest takes.
    world.later(600);
    let Step::Issue(approval) = world.step() else {
        panic!("nothing is owed");
    };
    assert_eq!(approval.auth_time(), AuthTime::AskedFor);
    assert_eq!(approval.session().authenticated_at, at(30));
}

#[test]
fn max_age_is_met_by_a_younger_session_alone() {
    let mut world = World::with_session("ada", "scope=openid&max_age=60");
    world.later(60);
    assert_eq!(issued_to(&world), "ada");
    world.later(1);
    assert_eq!(page(&world), Page::Login);
}

#[test]
fn t6_4_5_a_session_past_its_limits_is_none() {
    let mut world = World::with_session("ada", "scope=openid");
    world.limits.idle_seconds = 60;
    world.later(59);
    assert_eq!(issued_to(&world), "ada");
    world.later(1);
    assert_eq!(page(&world), Page::Login);
}

#[test]
fn j1_under_prompt_none_each_page_is_an_error_of_its_own() {
    let world = World::asking("scope=openid&prompt=none");
    assert_eq!(refused(&world), Rule::LoginRequired);
    let world = World::with_session("ada", "scope=openid&prompt=none");
    assert_eq!(issued_to(&world), "ada");
    let mut world = World::with_session("ada", "scope=openid&prompt=none&max_age=1");
    world.later(2);
    assert_eq!(refused(&world), Rule::LoginRequired);
    let mut world = World::with_session("ada", "scope=openid%20email&prompt=none");
    world.change_client(&third_party());
    assert_eq!(refused(&world), Rule::ConsentRequired);
    let world = World::with_session("ada", "scope=openid&prompt=none&redirect_uri=app:/cb");
    assert_eq!(refused(&world), Rule::InteractionRequired);
}

#[test]
fn nothing_is_recorded_in_a_login_that_may_show_no_page() {
    let mut world = World::asking("scope=openid&prompt=none");
    assert_eq!(world.log_in("ada"), Err(Late));
}

#[test]
fn a_login_ticket_counts_in_a_login_that_may_show_no_page_and_leaves_the_other_duties() {
    for query in [
        "scope=openid",
        "scope=openid&prompt=none",
        "scope=openid&prompt=login",
    ] {
        let mut world = World::asking(query);
        world.bring_ticket("ada").unwrap();
        assert_eq!(issued_to(&world), "ada", "{query}");
    }
    let mut world = World::asking("scope=openid%20email&prompt=none");
    world.change_client(&third_party());
    world.bring_ticket("ada").unwrap();
    assert_eq!(refused(&world), Rule::ConsentRequired);
    let mut world = World::asking("scope=openid");
    world.blocked.insert("ada".to_owned());
    world.bring_ticket("ada").unwrap();
    assert_eq!(refused(&world), Rule::UserBlocked);
    let mut world = World::asking("scope=openid");
    world.later(3600);
    assert_eq!(world.bring_ticket("ada"), Err(Late));
}

#[test]
fn j1_1_t9_consent_is_asked_after_the_login_and_its_answer_counts() {
    let mut world =
        World::asking("scope=openid%20email%20read:orders&audience=https://orders.test");
    world.change_client(&third_party());
    assert_eq!(page(&world), Page::Login);
    world.log_in("ada").unwrap();
    assert_eq!(consent_page(&world), "email read:orders");
    world.answer(Answer::Yes).unwrap();
    assert_eq!(issued_to(&world), "ada");
}

#[test]
fn j1_3_t17_3_declining_is_access_denied() {
    let mut world = World::with_session("ada", "scope=openid%20email");
    world.change_client(&third_party());
    world.answer(Answer::No).unwrap();
    assert_eq!(refused(&world), Rule::ConsentDeclined);
    assert!(world.user_grants.is_empty());
    // Too late for the other button.
    assert_eq!(
        world.answer_shown("ada", &["email"], Answer::Yes),
        Err(Late)
    );
}

#[test]
fn j1_6_prompt_consent_asks_although_granted() {
    let mut world = World::with_session("ada", "scope=openid%20email&prompt=consent");
    world.change_client(&third_party());
    world.answer(Answer::Yes).unwrap();
    assert_eq!(issued_to(&world), "ada");
    world.begin("scope=openid%20email&prompt=consent");
    assert_eq!(consent_page(&world), "email");
}

#[test]
fn claims_asked_for_one_by_one_are_consented_to_as_well() {
    let claims = "claims=%7B%22userinfo%22%3A%7B%22picture%22%3Anull%7D%7D";
    let mut world = World::with_session("ada", &format!("scope=openid&{claims}"));
    world.change_client(&third_party());
    assert_eq!(consent_page(&world), "picture");
}

#[test]
fn t11_4_t17_4_a_login_without_a_page_is_confirmed_where_the_callback_is_not_verifiable() {
    for uri in [
        "app:/cb",
        "http://localhost:3000/cb",
        "http://127.0.0.1:3000/cb",
    ] {
        let mut world = World::with_session("ada", &format!("scope=openid&redirect_uri={uri}"));
        assert_eq!(
            page(&world),
            Page::Confirm {
                user_id: "ada".to_owned()
            }
        );
        assert_eq!(world.confirm("bob"), Err(Late));
        world.confirm("ada").unwrap();
        assert_eq!(issued_to(&world), "ada");
        world.begin(&format!("scope=openid&redirect_uri={uri}"));
        world.confirmation = Confirmation::Skipped;
        assert_eq!(issued_to(&world), "ada");
        let mut world = World::asking(&format!("scope=openid&redirect_uri={uri}"));
        world.log_in("ada").unwrap();
        assert_eq!(issued_to(&world), "ada");
    }
}

#[test]
fn what_no_login_could_mend_is_told_before_anybody_logs_in() {
    let world = World::asking("scope=openid&audience=https://gone.test");
    assert_eq!(refused(&world), Rule::AudienceUnknown);
    let mut world = World::asking("scope=openid&audience=https://orders.test");
    world.change_api(&json!({"subject_type_authorization": {"user": {"policy": "deny_all"}}}));
    assert_eq!(refused(&world), Rule::UserPolicyDenies);
    world.change_api(
        &json!({"subject_type_authorization": {"user": {"policy": "require_client_grant"}}}),
    );
    assert_eq!(refused(&world), Rule::ClientGrantMissing);
    world.change_client(&json!({"grant_types": []}));
    assert_eq!(refused(&world), Rule::GrantTypeNotAllowed);
}

#[test]
fn a_blocked_user_and_one_who_is_gone_get_no_code() {
    let mut world = World::with_session("ada", "scope=openid");
    world.blocked.insert("ada".to_owned());
    assert_eq!(refused(&world), Rule::UserBlocked);
    world.blocked.clear();
    world.gone.insert("ada".to_owned());
    assert_eq!(page(&world), Page::Login);
}

/// A slip of the caller must not become a login as somebody else.
#[test]
fn a_session_proves_nothing_about_another_user_than_its_own() {
    let mut world = World::with_session("ada", "scope=openid");
    world.loaded_instead = Some("bob".to_owned());
    assert_eq!(page(&world), Page::Login);
}

#[test]
fn a_hint_at_another_user_asks_for_a_login_and_takes_no_other() {
    let mut world = World::with_session("ada", "scope=openid");
    world.hinted_subject = Some("bob".to_owned());
    assert_eq!(page(&world), Page::Login);
    world.log_in("ada").unwrap();
    assert_eq!(refused(&world), Rule::LoginRequired);
    world.begin("scope=openid");
    world.log_in("bob").unwrap();
    assert_eq!(issued_to(&world), "bob");
    world.begin("scope=openid&prompt=none");
    world.hinted_subject = Some("ada".to_owned());
    assert_eq!(refused(&world), Rule::LoginRequired);
    let claims = "claims=%7B%22id_token%22%3A%7B%22sub%22%3A%7B%22value%22%3A%22ada%22%7D%7D%7D";
    world.begin(&format!("scope=openid&{claims}"));
    world.hinted_subject = None;
    assert_eq!(page(&world), Page::Login);
}

#[test]
fn j2_the_login_pages_lead_to_each_other_and_to_nothing_else() {
    let mut world = World::asking("scope=openid&screen_hint=signup");
    assert_eq!(page(&world), Page::SignUp);
    world.advance(Event::ChoseScreen(Screen::Login)).unwrap();
    assert_eq!(page(&world), Page::Login);
    world.begin("scope=openid");
    world.login_form = LoginForm::IdentifierFirst;
    assert_eq!(page(&world), Page::Identifier);
    let entered = |text: &str| Event::EnteredIdentifier(Some(text.to_owned()));
    world.advance(entered("")).unwrap();
    assert_eq!(page(&world), Page::Identifier);
    world.advance(entered("ada@x.test")).unwrap();
    assert_eq!(
        page(&world),
        Page::Password {
            identifier: "ada@x.test".to_owned()
        }
    );
    world.advance(Event::EnteredIdentifier(None)).unwrap();
    assert_eq!(page(&world), Page::Identifier);
    world.log_in("ada").unwrap();
    assert_eq!(world.advance(entered("bob@x.test")), Err(Late));
    assert_eq!(world.advance(Event::ChoseScreen(Screen::SignUp)), Err(Late));
    assert_eq!(issued_to(&world), "ada");
}

#[test]
fn t6_11_1_an_address_is_asked_for_and_then_its_code_and_nobody_signs_up_otherwise() {
    let mut world = World::asking("scope=openid&screen_hint=signup");
    world.login_form = LoginForm::OneTimeCode;
    assert_eq!(page(&world), Page::Identifier);
    let entered = |text: &str| Event::EnteredIdentifier(Some(text.to_owned()));
    let code = |identifier: &str| Page::Code {
        identifier: identifier.to_owned(),
    };
    world.advance(entered("ada@x.test")).unwrap();
    assert_eq!(page(&world), code("ada@x.test"));
    world.advance(entered("bob@x.test")).unwrap();
    assert_eq!(page(&world), code("bob@x.test"));
    world.advance(Event::EnteredIdentifier(None)).unwrap();
    assert_eq!(page(&world), Page::Identifier);
    world.advance(entered("ada@x.test")).unwrap();
    world.log_in("ada").unwrap();
    assert_eq!(issued_to(&world), "ada");
    let mut world = World::asking("scope=openid&prompt=none");
    world.login_form = LoginForm::OneTimeCode;
    assert_eq!(refused(&world), Rule::LoginRequired);
}

#[test]
fn a_consent_page_shown_to_one_user_is_no_answer_of_another() {
    let mut world = World::with_session("ada", "scope=openid%20email");
    world.change_client(&third_party());
    let shown = page(&world);
    // In another tab, Bob takes over the session.
    world.log_in("bob").unwrap();
    let Page::Consent(question) = shown else {
        panic!("consent is owed");
    };
    assert_eq!(
        world.advance(Event::AnsweredConsent(question, Answer::Yes)),
        Err(Late)
    );
    assert_eq!(consent_page(&world), "email");
    world.answer(Answer::Yes).unwrap();
    assert_eq!(issued_to(&world), "bob");
}

#[test]
fn a_proof_counts_in_the_session_that_it_was_given_in_alone() {
    let mut world = World::asking("scope=openid&prompt=login");
    world.log_in("ada").unwrap();
    assert_eq!(issued_to(&world), "ada");
    world.log_out();
    assert_eq!(page(&world), Page::Login);
    // Somebody logs in elsewhere in the same browser: that is no proof for this login.
    world.log_in_elsewhere("ada");
    assert_eq!(page(&world), Page::Login);
}

#[test]
fn a_proof_counts_for_its_user_alone_even_if_a_session_changed_hands() {
    let mut world = World::asking("scope=openid%20email&prompt=login");
    world.change_client(&third_party());
    world.log_in("ada").unwrap();
    world.answer(Answer::Yes).unwrap();
    assert_eq!(issued_to(&world), "ada");
    world.session.as_mut().unwrap().user_id = "bob".to_owned();
    assert_eq!(page(&world), Page::Login);
}

#[test]
fn scopes_that_grow_after_the_answer_are_asked_about_again() {
    let mut world = World::with_session(
        "ada",
        "scope=read:orders%20write:orders&audience=https://orders.test",
    );
    world.change_client(&third_party());
    world.change_api(&json!({"enforce_policies": true}));
    world.permissions = vec!["read:orders".to_owned()];
    assert_eq!(consent_page(&world), "read:orders");
    world.answer(Answer::Yes).unwrap();
    assert_eq!(issued_to(&world), "ada");
    world.permissions.push("write:orders".to_owned());
    assert_eq!(consent_page(&world), "write:orders");
    world.answer(Answer::Yes).unwrap();
    assert_eq!(issued_to(&world), "ada");
}

#[test]
fn what_one_user_agreed_to_is_no_answer_of_the_next() {
    let mut world = World::with_session(
        "ada",
        "scope=read:orders%20write:orders&audience=https://orders.test",
    );
    world.change_client(&third_party());
    world.change_api(&json!({"enforce_policies": true}));
    world.permissions = vec!["read:orders".to_owned()];
    world.answer(Answer::Yes).unwrap();
    world.log_in("bob").unwrap();
    world.permissions = vec!["write:orders".to_owned()];
    world.answer(Answer::Yes).unwrap();
    assert_eq!(issued_to(&world), "bob");
    world.permissions.push("read:orders".to_owned());
    assert_eq!(consent_page(&world), "read:orders");
}

#[test]
fn pages_of_the_login_are_late_once_the_user_has_logged_in() {
    let mut world = World::with_session("ada", "scope=openid%20email");
    world.change_client(&third_party());
    assert_eq!(consent_page(&world), "email");
    assert_eq!(world.advance(Event::ChoseScreen(Screen::SignUp)), Err(Late));
    assert_eq!(world.advance(Event::EnteredIdentifier(None)), Err(Late));
    assert_eq!(world.confirm("ada"), Err(Late));
}

#[test]
fn a_consent_page_that_shows_less_than_is_owed_now_is_late() {
    let mut world = World::with_session(
        "ada",
        "scope=openid%20email%20read:orders&audience=https://orders.test",
    );
    world.change_client(&third_party());
    assert_eq!(
        world.answer_shown("ada", &["email"], Answer::Yes),
        Err(Late)
    );
    assert_eq!(
        world.answer_shown(
            "ada",
            &["email", "read:orders", "write:orders"],
            Answer::Yes
        ),
        Err(Late)
    );
    assert!(world.user_grants.is_empty());
}

#[test]
fn a_login_that_took_too_long_is_over() {
    let mut world = World::asking("scope=openid");
    world.later(3599);
    assert_eq!(page(&world), Page::Login);
    world.later(1);
    assert!(matches!(world.step(), Step::Over(_)));
    assert_eq!(refused(&world), Rule::LoginNotFound);
    assert_eq!(world.log_in("ada"), Err(Late));
}

#[test]
fn scopes_that_the_user_does_not_hold_are_not_in_the_code() {
    let mut world = World::with_session(
        "ada",
        "scope=openid%20read:orders%20write:orders&audience=https://orders.test",
    );
    world.change_api(
        &json!({"enforce_policies": true, "skip_consent_for_verifiable_first_party_clients": true}),
    );
    world.permissions = vec!["read:orders".to_owned()];
    let Step::Issue(approval) = world.step() else {
        panic!("nothing is owed");
    };
    assert_eq!(approval.granted().scope, ["openid", "read:orders"]);
    assert_eq!(approval.granted().dropped, ["write:orders"]);
}

#[test]
fn t9_a_code_holds_what_the_login_proved_and_nothing_longer_than_allowed() {
    let query = "scope=openid%20email%20invented&nonce=n1&prompt=login&redirect_uri=https://shop.test/cb&\
        code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let mut world = World::asking(query);
    world.later(5);
    world.log_in("ada").unwrap();
    world.later(5);
    let Step::Issue(approval) = world.step() else {
        panic!("nothing is owed");
    };
    let issue = |lifetime| AuthorizationCode::issue(&world.request, &approval, lifetime, at(10));
    let code = issue(60);
    assert_eq!(
        (code.basis.client_id.as_str(), code.basis.user_id.as_str()),
        ("web", "ada")
    );
    assert_eq!(code.basis.session_id.as_ref(), Some(&approval.session().id));
    assert_eq!(
        (code.basis.authenticated_at, code.issued_at),
        (at(5), at(10))
    );
    assert_eq!(code.basis.auth_time, AuthTime::AskedFor);
    assert_eq!(code.basis.scope, ["openid", "email"]);
    assert_eq!(code.basis.requested_scope, ["openid", "email", "invented"]);
    assert_eq!(code.nonce.as_deref(), Some("n1"));
    assert!(code.code_challenge.is_some());
    assert_eq!(code.redirect_uri.as_str(), "https://shop.test/cb");
    for (lifetime, seconds) in [(60, 60), (0, 1), (-5, 1), (10_000, 600)] {
        assert_eq!(issue(lifetime).expires_at, at(10 + seconds));
    }
}
