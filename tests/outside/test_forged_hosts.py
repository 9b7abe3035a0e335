"""Whatever a request says its host is, pages lead nowhere else."""

import re
import socket
import ssl
from urllib.parse import urlencode, urlsplit

import pytest

from chromium import People

CALLBACK = "https://print.test/cb"
FORGED = {
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Server": "evil.test",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Prefix": "https://evil.test",
    "X-Host": "evil.test",
    "X-Original-Host": "evil.test",
    "X-Original-URL": "https://evil.test/",
    "X-Rewrite-URL": "https://evil.test/",
    "Forwarded": 'for=127.0.0.1;host="evil.test";proto=http',
}


@pytest.fixture(scope="module")
def app(people):
    urls = {"callbacks": [CALLBACK], "allowed_logout_urls": ["https://print.test/out"]}
    return people.app("Forged", is_first_party=False, **urls)


@pytest.fixture(scope="module")
def query(app):
    asked = {"client_id": app["client_id"], "response_type": "code", "redirect_uri": CALLBACK}
    # The example of RFC 7636, appendix B.
    asked["code_challenge"] = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    return urlencode({**asked, "code_challenge_method": "S256", "scope": "openid"})


def test_a_login_with_forged_headers_stays_where_it_is(server, browser, people, query, app):
    who = people.user("forged")
    logout = {"client_id": app["client_id"], "post_logout_redirect_uri": "https://print.test/out"}
    steps = [("go", f"{server.base}/authorize?{query}"), ("logIn", who), ("press", "accept")]
    steps += [("go", f"{server.base}/oidc/logout?{urlencode(logout)}"), ("press", "accept")]

    seen = browser.play("walk.through", {"extraHTTPHeaders": FORGED}, steps=steps)

    hosts = [urlsplit(address).netloc for address in seen["addresses"]]
    assert set(hosts) == {server.domain, "print.test"}
    ends = [one["url"].split("?")[0] for one in seen["shown"]]
    assert (ends[2], ends[4]) == (CALLBACK, "https://print.test/out")
    assert "evil" not in "".join(one["text"] for one in seen["shown"])


def test_a_mail_that_forged_headers_asked_for_leads_where_it_should(house, browser):
    people = People(house)
    who = people.user("forged")
    asked = {"client_id": people.app("Shop", callbacks=[CALLBACK])["client_id"], "response_type": "code"}
    steps = [("go", f"{house.base}/authorize?{urlencode(asked)}")]
    steps += [("type", {"username": who["username"]}), ("follow", "Forgot your password?")]
    steps += [("enter", "default")]

    browser.play("walk.through", {"extraHTTPHeaders": FORGED}, steps=steps)

    headers = {"Accept": "application/json"}
    (mail,) = house.http.get(f"{house.base}/dev/mailbox", headers=headers, timeout=10).json()
    assert mail["to"] == who["username"]
    own = house.host_of(house.management_token())
    for body in (mail["text"], mail["html"]):
        links = re.findall(r'https?://[^\s"<]+', body)
        assert links and all(link.startswith(f"https://{own}/u/reset-verify?") for link in links), body
        assert "evil" not in body


def raw(server, request):
    """Sends bytes over TLS; the whole answer as text."""
    context = ssl.create_default_context(cafile=server.authority)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(request.encode())
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
            return answer.decode()


PATHS = ["/authorize?{query}", "/authorize?client_id=x", "/v2/logout", "/oidc/logout", "/u/logged-out"]


@pytest.mark.parametrize("path", PATHS)
def test_a_host_that_nobody_configured_gets_no_page(server, query, path):
    path = path.format(query=query)
    end = "Connection: close\r\n\r\n"
    own = f"Host: {server.domain}\r\n"
    forged = [
        f"GET {path} HTTP/1.1\r\nHost: evil.test\r\n{end}",
        f"GET {path} HTTP/1.1\r\nHost: {server.domain}.evil.test\r\n{end}",
        f"GET {path} HTTP/1.1\r\nHost: {server.domain}@evil.test\r\n{end}",
        f"GET {path} HTTP/1.1\r\nHost: {server.domain}, evil.test\r\n{end}",
        f"GET https://evil.test{path} HTTP/1.1\r\n{own}{end}",
        f"GET {path} HTTP/1.1\r\nHost: evil.test\r\n{own}{end}",
        f"GET {path} HTTP/1.1\r\n{own}Host: evil.test\r\n{end}",
        f"GET {path} HTTP/1.1\r\n{end}",
    ]
    for request in forged:
        answer = raw(server, request)
        status = int(answer.split(" ")[1])
        assert 400 <= status < 500, f"{request}\n{answer}"
        assert "text/html" not in answer and "evil.test" not in answer, f"{request}\n{answer}"
    genuine = raw(server, f"GET {path} HTTP/1.1\r\n{own}{end}")
    assert "text/html" in genuine or "location: /u/login" in genuine.lower(), genuine


@pytest.mark.parametrize("host", ["login.orchard.test", "localhost"])
def test_pages_of_each_configured_host_lead_to_that_host(server, query, host):
    host = server.domain if host == "localhost" else host
    headers = {"Host": host, **FORGED}
    addresses = [f"/authorize?{query}", "/authorize?client_id=x", "/oidc/logout", "/u/logged-out"]
    for address in addresses:
        answer = server.http.get(server.base + address, headers=headers, allow_redirects=False, timeout=30)
        assert re.match("/u/", answer.headers.get("Location", "/u/")), answer.headers
        pointers = re.findall(r'(?:href|src|action)="([^"]*)"', answer.text)
        assert all(re.match(r"/[^/\\]|data:,", one) for one in pointers), pointers
    configuration = server.http.get(
        f"{server.base}/.well-known/openid-configuration", headers=headers, timeout=30
    ).json()
    assert configuration["issuer"] == f"https://{host}/"
    assert "evil" not in str(configuration)
