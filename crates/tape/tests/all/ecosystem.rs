//! Code of other crates, differentiated: ndarray's and nalgebra's algebra on arrays of variables.

use nalgebra::{DMatrix, Matrix3, Quaternion, SymmetricEigen, UnitQuaternion, Vector3};
use ndarray::{Array1, Array2, Axis, array};
use tape::{Var, check};

#[test]
fn ndarray_products_sums_and_maps_of_variables() {
    // ln(1 + sum((A x)^2)) with A and x of variables, through ndarray's own dot, sum and mapv.
    let f = |x: &[Var]| {
        let a = Array2::from_shape_vec((3, 2), x[..6].to_vec()).unwrap();
        let v = Array1::from(x[6..].to_vec());
        let product = a.dot(&v);
        (product.mapv(|y| y * y).sum() + 1.0).ln()
    };
    check(f, &[0.3, -0.2, 1.1, 0.7, -0.5, 0.4, 0.9, -1.3]).assert();
}

#[test]
fn ndarray_matrix_products_of_variables_are_right_by_hand() {
    // d sum(A B) / dA is the row sums of B, in every row.
    let gradient = tape::gradient(
        |x| {
            let a = Array2::from_shape_vec((2, 2), x.to_vec()).unwrap();
            let b = array![[1.0, 2.0], [3.0, 4.0]].mapv(Var::constant);
            a.dot(&b).sum()
        },
        &[0.5, 0.6, 0.7, 0.8],
    );
    assert_eq!(gradient, [3.0, 7.0, 3.0, 7.0]);
}

#[test]
fn ndarray_arithmetic_of_arrays_and_variables() {
    let f = |x: &[Var]| {
        let a = Array2::from_shape_vec((2, 2), x.to_vec()).unwrap();
        // Arrays with arrays, with a broadcast row, and with plain constants on the right.
        let centred = &a - &a.mean_axis(Axis(0)).unwrap();
        let scaled = (&centred * &centred + Array2::from_elem((2, 2), Var::constant(0.5))) / a.mapv(Var::exp);
        // A variable is a scalar operand like any number.
        let scaled = (scaled * x[0] - x[1]) / x[2] + x[3];
        scaled.t().dot(&a).diag().iter().copied().sum::<Var>() + scaled.sum_axis(Axis(1)).product()
    };
    check(f, &[0.4, -0.3, 0.8, 0.2]).assert();
}

#[test]
fn an_lu_solve_of_nalgebra() {
    // x of A x = b, against the derivative that implicit differentiation gives: dx = A^-1 (db - dA x).
    let f = |x: &[Var]| {
        let a = DMatrix::from_row_slice(3, 3, &x[..9]);
        let b = nalgebra::DVector::from_row_slice(&x[9..]);
        let solution = a.lu().solve(&b).expect("the matrix is regular");
        solution[0] * 2.0 - solution[1] * solution[2]
    };
    let point = [0.1, 2.0, -0.4, 1.5, 0.3, 0.2, -0.7, 0.6, 1.9, 1.0, -2.0, 0.5];
    check(f, &point).assert();
    let a = Matrix3::from_row_slice(&point[..9]);
    let solution = a.lu().solve(&Vector3::from_row_slice(&point[9..])).unwrap();
    let adjoint = a.transpose().lu().solve(&Vector3::new(2.0, -solution[2], -solution[1])).unwrap();
    let gradient = tape::gradient(f, &point);
    for row in 0..3 {
        assert!((gradient[9 + row] - adjoint[row]).abs() < 1e-12);
        for column in 0..3 {
            assert!((gradient[3 * row + column] + adjoint[row] * solution[column]).abs() < 1e-12);
        }
    }
}

#[test]
fn a_quaternion_rotation_of_nalgebra() {
    let f = |x: &[Var]| {
        let rotation = UnitQuaternion::from_quaternion(Quaternion::new(x[0], x[1], x[2], x[3]));
        let rotated = rotation * Vector3::new(x[4], x[5], x[6]);
        rotated.x * 0.3 - rotated.y * rotated.z
    };
    check(f, &[0.7, -0.2, 0.4, 0.5, 1.0, -2.0, 0.5]).assert();
    // Turning e_x about the z axis by t gives (cos t, sin t): the y of it has the derivative cos t.
    let turned = |angle: Var| {
        let axis = Vector3::z_axis().map(Var::constant);
        let rotation = UnitQuaternion::from_axis_angle(&nalgebra::Unit::new_unchecked(axis), angle);
        (rotation * Vector3::x().map(|x: f64| Var::constant(x))).y
    };
    assert!((tape::derivative(turned, 0.8) - 0.8_f64.cos()).abs() < 1e-15);
}

#[test]
fn a_symmetric_eigenvalue_of_nalgebra() {
    // The derivative of an eigenvalue for the matrix is the outer product of its eigenvector with itself.
    let largest = |x: &[Var]| {
        let a = Matrix3::new(x[0], x[1], x[2], x[1], x[3], x[4], x[2], x[4], x[5]);
        SymmetricEigen::new(a).eigenvalues.max()
    };
    let point = [2.0, 0.3, -0.1, 1.0, 0.4, -0.5];
    let gradient = tape::gradient(largest, &point);
    let [a, b, c, d, e, g] = point;
    let eigen = SymmetricEigen::new(Matrix3::new(a, b, c, b, d, e, c, e, g));
    let v = eigen.eigenvectors.column(eigen.eigenvalues.imax());
    for (entry, (row, column)) in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)].into_iter().enumerate() {
        let twice = if row == column { 1.0 } else { 2.0 };
        assert!((gradient[entry] - twice * v[row] * v[column]).abs() < 1e-10, "{gradient:?}");
    }
}

#[test]
fn singular_values_and_a_cholesky_factor_of_nalgebra() {
    let f = |x: &[Var]| {
        let a = Matrix3::from_row_slice(x);
        let spd = a.transpose() * a + Matrix3::identity();
        a.singular_values().max() + spd.cholesky().expect("positive definite").determinant().ln()
    };
    check(f, &[1.0, 0.2, -0.3, 0.4, 2.0, 0.1, -0.6, 0.5, 3.0]).assert();
}

#[test]
fn nalgebra_sees_the_conventions_of_variables() {
    use nalgebra::ComplexField;
    use nalgebra::RealField;
    let tape = tape::Tape::<f64>::new();
    let x = tape.var(0.0);
    assert_eq!(ComplexField::abs(x).backward()[x], 0.0);
    assert_eq!(ComplexField::try_sqrt(tape.var(-1.0)), None);
    assert_eq!(ComplexField::sqrt(x).backward()[x], f64::INFINITY);
    let y = tape.var(4.0);
    assert_eq!(RealField::max(y, Var::constant(4.0)).backward()[y], 0.5);
    assert_eq!(ComplexField::try_sqrt(y).unwrap().backward()[y], 0.25);
    assert_eq!(ComplexField::modulus_squared(y).backward()[y], 8.0);
}

/// A dual number over any `Float`, as small as can be: a value and its derivative along one direction.
#[derive(Clone, Copy)]
struct Dual<T> {
    value: T,
    tangent: T,
}

impl<T: num_traits::Float> std::ops::Mul for Dual<T> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self { value: self.value * other.value, tangent: self.tangent * other.value + self.value * other.tangent }
    }
}

impl<T: num_traits::Float> Dual<T> {
    fn sin(self) -> Self {
        Self { value: self.value.sin(), tangent: self.tangent * self.value.cos() }
    }
}

/// Forward over reverse with another crate's dual numbers goes this way round: duals whose parts are variables. The
/// gradient of the tangent is a Hessian-vector product. docs/decisions/element-types.md says why not the other.
#[test]
fn dual_numbers_of_variables_give_hessian_vector_products() {
    // f = sin(x y), with the Hessian [[-y^2 s, c - x y s], [., -x^2 s]], s = sin(x y), c = cos(x y).
    let (point, direction) = ([0.7, -1.2], [0.3, 2.0]);
    let tape = tape::Tape::<f64>::new();
    let [x, y] = point.map(|value| tape.var(value));
    let dual = |value, tangent| Dual { value, tangent: Var::constant(tangent) };
    let tangent = (dual(x, direction[0]) * dual(y, direction[1])).sin().tangent;
    let gradients = tangent.backward();
    let (s, c) = (point[0] * point[1]).sin_cos();
    let mixed = c - point[0] * point[1] * s;
    let expected = [
        -point[1] * point[1] * s * direction[0] + mixed * direction[1],
        mixed * direction[0] - point[0] * point[0] * s * direction[1],
    ];
    assert!((gradients[x] - expected[0]).abs() < 1e-14 && (gradients[y] - expected[1]).abs() < 1e-14);
}
