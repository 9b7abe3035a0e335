"""Other people's libraries, unmodified: they know the issuer and nothing of ours."""

import json
import ssl
import urllib.request

import jwt
import pytest
from auth0.authentication import GetToken
from auth0.authentication.exceptions import Auth0Error
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from harness import run_node


def discovered(server, token, audience, algorithms=("RS256",)):
    """Verifies a token with PyJWT, from the issuer alone."""
    context = ssl.create_default_context(cafile=server.authority)
    url = server.issuer + ".well-known/openid-configuration"
    with urllib.request.urlopen(url, context=context) as answer:
        configuration = json.load(answer)
    assert configuration["issuer"] == server.issuer
    keys = jwt.PyJWKClient(configuration["jwks_uri"], ssl_context=context)
    key = keys.get_signing_key_from_jwt(token)
    options = {"require": ["iss", "sub", "aud", "iat", "exp"]}
    issuer = configuration["issuer"]
    return jwt.decode(
        token, key, algorithms=list(algorithms), audience=audience, issuer=issuer, options=options
    )


@pytest.fixture
def trusting(server, monkeypatch):
    """The line that a developer writes to make requests trust the development authority."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.authority)
    return server


@pytest.fixture(scope="module")
def key_pair(tmp_path_factory):
    """A client's own key: the private part as PEM, the public part in a file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    file = tmp_path_factory.mktemp("key") / "public.pem"
    file.write_bytes(public)
    return private.decode(), file


def client_with_key(server, public_key_file, audience):
    """An application that authenticates with its key, and may have the API's scope."""
    app = server.app(public_key=public_key_file, public_key_alg="RS256")
    server.api(audience, "read:x")
    server.grant(app, audience, "read:x")
    return app


def test_t21_1_t21_8_t30_1_pyjwt_verifies_a_token_from_the_issuer_alone(server, name):
    app = server.machine(name, "read:x", "write:x")
    token = server.token(app, name)

    claims = discovered(server, token, name)

    assert claims["iss"] == server.issuer
    assert claims["sub"] == app["client_id"] + "@clients"
    assert claims["aud"] == name
    assert claims["azp"] == app["client_id"]
    assert claims["gty"] == "client-credentials"
    assert claims["scope"] == "read:x write:x"
    assert claims["exp"] - claims["iat"] == 86400
    assert claims["jti"]


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_every_asymmetric_algorithm_verifies_by_discovery(server, name, algorithm):
    audience = f"{name}/{algorithm}"
    server.api(audience, "read:x", signing_alg=algorithm)
    app = server.app()
    server.grant(app, audience, "read:x")

    token = server.token(app, audience)

    assert jwt.get_unverified_header(token)["alg"] == algorithm
    assert discovered(server, token, audience, [algorithm])["scope"] == "read:x"


def test_t30_1_a_token_for_another_api_is_refused_by_the_library(server, name):
    app = server.machine(name, "read:x")
    token = server.token(app, name)

    with pytest.raises(jwt.InvalidAudienceError):
        discovered(server, token, name + "/other")


def test_auth0_python_gets_a_token_with_a_secret(trusting, name):
    app = trusting.machine(name, "read:x")
    client = GetToken(trusting.domain, app["client_id"], client_secret=app["client_secret"])

    answer = client.client_credentials(audience=name)

    assert discovered(trusting, answer["access_token"], name)["scope"] == "read:x"
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 86400


def test_auth0_python_gets_a_token_with_a_key(trusting, name, key_pair):
    private, public = key_pair
    app = client_with_key(trusting, public, name)
    client = GetToken(trusting.domain, app["client_id"], client_assertion_signing_key=private)

    answer = client.client_credentials(audience=name)

    assert discovered(trusting, answer["access_token"], name)["azp"] == app["client_id"]


def test_auth0_python_reports_a_refusal_as_the_vendors(trusting, name):
    app = trusting.app()
    client = GetToken(trusting.domain, app["client_id"], client_secret=app["client_secret"])

    with pytest.raises(Auth0Error) as refused:
        client.client_credentials(audience=name)

    assert refused.value.status_code == 403
    assert refused.value.error_code == "access_denied"
    assert refused.value.message == f"Service not found: {name}"


# Version 7 of `auth0` keeps its authentication client under `auth0/legacy`; version 6 has its own.
NODE_SDKS = ["auth0/legacy", "auth0-six"]


@pytest.mark.parametrize("sdk", NODE_SDKS)
def test_auth0_for_node_gets_a_token_with_a_secret(server, name, sdk):
    audience = f"{name}/{sdk}"
    app = server.machine(audience, "read:x")
    credential = {"clientId": app["client_id"], "clientSecret": app["client_secret"]}
    arguments = {"sdk": sdk, "domain": server.domain, "audience": audience, **credential}

    answer = run_node("token.cjs", arguments, server)

    assert discovered(server, answer["access_token"], audience)["scope"] == "read:x"


@pytest.mark.parametrize("sdk", NODE_SDKS)
def test_auth0_for_node_gets_a_token_with_a_key(server, name, key_pair, sdk):
    private, public = key_pair
    audience = f"{name}/{sdk}"
    app = client_with_key(server, public, audience)
    credential = {"clientId": app["client_id"], "clientAssertionSigningKey": private}
    arguments = {"sdk": sdk, "domain": server.domain, "audience": audience, **credential}

    answer = run_node("token.cjs", arguments, server)

    assert discovered(server, answer["access_token"], audience)["azp"] == app["client_id"]
