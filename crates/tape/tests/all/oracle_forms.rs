//! Shapes, joining, slicing and compositions against PyTorch; and that no operation is left out of all these files.
//!
//! The cases are made by `docs/oracles/tape/forms.py`; what each name means there, it means here.

use std::collections::BTreeSet;

use ndarray::{Slice, SliceInfoElem};
use tape::{Tensor, Var};

use crate::oracle;

/// A tensor with its last axis sliced.
fn sliced(x: Tensor<f64>, slice: Slice) -> Tensor<f64> {
    let last = SliceInfoElem::Slice { start: slice.start, end: slice.end, step: slice.step };
    let slices = vec![SliceInfoElem::from(..); x.shape().rank() - 1];
    x.slice([slices, vec![last]].concat())
}

/// Three of the elements, by their places row by row; -1 is the last.
fn elements(x: Tensor<f64>, places: [isize; 3]) -> [Var<f64>; 3] {
    let size = x.shape().size();
    let flat = x.reshape([size]);
    places.map(|place| flat.at([usize::try_from(place).unwrap_or(size - 1)]))
}

fn shaped(name: &str, x: &[Tensor<f64>]) -> Option<Tensor<f64>> {
    let a = *x.first()?;
    Some(match name {
        "reshape" => a.reshape([a.shape().size() / 2, 2]),
        "permute" => a.permute([2, 0, 1]),
        "transpose" => a.transpose(0, -1),
        "t" => a.t(),
        "unsqueeze" => a.unsqueeze(-1),
        "squeeze" => a.squeeze(1),
        "concat" => Tensor::concat(x, 0),
        "concat twice the same" => Tensor::concat(&[a, a], -1),
        "stack" => Tensor::stack(x, 1),
        "slice" => a.narrow(0, 1..3),
        "slice steps" => sliced(a, Slice::new(1, None, 2)),
        "slice backwards" => sliced(a, Slice::new(0, None, -2)),
        "slice empty" => sliced(a, Slice::new(1, Some(1), 1)),
        "at" => {
            let [first, last, _] = elements(a, [0, -1, 0]);
            Tensor::stack_vars(&[first * last]).reshape([0; 0])
        }
        "stack_vars" => Tensor::stack_vars(&elements(a, [-1, 0, -1])),
        "overlap_add" => {
            // Two windows of three elements, which follow each other on the first axis.
            let rest: Vec<usize> = a.shape()[1..].to_vec();
            let windows = a.reshape([&[2, 3], rest.as_slice()].concat().as_slice());
            windows.movedim(1, -1).overlap_add(0, 4, 1, 1)
        }
        _ => return None,
    })
}

fn computed(name: &str, tape: &tape::Tape<f64>, x: &[Tensor<f64>]) -> Tensor<f64> {
    match name {
        "lstsq" => x[0].lstsq(x[1]),
        "solve vector" => {
            let n = x[1].shape()[0];
            (x[0] + tape.constant(ndarray::Array2::eye(n) * 3.0)).solve(x[1])
        }
        "cbrt" => x[0].cbrt(),
        "signum" => x[0].signum(),
        "log" => x[0].log(x[1]),
        "abs_sub" => x[0].abs_sub(x[1]),
        "global_avg_pool" => x[0].global_avg_pool(),
        "global_max_pool" => x[0].global_max_pool(),
        name => panic!("no operation is called {name}"),
    }
}

#[test]
fn forms_and_compositions_are_those_of_pytorch() {
    let cases = oracle::compare(include_str!("oracle/forms.txt"), |name, tape, x| {
        shaped(name, x).unwrap_or_else(|| computed(name, tape, x))
    });
    assert_eq!(cases, 3 * 24);
}

/// Every row of the book's table of operations is compared with PyTorch at three cases or more, but for those that PyTorch
/// does not have.
#[test]
fn every_operation_of_the_book_is_compared_with_pytorch() {
    let files = [
        include_str!("oracle/elementwise.txt"),
        include_str!("oracle/structure.txt"),
        include_str!("oracle/products.txt"),
        include_str!("oracle/linalg.txt"),
        include_str!("oracle/convolution.txt"),
        include_str!("oracle/forms.txt"),
    ];
    let cases: Vec<&str> =
        files.iter().flat_map(|file| file.lines()).map(|line| line.split(" | ").next().unwrap()).collect();
    // What the files call otherwise than the methods.
    let other = |name: &str| -> String {
        let name =
            name.split(['(', ',']).next().expect("a name").trim_start_matches("Tensor::").trim_start_matches("Mask::");
        let reduced = ["sum", "mean", "prod", "var", "std"].into_iter().find(|of| name == format!("{of}_axes"));
        let pooled = ["max_pool", "avg_pool"].into_iter().find(|of| name.contains(of) && !name.starts_with("global"));
        match (name, reduced, pooled) {
            (_, Some(reduction), _) => reduction.to_owned(),
            (name, _, Some(pool)) if name.starts_with("adaptive") => format!("adaptive_{pool}"),
            (_, _, Some(pool)) => pool.to_owned(),
            ("max_all" | "max_axis", ..) => "max".to_owned(),
            ("min_all" | "min_axis", ..) => "min".to_owned(),
            ("broadcast_to", ..) => "expand".to_owned(),
            ("sin_cos", ..) => "sin".to_owned(),
            ("solve_triangular", ..) => "lower".to_owned(),
            ("interpolate", ..) => "linear".to_owned(),
            (name, ..) => name.to_owned(),
        }
    };
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/modes.md")).expect("a page");
    let rows =
        page.lines().filter_map(|line| line.strip_prefix("| `")).filter(|row| row.contains("| yes | yes | yes |"));
    let mut missing = BTreeSet::new();
    let mut compared = 0;
    for row in rows {
        let name = other(row.split('`').next().expect("a name"));
        let matches = |case: &&&str| {
            let first = case.split(' ').next().expect("a name").trim_end_matches("_number");
            first == name || first.split('_').next() == Some(&name) || first.trim_end_matches(['1', '3']) == name
        };
        if cases.iter().filter(matches).count() >= 3 { compared += 1 } else { _ = missing.insert(name) }
    }
    let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
    assert_eq!(missing, ["Var::custom", "checkpoint", "checkpoint_loop", "custom", "fixed_point", "root"]);
    assert!(compared >= 200 && cases.len() >= 750, "{compared} operations, {} cases", cases.len());
}
