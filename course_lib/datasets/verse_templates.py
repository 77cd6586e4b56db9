"""The lines of `VerseGrammar`, in the notation of `templates`, a character a word.

A line of seven characters is one of five with two more before it, as in the tradition.
All is worded for this course; the script is the traditional one of the real poems.
"""

import re

from course_lib.datasets.templates import Agreement, Rules

__all__ = ["RULES"]

LINES = {
    "poem": """
        <any form> <any season> <any rhyme>
        <hour> <opening>，<nearby> <view>。<second half>。""",
    "any form": "<form=seven> / <form=five>",
    "any season": """
        <season=spring> / <season=autumn> / <season=summer> / <season=winter>""",
    "any rhyme": "<rhyme=ang> / <rhyme=ou> / <rhyme=an> / <rhyme=ong> / <rhyme=in>",
    "second half": """
        <thought> <turn>，<return> <close>
        / <thought> 欲問<place>路，<return> <season's>山<last end>
        / <thought> <place>無客到，<return> <season's>來<last end>""",
    "opening": "<scene><comes><place:=somewhere> / <place:=somewhere><scene><fresh>",
    "view": "<creature><first end>",
    "turn": """
        <friend:=someone><away> / 欲問<friend:=someone>事 / 忽憶<friend:=someone>語
        / 不見<friend:=someone>面 / <friend:=someone><kindness>""",
    "close": "<place><last end> / <season's>山<last end> / <friend><friend's end>",
    "comes": "過 / 滿 / 入 / 近",
    "fresh": "早 / 滿 / 近",
    "somewhere": "山寺 / 古渡 / 水驛 / 竹院 / 野店 / 石徑",
    "someone": "故人 / 老僧 / 行客 / 漁父 / 稚子",
    "away": "猶未至 / 何處去 / 今又別 / 空相憶 / 應未睡 / 偏愛靜",
    "kindness": "留我宿 / 勸我飲 / 攜酒到 / 邀我坐",
}


def _by_form(seven: str) -> Agreement:
    """What only the long lines begin with."""
    return Agreement("form", {"five": "", "seven": seven})


FORM = {
    "hour": _by_form("昨夜 / 今朝 / 日暮 / 雨後 / 曉起"),
    "nearby": _by_form("簾外 / 庭前 / 門外 / 枝頭 / 橋下"),
    "thought": _by_form("聞道 / 遙憐 / 卻思 / 可惜 / 誰念"),
    "return": _by_form("回首 / 夜半 / 夢回 / 醉後 / 獨對"),
}


def _by_season(spring: str, summer: str, autumn: str, winter: str) -> Agreement:
    texts = {"spring": spring, "summer": summer, "autumn": autumn, "winter": winter}
    return Agreement("season", texts)


SEASON = {
    "scene": _by_season(
        "春風 / 桃花 / 春雨 / 柳色",
        "荷風 / 蟬聲 / 梅雨 / 槐陰",
        "秋風 / 雁聲 / 桂花 / 露氣",
        "北風 / 梅花 / 凍雲 / 雪意",
    ),
    "creature": _by_season(
        "燕子 / 落花 / 黃鸝 / 芳草 / 飛絮",
        "螢火 / 荷香 / 蜻蜓 / 白鷺 / 新竹",
        "楓葉 / 菊香 / 雁影 / 寒蟲 / 蘆花",
        "飢鴉 / 松聲 / 雪影 / 冰花 / 凍雀",
    ),
    "season's": _by_season("春", "夏", "秋", "寒"),
}


def _by_rhyme(ang: str, ou: str, an: str, ong: str, in_: str) -> Agreement:
    texts = {"ang": ang, "ou": ou, "an": an, "ong": ong, "in": in_}
    return Agreement("rhyme", texts)


RHYME = {
    "first end": _by_rhyme(
        "滿池塘 / 送斜陽 / 伴月光 / 入回廊 / 近衣裳 / 在他鄉",
        "繞高樓 / 逐孤舟 / 下汀洲 / 傍溪流 / 起清愁 / 笑白頭",
        "傍山泉 / 接遠天 / 到江邊 / 伴客船 / 入炊煙 / 惜流年",
        "滿長空 / 怯晚風 / 入夢中 / 過江東 / 伴孤鴻 / 識漁翁",
        "滿疏林 / 動客心 / 過松陰 / 和鐘音 / 繞古琴 / 伴長吟",
    ),
    "last end": _by_rhyme(
        "夜初涼 / 月如霜 / 路正長 / 霧茫茫",
        "水空流 / 月如鉤 / 自登樓 / 不知憂",
        "月正圓 / 不成眠 / 草如煙 / 有鳴絃",
        "一燈紅 / 月朦朧 / 萬山空 / 與誰同",
        "白雲深 / 夜沉沉 / 聽微吟 / 獨行尋",
    ),
    "friend's end": _by_rhyme("鬢上霜", "江上舟", "月下船", "一夢中", "一片心"),
}


def _spaced(text: str) -> str:
    """Lets every character be a token of its own; `<...>` stays together."""
    return " ".join(re.findall(r"<[^>]+>|\S", text))


def _spaced_rule(rule: str | Agreement) -> str | Agreement:
    if isinstance(rule, str):
        return _spaced(rule)
    texts = {value: _spaced(text) for value, text in rule.texts.items()}
    return Agreement(rule.variable, texts)


_BY_CHARACTER: Rules = {**LINES, **FORM, **SEASON, **RHYME}
RULES: Rules = {name: _spaced_rule(rule) for name, rule in _BY_CHARACTER.items()}
