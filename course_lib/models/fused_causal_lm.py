"""A causal LM whose training never holds all logits."""

import contextlib
import math
from typing import Any

import keras
import keras_hub
from keras import ops

from course_lib.losses import fused_cross_entropy
from course_lib.models.token_ids import check_labels


class FusedCausalLM(keras_hub.models.CausalLM):
    """`fit` and `evaluate` with `course_lib.losses.fused_cross_entropy`.

    It is the default loss of `compile()`. `fit` and `evaluate` then report `loss`, the
    mean over batches of -log p a real token in nats, and over all tokens alike
    `perplexity` and, where there is a tokenizer, `bits_per_byte`: `math.log(
    perplexity)` is the exact loss of a data set. Padding counts nowhere. Logits are
    computed only if `compile()` is given metrics, which need them, or a `loss` of your
    own, which gets them as in any Keras model.

    A subclass has a `backbone` with a `token_embedding` and logits as its outputs.
    """

    _perplexity: Any = None
    _bits_per_byte: Any = None
    _token_bytes: Any = None
    _loss_is_nats = False
    _loss_is_fused = False
    _gives_hidden_states = False

    def compile(
        self, optimizer="auto", loss="auto", *, weighted_metrics="auto", **kwargs
    ):
        """As `keras_hub.models.CausalLM.compile`, with defaults that suit a GPT.

        Args:
            optimizer: defaults to `keras.optimizers.Adam()`, whose rate of 1e-3 is
                right for training from scratch; KerasHub's 2e-5 is for finetuning.
            loss: defaults to the cross-entropy in nats, averaged over real tokens.
                With it perplexity and bits per byte are reported too.
            weighted_metrics: defaults to none: with any, all logits are computed.
            **kwargs: `sampler` and whatever `keras.Model.compile` takes.
        """
        if optimizer == "auto":
            optimizer = keras.optimizers.Adam()
        if weighted_metrics == "auto":
            weighted_metrics = []
        self._loss_is_nats = loss == "auto"
        self._loss_is_fused = self._loss_is_nats and not (
            weighted_metrics or kwargs.get("metrics")
        )
        if self._perplexity is None:
            self._perplexity = PerplexityOfLoss(name="perplexity")
            self._bits_per_byte = keras.metrics.Mean(name="bits_per_byte")
            self._scaled_for_distribution = GivenLoss()
        if self.preprocessor is not None and self.preprocessor.tokenizer.has_vocabulary:
            self._token_bytes = self.preprocessor.tokenizer.token_bytes()
        if loss == "auto":  # what `compute_loss` computes, said in Keras' words
            loss = keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, reduction="mean_with_sample_weight"
            )
        super().compile(optimizer, loss, weighted_metrics=weighted_metrics, **kwargs)

    def fit(self, x=None, y=None, *args, **kwargs):
        """As in KerasHub; a `keras.utils.PyDataset` gives token ids and is left as is.

        Args:
            x: texts, arrays or a `tf.data.Dataset` for the preprocessor, if there is
                one; or a `keras.utils.PyDataset` such as
                `course_lib.datasets.TokenBatches`, whose batches are taken in their
                own order. Validation data must then be token ids, too.
            y: labels, if `x` is an array. Those of any other data cannot be looked at
                before; a wrong one that has a weight makes the loss NaN.
            *args: passed on.
            **kwargs: passed on.

        Raises:
            ValueError: if a label that has a weight is no token id.
        """
        if isinstance(x, keras.utils.PyDataset):
            kwargs.setdefault("shuffle", False)  # it has an order of its own
            return keras.Model.fit(self, x, y, *args, **kwargs)
        if self._loss_is_nats:
            check_labels(y, kwargs.get("sample_weight"), self.backbone.vocabulary_size)
        return super().fit(x, y, *args, **kwargs)

    def evaluate(self, x=None, *args, **kwargs):
        """As `fit`."""
        if isinstance(x, keras.utils.PyDataset):
            return keras.Model.evaluate(self, x, *args, **kwargs)
        return super().evaluate(x, *args, **kwargs)

    @property
    def metrics(self):
        """As in Keras; what comes from the default loss is there only with it."""
        hidden = []
        if not self._loss_is_nats:
            hidden.append(self._perplexity)
        if not self._loss_is_nats or self._token_bytes is None:
            hidden.append(self._bits_per_byte)
        return [m for m in super().metrics if not any(m is other for other in hidden)]

    def train_step(self, *args):
        with self._hidden_states_only():
            return super().train_step(*args)

    def test_step(self, *args):
        with self._hidden_states_only():
            return super().test_step(*args)

    @contextlib.contextmanager
    def _hidden_states_only(self):
        """Within a step, what the model gives is not yet multiplied to logits."""
        self._gives_hidden_states = self._loss_is_fused
        try:
            yield
        finally:
            self._gives_hidden_states = False

    def call(self, inputs, training=None, mask=None, **kwargs):
        if self._gives_hidden_states:
            return self.backbone(inputs, training=training)
        return super().call(inputs, training=training, mask=mask, **kwargs)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """The loss of a batch, which also goes into perplexity and bits per byte."""
        if not self._loss_is_nats:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        nats_of = self._nats_of_hidden_states
        if not self._gives_hidden_states:
            nats_of = self._nats_of_logits
        nats = nats_of(y_pred, y, sample_weight, training)
        self._update_metrics(nats, y, sample_weight)
        loss = self._scaled_for_distribution(nats, nats)
        return sum((ops.sum(extra) for extra in self.losses), loss)

    def _nats_of_hidden_states(self, hidden_states, y, sample_weight, training):
        token_embedding = self.backbone.token_embedding
        return fused_cross_entropy(
            hidden_states,
            y,
            token_embedding.reverse_kernel,
            token_embedding.bias if token_embedding.reverse_bias else None,
            sample_weight,
            needs_gradient=training,
        )

    def _nats_of_logits(self, logits, y, sample_weight, training):
        nats = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        if sample_weight is None:
            return ops.mean(nats)
        weights = ops.cast(sample_weight, nats.dtype)
        return ops.divide_no_nan(ops.sum(weights * nats), ops.sum(weights))

    def _update_metrics(self, nats, y, sample_weight):
        """Let the loss of a batch count for each of its tokens."""
        weights = ops.ones_like(y) if sample_weight is None else sample_weight
        weights = ops.cast(weights, "float32")
        num_tokens = ops.sum(weights)
        self._perplexity.update_state(nats, sample_weight=num_tokens)
        if self._token_bytes is not None:
            token_bytes = ops.convert_to_tensor(self._token_bytes, "float32")
            real = ops.where(weights > 0, y, 0)
            token_bytes = ops.take(token_bytes, real, axis=0)
            num_bytes = ops.sum(token_bytes * weights)
            bits = nats * num_tokens / math.log(2)
            self._bits_per_byte.update_state(
                ops.divide_no_nan(bits, num_bytes), sample_weight=num_bytes
            )


class PerplexityOfLoss(keras.metrics.Mean):
    """The exponential of a mean loss in nats that is weighted by tokens."""

    def result(self):
        return ops.exp(super().result())


class GivenLoss(keras.losses.Loss):
    """A loss computed already, divided among replicas as Keras does it."""

    def call(self, y_true, y_pred):
        return y_pred
