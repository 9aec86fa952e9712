//! Which parameters have settings of their own?

/// Parameters, chosen by their names, that are stepped with settings of their own.
///
/// The pattern is a full name in which every `*` stands for any characters, dots too: `*.bias`, `encoder.*`, as for
/// [`tape::Params::matching`] and [`tape::Params::freeze`]. Of several groups that match, the first holds.
///
/// ```
/// use ndarray::array;
/// use optim::{Group, Optimizer, Sgd};
/// let mut params = tape::Params::<f64>::new();
/// params.add("weight", &array![1.0]);
/// params.add("bias", &array![1.0]);
/// let gradients = tape::Gradients::for_params(&params, &[1.0, 1.0])?;
/// let group = Group::new("bias").rate(2.0).weight_decay(0.0);
/// Sgd::new(0.125).weight_decay(1.0).group(group).step(&mut params, &gradients)?;
/// assert_eq!(params.values(), [1.0 - 0.125 * 2.0, 1.0 - 2.0 * 0.125]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pattern: String,
    pub(crate) rate: f64,
    pub(crate) weight_decay: Option<f64>,
}

impl Group {
    /// The parameters whose names match, with the optimizer's own settings.
    #[must_use]
    pub fn new(pattern: impl Into<String>) -> Self {
        Self { pattern: pattern.into(), rate: 1.0, weight_decay: None }
    }

    /// Multiplies the learning rate.
    #[must_use]
    pub fn rate(self, factor: f64) -> Self {
        Self { rate: factor, ..self }
    }

    /// The weight decay in place of the optimizer's; 0 for biases and norms.
    #[must_use]
    pub fn weight_decay(self, lambda: f64) -> Self {
        Self { weight_decay: Some(lambda), ..self }
    }

    /// Whether a parameter of this name is in the group.
    ///
    /// ```
    /// let group = optim::Group::new("*.norm*.bias");
    /// assert!(group.matches("encoder.norm1.bias") && !group.matches("encoder.linear.bias"));
    /// ```
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        tape::matches(&self.pattern, name)
    }
}

/// Which group a parameter is in: 0 for none, else one more than the place in `groups`.
pub(crate) fn group_of(name: &str, groups: &[Group]) -> usize {
    groups.iter().position(|group| group.matches(name)).map_or(0, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_that_matches_holds() {
        let groups = [Group::new("*.bias"), Group::new("0.*")];
        assert_eq!(["0.bias", "0.weight", "1.weight"].map(|name| group_of(name, &groups)), [1, 2, 0]);
    }
}
