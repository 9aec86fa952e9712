//! How much does each class or element weigh?

use tape::{Elements, Real, Shape, Tensor};

use crate::error::Error;

/// Weights as plain numbers, cast to the element type of what they weigh.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    shape: Shape,
    values: Vec<f64>,
}

impl Weights {
    pub(crate) fn new(elements: impl Elements<f64>) -> Self {
        let shape = elements.shape();
        let mut values = vec![0.0; shape.size()];
        elements.write(&mut values);
        Self { shape, values }
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The weights as a constant beside a tensor.
    #[track_caller]
    pub(crate) fn beside<T: Real>(&self, x: Tensor<T>) -> Tensor<T> {
        x.new_constant(Cast(self))
    }

    /// Whether there is one weight for each class.
    pub(crate) fn check_classes(&self, loss: &'static str, classes: usize) -> Result<(), Error> {
        let rule = "one for each class is needed, along one axis";
        super::check_setting(loss, "weights", &self.shape, *self.shape == [classes], rule)
    }

    /// Whether the weights broadcast to the shape of what they weigh, and not beyond it.
    pub(crate) fn check_broadcast(&self, loss: &'static str, setting: &'static str, to: &Shape) -> Result<(), Error> {
        let pairs = self.shape.iter().rev().zip(to.iter().rev());
        let fits = self.shape.rank() <= to.rank() && pairs.into_iter().all(|(own, other)| own == other || *own == 1);
        super::check_setting(loss, setting, &self.shape, fits, "it must broadcast to the prediction's shape")
    }
}

/// Numbers of another element type.
struct Cast<'a>(&'a Weights);

impl<T: Real> Elements<T> for Cast<'_> {
    fn shape(&self) -> Shape {
        self.0.shape.clone()
    }

    fn write(&self, out: &mut [T]) {
        for (out, &value) in out.iter_mut().zip(&self.0.values) {
            *out = T::from_f64(value);
        }
    }
}
