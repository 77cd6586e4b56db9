"""The words of `ReviewGrammar`: by genre, by verdict, and for all reviews."""

from course_lib.datasets.templates import Agreement, Rules

__all__ = ["WORDS"]


def _by_genre(mystery: str, western: str, space: str, fairy: str) -> Agreement:
    texts = {"mystery": mystery, "western": western, "space": space, "fairy": fairy}
    return Agreement("genre", texts)


def _by_verdict(good: str, bad: str, mixed: str) -> Agreement:
    return Agreement("verdict", {"good": good, "bad": bad, "mixed": mixed})


GENRE: Rules = {
    "kind": _by_genre(
        "mystery / whodunit / detective film / crime puzzle",
        "western / cowboy film / frontier tale / desert ballad",
        "space adventure / rocket film / moon story / science fiction comedy",
        "fairy tale / fantasy / dragon film / magic story",
    ),
    "job": _by_genre(
        "detective|detectives / librarian|librarians / inspector|inspectors",
        "sheriff|sheriffs / rancher|ranchers / outlaw|outlaws / blacksmith|blacksmiths",
        "pilot|pilots / astronaut|astronauts / engineer|engineers / botanist|botanists",
        "wizard|wizards / baker|bakers / apprentice|apprentices / knight|knights",
    ),
    "home": _by_genre(
        "a foggy harbour town / a grand hotel / a quiet village / an empty theatre",
        "a dusty town / a lonely ranch / a silver mine / an old saloon / a canyon",
        "a crowded space station / a moon base / a rusty rocket / an orbiting bakery",
        "a crooked castle / an enchanted forest / a land without clocks / a windmill",
    ),
    "loot": _by_genre(
        "teapot / necklace", "saddle / fiddle", "satellite / robot", "crown / lantern"
    ),
    "spot": _by_genre(
        "behind the bookcase / in the cellar / at the opera / under the piano",
        "at the old mine / behind the saloon / in the canyon / under a wagon",
        "in the cargo bay / near jupiter / inside an asteroid / behind the engine",
        "under the bridge / in the tallest tower / inside a pumpkin / beyond the hills",
    ),
    "rogue": _by_genre(
        "butler / countess / judge / burglar / postmistress",
        "mayor / banker / bandit / undertaker / railway king",
        "captain / admiral / computer / ambassador / moon pirate",
        "giant / ogre / mermaid / wicked king / troll",
    ),
    "props": _by_genre(
        "candles / footprints / moustaches / clues / alibis",
        "horses / tumbleweeds / hats / rattlesnakes / lassos",
        "rockets / planets / buttons / robots / comets",
        "dragons / goblins / toadstools / talking frogs / princes",
    ),
    "extras": _by_genre(
        "secret doors / suspicious aunts / magnifying glasses / pipes",
        "banjos / campfires / whiskers / wooden wheels",
        "helmets / polite aliens / antennas / silver boots",
        "broomsticks / pointed shoes / riddles / magic beans",
    ),
}

VERDICT: Rules = {
    "liked": _by_verdict(
        "loved / adored / enjoyed / treasured / savoured",
        "disliked / regretted / endured / barely survived / slept through",
        "quite liked / half enjoyed / almost admired / politely forgave / tolerated",
    ),
    "adjective": _by_verdict(
        """wonderful / charming / funny / delightful / brilliant / touching / clever /
        magical / unforgettable / inventive / heartwarming / dazzling""",
        """dull / tedious / clumsy / noisy / hopeless / endless / soggy / awkward /
        predictable / lifeless / sleepy / exhausting""",
        """decent / uneven / pleasant / modest / likeable / harmless / ordinary /
        patchy / forgettable / curious / agreeable / wobbly""",
    ),
    "tone": _by_verdict(
        "warm / tender / bright / witty / generous / joyful / exciting",
        "grey / chilly / flat / shapeless / feeble / icy / sour",
        "slow / mild / plain / rambling / innocent / leisurely / odd",
    ),
    "quality": _by_verdict(
        "lovely / superb / gorgeous / splendid / elegant / sparkling / flawless",
        "dreadful / wooden / muddled / cheap / gloomy / creaky / awful",
        "fair / adequate / sensible / familiar / passable / average / so-so",
    ),
    "moves": _by_verdict(
        "races / dances / sails / glides / soars",
        "crawls / limps / stumbles / creeps / grinds",
        "wanders / ambles / drifts / rambles / strolls",
    ),
    "gait": _by_verdict(
        "happy / merry / nimble / swift",
        "broken / weary / frozen / sinking",
        "lazy / careful / polite / borrowed",
    ),
    "arrives": _by_verdict(
        "takes off / reaches the sea / sparkles / flies",
        "falls over / gives up / explodes / sinks",
        "takes a rest / stops / turns round / waits",
    ),
    "smiling": _by_verdict(
        "smiling / humming / dancing",
        "yawning / complaining / sulking",
        "wondering / shrugging / undecided",
    ),
    "greets": _by_verdict(
        "cheers / applauds / adores / salutes",
        "hisses at / throws popcorn at / ignores / fears",
        "nods at / puts up with / hardly notices / looks at",
    ),
    "acts": _by_verdict(
        "has booked two seats / is learning all the songs / has learned to tap dance",
        "feels sorry for me / has moved away / avoids the subject",
        "is thinking it over / has not replied / changes the subject",
    ),
    "queue": _by_verdict(
        "queue all night / be the first in line / wear my best hat",
        "leave the country / pretend to be ill / hide in a cupboard",
        "read about it / toss a coin / think about it",
    ),
    "saved": _by_verdict(
        "saved / made / brightened",
        "ruined / spoiled / darkened",
        "filled / shortened / changed",
    ),
    "best": _by_verdict(
        "best / funniest / sweetest / finest",
        "worst / longest / silliest / loudest",
        "oddest / quietest / strangest / plainest",
    ),
    "deserves": _by_verdict(
        "deserves a prize / lights up the screen / made me cheer",
        "needs a long rest / belongs in a museum / gave me a headache",
        "takes some getting used to / comes and goes / nearly convinced me",
    ),
    "hoping": _by_verdict(
        "hoping / wishing", "praying / begging", "guessing / suspecting"
    ),
    "wish": _by_verdict(
        "win / dance once more / move in next door / never leave",
        "hurry up / go home / wake up / stop talking",
        "manage somehow / learn something / find the right door / settle down",
    ),
    "fidgeted": _by_verdict(
        "cheered / clapped / gasped / giggled",
        "yawned / fidgeted / built a tent / groaned",
        "watched / nodded / whispered / coughed",
    ),
    "responded": _by_verdict(
        "laughed out loud / cried happy tears / hummed all the way home",
        "snored like a tractor / counted the lamps / knitted a whole scarf",
        "smiled twice / shrugged and had a biscuit / stayed awake",
    ),
    "state": _by_verdict(
        "in tears of joy / humming / on a chair, clapping / radiant",
        "fast asleep / in a bad mood / hiding in the cloakroom / in another cinema",
        "fairly content / lost in thought / neither happy nor sad",
    ),
    "compares": _by_verdict(
        "can wait / is overrated / has lost its charm",
        "was never so dear to us / is more exciting / is the only answer",
        "is about as good / has its moments too / comes close",
    ),
    "again": _by_verdict(
        "yes, tomorrow / in a heartbeat / of course, with all my friends",
        "no, not even for free popcorn / never again / i would rather iron socks",
        "perhaps, on a rainy sunday / with the sound off / i wouldn't say no",
    ),
    "advice": _by_verdict(
        "run to the cinema / you are in for a treat / cancel your plans and go",
        "look for them elsewhere / stay at home and draw some / save your money",
        "you might like this / it will do for an evening / wait for a cheap ticket",
    ),
    "reward": _by_verdict(
        "a sequel / a statue / a parade / a medal",
        "a better script / an apology / a different film",
        "a second chance / a better ending / a shorter title",
    ),
    "points": _by_verdict(
        "nine / ten / eight", "two / three / one", "six / five / seven"
    ),
}

ANY: Rules = {
    "moment": "minute / scene / second / song / frame / line",
    "night": "friday / weekend / winter / tuesday / summer / easter",
    "look": "new / little / long / colourful / old / black-and-white / short",
    "rained": "rained / snowed / poured / drizzled",
    "day": "day / sunday / morning / week / afternoon",
    "watched": "watched / borrowed / rented / chose",
    "acquaintance": "teacher / dentist / barber / postman / plumber / grocer",
    "swore": "swore / promised / whispered / wrote / knew",
    "hardly": "never / hardly / seldom",
    "vehicle": "train / kite / bicycle / rowing boat / camel / tram / balloon",
    "turn": "look / turn / step",
    "event": "chase / duel / argument / race / dance / food fight",
    "meal": "dinner / picnic / breakfast / supper / feast",
    "crowd": "forty guests / a brass band / seven accountants / the whole village",
    "seek": "seeks / wants / praises",
    "eyes": "eyes / luck / ears",
    "busy with": "painting / counting / chasing / polishing / hiding",
    "dream of": "remember / keep thinking of / told everyone about / describe here",
    "storm": "storm / wedding / fire / flood / parade / holiday",
    "long": "long / short / thoughtful / secret / wordless / famous",
    "song": "song / quarrel / lecture / poem / dream / speech",
    "rains": "rains / snows / hails / thunders",
    "knit": "knit / juggle / waltz / yodel / paint",
    "craft": "music / scenery / story / dialogue / lighting / camera work / humour",
    "crafts": "costumes / songs / jokes / colours / stunts / puppets / wigs / sets",
    "circle": "family / choir / office / street / class / band",
    "watched only": "watched only / missed / thought of / waited for",
    "flicker": "flicker / go out / turn blue / tremble",
    "hour": "hour / act / afternoon / reel",
    "nobody": "nobody / no one / hardly anyone",
    "shot": "shot / scene / corner / song",
    "occasion": "at the funeral / in the dream / during the credits / under water",
    "lost": """
        lost / stolen / famous / priceless / ancient / golden / enormous / legendary /
        invisible / haunted""",
    "oddments": "pigeons / buttons / cats / teaspoons / ghosts / mirrors / umbrellas",
    "instrument": "tuba / harp / accordion / trumpet / cello / ukulele / organ",
    "bath": "bath / rain / attic / library",
    "swim": "swim / whistle / listen / wait / read maps",
    "win": "win / buy / get / steal / sing",
    "size": "small / loyal / grumpy / talking / nervous / elderly / hungry / one-eyed",
    "animal": "goat / parrot / donkey / owl / hedgehog / goose / ferret / poodle",
    "gadget": "ladder / trombone / umbrella / wheelbarrow / cake / magnet",
    "many": "two / seven / eleven / forty / countless / many",
    "things": "pancakes / penguins / sailors / spoons / ducklings / violins",
    "skill": "dancing / timing / singing / laughter / fencing / whistling / silence",
    "third": "second / third / last",
    "relative": "grandmother / brother / aunt / daughter / uncle / landlady",
    "bag": "bag / bucket / box / mountain / hatful",
    "snack": "<amount=many> <treat:=treats> / <amount=one> <treat:=sweet>",
    "treats": "peanuts / cherries / biscuits",
    "sweet": "popcorn / toffee / ginger cake",
    "were": Agreement("amount", {"many": "were", "one": "was"}),
    "end": "end / interval / credits",
    "hobby": "chess / gardening / opera / football / knitting / astronomy",
    "children": "children / students / ladies / sailors / scouts",
    "front": "front / back / next / third",
    "stranger": "gentleman / nun / farmer / student / professor / boy",
    "audience": "the whole family / winter evenings / dreamers / cat owners / anyone",
    "final": "final / honest / humble",
}

WORDS: Rules = {**GENRE, **VERDICT, **ANY}
