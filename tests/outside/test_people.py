"""Connections, users, tickets and jobs through the vendor's SDKs, unmodified, over TLS."""

import gzip
import io
import json
import re

import pytest
import requests
from auth0.management import ManagementClient
from auth0.management.core.api_error import ApiError

from harness import run_node, wait_until


def manager(server):
    """The credentials of the application that the first start made."""
    found = json.loads((server.data_dir / "management-client.json").read_text())
    return found["client_id"], found["client_secret"]


@pytest.fixture
def api(fresh, monkeypatch):
    """The Python SDK's management client on a server of its own."""
    server = fresh().start()
    monkeypatch.setenv("SSL_CERT_FILE", server.authority)
    client_id, client_secret = manager(server)
    client = ManagementClient(
        domain=server.domain, client_id=client_id, client_secret=client_secret
    )
    client.server = server
    return client


def database(api):
    """The first database."""
    return next(iter(api.connections.list(name="Username-Password-Authentication")))


def finished(api, job):
    """The job when it is done."""
    open_ones = ("pending", "processing")

    def look():
        found = api.jobs.get(job.id)
        return None if found.status in open_ones else found

    return wait_until(look, f"{job.type} is done")


def test_the_node_sdk_manages_people(fresh):
    server = fresh().start()
    client_id, client_secret = manager(server)
    arguments = {
        "domain": server.domain,
        "clientId": client_id,
        "clientSecret": client_secret,
    }

    seen = run_node("people.cjs", arguments, server)

    made = seen["connection"]
    assert re.fullmatch("con_[0-9A-Za-z]{16}", made["id"])
    assert seen["connectionFound"] == made
    assert [one["id"] for one in seen["connectionByName"]] == [made["id"]]
    assert seen["databases"] == 2
    assert seen["connectionUpdated"]["options"]["disable_signup"] is True
    assert seen["enabled"] == [{"client_id": seen["client"]}]
    assert [one["id"] for one in seen["ofClient"]] == [made["id"]]

    user = seen["user"]
    assert (user["email"], user["username"]) == ("ada@node.test", "ada")
    assert seen["userFound"] == {"email": "ada@node.test", "username": "ada"}
    assert seen["userUpdated"]["user_metadata"] == {"size": 1}
    assert [one["user_id"] for one in seen["byEmail"]] == [user["user_id"]]
    assert [one["user_id"] for one in seen["searched"]] == [user["user_id"]]
    assert [len(seen["linked"]), len(seen["unlinked"])] == [2, 1]
    assert seen["linked"][1]["profileData"]["email"] == "bob@node.test"
    assert (seen["sessions"], seen["logs"], seen["roles"]) == ([], 0, [])
    assert seen["weak"] == {
        "status": 400,
        "message": "PasswordStrengthError: Password is too weak",
    }
    # The host is the one that the server listens on, whatever it was called by.
    head = f"https://127.0.0.1:{server.port}/u/"
    assert seen["verify"]["ticket"].startswith(head + "email-verification?ticket=")
    assert seen["change"]["ticket"].startswith(head + "reset-verify?ticket=")

    summary = {"failed": 1, "inserted": 1, "updated": 0, "total": 2}
    assert (seen["imported"]["status"], seen["imported"]["summary"]) == ("completed", summary)
    assert [row["errors"][0]["code"] for row in seen["importErrors"]] == ["DUPLICATED_USER"]
    assert seen["exported"]["status"] == "completed"
    assert seen["mail"]["status"] == "completed"
    assert seen["gone"] == 404


def test_python_does_every_operation_on_connections(api):
    made = api.connections.create(name="Customers", strategy="auth0", options={})
    assert api.connections.get(made.id).name == "Customers"
    options = {"passwordPolicy": "excellent"}
    changed = api.connections.update(made.id, options=options)
    assert changed.options["passwordPolicy"] == "excellent"
    client = api.clients.create(name="App", app_type="spa")
    enabled = [{"client_id": client.client_id, "status": True}]
    api.connections.clients.update(made.id, request=enabled)
    assert [one.client_id for one in api.connections.clients.get(made.id)] == [client.client_id]
    api.connections.users.delete_by_email(made.id, email="nobody@x.test")
    names = [one.name for one in api.connections.list(strategy=["auth0"])]
    assert names == ["Username-Password-Authentication", "Customers"]

    with pytest.raises(ApiError) as twice:
        api.connections.create(name="Customers", strategy="auth0", options={})

    assert twice.value.status_code == 409
    api.connections.delete(made.id)
    with pytest.raises(ApiError) as gone:
        api.connections.get(made.id)
    assert (gone.value.status_code, gone.value.body["errorCode"]) == (404, "inexistent_connection")


def test_j3_8_python_does_every_operation_on_users(api):
    name = database(api).name
    made = api.users.create(
        connection=name, email="Ada@x.test", password="Passw0rd!-x", app_metadata={"plan": "gold"}
    )
    found = [one.user_id for one in api.users.list(q="email:ada@x.test")]
    assert found == [made.user_id]
    assert [one.user_id for one in api.users.list_users_by_email(email="ADA@x.test")] == found
    changed = api.users.update(made.user_id, given_name="Ada", app_metadata={"level": 3})
    assert (changed.given_name, changed.app_metadata) == ("Ada", {"plan": "gold", "level": 3})
    other = api.users.create(connection=name, email="bob@x.test", password="Passw0rd!-x")
    bare = other.user_id.split("|")[1]
    linked = api.users.identities.link(made.user_id, provider="auth0", user_id=bare)
    assert [one.user_id for one in linked][1] == bare
    left = api.users.identities.delete(made.user_id, "auth0", bare)
    assert len(left) == 1
    assert list(api.users.sessions.list(made.user_id)) == []
    api.users.sessions.delete(made.user_id)
    assert list(api.user_grants.list(user_id=made.user_id)) == []
    api.users.delete(made.user_id)
    with pytest.raises(ApiError) as gone:
        api.users.get(made.user_id)
    assert (gone.value.status_code, gone.value.body["errorCode"]) == (404, "inexistent_user")


def test_python_makes_tickets(api):
    name = database(api).name
    made = api.users.create(connection=name, email="ada@x.test", password="Passw0rd!-x")
    ticket = api.tickets.change_password(user_id=made.user_id, result_url="https://a.test/done")
    assert re.search(r"/u/reset-verify\?ticket=[0-9A-Za-z]{32}#$", ticket.ticket)
    ticket = api.tickets.verify_email(user_id=made.user_id)
    assert re.search(r"/u/email-verification\?ticket=[0-9A-Za-z]{32}#$", ticket.ticket)
    by_address = api.tickets.change_password(connection_id=database(api).id, email="ada@x.test")
    assert "/u/reset-verify?ticket=" in by_address.ticket


def test_python_imports_and_exports_users(api):
    first = database(api)
    rows = [{"email": f"u{n}@x.test", "app_metadata": {"n": n}} for n in range(300)]
    file = ("users.json", io.BytesIO(json.dumps([*rows, {"email": "bad"}]).encode()))
    job = api.jobs.users_imports.create(users=file, connection_id=first.id, external_id="mine")
    assert (job.status, job.external_id) == ("pending", "mine")
    done = finished(api, job)
    assert (done.summary.inserted, done.summary.failed) == (300, 1)
    told = api.jobs.errors.get(job.id)
    assert told[0].errors[0].path == "email"

    fields = [{"name": "email"}, {"name": "app_metadata.n", "export_as": "n"}]
    job = api.jobs.users_exports.create(connection_id=first.id, format="csv", fields=fields)
    done = finished(api, job)
    file = requests.get(done.location, verify=api.server.authority, timeout=10)
    assert file.headers["content-type"] == "application/gzip"
    lines = gzip.decompress(file.content).decode().splitlines()
    assert (lines[0], len(lines)) == ("email,n", 301)
    assert "u299@x.test,299" in lines
    forged = requests.get(done.location[:-1] + "x", verify=api.server.authority, timeout=10)
    assert forged.status_code == 404


def test_users_of_a_deleted_connection_go_in_the_background_also_after_a_crash(fresh):
    server = fresh().start()
    connection = {"name": "Old", "strategy": "auth0"}
    made = server.management("POST", "connections", connection)
    for number in range(40):
        user = {"connection": "Old", "email": f"u{number}@x.test", "password": "Passw0rd!-x"}
        server.management("POST", "users", user | {"verify_email": False})
    server.management("DELETE", f"connections/{made['id']}")
    server.kill()
    server.start()

    # What the first process held is free after a minute.
    path = "users?include_totals=true&per_page=0"
    none = lambda: server.management("GET", path)["total"] == 0
    wait_until(none, "the users of the connection are gone", 120)
    server.management("POST", "connections", connection)
