//! The order of the checks: what is cheap and tells most comes first.

use std::{path::Path, process::Command};

use crate::{
    Outcome,
    report::Report,
    repository::{cache, root, target},
    say,
    setup::{self, Tools},
};

/// Everything that must pass.
pub(crate) fn all() -> Outcome {
    let mut report = Report::start();
    say("==> setup")?;
    let tools = setup::run()?;
    report.step("format", cargo().args(["fmt", "--all", "--check"]))?;
    let built = report.step("build", &mut build())?;
    report.step(
        "lints",
        cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    if setup::answers("cargo-deny", &["--version"]) {
        report.step("licences and advisories", cargo().args(["deny", "check"]))?;
    } else {
        report.skip("licences and advisories", "cargo-deny is not installed")?;
    }
    if built {
        run_tests(&mut report, &tools)?;
    }
    report.close()
}

/// The tests, without the lints.
pub(crate) fn tests() -> Outcome {
    let mut report = Report::start();
    let tools = setup::run()?;
    if report.step("build", &mut build())? {
        run_tests(&mut report, &tools)?;
    }
    report.close()
}

/// The outside tests alone.
pub(crate) fn outside(arguments: &[String]) -> Outcome {
    let mut report = Report::start();
    let tools = setup::run()?;
    if report.step(
        "build",
        cargo().args(["build", "--workspace", "--bins", "--examples"]),
    )? {
        report.step("outside tests", pytest(&tools).args(arguments))?;
    }
    report.close()
}

/// The benchmarks, which live in `bench/`.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    // The benchmark starts the server's binary, which stands beside its own.
    let packages = ["--package", "grantor", "--package", "grantor-bench"];
    run(cargo().args(["build", "--release"]).args(packages))?;
    let run_only = ["run", "--release", "--package", "grantor-bench", "--"];
    run(cargo().args(run_only).args(arguments))
}

fn run(command: &mut Command) -> Outcome {
    let status = command
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the benchmarks: {status}"))
    }
}

fn run_tests(report: &mut Report, tools: &Tools) -> Outcome {
    report.step(
        "tests of the workspace",
        cargo().args(["test", "--workspace", "--no-fail-fast", "--quiet"]),
    )?;
    report.step("outside tests", &mut pytest(tools))?;
    Ok(())
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

fn pytest(tools: &Tools) -> Command {
    let mut command = Command::new(&tools.python);
    let cache_folder = format!("cache_dir={}", cache().join("pytest").display());
    command
        .args([
            "-m",
            "pytest",
            "-q",
            "--durations=10",
            "-o",
            &cache_folder,
            "tests/outside",
        ])
        .current_dir(root())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("OUTSIDE_BINARY", target().join("debug/grantor"))
        .env("OUTSIDE_NODE", &tools.node)
        .env("NODE_PATH", &tools.node_modules);
    if let Some(folder) = tools
        .node
        .parent()
        .filter(|folder| *folder != Path::new(""))
    {
        command.env("PATH", setup::path_with(folder));
    }
    command
}

fn build() -> Command {
    let mut command = cargo();
    command.args(["build", "--workspace", "--all-targets"]);
    command
}
