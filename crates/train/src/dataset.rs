//! Examples to learn from: inputs with their targets, how they are split, and in which batches they come.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::Rng;
use rand::seq::SliceRandom;

use crate::error::Error;
use crate::rows::Rows;

/// Inputs with their targets, one of each for every example.
///
/// Both are [`Rows`]: arrays `[n, ...]`, or a `Vec` with one entry for each example, such as class labels.
///
/// ```
/// use ndarray::{Array2, array};
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha8Rng;
/// use train::Dataset;
///
/// let data = Dataset::new(array![[0.0], [0.1], [0.2], [0.3], [0.4]], vec![0, 1, 2, 3, 4])?;
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let mut sizes = Vec::new();
/// let mut seen = Vec::new();
/// for batch in data.batches(2, &mut rng) {
///     assert_eq!(batch.inputs[[0, 0]], batch.targets[0] as f64 / 10.0);
///     sizes.push(batch.len());
///     seen.extend_from_slice(&batch.targets);
/// }
/// seen.sort();
/// assert_eq!(sizes, [2, 2, 1]);
/// assert_eq!(seen, [0, 1, 2, 3, 4]);
/// # Ok::<(), train::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset<X, Y> {
    inputs: X,
    targets: Y,
}

impl<X: Rows, Y: Rows> Dataset<X, Y> {
    /// Joins inputs and targets.
    ///
    /// # Errors
    /// [`Error::Lengths`] if there are not as many of the one as of the other.
    pub fn new(inputs: X, targets: Y) -> Result<Self, Error> {
        if inputs.count() == targets.count() {
            Ok(Self { inputs, targets })
        } else {
            Err(Error::Lengths { inputs: inputs.count(), targets: targets.count() })
        }
    }

    /// The number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.count()
    }

    /// Whether there is no example.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All inputs.
    #[must_use]
    pub fn inputs(&self) -> &X {
        &self.inputs
    }

    /// All targets.
    #[must_use]
    pub fn targets(&self) -> &Y {
        &self.targets
    }

    /// The examples at these places, in this order.
    ///
    /// # Panics
    /// If there is no such place.
    #[must_use]
    pub fn subset(&self, places: &[usize]) -> Self {
        Self { inputs: self.inputs.gather(places), targets: self.targets.gather(places) }
    }

    /// Divides the examples at random: `fraction` of them, rounded to the nearest number, and the others.
    ///
    /// Each example is in exactly one part, and each part keeps the order of the whole. The same state of `rng` gives
    /// the same parts.
    ///
    /// ```
    /// # use rand::SeedableRng;
    /// let data = train::Dataset::new((0..10).collect::<Vec<_>>(), vec![0.0; 10])?;
    /// let (training, test) = data.split(0.8, &mut rand_chacha::ChaCha8Rng::seed_from_u64(3))?;
    /// assert_eq!((training.len(), test.len()), (8, 2));
    /// assert!(test.inputs().iter().all(|place| !training.inputs().contains(place)));
    /// # Ok::<(), train::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] if `fraction` is not between 0 and 1.
    pub fn split(&self, fraction: f64, rng: &mut impl Rng) -> Result<(Self, Self), Error> {
        self.split_groups(fraction, rng, vec![(0..self.len()).collect()])
    }

    /// Shuffled mini-batches: each example once, `size` of them at a time; the last batch is smaller where the number
    /// does not divide.
    ///
    /// A data set without examples has no batch. The same state of `rng` gives the same batches; it is drawn from
    /// here, not while the batches are taken. After the first batch nothing is allocated as long as each is dropped
    /// before the next is taken, as a `for` loop does.
    ///
    /// # Panics
    /// If `size` is 0.
    #[track_caller]
    pub fn batches(&self, size: usize, rng: &mut impl Rng) -> Batches<'_, X, Y> {
        let mut batches = self.ordered_batches(size);
        batches.order.shuffle(rng);
        batches
    }

    /// Mini-batches in the order of the examples, as [`Dataset::batches`] otherwise: for evaluation.
    ///
    /// # Panics
    /// If `size` is 0.
    #[must_use]
    #[track_caller]
    pub fn ordered_batches(&self, size: usize) -> Batches<'_, X, Y> {
        assert!(size > 0, "batches: the batch size is 0; it must be at least 1");
        Batches { data: self, order: (0..self.len()).collect(), size, next: 0, last: None }
    }

    /// Takes `fraction` of all examples, and of each group as nearly as whole numbers allow.
    fn split_groups(
        &self,
        fraction: f64,
        rng: &mut impl Rng,
        mut groups: Vec<Vec<usize>>,
    ) -> Result<(Self, Self), Error> {
        if !(0.0..=1.0).contains(&fraction) {
            let rule = "it must lie between 0 and 1";
            return Err(Error::Setting { setting: "fraction", value: fraction.to_string(), rule });
        }
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let shares = shares(fraction, &groups.iter().map(Vec::len).collect::<Vec<_>>());
        for (group, share) in groups.iter_mut().zip(shares) {
            group.shuffle(rng);
            first.extend_from_slice(&group[..share]);
            second.extend_from_slice(&group[share..]);
        }
        first.sort_unstable();
        second.sort_unstable();
        Ok((self.subset(&first), self.subset(&second)))
    }
}

impl<X: Rows, L: Clone + Ord> Dataset<X, Vec<L>> {
    /// As [`Dataset::split`], with each class divided in the same proportion: the number taken from a class differs by
    /// less than one from `fraction` of it.
    ///
    /// ```
    /// # use rand::SeedableRng;
    /// let data = train::Dataset::new(vec![(); 30], [vec![0; 20], vec![1; 10]].concat())?;
    /// let (training, _) = data.split_stratified(0.8, &mut rand_chacha::ChaCha8Rng::seed_from_u64(3))?;
    /// assert_eq!(training.targets(), &[vec![0; 16], vec![1; 8]].concat());
    /// # Ok::<(), train::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] if `fraction` is not between 0 and 1.
    pub fn split_stratified(&self, fraction: f64, rng: &mut impl Rng) -> Result<(Self, Self), Error> {
        let mut classes = BTreeMap::<_, Vec<_>>::new();
        for (place, label) in self.targets.iter().enumerate() {
            classes.entry(label).or_default().push(place);
        }
        self.split_groups(fraction, rng, classes.into_values().collect())
    }
}

/// The method of largest remainders: whole shares of the groups that add up to the rounded share of all.
fn shares(fraction: f64, groups: &[usize]) -> Vec<usize> {
    let exact = |size: usize| fraction * size as f64;
    let mut shares: Vec<_> = groups.iter().map(|&size| exact(size).floor() as usize).collect();
    let total = exact(groups.iter().sum()).round() as usize;
    let mut by_remainder: Vec<_> = (0..groups.len()).collect();
    by_remainder.sort_by(|&one, &other| exact(groups[other]).fract().total_cmp(&exact(groups[one]).fract()));
    let missing = total - shares.iter().sum::<usize>();
    for group in by_remainder.into_iter().take(missing) {
        shares[group] += 1;
    }
    shares
}

/// Some examples, to be learnt from in one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch<X, Y> {
    /// The inputs.
    pub inputs: X,
    /// Their targets, in the same order.
    pub targets: Y,
}

impl<X: Rows, Y> Batch<X, Y> {
    /// The number of examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.count()
    }

    /// Whether there is no example.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<X, L> Batch<X, Vec<L>> {
    /// The targets under the name that they have in classification.
    #[must_use]
    pub fn labels(&self) -> &[L] {
        &self.targets
    }
}

/// The mini-batches of a data set, one after another; see [`Dataset::batches`].
///
/// A batch may be kept: the next one then gets memory of its own.
#[derive(Debug, Clone)]
pub struct Batches<'a, X, Y> {
    data: &'a Dataset<X, Y>,
    order: Vec<usize>,
    size: usize,
    next: usize,
    /// The batch that was given out last. Its memory serves the next one if nobody holds it any more.
    last: Option<Arc<Batch<X, Y>>>,
}

impl<X: Rows, Y: Rows> Iterator for Batches<'_, X, Y> {
    type Item = Arc<Batch<X, Y>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.order[self.next..];
        let rows = &rest[..rest.len().min(self.size)];
        if rows.is_empty() {
            return None;
        }
        self.next += rows.len();
        let Dataset { inputs, targets } = self.data;
        match self.last.as_mut().and_then(Arc::get_mut) {
            Some(batch) => {
                inputs.gather_into(rows, &mut batch.inputs);
                targets.gather_into(rows, &mut batch.targets);
            }
            None => {
                let batch = Batch { inputs: inputs.gather(rows), targets: targets.gather(rows) };
                self.last = Some(Arc::new(batch));
            }
        }
        self.last.clone()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.order.len() - self.next).div_ceil(self.size);
        (left, Some(left))
    }

    /// Passes over batches without gathering them: a run that is continued in the middle of an epoch starts there.
    fn nth(&mut self, passed: usize) -> Option<Self::Item> {
        self.next = passed.saturating_mul(self.size).saturating_add(self.next).min(self.order.len());
        self.next()
    }
}

impl<X: Rows, Y: Rows> ExactSizeIterator for Batches<'_, X, Y> {}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array};
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn numbered(examples: usize) -> Dataset<Array2<f64>, Vec<usize>> {
        let inputs = Array2::from_shape_fn((examples, 2), |(row, column)| (row * 2 + column) as f64);
        Dataset::new(inputs, (0..examples).collect()).unwrap()
    }

    proptest! {
        #[test]
        fn batches_hold_every_example_once_with_its_target(examples in 0_usize..50, size in 1_usize..60, seed: u64) {
            let data = numbered(examples);
            let batches = data.batches(size, &mut ChaCha8Rng::seed_from_u64(seed));
            prop_assert_eq!(batches.len(), examples.div_ceil(size));
            let mut seen = Vec::new();
            for (number, batch) in batches.enumerate() {
                prop_assert_eq!(batch.len(), size.min(examples - number * size));
                for (input, &target) in batch.inputs.rows().into_iter().zip(&batch.targets) {
                    prop_assert_eq!(input, array![target as f64 * 2.0, target as f64 * 2.0 + 1.0]);
                    seen.push(target);
                }
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..examples).collect::<Vec<_>>());
        }

        #[test]
        fn passing_over_batches_gives_the_ones_behind(examples in 0_usize..40, size in 1_usize..9, passed in 0_usize..50) {
            let data = numbered(examples);
            let all: Vec<_> = data.batches(size, &mut ChaCha8Rng::seed_from_u64(1)).collect();
            let rest: Vec<_> = data.batches(size, &mut ChaCha8Rng::seed_from_u64(1)).skip(passed).collect();
            prop_assert_eq!(&all[passed.min(all.len())..], &rest[..]);
        }

        #[test]
        fn parts_are_disjoint_complete_and_of_the_asked_size(
            labels in prop::collection::vec(0_usize..4, 0..60),
            fraction in 0.0..=1.0,
            seed: u64,
        ) {
            let examples = labels.len();
            let data = Dataset::new((0..examples).collect::<Vec<_>>(), labels).unwrap();
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            for (first, second) in [data.split(fraction, &mut rng), data.split_stratified(fraction, &mut rng)].map(Result::unwrap) {
                prop_assert_eq!(first.len(), (fraction * examples as f64).round() as usize);
                let mut both = [first.inputs.as_slice(), second.inputs.as_slice()].concat();
                both.sort_unstable();
                prop_assert_eq!(both, (0..examples).collect::<Vec<_>>());
            }
            let (first, _) = data.split_stratified(fraction, &mut rng).unwrap();
            for class in 0..4 {
                let count = |labels: &[usize]| labels.iter().filter(|&&label| label == class).count() as f64;
                prop_assert!((count(first.targets()) - fraction * count(data.targets())).abs() < 1.0);
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_batches_for_ever() {
        // These numbers are what checkpoints of runs in progress rely on: if a new version of the generator or of the
        // shuffle changes them, runs that are continued across it are no longer the uninterrupted ones.
        let data = numbered(10);
        let labels: Vec<_> =
            data.batches(4, &mut ChaCha8Rng::seed_from_u64(0)).map(|batch| batch.targets.clone()).collect();
        assert_eq!(labels, [&[2, 8, 6, 1][..], &[9, 5, 7, 4], &[0, 3]]);
    }

    #[test]
    fn a_loop_over_batches_reuses_one_buffer_and_a_kept_batch_stays() {
        let data = numbered(9);
        let memory: Vec<_> = data.ordered_batches(2).map(|batch| batch.inputs.as_ptr()).collect();
        assert!(memory.iter().all(|&place| place == memory[0]));
        let kept: Vec<_> = data.ordered_batches(2).collect();
        assert_eq!(kept[0].labels(), [0, 1]);
        assert_eq!(kept[4].labels(), [8]);
    }

    #[test]
    fn a_batch_larger_than_the_data_is_all_of_it() {
        let data = numbered(3);
        let batches: Vec<_> = data.ordered_batches(usize::MAX).collect();
        assert_eq!(batches.len(), 1);
        assert_eq!(batches[0].inputs, data.inputs);
        assert_eq!(data.ordered_batches(usize::MAX).nth(usize::MAX), None);
    }

    #[test]
    #[should_panic(expected = "batches: the batch size is 0; it must be at least 1")]
    fn a_batch_of_nothing_is_refused() {
        let _ = numbered(3).ordered_batches(0);
    }

    #[test]
    fn the_targets_of_a_regression_are_an_array() {
        let data = Dataset::new(array![[1.0], [2.0]], array![10.0, 20.0]).unwrap();
        let batch = data.ordered_batches(1).nth(1).unwrap();
        assert_eq!(*batch, Batch { inputs: array![[2.0]], targets: array![20.0] });
    }

    #[test]
    fn lengths_and_fractions_are_checked() {
        let error = Dataset::new(Array1::<f32>::zeros(3), vec![0, 1]).unwrap_err();
        assert_eq!(error.to_string(), "data set: 3 inputs and 2 targets; each input needs one target");
        for fraction in [-0.1, 1.1, f64::NAN] {
            let error = numbered(3).split(fraction, &mut ChaCha8Rng::seed_from_u64(0)).unwrap_err();
            assert_eq!(error.to_string(), format!("fraction is {fraction}: it must lie between 0 and 1"));
        }
    }
}
