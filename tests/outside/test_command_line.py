"""The command line as a person and a script use it."""

import json

import pytest

from harness import CommandFailed, wait_until

FILES = {
    "toml": """
[[apis]]
name = "Orders"
identifier = "https://orders.test"
scopes = ["read:orders=See orders", "write:orders"]
token_lifetime = 3600

[[apps]]
name = "Report"
app_type = "non_interactive"

[[client_grants]]
app = "Report"
audience = "https://orders.test"
scope = ["read:orders"]
""",
    "yaml": """
apis:
  - name: Orders
    identifier: https://orders.test
    scopes: ["read:orders=See orders", "write:orders"]
    token_lifetime: 3600
apps:
  - {name: Report, app_type: non_interactive}
client_grants:
  - {app: Report, audience: "https://orders.test", scope: ["read:orders"]}
""",
    "json": json.dumps(
        {
            "apis": [
                {
                    "name": "Orders",
                    "identifier": "https://orders.test",
                    "scopes": ["read:orders=See orders", "write:orders"],
                    "token_lifetime": 3600,
                }
            ],
            "apps": [{"name": "Report", "app_type": "non_interactive"}],
            "client_grants": [
                {"app": "Report", "audience": "https://orders.test", "scope": ["read:orders"]}
            ],
        }
    ),
}


@pytest.mark.parametrize("form", FILES)
def test_a_file_is_applied_once_and_then_changes_nothing(fresh, tmp_path, form):
    server = fresh(tls=False).start()
    file = tmp_path / f"resources.{form}"
    file.write_text(FILES[form])

    plan = server.run("apply", str(file), "--dry-run").stdout
    assert "3 to create" in plan
    assert server.make("api", "list") == [] or all(
        api["identifier"] != "https://orders.test" for api in server.make("api", "list")
    )
    server.run("apply", str(file))
    objects = [server.run(kind, "list", "--json").stdout for kind in ("api", "app", "client-grant")]
    again = server.run("apply", str(file)).stdout

    assert "Nothing to change" in again
    assert objects == [
        server.run(kind, "list", "--json").stdout for kind in ("api", "app", "client-grant")
    ]
    app = next(app for app in server.make("app", "list") if app["name"] == "Report")
    answer = wait_until(
        lambda: server.ask(app, "https://orders.test").json().get("expires_in"), "a token", seconds=1
    )
    assert answer == 3600


def test_a_file_with_an_unknown_word_changes_nothing(fresh, tmp_path):
    server = fresh(tls=False)
    file = tmp_path / "resources.toml"
    file.write_text(FILES["toml"].replace("[[apps]]", "[[aps]]"))

    with pytest.raises(CommandFailed) as refused:
        server.run("apply", str(file))

    assert "aps" in refused.value.text
    identifiers = {api["identifier"] for api in server.make("api", "list")}
    assert "https://orders.test" not in identifiers


def test_everything_works_on_a_stopped_instance_and_the_server_finds_it(fresh):
    server = fresh(tls=False)
    app = server.machine("https://api.test", "read:x")
    server.start()
    assert server.token(app, "https://api.test")


def test_what_is_made_while_the_server_runs_is_seen_at_once(fresh):
    server = fresh(tls=False).start()
    app = server.machine("https://api.test", "read:x")
    assert server.token(app, "https://api.test")


def test_explain_says_what_decided(fresh):
    server = fresh(tls=False)
    server.api("https://api.test", "read:x")
    app = server.app()
    ask = ["token", "--client-id", app["client_id"], "--audience", "https://api.test", "--explain"]

    without = json.loads(server.run(*ask, "--json").stdout)
    server.grant(app, "https://api.test", "read:x")
    granted = json.loads(server.run(*ask, "--json").stdout)

    assert without["granted"] is False
    assert without["error"] == "access_denied"
    assert "ClientGrantMissing" in without["reason"] or "grant" in without["reason"]
    assert granted == {"granted": True, "scope": ["read:x"], "dropped": []}


def test_tenants_do_not_see_each_other(fresh):
    server = fresh(tls=False).start()
    for name in ("one", "two"):
        server.run("tenant", "create", name, "--host", f"{name}.test")
    flags = ["--name", "n", "--identifier", "https://api.test", "--scope", "read:x"]
    server.make("api", "create", *flags, "--tenant", "one")
    app = server.make("app", "create", "--name", "n", "--type", "non_interactive", "--tenant", "one")
    pair = ["--client-id", app["client_id"], "--audience", "https://api.test", "--scope", "read:x"]
    server.make("client-grant", "create", *pair, "--tenant", "one")

    def status(host):
        return server.ask(app, "https://api.test", headers={"Host": host}).status_code

    assert wait_until(lambda: status("one.test") == 200, "a token in one", seconds=1)
    assert status("two.test") == 401
    assert status("localhost") == 401
    assert status("three.test") == 404
    keys = [
        {key["kid"] for key in server.http.get(
            server.base + "/.well-known/jwks.json", headers={"Host": host}, timeout=10
        ).json()["keys"]}
        for host in ("one.test", "two.test", "localhost")
    ]
    assert not keys[0] & keys[1] and not keys[0] & keys[2] and not keys[1] & keys[2]
    listed = server.make("tenant", "list")
    assert {tenant["name"] for tenant in listed} == {"default", "one", "two"}

    server.run("tenant", "remove", "one", "--yes")

    assert wait_until(lambda: status("one.test") == 404, "gone", seconds=2)
    assert {tenant["name"] for tenant in server.make("tenant", "list")} == {"default", "two"}


def test_the_doctor_finds_what_is_wrong(fresh):
    server = fresh(tls=False)
    server.run("init")
    assert server.run("doctor").returncode == 0
    (server.data_dir / "master.key").chmod(0o644)

    found = server.run("doctor", check=False)

    assert found.returncode != 0
    assert "master.key" in found.stdout


def test_the_master_key_can_be_changed(fresh):
    server = fresh(tls=False).start()
    app = server.machine("https://api.test", "read:x")
    assert server.stop() == 0
    before = (server.data_dir / "master.key").read_bytes()

    server.run("keys", "change-master-key")

    assert (server.data_dir / "master.key").read_bytes() != before
    server.start()
    assert server.token(app, "https://api.test")


def test_the_schema_goes_back_and_forth(fresh):
    server = fresh(tls=False)
    app = server.machine("https://api.test", "read:x")
    status = json.loads(server.run("migrate", "status", "--json").stdout)
    assert status["present"] == status["newest"]
    server.run("migrate", "up")
    server.start()
    assert server.token(app, "https://api.test")


def test_help_teaches_and_mistakes_are_named(fresh):
    server = fresh(tls=False)
    assert "First steps" in server.run("--help").stdout
    wrong = server.run("api", "creat", check=False)
    assert wrong.returncode == 2
    assert "create" in wrong.stderr
    assert server.run("version").stdout.startswith("grantor ")


def test_secrets_of_the_first_start_belong_to_their_owner_alone(fresh):
    server = fresh().start()
    for file in ("master.key", "management-client.json", "development-authority.key"):
        assert (server.data_dir / file).stat().st_mode & 0o777 == 0o600, file
    assert server.data_dir.stat().st_mode & 0o777 == 0o700
    client = json.loads((server.data_dir / "management-client.json").read_text())
    assert client["client_secret"] not in server.log_text()


def test_users_are_managed_at_the_command_line(fresh):
    server = fresh(tls=False).start()
    create = ["user", "create", "--email", "Ada@x.test", "--email-verified", "--json"]
    ada = json.loads(server.run(*create, stdin="Passw0rd!-x\n").stdout)

    assert (ada["email"], ada["email_verified"]) == ("ada@x.test", True)
    assert [one["user_id"] for one in server.make("user", "list", "--search", "email:ada*")] == [
        ada["user_id"]
    ]
    assert server.make("user", "block", ada["user_id"])["blocked"] is True
    assert server.make("user", "unblock", ada["user_id"])["blocked"] is False
    weak = server.run("user", "set-password", ada["user_id"], stdin="x", check=False)
    assert (weak.returncode, "Password is too weak" in weak.stderr) == (1, True)
    none = server.run("user", "set-password", ada["user_id"], stdin="", check=False)
    assert (none.returncode, "standard input" in none.stderr) == (1, True)
    server.run("user", "set-password", ada["user_id"], stdin="An0ther-one")
    server.run("user", "delete", ada["user_id"])
    assert server.make("user", "list") == []


def test_the_users_of_every_database_may_log_in_with_a_new_application(fresh):
    server = fresh(tls=False).start()
    web = server.app("web", type="regular_web", callback="https://app.test/callback")
    machine = server.app("machine")
    [database] = server.management("GET", "connections?strategy=auth0")

    assert web["client_id"] in database["enabled_clients"]
    assert machine["client_id"] not in database["enabled_clients"]
