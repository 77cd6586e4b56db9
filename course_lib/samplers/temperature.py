"""Temperature: one distribution, made sharper or flatter."""

from typing import Any

from keras import ops

from course_lib.samplers.arguments import check_at_least_zero
from course_lib.samplers.logits import check_something_left

Tensor = Any


def reweight_distribution(probabilities: Tensor, temperature: float) -> Tensor:
    r"""The distribution at another temperature, from its probabilities alone.

    $$q_i = p_i^{1/T} / \sum_j p_j^{1/T} = \operatorname{softmax}(\log p \, / \, T)_i$$

    With `p = softmax(z)` this is `softmax(z / T)`: what the logits have more than
    `log p` is the same for all tokens and cancels. Zeros stay zeros. The sum runs over
    logarithms, the largest taken off first, so no temperature overflows.

    Args:
        probabilities: float tensor `(..., V)`.
        temperature: float, at least 0. Below 1 sharpens, above 1 flattens; 0 leaves
            the likeliest token alone, of equals the lowest id.

    Returns:
        A float32 tensor `(..., V)` whose rows sum to 1.

    Raises:
        ValueError: if `temperature` is negative, infinite or NaN; eagerly, if a
            probability is negative or NaN, or all of a row are 0.

    Example:
    >>> reweight_distribution(ops.array([0.8, 0.2]), 0.5)  # doctest: +SKIP
    [0.9411765 0.05882353]

    Reference:
        Ackley, Hinton and Sejnowski, "A Learning Algorithm for Boltzmann Machines"
        (1985), for the temperature.
    """
    check_at_least_zero("temperature", temperature)
    probabilities = ops.convert_to_tensor(probabilities, "float32")
    check_something_left(
        ops.where(probabilities < 0, float("nan"), probabilities),
        "`probabilities` must be numbers of at least 0, and some of each row above 0. "
        "Received: a negative number, NaN or a row of zeros",
    )
    return softmax_at(ops.log(probabilities), temperature)


def softmax_at(logits: Tensor, temperature: float) -> Tensor:
    """`softmax(logits / temperature)` for any temperature of at least 0.

    Args:
        logits: float tensor `(..., V)`; at least one in each row is above -inf.
        temperature: float, already checked.

    Returns:
        A float tensor `(..., V)`; at temperature 0, 1 for the largest logit.
    """
    if temperature == 0:
        return ops.one_hot(ops.argmax(logits, axis=-1), logits.shape[-1])
    if temperature != 1:
        # The maximum becomes 0 first, so that no small temperature can overflow.
        logits = logits - ops.max(logits, axis=-1, keepdims=True)
        logits = logits / min(max(temperature, 1e-30), 1e30)
    return ops.softmax(logits, axis=-1)
