"""The client-credentials grant as a service meets it."""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import ssl
import threading

import jwt
import pytest
import requests

from harness import CommandFailed, wait_until


def claims_of(token):
    """The claims, unverified; what verifies is proven in test_libraries.py."""
    return jwt.decode(token, options={"verify_signature": False})


def test_t1_2_t18_1_from_nothing_to_a_token_accepted_by_an_api(server, name):
    app = server.machine(name, "read:x", "write:x")

    answer = server.ask(app, name)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert len(answer.headers["x-auth0-requestid"]) == 20
    assert int(answer.headers["x-ratelimit-remaining"]) < int(answer.headers["x-ratelimit-limit"])
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert claims_of(body["access_token"])["scope"] == "read:x write:x"
    with service(server, name, "read:x") as url:
        assert requests.get(url, headers=bearer(body["access_token"])).status_code == 200


def test_t2_3_a_machine_token_has_a_subject_that_says_so(server, name):
    app = server.machine(name, "read:x")
    assert claims_of(server.token(app, name))["sub"] == f"{app['client_id']}@clients"


def test_t2_4_identifiers_are_unique_to_the_last_character(server, name):
    first = server.api(name, "read:x")
    second = server.api(name + "/", "read:x")
    assert first["id"] != second["id"]

    with pytest.raises(CommandFailed) as refused:
        server.api(name, "read:x")

    assert "already exists" in refused.value.text


def test_t3_2_a_grant_type_that_is_taken_away_is_refused_at_once(server, name):
    app = server.machine(name, "read:x")
    server.token(app, name)
    server.run("app", "update", app["client_id"], "--grant-type", "authorization_code")

    answer = wait_until(lambda: refusal(server.ask(app, name)), "refused", seconds=1)

    assert answer == (403, "unauthorized_client")


def test_t3_3_a_public_application_gets_no_machine_token(server, name):
    app = server.machine(name, "read:x")
    server.token(app, name)
    server.run("app", "update", app["client_id"], "--auth-method", "none")

    def refused():
        return refusal(server.post_token(client_id=app["client_id"], audience=name))

    assert wait_until(refused, "refused", seconds=1) in [
        (403, "unauthorized_client"),
        (401, "access_denied"),
    ]


def test_t4_1_a_default_audience_stands_in_for_a_missing_one(fresh):
    server = fresh(tls=False).start()
    app = server.machine("https://api.test", "read:x")
    server.api("https://other.test", "read:y")
    server.grant(app, "https://other.test", "read:y")
    assert refusal(server.ask(app, None)) == (403, "access_denied")

    server.management("PATCH", "tenants/settings", {"default_audience": "https://api.test"})

    token = wait_until(lambda: granted(server.ask(app, None)), "a token", seconds=1)
    assert claims_of(token["access_token"])["aud"] == "https://api.test"
    explicit = server.token(app, "https://other.test")
    assert claims_of(explicit)["aud"] == "https://other.test"
    assert server.stop() == 0
    server.start()
    assert claims_of(server.token(app, None))["aud"] == "https://api.test"
    server.management("PATCH", "tenants/settings", {"default_audience": ""})
    assert wait_until(lambda: refusal(server.ask(app, None)), "refused", seconds=1) == (
        403,
        "access_denied",
    )


def test_t4_3_a_default_audience_must_be_an_api(fresh):
    server = fresh(tls=False).start()
    unknown = {"default_audience": "https://nowhere.test"}
    answer = server.management("PATCH", "tenants/settings", unknown, status=400)
    assert "nowhere" in answer["message"] or "audience" in answer["message"].lower()


def test_t18_2_without_a_grant_and_after_its_end_403(server, name):
    server.api(name, "read:x")
    app = server.app()
    assert refusal(server.ask(app, name)) == (403, "access_denied")
    grant = server.grant(app, name, "read:x")
    server.token(app, name)

    server.run("client-grant", "delete", grant["id"])

    assert wait_until(lambda: refusal(server.ask(app, name)), "refused", seconds=1) == (
        403,
        "access_denied",
    )


def test_t18_4_openid_and_offline_access_yield_no_further_token(server, name):
    app = server.machine(name, "read:x")

    body = server.ask(app, name, scope="openid offline_access read:x").json()

    assert "id_token" not in body and "refresh_token" not in body
    assert body["scope"] == "read:x"
    assert claims_of(body["access_token"])["scope"] == "read:x"


def test_t18_5_a_third_party_needs_a_grant_like_anybody(server, name):
    server.api(name, "read:x")
    app = server.app(third_party=True)
    assert refusal(server.ask(app, name)) == (403, "access_denied")

    server.grant(app, name, "read:x")

    answer = wait_until(lambda: granted(server.ask(app, name)), "granted", seconds=1)
    assert claims_of(answer["access_token"])["scope"] == "read:x"


def test_t21_2_a_refusal_for_want_of_a_grant_names_the_audience(server, name):
    server.api(name, "read:x")
    app = server.app()

    answer = server.ask(app, name)

    assert refusal(answer) == (403, "access_denied")
    assert f'not authorized to access "{name}"' in answer.json()["error_description"]


def test_t21_3_a_narrower_scope_narrows_the_token(server, name):
    app = server.machine(name, "read:x", "write:x")
    assert claims_of(server.token(app, name, scope="read:x"))["scope"] == "read:x"


def test_t21_4_expires_in_is_the_lifetime_of_the_api(server, name):
    server.api(name, "read:x", token_lifetime=300)
    app = server.app()
    server.grant(app, name, "read:x")

    body = server.ask(app, name).json()

    claims = claims_of(body["access_token"])
    assert body["expires_in"] == 300
    assert claims["exp"] - claims["iat"] == 300


def test_t21_5_success_and_failure_are_in_the_log(server, name):
    app = server.machine(name, "read:x")
    server.token(app, name)
    server.ask(app, name + "/unknown")

    def entries():
        found = server.management("GET", f"logs?q=client_id:{app['client_id']}&sort=date:1")
        return found if len(found) >= 2 else None

    logs = {entry["type"]: entry for entry in wait_until(entries, "two entries")}
    assert logs["seccft"]["client_id"] == app["client_id"]
    assert logs["feccft"]["client_id"] == app["client_id"]
    assert name + "/unknown" in logs["feccft"]["description"]


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_t21_6_the_secret_comes_as_basic_or_in_the_body(server, name, method):
    audience = f"{name}/{method}"
    server.api(audience, "read:x")
    app = server.app(auth_method=method)
    server.grant(app, audience, "read:x")
    identity = (app["client_id"], app["client_secret"])

    basic = server.post_token(auth=identity, audience=audience)
    body = server.ask(app, audience)
    in_json = server.post_token(
        json={
            "grant_type": "client_credentials",
            "client_id": identity[0],
            "client_secret": identity[1],
            "audience": audience,
        }
    )

    used = basic if method == "client_secret_basic" else body
    assert used.status_code == 200
    # The vendor's dialect takes the other transport too; it never takes a wrong secret.
    assert {basic.status_code, body.status_code, in_json.status_code} <= {200}
    wrong = (identity[0], identity[1][:-1] + "~")
    assert refusal(server.post_token(auth=wrong, audience=audience)) == (401, "access_denied")


def test_t21_7_a_rotated_secret_ends_the_old_one_at_once(server, name):
    app = server.machine(name, "read:x")
    server.token(app, name)

    rotated = server.make("app", "rotate-secret", app["client_id"])

    assert rotated["client_secret"] != app["client_secret"]
    assert wait_until(lambda: refusal(server.ask(app, name)), "refused", seconds=1) == (
        401,
        "access_denied",
    )
    assert server.token(rotated, name)


def test_t28_2_the_secrets_of_application_and_api_are_not_interchangeable(server, name):
    api = server.api(name, "read:x", signing_alg="HS256")
    app = server.app()
    server.grant(app, name, "read:x")
    token = server.token(app, name)

    assert api["signing_secret"] != app["client_secret"]
    assert verifies_with(token, api["signing_secret"])
    assert not verifies_with(token, app["client_secret"])
    swapped = app | {"client_secret": api["signing_secret"]}
    assert refusal(server.ask(swapped, name)) == (401, "access_denied")


def test_t30_4_the_secret_of_an_hs256_api_verifies_its_tokens(server, name):
    api = server.api(name, "read:x", signing_alg="HS256")
    app = server.app()
    server.grant(app, name, "read:x")

    token = server.token(app, name)

    claims = jwt.decode(token, api["signing_secret"], algorithms=["HS256"], audience=name)
    assert claims["scope"] == "read:x"
    assert api["signing_secret"] not in json.dumps(server.key_set())


def test_t30_5_the_issuer_is_the_host_that_was_asked(server, name):
    app = server.machine(name, "read:x")
    custom = {"Host": "login.orchard.test"}

    token = server.token(app, name, headers=custom)
    url = server.base + "/.well-known/openid-configuration"
    configuration = server.http.get(url, headers=custom).json()

    assert claims_of(token)["iss"] == "https://login.orchard.test/"
    assert configuration["issuer"] == "https://login.orchard.test/"
    assert claims_of(server.token(app, name))["iss"] == server.issuer


def test_t31_5_an_api_may_deny_machines_altogether(server, name):
    app = server.machine(name, "read:x")
    api = server.make("api", "show", name)
    policy = {"subject_type_authorization": {"client": {"policy": "deny_all"}}}

    server.management("PATCH", f"resource-servers/{api['id']}", policy)

    assert wait_until(lambda: refusal(server.ask(app, name)), "refused", seconds=1) == (
        403,
        "access_denied",
    )


def test_t32_4_a_shorter_lifetime_holds_from_the_next_token_on(server, name):
    app = server.machine(name, "read:x")
    server.token(app, name)
    server.run("api", "update", name, "--token-lifetime", "300")

    def lifetime():
        claims = claims_of(server.token(app, name))
        return claims["exp"] - claims["iat"] == 300

    assert wait_until(lifetime, "five minutes", seconds=1)


def test_j8_3_permissions_are_in_the_token_when_the_dialect_says_so(server, name):
    app = server.machine(name, "read:x")
    assert "permissions" not in claims_of(server.token(app, name))
    api = server.make("api", "show", name)
    authz = {"enforce_policies": True, "token_dialect": "access_token_authz"}

    server.management("PATCH", f"resource-servers/{api['id']}", authz)

    def permissions():
        return claims_of(server.token(app, name)).get("permissions")

    assert wait_until(permissions, "permissions", seconds=1) == ["read:x"]


@pytest.mark.parametrize("dialect", ["rfc9068_profile", "rfc9068_profile_authz"])
def test_the_rfc_9068_dialect_has_its_type_and_claims(server, name, dialect):
    audience = f"{name}/{dialect}"
    server.api(audience, "read:x", token_dialect=dialect)
    app = server.app()
    server.grant(app, audience, "read:x")

    token = server.token(app, audience)

    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    claims = claims_of(token)
    assert claims["client_id"] == app["client_id"]
    assert claims["jti"] and "gty" not in claims and "azp" not in claims
    assert ("permissions" in claims) == dialect.endswith("authz")


def test_t33_2_one_api_for_two_services_keeps_them_apart_by_scope(server, name):
    server.api(name, "read:stock", "read:routes")
    app = server.app()
    server.grant(app, name, "read:stock")
    token = server.token(app, name)

    with service(server, name, "read:stock") as stock, service(server, name, "read:routes") as routes:
        assert requests.get(stock, headers=bearer(token)).status_code == 200
        assert requests.get(routes, headers=bearer(token)).status_code == 403
        assert requests.get(stock, headers=bearer(token[:-8] + "AAAAAAAA")).status_code == 401
        assert requests.get(stock).status_code == 401


def test_the_token_command_prints_a_token_that_an_api_accepts(server, name):
    app = server.machine(name, "read:x")

    token = server.run(
        "token", "--client-id", app["client_id"], "--audience", name
    ).stdout.strip()

    with service(server, name, "read:x", issuer=claims_of(token)["iss"]) as url:
        assert requests.get(url, headers=bearer(token)).status_code == 200


# What the tests above share.


def refusal(answer):
    """Status and code of a refusal, nothing for a success."""
    return None if answer.status_code == 200 else (answer.status_code, answer.json()["error"])


def granted(answer):
    """The body of a success, nothing for a refusal."""
    return answer.json() if answer.status_code == 200 else None


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def verifies_with(token, secret):
    """HS256 by hand, so that no library's opinion about key lengths is in the way."""
    signed, _, signature = token.rpartition(".")
    expected = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(expected).rstrip(b"=").decode() == signature


@contextlib.contextmanager
def service(server, audience, scope, issuer=None):
    """A small API in front of PyJWT: 200, 401 for a token it does not believe, 403 for one that does not suffice."""
    context = ssl.create_default_context(cafile=server.authority)
    keys = jwt.PyJWKClient(server.issuer + ".well-known/jwks.json", ssl_context=context)

    def status(header):
        try:
            token = header.removeprefix("Bearer ")
            key = keys.get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token, key, algorithms=["RS256"], audience=audience, issuer=issuer or server.issuer
            )
        except jwt.PyJWTError:
            return 401
        return 200 if scope in claims.get("scope", "").split() else 403

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status(self.headers.get("Authorization", "")))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as api:
        threading.Thread(target=api.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{api.server_address[1]}/"
        api.shutdown()
