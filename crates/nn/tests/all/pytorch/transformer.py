"""Transformer layers and stacks, the sum normalised and the input, with masks; see record.py."""

import torch
from torch import nn

from record import case, save

SETTINGS = {"d_model": 4, "nhead": 2, "dim_feedforward": 3, "dropout": 0.0, "batch_first": True}
# True where a query may not look, and where a key is only there to fill the batch up.
causal = torch.ones(3, 3, dtype=torch.bool).triu(1)
padding = torch.tensor([[False, False, True], [False, False, False]])


def shaken(module):
    """Away from weights of one and biases of zero, whose gradients would look right too often."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return module


def x():
    return torch.randn(2, 3, 4)


def memory():
    return torch.randn(2, 2, 4)


encoder = lambda **settings: shaken(nn.TransformerEncoderLayer(**SETTINGS, **settings))
case("encoder_layer", encoder(), x=x())
case("encoder_layer_norm_first_gelu", encoder(norm_first=True, activation="gelu"), x=x())
case("encoder_layer_without_bias", encoder(bias=False), x=x())
module = encoder()
forward = lambda x, padding: module(x, src_mask=causal, src_key_padding_mask=padding)
case("encoder_layer_masked", forward, module, x=x(), padding=padding)
module = shaken(nn.TransformerEncoder(encoder(norm_first=True), 2, nn.LayerNorm(4)))
case("encoder", lambda x: module(x, mask=causal), module, x=x())

decoder = lambda **settings: shaken(nn.TransformerDecoderLayer(**SETTINGS, **settings))
case("decoder_layer", decoder(), x=x(), memory=memory())
case("decoder_layer_norm_first_gelu", decoder(norm_first=True, activation="gelu"), x=x(), memory=memory())
case("decoder_layer_without_bias", decoder(bias=False), x=x(), memory=memory())
decoder_layer = decoder()
memory_padding = torch.tensor([[False, False], [False, True]])
forward = lambda x, memory, padding: decoder_layer(x, memory, tgt_mask=causal, memory_key_padding_mask=padding)
case("decoder_layer_masked", forward, decoder_layer, x=x(), memory=memory(), padding=memory_padding)
stack = shaken(nn.TransformerDecoder(decoder(), 2, nn.LayerNorm(4)))
case("decoder", lambda x, memory: stack(x, memory, tgt_mask=causal), stack, x=x(), memory=memory())

whole = shaken(nn.Transformer(num_encoder_layers=1, num_decoder_layers=1, **SETTINGS))
case("whole", lambda x, target: whole(x, target, tgt_mask=causal), whole, x=memory(), target=x())
save()
