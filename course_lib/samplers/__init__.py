"""Ways to choose the next token. Any KerasHub model takes them: `compile(sampler=)`."""

from course_lib.samplers import filters
from course_lib.samplers.greedy_sampler import GreedySampler
from course_lib.samplers.random_sampler import RandomSampler
from course_lib.samplers.top_k_sampler import TopKSampler
from course_lib.samplers.top_p_sampler import TopPSampler

__all__ = ["GreedySampler", "RandomSampler", "TopKSampler", "TopPSampler", "filters"]
