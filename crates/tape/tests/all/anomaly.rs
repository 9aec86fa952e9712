//! Where the first NaN comes from: forwards and backwards, with operands and the line of the user.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ndarray::array;
use num_traits::Float;
use tape::{Anomalies, Anomaly, Direction, Error, Tape, Tensor, Var};

fn watched(which: Anomalies) -> Tape<f64> {
    let tape = Tape::new();
    tape.detect_anomalies(which);
    tape
}

fn found<R>(result: Result<R, Error>) -> Anomaly {
    match result.err() {
        Some(Error::Anomaly(anomaly)) => *anomaly,
        other => panic!("no anomaly but {other:?}"),
    }
}

/// The text of a panic in `work`.
fn panic_of<R>(work: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(work)).err().expect("the anomaly panics");
    payload.downcast_ref::<String>().expect("with a text").clone()
}

/// Every way in which users record says the user's own line.
#[test]
fn the_line_is_the_users_whatever_records() {
    fn generic<T: Float>(x: T) -> T {
        x.ln()
    }
    const GENERIC: u32 = line!() - 2;
    let tape = watched(Anomalies::Nan);
    let (x, bad, t) = (tape.var(-1.0), tape.var(f64::NAN), tape.variable([-1.0, 1.0]));
    let bad_t = tape.variable([f64::NAN]);
    let mut sum = x;
    let line = line!() + 1;
    let texts = [
        (0, panic_of(|| x.sqrt())),
        (1, panic_of(|| x + bad)),
        (2, panic_of(|| 2.0 * bad)),
        (3, panic_of(|| x - f64::NAN)),
        (4, panic_of(|| std::ops::Mul::mul(&bad, &x))),
        (5, panic_of(|| sum /= bad)),
        (6, panic_of(|| bad.powi(3))),
        (7, panic_of(|| bad.mul_add(x, x))),
        (8, panic_of(|| -bad)),
        (9, panic_of(|| Float::powf(x, Var::constant(0.5)))),
        (10, panic_of(|| t.ln())),
        (11, panic_of(|| t / bad)),
        (12, panic_of(|| 1.0 * bad_t)),
        (13, panic_of(|| bad * t)),
        (14, panic_of(|| bad_t.powi(2))),
        (15, panic_of(|| bad_t.sum())),
        (16, panic_of(|| bad_t.mean())),
        (17, panic_of(|| bad_t.reshape([1, 1]))),
        (18, panic_of(|| bad_t.at([0]))),
        (19, panic_of(|| bad_t.matmul(bad_t))),
        (20, panic_of(|| Tensor::concat(&[t, bad_t], 0))),
        (21, panic_of(|| Tensor::stack_vars(&[x, bad]))),
        (22, panic_of(|| bad_t.max_axis(0))),
        (23, panic_of(|| bad_t.log_softmax(0))),
        (24, panic_of(|| bad_t.index_select(0, &[0]))),
        (25, panic_of(|| bad_t.gather(0, &array![0]))),
        (26, panic_of(|| bad_t.slice(ndarray::s![..]))),
        (27, panic_of(|| t.gt(0.0).select(bad_t, t))),
        (28, panic_of(|| bad_t.sum_axes(0))),
        (29, panic_of(|| bad_t.unsqueeze(0))),
        (30, panic_of(|| bad_t.max_all())),
        (31, panic_of(|| Float::sin_cos(bad))),
    ];
    for (entry, text) in texts {
        let place = format!("{}:{}:", file!(), line + 1 + entry);
        assert!(text.starts_with("anomaly: forwards, ") && text.contains(&place), "entry {entry}: {text}");
    }
    assert!(panic_of(|| generic(x)).contains(&format!("{}:{GENERIC}:", file!())));
    assert_eq!(found(t.try_div(bad)).place.unwrap().line(), line!());
}

#[test]
fn forwards_the_report_has_the_first_element_and_the_operands_there() {
    let tape = watched(Anomalies::Nan);
    let x = tape.variable([[4.0, 1.0], [0.0, 9.0]]);
    let row = tape.variable([2.0, 5.0]);
    let anomaly = found((x - x).try_div(x - 1.0 - row + 2.0 + row - 1.0 - x + x - x));
    assert_eq!(
        (anomaly.operation, anomaly.direction, anomaly.found.index.as_slice()),
        ("div", Direction::Forwards, &[0, 0][..])
    );
    let anomaly = found((row - 5.0).try_powf(x - 3.5));
    assert_eq!(anomaly.found.index, [0, 0]);
    let operands: Vec<_> = anomaly.operands.iter().map(|operand| (operand.value, &*operand.index)).collect();
    assert_eq!(operands, [(-3.0, &[0][..]), (0.5, &[0, 0][..])]);
    assert_eq!(anomaly.operands[0].shape, [2]);
    let text = anomaly.to_string();
    assert!(
        text.ends_with("gave NaN at [0, 0] of [2, 2]; operands: -3 at [0] of [2], 0.5 at [0, 0] of [2, 2]"),
        "{text}"
    );
}

#[test]
fn what_is_not_elementwise_is_reported_with_its_largest_operands() {
    let tape = watched(Anomalies::NonFinite);
    let (a, b) = (tape.variable([[1.0, 1e200]]), tape.variable([[0.5], [-1e200]]));
    let anomaly = found(a.try_matmul(b));
    assert_eq!((anomaly.operation, anomaly.found.value), ("matmul", f64::NEG_INFINITY));
    assert_eq!((anomaly.operands[0].value, &*anomaly.operands[0].index), (1e200, &[0, 1][..]));
    assert_eq!((anomaly.operands[1].value, &*anomaly.operands[1].index), (-1e200, &[1, 0][..]));
}

#[test]
fn backwards_the_report_has_the_adjoint_and_the_line_that_recorded() {
    let tape = watched(Anomalies::NonFinite);
    let x = tape.variable([[4.0], [0.0]]);
    let line = line!() + 1;
    let y = x.sqrt();
    let anomaly = found((y * 3.0).sum().try_backward());
    assert_eq!((anomaly.operation, anomaly.direction, anomaly.operand), ("sqrt", Direction::Backwards, Some(1)));
    assert_eq!((anomaly.found.value, &*anomaly.found.index), (f64::INFINITY, &[1, 0][..]));
    assert_eq!(anomaly.operands[0].value, 0.0);
    assert_eq!(anomaly.place.unwrap().line(), line);
    let z = tape.var(0.0);
    let root = z.sqrt() * 2.0;
    let text = panic_of(|| root.backward());
    assert!(text.ends_with("gave operand 1 the adjoint inf; operands: 0"), "{text}");
    // NaN alone: the infinity passes, what it makes of 0 * inf does not.
    let tape = watched(Anomalies::Nan);
    let z = tape.var(0.0);
    assert_eq!(z.sqrt().backward()[z], f64::INFINITY);
    let anomaly = found((z * 0.0).sqrt().try_backward());
    assert_eq!((anomaly.operation, anomaly.operands[0].value, anomaly.operands[1].value), ("mul", 0.0, 0.0));
    let t = tape.variable([0.0]);
    let anomaly = found((t * 0.0).at([0]).sqrt().try_backward());
    assert_eq!((anomaly.operation, anomaly.found.shape), ("mul", tape::Shape::from([1])));
}

#[test]
fn numbers_of_f32_print_as_such() {
    let tape = Tape::<f32>::new();
    tape.detect_anomalies(Anomalies::Nan);
    let text = found(tape.variable([-0.1]).try_powf(0.5)).to_string();
    assert!(text.ends_with("gave NaN at [0] of [1]; operands: -0.1 at [0] of [1], 0.5"), "{text}");
}

#[test]
fn values_that_are_given_are_no_anomalies_and_good_ones_pass() {
    let mut tape = watched(Anomalies::NonFinite);
    let mask = tape.constant([f64::NEG_INFINITY, 0.0]);
    let x = tape.variable([1.0, 2.0]);
    assert_eq!((x * x).sum().backward()[x], array![2.0, 4.0].into_dyn());
    assert_eq!(found(x.try_add(mask)).operation, "add");
    // It stays on over a reset and a rewind, and the lines are those of the new nodes.
    tape.reset();
    let x = tape.var(1.0);
    let here = tape.position();
    let _ = x * 2.0;
    tape.rewind(here);
    let line = line!() + 1;
    let y = (x - 1.0).sqrt();
    assert_eq!(found(y.try_backward()).place.unwrap().line(), line);
    // Switched on halfway, it does not know where earlier nodes were recorded; switched off, it is gone.
    tape.detect_anomalies(Anomalies::Ignored);
    let y = (x - 1.0).sqrt();
    assert_eq!(y.backward()[x], f64::INFINITY);
    tape.detect_anomalies(Anomalies::NonFinite);
    let text = found(y.try_backward()).to_string();
    assert!(text.contains("sqrt recorded before anomalies were detected gave operand 1 the adjoint inf"), "{text}");
}

#[test]
fn what_is_computed_without_grad_is_examined_too() {
    let tape = watched(Anomalies::Nan);
    let x = tape.var(-1.0);
    assert!(panic_of(|| tape.no_grad(|| x.ln())).contains("ln"));
}

/// Anything that may record must pass the caller's line on, or a report would name a line of this crate.
#[test]
fn every_method_that_may_record_passes_the_callers_line_on() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![sources.join("tensor.rs")];
    files.extend(fs::read_dir(sources.join("tensor")).unwrap().map(|entry| entry.unwrap().path()));
    let mut methods = 0;
    for file in files.iter().filter(|file| file.is_file()) {
        let source = fs::read_to_string(file).unwrap();
        let lines: Vec<&str> = source.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("    pub fn try_")) {
            let above = lines[..at].iter().rev();
            let mut attributes = above.take_while(|line| line.starts_with("    #[") || line.starts_with("    ///"));
            assert!(attributes.any(|line| line.contains("track_caller")), "{}: {line}", file.display());
            methods += 1;
        }
    }
    assert!(methods > 20, "the methods are found: {methods}");
}
