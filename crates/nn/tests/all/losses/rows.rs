//! The table.

use nn::{
    Bce, BceWithLogits, CosineEmbedding, CrossEntropy, Ctc, Focal, GaussianNll, Hinge, HingeEmbedding, Huber,
    KlDivergence, L1, LogCosh, MarginRanking, Mse, MultiLabelMargin, MultiLabelSoftMargin, MultiMargin, Nll,
    PoissonNll, SmoothL1, SoftMargin, TripletMargin,
};

use crate::losses::row::Values::{Bit, Count, LogProbability, Number, Positive, Probability, Sign};
use crate::losses::row::{Both, Row, Values, both};

const SHAPE: [usize; 2] = [3, 4];

pub(crate) fn all() -> Vec<Row> {
    [numbers(), answers(), labels(), vectors(), sequences()].into_iter().flatten().collect()
}

/// A loss of elements as a row.
fn pair(name: &'static str, prediction: Values, target: Values, loss: Both) -> Row {
    Row::new(name, &SHAPE, loss).input(prediction, &SHAPE).input(target, &SHAPE).of_elements()
}

macro_rules! pair {
    ($name:literal, $prediction:ident, $target:ident, $loss:expr) => {
        pair($name, $prediction, $target, both!($loss, try_loss: |x, _| x[0], x[1]))
    };
}

fn numbers() -> Vec<Row> {
    let gaussian = both!(GaussianNll::new().full(true), try_loss: |x, _| x[0], x[1], x[2]);
    vec![
        pair!("mse", Number, Number, Mse::new()).overflows(),
        pair!("l1", Number, Number, L1::new()),
        pair!("smooth_l1", Number, Number, SmoothL1::new().beta(0.5)),
        pair!("smooth_l1 of corners", Number, Number, SmoothL1::new().beta(0.0)),
        pair!("huber", Number, Number, Huber::new().delta(1.5)),
        pair!("log_cosh", Number, Number, LogCosh::new()),
        pair!("poisson_nll", Number, Count, PoissonNll::new().full(true)).overflows(),
        pair!("poisson_nll of rates", Positive, Count, PoissonNll::new().log_input(false).full(true)),
        Row::new("gaussian_nll", &SHAPE, gaussian)
            .input(Number, &SHAPE)
            .input(Number, &SHAPE)
            .input(Positive, &[3, 1])
            .overflows(),
    ]
}

fn answers() -> Vec<Row> {
    let rows = |name, target, loss| Row::new(name, &[3], loss).input(Number, &SHAPE).input(target, &SHAPE);
    let soft = both!(MultiLabelSoftMargin::new().weights([1.0, 2.0, 0.0, 0.5]), try_loss: |x, _| x[0], x[1]);
    let margin = both!(MultiLabelMargin::new(), try_loss: |x, _| x[0], x[1]);
    let weighted = both!(
        BceWithLogits::new().weight([[1.0, 2.0, 0.5, 3.0]]).pos_weight(2.0), try_loss: |x, _| x[0], x[1]
    );
    vec![
        pair!("bce", Probability, Probability, Bce::new().weight([1.0, 2.0, 0.5, 3.0])),
        pair!("bce_with_logits", Number, Probability, BceWithLogits::new()),
        pair("bce_with_logits, weighted", Number, Probability, weighted),
        pair!("kl_divergence", LogProbability, Probability, KlDivergence::new()),
        pair!("kl_divergence of logarithms", LogProbability, LogProbability, KlDivergence::new().log_target(true)),
        pair!("focal", Number, Probability, Focal::new()),
        pair!("focal, rough", Number, Bit, Focal::new().gamma(0.5).without_alpha()),
        pair!("soft_margin", Number, Sign, SoftMargin::new()),
        pair!("hinge", Number, Sign, Hinge::new()),
        pair!("hinge, squared", Number, Sign, Hinge::new().squared(true)).overflows(),
        pair!("hinge_embedding", Positive, Sign, HingeEmbedding::new()),
        rows("multi_label_soft_margin", Probability, soft),
        rows("multi_label_margin", Bit, margin),
    ]
}

fn labels() -> Vec<Row> {
    const ROWS: [usize; 2] = [2, 3];
    const LABELS: [usize; 6] = [4, 0, 2, 2, 2, 1];
    const WEIGHTS: [f64; 5] = [0.5, 2.0, 1.0, 0.0, 3.0];
    let row = |name, values, loss| Row::new(name, &ROWS, loss).input(values, &[2, 3, 5]);
    let logits = |name, loss| row(name, Number, loss).labels_of(&ROWS, &LABELS);
    fn settings() -> CrossEntropy {
        CrossEntropy::new().weights(WEIGHTS).label_smoothing(0.2)
    }
    let behind = both!(CrossEntropy::new().ignore_index(5), try_loss: |x, labels| x[0], &labels[0]);
    let soft = both!(CrossEntropy::new(), try_soft_loss: |x, _| x[0], x[1]);
    let soft_settings = both!(settings(), try_soft_loss: |x, _| x[0], x[1]);
    let nll = both!(Nll::new().weights(WEIGHTS).ignore_index(2), try_loss: |x, labels| x[0], &labels[0]);
    vec![
        logits("cross_entropy", both!(CrossEntropy::new(), try_loss: |x, labels| x[0], &labels[0])),
        logits(
            "cross_entropy, smoothed",
            both!(CrossEntropy::new().label_smoothing(0.2), try_loss: |x, labels| x[0], &labels[0]),
        ),
        logits(
            "cross_entropy, all settings",
            both!(settings().ignore_index(2), try_loss: |x, labels| x[0], &labels[0]),
        )
        .weighted(),
        row("cross_entropy, padded", Number, behind).labels_of(&ROWS, &[4, 5, 2, 5, 2, 1]).weighted(),
        row("soft_cross_entropy", Number, soft).input(Probability, &[2, 3, 5]),
        row("soft_cross_entropy, all settings", Number, soft_settings).input(Probability, &[2, 3, 5]),
        row("nll", LogProbability, nll).labels_of(&ROWS, &LABELS).weighted(),
        logits("multi_margin", both!(MultiMargin::new(), try_loss: |x, labels| x[0], &labels[0])),
        logits(
            "multi_margin, squared",
            both!(MultiMargin::new().p(2).weights(WEIGHTS), try_loss: |x, labels| x[0], &labels[0]),
        )
        .overflows(),
    ]
}

fn vectors() -> Vec<Row> {
    let ranking = both!(MarginRanking::new().margin(0.3), try_loss: |x, _| x[0], x[1], x[2]);
    let cosine = both!(CosineEmbedding::new().margin(0.1), try_loss: |x, _| x[0], x[1], x[2]);
    let triplets =
        |name, loss| Row::new(name, &[3], loss).input(Number, &SHAPE).input(Number, &SHAPE).input(Number, &SHAPE);
    let swap = both!(TripletMargin::new().p(3.0).margin(5.0).swap(true), try_loss: |x, _| x[0], x[1], x[2]);
    vec![
        Row::new("margin_ranking", &SHAPE, ranking).input(Number, &SHAPE).input(Number, &SHAPE).input(Sign, &SHAPE),
        Row::new("cosine_embedding", &[3], cosine).input(Number, &SHAPE).input(Number, &SHAPE).input(Sign, &[3]),
        triplets("triplet_margin", both!(TripletMargin::new(), try_loss: |x, _| x[0], x[1], x[2])),
        triplets("triplet_margin, swapped", swap),
    ]
}

/// Repeated labels, an empty target and a short input.
fn sequences() -> Vec<Row> {
    let row = |name, loss| {
        Row::new(name, &[3], loss)
            .input_along(1, LogProbability, &[5, 3, 3])
            .labels_of(&[3, 3], &[1, 1, 2, 2, 0, 0, 0, 0, 0])
            .labels_of(&[3], &[5, 3, 4])
            .labels_of(&[3], &[3, 1, 0])
            .weighted()
    };
    vec![row("ctc", both!(Ctc::new(), try_loss: |x, labels| x[0], &labels[0], &labels[1], &labels[2]))]
}
