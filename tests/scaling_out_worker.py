"""Trains one tiny GPT in a process of its own, for `test_scaling_out.py`.

`python -m tests.scaling_out_worker FILE` writes losses and weights to FILE (.npz). The
backend decides how: JAX once on one device and once on all; TensorFlow with
`MultiWorkerMirroredStrategy` if `TF_CONFIG` names the workers, else alone.
"""

import os
import sys

import keras
import numpy as np

from tests.tiny_gpt import as_inputs, random_ids, tiny_gpt

STEPS, ROWS, WIDTH = 3, 8, 8
# The first half of each batch, one worker's share, holds most of the tokens.
LENGTHS = [8, 8, 7, 8, 2, 1, 2, 1]


def rows():
    """Inputs, labels and weights of `STEPS` batches of `ROWS` rows."""
    token_ids = random_ids(STEPS * ROWS, WIDTH + 1)
    token_ids[np.arange(WIDTH + 1) > np.tile(LENGTHS, STEPS)[:, None]] = 0
    labels = token_ids[:, 1:]
    return as_inputs(token_ids[:, :-1]), labels, (labels != 0).astype("float32")


def train_on_devices(devices=None):
    """The model after `fit`, each batch cut into one part a device, and its losses."""
    if devices is not None:
        keras.distribution.set_distribution(
            keras.distribution.DataParallel(devices=devices)
        )
    gpt = tiny_gpt(preprocessor=False)
    gpt.compile(optimizer=keras.optimizers.SGD(0.5))
    x, y, weights = rows()
    history = gpt.fit(
        x, y, sample_weight=weights, batch_size=ROWS, epochs=2, shuffle=False, verbose=0
    ).history
    return gpt, history["loss"]


def train_on_workers(strategy, mean_of_means=False):
    """The model after a loop, each batch cut into one part a worker, and its losses.

    Keras' `fit` cannot do it: before the first step, and after each, it reduces over
    the workers what TensorFlow refuses to reduce (https://github.com/keras-team/keras/
    issues/20585).
    """
    import tensorflow as tf

    with strategy.scope():
        gpt = tiny_gpt(preprocessor=False)
        optimizer = keras.optimizers.SGD(0.5)
        optimizer.build(gpt.trainable_variables)

    def replica_step(x, y, weights):
        replica = tf.distribute.get_replica_context()
        num_tokens = tf.reduce_sum(weights)
        if mean_of_means:
            num_tokens *= strategy.num_replicas_in_sync
        else:
            num_tokens = replica.all_reduce("sum", num_tokens)
        with tf.GradientTape() as tape:
            logits = gpt(x, training=True)
            cross_entropy = keras.losses.sparse_categorical_crossentropy
            nats = cross_entropy(y, logits, from_logits=True)
            loss = tf.reduce_sum(nats * weights) / num_tokens  # this worker's part
        gradients = tape.gradient(loss, gpt.trainable_variables)
        # The optimizer sums the gradients over all workers.
        optimizer.apply_gradients(zip(gradients, gpt.trainable_variables, strict=True))
        return replica.all_reduce("sum", loss)

    @tf.function
    def train_step(batch):
        loss = strategy.run(replica_step, args=batch)
        return strategy.experimental_local_results(loss)[0]

    options = tf.data.Options()  # each worker reads all rows and keeps its own
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.DATA
    )
    dataset = tf.data.Dataset.from_tensor_slices(rows()).batch(ROWS, True)
    dataset = strategy.experimental_distribute_dataset(dataset.with_options(options))
    return gpt, [float(train_step(batch)) for _ in range(2) for batch in dataset]


def flat_weights(gpt):
    return np.concatenate([np.ravel(weight) for weight in gpt.get_weights()])


def main(path):
    results = {}

    def keep(name, gpt, losses):
        results[f"{name} losses"] = losses
        results[f"{name} weights"] = flat_weights(gpt)

    if keras.config.backend() == "jax":
        devices = keras.distribution.list_devices("cpu")
        keep("one device", *train_on_devices())
        gpt, losses = train_on_devices(devices)
        keep("all devices", gpt, losses)
        embeddings = gpt.backbone.token_embedding.embeddings.value
        results["devices"] = len(embeddings.sharding.device_set)
    else:
        import tensorflow as tf

        strategy = tf.distribute.get_strategy()
        if "TF_CONFIG" in os.environ:
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
            keep("mean of means", *train_on_workers(strategy, mean_of_means=True))
        keep("global mean", *train_on_workers(strategy))
        results["devices"] = strategy.num_replicas_in_sync
    np.savez(path, **results)


if __name__ == "__main__":
    main(sys.argv[1])
