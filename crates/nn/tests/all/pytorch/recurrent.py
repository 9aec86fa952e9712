"""Recurrent layers and their cells, packed sequences included; see record.py."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from record import case, save

TIME, BATCH, INPUT, HIDDEN = 4, 3, 3, 2


def outputs(output, state):
    if isinstance(state, torch.Tensor):
        return {"output": output, "h_n": state}
    return {"output": output, "h_n": state[0], "c_n": state[1]}


def cell(name, module):
    def forward(x, h, c=None):
        after = module(x, h if c is None else (h, c))
        return {"h_1": after} if c is None else {"h_1": after[0], "c_1": after[1]}

    state = {"h": torch.randn(BATCH, HIDDEN)}
    if isinstance(module, nn.LSTMCell):
        state["c"] = torch.randn(BATCH, HIDDEN)
    case(name, forward, module, x=torch.randn(BATCH, INPUT), **state)


def layer(name, module, lengths=None, state=True, batch=BATCH):
    def forward(x, *start):
        start = None if not start else start[0] if len(start) == 1 else start
        if lengths is None:
            return outputs(*module(x, start))
        packed = pack_padded_sequence(x, lengths, module.batch_first, enforce_sorted=False)
        output, end = module(packed, start)
        return outputs(pad_packed_sequence(output, module.batch_first, total_length=TIME)[0], end)

    cells = module.num_layers * (2 if module.bidirectional else 1)
    size = (BATCH, TIME) if module.batch_first else (TIME, BATCH)
    size, rows = ((TIME,), (cells,)) if batch is None else (size, (cells, BATCH))
    start = {}
    if state:
        start["h"] = torch.randn(*rows, module.proj_size or HIDDEN)
        if isinstance(module, nn.LSTM):
            start["c"] = torch.randn(*rows, HIDDEN)
    case(name, forward, module, x=torch.randn(*size, INPUT), **start)


for kind, cells in [(nn.RNN, nn.RNNCell), (nn.GRU, nn.GRUCell), (nn.LSTM, nn.LSTMCell)]:
    name = kind.__name__.lower()
    cell(f"{name}_cell", cells(INPUT, HIDDEN))
    layer(f"{name}", kind(INPUT, HIDDEN), state=False)
    layer(f"{name}_deep", kind(INPUT, HIDDEN, num_layers=2, bidirectional=True, batch_first=True))
    layer(f"{name}_packed", kind(INPUT, HIDDEN, num_layers=2, bidirectional=True), lengths=[2, 4, 1])
    layer(f"{name}_alone", kind(INPUT, HIDDEN, bias=False, batch_first=True), batch=None)
layer("rnn_relu", nn.RNN(INPUT, HIDDEN, nonlinearity="relu"))
layer("lstm_projected", nn.LSTM(INPUT, HIDDEN, num_layers=2, bidirectional=True, proj_size=1), lengths=[3, 4, 4])
save()
