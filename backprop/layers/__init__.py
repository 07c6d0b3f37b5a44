"""Layers as a reader would write them: forward, staged backward, backward on paper.

Every layer is two or three functions of plain numpy, and nothing but numpy: no tracer, no
class, no state. They follow the conventions of Stanford's cs231n:

- ``…_forward(…) -> (out, cache)``: the cache is a tuple of what the backward needs;
- ``…_backward(dout, cache)``: staged, one small operation a line, in reverse;
- ``…_backward_on_paper(dout, cache)``: the closed form, derived with the chain rule, where
  there is one.

Both backwards return the gradients in the order of the forward's arguments (one array
if there is one). ``dout`` is the upstream gradient, of the shape of ``out``; a gradient
has the shape and the dtype of what it is the gradient of. Nothing that is passed in is
written to, the running averages in ``bn_param`` excepted.
"""

from backprop.layers.affine import affine_backward, affine_backward_on_paper, affine_forward
from backprop.layers.attention import (
    attention_backward,
    attention_backward_on_paper,
    attention_forward,
    multihead_attention_backward,
    multihead_attention_forward,
)
from backprop.layers.batchnorm import (
    batchnorm_backward,
    batchnorm_backward_on_paper,
    batchnorm_forward,
)
from backprop.layers.conv import conv_backward, conv_backward_on_paper, conv_forward
from backprop.layers.dropout import (
    dropout_backward,
    dropout_backward_on_paper,
    dropout_forward,
)
from backprop.layers.embedding import (
    word_embedding_backward,
    word_embedding_backward_on_paper,
    word_embedding_forward,
)
from backprop.layers.layernorm import (
    layernorm_backward,
    layernorm_backward_on_paper,
    layernorm_forward,
)
from backprop.layers.lstm import (
    lstm_backward,
    lstm_forward,
    lstm_step_backward,
    lstm_step_forward,
)
from backprop.layers.pool import (
    avg_pool_backward,
    avg_pool_forward,
    max_pool_backward,
    max_pool_forward,
)
from backprop.layers.relu import relu_backward, relu_backward_on_paper, relu_forward
from backprop.layers.rnn import (
    rnn_backward,
    rnn_forward,
    rnn_step_backward,
    rnn_step_backward_on_paper,
    rnn_step_forward,
)
from backprop.layers.softmax_loss import (
    softmax_loss_backward,
    softmax_loss_backward_on_paper,
    softmax_loss_forward,
)
from backprop.layers.spatial import (
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
)
from backprop.layers.svm_loss import (
    svm_loss_backward,
    svm_loss_backward_on_paper,
    svm_loss_forward,
)
from backprop.layers.two_layer_net import (
    two_layer_net_backward,
    two_layer_net_backward_on_paper,
    two_layer_net_forward,
)
from backprop.layers.variance import (
    variance_backward,
    variance_backward_on_paper,
    variance_forward,
)

__all__ = [
    "affine_backward",
    "affine_backward_on_paper",
    "affine_forward",
    "attention_backward",
    "attention_backward_on_paper",
    "attention_forward",
    "avg_pool_backward",
    "avg_pool_forward",
    "batchnorm_backward",
    "batchnorm_backward_on_paper",
    "batchnorm_forward",
    "conv_backward",
    "conv_backward_on_paper",
    "conv_forward",
    "dropout_backward",
    "dropout_backward_on_paper",
    "dropout_forward",
    "layernorm_backward",
    "layernorm_backward_on_paper",
    "layernorm_forward",
    "lstm_backward",
    "lstm_forward",
    "lstm_step_backward",
    "lstm_step_forward",
    "max_pool_backward",
    "max_pool_forward",
    "multihead_attention_backward",
    "multihead_attention_forward",
    "relu_backward",
    "relu_backward_on_paper",
    "relu_forward",
    "rnn_backward",
    "rnn_forward",
    "rnn_step_backward",
    "rnn_step_backward_on_paper",
    "rnn_step_forward",
    "softmax_loss_backward",
    "softmax_loss_backward_on_paper",
    "softmax_loss_forward",
    "spatial_batchnorm_backward",
    "spatial_batchnorm_forward",
    "spatial_groupnorm_backward",
    "spatial_groupnorm_forward",
    "svm_loss_backward",
    "svm_loss_backward_on_paper",
    "svm_loss_forward",
    "two_layer_net_backward",
    "two_layer_net_backward_on_paper",
    "two_layer_net_forward",
    "variance_backward",
    "variance_backward_on_paper",
    "variance_forward",
    "word_embedding_backward",
    "word_embedding_backward_on_paper",
    "word_embedding_forward",
]
