//! Pictures of every page, for whoever changes one.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use crate::{
    Outcome,
    repository::{root, target},
    say, setup,
};

/// The server of the sample pages; it ends with this value.
struct Pages(Child);

impl Drop for Pages {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Takes the pictures of all pages, or of the one that is named.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let tools = setup::with_fonts()?;
    let build = ["build", "--package", "grantor-server", "--example", "pages"];
    succeed(Command::new("cargo").args(build).current_dir(root()))?;
    let (_pages, base) = start()?;
    let folder = target().join("screenshots");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    succeed(
        Command::new(&tools.node)
            .arg(root().join("tests/outside/node/screenshots.cjs"))
            .arg(base)
            .arg(&folder)
            .args(arguments)
            .env("NODE_PATH", &tools.node_modules),
    )?;
    say(&format!("pictures are in {}", folder.display()))
}

fn start() -> Outcome<(Pages, String)> {
    let mut pages = Command::new(target().join("debug/examples/pages"))
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the example pages: {error}"))?;
    let output = pages.stdout.take();
    let pages = Pages(pages);
    let mut address = String::new();
    let read = output.map(|output| BufReader::new(output).read_line(&mut address));
    match read {
        Some(Ok(length)) if 0 < length => Ok((pages, address.trim().to_owned())),
        _ => Err("the example pages did not start".to_owned()),
    }
}

fn succeed(command: &mut Command) -> Outcome {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .map_err(|error| format!("{name}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{name}: {status}"))
    }
}
