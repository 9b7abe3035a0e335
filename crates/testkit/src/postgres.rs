//! A temporary PostgreSQL cluster.
//!
//! A shell supervises the server: it takes commands on its standard input and, when that closes because the test
//! process ended in whatever way, stops the server and removes the cluster.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

/// What is told when there is no PostgreSQL.
const MISSING: &str = "these tests need PostgreSQL 14 or newer (initdb, postgres, createdb, pg_isready) in PATH or \
                       under /usr/lib/postgresql; on Debian: apt-get install postgresql";

/// The programs that are used.
const PROGRAMS: [&str; 4] = ["initdb", "postgres", "createdb", "pg_isready"];

/// How long the server may take to answer, in steps of [`STEP`]; after a crash it is started again sooner.
const STEPS: u32 = 1500;
const STEPS_AGAIN: u32 = 150;
const STEP: Duration = Duration::from_millis(20);

/// The supervisor: commands on its input, a line per command on its output.
const SUPERVISOR: &str = r#"
start() {
  "$BIN/postgres" -D "$DIR/data" -p "$PORT" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories="$DIR" -c max_connections=400 -c shared_buffers=32MB \
    >>"$DIR/log" 2>&1 </dev/null &
  pid=$!
}
pid=
while read -r command; do
  case $command in
    start) start ;;
    stop) kill -INT "$pid"; wait "$pid" ;;
    kill) kill -KILL "$pid"; wait "$pid" ;;
  esac
  echo done
done
[ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null && wait "$pid"
rm -rf "$DIR"
"#;

/// A running cluster.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
    supervisor: Mutex<Supervisor>,
    databases: AtomicU32,
}

#[derive(Debug)]
struct Supervisor {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Postgres {
    /// The cluster of this test binary, started with the first call.
    ///
    /// # Panics
    /// If it cannot be started; the text says what to install.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A cluster of its own, for tests that stop it.
    ///
    /// # Panics
    /// If it cannot be started; the text says what to install.
    pub fn start() -> Self {
        match Self::try_start() {
            Ok(started) => started,
            Err(error) => fail(&format!("PostgreSQL cannot be started: {error}")),
        }
    }

    /// The address of a new, empty database.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn fresh_database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        let status = self.client("createdb").arg(&name).status();
        if !status.is_ok_and(|status| status.success()) {
            fail("a database cannot be created");
        }
        format!("postgres://grantor@127.0.0.1:{}/{name}", self.port)
    }

    /// Stops the server in good order; its connections are closed.
    pub fn stop(&self) {
        self.command("stop");
    }

    /// Kills the server's main process with SIGKILL.
    pub fn kill(&self) {
        self.command("kill");
    }

    /// Starts the server again and waits until it answers.
    ///
    /// # Panics
    /// If it does not.
    pub fn restart(&self) {
        // Right after a kill, the old server's children may still hold its memory: the start is tried again.
        for _ in 0..10 {
            self.command("start");
            if self.is_ready(STEPS_AGAIN) {
                return;
            }
        }
        fail("PostgreSQL does not start again");
    }

    fn try_start() -> io::Result<Self> {
        let programs = find_programs().ok_or_else(|| io::Error::other(MISSING))?;
        let directory = tempfile::Builder::new()
            .prefix("grantor-pg-")
            .tempdir()?
            .keep();
        let owner = owner(&directory)?;
        chown(&directory, Some(owner.0), Some(owner.1))?;
        initialize(&programs, &directory, owner)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut child = run_as(owner, &directory, Path::new("/bin/sh"))
            .args(["-c", SUPERVISOR])
            .env("BIN", &programs)
            .env("DIR", &directory)
            .env("PORT", port.to_string())
            // An interrupt from the terminal is for the tests; the supervisor cleans up after them.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let commands = child.stdin.take();
        let answers = child
            .stdout
            .take()
            .ok_or_else(|| io::Error::other("no output"))?;
        let started = Self {
            programs,
            directory,
            port,
            supervisor: Mutex::new(Supervisor {
                child,
                commands,
                answers: BufReader::new(answers),
            }),
            databases: AtomicU32::new(0),
        };
        started.command("start");
        if started.is_ready(STEPS) {
            return Ok(started);
        }
        let log = fs::read_to_string(started.directory.join("log")).unwrap_or_default();
        Err(io::Error::other(log))
    }

    fn command(&self, command: &str) {
        let mut supervisor = self
            .supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let sent = match &mut supervisor.commands {
            Some(commands) => writeln!(commands, "{command}"),
            None => Ok(()),
        };
        let answered = sent.and_then(|()| supervisor.answers.read_line(&mut String::new()));
        if let Err(error) = answered {
            fail(&format!("PostgreSQL's supervisor is gone: {error}"));
        }
    }

    fn is_ready(&self, steps: u32) -> bool {
        (0..steps).any(|step| {
            if step > 0 {
                thread::sleep(STEP);
            }
            let status = self.client("pg_isready").arg("--quiet").status();
            status.is_ok_and(|status| status.success())
        })
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.args(["--host=127.0.0.1", "--username=grantor", "--port"]);
        command.arg(self.port.to_string());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let supervisor = self
            .supervisor
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        // Its input closes, so it stops the server and ends.
        supervisor.commands.take();
        supervisor.child.wait().ok();
    }
}

/// Makes the cluster's files.
fn initialize(programs: &Path, directory: &Path, owner: (u32, u32)) -> io::Result<()> {
    // A language that orders texts unlike their bytes, as most servers have it; some are built without.
    let linguistic: &[_] = &[
        "--locale=C.UTF-8",
        "--locale-provider=icu",
        "--icu-locale=en-US",
    ];
    let mut said = Vec::new();
    let made = [linguistic, &["--locale=C"]].into_iter().any(|locale| {
        fs::remove_dir_all(directory.join("data")).ok();
        let output = run_as(owner, directory, &programs.join("initdb"))
            .args([
                "--auth=trust",
                "--username=grantor",
                "--encoding=UTF8",
                "--no-sync",
            ])
            .args(locale)
            .arg("--pgdata")
            .arg(directory.join("data"))
            .output();
        output.is_ok_and(|output| {
            said = output.stderr;
            output.status.success()
        })
    });
    if !made {
        fs::remove_dir_all(directory)?;
        return Err(io::Error::other(String::from_utf8_lossy(&said)));
    }
    Ok(())
}

fn run_as(owner: (u32, u32), directory: &Path, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).uid(owner.0).gid(owner.1);
    command
}

/// Who may run the server: this user, or, because it refuses to run as root, one without rights.
fn owner(directory: &Path) -> io::Result<(u32, u32)> {
    let metadata = fs::metadata(directory)?;
    if metadata.uid() != 0 {
        return Ok((metadata.uid(), metadata.gid()));
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres")
        .or_else(|| find("nobody"))
        .ok_or_else(|| io::Error::other("root has no user postgres or nobody to run it as"))
}

/// The directory that holds all programs; the newest version wins.
fn find_programs() -> Option<PathBuf> {
    let mut candidates: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    candidates.sort_by(|one, other| other.cmp(one));
    let path = env::var_os("PATH").unwrap_or_default();
    let installed = candidates.into_iter().map(|(_, path)| path);
    env::split_paths(&path).chain(installed).find(|directory| {
        PROGRAMS
            .iter()
            .all(|program| directory.join(program).is_file())
    })
}

#[expect(clippy::panic, reason = "a test that cannot be prepared fails")]
fn fail(text: &str) -> ! {
    panic!("{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stops whatever happened: nothing of a cluster is left when its owner is gone.
    #[test]
    fn a_cluster_answers_until_it_is_dropped_and_leaves_nothing() {
        let cluster = Postgres::start();
        let (one, two) = (cluster.fresh_database(), cluster.fresh_database());
        assert_ne!(one, two);
        cluster.kill();
        cluster.restart();
        let port = cluster.port;
        let directory = cluster.directory.clone();
        assert!(directory.is_dir());

        drop(cluster);

        assert!(!directory.exists());
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
