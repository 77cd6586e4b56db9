"""The words of `PostGrammar`: those of a place, and those of all posts."""

from course_lib.datasets.templates import Agreement, Rules

__all__ = ["WORDS"]


def _by_place(kitchen: str, office: str, garden: str, train: str) -> Agreement:
    texts = {"kitchen": kitchen, "office": office, "garden": garden, "train": train}
    return Agreement("place", texts)


PLACE: Rules = {
    "room": _by_place(
        "kitchen / larder / dining room / pantry",
        "office / meeting room / lift / archive",
        "garden / greenhouse / shed / orchard",
        "dining car / station / waiting room / night train",
    ),
    "tool": _by_place(
        "kettle / blender / frying pan / egg timer",
        "stapler / projector / paper shredder / swivel chair",
        "wheelbarrow / ladder / sprinkler / lawnmower",
        "suitcase / trombone / folding bike / umbrella",
    ),
    "task": _by_place(
        "cook an omelette / bake bread / boil the jam / surprise the guests",
        "print a map / water the office plants / impress a client / tidy my desk",
        "prune the roses / pick a pear / feed the goldfish / dig a pond",
        "catch my connection / open the window / hang up my coat / find my seat",
    ),
    "sign": _by_place(
        "cookbook / note on the fridge / shopping list",
        "manual / memo / notice by the lift",
        "seed packet / fence / weather report",
        "timetable / loudspeaker / small print on the ticket",
    ),
    "slippery": _by_place(
        "grape / slice of butter / pancake / spoon",
        "paper clip / business card / cable / calendar",
        "hosepipe / slug / wet leaf / rotten apple",
        "newspaper / banana skin / glove / chess board",
    ),
    "state": _by_place(
        "boiling / full of flour / stuck to the ceiling / on fire",
        "still plugged in / on the boss's shoes / jammed / set to maximum",
        "full of frogs / still running / upside down / tied to the gate",
        "on the wrong platform / wide open / rolling away / in lost property",
    ),
    "stranger": _by_place(
        "guest / waiter / cousin / plumber",
        "trainee / director / cleaner / visitor",
        "gardener / scarecrow painter / postwoman / beekeeper",
        "conductor / sailor / choir singer / ticket seller",
    ),
}

ANY: Rules = {
    "recently": "yesterday / last week / last night / a month ago / this spring",
    "blush": "blush / laugh / wince / shiver / apologise",
    "think": "think / hear / dream / read",
    "slowly": "slowly / bravely / not",
    "hideout": "bath / attic / cellar / laundry / wardrobe / bus",
    "trade": "a nurse / a librarian / an electrician / a teacher / a juggler / a judge",
    "better": "better / what would happen / the rules",
    "many": "two / seven / twelve / a hundred / several / forty",
    "minutes": "minutes / seconds / hours / heartbeats",
    "seen": "seen in a helmet / running barefoot / covered in feathers / on the news",
    "gentle": "gentle / patient / kind / quiet",
    "weather": "it had rained / it had snowed / the radio had played / i had been ill",
    "week": "week / morning / summer / weekend / night",
    "bored": "bored / hungry / restless / in love / in a hurry",
    "talent": """
        dropped things / walked into doors / lost keys / mixed up left and right""",
    "age": "six / born / at school / a baby",
    "friend": "friend / doctor / dentist / best man / old teacher",
    "nickname": "the hurricane / captain chaos / a slow learner / a walking accident",
    "early": "early / late / dark / quiet / very hot",
    "drink": "tea / coffee / soup / cocoa",
    "trifle": "phone call / wasp / free sample / bet / birthday card",
    "warned": "warned / told / reminded",
    "clever": "clever / faster / romantic / cheaper / good exercise",
    "snack": "sandwich / doughnut / pickle / slice of pizza / biscuit",
    "old": "rusty / old / borrowed / wobbly / brand-new",
    "dared": "dared / begged / paid",
    "notice": "notice / know / check / expect",
    "direction": "upwards / sideways / out of the window / over my head",
    "wrong": "wrong / red / largest / only",
    "rumble": "hum / shake / smoke / sing / spin",
    "rumbles": "hums / shakes / smokes / sings / spins",
    "sneezed": "sneezed / looked away / answered my phone / tied my shoes / yawned",
    "let go": "let go / fell over / screamed / threw up my hands",
    "treasure": "wedding cake / aquarium / jigsaw puzzle / model ship / violin",
    "made": "made / decorated / saved for / looked forward to / worked on",
    "dust": "dust / smoke / steam / noise",
    "left": "left / visible / recognisable",
    "guess": "guess / imagine / picture",
    "sighed": "sighed / fainted / took a photo / sat down / clapped",
    "speak": "speak / blink / move / breathe",
    "calm": "calm / polite / friendly / quiet",
    "trouble": "trouble / danger / the next family newsletter",
    "sit down": "sit down / leave the room / hold on to the wall",
    "help": "help / matter / improve things",
    "excuse": """
        does that in summer / is modern art / needs fresh air / brings luck /
        always wins / has feelings too""",
    "under": "under a rug / behind a curtain / in my sleeve / up a tree",
    "whistled": "whistled / read a newspaper / danced away / moved to another town",
    "country": "country / shop / world / catalogue",
    "apologised": "apologised / swore / sang",
    "obstacle": "glass door / lamp post / wedding party / police officer",
    "glue": "glue / chewing gum / tape / honey / toothpaste",
    "shelf": "shelf / lawyer / fan club / nickname",
    "door": "door / cupboard / piano / fridge",
    "asked": "asked / wondered / wanted to know",
    "liked": "liked / trusted / noticed",
    "supper": "supper / breakfast / the wedding / the trial",
    "talked": "talked / listened / waved",
    "present": "fruit basket / long letter / cruise / poem",
    "repairer": "mechanic / vet / insurance / fire brigade",
    "forgave": "forgave / pardoned / hugged",
    "hope": "hope / a spare part / a cure",
    "trust": "trust / patience / good mood",
}

WORDS: Rules = {**PLACE, **ANY}
