"""A shop that people log in to, and the browser they do it with: cookies, redirects, and forms, without scripts."""

import functools
import html
import re
import urllib.parse

import requests

CALLBACK = "https://shop.test/cb"
PASSWORD = "Apples-and-pears-7"


class Page:
    """Where the browser ended up: a page of the server, or the address of somebody else that it was sent to."""

    def __init__(self, url, answer):
        self.url = url
        self.status = answer.status_code
        self.text = answer.text
        self.path = urllib.parse.urlsplit(url).path

    def parameter(self, name):
        """A parameter of the address."""
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.url).query)).get(name)

    @property
    def code(self):
        """The authorization code; fails if the login has not ended with one."""
        assert self.url.startswith(CALLBACK) and self.parameter("code"), f"{self.url}\n{self.text}"
        return self.parameter("code")

    def form(self):
        """Where the form goes, and its hidden fields."""
        form = self.text.split("<form", 1)[1].split("</form>", 1)[0]
        hidden = [tag for tag in re.findall(r"<input[^>]*>", form) if 'type="hidden"' in tag]
        fields = {_attribute(tag, "name"): _attribute(tag, "value") for tag in hidden}
        return _attribute(form, "action"), fields


def _attribute(text, name):
    found = re.search(rf'\b{name}="([^"]*)"', text)
    return html.unescape(found.group(1)) if found else ""


class Browser:
    """One browser. `host` is the name that every server is asked under."""

    def __init__(self, base, host=None):
        self.base = base
        self.host = host or urllib.parse.urlsplit(base).netloc
        self.cookies = {}
        self.http = requests.Session()
        self.http.trust_env = False

    def go(self, address):
        """Goes to a path of the server, and wherever it sends the browser."""
        return self._follow("GET", address)

    def submit(self, page, **fields):
        """Fills the form of a page and sends it."""
        action, hidden = page.form()
        return self._follow("POST", action, hidden | fields)

    def _follow(self, method, address, data=None):
        for _ in range(10):
            answer = self._send(method, address, data)
            location = answer.headers.get("Location")
            if location is None:
                return Page(address, answer)
            address, method, data = self._local(location), "GET", None
            if not address.startswith("/"):
                return Page(address, answer)
        raise AssertionError(f"sent in circles: {address}")

    def _local(self, location):
        own = re.match(rf"https?://{re.escape(self.host)}(?=/)", location)
        return location[own.end() :] if own else location

    def _send(self, method, address, data):
        headers = {"Host": self.host}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        # The library's own cookies know no host but the one of the address.
        self.http.cookies.clear()
        answer = self.http.request(
            method, self.base + address, data=data, headers=headers, allow_redirects=False, timeout=30
        )
        self.cookies.update(answer.cookies.get_dict())
        return answer


class Shop:
    """Two applications at a server, and the people who log in to them; of another tenant with its management token."""

    def __init__(self, server, token=None):
        self.server = server
        self.management = functools.partial(server.management, token=token)
        management = self.management
        common = {"app_type": "regular_web", "callbacks": [CALLBACK]}
        common["grant_types"] = ["authorization_code"]
        self.web = management("POST", "clients", {"name": "Shop", **common})
        stranger = {"name": "Print & Co", "is_first_party": False, **common}
        self.stranger = management("POST", "clients", stranger)
        self.connection = management("GET", "connections")[0]
        enabled = [client["client_id"] for client in (self.web, self.stranger)]
        path = f"connections/{self.connection['id']}"
        management("PATCH", path, {"enabled_clients": enabled})

    def address(self, client=None, scope="openid email", **more):
        """Where a login begins."""
        query = {
            "client_id": (client or self.web)["client_id"],
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": scope,
            **more,
        }
        return "/authorize?" + urllib.parse.urlencode(query)

    def add_user(self, email, password=PASSWORD):
        """Makes a user."""
        body = {"connection": self.connection["name"], "email": email, "password": password}
        return self.management("POST", "users", body)

    def password_page(self, browser, email, client=None, **more):
        """Begins a login; the page that asks for the password, and what else it wants."""
        page = browser.go(self.address(client, **more))
        if page.path == "/u/login/identifier":
            return browser.submit(page, username=email), {}
        assert page.path == "/u/login", f"{page.url}\n{page.text}"
        return page, {"username": email}

    def log_in(self, browser, email, password=PASSWORD, client=None, **more):
        """Logs in; where that leads."""
        page, fields = self.password_page(browser, email, client, **more)
        return browser.submit(page, password=password, **fields)

    def sign_up(self, browser, email, client=None):
        """Signs up on the page; where that leads."""
        page = browser.go(self.address(client, screen_hint="signup"))
        assert page.path == "/u/signup", f"{page.url}\n{page.text}"
        return browser.submit(page, email=email, password=PASSWORD)

    def redeem(self, code, client=None, base=None):
        """Exchanges a code at the server, or at another one of the same database."""
        client = client or self.web
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        form |= {name: client[name] for name in ("client_id", "client_secret")}
        return requests.post((base or self.server.base) + "/oauth/token", data=form, timeout=30)

    def userinfo(self, token, base=None):
        """What an access token opens."""
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get((base or self.server.base) + "/userinfo", headers=headers, timeout=30)
