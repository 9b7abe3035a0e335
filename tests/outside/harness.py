"""A real Grantor process on a fresh data directory, and its command line."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import jwt
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BINARY = os.environ.get("OUTSIDE_BINARY", str(TARGET / "debug" / "grantor"))
NODE = os.environ.get("OUTSIDE_NODE", "node")
NODE_PATH = os.environ.get("NODE_PATH", str(ROOT / ".test/node/node_modules"))

# Ports that were handed out already: a process that has not bound its port yet must not lose it.
_ports = set()


def free_port():
    """A port that nobody listens on."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in _ports:
            _ports.add(port)
            return port


def wait_until(condition, what, seconds=20.0):
    """Asks until the condition holds and returns what it said; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)


def _flags(values):
    """Flags of the command line; a list repeats its flag, True stands alone."""
    flags = []
    for key, value in values.items():
        flag = "--" + key.replace("_", "-")
        for one in value if isinstance(value, (list, tuple)) else [value]:
            flags += [flag] if one is True else [flag, str(one)]
    return flags


class CommandFailed(AssertionError):
    """A command of the command line that ended with another status than 0."""

    def __init__(self, arguments, done):
        self.status = done.returncode
        self.text = done.stdout + done.stderr
        super().__init__(f"grantor {' '.join(arguments)}: status {self.status}\n{self.text}")


class Grantor:
    """One data directory (or database), one port, and the process that serves them."""

    def __init__(self, data_dir, *, tls=True, environment=None):
        self.data_dir = pathlib.Path(data_dir)
        self.port = free_port()
        self.tls = tls
        self.base = f"{'https' if tls else 'http'}://localhost:{self.port}"
        self.issuer = self.base + "/"
        self.domain = f"localhost:{self.port}"
        self.environment = dict(environment or {})
        self.process = None
        self.log = pathlib.Path(str(self.data_dir) + f".{self.port}.log")
        self.http = requests.Session()
        self.http.trust_env = False
        self._management = None

    # The process.

    def start(self, *, preexec=None, ready=True, arguments=()):
        """Starts the server and waits until it is ready."""
        command = [BINARY, "serve", "--data-dir", str(self.data_dir)]
        command += ["--listen", f"127.0.0.1:{self.port}", *arguments]
        if not self.tls:
            command.append("--http")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
                preexec_fn=preexec,
            )
        if ready:
            wait_until(self._is_ready, f"{self.base} is ready; its log:\n{self.log_text()[-3000:]}")
        return self

    def _is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log_text()}")
        return self.is_ready()

    def is_ready(self):
        """Whether the readiness probe says so."""
        try:
            self.http.verify = self.authority if self.tls else True
            return self.http.get(self.base + "/health/ready", timeout=5).status_code == 200
        except (requests.RequestException, OSError):
            return False

    def ends(self, seconds=20.0):
        """Waits for the process to end by itself; its exit status."""
        status = self.process.wait(timeout=seconds)
        self.process = None
        return status

    def stop(self):
        """Asks the server to stop; its exit status."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.ends()
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self):
        """Takes the process away without warning."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def log_text(self):
        """What the process wrote."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def authority(self):
        """The certificate that clients of a development server trust."""
        return str(self.data_dir / "development-authority.pem")

    def _environment(self):
        # A variable of the person who runs the tests must not configure the server under test.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("GRANTOR_")}
        return inherited | {"RUST_BACKTRACE": "0"} | self.environment

    # The command line.

    def run(self, *arguments, check=True, stdin=None, timeout=60):
        """Runs `grantor ARGUMENTS --data-dir DIR`."""
        command = [BINARY, *arguments, "--data-dir", str(self.data_dir)]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            input=stdin,
            env=self._environment(),
            timeout=timeout,
        )
        if check and done.returncode != 0:
            raise CommandFailed(arguments, done)
        return done

    def make(self, *arguments):
        """Runs a command with --json and reads the object that it prints."""
        return json.loads(self.run(*arguments, "--json").stdout)

    def api(self, identifier, *scopes, **flags):
        """Registers an API: `token_lifetime=300` is `--token-lifetime 300`."""
        flags = _flags({"name": identifier, "identifier": identifier, "scope": scopes, **flags})
        return self.make("api", "create", *flags)

    def app(self, name="Machine", **flags):
        """Registers a machine application: `auth_method="none"` is `--auth-method none`."""
        return self.make("app", "create", *_flags({"name": name, "type": "non_interactive", **flags}))

    def grant(self, app, identifier, *scopes):
        """Lets the application have these scopes of the API."""
        pair = {"client_id": app["client_id"], "audience": identifier, "scope": scopes}
        return self.make("client-grant", "create", *_flags(pair))

    def machine(self, identifier, *scopes):
        """An API with the scopes, and an application that has them all."""
        self.api(identifier, *scopes)
        app = self.app()
        self.grant(app, identifier, *scopes)
        return app

    # The wire.

    def post_token(self, **parameters):
        """Posts a form to the token endpoint."""
        options = {key: parameters.pop(key) for key in ("auth", "headers", "json") if key in parameters}
        data = {"grant_type": "client_credentials", **parameters} if "json" not in options else None
        data = {k: v for k, v in data.items() if v is not None} if data else None
        return self.http.post(self.base + "/oauth/token", data=data, timeout=30, **options)

    def ask(self, app, audience, **parameters):
        """Asks for a token with the application's secret in the body."""
        credential = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
        return self.post_token(**credential, audience=audience, **parameters)

    def token(self, app, audience, **parameters):
        """An access token; fails if there is none."""
        answer = self.ask(app, audience, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def key_set(self):
        """The published keys."""
        return self.http.get(self.base + "/.well-known/jwks.json", timeout=10).json()["keys"]

    def management_token(self):
        """A token for the Management API with all scopes."""
        self._management = self._management or self.run("token", "--management").stdout.strip()
        return self._management

    @staticmethod
    def host_of(token):
        """The host that the instance calls its own; a token is good under that name alone."""
        issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
        return issuer.split("://")[1].rstrip("/")

    def management(self, method, path, body=None, *, status=range(200, 300), token=None):
        """Calls the Management API with all scopes, or with a token of yours."""
        token = token or self.management_token()
        answer = self.http.request(
            method,
            f"{self.base}/api/v2/{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}", "Host": self.host_of(token)},
            timeout=30,
        )
        wanted = status if isinstance(status, range) else [status]
        assert answer.status_code in wanted, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


def run_node(script, arguments, server):
    """Runs a script of `node/` against the server and reads the JSON that it prints."""
    done = subprocess.run(
        [NODE, str(ROOT / "tests/outside/node" / script), json.dumps(arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"NODE_EXTRA_CA_CERTS": server.authority, "NODE_PATH": NODE_PATH},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
