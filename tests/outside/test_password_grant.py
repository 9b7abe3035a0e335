"""The vendor's libraries, unmodified, get tokens for a user's password: no browser, no session."""

import pytest
from auth0.authentication import GetToken
from auth0.authentication.exceptions import Auth0Error

from chromium import CONNECTION
from harness import run_node, wait_until
from test_libraries import NODE_SDKS, discovered, trusting

REALM = "http://auth0.com/oauth/grant-type/password-realm"

__all__ = ["trusting"]


@pytest.fixture
def till(server, people, name):
    """An application that is trusted with passwords, and an API with two scopes."""
    server.management("PATCH", "tenants/settings", {"default_directory": CONNECTION})
    server.api(name, "read:x", "write:x")
    trusted = {"is_token_endpoint_ip_header_trusted": True, "grant_types": ["password", REALM]}
    return people.app("Till", **trusted)


def logged(server, client_id, kind, **members):
    """An entry of the log about the application, once it is there."""
    query = f'type:{kind} AND client_id:"{client_id}"'

    def look():
        found = server.management("GET", f"logs?q={query}&include_totals=false&per_page=50")
        fits = [one for one in found if all(one.get(key) == members[key] for key in members)]
        return fits[0] if fits else None

    return wait_until(look, f"{kind} with {members}")


def test_t24_1_t24_2_t25_1_auth0_python_logs_in_at_the_default_directory(trusting, till, ada, name):
    client = GetToken(trusting.domain, till["client_id"], client_secret=till["client_secret"])

    # It sends null for the realm, the scope and the audience that are not given.
    answer = client.login(ada["username"], ada["password"], audience=name)

    claims = discovered(trusting, answer["access_token"], name)
    everything = "openid profile email address phone read:x write:x"
    assert answer["scope"] == claims["scope"] == everything
    assert (claims["sub"], claims["gty"]) == (ada["user_id"], "password")
    identity = discovered(trusting, answer["id_token"], till["client_id"])
    assert (identity["sub"], identity["email"]) == (ada["user_id"], ada["username"])
    assert "sid" not in identity


def test_t25_2_t25_5_t27_3_auth0_python_names_the_realm_and_the_end_user(trusting, till, ada, name):
    client = GetToken(trusting.domain, till["client_id"], client_secret=till["client_secret"])
    asked = {"realm": CONNECTION, "audience": name, "scope": "read:x"}

    answer = client.login(ada["username"], ada["password"], forwarded_for="203.0.113.9", **asked)

    assert discovered(trusting, answer["access_token"], name)["scope"] == "read:x"
    assert "id_token" not in answer
    event = logged(trusting, till["client_id"], "sepft")
    assert (event["ip"], event["client_ip"]) == ("203.0.113.9", "127.0.0.1")
    assert (event["connection"], event["user_name"]) == (CONNECTION, ada["username"])
    refusals = set()
    for username in (ada["username"], "nobody@orchard.test"):
        with pytest.raises(Auth0Error) as refused:
            client.login(username, "wrong", **asked)
        error = refused.value
        refusals.add((error.status_code, error.error_code, error.message))
    assert refusals == {(403, "invalid_grant", "Wrong email or password.")}
    assert logged(trusting, till["client_id"], "fepft", user_name="nobody@orchard.test")


def test_t24_1_t25_1_t25_2_auth0_for_node_logs_in(server, till, ada, name):
    arguments = {
        "domain": server.domain,
        "clientId": till["client_id"],
        "clientSecret": till["client_secret"],
        "who": {"username": ada["username"], "password": ada["password"]},
        "asked": {"audience": name, "scope": "openid write:x"},
        "realm": CONNECTION,
    }
    for number, sdk in enumerate(NODE_SDKS):
        address = f"203.0.113.{number}"

        seen = run_node("password.cjs", {**arguments, "sdk": sdk, "forwardedFor": address}, server)

        for answer in (seen["preset"], seen["named"]):
            claims = discovered(server, answer["access_token"], name)
            assert (claims["sub"], claims["scope"]) == (ada["user_id"], "openid write:x")
            identity = discovered(server, answer["id_token"], till["client_id"])
            assert identity["sub"] == ada["user_id"]
            assert "scope" not in answer
        told = {"error": "invalid_grant", "error_description": "Wrong email or password."}
        assert seen["wrong"] == {**told, "statusCode": 403}
        event = logged(server, till["client_id"], "sepft", ip=address)
        assert event["client_ip"] == "127.0.0.1"
