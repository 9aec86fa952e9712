//! Linear algebra beyond products: what its operations share.
//!
//! Each operation is a [`CustomOp`](crate::CustomOp): numbers by faer, matrix by matrix, and a rule written with tensors,
//! so that it can be differentiated again. The numbers are worked out in `f64` whatever the element type: an `f32` result is the rounded
//! one of `f64`.

mod determinant;
mod factor;
mod solve;
mod spectral;

use faer::MatRef;
use ndarray::{ArrayD, ArrayViewD, SliceInfoElem};

use crate::error::Error;
use crate::real::Real;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The axes before the last two, and the rows and columns of each matrix.
struct Matrices {
    batch: Vec<usize>,
    rows: usize,
    columns: usize,
}

impl Matrices {
    fn of(shape: &[usize]) -> Self {
        let [batch @ .., rows, columns] = shape else { unreachable!("the method saw two axes") };
        Self { batch: batch.to_vec(), rows: *rows, columns: *columns }
    }

    /// # Errors
    /// [`Error::Shape`] if there are fewer than two axes.
    fn checked(shape: &Shape, operation: &'static str) -> Result<Self, Error> {
        if shape.rank() < 2 {
            let rule = "a matrix, or a batch of matrices, has at least two axes";
            return Err(Error::Shape { operation, shape: shape.clone(), rule });
        }
        Ok(Self::of(shape))
    }

    /// # Errors
    /// [`Error::Shape`] if the matrices are not square, or there are fewer than two axes.
    fn square(shape: &Shape, operation: &'static str) -> Result<Self, Error> {
        let matrices = Self::checked(shape, operation)?;
        if matrices.rows != matrices.columns {
            let rule = "the matrix must be square: its last two axes equally long";
            return Err(Error::Shape { operation, shape: shape.clone(), rule });
        }
        Ok(matrices)
    }

    /// The shorter side.
    fn thin(&self) -> usize {
        self.rows.min(self.columns)
    }

    /// The index in the batch, for messages.
    fn name(&self, matrix: usize) -> String {
        if self.batch.is_empty() {
            return "the matrix".to_owned();
        }
        let mut rest = matrix;
        let mut index: Vec<usize> = self.batch.iter().rev().map(|&n| (rest % n, rest /= n).0).collect();
        index.reverse();
        format!("matrix {index:?} of the batch")
    }
}

/// Works on one matrix of every input after another, all of whose batches are alike. `work` appends its results, which
/// have the axes `last`, or says what is wrong with the matrix.
fn each<T: Real>(
    operation: &'static str,
    inputs: &[ArrayViewD<'_, T>],
    last: &[usize],
    mut work: impl FnMut(&[MatRef<'_, f64>], &mut Vec<f64>) -> Result<(), &'static str>,
) -> Result<ArrayD<T>, Error> {
    let layouts: Vec<Matrices> = inputs.iter().map(|input| Matrices::of(input.shape())).collect();
    let elements: Vec<Vec<f64>> = inputs.iter().map(|input| input.iter().map(|x| x.widen()).collect()).collect();
    let mut results = Vec::new();
    for matrix in 0..layouts[0].batch.iter().product() {
        let matrices: Vec<_> = layouts
            .iter()
            .zip(&elements)
            .map(|(&Matrices { rows, columns, .. }, elements)| {
                let own = &elements[matrix * rows * columns..(matrix + 1) * rows * columns];
                MatRef::from_row_major_slice(own, rows, columns)
            })
            .collect();
        work(&matrices, &mut results)
            .map_err(|what| Error::Rejected { operation, reason: format!("{} {what}", layouts[0].name(matrix)) })?;
    }
    let shape = [layouts[0].batch.as_slice(), last].concat();
    let results = results.into_iter().map(T::from_f64).collect();
    Ok(ArrayD::from_shape_vec(shape, results).expect("the work fills the axes"))
}

/// Appends the elements row by row.
fn append(matrix: MatRef<'_, f64>, results: &mut Vec<f64>) {
    results.extend((0..matrix.nrows()).flat_map(|i| (0..matrix.ncols()).map(move |j| matrix[(i, j)])));
}

/// One of the outputs that an operation packed into its last axis, and where the next begins.
fn unpack<T: Real>(packed: Tensor<T>, from: usize, last: &[usize]) -> (Tensor<T>, usize) {
    let shape = packed.shape();
    let behind = from + last.iter().product::<usize>();
    let mut slices = vec![SliceInfoElem::from(..); shape.rank() - 1];
    slices.push(SliceInfoElem::from(from..behind));
    let batch = &shape[..shape.rank() - 1];
    (packed.slice(slices).reshape([batch, last].concat().as_slice()), behind)
}

/// A constant matrix on the tape of a tensor, by row and column.
fn constant<T: Real>(beside: Tensor<T>, n: usize, element: impl Fn(usize, usize) -> f64) -> Tensor<T> {
    let matrix = ndarray::Array2::from_shape_fn((n, n), |(i, j)| T::from_f64(element(i, j)));
    beside.new_constant(matrix)
}

fn identity<T: Real>(beside: Tensor<T>, n: usize) -> Tensor<T> {
    constant(beside, n, |i, j| f64::from(u8::from(i == j)))
}

/// Which part of a square matrix a mask keeps.
#[derive(Clone, Copy)]
enum Part {
    /// Below the diagonal, and half of the diagonal.
    HalfLower,
    Lower,
    Upper,
    StrictlyLower,
    StrictlyUpper,
}

impl Part {
    fn of<T: Real>(self, matrix: Tensor<T>) -> Tensor<T> {
        let shape = matrix.shape();
        let kept = |holds: bool| f64::from(u8::from(holds));
        matrix
            * constant(matrix, shape[shape.rank() - 1], |i, j| match self {
                Self::HalfLower => kept(i > j) + 0.5 * kept(i == j),
                Self::Lower => kept(i >= j),
                Self::Upper => kept(i <= j),
                Self::StrictlyLower => kept(i > j),
                Self::StrictlyUpper => kept(i < j),
            })
    }
}

/// Vectors along the last axis as diagonal matrices.
fn diagonal<T: Real>(vectors: Tensor<T>) -> Tensor<T> {
    let shape = vectors.shape();
    vectors.unsqueeze(-1) * identity(vectors, shape[shape.rank() - 1])
}

/// `1 / x`, and zero at zero, where what it would multiply is left out.
fn reciprocal_or_zero<T: Real>(x: Tensor<T>) -> Tensor<T> {
    x.ne(T::zero()).select(x.recip(), T::zero())
}

/// `1 / (x[j] - x[i])` in row i and column j, and zero for equal ones.
fn reciprocal_differences<T: Real>(x: Tensor<T>) -> Tensor<T> {
    reciprocal_or_zero(x.unsqueeze(-2) - x.unsqueeze(-1))
}

/// The mean of a matrix and its transpose.
fn symmetric<T: Real>(matrix: Tensor<T>) -> Tensor<T> {
    (matrix + matrix.t()) * T::from_f64(0.5)
}
