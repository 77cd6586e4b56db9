"""A penalty for the tokens that a text has already."""

from typing import Any

import keras
from keras import ops

from course_lib.samplers.arguments import check_above_zero, check_token_ids
from course_lib.tracing import is_traced

Tensor = Any


@keras.saving.register_keras_serializable(package="course_lib")
def repetition_penalty(
    probabilities: Tensor, previous_token_ids: Any, penalty: float
) -> Tensor:
    r"""Make tokens that the text has already less likely.

    $$q_i \propto p_i^\theta \text{ where token } i \text{ was before, else } p_i$$

    CTRL divides the logits of such tokens by $\theta$. That would raise a negative
    logit, so programs multiply those instead. Either way the result depends on a
    constant that may be added to all logits and changes no probability. Here the
    logits are the log-probabilities: the constant is fixed, none is positive, and
    multiplied by $\theta$ they give the formula above. So a token with probability 1
    keeps it; with CTRL's logits it could lose it.

    Args:
        probabilities: float tensor `(B, V)`.
        previous_token_ids: int array or tensor `(B, T)`, the prompt and what follows
            so far, in any order; -1 where there is nothing. `FilterSampler` gives it.
        penalty: float $\theta$ above 0. 1 changes nothing; CTRL takes 1.2.

    Returns:
        A float tensor `(B, V)`, renormalised. If every token was before, this is
        temperature $1 / \theta$.

    Raises:
        ValueError: if `penalty` is not above 0; eagerly, if an id is out of range.

    Example:
    >>> repetition_penalty(
    ...     ops.array([[0.5, 0.25, 0.25]]), [[0, 0, -1]], penalty=2.0
    ... )  # doctest: +SKIP
    [[0.33333334, 0.33333334, 0.33333334]]

    Reference:
        Keskar et al., "CTRL: A Conditional Transformer Language Model for
        Controllable Generation" (2019), section 4.1.
    """
    check_above_zero("penalty", penalty)
    log_probabilities = ops.log(ops.convert_to_tensor(probabilities))
    seen = _seen(previous_token_ids, *ops.shape(log_probabilities))
    penalised = float(penalty) * log_probabilities
    return ops.softmax(ops.where(seen, penalised, log_probabilities), axis=-1)


def _seen(token_ids: Any, batch_size: Any, vocabulary_size: int) -> Tensor:
    """`(B, V)`, `True` for the tokens among each row of `token_ids` `(B, T)`."""
    token_ids = ops.cast(ops.convert_to_tensor(token_ids), "int32")
    if not is_traced(token_ids):
        check_token_ids(
            "previous_token_ids",
            ops.convert_to_numpy(token_ids),
            vocabulary_size,
            lowest=-1,
        )
    # What is not there marks a column of its own, which goes.
    columns = ops.where(token_ids < 0, vocabulary_size, token_ids)
    rows = ops.broadcast_to(ops.arange(batch_size)[:, None], ops.shape(columns))
    places = ops.reshape(ops.stack([rows, columns], axis=-1), (-1, 2))
    marks = ops.scatter_update(
        ops.zeros((batch_size, vocabulary_size + 1), "int32"),
        places,
        ops.ones_like(places[:, 0]),
    )
    return marks[:, :vocabulary_size] > 0
