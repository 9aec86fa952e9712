//! A run of a program allocates nothing once its memory is there.

use std::time::{Duration, Instant};

use tape::{ScalarProgram, Var};

use crate::allocations::counted;

fn waves(x: &[Var]) -> Var {
    let sum: Var = x.iter().map(|&x| if x > 0.0 { x.sin() * x.exp() } else { x * x }).sum();
    sum.sqrt()
}

#[test]
fn a_run_allocates_nothing_after_the_first_of_its_kind() {
    for n in [3, 700] {
        let x: Vec<f64> = (0..n).map(|i| 0.1 + (i % 7) as f64).collect();
        let mut program = ScalarProgram::record(waves, &x).unwrap();
        let points = x.repeat(70);
        let (mut y, mut gradients, mut gradient) = (vec![0.0; 70], vec![0.0; 70 * n], vec![0.0; n]);
        let changed = vec![-1.0; n];
        let mut runs = || {
            program.value(&x).unwrap();
            program.value_and_grad(&x, &mut gradient).unwrap();
            program.batch(&points, &mut y, &mut gradients).unwrap();
            assert!(program.value(&changed).is_err());
        };
        let counts: Vec<_> = (0..4).map(|_| counted(&mut runs).0).collect();
        assert_eq!(counts[1..], [0; 3], "all runs: {counts:?}");
    }
}

/// Optimised, it takes about a tenth of this on the machine that it was written on; unoptimised, it still must not be a
/// matter of the square of the length.
#[test]
fn a_hundred_thousand_operations_are_recorded_and_compiled_in_moments() {
    const MOMENTS: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 1 });
    let chain = |x: &[Var]| (0..25_000).fold(x[0], |y, i| (y * x[i % 3] + 0.1).sin() * 0.5);
    let loops = |x: &[Var]| (0..20_000).map(|i| (x[i % 3] * i as f64).exp().ln_1p() - x[1]).sum::<Var>();
    for f in [&chain as &dyn Fn(&[Var]) -> Var, &loops] {
        let start = Instant::now();
        let program = ScalarProgram::record(f, &[0.1, 0.2, 0.3]).unwrap();
        assert!(program.operations() >= 99_999, "{}", program.operations());
        assert!(start.elapsed() < MOMENTS, "{:?}", start.elapsed());
    }
}
