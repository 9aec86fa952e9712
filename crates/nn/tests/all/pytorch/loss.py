"""The losses, with their settings and reductions; see record.py. What PyTorch has not is written down in full."""

import torch
from torch.nn import functional as F

from record import case, save


def pairs(name, loss, x, target, **settings):
    """One loss of elements for every reduction, and one with settings for every dictionary of them.

    Targets of ±1 are integers, for nobody differentiates with respect to them.
    """
    asked = loss
    loss = lambda x, target, **settings: asked(x, target.double(), **settings)
    for reduction in ("none", "mean", "sum"):
        case(f"{name}.{reduction}", lambda x, target: loss(x, target, reduction=reduction), x=x, target=target)
    for key, chosen in settings.items():
        case(f"{name}.{key}", lambda x, target: loss(x, target, **chosen), x=x, target=target)


shape = (3, 4)
x, y = torch.randn(shape), torch.randn(shape)
signs = torch.where(torch.rand(shape) < 0.5, -1, 1)
pairs("mse", F.mse_loss, x, y)
pairs("l1", F.l1_loss, x, y)
pairs("smooth_l1", F.smooth_l1_loss, x, y, beta=dict(beta=0.3), rough=dict(beta=0.0))
pairs("huber", F.huber_loss, x, y, delta=dict(delta=0.3))
counts = torch.tensor([[0.0, 1.0, 2.0, 7.0], [3.0, 0.0, 1.0, 12.0], [5.0, 2.0, 4.0, 1.0]])
pairs("poisson_nll", F.poisson_nll_loss, x, counts)
# With Stirling's term PyTorch's gradient for a count of 0 is NaN.
counts = counts.clamp_min(1)
full = lambda x, target: F.poisson_nll_loss(x, target, full=True)
case("poisson_nll.full", full, x=x, target=counts)
rates = dict(log_input=False, full=True, eps=1e-3, reduction="sum")
case("poisson_nll.rates", lambda x, target: F.poisson_nll_loss(x, target, **rates), x=x.exp(), target=counts)
for key, variance in (("each", torch.rand(shape)), ("row", torch.rand(3, 1)), ("collapsed", torch.full(shape, 1e-9))):
    gaussian = lambda x, target, variance: F.gaussian_nll_loss(x, target, variance, full=True, reduction="none")
    case(f"gaussian_nll.{key}", gaussian, x=x, target=y, variance=variance)
case("gaussian_nll.mean", F.gaussian_nll_loss, x=x, target=y, variance=torch.rand(shape))

probabilities, target = torch.rand(shape), torch.rand(shape)
weight = torch.tensor([0.5, 2.0, 1.0, 3.0])
pairs("bce", F.binary_cross_entropy, probabilities, target, weight=dict(weight=weight))
both = dict(weight=torch.tensor([[1.0], [2.0], [0.5]]), pos_weight=weight)
pairs("bce_with_logits", F.binary_cross_entropy_with_logits, 3 * x, target, weights=both)
log_probabilities = torch.log_softmax(x, -1)
distribution = torch.softmax(y, -1)
distribution[0, 1] = 0.0
# The target's gradient at 0 is a departure.
for reduction in ("none", "mean", "sum", "batchmean"):
    kl = lambda x, target: F.kl_div(x, target.detach(), reduction=reduction)
    case(f"kl_divergence.{reduction}", kl, x=log_probabilities, target=distribution)
kl = lambda x, target: F.kl_div(x, target, reduction="sum")
case("kl_divergence.target", kl, x=log_probabilities, target=torch.softmax(y, -1))
kl = lambda x, target: F.kl_div(x, target, reduction="sum", log_target=True)
case("kl_divergence.log_target", kl, x=log_probabilities, target=torch.log_softmax(y, -1))


def reduced(losses, reduction):
    return {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]


def focal(x, target, alpha=0.25, gamma=2.0, reduction="mean"):
    p = torch.sigmoid(x)
    loss = F.binary_cross_entropy_with_logits(x, target, reduction="none")
    loss = loss * (1 - (p * target + (1 - p) * (1 - target))) ** gamma * (alpha * target + (1 - alpha) * (1 - target))
    return reduced(loss, reduction)


def log_cosh(x, y, reduction):
    return reduced(torch.log(torch.cosh(x - y)), reduction)


def hinge(x, target, margin=1.0, reduction="mean"):
    return reduced((margin - target * x).clamp_min(0), reduction)


pairs("focal", focal, x, target, settings=dict(alpha=0.6, gamma=1.5))
pairs("log_cosh", log_cosh, 2 * x, y)
pairs("soft_margin", F.soft_margin_loss, 3 * x, signs)
pairs("hinge", hinge, x, signs, margin=dict(margin=0.3))
pairs("hinge_embedding", F.hinge_embedding_loss, x.abs(), signs, margin=dict(margin=0.7))

logits = torch.randn(2, 3, 5)
labels = torch.tensor([[4, 0, 2], [2, 2, 1]])
class_weights = torch.tensor([0.5, 2.0, 1.0, 0.0, 3.0])


def classes(name, loss, x):
    """As rows, for PyTorch has the classes second."""
    rows = lambda loss, x, labels: loss(x.reshape(6, 5), labels.reshape(6))
    for reduction in ("none", "mean", "sum"):
        for key, settings in (("", {}), (".weights", dict(weight=class_weights))):
            chosen = lambda x, labels: loss(x, labels, reduction=reduction, **settings)
            case(f"{name}.{reduction}{key}", lambda x, labels: rows(chosen, x, labels), x=x, labels=labels)
    return rows


rows = classes("cross_entropy", F.cross_entropy, logits)
classes("nll", F.nll_loss, torch.log_softmax(logits, -1))
classes("multi_margin", F.multi_margin_loss, logits)
squared = lambda x, labels: F.multi_margin_loss(x, labels, p=2, margin=0.4, weight=class_weights)
case("multi_margin.squared", lambda x, labels: rows(squared, x, labels), x=logits, labels=labels)
for key, settings in (
    ("smoothing", dict(label_smoothing=0.2)),
    ("ignored", dict(ignore_index=2)),
    ("all_settings", dict(label_smoothing=0.2, ignore_index=2, weight=class_weights)),
    ("all_settings_sum", dict(label_smoothing=0.2, ignore_index=2, weight=class_weights, reduction="sum")),
):
    chosen = lambda x, labels: F.cross_entropy(x, labels, **settings)
    case(f"cross_entropy.{key}", lambda x, labels: rows(chosen, x, labels), x=logits, labels=labels)
ignored = lambda x, labels: F.nll_loss(x, labels, ignore_index=2, weight=class_weights)
case("nll.ignored", lambda x, labels: rows(ignored, x, labels), x=torch.log_softmax(logits, -1), labels=labels)
soft = torch.softmax(torch.randn(6, 5), -1)
for key, settings in (
    ("mean", {}),
    ("none", dict(reduction="none")),
    ("settings", dict(label_smoothing=0.2, weight=class_weights)),
):
    chosen = lambda x, target: F.cross_entropy(x, target, **settings)
    case(f"soft_cross_entropy.{key}", chosen, x=logits.reshape(6, 5), target=soft)

soft_margin = lambda x, target, **settings: F.multilabel_soft_margin_loss(x, target, **settings)
pairs("multi_label_soft_margin", soft_margin, x, target, weights=dict(weight=weight))
wanted = torch.tensor([[1, 0, 1, 1], [0, 0, 0, 1], [1, 1, 0, 0]])


def listed(wanted):
    """The class numbers of each row, and -1 behind them."""
    return torch.stack([F.pad(row.nonzero().flatten(), (0, 4 - int(row.sum())), value=-1) for row in wanted])


for reduction in ("none", "mean", "sum"):
    margin = lambda x, wanted: F.multilabel_margin_loss(x, listed(wanted), reduction=reduction)
    case(f"multi_label_margin.{reduction}", margin, x=x, wanted=wanted)

for reduction in ("none", "mean", "sum"):
    ranking = lambda x, y, target: F.margin_ranking_loss(x, y, target, margin=0.3, reduction=reduction)
    case(f"margin_ranking.{reduction}", ranking, x=x, y=y, target=signs)
    cosine = lambda x, y, target: F.cosine_embedding_loss(x, y, target, margin=-0.2, reduction=reduction)
    case(f"cosine_embedding.{reduction}", cosine, x=x, y=y, target=torch.tensor([1, -1, -1]))
z = torch.randn(shape)
for key, settings in (
    ("none", dict(reduction="none")),
    ("mean", {}),
    ("sum", dict(reduction="sum")),
    ("swap", dict(swap=True, margin=2.0, reduction="none")),
    ("city_block", dict(p=1.0)),
    ("cubes", dict(p=3.0, margin=3.0)),
):
    triplet = lambda x, y, z: F.triplet_margin_loss(x, y, z, **settings)
    case(f"triplet_margin.{key}", triplet, x=x, y=y, z=z)

# Repeated labels, an empty target, a short input, and padding that is no label.
steps = torch.randn(6, 4, 5)
targets = torch.tensor([[1, 1, 2], [3, 4, 0], [2, 0, 0], [0, 0, 0]])
lengths = dict(input_lengths=torch.tensor([6, 4, 5, 3]), target_lengths=torch.tensor([3, 2, 1, 0]))
for key, settings in (("none", dict(reduction="none")), ("mean", {}), ("sum", dict(reduction="sum"))):
    ctc = lambda x, *others: F.ctc_loss(torch.log_softmax(x, -1), *others, **settings)
    case(f"ctc.{key}", ctc, x=steps, targets=targets, **lengths)
lengths["input_lengths"] = torch.tensor([3, 4, 5, 3])
ctc = lambda x, *others: F.ctc_loss(torch.log_softmax(x, -1), *others, reduction="none", zero_infinity=True)
case("ctc.infeasible", ctc, x=steps, targets=targets, **lengths)
last = lambda x, targets, *others: F.ctc_loss(torch.log_softmax(x, -1), 4 - targets, *others, blank=4)
lengths["input_lengths"] = torch.tensor([6, 4, 5, 3])
case("ctc.blank", last, x=steps, targets=torch.tensor([[1, 1, 2], [3, 4, 0], [2, 1, 1], [1, 1, 1]]), **lengths)
save()
