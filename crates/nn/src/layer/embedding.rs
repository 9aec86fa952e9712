//! The embedding: a vector for each token, word or category.
//!
//! | | |
//! | --- | --- |
//! | input, output | indices `[..] -> [.., embedding_dim]` |
//! | `weight` | `[num_embeddings, embedding_dim]`, from N(0, 1) |
//!
//! The row of the padding index, if there is one, starts as zeros and gets no gradient, so that it stays what it is.
//!
//! PyTorch: `nn.Embedding`, whose names, layout and initial distribution these are. Departures: `max_norm`, which writes
//! to the weight in the forward pass, `scale_grad_by_freq` and `sparse` do not exist; a padding index is not counted
//! from the end.

use rand::Rng;
use tape::{Indices, ParamId, Params, Pass, Real, Tensor};

use crate::error::{Error, unwrap};
use crate::init::Init;

/// A table of vectors, looked up by index: `[..] -> [.., embedding_dim]`.
///
/// `Embedding::new` is a plan; [`build`](Embedding::build) adds its parameter and gives the layer.
///
/// ```
/// use ndarray::array;
/// use nn::Embedding;
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let words = Embedding::new(3, 2).padding_index(0).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// params.view_mut(words.weight).slice_mut(ndarray::s![1.., ..]).assign(&array![[1.0, 2.0], [3.0, 4.0]]);
/// let mut tape = tape::Tape::new();
/// let y = tape.evaluate(&params, |pass| words.forward(pass, &[2, 0, 2]));
/// assert_eq!(y, array![[3.0, 4.0], [0.0, 0.0], [3.0, 4.0]].into_dyn());
/// let (_, gradients) = tape.value_and_grad(&params, |pass| words.forward(pass, &[2, 0, 2]).sum());
/// assert_eq!(gradients.params(), [0.0, 0.0, 0.0, 0.0, 2.0, 2.0]);
/// ```
///
/// A language model often scores its words by the vectors that it reads them as. Such tied weights are one parameter
/// that two layers name:
///
/// ```
/// # use nn::{Embedding, Linear};
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// # let mut params = tape::Params::<f64>::new();
/// let words = Embedding::new(5, 3).build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// let scores = Linear { in_features: 3, out_features: 5, weight: words.weight, bias: None };
/// let (_, gradients) = tape::Tape::new().value_and_grad(&params, |pass| {
///     scores.forward(pass, words.forward(pass, &[1, 4])).sum()
/// });
/// // Word 2 was not read, but was scored: the sum of both words that were.
/// let read = &params.view(words.weight);
/// assert_eq!(gradients[words.weight][[2, 0]], read[[1, 0]] + read[[4, 0]]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Embedding<P = ParamId> {
    /// How many vectors there are.
    pub num_embeddings: usize,
    /// How long each is.
    pub embedding_dim: usize,
    /// The index that stands for nothing.
    #[doc(alias = "padding_idx")]
    pub padding_index: Option<usize>,
    /// `[num_embeddings, embedding_dim]`.
    pub weight: P,
}

impl Embedding<Init> {
    /// A plan of a table without a padding index, initialised as PyTorch's.
    #[must_use]
    pub fn new(num_embeddings: usize, embedding_dim: usize) -> Self {
        Self { num_embeddings, embedding_dim, padding_index: None, weight: Init::normal(0.0, 1.0) }
    }

    /// With an index that stands for nothing: its row starts as zeros and gets no gradient.
    #[doc(alias = "padding_idx")]
    #[must_use]
    pub fn padding_index(self, padding_index: usize) -> Self {
        Self { padding_index: Some(padding_index), ..self }
    }

    /// With the weight initialised this way; the row of a padding index is zero all the same.
    #[must_use]
    pub fn weight(self, weight: Init) -> Self {
        Self { weight, ..self }
    }

    /// Adds the parameter `weight` and initialises it.
    ///
    /// # Panics
    /// If the name is taken: put layers apart with [`Params::within`]. If the padding index is not below
    /// `num_embeddings`.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Embedding {
        unwrap(self.try_build(params, rng))
    }

    pub(crate) fn try_build<T: Real>(
        self,
        params: &mut Params<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Embedding, Error> {
        let Self { num_embeddings, embedding_dim, padding_index, weight } = self;
        if let Some(index) = padding_index.filter(|&index| index >= num_embeddings) {
            return Err(Error::Setting {
                layer: "Embedding",
                setting: "padding_index",
                value: index.to_string(),
                rule: "it must be below the number of embeddings",
            });
        }
        let mut start = weight.try_array([num_embeddings, embedding_dim], rng)?;
        if let Some(index) = padding_index {
            start.index_axis_mut(ndarray::Axis(0), index).fill(T::zero());
        }
        Ok(Embedding { num_embeddings, embedding_dim, padding_index, weight: params.try_add("weight", &start)? })
    }
}

impl Embedding {
    /// The vectors of these indices: `[..] -> [.., embedding_dim]`.
    ///
    /// # Panics
    /// If an index is not below `num_embeddings`, or other parameters are bound than the layer was built with.
    #[must_use]
    #[track_caller]
    pub fn forward<'a, T: Real>(&self, pass: &Pass<'_, T>, indices: impl Into<Indices<'a>>) -> Tensor<T> {
        let indices = indices.into();
        let vectors = pass.parameter(self.weight).embedding(&indices);
        let Some(padding) = self.padding_index else { return vectors };
        // Which of the vectors are padding is looked up too, so that a program learns it anew from each run's indices.
        let is_padding = pass.one_hot(&[padding], self.num_embeddings).reshape([self.num_embeddings, 1]);
        is_padding.embedding(&indices).gt(T::zero()).select(vectors.detach(), vectors)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use tape::{Program, Tape};

    use super::*;

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(22)
    }

    #[test]
    fn the_start_is_standard_normal_but_for_the_padding() {
        let mut params = Params::<f64>::new();
        let layer = Embedding::new(300, 40).padding_index(7).build(&mut params, &mut rng());
        assert!(params.view(layer.weight).index_axis(ndarray::Axis(0), 7).iter().all(|value| *value == 0.0));
        let n = 299.0 * 40.0_f64;
        let square = params.values().iter().map(|value| value * value).sum::<f64>() / n;
        // The variance of n squares of standard normal numbers is 2/n; five of its roots.
        assert!((square - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{square}");
    }

    /// The indices of a run decide which rows are padding, not those of the recording.
    #[test]
    fn a_program_tells_padding_from_words_in_every_run() {
        let mut params = Params::<f64>::new();
        let layer = Embedding::new(4, 1).padding_index(1).build(&mut params, &mut rng());
        let mut step = Program::record(&params, (&[1, 2, 2],), |pass, (indices,)| layer.forward(pass, &indices).sum());
        for (indices, expected) in [([1, 2, 2], [0.0, 0.0, 2.0, 0.0]), ([3, 1, 0], [1.0, 0.0, 0.0, 1.0])] {
            assert_eq!(step.run(&params, (&indices,)).unwrap().1.params(), expected);
        }
    }

    #[test]
    fn indices_of_any_shape_are_looked_up() {
        let mut params = Params::<f64>::new();
        let layer = Embedding::new(2, 1).weight(Init::constant(3.0)).padding_index(0).build(&mut params, &mut rng());
        let y = Tape::new().evaluate(&params, |pass| layer.forward(pass, &array![[0, 1], [1, 1]]));
        assert_eq!(y, array![[[0.0], [3.0]], [[3.0], [3.0]]].into_dyn());
    }

    #[test]
    #[should_panic(expected = "Embedding: padding_index 7: it must be below the number of embeddings")]
    fn a_padding_index_that_is_no_row_is_refused() {
        let _ = Embedding::new(7, 2).padding_index(7).build(&mut Params::<f32>::new(), &mut rng());
    }

    #[test]
    #[should_panic(expected = "embedding: index 2")]
    fn an_index_that_is_no_row_is_refused() {
        let mut params = Params::<f64>::new();
        let layer = Embedding::new(2, 1).build(&mut params, &mut rng());
        let _ = Tape::new().evaluate(&params, |pass| layer.forward(pass, &[0, 2]));
    }
}
