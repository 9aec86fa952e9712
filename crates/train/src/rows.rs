//! What a data set can be made of: something with one row for each example.

use ndarray::{Array, Axis, RemoveAxis};

/// Inputs or targets: one row for each example.
///
/// Class labels are a `Vec<usize>`, one number each. Images, sequences and the targets of a regression are arrays whose
/// first axis counts the examples: `[n, ...]`.
///
/// ```
/// use ndarray::array;
/// use train::Rows;
/// let images = array![[0.0, 0.1], [1.0, 1.1], [2.0, 2.1]];
/// assert_eq!(images.count(), 3);
/// assert_eq!(images.gather(&[2, 0]), array![[2.0, 2.1], [0.0, 0.1]]);
/// assert_eq!(vec![7, 8, 9].gather(&[1, 1]), [8, 8]);
/// ```
pub trait Rows: Sized {
    /// The number of examples.
    fn count(&self) -> usize;

    /// Replaces `gathered` by these rows of `self`, in this order, and reuses its memory.
    ///
    /// # Panics
    /// If there is no such row.
    fn gather_into(&self, rows: &[usize], gathered: &mut Self);

    /// These rows, in this order.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    fn gather(&self, rows: &[usize]) -> Self;
}

impl<A: Clone> Rows for Vec<A> {
    fn count(&self) -> usize {
        self.len()
    }

    fn gather_into(&self, rows: &[usize], gathered: &mut Self) {
        gathered.clear();
        gathered.extend(rows.iter().map(|&row| self[row].clone()));
    }

    fn gather(&self, rows: &[usize]) -> Self {
        rows.iter().map(|&row| self[row].clone()).collect()
    }
}

impl<A: Clone, D: RemoveAxis> Rows for Array<A, D> {
    fn count(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }

    fn gather_into(&self, rows: &[usize], gathered: &mut Self) {
        let none = self.raw_dim();
        let old = std::mem::replace(gathered, with_rows(none, 0, Vec::new()));
        let (mut elements, _) = old.into_raw_vec_and_offset();
        elements.clear();
        append(self, rows, &mut elements);
        *gathered = with_rows(self.raw_dim(), rows.len(), elements);
    }

    fn gather(&self, rows: &[usize]) -> Self {
        let mut elements = Vec::with_capacity(rows.len() * self.shape()[1..].iter().product::<usize>());
        append(self, rows, &mut elements);
        with_rows(self.raw_dim(), rows.len(), elements)
    }
}

fn append<A: Clone, D: RemoveAxis>(array: &Array<A, D>, rows: &[usize], elements: &mut Vec<A>) {
    let size = array.shape()[1..].iter().product::<usize>();
    if let Some(all) = array.as_slice() {
        for &row in rows {
            assert!(row < array.count(), "row {row} of {}", array.count());
            elements.extend_from_slice(&all[row * size..(row + 1) * size]);
        }
    } else {
        for &row in rows {
            elements.extend(array.index_axis(Axis(0), row).iter().cloned());
        }
    }
}

fn with_rows<A, D: RemoveAxis>(mut shape: D, rows: usize, elements: Vec<A>) -> Array<A, D> {
    shape[0] = rows;
    Array::from_shape_vec(shape, elements).expect("each row has the size of the others")
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, ArrayD, array};

    use super::*;

    #[test]
    fn rows_of_any_memory_order_are_gathered() {
        let array = array![[0, 1, 2], [3, 4, 5]];
        let transposed = array.clone().reversed_axes();
        assert_eq!(transposed.gather(&[2, 0]), array![[2, 5], [0, 3]]);
        let mut gathered = Array2::zeros((0, 0));
        transposed.gather_into(&[1], &mut gathered);
        assert_eq!(gathered, array![[1, 4]]);
        assert_eq!(array.into_dyn().gather(&[1]), array![[3, 4, 5]].into_dyn());
    }

    #[test]
    fn gathering_again_reuses_the_memory() {
        let array = Array3::from_shape_fn((10, 2, 3), |(row, ..)| row);
        let mut gathered = array.gather(&[1, 2, 3, 4]);
        let memory = gathered.as_ptr();
        array.gather_into(&[9, 8], &mut gathered);
        assert_eq!(gathered, array.gather(&[9, 8]));
        array.gather_into(&[0, 1, 2, 3], &mut gathered);
        assert_eq!(gathered, array.gather(&[0, 1, 2, 3]));
        assert_eq!(gathered.as_ptr(), memory);
    }

    #[test]
    fn rows_without_elements_are_rows() {
        let array = ArrayD::<f32>::zeros(vec![4, 0]);
        assert_eq!(array.count(), 4);
        assert_eq!(array.gather(&[1, 2]).shape(), [2, 0]);
        assert_eq!(array.gather(&[]).shape(), [0, 0]);
    }

    #[test]
    #[should_panic(expected = "row 2 of 2")]
    fn a_row_beyond_the_last_is_refused() {
        let _ = Array2::<f32>::zeros((2, 0)).gather(&[2]);
    }
}
