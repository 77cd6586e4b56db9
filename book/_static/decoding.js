// What course_lib.samplers.filters computes, here in double precision.
//
// Every list of probabilities falls (and of equals, the lower token id comes first), so
// that each filter keeps a head of the list. Like the Python filters, each returns
// probabilities that sum to 1 again.
"use strict";

const decoding = {
  /** Token ids from likely to unlikely; of equals, lower ids first. */
  order(probabilities) {
    const ids = Array.from(probabilities.keys());
    return ids.sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  },

  /** p ** (1 / temperature): softmax(logits / temperature). 0 takes the likeliest. */
  reweight(falling, temperature) {
    if (temperature === 0) return falling.map((p, place) => (place === 0 ? 1 : 0));
    const largest = falling[0]; // becomes 1, so that no low temperature can overflow
    return decoding.normalise(
      falling.map((p) => Math.exp(Math.log(p / largest) / temperature)),
    );
  },

  /** Keep the k likeliest tokens. */
  topK(falling, k) {
    return decoding.normalise(falling.slice(0, k));
  },

  /** Keep the fewest tokens that together reach probability p. */
  topP(falling, p) {
    if (p === 1) return falling;
    let reached = 0;
    const end = falling.findIndex((q) => {
      reached += q;
      return reached - q >= p;
    });
    return decoding.normalise(end < 0 ? falling : falling.slice(0, end));
  },

  /** Keep the tokens that have at least minP times the probability of the likeliest. */
  minP(falling, minP) {
    return decoding.normalise(falling.filter((q) => q >= minP * falling[0]));
  },

  normalise(weights) {
    const total = decoding.sum(weights);
    return weights.map((weight) => weight / total);
  },

  sum(values) {
    return values.reduce((total, value) => total + value, 0);
  },

  /** In nats. */
  entropy(probabilities) {
    return -decoding.sum(probabilities.map((p) => (p > 0 ? p * Math.log(p) : 0)));
  },

  /** Draw one place of the list. */
  draw(probabilities, random) {
    let left = random();
    const place = probabilities.findIndex((p) => (left -= p) < 0);
    return place < 0 ? probabilities.findLastIndex((p) => p > 0) : place; // rounding
  },

  /** Park and Miller's "minimal standard" generator: numbers between 0 and 1. */
  generator(seed) {
    let state = seed;
    return () => (state = (state * 48271) % 2147483647) / 2147483647;
  },
};
