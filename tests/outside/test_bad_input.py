"""What a token endpoint meets in the wild: each answer is early, clear and of the right kind, and the server lives on."""

import base64
import json
import socket
import ssl
from urllib.parse import urlencode

import pytest

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@pytest.fixture(scope="module")
def target(server):
    """An application, an API and a grant that a good request would succeed with."""
    audience = "https://bad-input.test"
    return server.machine(audience, "read:x") | {"audience": audience}


def exchange(server, raw):
    """Sends bytes as they are and reads one answer: status, headers, body."""
    context = ssl.create_default_context(cafile=server.authority)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as stream:
            try:
                stream.sendall(raw)
            except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                pass  # The server may answer and close before it has read everything.
            return read_answer(stream)


def read_answer(stream):
    received = b""
    while b"\r\n\r\n" not in received:
        part = stream.recv(65536)
        assert part, f"the connection ended early: {received!r}"
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        part = stream.recv(65536)
        assert part, "the body ended early"
        body += part
    return int(lines[0].split(" ")[1]), headers, body


def request(body, content_type=FORM, extra=(), method="POST", path="/oauth/token"):
    """The bytes of a request."""
    body = body if isinstance(body, bytes) else body.encode()
    head = [f"{method} {path} HTTP/1.1", "Host: localhost:0", f"Content-Length: {len(body)}"]
    head += [f"Content-Type: {content_type}"] if content_type is not None else []
    head += ["Connection: close", *extra]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def good(target, **changes):
    """The fields of a request that succeeds, with changes; None takes one away."""
    fields = {
        "grant_type": "client_credentials",
        "client_id": target["client_id"],
        "client_secret": target["client_secret"],
        "audience": target["audience"],
    }
    return {k: v for k, v in (fields | changes).items() if v is not None}


def form(fields):
    return urlencode(fields)


def basic(target, secret=None):
    pair = f"{target['client_id']}:{secret or target['client_secret']}"
    return "Authorization: Basic " + base64.b64encode(pair.encode()).decode()


# (what, how to make it, status, code, a part of the text). The rule that refuses stands in the name of the case.
CASES = [
    ("Rule::MalformedJson cut short", lambda t: request('{"grant_type": "cl', JSON), 400, "invalid_request", "Invalid JSON"),
    ("Rule::MalformedJson not an object", lambda t: request('["grant_type"]', JSON), 400, "invalid_request", "Invalid JSON"),
    ("Rule::MalformedJson two values", lambda t: request(json.dumps(good(t)) + "{}", JSON), 400, "invalid_request", "Invalid JSON"),
    ("Rule::MalformedJson deep arrays", lambda t: request('{"a":' + "[" * 20000 + "]" * 20000 + "}", JSON), 400, "invalid_request", "Invalid JSON"),
    ("Rule::MissingParameter deep objects are skipped", lambda t: request('{"a":' * 10000 + "1" + "}" * 10000, JSON), 400, "invalid_request", "Missing required parameter: grant_type"),
    ("Rule::MalformedJson invalid UTF-8", lambda t: request(b'{"grant_type":"\xff\xfe"}', JSON), 400, "invalid_request", "Invalid JSON"),
    ("Rule::MalformedJson empty", lambda t: request("", JSON), 400, "invalid_request", "Invalid JSON"),
    ("Rule::MalformedForm invalid UTF-8", lambda t: request(form(good(t)).encode() + b"&scope=\xff", FORM), 400, "invalid_request", "not valid UTF-8"),
    ("Rule::MalformedForm invalid UTF-8 in percent", lambda t: request(form(good(t)) + "&scope=%C3%28", FORM), 400, "invalid_request", "not valid UTF-8"),
    ("Rule::ControlCharacter in a form", lambda t: request(form(good(t, scope="a\0b"))), 400, "invalid_request", "NUL"),
    ("Rule::ControlCharacter in JSON", lambda t: request(json.dumps(good(t, scope="a\0b")), JSON), 400, "invalid_request", "NUL"),
    ("Rule::ControlCharacter raw", lambda t: request(form(good(t)) + "&scope=a\0b"), 400, "invalid_request", "NUL"),
    ("Rule::DuplicateParameter in a form", lambda t: request(form(good(t)) + "&audience=x"), 400, "invalid_request", "Duplicate parameter: audience"),
    ("Rule::DuplicateParameter in JSON", lambda t: request(json.dumps(good(t))[:-1] + ', "audience": "x"}', JSON), 400, "invalid_request", "Duplicate parameter: audience"),
    ("Rule::DuplicateParameter by another spelling", lambda t: request(form(good(t)) + "&%61udience=x"), 400, "invalid_request", "Duplicate parameter: audience"),
    ("Rule::BodyTooLarge 10 MB form", lambda t: request(b"scope=" + b"a" * 10_000_000), 413, "invalid_request", "too large"),
    ("Rule::BodyTooLarge 10 MB JSON", lambda t: request(b'{"scope":"' + b"a" * 10_000_000 + b'"}', JSON), 413, "invalid_request", "too large"),
    ("Rule::ParameterTooLong value", lambda t: request(form(good(t, scope="a" * 20_000))), 400, "invalid_request", "too long"),
    ("Rule::ParameterTooLong name", lambda t: request(form(good(t) | {"n" * 200: "1"})), 400, "invalid_request", "too long"),
    ("Rule::TooManyParameters", lambda t: request(form(good(t) | {f"p{n}": "1" for n in range(200)})), 400, "invalid_request", "Too many"),
    ("Rule::UnsupportedContentType text", lambda t: request(form(good(t)), "text/plain"), 400, "invalid_request", "Content-Type"),
    ("Rule::UnsupportedContentType absent", lambda t: request(form(good(t)), None), 400, "invalid_request", "Content-Type"),
    ("Rule::UnsupportedContentType multipart", lambda t: request(form(good(t)), "multipart/form-data; boundary=x"), 400, "invalid_request", "Content-Type"),
    ("Rule::ParameterNotText number", lambda t: request(json.dumps(good(t, audience=7)), JSON), 400, "invalid_request", "must be a string: audience"),
    ("Rule::ParameterNotText object", lambda t: request(json.dumps(good(t, client_id={"a": 1})), JSON), 400, "invalid_request", "must be a string: client_id"),
    ("Rule::ScopeNotText", lambda t: request(json.dumps(good(t, scope={"a": 1})), JSON), 400, "invalid_scope", "array or a string"),
    ("Rule::MissingParameter grant_type", lambda t: request(form(good(t, grant_type=None))), 400, "invalid_request", "Missing required parameter: grant_type"),
    ("Rule::MissingParameter empty body", lambda t: request(""), 400, "invalid_request", "Missing required parameter: grant_type"),
    ("Rule::UnsupportedGrantType", lambda t: request(form(good(t, grant_type="teleport"))), 403, "unsupported_grant_type", "teleport"),
    ("Rule::ClientIdentityTwice basic and body", lambda t: request(form(good(t)), extra=[basic(t)]), 400, "invalid_request", "More than one"),
    ("Rule::ClientIdentityTwice two ids", lambda t: request(form(good(t, client_secret=None, client_id="other")), extra=[basic(t)]), 400, "invalid_request", "More than one"),
    ("Rule::BasicMalformed", lambda t: request(form(good(t, client_id=None, client_secret=None)), extra=["Authorization: Basic !!!"]), 400, "invalid_request", "Malformed Authorization"),
    ("Rule::ClientSecretWrong", lambda t: request(form(good(t, client_secret="wrong"))), 401, "access_denied", "Unauthorized"),
    ("Rule::ClientUnknown", lambda t: request(form(good(t, client_id="nobody"))), 401, "access_denied", "Unauthorized"),
    ("Rule::ClientCredentialMissing", lambda t: request(form(good(t, client_secret=None))), 401, "access_denied", "Unauthorized"),
    ("Rule::AssertionInvalid", lambda t: request(form(good(t, client_secret=None, client_assertion="a.b.c", client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))), 401, "access_denied", "Unauthorized"),
    ("Rule::AudienceMissing", lambda t: request(form(good(t, audience=None))), 403, "access_denied", ""),
    ("Rule::AudienceUnknown", lambda t: request(form(good(t, audience="https://nowhere.test"))), 403, "access_denied", "Service not found: https://nowhere.test"),
    ("Rule::PathUnknown", lambda t: request("", path="/nothing/here"), 404, "not_found", "Not found"),
    ("Rule::MethodNotAllowed", lambda t: request("", method="DELETE"), 405, "method_not_allowed", "Method not allowed"),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_bad_input_gets_an_early_and_clear_refusal(server, target, case):
    _, make, status, code, text = case

    answered, headers, body = exchange(server, make(target))

    assert answered == status, body
    assert headers["content-type"] == "application/json"
    answer = json.loads(body)
    assert answer["error"] == code, answer
    assert text in answer["error_description"], answer
    assert set(answer) == {"error", "error_description"}
    assert target["client_secret"] not in body.decode()
    # A good request still succeeds.
    assert exchange(server, request(form(good(target))))[0] == 200


def test_a_host_that_belongs_to_no_tenant_is_refused(server, target):
    """Rule::HostUnknown"""
    raw = request(form(good(target))).replace(b"localhost:0", b"evil.test")
    status, _, body = exchange(server, raw)
    assert (status, json.loads(body)["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x00\x00garbage\r\n\r\n",
        b"POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /oauth/token HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 5000 + b"\r\n",
        b"POST /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ids=["version", "garbage", "negative length", "two lengths", "5000 headers", "long target"],
)
def test_what_is_no_http_is_refused_without_harm(server, target, raw):
    context = ssl.create_default_context(cafile=server.authority)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as stream:
            try:
                stream.sendall(raw)
                answer = stream.recv(4096)
            except OSError:
                answer = b""
    assert answer == b"" or answer.split(b" ")[1][:1] == b"4", answer
    assert exchange(server, request(form(good(target))))[0] == 200


def test_refused_requests_leave_nothing_behind(server, target):
    """The log names the rule; no request of this file made or changed an object."""
    before = [server.run(kind, "list", "--json").stdout for kind in ("api", "app", "client-grant")]
    for _, make, *_ in CASES:
        exchange(server, make(target))
    after = [server.run(kind, "list", "--json").stdout for kind in ("api", "app", "client-grant")]
    assert before == after


def test_half_a_request_does_not_hold_the_others_up(server, target):
    context = ssl.create_default_context(cafile=server.authority)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as stream:
            stream.sendall(request(form(good(target)))[:-20])
            assert exchange(server, request(form(good(target))))[0] == 200
