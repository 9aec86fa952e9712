//! Which keys may a query attend to?
//!
//! PyTorch says it with up to three arguments, whose booleans mean the opposite of one another in its two functions:
//! `attn_mask` of `scaled_dot_product_attention` is true where a query may look, that of `nn.MultiheadAttention` where it
//! may not. Here the method's name says which.

use tape::{Elements, Mask, Pass, Real, Shape, Tensor};

use crate::error::Error;

/// Which keys a query may attend to: everything it is told of has to permit it.
///
/// With `n` queries and `s` keys, masks broadcast to `[.., n, s]`, the shape of the scores; of
/// [`MultiheadAttention`](crate::MultiheadAttention) that is `[batch, heads, n, s]`, so that `[n, s]` is for all samples and
/// heads, `[batch, 1, n, s]` for all heads of a sample.
///
/// A query that may attend to no key gets zeros, with zero gradient, where PyTorch's is NaN.
///
/// ```
/// use nn::{AttentionMask, scaled_dot_product_attention};
/// let (tape, params) = (tape::Tape::<f64>::new(), tape::Params::new());
/// let pass = tape.bind(&params);
/// let q = tape.constant([[0.0], [0.0], [0.0]]);
/// let v = tape.constant([[1.0], [3.0], [8.0]]);
/// let attend = |mask| scaled_dot_product_attention(&pass, q, q, v, mask, 0.0).to_array();
/// // The scores are equal: each query gets the mean of what it may see.
/// assert_eq!(attend(AttentionMask::none()).as_slice(), Some(&[4.0, 4.0, 4.0][..]));
/// assert_eq!(attend(AttentionMask::none().causal()).as_slice(), Some(&[1.0, 2.0, 4.0][..]));
/// let first = tape.mask(&ndarray::array![true, false, false]);
/// assert_eq!(attend(AttentionMask::none().causal().padding(first)).as_slice(), Some(&[0.0, 3.0, 5.5][..]));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct AttentionMask<T> {
    causal: bool,
    blocked: Option<Mask<T>>,
    padding: Option<Mask<T>>,
    additive: Option<Tensor<T>>,
}

impl<T: Real> Default for AttentionMask<T> {
    fn default() -> Self {
        Self::none()
    }
}

impl<T: Real> AttentionMask<T> {
    /// To all of them.
    #[must_use]
    pub const fn none() -> Self {
        Self { causal: false, blocked: None, padding: None, additive: None }
    }

    /// Query i to the keys 0 to i: none of them is in the future. With more keys than queries or fewer, the first of both
    /// are still at the same time.
    #[doc(alias = "is_causal")]
    #[doc(alias = "generate_square_subsequent_mask")]
    #[must_use]
    pub fn causal(self) -> Self {
        Self { causal: true, ..self }
    }

    /// Not where the mask holds, `[.., n, s]`: the boolean `attn_mask` of PyTorch's `nn.MultiheadAttention`.
    #[doc(alias = "attn_mask")]
    #[must_use]
    #[track_caller]
    pub fn blocked(self, mask: Mask<T>) -> Self {
        let blocked = self.blocked.map_or(mask, |before| before | mask);
        Self { blocked: Some(blocked), ..self }
    }

    /// Only where the mask holds, `[.., n, s]`: the boolean `attn_mask` of PyTorch's `scaled_dot_product_attention`.
    #[must_use]
    #[track_caller]
    pub fn allowed(self, mask: Mask<T>) -> Self {
        self.blocked(!mask)
    }

    /// Not to keys where the mask holds, `[batch, s]`, or `[s]` of a single sample: they only fill a batch up.
    #[doc(alias = "key_padding_mask")]
    #[must_use]
    pub fn padding(self, mask: Mask<T>) -> Self {
        Self { padding: Some(mask), ..self }
    }

    /// With these numbers, `[.., n, s]`, added to the scores; minus infinity blocks. They may be variables: a bias that
    /// is learned.
    #[must_use]
    #[track_caller]
    pub fn additive(self, scores: Tensor<T>) -> Self {
        let additive = self.additive.map_or(scores, |before| before + scores);
        Self { additive: Some(additive), ..self }
    }

    /// Whether every mask suits scores of this shape.
    #[track_caller]
    pub(super) fn check(&self, scores: &Shape) -> Result<(), Error> {
        let refuse = |mask, shape| Err(Error::AttentionMask { mask, shape, scores: scores.clone() });
        let blocked = self.blocked.map(Mask::to_tensor);
        for (mask, tensor) in [("additive", self.additive), ("blocked or allowed", blocked)] {
            if let Some(own) = tensor.map(Tensor::shape).filter(|own| !broadcasts_to(own, scores)) {
                return refuse(mask, own);
            }
        }
        let padding = self.padding.map(|mask| mask.to_tensor().shape());
        let suits = |own: &Shape| spread(own, scores).is_some_and(|wide| broadcasts_to(&wide, scores));
        padding.filter(|own| !suits(own)).map_or(Ok(()), |own| refuse("padding", own))
    }

    /// The scores, with minus infinity where a query may not attend.
    #[track_caller]
    pub(super) fn apply(&self, pass: &Pass<'_, T>, scores: Tensor<T>) -> Result<Tensor<T>, Error> {
        let shape = scores.shape();
        let masked = match self.additive {
            Some(additive) => scores.try_add(additive)?,
            None => scores,
        };
        // Joined while they are small, so that the scores are gone through once.
        let mut blocked = self.causal.then(|| future(pass, &shape));
        if let Some(mask) = self.blocked {
            blocked = Some(join(blocked, mask));
        }
        if let Some(mask) = self.padding {
            let padding = mask.to_tensor();
            let wide = spread(&padding.shape(), &shape).expect("the masks were checked");
            blocked = Some(join(blocked, padding.try_reshape(wide)?.gt(T::zero())));
        }
        match blocked {
            Some(blocked) => Ok(blocked.try_select(T::neg_infinity(), masked)?),
            None => Ok(masked),
        }
    }
}

#[track_caller]
fn join<T: Real>(one: Option<Mask<T>>, other: Mask<T>) -> Mask<T> {
    match one {
        Some(one) => one | other,
        None => other,
    }
}

fn broadcasts_to(own: &Shape, wanted: &Shape) -> bool {
    let mut aligned = own.iter().rev().zip(wanted.iter().rev());
    own.rank() <= wanted.rank() && aligned.all(|(own, wanted)| own == wanted || *own == 1)
}

/// The shape `[batch, 1, .., 1, s]` of padding `[batch, s]` beside scores `[batch, .., n, s]`, if there is one.
fn spread(padding: &Shape, scores: &Shape) -> Option<Shape> {
    let (&keys, batch) = padding.split_last()?;
    let between = scores.rank().checked_sub(padding.rank()).filter(|between| *between > 0)?;
    Some(batch.iter().copied().chain(std::iter::repeat_n(1, between)).chain([keys]).collect())
}

/// Where a key is in a query's future: `[n, s]`.
#[track_caller]
fn future<T: Real>(pass: &Pass<'_, T>, scores: &Shape) -> Mask<T> {
    let [.., queries, keys] = **scores else { unreachable!("scores are of queries and keys") };
    pass.constant(Future { queries, keys }).gt(T::zero())
}

/// A matrix of ones above the diagonal, written to where it is wanted.
struct Future {
    queries: usize,
    keys: usize,
}

impl<T: Real> Elements<T> for Future {
    fn shape(&self) -> Shape {
        Shape::from([self.queries, self.keys])
    }

    fn write(&self, out: &mut [T]) {
        for (place, out) in out.iter_mut().enumerate() {
            *out = if place % self.keys > place / self.keys { T::one() } else { T::zero() };
        }
    }
}
