"""One code, many who redeem it at once, in one process and in three: one of them gets tokens."""

import base64
import concurrent.futures
import os

import pytest

from shop import Browser, Shop

CODES = 5
REDEMPTIONS = 200

# What is proven here does not depend on what a hash costs.
CHEAP_HASHES = {"GRANTOR_PASSWORDS_MEMORY_KIB": "64", "GRANTOR_PASSWORDS_PASSES": "1"}


@pytest.fixture(params=["one process on SQLite", "three processes on PostgreSQL"])
def nodes(request, fresh):
    environment = dict(CHEAP_HASHES)
    if "SQLite" in request.param:
        return [fresh(tls=False, environment=environment).start()]
    cluster = request.getfixturevalue("cluster")
    environment["GRANTOR_STORAGE_URL"] = cluster.database()
    environment["GRANTOR_KEYS_MASTER_KEY"] = base64.b64encode(os.urandom(32)).decode()
    return [fresh(tls=False, environment=environment).start() for _ in range(3)]


def test_t8_2_of_200_redemptions_at_once_one_gets_tokens(nodes):
    """RFC 6749 §4.1.2, and what the one got is revoked because the others tried."""
    shop = Shop(nodes[0])
    shop.add_user("ada@orchard.test")
    browser = Browser(nodes[0].base)
    codes = [shop.log_in(browser, "ada@orchard.test", prompt="login").code for _ in range(CODES)]
    bases = [node.base for node in nodes]
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        for code in codes:
            where = [bases[number % len(bases)] for number in range(REDEMPTIONS)]
            answers = list(pool.map(lambda base: shop.redeem(code, base=base), where))

            won = [answer for answer in answers if answer.status_code == 200]
            assert len(won) == 1, [answer.status_code for answer in answers]
            lost = {(answer.status_code, answer.json()["error"]) for answer in answers if answer not in won}
            assert lost == {(403, "invalid_grant")}
            # RFC 6749 §4.1.2: tokens of a code that was used twice are worth nothing, wherever they are shown.
            token = won[0].json()["access_token"]
            assert {shop.userinfo(token, base).status_code for base in bases} == {401}
    for node in nodes:
        assert "panicked" not in node.log_text()
