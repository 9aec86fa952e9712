//! The rules of the house that a machine can check: who may depend on whom, and how files look.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the examples lie in the workspace").to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Rust files below a directory of the workspace.
fn sources(directory: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut left = vec![root().join(directory)];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
            let path = entry.expect("a directory can be listed").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.strip_prefix(root()).expect("below the root").display().to_string(), read(&path)));
            }
        }
    }
    assert!(!found.is_empty(), "{directory} has no sources");
    found
}

/// What may stand in the `[dependencies]` of each crate, of the crates of this workspace.
#[test]
fn dependencies_point_downwards() {
    let members = ["tape", "nn", "optim", "train", "plot"];
    for (member, allowed) in [
        ("tape", &[][..]),
        ("nn", &["tape"]),
        ("optim", &["tape"]),
        ("train", &["tape", "nn", "optim"]),
        ("plot", &["tape"]),
    ] {
        let manifest = read(&root().join("crates").join(member).join("Cargo.toml"));
        let dependencies = manifest.split("[dependencies]").nth(1).expect("every crate has dependencies");
        for line in dependencies.lines().take_while(|line| !line.starts_with('[')) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            assert!(!members.contains(&name) || allowed.contains(&name), "{member} must not depend on {name}");
        }
    }
}

/// Inside `tape`: recording knows no calculus, rules and kernels know no graph.
#[test]
fn lower_files_of_the_tape_do_not_import_upper_ones() {
    let graph = ["tape", "record", "tensor", "var", "sweep", "gradients", "living", "params", "functions", "check"];
    for (lower, upper) in [
        ("rules.rs", &graph[..]),
        ("rules/", &graph),
        ("kernel/", &graph),
        ("transpose.rs", &graph),
        ("product.rs", &graph),
        ("shape.rs", &graph),
        ("arena.rs", &graph),
        ("tape.rs", &["record", "rules", "kernel::Side", "functions", "check"]),
        ("record.rs", &["sweep", "gradients", "functions", "check"]),
        ("sweep", &["higher", "checkpoint", "implicit", "functions", "check"]),
        ("custom.rs", &["higher", "checkpoint", "implicit", "functions", "check"]),
        ("higher", &["checkpoint", "implicit", "functions", "check"]),
        ("checkpoint.rs", &["implicit", "functions", "check"]),
        ("implicit.rs", &["checkpoint", "functions", "check"]),
    ] {
        for (path, text) in sources("crates/tape/src") {
            if !path.contains(&format!("tape/src/{lower}")) {
                continue;
            }
            for name in upper {
                let import = format!("use crate::{name}");
                let imports = |line: &&str| line.starts_with(&import) && !line[import.len()..].starts_with('_');
                assert_eq!(text.lines().find(imports), None, "{path} must not import {name}");
            }
        }
    }
}

#[test]
fn every_file_says_which_question_it_answers() {
    for directory in ["crates", "examples", "benches"] {
        for (path, text) in sources(directory) {
            assert!(text.starts_with("//! "), "{path} does not open with a `//!` line");
            assert!(text.ends_with('\n') && !text.contains("\t"), "{path} has tabs or no end of line");
        }
    }
}

/// A file that no other names is not compiled, and its tests never run.
#[test]
fn every_crate_has_one_program_of_tests_with_all_of_its_files() {
    for member in ["crates/tape", "crates/nn", "crates/optim", "crates/train", "crates/plot", "examples"] {
        let tests = root().join(member).join("tests");
        for (path, text) in sources(&format!("{member}/tests")) {
            let path = root().join(path);
            let (directory, name) = (path.parent().expect("a directory"), path.file_stem().expect("a name"));
            if directory == tests {
                let reason = "needs a process of its own";
                assert!(text.contains(reason), "{}: belongs to tests/all, or says why it {reason}", path.display());
            } else if path != tests.join("all/main.rs") {
                let parents = [directory.join("main.rs"), directory.join("mod.rs"), directory.with_extension("rs")];
                let declaration = format!("mod {};", name.display());
                let declares = |parent: &PathBuf| read(parent).lines().any(|line| line.trim() == declaration);
                let declared = parents.iter().filter(|parent| parent.is_file()).any(declares);
                assert!(declared || name == "mod", "{}: no file has `{declaration}`", path.display());
            }
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!"), concat!("#[", "ignore")];
    for directory in ["crates", "examples", "benches"] {
        for (path, text) in sources(directory) {
            for mark in marks {
                assert!(!text.contains(mark), "{path} has {mark}");
            }
        }
    }
}

#[test]
fn the_readme_shows_the_two_commands() {
    let readme = read(&root().join("README.md"));
    for command in ["cargo run --release --example digits", "cargo test --workspace"] {
        assert!(readme.lines().any(|line| line.trim() == command), "README.md does not show `{command}`");
    }
}

/// The book's table of operations is the tape's own.
#[test]
fn the_book_lists_every_elementwise_operation() {
    let mut table = String::from("| method | value | derivative | tested on |\n| --- | --- | --- | --- |\n");
    for operation in tape::operations() {
        let ranges = operation.intervals.iter().map(|operands| {
            let operands = operands.iter().map(|(low, high)| format!("[{low}, {high}]"));
            operands.collect::<Vec<_>>().join(" x ")
        });
        let ranges = ranges.collect::<Vec<_>>().join(", ");
        let [value, derivative] = [operation.value, operation.derivative].map(|text| text.replace('|', "\\|"));
        table += &format!("| `{}` | {value} | {derivative} | {ranges} |\n", operation.name);
    }
    let page = read(&root().join("docs/src/operations.md"));
    assert!(page.contains(&table), "docs/src/operations.md should have this table:\n{table}");
}
