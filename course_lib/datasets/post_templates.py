"""The sentences of `PostGrammar`, in the notation of `templates`."""

from course_lib.datasets.post_words import WORDS
from course_lib.datasets.templates import Agreement, Rules

__all__ = ["RULES"]


def _by_lead(she: str, he: str, they: str) -> Agreement:
    return Agreement("lead", {"she": she, "he": he, "they": they})


SENTENCES: Rules = {
    "post": """
        <any place> <any lead>
        <start> <plan> <slip> <damage> <witness> <aftermath> <lesson>""",
    "any place": """
        <place=kitchen> / <place=office> / <place=garden> / <place=train>""",
    "any lead": """
        <lead=she> <number=singular> / <lead=he> <number=singular>
        / <lead=they> <number=plural>""",
    "start": "<opening> / <background>",
    "aftermath": "<ending> / <cover>",
    "opening": """
        so this happened <recently>, and i still <blush> when i <think> of it.
        / i am writing this from the <refuge:=hideout>, and the <refuge> is locked.
        / i am <trade> and should have known <better>.
        / here is why i was <seen> <recently>.
        / this was not today but <recently>, and i am <slowly> getting over it.
        / first post here, so please be <gentle>.""",
    "background": """
        some background: <weather> all <week>, and i was <bored>.
        / i have <talent> since i was <age>.
        / my <friend> calls me <nickname>.
        / it was <early> in the <room>, and the <drink> was cold.
        / it all began with a <news:=trifle>. nobody had <warned> me about the
          <news>.""",
    "plan": """
        i only wanted to <task>, so i borrowed a <thing:=tool>.
        / i thought it would be <clever> to <task> with a <thing:=tool>.
        / there i was in the <room>, with a <thing:=tool> in one hand and
          a <snack> in the other.
        / i had promised to <task>, and all i had was a <old> <thing:=tool>.
        / the <sign> said not to touch the <thing:=tool>. i touched the <thing>.
        / a <stranger> in the <room> <dared> me to lift the <thing:=tool>.""",
    "slip": """
        what i did not <notice> was that the <thing> was <state>.
        / then i slipped on a <slippery>, and the <thing> flew <direction>.
        / i pressed the <wrong> button, and the <thing> began to <rumble>.
        / i <sneezed>, and <many> <minutes> later the <thing> was <state>.
        / a <pet> ran between my legs, and i <let go>.
        / in my defence, nobody tells you that a <thing> can <rumble>.""",
    "damage": """
        it landed in the <victim:=treasure> that my <owner> had <made> all <week>.
        / it flew past my <owner> and straight into the <victim:=treasure>.
        / when the <dust> had settled, i saw the <victim:=treasure> of my <owner>, or
          what was <left> of it.
        / my <owner> had just put down a <victim:=treasure>, and you can <guess> where
          the <thing> went.""",
    "witness": """
        <she> looked at me, then at the <thing>, then at me again, and <sighed>.
        / <she> did not <speak> for <many> <minutes>, and then <asked> whether the
          <thing> was mine.
        / <she> was|were very <calm> about the <thing>, which is how i knew that i
          was in <trouble>.
        / <she> laughed until <she> had to <sit down>, and then <she>
          remembered whose <victim> it was.
        / a <pet> came and sat on the <victim>, which did not <help>.""",
    "cover": """
        i said that a <thing> <excuse>.
        / i hid the <thing> <under> and <whistled>.
        / i offered to buy <them> a new <victim>, but it was the last one in the
          <country>.
        / i <apologised> for the <victim> in <many> languages and ran into
          a <obstacle>.
        / so i tried to mend the <victim> with <glue>, and now it <rumbles>.""",
    "ending": """
        now the <room> smells of <glue>, and the <thing> has its own <shelf>.
        / since then, <she> locks|lock the <door> when i so much as look at a
          <thing>.
        / at <supper>, the only one who <talked> to me was the <pet>, which had
          never <liked> the <victim>.
        / <she> <forgave> me after a <present> and a new <thing>, but the <pet>
          did not.
        / the <repairer> says that there is <hope> for the <thing>, but none for
          the <victim>.""",
    "lesson": """
        tl;dr: picked up a <thing>, and now a <victim> is no more.
        / tl;dr: do not put a <thing> near a <victim>.
        / tl;dr: one <thing>, one <victim>, and <her> <trust>, all gone.
        / tl;dr: i owe <them> a <victim>, and nobody wants the <thing>.""",
}

PEOPLE: Rules = {
    "owner": _by_lead("<woman>", "<man>", "<pair>"),
    "woman": "sister / godmother / grandmother / landlady / wife",
    "man": "brother / uncle / father / neighbour / husband",
    "pair": "parents / flatmates / colleagues / twin nieces",
    "she": _by_lead("she", "he", "they"),
    "her": _by_lead("her", "his", "their"),
    "them": _by_lead("her", "him", "them"),
    "pet": _by_lead("cat", "dachshund", "goose"),
}

RULES: Rules = {**SENTENCES, **PEOPLE, **WORDS}
