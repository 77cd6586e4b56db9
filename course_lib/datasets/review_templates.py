"""The sentences of `ReviewGrammar`, in the notation of `templates`."""

from course_lib.datasets.review_words import WORDS
from course_lib.datasets.templates import Agreement, Rules

__all__ = ["RULES"]


def _by_lead(she: str, he: str, they: str) -> Agreement:
    return Agreement("lead", {"she": she, "he": he, "they": they})


def _by_number(singular: str, plural: str) -> Agreement:
    return Agreement("number", {"singular": singular, "plural": plural})


SENTENCES: Rules = {
    "review": """
        <any verdict> <any genre>
        <opening> <aspect> <plot or company> <closing> <score>""",
    "any verdict": "<verdict=good> / <verdict=bad> / <verdict=mixed>",
    "any genre": "<genre=mystery> / <genre=western> / <genre=space> / <genre=fairy>",
    "any lead": """
        <lead=she> <number=singular> / <lead=he> <number=singular>
        / <lead=they> <number=plural>""",
    "nothing": "",
    "quite": "<nothing> / truly / rather / really",
    "opening": """
        last <evening:=night> i saw a <look> <kind>, and i will be <smiling>
          until next <evening>.
        / what a <tone>, <adjective> <kind>!
        / i <liked> this <kind> from the first <moment> to the last.
        / my <adviser:=acquaintance> <swore> that this <kind> was <quite>
          <adjective>, and my <adviser> was right.
        / it <rained> all <date:=day>, so i <watched> a <look> <kind>, and
          that <saved> my <date>.
        / i have seen many a <kind>, but <hardly> one this <adjective>.
        / nobody in my <club:=circle> can agree on this <kind>, but i <liked>
          it, whatever my <club> may think.
        / few films are as <tone> as this <kind>, and none are as <adjective>.
        / say what you like, this <kind> is <quite> <adjective>.""",
    "aspect": """
        first i noticed the <topic:=craft>, then the <crafts> and the <props>,
          but it's the <topic> that is <quality>.
        / the director loves <passion:=props>: in every <shot>, even
          <occasion>, somebody is <busy with> <passion>.
        / <nothing>
        / there is a <adjective> <scene:=event> <spot> and a <tone> <meal>
          with <crowd>, and it's the <scene> that i <dream of>.
        / it <moves> like a <gait> <ride:=vehicle>, with <props> and <extras>
          wherever you <turn>, until the <ride> <arrives>.
        / on the one hand, the <strength:=crafts> are <quality>; on the other
          hand, <nobody> goes to the cinema for <strength>.
        / halfway through, a <size> <guest:=animal> appears, and for the rest
          of the evening i <watched only> the <guest>.
        / whenever the <foe:=rogue> appears, a <instrument> plays, the lights
          <flicker> and the public <greets> the <foe>.
        / the poster shows <bait:=extras>, and i waited for a whole <hour>
          before i saw any <bait>.""",
    "plot or company": "<any lead> <story> <twist> <people> / <company>",
    "story": """
        <hero>, <trade> from <home>, <seeks> the <lost> <treasure:=loot>.
        / it is the tale of <hero>, <trade> on the trail of a <lost>
          <treasure:=loot>.
        / everyone in <home> <seek> the <lost> <treasure:=loot>, but only
          <hero> can <swim>.
        / <hero> is|are <trade> who <habit> until the <lost> <treasure:=loot>
          vanishes <spot>.
        / in <home> lives|live <hero>, <trade> who <habit> and <dreams> of a
          <lost> <treasure:=loot>.""",
    "twist": "<some time later>, <deed>.",
    "some time later": """
        after a <storm>, a <meal> and a <long> <song>
        / <many> <oddments> and a <gadget> later
        / while it <rains> and the village learns to <knit>
        / in the <best> scene
        / <spot>""",
    "deed": """
        <name> finds|find the <treasure>, and <she> <reaction>
        / the <rogue> steals the <treasure>, and <name> must <win> it back
        / <name> hides|hide the <treasure>, and the <rogue> sits on it
        / a <size> <animal> digs up the <treasure>, and <name> <reaction>
        / <name> sells|sell the <treasure> to buy <herself> a <size> <animal>""",
    "people": """
        <star> gives|give a <quality> performance, and <her> <skill>
          <deserves>.
        / i will not say what <she> does|do next, but it involves a <gadget>
          and <many> <things>.
        / <nothing>
        / by the <third> hour i was <hoping> that <name> would <wish>.
        / i think that <name> deserves|deserve <reward>, and so do i.""",
    "company": """
        i took my <friend:=relative>, and we shared a <bag> of <snack>. by the
          <end> the <treat> <were> gone and my <friend> was <state>.
        / my <relative>, who usually prefers <pastime:=hobby>, <responded>, and
          now we agree that <pastime> <compares>.
        / the <fans:=children> in the <front> row <fidgeted>, the <stranger>
          beside me <responded>, and soon i joined the <fans>.
        / i told my <friend:=relative> about the <crafts>, the <craft> and the
          <props>, and now my <friend> <acts>.
        / <nothing>""",
    "closing": """
        in short, a <quite> <adjective> <kind> for <audience>.
        / would i watch it again? <again>.
        / if you like <props> or <extras>, <advice>.
        / bring a <tool:=gadget>, <many> <things> and your <relative>; on
          second thoughts, leave the <tool>.
        / if there is ever a second part, i will <queue>.
        / i am only a <expert:=acquaintance>, but i have seen <many> <things>
          and a <gadget>, and no other <expert> can say that.
        / there is also a <long> <song> about <fear:=oddments>, and ever since
          i have been afraid of <fear>.""",
    "score": """
        i give it <points> out of ten.
        / <points> out of ten.
        / my <final> verdict: <points> out of ten.
        / that makes <points> out of ten.""",
}

HERO: Rules = {
    "hero": _by_lead("<name:=woman>", "<name:=man>", "<name:=pair>"),
    "woman": "clara / ruby / mabel",
    "man": "oscar / felix",
    "pair": "the twins / the cousins",
    "she": _by_lead("she", "he", "they"),
    "her": _by_lead("her", "his", "their"),
    "herself": _by_lead("herself", "himself", "themselves"),
    "star": _by_lead(
        "the actress who plays <name>",
        "the actor who plays <name>",
        "the actors who play <name>",
    ),
    "trade": _by_number("a <manner> <job>", "two <manner> <job>"),
    "manner": """
        young / shy / retired / cheerful / stubborn / honest / absent-minded / fearless
        / unlucky / penniless / idle""",
    "habit": """
        collects|collect <oddments> / plays|play the <instrument> / talks|talk to
        <oddments> / burns|burn every <meal> / sings|sing in the <bath>""",
    "reaction": """
        faints|faint / laughs|laugh until <she> cries|cry / cannot believe <her> <eyes>
        / drops|drop it on <her> toes / hums|hum all day""",
    "seeks": "seeks|seek / wants|want / misses|miss / guards|guard",
    "dreams": "dreams|dream / speaks|speak",
}

RULES: Rules = {**SENTENCES, **HERO, **WORDS}
