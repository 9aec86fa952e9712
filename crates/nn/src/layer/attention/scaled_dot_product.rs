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
use crate::layer::dropout::Dropout;

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
    Ok(attend(pass, [query, key, value], mask, Dropout::try_new(dropout)?)?.0)
}

/// The output and the weights.
#[track_caller]
pub(super) fn attend<T: Real>(
    pass: &Pass<'_, T>,
    [query, key, value]: [Tensor<T>; 3],
    mask: AttentionMask<T>,
    dropout: Dropout,
) -> Result<(Tensor<T>, Tensor<T>), Error> {
    let [queries, keys, values] = [query, key, value].map(Tensor::shape);
    let rule = match (&*queries, &*keys, &*values) {
        ([.., _, e], [.., s, own], [.., others, _]) if e == own && s == others => None,
        ([.., _, e], [.., _, own], [.., _, _]) if e == own => Some("there must be one value for each key"),
        ([.., _, _], [.., _, _], [.., _, _]) => Some("queries and keys must have the same number of features"),
        _ => Some("each needs two axes at least, [.., tokens, features]"),
    };
    if let Some(rule) = rule {
        return Err(Error::Attention { operation: NAME, query: queries, key: keys, value: values, rule });
    }
    let (rank, features) = (queries.rank(), queries[queries.rank() - 1].max(1));
    let batch = broadcast(&queries[..rank - 2], &keys[..keys.rank() - 2]);
    let batch = batch.filter(|batch| broadcast(batch, &values[..values.rank() - 2]).is_some());
    let Some(batch) = batch else {
        let rule = "the axes before the last two must broadcast";
        return Err(Error::Attention { operation: NAME, query: queries, key: keys, value: values, rule });
    };
    mask.check(&batch.into_iter().chain([queries[rank - 2], keys[keys.rank() - 2]]).collect())?;
    // The queries are scaled and not the scores, which are more wherever there are more keys than features.
    let scaled = query.try_mul(T::from_f64(1.0 / (features as f64).sqrt()))?;
    let scores = mask.apply(pass, scaled.try_matmul(key.try_transpose(-1, -2)?)?)?;
    let weights = dropout.forward(pass, scores.try_softmax(-1)?);
    Ok((weights.try_matmul(value)?, weights))
}

/// The axes that two batches broadcast to, aligned at the last.
fn broadcast(one: &[usize], other: &[usize]) -> Option<Vec<usize>> {
    let rank = one.len().max(other.len());
    let length = |axes: &[usize], axis: usize| (axis + axes.len()).checked_sub(rank).map_or(1, |own| axes[own]);
    let pairs = (0..rank).map(|axis| (length(one, axis), length(other, axis)));
    pairs
        .map(|pair| match pair {
            (left, right) if left == right || right == 1 => Some(left),
            (1, right) => Some(right),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, array};
    use tape::{Params, Tape};

    use super::*;

    #[test]
    fn a_query_that_may_see_no_key_gets_zeros_and_hands_no_gradient_on() {
        let (tape, params) = (Tape::<f64>::new(), Params::new());
        let pass = tape.bind(&params);
        let [q, k, v] = [[1.0, 2.0], [3.0, -1.0], [5.0, 7.0]].map(|row| tape.variable([row, [0.5, 0.25]]));
        let blocked = tape.mask(&array![[true, true], [false, true]]);
        let additive = tape.constant([[f64::NEG_INFINITY; 2], [0.0, f64::NEG_INFINITY]]);
        for mask in [AttentionMask::none().blocked(blocked), AttentionMask::none().additive(additive)] {
            let y = scaled_dot_product_attention(&pass, q, k, v, mask, 0.0);
            assert_eq!(y.to_array(), array![[0.0, 0.0], [5.0, 7.0]].into_dyn());
            let gradients = (y * 3.0).sum().backward();
            assert!(gradients[q].iter().chain(&gradients[k]).all(|gradient| *gradient == 0.0));
            assert_eq!(gradients[v].as_slice(), Some(&[3.0, 3.0, 0.0, 0.0][..]));
        }
    }

    #[test]
    fn without_keys_or_queries_there_is_nothing() {
        let (tape, params) = (Tape::<f64>::new(), Params::new());
        let pass = tape.bind(&params);
        for (queries, keys, features) in [(2, 0, 3), (0, 2, 3), (2, 2, 0)] {
            let q = tape.variable(Array2::zeros((queries, features)));
            let k = tape.variable(Array2::zeros((keys, features)));
            let v = tape.variable(Array2::<f64>::ones((keys, 4)));
            let y = scaled_dot_product_attention(&pass, q, k, v, AttentionMask::none().causal(), 0.0);
            assert_eq!(y.shape(), [queries, 4]);
            assert!(y.to_array().iter().all(|element| *element == f64::from(keys > 0)));
            let _ = y.sum().backward();
        }
    }

    /// Where the score of what is blocked is infinite, or not a number, it still does not matter.
    #[test]
    fn what_is_blocked_is_not_looked_at() {
        let (tape, params) = (Tape::<f64>::new(), Params::new());
        let q = tape.variable([[1.0], [1.0]]);
        let k = tape.variable([[2.0], [f64::INFINITY]]);
        let v = tape.variable([[4.0], [8.0]]);
        let mask = AttentionMask::none().allowed(tape.mask(&array![true, false]));
        let y = scaled_dot_product_attention(&tape.bind(&params), q, k, v, mask, 0.0);
        assert_eq!(y.to_array(), array![[4.0], [4.0]].into_dyn());
        assert_eq!(y.sum().backward()[v].as_slice(), Some(&[2.0, 0.0][..]));
    }

    /// One key and value for all heads: multi-query attention.
    #[test]
    fn batch_axes_broadcast() {
        let (tape, params) = (Tape::<f64>::new(), Params::new());
        let pass = tape.bind(&params);
        let q = tape.constant(Array3::from_shape_fn((2, 3, 2), |(h, n, e)| (h + 2 * n + e) as f64 * 0.3));
        let [k, v] = [[[0.5, 1.0]], [[2.0, 3.0]]].map(|row| tape.variable(row).unsqueeze(0));
        let y = scaled_dot_product_attention(&pass, q, k, v, AttentionMask::none(), 0.0);
        assert_eq!(y.shape(), [2, 3, 2]);
        assert_eq!(y.sum().backward()[v].as_slice(), Some(&[6.0, 6.0][..]));
    }

    /// With n keys of equal scores, each weight is 0, or 1/n scaled up.
    #[test]
    fn dropout_drops_weights_in_training_alone_and_keeps_their_mean() {
        let (tape, params) = (Tape::<f64>::new(), Params::new());
        let pass = tape.bind(&params);
        let [q, k] = [100, 50].map(|rows| tape.constant(Array2::<f64>::zeros((rows, 2))));
        let v = tape.constant(Array2::<f64>::eye(50));
        let attend =
            |pass: &Pass<'_, f64>, p| scaled_dot_product_attention(pass, q, k, v, AttentionMask::none(), p).to_array();
        assert!(attend(&pass, 0.75).iter().all(|weight| (weight - 0.02).abs() < 1e-16));
        let weights = attend(&pass.training(1), 0.75);
        assert!(weights.iter().all(|weight| *weight == 0.0 || (weight - 0.08).abs() < 1e-16));
        let kept = weights.iter().filter(|weight| **weight != 0.0).count() as f64;
        assert!((kept - 1250.0).abs() < 5.0 * (5000.0 * 0.25 * 0.75_f64).sqrt(), "{kept} of 5000");
        assert_eq!(attend(&pass.training(1), 0.75), weights);
        assert!(attend(&pass.training(1), 1.0).iter().all(|weight| *weight == 0.0));
    }

    #[test]
    fn misuse_is_an_error_and_records_nothing() {
        let (tape, params) = (Tape::<f64>::new(), Params::new());
        let pass = tape.bind(&params);
        let of = |rows, features| tape.constant(Array2::<f64>::zeros((rows, features)));
        let [q, k, v] = [of(2, 3), of(4, 3), of(4, 5)];
        let wide = tape.constant(Array3::<f64>::zeros((2, 2, 4)));
        let narrow = of(3, 2).ne(0.0);
        let one = tape.constant([0.0; 3]);
        let name = "scaled_dot_product_attention";
        let refuse = |query, key, value, mask, dropout, text: &str| {
            let refused = try_scaled_dot_product_attention(&pass, query, key, value, mask, dropout);
            assert_eq!(refused.unwrap_err().to_string(), text);
        };
        let none = AttentionMask::none();
        let three = tape.constant(Array3::<f64>::zeros((3, 4, 4)));
        let batches = format!(
            "{name}: query of shape [2, 2, 4], key of shape [3, 4, 4], value of shape [3, 4, 4]: \
            the axes before the last two must broadcast"
        );
        let nodes = tape.len();
        refuse(wide, three, three, none, 0.0, &batches);
        refuse(
            q,
            v,
            v,
            none,
            0.0,
            &format!(
                "{name}: query of shape [2, 3], key of shape [4, 5], value of shape [4, 5]: \
            queries and keys must have the same number of features"
            ),
        );
        refuse(
            q,
            k,
            q,
            none,
            0.0,
            &format!(
                "{name}: query of shape [2, 3], key of shape [4, 3], value of shape [2, 3]: \
            there must be one value for each key"
            ),
        );
        refuse(
            one,
            k,
            v,
            none,
            0.0,
            &format!(
                "{name}: query of shape [3], key of shape [4, 3], value of shape [4, 5]: \
            each needs two axes at least, [.., tokens, features]"
            ),
        );
        refuse(q, k, v, none, -0.5, "Dropout: p -0.5: a probability lies between 0 and 1");
        assert_eq!(tape.len(), nodes);
        let text =
            "attention: additive mask of shape [2, 2, 4] and scores of shape [2, 4]: it must broadcast to theirs";
        refuse(q, k, v, none.additive(wide), 0.0, text);
        let text = "attention: blocked or allowed mask of shape [3, 2] and scores of shape [2, 4]: it must broadcast to theirs";
        refuse(q, k, v, none.blocked(narrow), 0.0, text);
        let text =
            "attention: padding mask of shape [3, 2] and scores of shape [2, 4]: it must be [keys] or [batch, keys]";
        refuse(q, k, v, none.padding(narrow), 0.0, text);
        assert_eq!(tape.len(), nodes);
    }
}
