"""The words of `StoryGrammar`: by country, by virtue, and for all tales."""

from course_lib.datasets.templates import Agreement, Rules

__all__ = ["ANY", "COUNTRY", "VIRTUE", "WORDS"]


def _by_country(forest: str, sea: str, mountain: str, desert: str) -> Agreement:
    texts = {"forest": forest, "sea": sea, "mountain": mountain, "desert": desert}
    return Agreement("country", texts)


def _by_virtue(kind: str, proud: str) -> Agreement:
    return Agreement("virtue", {"kind": kind, "proud": proud})


COUNTRY: Rules = {
    "home": _by_country(
        "at the edge of a dark forest / in a hollow oak / in a hut among the pines",
        "on a small island / in an old lighthouse / in a boat without sails",
        "on a steep mountain / in a stone cottage / above the clouds",
        "in a white tent / beside a green oasis / in a city of clay",
    ),
    "ruler": _by_country("king", "admiral", "baron", "sultan"),
    "job": _by_country(
        "woodcutter|woodcutters / weaver|weavers / beekeeper|beekeepers",
        "fisher|fishers / sailmaker|sailmakers / netmender|netmenders",
        "shepherd|shepherds / miner|miners / cheesemaker|cheesemakers",
        "potter|potters / merchant|merchants / astronomer|astronomers",
    ),
    "prize": _by_country(
        "acorn / flute", "pearl / compass", "bell / crystal", "lamp / carpet"
    ),
    "place": _by_country(
        "under the roots / beside a brook / in the ferns / behind the mill",
        "beneath the waves / on the beach / behind the reef / in the harbour",
        "near the glacier / in a cave / below the summit / beside a waterfall",
        "among the dunes / at the well / in the ruins / under a palm",
    ),
    "beast": _by_country(
        "fox / badger", "seal / turtle", "eagle / goat", "camel / falcon"
    ),
    "creatures": _by_country(
        "squirrels / hedgehogs / mice",
        "gulls / herrings / dolphins",
        "ravens / chamois / bears",
        "scorpions / beetles / vultures",
    ),
    "monster": _by_country("witch", "kraken", "dragon", "genie"),
    "land": _by_country(
        "moss and leaves / roots and thorns",
        "waves and foam / sand and shells",
        "rocks and snow / ice and stones",
        "dust and salt / hills of sand",
    ),
    "provisions": _by_country(
        "honey / mushroom soup", "salted fish / seaweed", "cheese / milk", "dates / tea"
    ),
}

VIRTUE: Rules = {
    "nature": _by_virtue(
        "gentle / patient / generous / modest / cheerful / merciful",
        "vain / greedy / boastful / haughty / selfish / idle",
    ),
    "treated": _by_virtue(
        "fed / freed / comforted / carried / healed / warmed",
        "kicked / mocked / ignored / chased / scared / insulted",
    ),
    "answered": _by_virtue(
        """promised to come when it was needed / bowed three times / gave thanks /
        wept for joy""",
        """swore revenge / limped away / said not a word / remembered it well""",
    ),
    "received": _by_virtue(
        "thanked / embraced / crowned / welcomed",
        "scolded / pitied / shunned / laughed at",
    ),
    "homecoming": _by_virtue(
        "with the <treasure> / singing / on the back of the <helper>",
        "with empty hands / barefoot / without the <treasure>",
    ),
    "advice": _by_virtue(
        "as <nature> as <name> / good to every <helper>",
        "wiser than <name> / less <nature> than <name>",
    ),
}

ANY: Rules = {
    "poor": "poor / young / clever / lonely / honest / humble / ragged",
    "wonder": """
        stones could talk / the moon was made of silver / wishes still came true /
        nobody had clocks / every river ran uphill""",
    "kin": "mother / uncle / grandmother / father / aunt / neighbour",
    "time of day": "morning / evening / hour / minute",
    "worked": "sang / toiled / swept the floor / counted the stars",
    "time of year": "winter / spring / summer / autumn",
    "splendid": "golden / magic / silver / ancient / shining / tiny / priceless",
    "danced": "danced / smiled / slept / played / whistled",
    "thief": "thief / stranger / robber / shadow / smuggler",
    "riches": "a horse / a chest of coins / half the kingdom / a feather bed / rubies",
    "bird": "robin / swallow / magpie / wren / sparrow / nightingale / blackbird",
    "flew": "flew off / sneezed / asked for crumbs / was gone",
    "gear": "lantern / rope / kettle / drum / needle",
    "useless": "lost / broken / rusty / stolen / too heavy",
    "keepsake": "ribbon / button / whistle / walnut / lock of hair",
    "early": "at dawn / before breakfast / at midnight / in the fog / on tiptoe",
    "coloured": "red / blue / yellow / patched / velvet / striped",
    "boots": "boots / slippers / shoes / clogs",
    "many": "three / seven / nine / twelve / forty / ninety-nine",
    "stared": "stared / giggled / followed / cheered / hid",
    "topic": "love / soup / the stars / home / dancing / thunder / old friends",
    "weather": "rained / snowed / hailed / stormed",
    "next": "second / third / last",
    "size": "small / thin / fluffy / lame / old / enormous / shy / hungry",
    "stuck": """
        stuck in a trap / shivering with cold / tangled in a net / crying bitterly /
        sick with hunger / in chains""",
    "lamp": "candle / glow-worm / star / bonfire / torch / comet",
    "passed": "sang away / prayed through / talked away / knitted through",
    "vessel": "chest / barrel / cage / sack / jar / cupboard",
    "snored": "snored / roared / whistled / hummed",
    "teased": "tickled / bit / chased / blinded / riddled",
    "laughed": "laughed / yawned / shook its head / turned away",
    "village": "village / court / family / town / street / choir",
    "moved": "fallen asleep / moved away / forgotten it / grown old",
}

WORDS: Rules = {**COUNTRY, **VIRTUE, **ANY}
