//! Programs of scalars say what the eager tape says, at other points too, or say that the path changed.

use num_traits::{Float, Signed, ToPrimitive};
use proptest::prelude::*;
use tape::{Error, ScalarProgram, Tape, Var, value_and_grad};

/// A step of a random function: which operation, on which of the values so far.
type Step = (usize, usize, usize);

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0_usize..24, 0_usize..100, 0_usize..100), 1..most)
}

/// A random function. With `rounds` it repeats its steps, so that a program finds runs in it.
fn function(steps: &[Step], rounds: usize, x: &[Var]) -> Var {
    let mut values = x.to_vec();
    let mut sum = Var::constant(0.0);
    for round in 0..rounds {
        let first = values.len();
        values.push(x[round % x.len()] + 0.1 * round as f64);
        for &(operation, left, right) in steps {
            let choose = |place: usize| match place % 3 {
                0 => x[place % x.len()],
                _ => values[first + place % (values.len() - first)],
            };
            let (a, b) = (choose(left), choose(right));
            let positive = a * a + 0.5;
            values.push(match operation {
                0 => a + b,
                1 => a - b,
                2 => a.tanh() * b,
                3 => a / (b * b + 1.0),
                4 => a.sin(),
                5 => (a * 0.3).tanh().exp(),
                6 => positive.ln(),
                7 => positive.sqrt(),
                8 => positive.powf(b.tanh()),
                9 => a.atan2(b * b + 1.0),
                10 => a.hypot(b.cos() + 2.0),
                11 => a.sigmoid(),
                12 => a.mul_add(b.tanh(), 0.5),
                13 => a.tanh().powi(3),
                14 => (a.tanh() * 0.9).asin() + b.cbrt().atan() * 0.0,
                15 => a.max(b) + a.min(0.25),
                16 => a.abs() - b.relu(),
                17 => a.detach() * b,
                18 => a.mul_add(0.5, b),
                19 => (a * 1.0 - 0.0) / 1.0 + -(-b),
                20 => Float::mul_add(a.tanh(), Var::constant(0.3), Var::constant(0.7)),
                21 => x[left % x.len()].floor() * 0.01 + x[right % x.len()].fract(),
                22 => a.abs_sub(b).ln_1p(),
                _ => 1.5 - a,
            });
            let last = values.len() - 1;
            values[last] = values[last].tanh() * 2.0;
            sum += values[last] * values[last];
        }
    }
    sum * 0.5 + values[values.len() - 1]
}

fn near(found: f64, wanted: f64, scale: f64) -> bool {
    (found.is_nan() && wanted.is_nan()) || found == wanted || (found - wanted).abs() <= 1e-11 * scale.max(1.0)
}

/// Whether a program agrees with the eager tape at some points, one by one and in a batch.
fn agrees(f: impl Fn(&[Var]) -> Var, recorded: &[f64], points: &[Vec<f64>]) -> Result<(), String> {
    let mut program = ScalarProgram::record(&f, recorded).map_err(|error| error.to_string())?;
    let n = recorded.len();
    let flat: Vec<f64> = points.concat();
    let (mut ys, mut gradients) = (vec![0.0; points.len()], vec![0.0; flat.len()]);
    program.batch(&flat, &mut ys, &mut gradients).map_err(|error| error.to_string())?;
    for (number, point) in points.iter().enumerate() {
        let (y, dy) = value_and_grad(&f, point);
        let scale = dy.iter().fold(y.abs(), |most, g| most.max(g.abs()));
        let mut gradient = vec![0.0; n];
        let replayed = program.value_and_grad(point, &mut gradient).map_err(|error| error.to_string())?;
        let value = program.value(point).map_err(|error| error.to_string())?;
        for (found, way) in [(replayed, "gradient"), (value, "value"), (ys[number], "batch")] {
            if !near(found, y, scale) {
                return Err(format!("the {way}'s value at {point:?} is {found}, eagerly {y}"));
            }
        }
        for (found, way) in [(&gradient[..], "alone"), (&gradients[number * n..][..n], "in a batch")] {
            if !found.iter().zip(&dy).all(|(&found, &wanted)| near(found, wanted, scale)) {
                return Err(format!("the gradient {way} at {point:?} is {found:?}, eagerly {dy:?}"));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_functions_are_replayed(
        steps in steps(12),
        points in prop::collection::vec(prop::collection::vec(-1.5_f64..1.5, 3), 1..4),
    ) {
        let outcome = agrees(|x| function(&steps, 1, x), &points[0], &points);
        prop_assert!(outcome.is_ok(), "{outcome:?}");
    }

    #[test]
    fn random_loops_are_replayed(
        steps in steps(8),
        points in prop::collection::vec(prop::collection::vec(-1.5_f64..1.5, 21), 1..4),
        rounds in 1_usize..40,
    ) {
        let outcome = agrees(|x| function(&steps, rounds, x), &points[0], &points);
        prop_assert!(outcome.is_ok(), "{outcome:?}");
    }
}

fn rosenbrock(x: &[Var]) -> Var {
    x.windows(2)
        .fold(Var::constant(0.0), |sum, x| sum + (1.0 - x[0]) * (1.0 - x[0]) + 100.0 * (x[1] - x[0] * x[0]).powi(2))
}

#[test]
fn long_loops_are_replayed_at_every_length() {
    for n in [2, 3, 8, 9, 17, 255, 256, 257, 258, 1_000] {
        let point = |seed: usize| (0..n).map(|i| ((i * 37 + seed * 11) % 101) as f64 / 50.0 - 1.0).collect::<Vec<_>>();
        let points: Vec<_> = (0..3).map(point).collect();
        agrees(rosenbrock, &points[0], &points).unwrap();
        // Every element depends on a sum over all of them, and the sum on every element.
        agrees(
            |x| {
                let norm = x.iter().map(|&x| x * x).sum::<Var>().sqrt();
                x.iter().map(|&x| (x / norm).sin() * norm).sum()
            },
            &points[0],
            &points,
        )
        .unwrap();
        // Operands in reverse and with gaps.
        agrees(|x| (0..n).map(|i| x[n - 1 - i] * x[i * 7 % n].exp() * x[i / 2 * 2]).sum(), &points[0], &points)
            .unwrap();
        // A recurrence, which has no runs at all.
        agrees(|x| x.iter().fold(Var::constant(0.3), |y, &x| (y * x).sin() + y), &points[0], &points).unwrap();
    }
}

#[test]
fn a_program_without_runs_has_the_bits_of_the_eager_tape() {
    let f = |x: &[Var]| ((x[0] * x[1]).exp() + x[1].sin() / x[0]).ln() * x[0].mul_add(2.0, 1.0);
    let mut program = ScalarProgram::record(f, &[1.0, 1.0]).unwrap();
    for point in [[0.7, 0.3], [1.3, 2.0], [5.0, 0.01]] {
        let mut gradient = vec![0.0; 2];
        let y = program.value_and_grad(&point, &mut gradient).unwrap();
        assert_eq!((y, gradient), value_and_grad(f, &point));
    }
}

#[test]
fn a_batch_of_any_size_is_evaluated() {
    let f = |x: &[Var]| x[0] * x[1].exp() + x[2].powi(3);
    let mut program = ScalarProgram::record(f, &[1.0; 3]).unwrap();
    for n in [0, 1, 2, 63, 64, 65, 130] {
        let x: Vec<f64> = (0..3 * n).map(|i| (i % 17) as f64 / 8.0 - 1.0).collect();
        let (mut y, mut gradients) = (vec![0.0; n], vec![0.0; 3 * n]);
        program.batch(&x, &mut y, &mut gradients).unwrap();
        for (point, x) in x.chunks(3).enumerate() {
            let (value, gradient) = value_and_grad(f, x);
            assert!(near(y[point], value, value.abs()));
            assert!(gradients[3 * point..][..3].iter().zip(&gradient).all(|(&a, &b)| near(a, b, b.abs())));
        }
    }
}

#[test]
fn zero_adjoints_absorb_and_zero_partials_do_not() {
    for n in [1, 40] {
        // sqrt is not chosen at v < 0, but its adjoint is the NaN that its value is.
        let root = |x: &[Var]| x.iter().map(|&x| x.max(0.0).sqrt()).sum::<Var>();
        let product = |x: &[Var]| x.iter().map(|&x| (x * 0.0).sqrt()).sum::<Var>();
        let masked = |x: &[Var]| x.iter().map(|&x| (x * x).ln() * x.floor()).sum::<Var>();
        let points = [vec![-1.0; n], vec![0.0; n], vec![f64::NAN; n], vec![f64::INFINITY; n], vec![2.0; n]];
        for f in [root, product, masked] {
            let mut program = ScalarProgram::record(f, &vec![0.5; n]).unwrap();
            for point in &points {
                let (y, dy) = value_and_grad(f, point);
                let mut gradient = vec![0.0; n];
                let replayed = program.value_and_grad(point, &mut gradient).unwrap();
                assert!(near(replayed, y, y.abs()), "{replayed} {y} at {point:?}");
                assert!(
                    gradient.iter().zip(&dy).all(|(&a, &b)| near(a, b, b.abs())),
                    "{gradient:?} {dy:?} at {point:?}"
                );
            }
        }
    }
}

#[test]
fn what_a_function_does_not_depend_on_has_gradient_zero() {
    let mut program = ScalarProgram::record(|x| x[1] * 2.0, &[1.0, 1.0, 1.0]).unwrap();
    let mut gradient = [f64::NAN; 3];
    assert_eq!(program.value_and_grad(&[5.0, 7.0, 9.0], &mut gradient).unwrap(), 14.0);
    assert_eq!(gradient, [0.0, 2.0, 0.0]);
    let mut constant = ScalarProgram::record(|_| Var::constant(4.0), &[1.0]).unwrap();
    let mut gradient = [f64::NAN];
    assert_eq!(constant.value_and_grad(&[5.0], &mut gradient).unwrap(), 4.0);
    assert_eq!(gradient, [0.0]);
    let mut identity = ScalarProgram::record(|x| x[0], &[1.0]).unwrap();
    assert_eq!(identity.value_and_grad(&[5.0], &mut gradient).unwrap(), 5.0);
    assert_eq!(gradient, [1.0]);
}

#[test]
fn several_outputs_have_a_jacobian() {
    let f = |x: &[Var]| vec![x[0] * x[1], x[0].sin(), Var::constant(3.0), x[1]];
    let mut program = ScalarProgram::record_many(f, &[1.0, 1.0]).unwrap();
    let (mut y, mut jacobian) = ([0.0; 4], [0.0; 8]);
    program.jacobian(&[0.5, 2.0], &mut y, &mut jacobian).unwrap();
    assert_eq!(y, [1.0, 0.5_f64.sin(), 3.0, 2.0]);
    assert_eq!(jacobian, [2.0, 0.5, 0.5_f64.cos(), 0.0, 0.0, 0.0, 0.0, 1.0]);
    let mut y = [0.0; 4];
    program.values(&[0.5, 2.0], &mut y).unwrap();
    assert_eq!(y, [1.0, 0.5_f64.sin(), 3.0, 2.0]);
}

/// Questions that a function can ask, the line they are asked in, and a point where the answer is another.
macro_rules! questions {
    ($(|$x:ident| $question:expr, $recorded:expr, $same:expr, $changed:expr;)*) => {
        vec![$((
            Box::new(|v: &[Var]| { let $x = v[0]; if $question { v[0] * 2.0 } else { v[0] * 3.0 } }) as Box<dyn Fn(&[Var]) -> Var>,
            line!(), stringify!($question), $recorded, $same, $changed,
        )),*]
    };
}

#[test]
fn every_question_is_asked_again_and_names_its_line() {
    type Question = (Box<dyn Fn(&[Var]) -> Var>, u32, &'static str, f64, f64, f64);
    let first = line!() + 2;
    let questions: Vec<Question> = questions! {
        |x| x < 1.0, 0.5, 0.7, 1.0;
        |x| x <= 1.0, 0.5, 1.0, 1.5;
        |x| x > 1.0, 0.5, 1.0, 1.5;
        |x| x >= 1.0, 0.5, 0.9, 1.0;
        |x| x == 1.0, 0.5, 0.9, 1.0;
        |x| x != 1.0, 0.5, 0.9, 1.0;
        |x| x * 2.0 < x * x, 1.0, 0.5, 3.0;
        |x| x * 2.0 > x * x, 1.0, 0.5, 3.0;
        |x| x * 2.0 >= x * x, 1.0, 2.0, 3.0;
        |x| x * 2.0 <= x * x, 1.0, 0.5, 2.0;
        |x| x.partial_cmp(&1.0).is_some(), 0.5, 0.7, f64::NAN;
        |x| x.partial_cmp(&(x * x)) == Some(std::cmp::Ordering::Less), 2.0, 3.0, 0.5;
        |x| x < 1.0, 0.5, 0.7, f64::NAN;
        |x| x.value() > 0.0, 0.5, 0.5, 0.7;
        |x| x.to_f64().unwrap() > 0.0, 0.5, 0.5, 0.7;
        |x| x.to_f32().unwrap() > 0.0, 0.5, 0.5, 0.7;
        |x| x.to_i64() == Some(1), 1.5, 1.9, 2.0;
        |x| x.to_usize() == Some(1), 1.5, 1.9, 2.0;
        |x| x.to_i8() == Some(1), 1.5, 1.9, f64::NAN;
        |x| x.floor().to_u32() == Some(1), 1.5, 1.9, 2.0;
        |x| Float::is_nan(x), 0.5, 0.7, f64::NAN;
        |x| Float::is_infinite(x), 0.5, 0.7, f64::INFINITY;
        |x| Float::is_finite(x), 0.5, 0.0, f64::INFINITY;
        |x| Float::is_normal(x), 0.5, 0.7, 0.0;
        |x| Float::is_subnormal(x), 0.5, 0.7, 1e-310;
        |x| Float::is_sign_positive(x), 0.5, 0.0, -0.0;
        |x| Float::is_sign_negative(x), 0.5, 0.0, -0.0;
        |x| Float::classify(x) == std::num::FpCategory::Normal, 0.5, 0.7, 0.0;
        |x| Float::integer_decode(x).0 > 0, 0.5, 0.5, 0.7;
        |x| Signed::is_positive(&x), 0.5, 0.7, -0.5;
        |x| Signed::is_negative(&x), 0.5, 0.7, -0.5;
        |x| num_traits::Zero::is_zero(&x), 0.5, 0.7, 0.0;
        |x| num_traits::One::is_one(&x), 0.5, 0.7, 1.0;
        |x| x.clamp(0.0, 1.0).is_constant(), 0.5, 0.0, -0.5;
        |x| Float::clamp(x, Var::constant(0.0), Var::constant(1.0)).is_constant(), 0.5, 1.0, 1.5;
    };
    let count = questions.len();
    for (number, (f, _, text, recorded, same, changed)) in questions.into_iter().enumerate() {
        let mut program = ScalarProgram::record(&f, &[recorded]).unwrap();
        let mut gradient = [0.0];
        let replayed = program.value_and_grad(&[same], &mut gradient).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((replayed, gradient.to_vec()), value_and_grad(&f, &[same]), "{text}");
        for error in [
            program.value(&[changed]).unwrap_err(),
            program.value_and_grad(&[changed], &mut gradient).unwrap_err(),
            program.batch(&[same, changed], &mut [0.0; 2], &mut [0.0; 2]).unwrap_err(),
        ] {
            let Error::PathChanged { location, .. } = error else { panic!("{text}: {error}") };
            assert_eq!(location.file(), file!(), "{text}");
            assert_eq!(location.line(), first + number as u32, "{text}");
        }
        // What the caller has written to is as it was.
        assert_eq!(gradient.to_vec(), value_and_grad(&f, &[same]).1, "{text}");
    }
    assert_eq!(count, 35);
}

/// What chooses by value asks nothing: a replay on the other side, at the kink, or at NaN chooses there.
#[test]
fn what_chooses_by_value_follows_the_value() {
    type Choice = (&'static str, fn(Var, Var) -> Var);
    let choices: &[Choice] = &[
        ("abs", |a, _| a.abs()),
        ("signum", |a, b| a.signum() * b),
        ("floor", |a, b| a.floor() * b),
        ("ceil", |a, b| a.ceil() * b),
        ("round", |a, b| a.round() * b),
        ("trunc", |a, b| a.trunc() * b),
        ("fract", |a, _| a.fract()),
        ("max", |a, b| a.max(b)),
        ("min", |a, b| a.min(b)),
        ("maximum", |a, b| a.maximum(b)),
        ("minimum", |a, b| a.minimum(b)),
        ("abs_sub", |a, b| a.abs_sub(b)),
        ("copysign", |a, b| a.copysign(b)),
        ("%", |a, b| a % b),
        ("clamp_min", |a, b| a.clamp_min(b)),
        ("clamp_max", |a, b| a.clamp_max(b)),
        ("relu", |a, b| a.relu() * b),
        ("hard_sigmoid", |a, b| a.hard_sigmoid() * b),
        ("leaky_relu", |a, b| a.leaky_relu(0.1) * b),
        ("powi", |a, _| a.powi(-3)),
    ];
    let pairs =
        [(0.5, 1.5), (1.5, 0.5), (-2.5, 0.5), (0.5, -2.5), (1.0, 1.0), (0.0, -0.0), (f64::NAN, 1.0), (4.5, 2.0)];
    for (name, choice) in choices {
        for n in [1, 40] {
            let f = |x: &[Var]| (0..n).map(|i| choice(x[2 * i], x[2 * i + 1])).sum::<Var>();
            let points: Vec<Vec<f64>> = pairs.iter().map(|&(a, b)| [a, b].repeat(n)).collect();
            for recorded in &points[..4] {
                agrees(f, recorded, &points).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }
}

#[test]
fn a_hundred_thousand_operations_are_one_program() {
    let n = 12_501;
    let f = |x: &[Var]| {
        x.windows(2).fold(Var::constant(0.0), |sum, x| {
            let (along, across) = (1.0 - x[0], x[1] - x[0] * x[0]);
            sum + along * along + 100.0 * (across * across)
        })
    };
    let point: Vec<f64> = (0..n).map(|i| 0.5 + (i % 7) as f64 / 70.0).collect();
    let mut program = ScalarProgram::record(f, &point).unwrap();
    assert_eq!((program.inputs(), program.operations()), (n, 8 * (n - 1)));
    let elsewhere: Vec<f64> = point.iter().map(|x| 1.2 - x).collect();
    let (y, dy) = value_and_grad(f, &elsewhere);
    let mut gradient = vec![0.0; n];
    assert!(near(program.value_and_grad(&elsewhere, &mut gradient).unwrap(), y, y));
    assert!(gradient.iter().zip(&dy).all(|(&found, &wanted)| near(found, wanted, wanted.abs())));
}

#[test]
fn a_comparison_in_a_loop_names_the_first_point_and_the_first_question() {
    let f = |x: &[Var]| x.iter().map(|&x| if x > 0.0 { x } else { -x * x }).sum::<Var>();
    let recorded: Vec<f64> = (0..300).map(|i| if i % 3 == 0 { -1.0 } else { 1.0 }).collect();
    let mut program = ScalarProgram::record(f, &recorded).unwrap();
    let mut gradient = vec![0.0; 300];
    let doubled: Vec<f64> = recorded.iter().map(|x| 2.0 * x).collect();
    let (y, dy) = value_and_grad(f, &doubled);
    assert_eq!((program.value_and_grad(&doubled, &mut gradient).unwrap(), &gradient), (y, &dy));
    for changed in [0, 1, 150, 299] {
        let mut x = recorded.clone();
        x[changed] = -x[changed];
        assert!(matches!(program.value_and_grad(&x, &mut gradient), Err(Error::PathChanged { point: 0, .. })));
    }
    let small = |x: &[Var]| if x[0] > 0.0 { x[0] } else { -x[0] };
    let mut program = ScalarProgram::record(small, &[1.0]).unwrap();
    let x: Vec<f64> = (0..100).map(|i| if i == 70 || i == 90 { -1.0 } else { i as f64 + 1.0 }).collect();
    let (mut y, mut gradients) = (vec![0.0; 100], vec![0.0; 100]);
    let error = program.batch(&x, &mut y, &mut gradients).unwrap_err();
    assert!(matches!(error, Error::PathChanged { point: 70, .. }), "{error}");
    for point in 0..100 {
        let changed = point == 70 || point == 90;
        assert_eq!((y[point].is_nan(), gradients[point].is_nan()), (changed, changed));
        assert!(changed || (y[point], gradients[point]) == (x[point], 1.0));
    }
    let text = error.to_string();
    assert!(text.contains("path changed at point 70") && text.contains("scalar_programs.rs"), "{text}");
}

#[test]
fn a_changed_path_is_recorded_anew_when_asked() {
    let f = |x: &[Var]| if x[0] > 0.0 { x[0] } else { x[0] * x[0] };
    let mut program = ScalarProgram::record(f, &[1.0]).unwrap();
    let mut gradient = [0.0];
    assert_eq!(program.value_and_grad_or_record(f, &[-3.0], &mut gradient).unwrap(), 9.0);
    assert_eq!(gradient, [-6.0]);
    assert_eq!(program.value_and_grad(&[-4.0], &mut gradient).unwrap(), 16.0);
    assert!(program.value(&[1.0]).is_err());
}

#[test]
fn what_cannot_be_replayed_is_refused_by_name() {
    let refused = |f: fn(&[Var]) -> Var| ScalarProgram::record(f, &[1.0, 2.0]).unwrap_err();
    let tensor = refused(|x| tape::Tensor::stack_vars(x).sum().at([]));
    assert_eq!(tensor, Error::NotReplayable { operation: "tensor" });
    let other = refused(|_| {
        let tape = Tape::new();
        let y = tape.var(2.0);
        std::mem::forget(tape);
        y
    });
    assert_eq!(other, Error::Foreign { operation: "program" });
    let swept = std::cell::Cell::new(None);
    let _ = ScalarProgram::record(
        |x| {
            swept.set(x[0].sin().try_backward().err());
            x[0]
        },
        &[1.0],
    );
    assert_eq!(swept.take(), Some(Error::NotReplayable { operation: "backward" }));
    let text = Error::NotReplayable { operation: "backward" }.to_string();
    assert!(text.starts_with("backward: cannot be recorded in a program of scalars"), "{text}");
}

#[test]
fn wrong_sizes_are_refused_by_name() {
    let mut program = ScalarProgram::record(|x| x[0] * x[1], &[1.0, 2.0]).unwrap();
    let size = |what, expected, found| Error::ProgramSize { what, expected, found };
    assert_eq!(program.value(&[1.0]).unwrap_err(), size("inputs", 2, 1));
    assert_eq!(program.value_and_grad(&[1.0; 2], &mut [0.0; 3]).unwrap_err(), size("elements of the gradient", 2, 3));
    assert_eq!(
        program.batch(&[1.0; 5], &mut [0.0; 2], &mut [0.0; 4]).unwrap_err(),
        size("elements of the points", 4, 5)
    );
    assert_eq!(size("inputs", 2, 1).to_string(), "program: 1 inputs where 2 are expected");
    let mut many = ScalarProgram::record_many(<[Var]>::to_vec, &[1.0, 2.0]).unwrap();
    assert_eq!(many.value(&[1.0, 2.0]).unwrap_err(), size("outputs", 2, 1));
}

#[test]
fn threads_share_a_program() {
    fn is_shared<P: Send + Sync + Clone>(_: &P) {}
    let program = ScalarProgram::record(rosenbrock, &vec![0.5; 100]).unwrap();
    is_shared(&program);
    let values: Vec<f64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|k| {
                let mut program = program.clone();
                scope.spawn(move || program.value(&vec![0.1 * f64::from(k); 100]).unwrap())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (k, &value) in values.iter().enumerate() {
        assert!(near(value, value_and_grad(rosenbrock, &vec![0.1 * k as f64; 100]).0, value));
    }
}

#[test]
fn an_ordinary_tape_keeps_no_questions() {
    let tape = Tape::<f64>::new();
    let x = tape.var(2.0);
    assert!(x > 1.0 && x.value() == 2.0 && x.detach().is_constant());
    assert_eq!((x * x).backward()[x], 4.0);
}

#[test]
fn single_precision_is_replayed() {
    let f = |x: &[Var<f32>]| x.iter().map(|&x| (x * 0.5_f32).exp() * x).sum::<Var<f32>>();
    let x: Vec<f32> = (0..50).map(|i| i as f32 / 50.0).collect();
    let mut program = ScalarProgram::record(f, &x).unwrap();
    let mut gradient = vec![0.0; 50];
    let y = program.value_and_grad(&x, &mut gradient).unwrap();
    let wanted: f32 = x.iter().map(|x| (x * 0.5).exp() * x).sum();
    assert!((y - wanted).abs() < 1e-4);
    for (g, x) in gradient.iter().zip(&x) {
        assert!((g - (x * 0.5).exp() * (1.0 + 0.5 * x)).abs() < 1e-5);
    }
}
