"""A PostgreSQL cluster of the tests' own, which they may take away and bring back."""

import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from harness import free_port, wait_until


def _binary(name):
    installed = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)
    found = shutil.which(name) or (installed[0] if installed else None)
    assert found, f"{name} was not found: run `cargo xtask setup`"
    return found


class Cluster:
    """One cluster on a loopback port."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="grantor-postgres-"))
        self.port = free_port()
        self.process = None
        self._databases = 0
        # PostgreSQL refuses to run as the superuser.
        self._user = {}
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self._user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        initdb = [_binary("initdb"), "-D", str(self.folder / "data"), "-U", "grantor", "-A", "trust"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=self.folder, **self._user)

    def start(self):
        """Starts the server and waits until it takes connections."""
        log = open(self.folder / "log", "ab")
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1", "max_connections=200"]
        settings.append(f"unix_socket_directories={self.folder}")
        flags = [part for setting in settings for part in ("-c", setting)]
        self.process = subprocess.Popen(
            [_binary("postgres"), "-D", str(self.folder / "data"), *flags],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.folder,
            **self._user,
        )
        log.close()
        wait_until(lambda: self._sql("postgres", "SELECT 1").returncode == 0, "PostgreSQL answers")
        return self

    def stop(self):
        """Takes the server away, as a failing machine would: connections break at once."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(timeout=30)
            self.process = None

    def remove(self):
        """Stops the server and deletes its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self):
        """The URL of a fresh database."""
        self._databases += 1
        name = f"t{self._databases}"
        made = self._sql("postgres", f"CREATE DATABASE {name}")
        assert made.returncode == 0, made.stderr
        return f"postgres://grantor@127.0.0.1:{self.port}/{name}"

    def _sql(self, database, statement):
        command = [_binary("psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "grantor"]
        command += ["-d", database, "-X", "-q", "-c", statement]
        return subprocess.run(command, capture_output=True, text=True, timeout=30)
