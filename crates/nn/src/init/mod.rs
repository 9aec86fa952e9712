//! What numbers does a parameter start from?
//!
//! An [`Init`] is a plain value that says how to fill an array; the generator is an argument. A draw is the same on
//! every platform: it takes whole words from the generator and uses correctly rounded arithmetic only. It is made in
//! `f64` and rounded last, so that an `f32` and an `f64` model of one seed differ by rounding alone.

mod constant;
mod identity;
mod kaiming;
mod lecun;
mod normal;
mod orthogonal;
mod sparse;
mod truncated_normal;
mod uniform;
mod xavier;

use ndarray::ArrayD;
use rand::Rng;
use tape::{ParamId, Params, Real, Shape};

use crate::error::{Error, unwrap};

/// How an array of parameters is filled.
///
/// ```
/// use nn::Init;
/// use nn::init::{Fan, Gain};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut rng = ChaCha8Rng::seed_from_u64(1);
/// let mut params = tape::Params::<f32>::new();
/// let weight = params.add("weight", &Init::xavier_uniform(Gain::Tanh).array([128, 64], &mut rng));
/// // Or an existing parameter, anew:
/// Init::kaiming_normal(Gain::Relu, Fan::In).fill(&mut params, weight, &mut rng);
/// # assert!(params.values().iter().any(|value| *value != 0.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Init(Rule);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    Constant(f64),
    Uniform { low: f64, high: f64 },
    Normal { mean: f64, std: f64 },
    TruncatedNormal { mean: f64, std: f64, low: f64, high: f64 },
    XavierUniform(Gain),
    XavierNormal(Gain),
    KaimingUniform(Gain, Fan),
    KaimingNormal(Gain, Fan),
    LecunUniform,
    LecunNormal,
    Orthogonal(Gain),
    Identity,
    Dirac { groups: usize },
    Sparse { sparsity: f64, std: f64 },
}

/// By how much the nonlinearity behind a layer shrinks the spread of its input: the factor that weights are scaled up
/// by to make good for it.
///
/// The values are those of PyTorch's `calculate_gain`.
#[doc(alias = "calculate_gain")]
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Gain {
    /// None, or a convolution: 1.
    Linear,
    /// 1.
    Sigmoid,
    /// 5/3.
    Tanh,
    /// √2, for half of the values are lost.
    Relu,
    /// √(2 / (1 + a²)) for the slope a on the negative side.
    LeakyRelu(f64),
    /// 3/4.
    Selu,
    /// Any other factor.
    Factor(f64),
}

impl Gain {
    /// The factor.
    ///
    /// ```
    /// assert_eq!(nn::init::Gain::LeakyRelu(0.0).factor(), nn::init::Gain::Relu.factor());
    /// assert_eq!(nn::init::Gain::LeakyRelu(1.0).factor(), 1.0);
    /// ```
    #[must_use]
    pub fn factor(self) -> f64 {
        match self {
            Self::Linear | Self::Sigmoid => 1.0,
            Self::Tanh => 5.0 / 3.0,
            Self::Relu => std::f64::consts::SQRT_2,
            Self::LeakyRelu(slope) => (2.0 / (1.0 + slope * slope)).sqrt(),
            Self::Selu => 0.75,
            Self::Factor(factor) => factor,
        }
    }
}

/// Which pass keeps its spread from layer to layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fan {
    /// The forward pass: weights are scaled by the number of inputs of an output.
    In,
    /// The backward pass: weights are scaled by the number of outputs of an input.
    Out,
}

/// The number of inputs of an output, and of outputs of an input, of a weight `[out, in, ..]`: the axes behind the first
/// two are those of a convolution's window.
fn fans(shape: &Shape, initialiser: &'static str) -> Result<(f64, f64), Error> {
    let [outputs, inputs, window @ ..] = &**shape else {
        return Err(Error::Fans { initialiser, shape: shape.clone() });
    };
    let window: usize = window.iter().product();
    Ok(((inputs * window) as f64, (outputs * window) as f64))
}

impl Init {
    /// A new array, filled row by row.
    ///
    /// # Panics
    /// If the initialiser does not suit the shape: fans and orthogonal matrices need two axes or more, [`identity`] and
    /// [`sparse`] exactly two, [`dirac`] a convolution's kernel.
    ///
    /// [`identity`]: Self::identity
    /// [`sparse`]: Self::sparse
    /// [`dirac`]: Self::dirac
    #[must_use]
    #[track_caller]
    pub fn array<T: Real>(self, shape: impl Into<Shape>, rng: &mut (impl Rng + ?Sized)) -> ArrayD<T> {
        unwrap(self.try_array(shape, rng))
    }

    pub(crate) fn try_array<T: Real>(
        self,
        shape: impl Into<Shape>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<ArrayD<T>, Error> {
        let shape = shape.into();
        let mut array = ArrayD::zeros(&*shape);
        self.write(&shape, array.as_slice_mut().expect("a new array is dense"), rng)?;
        Ok(array)
    }

    /// Fills an existing parameter, whatever it held.
    ///
    /// # Panics
    /// As [`array`](Self::array), or if the identifier belongs to another set of parameters.
    #[track_caller]
    pub fn fill<T: Real>(self, params: &mut Params<T>, id: ParamId, rng: &mut (impl Rng + ?Sized)) {
        let (shape, range) = (params.parameter(id).shape().clone(), params.parameter(id).range());
        unwrap(self.write(&shape, &mut params.values_mut()[range], rng));
    }

    fn write<T: Real>(self, shape: &Shape, out: &mut [T], rng: &mut (impl Rng + ?Sized)) -> Result<(), Error> {
        match self.0 {
            Rule::Constant(value) => out.fill(T::from_f64(value)),
            Rule::Uniform { low, high } => uniform::fill(low, high, out, rng),
            Rule::Normal { mean, std } => normal::fill(mean, std, out, rng),
            Rule::TruncatedNormal { mean, std, low, high } => truncated_normal::fill([mean, std, low, high], out, rng),
            Rule::XavierUniform(gain) => {
                let bound = 3.0_f64.sqrt() * xavier::std(shape, gain, "xavier_uniform")?;
                uniform::fill(-bound, bound, out, rng);
            }
            Rule::XavierNormal(gain) => normal::fill(0.0, xavier::std(shape, gain, "xavier_normal")?, out, rng),
            Rule::KaimingUniform(gain, fan) => {
                let bound = 3.0_f64.sqrt() * kaiming::std(shape, gain, fan, "kaiming_uniform")?;
                uniform::fill(-bound, bound, out, rng);
            }
            Rule::KaimingNormal(gain, fan) => {
                normal::fill(0.0, kaiming::std(shape, gain, fan, "kaiming_normal")?, out, rng);
            }
            Rule::LecunUniform => {
                let bound = 3.0_f64.sqrt() * kaiming::std(shape, Gain::Linear, Fan::In, "lecun_uniform")?;
                uniform::fill(-bound, bound, out, rng);
            }
            Rule::LecunNormal => {
                normal::fill(0.0, kaiming::std(shape, Gain::Linear, Fan::In, "lecun_normal")?, out, rng);
            }
            Rule::Orthogonal(gain) => orthogonal::fill(gain, shape, out, rng)?,
            Rule::Identity => identity::fill_matrix(shape, out)?,
            Rule::Dirac { groups } => identity::fill_kernel(groups, shape, out)?,
            Rule::Sparse { sparsity, std } => sparse::fill(sparsity, std, shape, out, rng)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    /// `torch.nn.init.calculate_gain` of PyTorch 2.15.
    #[test]
    fn gains_are_pytorchs() {
        for (gain, expected) in [
            (Gain::Linear, 1.0),
            (Gain::Sigmoid, 1.0),
            (Gain::Tanh, 1.666_666_666_666_666_7),
            (Gain::Relu, std::f64::consts::SQRT_2),
            (Gain::LeakyRelu(0.01), 1.414_142_856_997_835_4),
            (Gain::Selu, 0.75),
            (Gain::Factor(0.3), 0.3),
        ] {
            assert!((gain.factor() - expected).abs() < 1e-15, "{gain:?}: {}", gain.factor());
        }
    }

    #[test]
    fn the_window_of_a_convolution_counts_into_both_fans() {
        assert_eq!(fans(&Shape::from([8, 3, 5, 5]), "").unwrap(), (75.0, 200.0));
    }

    #[test]
    #[should_panic(expected = "xavier_uniform: shape [3]: fans need at least two axes, [out, in, ..]")]
    fn a_vector_has_no_fans() {
        let _ = Init::xavier_uniform(Gain::Linear).array::<f32>([3], &mut ChaCha8Rng::seed_from_u64(0));
    }

    /// The same seed means the same bits, in every version and on every platform: whoever changes these changes every
    /// network that anybody trained from a seed.
    #[test]
    fn draws_are_the_same_bits_for_ever() {
        let bits = |init: Init| {
            let array = init.array::<f64>([3], &mut ChaCha8Rng::seed_from_u64(7));
            array.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
        };
        let uniform = [0xbfe5_e6ab_32f7_0a30, 0xbfe5_3fa9_8b34_5936, 0x3fda_25b8_5ca2_9248];
        let normal = [0xbfd4_06ad_7086_8c68, 0xbfd3_6df7_f52e_7512, 0x3fee_194e_88b7_327c];
        assert_eq!(bits(Init::uniform(-1.0, 1.0)), uniform);
        assert_eq!(bits(Init::normal(0.0, 1.0)), normal);
        assert_eq!(
            bits(Init::truncated_normal(0.0, 1.0, -2.0, 2.0)),
            [0x3fed_05db_db04_9f1c, 0xbfe1_593d_5ad1_f82c, 0xbfb2_878e_6dd3_da80]
        );
        let matrix = |init: Init| {
            let array = init.array::<f64>([2, 2], &mut ChaCha8Rng::seed_from_u64(7));
            array.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(
            matrix(Init::orthogonal(Gain::Linear)),
            [0xbfe6_f786_1b4e_5d04, 0xbfe6_4863_cb6a_42b7, 0xbfe6_4863_cb6a_42b7, 0x3fe6_f786_1b4e_5d04]
        );
        assert_eq!(
            matrix(Init::sparse(0.5, 1.0)),
            [0xbfd4_06ad_7086_8c68, 0xbfd3_6df7_f52e_7512, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000]
        );
    }

    #[test]
    fn the_two_precisions_differ_by_rounding_alone() {
        for init in [Init::uniform(-0.3, 0.7), Init::normal(1.0, 2.0)] {
            let single = init.array::<f32>([1000], &mut ChaCha8Rng::seed_from_u64(3));
            let double = init.array::<f64>([1000], &mut ChaCha8Rng::seed_from_u64(3));
            assert!(single.iter().zip(&double).all(|(&single, &double)| single == double as f32));
        }
    }

    #[test]
    fn filling_an_existing_parameter_leaves_the_others_alone() {
        let mut params = Params::<f64>::new();
        let rng = &mut ChaCha8Rng::seed_from_u64(5);
        params.add("a", &ndarray::array![1.0]);
        let id = params.add("b", &ndarray::array![[2.0, 3.0]]);
        params.add("c", &ndarray::array![4.0]);
        Init::constant(9.0).fill(&mut params, id, rng);
        assert_eq!(params.values(), [1.0, 9.0, 9.0, 4.0]);
    }
}
