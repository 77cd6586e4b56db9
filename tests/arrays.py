"""Tensors of any backend to numpy, gradients on any backend, weights and files."""

import h5py
import keras
import numpy as np
from keras import ops


def to_numpy(tensor):
    """Values as a numpy array, float16 and bfloat16 as float32."""
    array = np.array(ops.convert_to_numpy(tensor))
    return array if array.dtype.kind in "biu" else array.astype("float32")


def gradient(function, x):
    """The gradient of `ops.sum(function(x))` with respect to `x`, as numpy."""
    backend = keras.config.backend()
    x = ops.convert_to_tensor(x)
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            total = ops.sum(function(x))
        return to_numpy(tape.gradient(total, x))
    if backend == "jax":
        import jax

        return to_numpy(jax.grad(lambda x: ops.sum(function(x)))(x))
    x = x.detach().clone().requires_grad_(True)
    ops.sum(function(x)).backward()
    return to_numpy(x.grad)


def randomise(model, seed=0):
    """Random weights: those of a fresh model hide errors, biases are 0, norms 1."""
    generator = np.random.default_rng(seed)
    model.set_weights(
        [generator.normal(0, 0.5, np.shape(w)) for w in model.get_weights()]
    )


def save_and_load(layer, inputs, path):
    """`layer` after a `.keras` round trip inside a model, and both outputs."""
    symbolic = keras.Input(inputs.shape[1:], dtype=str(inputs.dtype))
    model = keras.Model(symbolic, layer(symbolic))
    randomise(model)
    model.save(path)
    loaded = keras.models.load_model(path)
    return loaded.layers[-1], to_numpy(model(inputs)), to_numpy(loaded(inputs))


def stored_dtypes(path):
    """The names of the dtypes in a weights file."""
    dtypes = set()

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            dtypes.add(item.dtype.name)

    with h5py.File(path) as file:
        file.visititems(visit)
    return dtypes
