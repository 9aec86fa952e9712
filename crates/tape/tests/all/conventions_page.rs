//! The book's page of conventions names the tests that hold them, and there are such tests.

use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of all tests in a directory, also of those that a macro makes: `name = work;` or `macro!(name ..)`.
fn tests_in(directory: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).expect("a directory of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests_in(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = read(&path);
            let mut attributed = false;
            for line in text.lines().map(str::trim) {
                if let Some(rest) = line.strip_prefix("fn ").filter(|_| attributed) {
                    names.extend(rest.split('(').next().map(str::to_owned));
                }
                attributed = line == "#[test]" || (attributed && line.starts_with("#["));
                let made = line.strip_suffix(';').and_then(|line| line.split_once(" = ")).map(|(name, _)| name);
                let called = line.split_once("!(").and_then(|(_, rest)| rest.split_once(' ')).map(|(name, _)| name);
                let snake =
                    |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
                names.extend(made.into_iter().chain(called).filter(snake).map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_convention_names_tests_that_exist() {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    tests_in(&crate_root.join("src"), &mut names);
    tests_in(&crate_root.join("tests"), &mut names);
    let page = read(&crate_root.join("../../docs/src/conventions.md"));
    let (_, table) = page.split_once("## Where each is tested").expect("the page has its table");
    let mut lines = 0;
    for line in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| **")).skip(2) {
        let (convention, tests) = line.trim_end_matches(" |").rsplit_once(" | ").expect("two columns");
        let tests: Vec<&str> = tests.split(", ").map(|name| name.trim_matches('`')).collect();
        assert!(!tests.is_empty(), "{convention} has no test");
        for test in tests {
            assert!(names.contains(test), "{convention}: there is no test `{test}`");
        }
        lines += 1;
    }
    assert!(lines >= 50, "{lines} conventions");
}
