"""Attention as a function and in several heads, with every kind of mask; see record.py."""

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from record import case, save

INF = float("inf")


def qkv(*batch, queries=3, keys=4, features=2, values=3):
    return {
        "query": torch.randn(*batch, queries, features),
        "key": torch.randn(*batch, keys, features),
        "value": torch.randn(*batch, keys, values),
    }


case("function", scaled_dot_product_attention, **qkv(2, 3))
case("function_without_batch", scaled_dot_product_attention, **qkv())
case("function_causal", lambda q, k, v: scaled_dot_product_attention(q, k, v, is_causal=True), **qkv(2))
case(
    "function_causal_of_more_queries",
    lambda q, k, v: scaled_dot_product_attention(q, k, v, is_causal=True),
    **qkv(2, queries=5, keys=3),
)
allowed = torch.tensor([[True, False, True, False], [True, True, True, True], [False, False, False, True]])
case("function_allowed", scaled_dot_product_attention, **qkv(2), allowed=allowed)
# Differentiated with respect to the mask too: a bias that is learned. Minus infinity blocks.
bias = torch.randn(2, 1, 3, 4)
bias[0, 0, 1, 2] = bias[1, 0, 0, 0] = -INF
case("function_additive", scaled_dot_product_attention, **qkv(2, 2), additive=bias)
case("function_extreme", scaled_dot_product_attention, **{key: 1e3 * array for key, array in qkv(2).items()})


def heads(name, module, blocked=None, padding=None, causal=False, **inputs):
    # Gradients with respect to biases of zero would look right too often.
    with torch.no_grad():
        for key, parameter in module.named_parameters():
            if "bias" in key:
                parameter.copy_(torch.randn_like(parameter))

    def forward(query, key, value, *masks):
        masks = dict(zip([name for name, mask in (("blocked", blocked), ("padding", padding)) if mask is not None], masks))
        mask = masks.get("blocked")
        if causal:
            mask = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool).triu(1)
        output, weights = module(
            query, key, value, attn_mask=mask, key_padding_mask=masks.get("padding"), average_attn_weights=False
        )
        return {"output": output, "weights": weights}

    masks = {key: mask for key, mask in (("blocked", blocked), ("padding", padding)) if mask is not None}
    case(name, forward, module, **inputs, **masks)


def inputs(*batch, queries=3, keys=4, embed=4, kdim=None, vdim=None):
    return {
        "query": torch.randn(*batch, queries, embed),
        "key": torch.randn(*batch, keys, kdim or embed),
        "value": torch.randn(*batch, keys, vdim or embed),
    }


def layer(**settings):
    return nn.MultiheadAttention(4, 2, batch_first=True, **settings)


heads("cross", layer(), **inputs(2))
heads("cross_without_batch", layer(), **inputs())
heads("cross_without_bias", layer(bias=False), **inputs(2))
heads("other_features", layer(kdim=3, vdim=5), **inputs(2, kdim=3, vdim=5))
heads("causal", layer(), causal=True, **inputs(2, queries=4))
heads("blocked", layer(), blocked=~allowed, **inputs(2))
padding = torch.tensor([[False, False, True, True], [False, False, False, False]])
heads("padding", layer(), padding=padding, **inputs(2))
heads("padding_and_causal", layer(), padding=padding, causal=True, **inputs(2, queries=4))

module = layer()
case("self", lambda x: module(x, x, x, need_weights=False)[0], module, x=torch.randn(2, 3, 4))
module = nn.MultiheadAttention(4, 2)
case("self_with_the_batch_second", lambda x: module(x, x, x, need_weights=False)[0], module, x=torch.randn(3, 2, 4))
save()
