//! Which parameters does a pattern of names choose, and what is done with them?

use super::{ParamId, Parameter, Params};
use crate::error::{Error, unwrap};
use crate::real::Real;

/// Whether a pattern chooses a parameter's name: the whole name, in which every `*` of the pattern stands for any
/// characters, dots too, and for none.
///
/// ```
/// assert!(tape::matches("encoder.*", "encoder.0.weight"));
/// assert!(tape::matches("*.norm*.bias", "encoder.norm1.bias"));
/// assert!(!tape::matches("*.bias", "bias"));
/// assert!(!tape::matches("encoder", "encoder.0.weight"));
/// ```
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    // The first and last pieces between stars are the ends of the name, the others lie in it one after another; taking
    // the earliest place for each leaves most for the rest.
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(start) else { return false };
    let (inner, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for piece in inner.split('*') {
        let Some(place) = left.find(piece) else { return false };
        left = &left[place + piece.len()..];
    }
    left.ends_with(end)
}

impl<T: Real> Params<T> {
    /// The parameters whose names a pattern chooses, in the order of the buffer; see [`matches()`](crate::matches()).
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::<f32>::new();
    /// params.add("encoder.weight", &array![[1.0, 2.0]]);
    /// params.add("encoder.bias", &array![3.0]);
    /// params.add("head.weight", &array![4.0]);
    /// let names: Vec<_> = params.matching("*.weight").map(|(_, parameter)| parameter.name()).collect();
    /// assert_eq!(names, ["encoder.weight", "head.weight"]);
    /// let elements: usize = params.matching("encoder.*").map(|(_, parameter)| parameter.shape().size()).sum();
    /// assert_eq!(elements, 3);
    /// ```
    pub fn matching<'a>(&'a self, pattern: &'a str) -> impl Iterator<Item = (ParamId, &'a Parameter)> {
        self.iter().filter(move |(_, parameter)| matches(pattern, parameter.name()))
    }

    /// The number of elements of all parameters that are trained.
    #[must_use]
    pub fn trainable_size(&self) -> usize {
        let trained = self.iter().filter(|(_, parameter)| parameter.is_trainable());
        trained.map(|(_, parameter)| parameter.shape().size()).sum()
    }

    /// Freezes the parameters whose names a pattern chooses, and says how many it chose: no gradient is computed for a
    /// frozen parameter, and optimizers leave it and its state alone.
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::<f32>::new();
    /// let encoder = params.add("encoder.weight", &array![1.0, 2.0]);
    /// params.add("head.weight", &array![3.0]);
    /// assert_eq!(params.freeze("encoder.*"), 1);
    /// assert!(!params.parameter(encoder).is_trainable());
    /// assert_eq!((params.size(), params.trainable_size()), (3, 1));
    /// ```
    ///
    /// # Panics
    /// If it chooses none, which is a name misspelt more often than not.
    #[track_caller]
    pub fn freeze(&mut self, pattern: &str) -> usize {
        unwrap(self.try_freeze(pattern))
    }

    /// As [`freeze`](Self::freeze).
    ///
    /// # Errors
    /// [`Error::NoMatch`] if the pattern chooses no parameter.
    pub fn try_freeze(&mut self, pattern: &str) -> Result<usize, Error> {
        self.set_matching(pattern, false)
    }

    /// Trains the parameters whose names a pattern chooses, and says how many it chose. Buffers stay what they are.
    ///
    /// ```
    /// use ndarray::array;
    /// let mut params = tape::Params::<f32>::new();
    /// params.add("norm.weight", &array![1.0]);
    /// params.add_buffer("norm.running_mean", &array![0.0]);
    /// params.freeze("*");
    /// assert_eq!(params.unfreeze("norm.*"), 1);
    /// assert_eq!(params.trainable_size(), 1);
    /// ```
    ///
    /// # Panics
    /// If it chooses none.
    #[track_caller]
    pub fn unfreeze(&mut self, pattern: &str) -> usize {
        unwrap(self.try_unfreeze(pattern))
    }

    /// As [`unfreeze`](Self::unfreeze).
    ///
    /// # Errors
    /// [`Error::NoMatch`] if the pattern chooses no parameter.
    pub fn try_unfreeze(&mut self, pattern: &str) -> Result<usize, Error> {
        self.set_matching(pattern, true)
    }

    fn set_matching(&mut self, pattern: &str, trainable: bool) -> Result<usize, Error> {
        let weights = self.matching(pattern).filter(|(_, parameter)| !parameter.is_buffer());
        let chosen: Vec<ParamId> = weights.map(|(id, _)| id).collect();
        if chosen.is_empty() {
            return Err(Error::NoMatch { pattern: pattern.to_owned() });
        }
        for &id in &chosen {
            self.set_trainable(id, trainable);
        }
        Ok(chosen.len())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_pattern_that_chooses_nothing_is_refused_and_changes_nothing() {
        let mut params = Params::<f64>::new();
        params.add("encoder.weight", &array![1.0]);
        params.add_buffer("encoder.mean", &array![1.0]);
        let error = params.try_freeze("encodr.*").unwrap_err();
        assert_eq!(error.to_string(), "parameters: no name matches \"encodr.*\"");
        // Buffers are not trained anyway.
        assert!(params.try_unfreeze("*.mean").is_err());
        assert_eq!(params.trainable_size(), 1);
    }

    #[test]
    #[should_panic(expected = "parameters: no name matches \"encoder\"")]
    fn a_name_is_chosen_as_a_whole() {
        let mut params = Params::<f64>::new();
        params.add("encoder.weight", &array![1.0]);
        params.freeze("encoder");
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, expected) in [
            ("weight", "weight", true),
            ("weight", "0.weight", false),
            ("*", "", true),
            ("*.bias", "0.bias", true),
            ("*.bias", "bias", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*a", "abba", true),
            ("a*c*a", "abba", false),
            ("*norm*", "encoder.norm.weight", true),
            ("a**b", "ab", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern:?} and {name:?}");
        }
    }
}
