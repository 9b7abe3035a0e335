"""Three processes on one PostgreSQL: what is changed on one holds on all within a second."""

import base64
import os
import time

import pytest
import requests

from harness import wait_until

AUDIENCE = "https://cluster.test"


@pytest.fixture(scope="module")
def nodes(cluster, tmp_path_factory):
    from harness import Grantor

    environment = {
        "GRANTOR_STORAGE_URL": cluster.database(),
        "GRANTOR_KEYS_MASTER_KEY": base64.b64encode(os.urandom(32)).decode(),
    }
    made = []
    for number in range(3):
        folder = tmp_path_factory.mktemp(f"node{number}") / "data"
        made.append(Grantor(folder, tls=False, environment=environment).start())
    yield made
    for node in made:
        assert node.stop() == 0, node.log_text()


@pytest.fixture
def machine(nodes, name):
    """An application that has a token from every node, so that every cache is warm."""
    audience = name
    api = nodes[0].api(audience, "read:x", "write:x")
    app = nodes[0].app()
    grant = nodes[0].grant(app, audience, "read:x", "write:x")
    for node in nodes:
        wait_until(lambda: node.ask(app, audience).status_code == 200, "a token", seconds=1)
    return {"app": app, "audience": audience, "grant": grant, "api": api}


def within_a_second(nodes, changed, what):
    """Whether all nodes say so within a second of now."""
    began = time.monotonic()
    for node in nodes:
        left = 1.0 - (time.monotonic() - began)
        wait_until(lambda: changed(node), f"{what} on {node.base}", seconds=max(left, 0.05))


def refused(machine, status):
    return lambda node: node.ask(machine["app"], machine["audience"]).status_code == status


def test_t18_2_t32_1_a_deleted_grant_is_refused_on_every_node_within_a_second(nodes, machine):
    nodes[0].management("DELETE", f"client-grants/{machine['grant']['id']}")
    within_a_second(nodes, refused(machine, 403), "refused")


def test_a_changed_grant_holds_on_every_node_within_a_second(nodes, machine):
    nodes[1].management("PATCH", f"client-grants/{machine['grant']['id']}", {"scope": ["read:x"]})

    def narrowed(node):
        answer = node.ask(machine["app"], machine["audience"], scope="write:x")
        return answer.status_code == 403

    within_a_second(nodes, narrowed, "narrowed")


def test_t21_7_a_rotated_secret_ends_the_old_one_on_every_node_within_a_second(nodes, machine):
    nodes[2].management("POST", f"clients/{machine['app']['client_id']}/rotate-secret")
    within_a_second(nodes, refused(machine, 401), "refused")


def test_t2_1_a_deleted_application_is_refused_on_every_node_within_a_second(nodes, machine):
    nodes[0].management("DELETE", f"clients/{machine['app']['client_id']}")
    within_a_second(nodes, refused(machine, 401), "refused")
    audience = requests.utils.quote(machine["audience"], safe="")
    assert nodes[1].management("GET", f"client-grants?audience={audience}") == []


def test_t2_2_a_deleted_api_is_refused_on_every_node_within_a_second(nodes, machine):
    nodes[1].management("DELETE", f"resource-servers/{machine['api']['id']}")

    def gone(node):
        answer = node.ask(machine["app"], machine["audience"])
        return answer.status_code == 403 and "Service not found" in answer.text

    within_a_second(nodes, gone, "gone")


def test_t30_3_a_rotation_on_one_node_is_shown_by_all_within_a_second(nodes):
    before = {key["kid"] for key in nodes[0].key_set()}
    nodes[2].management("POST", "keys/signing/rotate")
    within_a_second(nodes, lambda node: {k["kid"] for k in node.key_set()} != before, "shown")
    assert len({frozenset(k["kid"] for k in node.key_set()) for node in nodes}) == 1


def test_an_assertion_is_used_once_on_all_nodes_together(nodes, name, tmp_path):
    """RFC 7523 §3, by the store's one primitive. Rule::AssertionReplayed"""
    import concurrent.futures

    import jwt
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (tmp_path / "public.pem").write_bytes(public)
    node = nodes[0]
    node.api(name, "read:x")
    app = node.app(public_key=tmp_path / "public.pem", public_key_alg="RS256")
    node.grant(app, name, "read:x")
    host = "localhost"  # The same issuer under every node's port.
    now = int(time.time())
    claims = {"iss": app["client_id"], "sub": app["client_id"], "aud": f"http://{host}/"}
    claims |= {"iat": now, "exp": now + 60, "jti": "only-once"}
    form = {
        "client_assertion": jwt.encode(claims, key, algorithm="RS256"),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "audience": name,
        "headers": {"Host": host},
    }

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: nodes[n % 3].post_token(**dict(form)), range(12)))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 11
