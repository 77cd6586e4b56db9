"""The sentences of `StoryGrammar`, in the notation of `templates`."""

from course_lib.datasets.story_words import WORDS
from course_lib.datasets.templates import Agreement, Rules

__all__ = ["HERO", "NAMES", "RULES", "SENTENCES"]

NAMES = ("greta", "mira", "tobias", "ida", "jonas")


def _by_lead(she: str, he: str, they: str) -> Agreement:
    return Agreement("lead", {"she": she, "he": he, "they": they})


def _by_number(singular: str, plural: str) -> Agreement:
    return Agreement("number", {"singular": singular, "plural": plural})


SENTENCES: Rules = {
    "tale": """
        <any country> <any virtue> <any lead>
        <opening> <trouble> <way> <meeting> <deed> <ending>""",
    "any country": """
        <country=forest> / <country=sea> / <country=mountain> / <country=desert>""",
    "any virtue": "<virtue=kind> / <virtue=proud>",
    "any lead": """
        <lead=she> <number=singular> / <lead=he> <number=singular>
        / <lead=they> <number=plural>""",
    "opening": """
        once upon a time there lived <home> <someone> called <hero>.
        / long ago <hero>, <trade>, lived <home>, and nobody was more <nature>.
        / in the days when <wonder>, <nature> <hero> lived <home>.
        / this is the tale of <hero>, <trade>, who was|were more <nature> than <her>
          <relative:=kin>, and the <relative> knew it.
        / <hero>, <someone>, lived <home>, and every <hour:=time of day> <she> <worked>,
          for no <hour> ever comes back.""",
    "trouble": """
        one <season:=time of year> the <splendid> <treasure:=prize> of the <ruler>
          vanished, and all <season> nobody <danced>.
        / for a hundred years the <splendid> <treasure:=prize> had hung <place>, but
          one night a <thief> carried it away.
        / then the <ruler> lost a <splendid> <treasure:=prize> and promised
          <reward:=riches> to the finder; and who would not like <reward>?
        / a <messenger:=bird> tapped at the window and told of a <splendid>
          <treasure:=prize> that lay <place>; then the <messenger> <flew>.
        / above all things <she> wished for the <splendid> <treasure:=prize> that the
          <ruler> had lost <place>.""",
    "way": """
        so <name> packed <food:=provisions> and a <tool:=gear>, and before noon the
          <food> was eaten and the <tool> was <useless>.
        / <she> went over <land>, past <many> <sights:=creatures>, and the <sights>
          <stared>.
        / <her> <relative:=kin> gave <object> a <tool:=gear>, and with the <tool> in
          <her> hands <she> set out <early>.
        / for <many> days <she> saw nothing but <land>, and sang to the <creatures>
          about <song:=topic>; soon they all knew the one about <song>.
        / it <rained:=weather> on the first day and <rained> on the <next>, but <she>
          went on over <land>.
        / <she> put on <her> <coloured> <boots>, gave <her> <relative:=kin> a <keepsake>
          and left, though the <relative> wept.
        / by the light of a <lamp> <she> <passed> the night, and in the morning <she>
          set out over <land>.
        / when night fell, <she> slept <place> and dreamed of <topic>.""",
    "meeting": """
        then <name> saw a <size> <helper:=beast> that was <stuck>. <she> <treated> it,
          and the <helper> <answered>.
        / <place> sat a <size> <helper:=beast>, <stuck>. <nature> <name> <treated>
          it, and the <helper> <answered>.
        / a <size> <helper:=beast> asked for <provisions>. but what did <name> do?
          <she> <treated> the <helper>, and it <answered>.""",
    "deed": """
        at last <she> stood before the <monster> who kept the <treasure> in a
          <vessel>. <outcome>
        / the <treasure> was guarded by a <monster>. <outcome>
        / a <monster> slept upon the <treasure>, and <snored> like <many>
          <creatures>. <outcome>""",
    "outcome": Agreement(
        "virtue",
        {
            "kind": """
                but the <helper> had not forgotten, and while it <teased> the <monster>,
                  <name> took the <treasure>.
                / then the <helper> came and <teased> the <monster> until it gave up the
                  <treasure>.
                / the <helper> knew a secret door, and soon <name> held the
                  <treasure>.""",
            "proud": """
                <name> called for the <helper>, but the <helper> only <laughed>, and the
                  <treasure> stayed with the <monster>.
                / but the <helper> woke the <monster>, and <name> ran without the
                  <treasure>.
                / <name> reached for the <treasure>, but the <helper> <laughed> so
                  loudly that the <monster> hid it for ever.""",
        },
    ),
    "ending": """
        the <ruler> <received> <object> <place>.
        / when <she> came home, the whole <crowd:=village> <received> <object>, and
          the <crowd> talked of it for <many> years.
        / <name> came home <homecoming>.
        / and if the <creatures> have not <moved>, they tell it still.
        / whoever meets a <helper> should remember <name>.
        / to this day they say <home>: be <advice>.
        / that is why no <helper> ever trusts a <thief>.
        / and the <helper>? it lives <home> to this day, and it is <size>.""",
}

HERO: Rules = {
    "hero": _by_lead("<name:=woman>", "<name:=man>", "<name:=pair>"),
    "woman": "greta / mira",
    "man": "tobias",
    "pair": "ida and jonas",
    "she": _by_lead("she", "he", "they"),
    "her": _by_lead("her", "his", "their"),
    "object": _by_lead("her", "him", "them"),
    "someone": _by_number("a <nature> <job>", "two <nature> <job>"),
    "trade": _by_number("a <poor> <job>", "two <poor> <job>"),
}

RULES: Rules = {**SENTENCES, **HERO, **WORDS}
