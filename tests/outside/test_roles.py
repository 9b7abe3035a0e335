"""Roles and refresh tokens, managed with the vendor's Node SDK and by the command line, decide what is in tokens."""

import base64
import json

import pytest

from harness import run_node
from shop import Browser, Shop

ORDERS = "https://orders.test"


class Desk:
    """A shop whose API enforces permissions, Ada, and the Node SDK."""

    def __init__(self, server):
        self.server = server
        self.shop = Shop(server)
        scopes = [{"value": f"{verb}:orders"} for verb in ("read", "pack", "sell")]
        api = {"identifier": ORDERS, "name": "Orders", "scopes": scopes}
        api |= {"enforce_policies": True, "token_dialect": "access_token_authz"}
        api |= {"allow_offline_access": True, "skip_consent_for_verifiable_first_party_clients": True}
        self.api = server.management("POST", "resource-servers", api)
        self.ada = self.shop.add_user("ada@orchard.test")["user_id"]
        found = json.loads((server.data_dir / "management-client.json").read_text())
        self.arguments = {"domain": server.domain, "user": self.ada}
        self.arguments |= {"clientId": found["client_id"], "clientSecret": found["client_secret"]}
        self.browser = Browser(server.base)
        self.browser.http.verify = server.authority

    def node(self, step):
        """What a step of `roles.cjs` saw."""
        return run_node("roles.cjs", self.arguments | {"step": step}, self.server)

    def tokens(self, scope="openid read:orders sell:orders"):
        """Tokens for Ada at the orders API."""
        more = {"audience": ORDERS, "scope": scope}
        page = self.browser.go(self.shop.address(**more))
        if not page.parameter("code"):
            page = self.shop.log_in(self.browser, "ada@orchard.test", **more)
        return self.shop.redeem(page.code).json()


def permissions(tokens):
    """What the access token says."""
    payload = tokens["access_token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=="))["permissions"]


@pytest.fixture
def desk(fresh, monkeypatch):
    """A desk on a server of its own."""
    server = fresh().start()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", server.authority)
    return Desk(server)


def test_j16_1_j16_2_the_node_sdk_manages_roles_and_the_next_token_shows_it(desk):
    assert permissions(desk.tokens()) == []

    seen = desk.node("roles")

    assert (seen["made"]["description"], seen["found"]["description"]) == ("Sells", "Packs")
    assert seen["filtered"] == [seen["made"]["id"]]
    assert [one["permission_name"] for one in seen["permissions"]] == ["read:orders"]
    assert [one["user_id"] for one in seen["members"]] == [desk.ada]
    assert seen["roles"] == ["Packer", "Seller"]
    sources = {one["permission_name"]: len(one["sources"]) for one in seen["held"]}
    assert sources == {"read:orders": 2, "sell:orders": 1, "pack:orders": 1}
    assert seen["twice"] == {"status": 409, "message": "The role already exists."}
    tokens = desk.tokens()
    assert permissions(tokens) == ["pack:orders", "read:orders", "sell:orders"]
    assert "scope" not in tokens

    assert desk.node("taken") == {"roles": ["Packer"], "gone": 404}

    tokens = desk.tokens()
    assert (permissions(tokens), tokens["scope"]) == (["read:orders"], "openid read:orders")


def test_j12_5_t23b_3_the_node_sdk_sees_and_revokes_refresh_tokens(desk):
    shop, base = desk.shop, desk.server.base
    lasting = {"grant_types": ["authorization_code", "refresh_token"]}
    desk.server.management("PATCH", f"clients/{shop.web['client_id']}", lasting)
    tokens = [desk.tokens("openid offline_access")["refresh_token"] for _ in range(4)]

    def refresh(token):
        form = {"grant_type": "refresh_token", "refresh_token": token}
        form |= {name: shop.web[name] for name in ("client_id", "client_secret")}
        return desk.server.http.post(base + "/oauth/token", data=form, timeout=30)

    assert [refresh(token).status_code for token in tokens] == [200] * 4

    seen = desk.node("tokens")

    found = seen["tokens"]
    assert len(found) == 4
    assert {one["client_id"] for one in found} == {shop.web["client_id"]}
    assert [one["rotating"] for one in found] == [False] * 4
    apis = [{"audience": ORDERS, "scopes": "openid offline_access"}]
    assert [one["resource_servers"] for one in found] == [apis] * 4
    assert [one["id"] for one in seen["ofUser"]] == [one["id"] for one in found]
    assert seen["found"] == found[0]
    assert seen["noted"]["refresh_token_metadata"] == {"ticket": "17"}
    assert {one["id"] for one in seen["devices"]} == {f"dcr_{one['id']}" for one in found}
    assert seen["session"]["session_metadata"] == {"desk": "4"}
    assert (seen["left"], seen["sessions"], seen["end"]) == (1, 0, 0)
    answers = [refresh(token) for token in tokens]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert {answer.json()["error"] for answer in answers} == {"invalid_grant"}


def test_roles_are_managed_at_the_command_line(desk):
    server = desk.server
    made = server.make("role", "create", "--name", "Packer")
    pack = ["--audience", ORDERS, "--permission", "pack:orders", "--permission", "read:orders"]

    server.run("role", "permit", "Packer", *pack)
    server.run("role", "give", "Packer", desk.ada)

    assert [one["id"] for one in server.make("role", "list")] == [made["id"]]
    assert [one["user_id"] for one in server.make("role", "users", made["id"])] == [desk.ada]
    assert permissions(desk.tokens()) == ["pack:orders", "read:orders"]
    server.run("role", "forbid", "Packer", "--audience", ORDERS, "--permission", "pack:orders")
    names = [one["permission_name"] for one in server.make("role", "permissions", "Packer")]
    assert names == permissions(desk.tokens()) == ["read:orders"]
    server.run("role", "take", "Packer", desk.ada)
    assert permissions(desk.tokens()) == []
    server.run("role", "delete", "Packer")
    nobody = server.run("role", "users", "Packer", check=False)
    assert (nobody.returncode, "no role called Packer" in nobody.stderr) == (1, True)
