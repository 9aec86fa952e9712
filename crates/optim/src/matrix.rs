//! What do matrix optimizers need of linear algebra? Products, norms, eigenvectors and an orthonormal basis.
//!
//! Matrices are slices, row by row. They are as large as the sides of a weight, so plain loops are enough.

use tape::Real;

use crate::moments::Average;

/// Rows and columns of a parameter as a matrix, `[out, ...] -> [out, product of the others]`; none for vectors.
pub(crate) fn sides(shape: &[usize]) -> Option<(usize, usize)> {
    match shape {
        [] | [_] => None,
        [rows, rest @ ..] => Some((*rows, rest.iter().fold(1, |size: usize, &length| size.saturating_mul(length)))),
    }
}

/// `[m, k] x [k, n] -> [m, n]`.
pub(crate) fn product<T: Real>(a: &[T], b: &[T], [m, k, n]: [usize; 3]) -> Vec<T> {
    let mut out = vec![T::zero(); m * n];
    for (row, out) in a.chunks_exact(k).zip(out.chunks_exact_mut(n)) {
        for (&factor, b) in row.iter().zip(b.chunks_exact(n)) {
            for (sum, &b) in out.iter_mut().zip(b) {
                *sum += factor * b;
            }
        }
    }
    out
}

/// `[m, n] -> [n, m]`.
pub(crate) fn transposed<T: Real>(a: &[T], [m, n]: [usize; 2]) -> Vec<T> {
    (0..n).flat_map(|j| (0..m).map(move |i| a[i * n + j])).collect()
}

/// G G^T: `[m, n] -> [m, m]`.
pub(crate) fn gram<T: Real>(g: &[T], [m, n]: [usize; 2]) -> Vec<T> {
    product(g, &transposed(g, [m, n]), [m, n, m])
}

/// Averages G G^T and G^T G into `left` and `right`; a side that has no array is left out.
pub(crate) fn average_squares<T: Real>(
    g: &[T],
    [m, n]: [usize; 2],
    average: Average<T>,
    left: &mut [T],
    right: &mut [T],
) {
    if !left.is_empty() {
        left.iter_mut().zip(gram(g, [m, n])).for_each(|(l, new)| *l = average.next(*l, new));
    }
    if !right.is_empty() {
        let new = gram(&transposed(g, [m, n]), [n, m]);
        right.iter_mut().zip(new).for_each(|(r, new)| *r = average.next(*r, new));
    }
}

/// The eigenvalues of a symmetric matrix, largest first, and its eigenvectors as the columns of a matrix, by Jacobi's
/// rotations in cycles (Golub and Van Loan, Matrix Computations, 8.5), which converge quadratically and are accurate
/// also for small eigenvalues.
pub(crate) fn eigen<T: Real>(symmetric: &[T], n: usize) -> (Vec<f64>, Vec<f64>) {
    /// Ten are enough in practice.
    const SWEEPS: usize = 60;
    let mut a: Vec<f64> = symmetric.iter().map(|&x| Real::widen(x)).collect();
    // The rows are the eigenvectors until the end.
    let mut v = vec![0.0; n * n];
    for i in 0..n {
        v[i * n + i] = 1.0;
    }
    let scale = a.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                let (pp, qq, pq) = (a[p * n + p], a[q * n + q], a[p * n + q]);
                let small = f64::EPSILON * 1e-3 * (pp.abs() * qq.abs()).sqrt();
                if pq.abs() <= small.max(f64::MIN_POSITIVE).max(scale * 1e-30) {
                    continue;
                }
                rotated = true;
                let theta = (qq - pp) / (2.0 * pq);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                rotate(&mut a, &mut v, n, [p, q], [c, t * c]);
            }
        }
        if !rotated {
            break;
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j * n + j].total_cmp(&a[i * n + i]));
    let values = order.iter().map(|&i| a[i * n + i]).collect();
    let vectors = (0..n).flat_map(|row| order.iter().map(move |&i| i * n + row)).map(|place| v[place]).collect();
    (values, vectors)
}

/// A = J^T A J and V = J^T V for the rotation by cosine c and sine s in the plane of p and q.
fn rotate(a: &mut [f64], v: &mut [f64], n: usize, [p, q]: [usize; 2], [c, s]: [f64; 2]) {
    for k in 0..n {
        let (kp, kq) = (a[k * n + p], a[k * n + q]);
        a[k * n + p] = c * kp - s * kq;
        a[k * n + q] = s * kp + c * kq;
    }
    for matrix in [a, v] {
        for k in 0..n {
            let (pk, qk) = (matrix[p * n + k], matrix[q * n + k]);
            matrix[p * n + k] = c * pk - s * qk;
            matrix[q * n + k] = s * pk + c * qk;
        }
    }
}

/// (A + epsilon I)^(-1/power) of a symmetric matrix whose eigenvalues are not negative but for rounding.
pub(crate) fn inverse_root<T: Real>(symmetric: &[T], n: usize, epsilon: f64, power: f64) -> Vec<T> {
    let (values, q) = eigen(symmetric, n);
    let roots: Vec<f64> = values.iter().map(|&value| (value.max(0.0) + epsilon).powf(-1.0 / power)).collect();
    let scaled: Vec<f64> = q.iter().zip(roots.iter().cycle()).map(|(&q, &root)| q * root).collect();
    product(&scaled, &transposed(&q, [n, n]), [n, n, n]).into_iter().map(<T as Real>::from_f64).collect()
}

/// An orthonormal basis whose first k vectors span the first k columns of a square matrix, for each k: the Q of its QR
/// decomposition, by Householder's reflections, so that it is orthonormal also where columns are dependent or zero.
pub(crate) fn orthonormal<T: Real>(columns: &[T], n: usize) -> Vec<T> {
    let mut r: Vec<f64> = columns.iter().map(|&x| Real::widen(x)).collect();
    let mut reflections = Vec::new();
    for k in 0..n {
        let mut u: Vec<f64> = (k..n).map(|i| r[i * n + k]).collect();
        let norm = u.iter().fold(0.0_f64, |norm, &x| norm.hypot(x));
        u[0] += if u[0] < 0.0 { -norm } else { norm };
        let length = u.iter().fold(0.0_f64, |norm, &x| norm.hypot(x));
        if length > 0.0 {
            u.iter_mut().for_each(|x| *x /= length);
            reflect(&mut r, n, k, &u);
            reflections.push((k, u));
        }
    }
    let mut q = vec![0.0; n * n];
    for i in 0..n {
        q[i * n + i] = 1.0;
    }
    for (k, u) in reflections.iter().rev() {
        reflect(&mut q, n, *k, u);
    }
    q.into_iter().map(<T as Real>::from_f64).collect()
}

/// A = (I - 2 u u^T) A, where u is zero before k.
fn reflect(a: &mut [f64], n: usize, k: usize, u: &[f64]) {
    let mut along = vec![0.0; n];
    for (&u, row) in u.iter().zip(a[k * n..].chunks_exact(n)) {
        for (sum, &x) in along.iter_mut().zip(row) {
            *sum += u * x;
        }
    }
    for (&u, row) in u.iter().zip(a[k * n..].chunks_exact_mut(n)) {
        for (x, &along) in row.iter_mut().zip(&along) {
            *x -= 2.0 * u * along;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn identity_error(q: &[f64], n: usize) -> f64 {
        let square = gram(q, [n, n]);
        (0..n * n).map(|i| (square[i] - if i % (n + 1) == 0 { 1.0 } else { 0.0 }).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn products_by_hand() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(product(&a, &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0], [2, 3, 2]), [4.0, 5.0, 10.0, 11.0]);
        assert_eq!(transposed(&a, [2, 3]), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(gram(&a, [2, 3]), [14.0, 32.0, 32.0, 77.0]);
    }

    #[test]
    fn eigenvalues_by_hand() {
        let (values, vectors) = eigen(&[2.0, 1.0, 1.0, 2.0], 2);
        assert!((values[0] - 3.0).abs() < 1e-15 && (values[1] - 1.0).abs() < 1e-15);
        assert!((vectors[0] - vectors[2]).abs() < 1e-15 && (vectors[1] + vectors[3]).abs() < 1e-15);
        assert_eq!(eigen(&[0.0_f64; 9], 3).0, [0.0; 3]);
        // The inverse fourth root of diag(16, 1).
        let root = inverse_root(&[16.0_f64, 0.0, 0.0, 1.0], 2, 0.0, 4.0);
        assert!((root[0] - 0.5).abs() < 1e-15 && root[1] == 0.0 && (root[3] - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_basis_of_dependent_columns_is_one() {
        assert_eq!(orthonormal(&[0.0; 9], 3), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        assert!(identity_error(&orthonormal(&[1.0, 2.0, 2.0, 4.0], 2), 2) < 1e-15);
    }

    proptest! {
        #[test]
        fn eigenvectors_rebuild_the_matrix(n in 1_usize..9, seed in prop::collection::vec(-1.0..1.0, 64)) {
            let a = gram(&seed[..n * n], [n, n]);
            let (values, q) = eigen(&a, n);
            prop_assert!(values.windows(2).all(|pair| pair[0] >= pair[1]));
            prop_assert!(identity_error(&q, n) < 1e-14);
            let scaled: Vec<f64> = q.iter().zip(values.iter().cycle()).map(|(q, value)| q * value).collect();
            let again = product(&scaled, &transposed(&q, [n, n]), [n, n, n]);
            let error = a.iter().zip(&again).map(|(a, b): (&f64, &f64)| (a - b).abs()).fold(0.0, f64::max);
            prop_assert!(error < 1e-13, "{}", error);
        }

        #[test]
        fn a_basis_spans_its_columns(n in 1_usize..9, seed in prop::collection::vec(-1.0..1.0, 64)) {
            let q = orthonormal(&seed[..n * n], n);
            prop_assert!(identity_error(&q, n) < 1e-14);
            // Q^T A is upper triangular.
            let r = product(&transposed(&q, [n, n]), &seed[..n * n], [n, n, n]);
            let below = (0..n * n).filter(|i| i / n > i % n).map(|i| r[i].abs()).fold(0.0, f64::max);
            prop_assert!(below < 1e-14, "{}", below);
        }
    }
}
