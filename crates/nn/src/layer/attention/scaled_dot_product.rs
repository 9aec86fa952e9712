//! Scaled dot-product attention: each query gets a mean of the values, weighted by how well their keys fit it.
//!
//! With queries Q `[.., n, e]`, keys K `[.., s, e]` and values V `[.., s, v]`: the weights are `softmax(Q Kᵀ / √e)` along
//! the keys, `[.., n, s]`, where a mask leaves out what a query may not see; the output is weights times V, `[.., n, v]`.
//! In training, dropout zeroes weights and scales the others up.
//!
//! A. Vaswani et al., "Attention is all you need", NeurIPS 2017.
//!
//! PyTorch: `nn.functional.scaled_dot_product_attention`. Departures: a query that may see no key gets zeros, not NaN;
//! `scale` does not exist, for the queries can be scaled beforehand, nor does `enable_gqa`, for batch axes broadcast: a
//! key of one head `[batch, 1, s, e]` serves all heads.

use tape::{Pass, Real, Tensor};

use super::mask::AttentionMask;
use crate::error::{Error, unwrap};

const NAME: &str = "scaled_dot_product_attention";

/// Attention: `[.., n, e], [.., s, e], [.., s, v] -> [.., n, v]`, where the batch axes broadcast. Without keys, and for a
/// query that may see none, it is zero, with zero gradient.
///
/// `dropout` is the probability with which a weight is dropped in training.
///
/// ```
/// use nn::{AttentionMask, scaled_dot_product_attention};
/// let (tape, params) = (tape::Tape::<f64>::new(), tape::Params::new());
/// // Scores 0 and ln 3: the weights are 1/4 and 3/4.
/// let query = tape.constant([[1.0]]);
/// let keys = tape.constant([[0.0], [3.0_f64.ln()]]);
/// let values = tape.variable([[8.0, 0.0], [0.0, 4.0]]);
/// let y = scaled_dot_product_attention(&tape.bind(&params), query, keys, values, AttentionMask::none(), 0.0);
/// assert!((y.to_array()[[0, 0]] - 2.0).abs() < 1e-15 && (y.to_array()[[0, 1]] - 3.0).abs() < 1e-15);
/// ```
///
/// # Panics
/// As [`try_scaled_dot_product_attention`] fails.
#[must_use]
#[track_caller]
pub fn scaled_dot_product_attention<T: Real>(
    pass: &Pass<'_, T>,
    query: Tensor<T>,
    key: Tensor<T>,
    value: Tensor<T>,
    mask: AttentionMask<T>,
    dropout: f64,
) -> Tensor<T> {
    unwrap(try_scaled_dot_product_attention(pass, query, key, value, mask, dropout))
}

/// As [`scaled_dot_product_attention`].
///
/// # Errors
/// [`Error::Attention`] if the shapes do not suit one another, [`Error::AttentionMask`] if a mask does not broadcast to the
/// scores, [`Error::Setting`] if the probability is not from 0 to 1.
#[track_caller]
pub fn try_scaled_dot_product_attention<T: Real>(
    pass: &Pass<'_, T>,
    query: Tensor<T>,
    key: Tensor<T>,
    value: Tensor<T>,
    mask: AttentionMask<T>,
    dropout: f64,
) -> Result<Tensor<T>, Error> {
    Ok(attend(pass, [query, key, value], mask, dropout)?.0)
}

/// The output and the weights.
#[track_caller]
pub(super) fn attend<T: Real>(
    pass: &Pass<'_, T>,
    [query, key, value]: [Tensor<T>; 3],
    mask: AttentionMask<T>,
    dropout: f64,
) -> Result<(Tensor<T>, Tensor<T>), Error> {
    let [queries, keys, values] = [query, key, value].map(Tensor::shape);
    let rule = match (&*queries, &*keys, &*values) {
        ([.., _, e], [.., s, own], [.., others, _]) if e == own && s == others => None,
        ([.., _, e], [.., s, own], [.., others, _]) if e == own => {
            debug_assert_ne!(s, others);
            Some("there must be one value for each key")
        }
        ([.., _, _], [.., _, _], [.., _, _]) => Some("queries and keys must have the same number of features"),
        _ => Some("each needs two axes at least, [.., tokens, features]"),
    };
    if let Some(rule) = rule {
        return Err(Error::Attention { operation: NAME, query: queries, key: keys, value: values, rule });
    }
    let features = queries[queries.rank() - 1].max(1);
    // The queries are scaled and not the scores, which are more wherever there are more keys than features.
    let scaled = query.try_mul(T::from_f64(1.0 / (features as f64).sqrt()))?;
    let scores = mask.apply(pass, scaled.try_matmul(key.try_transpose(-1, -2)?)?)?;
    let weights = scores.try_softmax(-1)?;
    Ok((weights.try_matmul(value)?, weights))
}
