"""Ways to choose the next token. Any KerasHub model takes them: `compile(sampler=)`."""

from course_lib.samplers import filters
from course_lib.samplers.beam_sampler import BeamSampler
from course_lib.samplers.contrastive_sampler import ContrastiveSampler
from course_lib.samplers.filter_sampler import FilterSampler
from course_lib.samplers.greedy_sampler import GreedySampler
from course_lib.samplers.min_p_sampler import MinPSampler
from course_lib.samplers.random_sampler import RandomSampler
from course_lib.samplers.temperature import reweight_distribution
from course_lib.samplers.top_k_sampler import TopKSampler
from course_lib.samplers.top_p_sampler import TopPSampler

__all__ = [
    "BeamSampler",
    "ContrastiveSampler",
    "FilterSampler",
    "GreedySampler",
    "MinPSampler",
    "RandomSampler",
    "TopKSampler",
    "TopPSampler",
    "filters",
    "reweight_distribution",
]
