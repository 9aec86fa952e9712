//! The book's table of what is differentiated how: every tick in it was earned by running that mode on that operation.

mod elementwise;
mod modes;
mod own;
mod rows;
mod structure;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use modes::{sections, tried};
use rows::Run;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A tick is put where a mode was run and right, a reason where there is no derivative.
#[test]
fn the_book_says_of_every_operation_how_it_is_differentiated() {
    let mut table =
        String::from("| operation | value | reverse | tangent | second order |\n| --- | --- | --- | --- | --- |\n");
    let mut wrong = Vec::new();
    for (section, rows) in sections() {
        writeln!(table, "| **{section}** | | | | |").expect("a string takes anything");
        for row in rows {
            let modes = tried(&row).unwrap_or_else(|what| {
                wrong.push(what);
                [false; 4]
            });
            let cells = match row.run {
                Run::Constant(_, reason) => format!("| yes | {reason} | | |"),
                Run::Tensors(_) | Run::Both(..) | Run::Numbers(_) => {
                    modes.iter().map(|&runs| if runs { "| yes " } else { "| no " }).collect::<String>() + "|"
                }
            };
            writeln!(table, "| `{}` {cells}", row.name.replace(", ", "`, `")).expect("a string takes anything");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let page = read(&root().join("docs/src/modes.md"));
    assert!(page.contains(&table), "docs/src/modes.md should have this table:\n{table}");
}

/// The rows of the rules are those of the table in the crate, none missing.
#[test]
fn every_rule_has_its_row() {
    let rows: BTreeSet<_> = elementwise::rules().into_iter().map(|row| row.name).collect();
    let rules: BTreeSet<_> = tape::operations().map(|operation| operation.name).collect();
    assert_eq!(rows, rules);
}

/// What the sources offer as a method of `Tensor` has a row, or is listed here as what it is instead.
#[test]
fn every_method_of_tensors_has_its_row() {
    // Questions, settings, and what derivatives are asked by.
    const NO_OPERATION: &[&str] = &[
        "shape",
        "to_array",
        "item",
        "backward",
        "hook",
        "grad",
        "get_grad",
        "vjp",
        "get_vjp",
        "jvp",
        "hvp",
        "jacobian",
        "hessian",
        "new",
        "new_constant",
        "size",
        "keep",
        "stride",
        "padding",
        "dilation",
        "groups",
        "output_padding",
        "ceil",
        "count_padding",
        "mask",
        "to_tensor",
        "any",
        "all",
        "count",
    ];
    let names: BTreeSet<String> = sections()
        .iter()
        .flat_map(|(_, rows)| rows)
        .flat_map(|row| row.name.split(", "))
        .map(|name| name.split('(').next().expect("a name").rsplit(':').next().expect("a name").to_owned())
        .collect();
    let sources = root().join("crates/tape/src");
    let mut found = 0;
    for directory in ["tensor", "linalg", "higher"] {
        for entry in std::fs::read_dir(sources.join(directory)).expect("a directory of sources") {
            found += compare(&entry.expect("an entry").path(), &names, NO_OPERATION);
        }
    }
    for file in ["tensor.rs", "composed.rs", "custom.rs", "checkpoint.rs", "implicit.rs", "higher.rs"] {
        found += compare(&sources.join(file), &names, NO_OPERATION);
    }
    assert!(found > 150, "{found} public functions");
}

/// Looks for the public functions of a file, also those that a macro makes, among the rows.
fn compare(path: &Path, rows: &BTreeSet<String>, others: &[&str]) -> usize {
    let text = read(path);
    let text = text.split("#[cfg(test)]").next().expect("what comes before the tests");
    let plain = text.lines().filter_map(|line| line.trim_start().strip_prefix("pub fn "));
    let plain = plain.map(|rest| rest.split(['(', '<']).next().expect("a name")).filter(|name| !name.starts_with('$'));
    // `name, try_name, work, axes;` in the macros of convolutions and pools.
    let made = text.lines().filter_map(|line| {
        let (name, rest) = line.trim().split_once(", ")?;
        rest.starts_with(&format!("try_{name}, ")).then_some(name)
    });
    let names: Vec<&str> = plain.chain(made).filter(|name| !name.starts_with("try_")).collect();
    for name in &names {
        assert!(rows.contains(*name) || others.contains(name), "{}: `{name}` has no row", path.display());
    }
    names.len()
}
