//! The book's table of what is differentiated how: every tick in it was earned by running that mode on that operation.

#[path = "operations/elementwise.rs"]
mod elementwise;
#[path = "operations/own.rs"]
mod own;
#[path = "operations/rows.rs"]
mod rows;
#[path = "operations/structure.rs"]
mod structure;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use ndarray::ArrayD;
use rows::{Row, Run};
use tape::{Check, Tape, Tensor, Var};

fn sections() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        ("Elementwise, of `Tensor` and of `Var`", elementwise::rules()),
        ("Composed of these", elementwise::composed()),
        ("Shapes", structure::shapes()),
        ("Picking and putting", structure::picking()),
        ("Reductions", structure::reductions()),
        ("Scans and orders", structure::scans()),
        ("Products", structure::products()),
        ("Linear algebra (feature `linalg`)", structure::algebra()),
        ("Convolution, pooling, resizing", structure::convolutions()),
        ("Operations of one's own, checkpoints, implicit functions", own::own()),
    ]
}

/// Which modes an operation has, found by running them; `Err` says which one is wrong.
fn tried(row: &Row) -> Result<[bool; 4], String> {
    let wrong = |mode: &str, report: String| format!("{}, {mode}: {report}", row.name);
    match row.run {
        Run::Tensors(f) => of_tensors(&row.inputs, f).map_err(|(mode, report)| wrong(mode, report))?,
        Run::Numbers(f) => of_numbers(&row.inputs, f).map_err(|(mode, report)| wrong(mode, report))?,
        Run::Both(tensors, numbers) => {
            of_tensors(&row.inputs, tensors).map_err(|(mode, report)| wrong(mode, report))?;
            of_numbers(&row.inputs, numbers).map_err(|(mode, report)| wrong(mode, report))?;
        }
        Run::Constant(f, _) => {
            let tape = Tape::new();
            let output = f(&tape, tape.variable(&row.inputs[0]));
            let constant = output.sum().try_backward().is_err();
            return match output.to_array().iter().all(|x| x.is_finite()) && constant {
                true => Ok([true, false, false, false]),
                false => Err(wrong("value", output.to_array().to_string())),
            };
        }
    }
    Ok([true; 4])
}

type Wrong = (&'static str, String);

/// Numbers that are neither 1 nor alike.
fn weights(shape: &[usize], phase: f64) -> ArrayD<f64> {
    let size: usize = shape.iter().product();
    let weight = |i: usize| 0.4 + (i as f64 * 0.754_877 + phase).fract() * if i.is_multiple_of(2) { 1.0 } else { -1.7 };
    ArrayD::from_shape_vec(shape, (0..size).map(weight).collect()).expect("as many as the shape has")
}

fn of_tensors(inputs: &[ArrayD<f64>], f: fn(&[Tensor<f64>]) -> Tensor<f64>) -> Result<(), Wrong> {
    let tape = Tape::new();
    let x: Vec<_> = inputs.iter().map(|input| tape.variable(input)).collect();
    let y = f(&x);
    let value = y.to_array();
    if value.is_empty() || !value.iter().all(|y| y.is_finite()) {
        return Err(("value", value.to_string()));
    }
    let report = Check::new().tensors(f, inputs);
    if !report.passed() {
        return Err(("reverse", report.to_string()));
    }
    // <w, J v> = <J^T w, v>, and the recorded share is the swept one.
    let directions: Vec<_> = inputs.iter().map(|input| tape.constant(weights(input.shape(), 0.3))).collect();
    let adjoint = tape.constant(weights(value.shape(), 0.8));
    let forwards = (y.jvp(&x, &directions) * adjoint).sum().item();
    let swept = (y * adjoint).sum().backward();
    let recorded = y.vjp(adjoint, &x);
    let inner = |shares: &dyn Fn(usize) -> ArrayD<f64>| -> f64 {
        (0..x.len()).map(|i| (shares(i) * directions[i].to_array()).sum()).sum()
    };
    for backwards in [inner(&|i| swept[x[i]].clone()), inner(&|i| recorded[i].to_array())] {
        if (forwards - backwards).abs() > 1e-10 * forwards.abs().max(1.0) {
            return Err(("tangent", format!("{forwards} forwards, {backwards} backwards")));
        }
    }
    let second = |x: &[Tensor<f64>]| {
        let shares = f(x).try_vjp(weighted_ones(f(x)), x).expect("an adjoint of the output's shape");
        shares
            .into_iter()
            .map(|g| (g * 0.7 + 0.4).sin().sum())
            .reduce(|sum, part| sum + part)
            .expect("there are inputs")
    };
    let report = Check::new().directions(3).tensors(second, inputs);
    if report.passed() { Ok(()) } else { Err(("second order", report.to_string())) }
}

/// A constant adjoint in the shape of an output, rising from element to element.
fn weighted_ones(output: Tensor<f64>) -> Tensor<f64> {
    let ones = output.detach() * 0.0 + 1.0;
    (ones.reshape([ones.shape().size()]).cumsum(0) * 0.3 + 0.4).reshape(output.shape())
}

fn of_numbers(inputs: &[ArrayD<f64>], f: fn(&[Var]) -> Var) -> Result<(), Wrong> {
    for point in 0..inputs[0].len() {
        let at: Vec<f64> = inputs.iter().map(|input| input[[point]]).collect();
        let tape = Tape::new();
        let x = tape.vars(&at);
        let y = f(&x);
        if !y.value().is_finite() {
            return Err(("value", y.to_string()));
        }
        let report = tape::check(f, &at);
        if !report.passed() {
            return Err(("reverse", report.to_string()));
        }
        let directions: Vec<Var> = weights(&[at.len()], 0.3).iter().map(|&v| Var::constant(v)).collect();
        let (forwards, swept) = (y.jvp(&x, &directions).value(), tape::gradient(f, &at));
        let backwards: f64 = swept.iter().zip(&directions).map(|(g, v)| g * v.value()).sum();
        if (forwards - backwards).abs() > 1e-10 * forwards.abs().max(1.0) {
            return Err(("tangent", format!("{forwards} forwards, {backwards} backwards")));
        }
        let report = tape::check(|x| f(x).grad(x).into_iter().map(|g| (g * 0.7).sin()).sum(), &at);
        if !report.passed() {
            return Err(("second order", report.to_string()));
        }
    }
    Ok(())
}

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
