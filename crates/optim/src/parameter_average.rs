//! Averages of the parameters over the steps: EMA and SWA.
//!
//! ```text
//! exponential: e = d e + (1 - d) theta                  from e = theta
//! mean:        e = e + (theta - e) / (n + 1)             after n before
//! ```
//!
//! SWA: Izmailov et al., arXiv:1803.05407. Default of d, 0.999, and forms are those of PyTorch 2.15's `swa_utils`. Running
//! statistics of batch normalisation have to be estimated anew for an average: run the training data through the model.

use tape::{Params, Real};

use crate::error::Error;
use crate::layout::Layout;
use crate::state::State;

const NAME: &str = "parameter_average";

/// An average of the parameters, laid out like them; to be evaluated in their place.
///
/// ```
/// use ndarray::array;
/// use optim::ParameterAverage;
/// let mut params = tape::Params::<f64>::new();
/// params.add("x", &array![1.0]);
/// let mut swa = ParameterAverage::mean();
/// swa.update(&params)?;
/// params.values_mut()[0] = 4.0;
/// swa.update(&params)?;
/// assert_eq!(swa.values(), [2.5]);
/// swa.swap(&mut params); // evaluate here, and swap back
/// assert_eq!((params.values(), swa.values()), (&[2.5][..], &[4.0][..]));
/// # Ok::<(), optim::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ParameterAverage<T> {
    decay: Option<f64>,
    count: u64,
    layout: Option<Layout>,
    values: Vec<T>,
}

impl<T: Real> ParameterAverage<T> {
    /// An exponential moving average that keeps `decay` of itself at each update; 0.999 is usual.
    #[must_use]
    pub fn exponential(decay: f64) -> Self {
        Self { decay: Some(decay), ..Self::mean() }
    }

    /// The mean of all updates.
    #[must_use]
    pub fn mean() -> Self {
        Self { decay: None, count: 0, layout: None, values: Vec::new() }
    }

    /// Takes the parameters in.
    ///
    /// # Errors
    /// [`Error::Setting`] for a decay outside [0, 1), [`Error::Model`] for another model than the first time's.
    pub fn update(&mut self, params: &Params<T>) -> Result<(), Error> {
        Error::unless_fraction(NAME, "decay", self.decay.unwrap_or(0.0))?;
        if let Some(layout) = &self.layout {
            layout.check_model(params)?;
        }
        if self.count == 0 {
            self.layout = Some(Layout::of(params));
            self.values = params.values().to_vec();
        } else {
            let take: T = Real::from_f64(self.decay.map_or(1.0 / (self.count + 1) as f64, |decay| 1.0 - decay));
            for (e, &theta) in self.values.iter_mut().zip(params.values()) {
                *e += take * (theta - *e);
            }
        }
        self.count += 1;
        Ok(())
    }

    /// The average; empty before the first update.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// How many updates it has seen.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Exchanges the average and the parameters, and again to go back.
    ///
    /// # Panics
    /// If the parameters are not of the model that was averaged.
    #[track_caller]
    pub fn swap(&mut self, params: &mut Params<T>) {
        let same = self.layout.as_ref().is_some_and(|layout| layout.check_model(params).is_ok());
        assert!(same, "parameter average: swap: nothing was averaged, or parameters of another model");
        params.values_mut().swap_with_slice(&mut self.values);
    }

    /// A copy of the average and its count, by parameter name.
    #[must_use]
    pub fn state(&self) -> State<T> {
        let buffers = [("average".to_owned(), &*self.values)];
        State::of_buffers(NAME, self.count, self.layout.as_ref(), &buffers, &[])
    }

    /// Continues from a saved state.
    ///
    /// # Errors
    /// As [`Optimizer::restore`](crate::Optimizer::restore). Nothing is changed then.
    pub fn restore(&mut self, state: &State<T>) -> Result<(), Error> {
        state.check_name(NAME)?;
        let (layout, mut buffers) = state.check_buffers(&["average".to_owned()], self.layout.as_ref())?;
        self.layout = layout;
        self.values = buffers.pop().unwrap_or_default();
        self.count = state.step;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_average_by_hand() {
        let mut params = Params::<f64>::new();
        params.add("x", &ndarray::array![1.0]);
        let mut ema = ParameterAverage::exponential(0.75);
        ema.update(&params).unwrap();
        params.values_mut()[0] = 5.0;
        ema.update(&params).unwrap();
        let mut restored = ParameterAverage::exponential(0.75);
        restored.restore(&ema.state()).unwrap();
        for average in [&mut ema, &mut restored] {
            average.update(&params).unwrap();
            assert_eq!((average.values(), average.count()), (&[2.75][..], 3));
        }
        let error = ParameterAverage::<f64>::exponential(1.0).update(&params).unwrap_err();
        assert_eq!(error.to_string(), "parameter_average: decay = 1: it must be >= 0 and < 1");
    }

    #[test]
    #[should_panic(expected = "nothing was averaged")]
    fn nothing_cannot_be_swapped() {
        ParameterAverage::<f64>::mean().swap(&mut Params::new());
    }
}
