"""The pages that people see, in a real browser: the sample pages, each in every theme and with values that wish us ill."""

import json
import os
import subprocess
import urllib.parse

import pytest
import requests

from harness import NODE, NODE_PATH, ROOT, TARGET

LANGUAGES = ["en", "de", "fr", "es", "ja", "pt-BR", "ar"]


@pytest.fixture(scope="module")
def pages():
    """The address of the sample pages."""
    process = subprocess.Popen([TARGET / "debug/examples/pages"], stdout=subprocess.PIPE, text=True)
    yield process.stdout.readline().strip()
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def names(pages):
    return get(pages, "/").text.split()


def get(pages, path):
    session = requests.Session()
    session.trust_env = False
    return session.get(pages + path, allow_redirects=False, timeout=10)


def check(pages, name, **options):
    """What the browser says to a check of node/pages.cjs."""
    done = subprocess.run(
        [NODE, str(ROOT / "tests/outside/node/pages.cjs"), json.dumps({"check": name, "base": pages} | options)],
        capture_output=True,
        text=True,
        timeout=280,
        env=os.environ | {"NODE_PATH": NODE_PATH},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_j2_1_every_page_is_accessible_in_both_themes_and_both_directions(pages, names):
    answer = check(pages, "axe")
    assert answer["pages"] == len(names) * 2 * 4
    assert answer["found"] == []


def test_j2_1_no_page_is_wider_than_the_narrowest_screen(pages):
    assert check(pages, "reflow", languages=LANGUAGES) == []


def test_hostile_values_stay_text_on_every_page(pages, names):
    answer = check(pages, "hostile")
    # The names of the tenant and the application are on every page.
    assert answer["shown"] == len(names) * 3
    own = ['document.documentElement.dataset.own = "yes";']
    for page in answer["found"]:
        scripts = own if page["page"].endswith("template") else []
        assert page["scripts"] == scripts, page
        assert "broken" not in page, page
        assert (page["handlers"], page["urls"], page["images"], page["complaints"]) == ([], [], 0, []), page


def test_j1_8_j2_7_what_gets_into_a_page_has_no_effect(pages):
    answer = check(pages, "policy")
    assert answer["refused"] == [
        "base-uri",
        "connect-src",
        "frame-src",
        "script-src-attr",
        "script-src-elem",
        "script-src-elem",
        "style-src-elem",
    ]
    assert "broken" not in answer
    assert answer["display"] != "none"


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
def test_j2_1_a_login_needs_a_keyboard_only(pages, scripts):
    answer = check(pages, "keyboard", scripts=scripts)
    reveal = ["Show password"] if scripts else []
    assert answer["stops"][: 3 + len(reveal)] == reveal + ["Forgot your password?", "Continue", "Sign up"]
    (sent,) = answer["sent"]
    fields = dict(urllib.parse.parse_qsl(sent))
    assert fields.pop("action", "default") == "default"
    assert fields == {
        "state": "hKFo2SBzYW1wbGU",
        "csrf": "csrf-sample",
        "username": "ada@orchard.test",
        "password": "correct horse",
    }


def test_scripts_show_a_password_and_send_what_sends_itself(pages):
    answer = check(pages, "scripts")
    assert answer["states"] == [["password", "Show password"], ["text", "Hide password"], ["password", "Show password"]]
    assert answer["formPost"] == {"data": "code=sample&state=sample", "origin": pages}


def test_j2_2_the_tenants_own_page_has_its_styles_and_its_constant_scripts(pages):
    answer = check(pages, "scripts")
    assert answer["own"] == "yes"
    assert answer["ground"] == "rgb(217, 72, 15)"


def test_forms_lead_to_other_origins_only_where_their_page_says_so(pages):
    assert check(pages, "targets") == {"login": "refused", "logout": "landed"}


def test_j2_7_no_page_can_be_framed_or_kept(pages, names):
    for name in names:
        headers = get(pages, f"/page/{name}").headers
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] in ("same-origin", "strict-origin")


def test_j2_8_every_page_is_in_the_language_that_was_asked_for(pages, names):
    for name in names:
        seen = set()
        for language in LANGUAGES:
            text = get(pages, f"/page/{name}?lang={language}").text
            direction = "rtl" if language == "ar" else "ltr"
            assert f'<html lang="{language}" dir="{direction}">' in text
            assert "Orchard" in text
            assert "${" not in text
            seen.add(text.split("<h1>")[1].split("</h1>")[0])
        assert len(seen) == len(LANGUAGES), (name, seen)


def test_j18_1_the_error_page_leads_to_no_script(pages):
    answer = get(pages, "/page/error?values=hostile")
    assert answer.status_code == 400
    assert 'href="javascript' not in answer.text
