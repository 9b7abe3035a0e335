//! Where things are in the working tree.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::Outcome;

/// The root of the working tree.
pub(crate) fn root() -> PathBuf {
    // Cargo says at run time where the crate is; two clones may share one folder of build output.
    let here =
        env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = Path::new(&here);
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where `setup` puts what it installs; git ignores it.
pub(crate) fn cache() -> PathBuf {
    root().join(".test")
}

/// The path as it reads from the root, with `/` between its parts.
pub(crate) fn relative(path: &Path) -> String {
    let root = root();
    path.strip_prefix(&root)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

/// Reads a text.
pub(crate) fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", relative(path)))
}

/// All files below a folder with one of the extensions, sorted. Build output and hidden folders
/// are left out; a folder that does not exist has no files.
pub(crate) fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            let skipped = ["target", "node_modules", "__pycache__"].contains(&name.as_ref());
            if skipped || name.starts_with('.') {
                continue;
            }
            if path.is_dir() {
                waiting.push(path);
            } else if path
                .extension()
                .is_some_and(|found| extensions.iter().any(|e| found == *e))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
