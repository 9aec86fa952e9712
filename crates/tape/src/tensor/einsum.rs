//! Einstein's summation: products of tensors, told by naming their axes.
//!
//! An equation is parsed to one label an axis. The operands are then multiplied from left to right, each product as one
//! (batched) matrix product or as one elementwise product; what no later operand and not the output names is summed as
//! early as possible.

use super::{Axes, Tensor};
use crate::error::{Error, unwrap};
use crate::real::Real;
use crate::shape::Shape;

/// What an axis is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    /// The axis of an ellipsis that so many others follow: ellipses are aligned at their last axes.
    Ellipsis(usize),
    Letter(char),
}

/// An operand and the labels of its axes.
#[derive(Clone)]
struct Term<T> {
    tensor: Tensor<T>,
    labels: Vec<Label>,
}

impl<T: Real> Tensor<T> {
    /// Sums of products over named axes. Each operand's axes are letters, operands are separated by commas, and behind
    /// `->` stand the axes of the output: an axis that is not there is summed. Without `->` the output has the letters that
    /// occur once, in alphabetical order. A letter that an operand has twice means its diagonal; `...` means all axes that
    /// have no letter, which broadcast. Several operands are multiplied from left to right.
    ///
    /// ```
    /// use tape::Tensor;
    /// let tape = tape::Tape::<f64>::new();
    /// let a = tape.variable([[1.0, 2.0], [3.0, 4.0]]);
    /// let b = tape.constant([[10.0, 1.0], [0.0, 1.0]]);
    /// assert_eq!(Tensor::einsum("ij,jk->ik", &[a, b]).to_array().as_slice(), Some(&[10.0, 3.0, 30.0, 7.0][..]));
    /// assert_eq!(Tensor::einsum("ij,ij->", &[a, b]).item(), 16.0);
    /// assert_eq!(Tensor::einsum("ii", &[a]).item(), 5.0);
    /// let y = Tensor::einsum("...j->...", &[a]);
    /// assert_eq!(y.to_array().as_slice(), Some(&[3.0, 7.0][..]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn einsum(equation: &str, operands: &[Self]) -> Self {
        unwrap(Self::try_einsum(equation, operands))
    }

    /// As [`einsum`](Self::einsum).
    ///
    /// # Errors
    /// [`Error::NoTape`] if there is no operand; [`Error::Rejected`], which says why, if the equation does not parse or
    /// does not fit the operands; [`Error::Broadcast`] if ellipses do not broadcast.
    #[track_caller]
    pub fn try_einsum(equation: &str, operands: &[Self]) -> Result<Self, Error> {
        let first = operands.first().ok_or(Error::NoTape { operation: "einsum" })?;
        let shapes = first.on_tape("einsum", |tape| {
            let nodes = tape.own_all(operands, "einsum")?;
            Ok(nodes.iter().map(|&node| tape.shape(node).clone()).collect::<Vec<_>>())
        })?;
        let Plan { inputs, output } = Plan::parse(equation, &shapes)
            .map_err(|reason| Error::Rejected { operation: "einsum", reason: format!("{equation:?}: {reason}") })?;
        let mut terms = Vec::with_capacity(operands.len());
        for (&tensor, labels) in operands.iter().zip(inputs) {
            terms.push(Term { tensor, labels }.diagonals()?);
        }
        let mut rest = terms.into_iter();
        let mut product = rest.next().ok_or(Error::NoTape { operation: "einsum" })?;
        while let Some(next) = rest.next() {
            let later = |label: &Label| {
                output.contains(label) || rest.as_slice().iter().any(|term| term.labels.contains(label))
            };
            let left = product.sum_unless(|label| later(label) || next.labels.contains(label))?;
            let right = next.sum_unless(|label| later(label) || left.labels.contains(label))?;
            product = left.times(&right, later)?;
        }
        let Term { tensor, labels } = product.sum_unless(|label| output.contains(label))?;
        tensor.try_permute(positions(&output, &labels))
    }
}

/// The labels of every operand, and those of the output.
struct Plan {
    inputs: Vec<Vec<Label>>,
    output: Vec<Label>,
}

impl Plan {
    fn parse(equation: &str, shapes: &[Shape]) -> Result<Self, String> {
        let equation: String = equation.chars().filter(|letter| !letter.is_whitespace()).collect();
        let (inputs, output) = match equation.split_once("->") {
            Some((inputs, output)) => (inputs, Some(output)),
            None => (&equation[..], None),
        };
        let terms: Vec<_> = inputs.split(',').map(split_ellipsis).collect::<Result<_, _>>()?;
        if terms.len() != shapes.len() {
            return Err(format!("it names {} operands where there are {}", terms.len(), shapes.len()));
        }
        let numbered = terms.iter().zip(shapes).enumerate().map(|(number, (term, shape))| term.labels(number, shape));
        let inputs = numbered.collect::<Result<Vec<_>, _>>()?;
        check_lengths(&inputs, shapes)?;
        // Ellipses are aligned at the last axis, so the one with the most axes has those of all others.
        let ellipsis = inputs.iter().map(|labels| ellipsis(labels)).max().unwrap_or(0);
        let output = match output {
            Some(output) => explicit(&split_ellipsis(output)?, ellipsis, &inputs)?,
            None => implicit(ellipsis, &inputs),
        };
        Ok(Self { inputs, output })
    }
}

/// The letters before and behind an ellipsis; without one, all are before it.
struct Letters {
    before: Vec<Label>,
    behind: Option<Vec<Label>>,
}

fn split_ellipsis(term: &str) -> Result<Letters, String> {
    let letters = |part: &str| {
        let label = |letter: char| match letter {
            letter if letter.is_ascii_alphabetic() => Ok(Label::Letter(letter)),
            '.' => Err("an ellipsis is three dots, once in a term".to_owned()),
            other => Err(format!("{other:?} is no letter")),
        };
        part.chars().map(label).collect::<Result<Vec<_>, _>>()
    };
    Ok(match term.split_once("...") {
        Some((before, behind)) => Letters { before: letters(before)?, behind: Some(letters(behind)?) },
        None => Letters { before: letters(term)?, behind: None },
    })
}

impl Letters {
    fn with_ellipsis(&self, axes: usize) -> Vec<Label> {
        let ellipsis = (0..axes).rev().map(Label::Ellipsis);
        self.before.iter().copied().chain(ellipsis).chain(self.behind.iter().flatten().copied()).collect()
    }

    /// One label for each axis of an operand.
    fn labels(&self, number: usize, shape: &Shape) -> Result<Vec<Label>, String> {
        let named = self.before.len() + self.behind.as_ref().map_or(0, Vec::len);
        match shape.rank().checked_sub(named) {
            Some(axes) if axes == 0 || self.behind.is_some() => Ok(self.with_ellipsis(axes)),
            Some(_) | None => Err(format!("it names {named} axes of operand {number}, whose shape is {shape}")),
        }
    }
}

/// How many of the labels are an ellipsis'.
fn ellipsis(labels: &[Label]) -> usize {
    labels.iter().filter(|label| matches!(label, Label::Ellipsis(_))).count()
}

/// Every letter must mean one length.
fn check_lengths(inputs: &[Vec<Label>], shapes: &[Shape]) -> Result<(), String> {
    let axes = || inputs.iter().zip(shapes).flat_map(|(labels, shape)| labels.iter().zip(shape.iter()));
    for (&label, &length) in axes() {
        if let Label::Letter(letter) = label
            && let Some((_, other)) = axes().find(|&(&other, &found)| other == label && found != length)
        {
            return Err(format!("{letter:?} is {length} elements long and {other} elements long"));
        }
    }
    Ok(())
}

fn explicit(output: &Letters, ellipsis: usize, inputs: &[Vec<Label>]) -> Result<Vec<Label>, String> {
    if output.behind.is_none() && ellipsis > 0 {
        return Err("the output must have the ellipsis of the operands".to_owned());
    }
    let output = output.with_ellipsis(ellipsis);
    for (at, label) in output.iter().enumerate() {
        let Label::Letter(letter) = label else { continue };
        if output[..at].contains(label) {
            return Err(format!("the output has {letter:?} twice"));
        }
        if !inputs.iter().any(|labels| labels.contains(label)) {
            return Err(format!("the output has {letter:?}, which no operand has"));
        }
    }
    Ok(output)
}

/// The ellipsis, and the letters that occur once in their order.
fn implicit(ellipsis: usize, inputs: &[Vec<Label>]) -> Vec<Label> {
    let all = || inputs.iter().flatten().copied();
    let mut once: Vec<_> = all().filter(|label| matches!(label, Label::Letter(_))).collect();
    once.retain(|&label| all().filter(|&other| other == label).count() == 1);
    once.sort_unstable();
    (0..ellipsis).rev().map(Label::Ellipsis).chain(once).collect()
}

/// Where some labels stand among others.
fn positions(labels: &[Label], among: &[Label]) -> Vec<isize> {
    let position = |label: &Label| among.iter().position(|other| other == label).expect("the label is among them");
    labels.iter().map(|label| position(label) as isize).collect()
}

impl<T: Real> Term<T> {
    /// Every label once: axes of the same label become their diagonal.
    #[track_caller]
    fn diagonals(mut self) -> Result<Self, Error> {
        let twice = |labels: &[Label]| {
            let mut pairs = (0..labels.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
            pairs.find(|&(first, second)| labels[first] == labels[second])
        };
        while let Some((first, second)) = twice(&self.labels) {
            self.tensor = self.tensor.try_diagonal(0, first as isize, second as isize)?;
            self.labels.remove(second);
            let label = self.labels.remove(first);
            self.labels.push(label);
        }
        Ok(self)
    }

    /// Sums over the axes that are not to be kept.
    #[track_caller]
    fn sum_unless(&self, keep: impl Fn(&Label) -> bool) -> Result<Self, Error> {
        let (kept, summed): (Vec<Label>, Vec<Label>) = self.labels.iter().partition(|label| keep(label));
        if summed.is_empty() {
            return Ok(self.clone());
        }
        let axes = Axes::from(&positions(&summed, &self.labels)[..]);
        Ok(Self { tensor: self.tensor.try_sum_named(&axes, "einsum")?, labels: kept })
    }

    /// The product of two operands, each of whose labels is needed later or is one of the other's. What both have and
    /// nobody needs later is summed.
    #[track_caller]
    fn times(&self, other: &Self, later: impl Fn(&Label) -> bool) -> Result<Self, Error> {
        let (shared, left): (Vec<Label>, Vec<Label>) =
            self.labels.iter().partition(|label| other.labels.contains(label));
        let right: Vec<Label> = other.labels.iter().copied().filter(|label| !self.labels.contains(label)).collect();
        let (batch, inner): (Vec<Label>, Vec<Label>) = shared.iter().partition(|label| later(label));
        let labels = [&batch[..], &left, &right].concat();
        let one = self.arranged(&batch, &left, &inner)?;
        if inner.is_empty() {
            // Nothing is summed: an elementwise product, in which the one's own axes are broadcast to the other's.
            let one = one.split(&batch, &[&self.lengths(&left)?, &vec![1; right.len()]])?;
            let two =
                other.arranged(&batch, &right, &[])?.split(&batch, &[&vec![1; left.len()], &other.lengths(&right)?])?;
            return Ok(Self { tensor: one.try_mul(two)?, labels });
        }
        let product = one.tensor.try_matmul(other.arranged(&batch, &inner, &right)?.tensor)?;
        let product = Self { tensor: product, labels: batch.clone() };
        Ok(Self { tensor: product.split(&batch, &[&self.lengths(&left)?, &other.lengths(&right)?])?, labels })
    }

    /// The batch, axis by axis, and behind it two axes for all rows and all columns.
    #[track_caller]
    fn arranged(&self, batch: &[Label], rows: &[Label], columns: &[Label]) -> Result<Self, Error> {
        let tensor = self.tensor.try_permute(positions(&[batch, rows, columns].concat(), &self.labels))?;
        let sizes = [rows, columns].map(|labels| self.lengths(labels).map(|lengths| lengths.iter().product::<usize>()));
        let [rows, columns] = sizes;
        let shape = self.lengths(batch)?.into_iter().chain([rows?, columns?]).collect::<Shape>();
        Ok(Self { tensor: tensor.try_reshape(shape)?, labels: batch.to_vec() })
    }

    /// The batch, and behind it axes of these lengths instead of two.
    #[track_caller]
    fn split(&self, batch: &[Label], lengths: &[&[usize]]) -> Result<Tensor<T>, Error> {
        let own = self.tensor.on_tape("einsum", |tape| Ok(tape.shape(self.tensor.node).clone()))?;
        let shape: Shape = own[..batch.len()].iter().chain(lengths.iter().copied().flatten()).copied().collect();
        self.tensor.try_reshape(shape)
    }

    /// How long the axes of some labels are.
    #[track_caller]
    fn lengths(&self, labels: &[Label]) -> Result<Vec<usize>, Error> {
        let shape = self.tensor.on_tape("einsum", |tape| Ok(tape.shape(self.tensor.node).clone()))?;
        Ok(positions(labels, &self.labels).iter().map(|&axis| shape[axis as usize]).collect())
    }
}
