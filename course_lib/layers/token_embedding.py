"""Token embeddings that also turn hidden states back into logits."""

from typing import Any

import keras
import keras_hub


@keras.saving.register_keras_serializable(package="course_lib")
class TokenEmbedding(keras_hub.layers.ReversibleEmbedding):
    """`keras_hub.layers.ReversibleEmbedding` with an output bias.

    Forwards it is a lookup, `(B, T)` ids to `(B, T, D)` vectors; called with
    `reverse=True` it is the output layer, `(B, T, D)` hidden states to `(B, T, V)`
    logits, with the same matrix (`tie_weights=True`) or a second one.

    Args:
        input_dim: int `V`, the size of the vocabulary.
        output_dim: int `D`.
        reverse_bias: bool, whether the logits have a bias, one number a token. It
            learns how frequent each token is, so that the matrix need not.
        **kwargs: passed to `keras_hub.layers.ReversibleEmbedding`.

    Example:
    ```python
    embedding = TokenEmbedding(100, 8, reverse_bias=True)
    hidden_states = embedding(np.array([[3, 14]]))  # (1, 2, 8)
    logits = embedding(hidden_states, reverse=True)  # (1, 2, 100)
    ```

    Reference:
        Press and Wolf, "Using the Output Embedding to Improve Language Models"
        (2017), for the tied weights.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        reverse_bias: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(input_dim, output_dim, **kwargs)
        self.reverse_bias = reverse_bias

    def build(self, input_shape: tuple | None = None) -> None:
        super().build(input_shape)
        if self.reverse_bias:
            self.bias = self.add_weight(
                shape=(self.input_dim,), initializer="zeros", name="reverse_bias"
            )

    def call(self, inputs, reverse=False):
        outputs = super().call(inputs, reverse=reverse)
        if reverse and self.reverse_bias:
            outputs = outputs + keras.ops.cast(self.bias, outputs.dtype)
        return outputs

    @property
    def reverse_kernel(self) -> Any:
        """What hidden states are multiplied with to give logits: `(D, V)`."""
        if self.tie_weights:
            return keras.ops.transpose(self.embeddings)
        return keras.ops.convert_to_tensor(self.reverse_embeddings)

    @property
    def variable_serialization_spec(self) -> dict[str | None, list[str]]:
        """The variables that Keras saves, by quantization mode."""
        spec = super().variable_serialization_spec
        names = ["bias"] if self.reverse_bias else []
        return {mode: [*variables, *names] for mode, variables in spec.items()}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "reverse_bias": self.reverse_bias}
