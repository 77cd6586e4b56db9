"""Templates with a memory, compiled into the states of a unifilar grammar.

A rule is a text with alternatives, separated by slashes, the likelier first: the
k-th has weight 1 / (k + 1). In an alternative,

- `word` stands for itself; punctuation is split off as the word tokenizer does,
- `a` stands for "a" or "an", as the next word asks,
- `<rule>` stands for one of the alternatives of that rule,
- `<name=clara>` writes nothing, but "clara" is from now on remembered as "name",
- `<name:=woman>` writes an alternative of the rule "woman", and remembers it as "name",
- `<name>` writes what is remembered as "name",
- `sings|sing` stands for the first, or the second where "number" is "plural".

A rule may be an `Agreement`: a text for each value of something remembered.

Alternatives may begin alike, so the words so far may leave open which one is being
written. A state of the grammar is therefore a *belief*: the exact distribution over
the places in the templates where the writer may be. Every word sharpens it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import fsum

from course_lib.datasets.unifilar import State, Transition

__all__ = ["Agreement", "Rules", "compile_templates"]

_ITEM = re.compile(r"<[^>]+>|\w+\|\w+|[^\w\s<]?\w+|[^\w\s<]")
_ASSIGNMENT = re.compile(r"<(\w+)=(.*)>")
_BEFORE_VOWEL = re.compile(r"(?!one|uni|use|eu|uk)[aeiou]|honest|hour|heir")

Place = tuple[int, int]  # numbers of a stack and of a memory, see `_Compiler`
Choice = tuple[str, float, Place]  # the next word, its probability, the place after it


@dataclass(frozen=True)
class Agreement:
    """A rule that agrees with what is remembered as `variable`.

    Args:
        variable: What the rule depends on.
        texts: The text of the rule for each value.
    """

    variable: str
    texts: Mapping[str, str]


Rules = Mapping[str, str | Agreement]


def compile_templates(
    rules: Rules, start: str, end_token: str = "[END]"
) -> tuple[dict[State, list[Transition]], State]:
    """Compile templates into the arguments of a `UnifilarGrammar`.

    Args:
        rules: The rules by name. No rule may contain itself.
        start: Name of the rule that writes a whole document.
        end_token: The token that ends a document.

    Returns:
        The transitions between states, which are ints, and the start state.

    Raises:
        ValueError: If a rule is not defined, contains itself, or needs something
            that is not remembered at that place.

    Example:
        >>> from course_lib.datasets.unifilar import UnifilarGrammar
        >>> rules = {
        ...     "proverb": "<it:=thing> is a <quality> thing, so keep your <it>!",
        ...     "thing": "honey / bread",
        ...     "quality": "fine / old",
        ... }
        >>> grammar = UnifilarGrammar(*compile_templates(rules, start="proverb"))
        >>> prefix = ["bread", "is", "an", "old", "thing", ",", "so", "keep", "your"]
        >>> grammar.next_token_distribution(prefix)
        {'bread': 1.0}
    """
    compiler = _Compiler(rules, end_token)
    first = compiler.place(compiler.push(f"<{start}>", 0), 0)
    beliefs: dict[tuple[tuple[Place, float], ...], int] = {((first, 1.0),): 0}
    transitions: dict[State, list[Transition]] = {}
    waiting = list(beliefs)
    for belief in waiting:  # grows while it is read
        after: dict[str, dict[Place, float]] = {}
        for place, weight in belief:
            for word, p, next_place in compiler.choices(place):
                places = after.setdefault(word, {})
                places[next_place] = places.get(next_place, 0.0) + weight * p
        rows = transitions[beliefs[belief]] = []
        for word, places in after.items():
            p = fsum(places.values())
            if word == end_token:
                rows.append((word, p, None))
                continue
            next_belief = tuple((place, weight / p) for place, weight in places.items())
            if next_belief not in beliefs:
                beliefs[next_belief] = len(beliefs)
                waiting.append(next_belief)
            rows.append((word, p, beliefs[next_belief]))
    return transitions, 0


class _Compiler:
    """Knows which words may come next at a place.

    What is still to be written is a stack: an item, and the number of the stack below.
    What is remembered is a dict. Equal ones have equal numbers, so places can be equal.
    """

    def __init__(self, rules: Rules, end_token: str):
        self.rules = rules
        self.variables = {
            variable
            for name in rules
            for text in self.texts(name)
            for variable in re.findall(r"<(\w+):?=", text)
        }
        self.stacks = [(end_token, 0)]
        self.stack_numbers: dict[tuple[str, int], int] = {}
        self.read_later: list[frozenset[str]] = [frozenset()]  # variables, by stack
        self.memories: list[dict[str, str]] = [{}]
        self.memory_numbers: dict[tuple[tuple[str, str], ...], int] = {(): 0}
        self.expand = cache(lambda stack, memory: list(self.write(stack, memory)))
        self.keep = cache(self._keep)
        self.reads = cache(self._reads)

    def choices(self, place: Place) -> list[Choice]:
        """Return all that may come next."""
        stack, memory = place
        item, rest = self.stacks[stack]
        if item.isalpha() and item not in ("a", "an"):  # most are: worth a shortcut
            return [(item, 1.0, (rest, memory))]
        return self.expand(stack, memory)

    def write(self, stack: int, memory: int) -> Iterator[Choice]:
        """Yield all that may come next."""
        item, rest = self.stacks[stack]
        if item in ("a", "an"):
            for word, p, (below, memory_after) in self.choices((rest, memory)):
                article = "an" if _BEFORE_VOWEL.match(word) else "a"
                yield article, p, (self.stack(word, below), memory_after)
        elif item[0] != "<":
            singular, _, plural = item.partition("|")
            is_plural = plural and self.recall("number", memory) == "plural"
            yield plural if is_plural else singular, 1.0, self.place(rest, memory)
        elif assignment := _ASSIGNMENT.fullmatch(item):
            remembered = self.memories[memory] | {assignment[1]: assignment[2]}
            yield from self.choices(self.place(rest, self.memory(remembered)))
        else:
            texts = self.alternatives(item[1:-1], memory)
            total = fsum(1 / (k + 2) for k in range(len(texts)))
            for k, text in enumerate(texts):
                chosen = self.place(self.push(text, rest), memory)
                for word, p, after in self.choices(chosen):
                    yield word, p / (k + 2) / total, after

    def alternatives(self, name: str, memory: int) -> list[str]:
        """Return the texts that `<name>` may stand for."""
        variable, _, rule_name = name.rpartition(":=")
        if variable:
            texts = self.alternatives(rule_name, memory)
            return [f"<{variable}={text}> {text}" for text in texts]
        if name in self.variables:
            return [self.recall(name, memory)]
        rule = self.rules[name]
        if isinstance(rule, str):
            return _split(rule)
        value = self.recall(rule.variable, memory)
        if value not in rule.texts:
            raise ValueError(
                f"Rule {name!r} must have a text for each {rule.variable!r}. "
                f"Received none for {value!r}."
            )
        return _split(rule.texts[value])

    def recall(self, variable: str, memory: int) -> str:
        """Return what is remembered."""
        if variable not in self.memories[memory]:
            raise ValueError(f"{variable!r} is used where it is not remembered yet.")
        return self.memories[memory][variable]

    def push(self, text: str, stack: int) -> int:
        """Return the stack that first writes `text`, then `stack`."""
        for item in reversed(_ITEM.findall(text)):
            stack = self.stack(item, stack)
        return stack

    def stack(self, item: str, rest: int) -> int:
        """Return the number of a stack."""
        if (item, rest) not in self.stack_numbers:
            self.stack_numbers[item, rest] = len(self.stacks)
            self.stacks.append((item, rest))
            assignment = _ASSIGNMENT.fullmatch(item)
            kept = self.read_later[rest] - ({assignment[1]} if assignment else set())
            self.read_later.append(kept | self.reads(item))
        return self.stack_numbers[item, rest]

    def memory(self, contents: Mapping[str, str]) -> int:
        """Return the number of a memory."""
        key = tuple(sorted(contents.items()))
        if key not in self.memory_numbers:
            self.memory_numbers[key] = len(self.memories)
            self.memories.append(dict(contents))
        return self.memory_numbers[key]

    def place(self, stack: int, memory: int) -> Place:
        """Forget what is never read again: it would split equal places."""
        return stack, self.keep(memory, self.read_later[stack])

    def _keep(self, memory: int, variables: frozenset[str]) -> int:
        """Return the memory of these variables only."""
        contents = self.memories[memory]
        return self.memory({v: contents[v] for v in variables & contents.keys()})

    def _reads(self, item: str, inside: tuple[str, ...] = ()) -> frozenset[str]:
        """Return the variables that writing `item` may read."""
        if item[0] != "<":
            return frozenset(["number"] if "|" in item else [])
        if _ASSIGNMENT.fullmatch(item):
            return frozenset()
        name = item[1:-1].rpartition(":=")[2]
        if name in self.variables:
            return frozenset([name])
        if name in inside:
            raise ValueError(f"Rule {name!r} contains itself.")
        if name not in self.rules:
            raise ValueError(f"There is no rule {name!r}, and nothing of that name.")
        rule = self.rules[name]
        found = {rule.variable} if isinstance(rule, Agreement) else set()
        for text in self.texts(name):
            for part in _ITEM.findall(text):
                found |= self.reads(part, (*inside, name))
        return frozenset(found)

    def texts(self, name: str) -> list[str]:
        """Return all alternatives of a rule, whatever is remembered."""
        rule = self.rules[name]
        texts = [rule] if isinstance(rule, str) else rule.texts.values()
        return [alternative for text in texts for alternative in _split(text)]


@cache
def _split(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("/")]
