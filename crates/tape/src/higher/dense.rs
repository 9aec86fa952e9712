//! Whole Jacobians and Hessians of tensors, and products with a Hessian that is never made.

use ndarray::ArrayD;

use super::{Derivative, Variables, try_grad, try_jvp};
use crate::error::{Error, unwrap};
use crate::gradients::Gradients;
use crate::params::Params;
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::{Pass, Tape};
use crate::tensor::Tensor;

impl<T: Real> Tensor<T> {
    /// A constant of this shape: one at an element, in row-major order, and zero elsewhere.
    fn unit(self, element: usize) -> Result<Self, Error> {
        self.on_tape("jacobian", |tape| {
            let shape = tape.shape(self.node).clone();
            Ok(tape.push_leaf(shape, false, |out| {
                out.fill(T::zero());
                out[element] = T::one();
            }))
        })
    }

    /// The derivative of each element with respect to each element of `x`: the axes of this tensor, then those of `x`.
    /// With fewer elements in `x` than here, it is made forwards, otherwise backwards; the passes stay on the tape.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([2.0, 3.0]);
    /// let jacobian = (x.powi(2) + x.sum()).jacobian(x);
    /// assert_eq!(jacobian, ndarray::array![[5.0, 1.0], [1.0, 7.0]].into_dyn());
    /// ```
    ///
    /// # Panics
    /// As [`try_jacobian`](Self::try_jacobian) fails.
    #[must_use]
    #[track_caller]
    pub fn jacobian(self, x: Self) -> ArrayD<T> {
        unwrap(self.try_jacobian(x))
    }

    /// As [`jacobian`](Self::jacobian).
    ///
    /// # Errors
    /// [`Error::Stale`], [`Error::Foreign`] or [`Error::OtherThread`] if a handle is not of this recording.
    #[track_caller]
    pub fn try_jacobian(self, x: Self) -> Result<ArrayD<T>, Error> {
        let [rows, columns] =
            [self, x].map(|tensor| tensor.on_tape("jacobian", |tape| Ok(tape.shape(tensor.node).clone())));
        let (rows, columns) = (rows?, columns?);
        let (height, width) = (rows.size(), columns.size());
        let mut jacobian = ndarray::Array2::zeros((height, width));
        if height <= width {
            for (i, mut row) in jacobian.rows_mut().into_iter().enumerate() {
                let share = self.try_vjp(self.unit(i)?, x)?.to_array();
                row.iter_mut().zip(&share).for_each(|(to, &from)| *to = from);
            }
        } else {
            for (j, mut column) in jacobian.columns_mut().into_iter().enumerate() {
                let change = self.try_jvp(x, x.unit(j)?)?.to_array();
                column.iter_mut().zip(&change).for_each(|(to, &from)| *to = from);
            }
        }
        let axes: Vec<usize> = rows.iter().chain(columns.iter()).copied().collect();
        Ok(jacobian.into_shape_with_order(axes).expect("as many elements as rows and columns"))
    }

    /// The second derivatives of this tensor, which must have one element: the axes of `x` twice.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([2.0, 3.0]);
    /// let hessian = (x.powi(2) * x.sum()).sum().hessian(x);
    /// // (a^2 + b^2) (a + b): [[6 a + 2 b, 2 a + 2 b], [2 a + 2 b, 2 a + 6 b]].
    /// assert_eq!(hessian, ndarray::array![[18.0, 10.0], [10.0, 22.0]].into_dyn());
    /// ```
    ///
    /// # Panics
    /// As [`try_hessian`](Self::try_hessian) fails.
    #[must_use]
    #[track_caller]
    pub fn hessian(self, x: Self) -> ArrayD<T> {
        unwrap(self.try_hessian(x))
    }

    /// As [`hessian`](Self::hessian).
    ///
    /// # Errors
    /// As [`try_grad`](Self::try_grad).
    #[track_caller]
    pub fn try_hessian(self, x: Self) -> Result<ArrayD<T>, Error> {
        self.try_grad(x)?.try_jacobian(x)
    }

    /// The Hessian of this tensor, which must have one element, times a direction, recorded and without the Hessian: the
    /// gradient of the change along the direction.
    ///
    /// ```
    /// let tape = tape::Tape::<f64>::new();
    /// let x = tape.variable([2.0, 3.0]);
    /// let product = x.powi(3).sum().hvp(x, tape.constant([1.0, 10.0]));
    /// assert_eq!(product.to_array().as_slice(), Some(&[12.0, 180.0][..]));
    /// ```
    ///
    /// # Panics
    /// As [`try_hvp`](Self::try_hvp) fails.
    #[must_use]
    #[track_caller]
    pub fn hvp<V: Variables<T>>(self, variables: V, tangents: V) -> V::Derivatives {
        unwrap(self.try_hvp(variables, tangents))
    }

    /// As [`hvp`](Self::hvp).
    ///
    /// # Errors
    /// As [`try_grad`](Self::try_grad) and [`try_jvp`](Self::try_jvp).
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "variables are handles, written where they are handed over")]
    pub fn try_hvp<V: Variables<T>>(self, variables: V, tangents: V) -> Result<V::Derivatives, Error> {
        let root = Derivative::Tensor(self);
        let change = try_jvp(root, &variables, &tangents)?.map_or_else(|| root.zero(), Ok)?;
        try_grad(change, &variables)
    }
}

impl<T: Real> Tape<T> {
    /// A loss, its gradient, and its Hessian times a direction, both over the flat buffer of the parameters. Parameters
    /// that are not trained stay as they are: their entries are zero, and the direction's are not looked at.
    ///
    /// ```
    /// let mut params = tape::Params::<f64>::new();
    /// let w = params.add("w", &ndarray::array![2.0, 3.0]);
    /// let mut tape = tape::Tape::new();
    /// let (loss, gradients, product) = tape.hvp(&params, &[1.0, 10.0], |pass| pass.parameter(w).powi(3).sum());
    /// assert_eq!(loss, 35.0);
    /// assert_eq!(gradients.params(), [12.0, 27.0]);
    /// assert_eq!(product, [12.0, 180.0]);
    /// ```
    ///
    /// # Panics
    /// As [`try_hvp`](Self::try_hvp) fails.
    #[track_caller]
    pub fn hvp(
        &mut self,
        params: &Params<T>,
        direction: &[T],
        loss: impl FnOnce(&Pass<'_, T>) -> Tensor<T>,
    ) -> (T, Gradients<T>, Vec<T>) {
        unwrap(self.try_hvp(params, direction, loss))
    }

    /// As [`hvp`](Self::hvp).
    ///
    /// # Errors
    /// [`Error::Shapes`] if the direction is not as long as the buffer, [`Error::RootNotScalar`] if the loss has not
    /// exactly one element, [`Error::Foreign`] if it is of another tape. The recording is over in any case.
    #[track_caller]
    pub fn try_hvp(
        &mut self,
        params: &Params<T>,
        direction: &[T],
        loss: impl FnOnce(&Pass<'_, T>) -> Tensor<T>,
    ) -> Result<(T, Gradients<T>, Vec<T>), Error> {
        if direction.len() != params.size() {
            let [left, right] = [params.size(), direction.len()].map(|length| Shape::from([length]));
            let rule = "there must be one tangent a parameter";
            return Err(Error::Shapes { operation: "hvp", left, right, rule });
        }
        self.reset();
        let found = self.hvp_of(params, direction, loss);
        self.reset();
        found
    }

    fn hvp_of(
        &self,
        params: &Params<T>,
        direction: &[T],
        loss: impl FnOnce(&Pass<'_, T>) -> Tensor<T>,
    ) -> Result<(T, Gradients<T>, Vec<T>), Error> {
        let pass = self.bind(params);
        let loss = loss(&pass);
        let (mut variables, mut tangents) = (Vec::new(), Vec::new());
        for (id, parameter) in params.iter().filter(|(_, parameter)| parameter.is_trainable()) {
            variables.push(pass.parameter(id));
            let tangent = pass.constant(ndarray::aview1(&direction[parameter.range()]));
            tangents.push(tangent.reshape(parameter.shape().clone()));
        }
        let (value, gradients) = self.try_value_and_grad_of(loss)?;
        let change = loss.try_jvp(&variables, &tangents)?;
        let product = self.try_value_and_grad_of(change)?.1.params().to_vec();
        Ok((value, gradients, product))
    }
}
