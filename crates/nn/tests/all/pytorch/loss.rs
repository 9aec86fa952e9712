//! The losses, with their settings and reductions.

use ndarray::ArrayD;
use nn::{
    Bce, BceWithLogits, CosineEmbedding, CrossEntropy, Ctc, Focal, GaussianNll, Hinge, HingeEmbedding, Huber,
    KlDivergence, L1, LogCosh, MarginRanking, Mse, MultiLabelMargin, MultiLabelSoftMargin, MultiMargin, Nll,
    PoissonNll, Reduction, SmoothL1, SoftMargin, TripletMargin,
};
use tape::Tensor;

use crate::pytorch::reference::{References, references};

const WEIGHT: [f64; 4] = [0.5, 2.0, 1.0, 3.0];
const CLASS_WEIGHTS: [f64; 5] = [0.5, 2.0, 1.0, 0.0, 3.0];

const REDUCTIONS: [(&str, Reduction); 3] =
    [("none", Reduction::None), ("mean", Reduction::Mean), ("sum", Reduction::Sum)];

/// Compares one case of a loss of predictions and differentiable targets.
#[track_caller]
fn pair(references: &References, case: &str, loss: impl FnOnce(Tensor<f64>, Tensor<f64>) -> Tensor<f64>) {
    references.case(case).compare_function(|_, inputs| loss(inputs.get("x"), inputs.get("target")));
}

/// Compares one case of a loss of predictions and targets that are constants.
#[track_caller]
fn constant_pair(references: &References, case: &str, loss: impl FnOnce(Tensor<f64>, Tensor<f64>) -> Tensor<f64>) {
    let reference = references.case(case);
    reference.compare_function(|pass, inputs| loss(inputs.get("x"), pass.constant(reference.get("target"))));
}

/// Compares every reduction of a loss, and each of its settings.
macro_rules! pairs {
    ($compare:ident, $name:literal, $loss:expr $(, $case:literal: $settings:expr)*) => {{
        let references = references!("loss");
        for (reduction, chosen) in REDUCTIONS {
            let case = format!("{}.{reduction}", $name);
            $compare(&references, &case, |x, target| $loss.reduction(chosen).loss(x, target));
        }
        $($compare(&references, concat!($name, ".", $case), |x, target| $settings.loss(x, target));)*
    }};
}

#[test]
fn of_numbers() {
    pairs!(pair, "mse", Mse::new());
    pairs!(pair, "l1", L1::new());
    pairs!(pair, "smooth_l1", SmoothL1::new(), "beta": SmoothL1::new().beta(0.3), "rough": SmoothL1::new().beta(0.0));
    pairs!(pair, "huber", Huber::new(), "delta": Huber::new().delta(0.3));
    pairs!(pair, "log_cosh", LogCosh::new());
    let rates = PoissonNll::new().log_input(false).full(true).eps(1e-3).reduction(Reduction::Sum);
    pairs!(pair, "poisson_nll", PoissonNll::new(), "full": PoissonNll::new().full(true), "rates": rates);
    let references = references!("loss");
    let full = GaussianNll::new().full(true).reduction(Reduction::None);
    for (case, loss) in [("each", full), ("row", full), ("collapsed", full), ("mean", GaussianNll::new())] {
        references
            .case(&format!("gaussian_nll.{case}"))
            .compare_function(|_, inputs| loss.loss(inputs.get("x"), inputs.get("target"), inputs.get("variance")));
    }
}

#[test]
fn of_probabilities_and_answers() {
    pairs!(pair, "bce", Bce::new(), "weight": Bce::new().weight(WEIGHT));
    let weights = BceWithLogits::new().weight([[1.0], [2.0], [0.5]]).pos_weight(WEIGHT);
    pairs!(pair, "bce_with_logits", BceWithLogits::new(), "weights": weights);
    pairs!(pair, "focal", Focal::new(), "settings": Focal::new().alpha(0.6).gamma(1.5));
    let weights = MultiLabelSoftMargin::new().weights(WEIGHT);
    pairs!(pair, "multi_label_soft_margin", MultiLabelSoftMargin::new(), "weights": weights);
    pairs!(constant_pair, "soft_margin", SoftMargin::new());
    pairs!(constant_pair, "hinge", Hinge::new(), "margin": Hinge::new().margin(0.3));
    let margin = HingeEmbedding::new().margin(0.7);
    pairs!(constant_pair, "hinge_embedding", HingeEmbedding::new(), "margin": margin);
}

#[test]
fn of_distributions() {
    let references = references!("loss");
    // The gradient of a target that is 0 is a departure.
    for (case, reduction) in REDUCTIONS.into_iter().chain([("batchmean", Reduction::BatchMean)]) {
        let loss = KlDivergence::new().reduction(reduction);
        pair(&references, &format!("kl_divergence.{case}"), |x, target| loss.loss(x, target.detach()));
    }
    let sum = KlDivergence::new().reduction(Reduction::Sum);
    pair(&references, "kl_divergence.target", |x, target| sum.loss(x, target));
    pair(&references, "kl_divergence.log_target", |x, target| sum.log_target(true).loss(x, target));
}

type OfLabels<'a> = dyn Fn(Tensor<f64>, &ArrayD<usize>) -> Tensor<f64> + 'a;

#[test]
fn of_labels() {
    let references = references!("loss");
    let compare = |case: &str, rows: bool, loss: &OfLabels<'_>| {
        references.case(case).compare_function(|_, inputs| {
            let losses = loss(inputs.get("x"), &inputs.indices("labels"));
            // PyTorch was given rows.
            if rows { losses.flatten(0, -1) } else { losses }
        });
    };
    for (name, reduction) in REDUCTIONS {
        let rows = reduction == Reduction::None;
        let cross_entropy = CrossEntropy::new().reduction(reduction);
        let (nll, multi_margin) = (Nll::new().reduction(reduction), MultiMargin::new().reduction(reduction));
        compare(&format!("cross_entropy.{name}"), rows, &|x, labels| cross_entropy.loss(x, labels));
        compare(&format!("nll.{name}"), rows, &|x, labels| nll.loss(x, labels));
        compare(&format!("multi_margin.{name}"), rows, &|x, labels| multi_margin.loss(x, labels));
        let cross_entropy = cross_entropy.weights(CLASS_WEIGHTS);
        let (nll, multi_margin) = (nll.weights(CLASS_WEIGHTS), multi_margin.weights(CLASS_WEIGHTS));
        compare(&format!("cross_entropy.{name}.weights"), rows, &|x, labels| cross_entropy.loss(x, labels));
        compare(&format!("nll.{name}.weights"), rows, &|x, labels| nll.loss(x, labels));
        compare(&format!("multi_margin.{name}.weights"), rows, &|x, labels| multi_margin.loss(x, labels));
    }
    let all = CrossEntropy::new().label_smoothing(0.2).ignore_index(2).weights(CLASS_WEIGHTS);
    for (case, loss) in [
        ("smoothing", CrossEntropy::new().label_smoothing(0.2)),
        ("ignored", CrossEntropy::new().ignore_index(2)),
        ("all_settings", all.clone()),
        ("all_settings_sum", all.reduction(Reduction::Sum)),
    ] {
        compare(&format!("cross_entropy.{case}"), false, &|x, labels| loss.loss(x, labels));
    }
    let ignored = Nll::new().ignore_index(2).weights(CLASS_WEIGHTS);
    compare("nll.ignored", false, &|x, labels| ignored.loss(x, labels));
    let squared = MultiMargin::new().p(2).margin(0.4).weights(CLASS_WEIGHTS);
    compare("multi_margin.squared", false, &|x, labels| squared.loss(x, labels));
}

#[test]
fn of_soft_and_of_several_labels() {
    let references = references!("loss");
    for (case, loss) in [
        ("mean", CrossEntropy::new()),
        ("none", CrossEntropy::new().reduction(Reduction::None)),
        ("settings", CrossEntropy::new().label_smoothing(0.2).weights(CLASS_WEIGHTS)),
    ] {
        pair(&references, &format!("soft_cross_entropy.{case}"), |x, target| loss.soft_loss(x, target));
    }
    for (name, reduction) in REDUCTIONS {
        let reference = references.case(&format!("multi_label_margin.{name}"));
        let loss = MultiLabelMargin::new().reduction(reduction);
        reference.compare_function(|pass, inputs| loss.loss(inputs.get("x"), pass.constant(reference.get("wanted"))));
    }
}

#[test]
fn of_pairs_and_triplets() {
    let references = references!("loss");
    for (name, reduction) in REDUCTIONS {
        let reference = references.case(&format!("margin_ranking.{name}"));
        let loss = MarginRanking::new().margin(0.3).reduction(reduction);
        reference.compare_function(|pass, inputs| {
            loss.loss(inputs.get("x"), inputs.get("y"), pass.constant(reference.get("target")))
        });
        let reference = references.case(&format!("cosine_embedding.{name}"));
        let loss = CosineEmbedding::new().margin(-0.2).reduction(reduction);
        reference.compare_function(|pass, inputs| {
            loss.loss(inputs.get("x"), inputs.get("y"), pass.constant(reference.get("target")))
        });
    }
    for (case, loss) in [
        ("none", TripletMargin::new().reduction(Reduction::None)),
        ("mean", TripletMargin::new()),
        ("sum", TripletMargin::new().reduction(Reduction::Sum)),
        ("swap", TripletMargin::new().swap(true).margin(2.0).reduction(Reduction::None)),
        ("city_block", TripletMargin::new().p(1.0)),
        ("cubes", TripletMargin::new().p(3.0).margin(3.0)),
    ] {
        references
            .case(&format!("triplet_margin.{case}"))
            .compare_function(|_, inputs| loss.loss(inputs.get("x"), inputs.get("y"), inputs.get("z")));
    }
}

/// Through a softmax, behind which PyTorch's gradient is the true one.
#[test]
fn of_sequences() {
    let references = references!("loss");
    let none = Ctc::new().reduction(Reduction::None);
    for (case, loss) in [
        ("none", none),
        ("mean", Ctc::new()),
        ("sum", Ctc::new().reduction(Reduction::Sum)),
        ("infeasible", none.zero_infinity(true)),
        ("blank", Ctc::new().blank(4)),
    ] {
        references.case(&format!("ctc.{case}")).compare_function(|_, inputs| {
            let mut targets = inputs.indices("targets");
            if case == "blank" {
                targets.mapv_inplace(|label| 4 - label);
            }
            let [input_lengths, target_lengths] = ["input_lengths", "target_lengths"].map(|name| inputs.indices(name));
            loss.loss(inputs.get("x").log_softmax(-1), &targets, &input_lengths, &target_lengths)
        });
    }
}
