//! Any generic function differentiates: gradient descent walks down Rosenbrock's valley.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use num_traits::Float;

/// Rosenbrock's function of 1960, for any kind of number: its minimum, 0, is at (1, ..., 1).
fn rosenbrock<T: Float>(x: &[T]) -> T {
    let (one, hundred) = (T::one(), T::from(100.0).expect("100 is a number"));
    x.windows(2).fold(T::zero(), |sum, pair| {
        let (along, across) = (one - pair[0], pair[1] - pair[0] * pair[0]);
        sum + along * along + hundred * across * across
    })
}

fn main() {
    let start = [-1.2, 1.0];
    println!("f{start:?} = {}", rosenbrock(&start));
    tape::check(rosenbrock, &start).assert();

    // Steepest descent with a step that shrinks until it descends: crude, but it cannot diverge.
    let (mut x, mut step) = (start.to_vec(), 1e-3);
    for iteration in 0..20_000 {
        let (value, gradient) = tape::value_and_grad(rosenbrock, &x);
        if iteration % 4_000 == 0 {
            println!("step {iteration:>6}: f = {value:.3e} at ({:.4}, {:.4})", x[0], x[1]);
        }
        step *= 1.5;
        x = loop {
            let next: Vec<f64> = x.iter().zip(&gradient).map(|(x, slope)| x - step * slope).collect();
            let expected = 0.1 * step * gradient.iter().map(|slope| slope * slope).sum::<f64>();
            if rosenbrock(&next) <= value - expected || step < 1e-12 {
                break next;
            }
            step *= 0.5;
        };
    }
    println!("reached ({:.6}, {:.6})", x[0], x[1]);
    assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-3), "the minimum is at (1, 1), not {x:?}");
}
