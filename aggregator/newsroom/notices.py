"""The phrases with which publishers correct, clarify and withdraw, by kind and language.

Each table holds regular expressions. An opening stands at the beginning of a title or of a line of text. A statement is a whole
phrase anywhere near the beginning or the end of a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Final, Literal

from aggregator.text.part_cache import PartCache
from aggregator.text.tokens import folded_tokens

Kind = Literal["correction", "clarification", "advisory", "kill", "withdrawn", "retraction"]

# From the gravest to the mildest; of two notices in one entry the graver counts.
KINDS: Final[tuple[Kind, ...]] = ("kill", "withdrawn", "retraction", "correction", "clarification", "advisory")

_STORY = r"(?:story|article|report|dispatch|headline|post|piece|column|caption|item|newsletter|analysis|obituary|version|video|graphic|photo)"  # fmt: skip
_ARTIKEL = r"(?:Artikels?|Textes|Text|Beitrags?|Berichts?|Meldung|Überschrift|Nachricht)"
_NOTA = r"(?:noticia|nota|artículo|información|texto|reportaje|titular|crónica)"
_MATERIAL = r"(?:материала|статьи|новости|публикации|сообщения|текста|заметки)"
_MATERIAL_UK = r"(?:матеріалу|статті|новини|публікації|повідомлення|тексту)"

# At the beginning of a title or line, and followed by a colon, a dash or the like.
OPENINGS: Final[dict[Kind, tuple[str, ...]]] = {
    "kill": (
        r"(?:(?:MANDATORY|STORY|PHOTO|BULLETIN|URGENT|(?:EDS|EDITORS):) )?KILL(?:ED)?",
        r"(?-i:BC|AP)[-–].{0,60}(?:[-–]{1,2}|, ?)(?:KILL|Kill)",
        r"(?:PLEASE )?DISREGARD|WITHHOLD",
        r"ACHTUNG,? MELDUNG (?:ZURÜCKGEZOGEN|NICHT VERWENDEN)",
        r"BITTE NICHT (?:MEHR )?VERWENDEN|STORNO|STORNIERT",
        r"ANNULATION|NE PAS UTILISER",
        r"ANULACIÓN|ANULADA|ANULAR",
        r"(?:ATTENZIONE[ ,:–-]{1,3})?ANNULLA(?: E SOSTITUISCE|RE|TA|MENTO)?",
        r"ANULAÇÃO",
        r"ANULOWAN[EAIY]|ANULACJA",
        r"АННУЛИРОВАНО|АННУЛИРОВАНИЕ|АННУЛИРУЕТСЯ|ОТБОЙ",
        r"АНУЛЬОВАНО|АНУЛЮВАННЯ|СКАСОВАНО",
        r"ANNULLERES|ANNULLERAS|MAKULERES|UTGÅR",
        r"ZRUŠENO|RUŠÍ SE",
        r"İPTAL",
    ),
    "withdrawn": (
        r"(?:STORY )?WITHDRAWN|STORY REMOVED|REMOVED",
        r"RÜCKZUG|ZURÜCKGEZOGEN",
        r"RETIRÉ",
        r"RETIRADA",
        r"INGETROKKEN",
        r"WYCOFAN[EAY]",
        r"ОТОЗВАНО",
        r"ВІДКЛИКАНО",
        r"INDRAGEN|TILLBAKADRAGEN|TRUKKET TILBAGE|TRUKKET",
    ),
    "retraction": (
        r"RETRACTION|RETRACTED",
        r"RETRACTACIÓN|RETRATAÇÃO|RITRATTAZIONE|RÉTRACTATION",
        r"ОПРОВЕРЖЕНИЕ|СПРОСТУВАННЯ",
    ),
    "correction": (
        r"correct(?:ion|ed|s)(?: ?\((?:official|\d)\))?(?: ?-? ?\d)?",
        r"(?-i:BC|AP)[-–].{0,60}(?:[-–]{1,2}|, ?)corrections?",
        r"(?:AP|AFP|Reuters|dpa|EFE|ANSA|PA) (?:corrects|korrigiert|corrige|corregge)",
        r"erratum|errata(?: corrige)?",
        r"korrektur|korrigiert|berichtigung|berichtigt|richtigstellung",
        r"official(?:ly)?[ -]correct(?:ed|ion)",
        r"rectificatif|corrigé|corrige|annule et remplace(?: (?:la|notre|cette) (?:dépêche|information|version)[^:\n]{0,60})?",
        r"corrección|corregid[ao]|fe de (?:errat|error)(?:e|a)?s?|rectificación",
        r"correzione|corretto|corregge|rettifica",
        r"correção|corrigid[ao]|retificação",
        r"correctie|gecorrigeerd|rectificatie",
        r"korekta|sprostowanie|poprawiona",
        r"исправление|исправлено|исправленная версия|поправка",
        r"виправлення|виправлено|виправлена версія",
        r"rättelse|rättad|rettelse|rettet|korrigering",
        r"oikaisu|korjaus|korjattu",
        r"oprava|opraveno",
        r"helyesbítés|javítás",
        r"düzeltme",
        r"διόρθωση|ορθή επανάληψη",
        r"تصحيح",
        r"更正|訂正|정정|정정보도",
        r"भूल सुधार|शुद्धिपत्र",
    ),
    "clarification": (
        r"clarification|clarified",
        r"klarstellung|präzisierung",
        r"mise au point|précision",
        r"aclaración|precisazione|esclarecimento",
        r"verduidelijking|wyjaśnienie",
        r"уточнение|уточнено|уточнення",
        r"förtydligande|præcisering|presisering|täsmennys|upřesnění",
        r"توضيح|澄清",
    ),
    "advisory": (
        r"(?-i:ADVISORY)",
        r"(?:editors?[’']? advisory|advisory to (?:editors|clients|customers)|attention,? editors"
        r"|(?:a )?note to (?:editors|clients))",
        r"(?:hinweis an die (?:redaktionen|kunden)|redaktioneller hinweis)",
        r"(?:avis aux (?:rédactions|clients|abonnés)|aviso a (?:los )?(?:editores|clientes|abonados)"
        r"|avviso ai (?:clienti|redattori))",
        r"(?:вниманию (?:редакций|клиентов|подписчиков)|до уваги (?:редакцій|клієнтів|передплатників))",
    ),
}

# Whole phrases that speak of the text itself, so that a market's correction is not matched.
STATEMENTS: Final[dict[Kind, tuple[str, ...]]] = {
    "kill": (
        rf"(?:please|must|editors[,:]?(?: please)?) kill (?:the|our|this) [\w\s,.'’:“”\"-]{{0,80}}?{_STORY}",
        rf"(?:this|the|our) {_STORY} (?:was|has been) (?:sent|moved|transmitted|filed|published) in error",
        rf"(?:please|editors[,:]?(?: please)?) (?:disregard|withhold) (?:the|our|this) [\w\s,.'’:“”\"-]{{0,80}}?{_STORY}",
        rf"(?:mandatory|bulletin|story) kill\b(?=[^.]{{0,200}}\b{_STORY})",
        r"(?:bitte|diese) (?:die )?meldung (?:bitte )?nicht (?:mehr )?(?:verwenden|veröffentlichen)",
        rf"bitte verwenden sie (?:die|diese|den|diesen|unsere) {_ARTIKEL} [^.\n]{{0,200}}?\bnicht\b",
        r"(?:merci|prière) d['’]annuler (?:la|notre|cette) (?:dépêche|information)",
        r"(?:cette|notre|la) dépêche (?:\S+ ){0,6}?est annulée",
        r"(?:rogamos|se ruega|por favor,?) (?:que )?(?:anulen|anular|no utilicen) (?:la|nuestra|esta) (?:noticia"
        r"|nota|información)",
        r"si prega di (?:annullare|non utilizzare) (?:la|il|questa|nostra)",
        r"(?:pedimos|solicita-se) (?:a )?anulação da notícia",
        r"prosimy o (?:anulowanie|niewykorzystywanie) (?:depeszy|informacji)",
        r"(?:просим|просьба) (?:аннулировать|не использовать) (?:сообщение|новость|материал)|сообщение аннулировано",
        r"(?:просимо|прохання) (?:анулювати|не використовувати) (?:повідомлення|новину|матеріал)"
        r"|повідомлення анульовано",
        r"(?:配信)?記事を(?:全文)?取り消し(?:ます|ました)|전문\s?취소|稿件作废|(?:请|請)勿(?:使用|采用|採用)(?:该|本|此)(?:稿|文)",
    ),
    "withdrawn": (
        r"(?:has|have) (?:withdrawn|removed|pulled|taken down|deleted) (?:its|our|a|the"
        rf"|this) (?:\S+ ){{0,4}}?{_STORY}",
        rf"this {_STORY} (?:has been|was|is) (?:withdrawn|removed|taken down|deleted|unpublished)",
        rf"(?:der|dieser?|die|unser|wir haben (?:den|diesen|die)) {_ARTIKEL} (?:[«„»\"][^«»“\"\n]{{1,200}}[»“«\"] )?(?:\S+ ){{0,8}}?(?:zurückgezogen"
        r"|entfernt|gelöscht)",
        r"(?:cet article|cette dépêche|notre article) (?:a été|est) (?:retirée?|supprimée?|dépubliée?)",
        rf"(?:esta|este) {_NOTA} (?:ha sido|fue) (?:retirad|eliminad|borrad)[ao]",
        r"questo articolo è stato (?:ritirato|rimosso|cancellato)",
        r"(?:esta notícia|este (?:texto|artigo)) foi (?:retirad|removid|apagad|despublicad)[ao]",
        r"dit (?:artikel|bericht) is (?:ingetrokken|verwijderd|offline gehaald)",
        r"(?:ten|ta|niniejszy) (?:artykuł|tekst|depesza|materiał) został[ay]? (?:wycofan|usunięt)[yae]",
        r"(?:этот )?(?:материал|публикация|новость|сообщение) (?:был[ао]? )?(?:отозван|снят"
        r"|удал[её]н)[ао]?(?: (?:с публикации|редакцией))",
        r"(?:цей )?(?:матеріал|новину|публікацію|повідомлення) (?:було )?(?:відкликано|вилучено|знято"
        r"|видалено)(?: (?:редакцією|з публікації))",
        r"(?:den här )?(?:artikeln|texten|artiklen|artikkelen) (?:är|har blitt|er|er blevet|har"
        r"|är) (?:tillbakadragen|borttagen|trukket (?:tilbage|tilbake)|avpublicerad|fjernet)",
        r"本文已(?:撤回|撤下|删除|刪除)|已撤稿|이 기사는 (?:삭제|철회)",
    ),
    "retraction": (
        rf"(?:has|have|is being|been) retract(?:ed|ing) (?:its|our|a|the|this) (?:\S+ ){{0,4}}?{_STORY}",
        rf"this {_STORY} (?:has been|is|was) (?:fully )?retracted|we (?:fully |hereby )?retract (?:the|this"
        rf"|our) (?:\S+ ){{0,3}}?{_STORY}",
        rf"nos retractamos de (?:esta|la) {_NOTA}",
    ),
    "correction": (
        r"(?:an? )?(?:earlier|previous|prior|original|initial) versions? of (?:this|the"
        rf"|our) (?:\S+ ){{0,2}}?{_STORY}",
        rf"this (?:[\w.]+ \d{{1,2}} )?{_STORY}(?:['’]s (?:headline|caption))? (?:has been|was|is being) (?:corrected|amended"
        r"|updated to correct|edited to correct)",
        rf"this is a corrected (?:version|{_STORY})|this version corrects|{_STORY} corrects\b",
        r"(?:an? )?(?:earlier|previous) version (?:\w+ly )?(?:misstated|misspelled|misidentified|misquoted|misattributed"
        r"|gave the wrong|had the wrong|included an incorrect|contained an error)|\(\s?refiles? to (?:correct|fix)\b",
        rf"in an? {_STORY} [^\n]{{0,400}}?\bthe (?:correct [\w ]{{2,20}} (?:is|was)|{_STORY} should have)\b",
        r"\(\s?corrects? [^)]{5,300}\)|^corrects (?:headline|paragraph|para|lead|the|spelling|name"
        r"|to)\b[^\n]{5,}",
        r"(?:the|our) (?:Associated Press|AP|newspaper|paper|site|\w+) (?:\S+ )?(?:erroneously|incorrectly|wrongly"
        rf"|mistakenly) reported[^.\n]{{0,200}}(?:the {_STORY}|corrected)",
        rf"in (?:a|an) (?:{_STORY}) (?:published|on|about|sent|filed)[^.\n]{{0,160}}(?:erroneously|incorrectly"
        r"|wrongly|mistakenly) (?:reported|stated|said|identified|named|gave)",
        r"(?:in )?(?:einer|der|die|eine|unserer) (?:früheren?|ersten?|vorherigen?|ursprünglichen?"
        rf"|älteren?) (?:version|fassung) (?:dieses|des|dieser|der|unseres) (?:\S+ )?{_ARTIKEL}",
        rf"dieser? {_ARTIKEL} wurde (?:\S+ ){{0,4}}?(?:korrigiert|berichtigt)|wir haben (?:das|dies|den fehler"
        rf"|die stelle|die angabe|die zahl|den namen) (?:\S+ ){{0,3}}?(?:korrigiert|berichtigt)",
        r"(?:une|la|dans une|dans la) (?:version (?:précédente|antérieure|initiale)|première version"
        r"|précédente version) de (?:cet article|ce texte|cette dépêche|notre article|cet article)",
        r"(?:cet article|cette dépêche|ce texte) a été (?:corrigée?|rectifiée?|modifiée? pour corriger)"
        r"|\(\s?corrige [^)]{5,200}\)",
        r"(?:una|en una|la) (?:versión|primera versión) (?:anterior|previa|inicial|preliminar)? ?de (?:este"
        rf"|esta) {_NOTA}",
        rf"(?:este|esta) {_NOTA} (?:ha sido|fue) (?:corregid|rectificad)[ao]",
        r"(?:una|in una|nella) (?:versione precedente|precedente versione|prima versione|versione iniziale) (?:di"
        r"|del) (?:questo|questa|nostro|presente) (?:articolo|notizia|testo)|questo articolo è stato corretto",
        r"(?:uma|em uma|numa|na) (?:versão anterior|primeira versão|versão inicial) (?:deste|desta) (?:texto"
        r"|artigo|reportagem|notícia|matéria)|(?:este texto|esta reportagem|este artigo"
        r"|esta notícia) foi corrigid[ao]",
        r"(?:in een|een|de) (?:eerdere|vorige|oorspronkelijke) versie van dit (?:artikel|bericht|stuk|verhaal)"
        r"|dit (?:artikel|bericht) is (?:gecorrigeerd|gerectificeerd)",
        r"(?:we|w) (?:wcześniejszej|poprzedniej|pierwotnej) wersji (?:tego |niniejszego )?(?:artykułu|tekstu"
        r"|depeszy|materiału)|(?:artykuł|tekst|depesza) został[ay]? (?:poprawion|skorygowan)[yae]",
        r"в (?:предыдущей|более ранней|первоначальной|ранней|первой) версии (?:этого |этой |данного "
        rf"|данной )?{_MATERIAL}|(?:материал|текст|новость) исправлен[ао]?\b"
        r"|редакция приносит извинения за (?:ошибку|неточность)",
        rf"у (?:попередній|ранішій|первісній|більш ранній|першій) версії (?:цього |цієї |даного )?{_MATERIAL_UK}"
        r"|(?:матеріал|текст|новину) виправлено|редакція (?:перепрошує|вибачається) за (?:помилку|неточність)",
        r"i en (?:tidigare|tidligere) (?:version|versjon|udgave|utgave|utgåva) av? ?(?:af )?(?:den här |denne "
        r"|denna |dette )?(?:artikeln?|artiklen|artikkelen|texten|teksten|saken|nyheten)",
        r"(?:jutun|artikkelin|uutisen) (?:aiemmassa|aikaisemmassa|alkuperäisessä) versiossa",
        r"v (?:předchozí|dřívější|původní) verzi (?:tohoto |této )?(?:článku|textu|zprávy)",
        r"(?:haberin|yazının) (?:önceki|ilk) (?:sürümünde|versiyonunda|halinde)",
        r"σε προηγούμενη (?:έκδοση|εκδοχή) (?:του|αυτού του) (?:άρθρου|κειμένου)",
        r"في نسخة سابقة من (?:هذا|هذه) (?:المقال|الخبر|التقرير|المقالة)",
        r"本文(?:的)?(?:先前|早前|较早|較早|之前|此前)(?:的)?版本|(?:お詫び|おわび)して訂正|記事を訂正(?:しました|します)|바로잡습니다",
    ),
    "clarification": (
        rf"this {_STORY} (?:has been|was) (?:clarified|(?:updated|amended|edited) to (?:clarify|make clear))",
        r"dieser artikel wurde präzisiert|cet article a été (?:précisé|modifié pour préciser)",
        rf"(?:este|esta) {_NOTA} (?:ha sido|fue) (?:aclarad|precisad|actualizad)[ao] para (?:aclarar|precisar)",
        r"(?:текст|материал) уточн[её]н редакцией|текст уточнено редакцією",
    ),
    "advisory": (
        rf"(?:editors|clients|subscribers)(?:[,:]| are advised| please note)[^.\n]{{0,120}}\b(?:{_STORY}|alert"
        r"|slug)\b",
        r"attention (?:editors|subscribers|clients)\b",
    ),
}

# Words that often name a column, a repair or a bill. Unless written in capitals, as agencies do, they open a notice only where
# the text admits something.
COLUMNS: Final = re.compile(
    r"mise au point|précision|korjaus|korjattu|korekta|oprava|opraveno|javítás|поправка", re.IGNORECASE
)
_SAID = r"(?:écrit|indiqué|publié|affirmé|attribué|annoncé|présenté|imprimé|mentionné)"
# Phrases in which a paper speaks of its own text, or says what it should have written.
ADMISSIONS: Final = re.compile(
    r"contrairement à ce (?:que nous|qui (?:a été|était)|qu['’](?:il|elle|on|indiquait|affirmait|annonçait))"
    rf"|(?:par erreur|à tort|de façon erronée),? {_SAID}|{_SAID},? (?:par erreur|à tort)"
    r"|\bdans (?:notre|nos) (?:\S+ )?(?:articles?|éditions?|dépêches?|papiers?)\b"
    r"|\b(?:notre|cet) article [^.\n]{0,60}?\b(?:indiquait|affirmait|attribuait|mentionnait|donnait|comportait|contenait)\b"
    r"|il fallait (?:lire|comprendre)|lire .{1,60} et non"
    r"|une? (?:erreur|coquille|inexactitude) (?:s['’]est glissée|figurait|s['’]était glissée)"
    r"|(?:nous|la rédaction) (?:\S+ )?(?:regrettons|regrette|rectifions|rectifie|présentons|présente ses|prions|prie nos)"
    r"|droit de réponse|nous avons (?:\S+ )?(?:écrit|indiqué|publié|affirmé|attribué|annoncé)"
    r"|(?:jutussa|uutisessa|artikkelissa|otsikossa|tekstissä|kirjoituksessa|kappaleessa|kappaleeseen|kuvatekstissä|lehdessä)"
    r"|virheellisesti|erheellisesti|kerrottiin väärin|(?:pitää|pitäisi|piti) olla|pahoittelemme"
    r"|korja(?:ttu|taan|simme|amme) (?:kello|klo|\d|otsik|nim|toise|ensimm|kappale|luku|ikä|juttu)"
    r"|błędnie|omyłkowo|powinno być|przepraszamy|(?:naszym|wczorajszym) (?:artykule|tekście)"
    r"|omylem|mylně|chybně|nesprávně uved|správně (?:má být|je)|omlouváme se|(?:našem|včerejším) (?:článku|textu|vydání)"
    r"|tévesen|hibásan|helyesen|elnézést|(?:cikkünk|írásunk|hírünk)"
    r"|ошибочно|неверно (?:указ|напис|назв)|следует читать|приносим извинения|в (?:нашем|нашей|сообщении|заметке|материале|тексте) ",
    re.IGNORECASE,
)

_STEMS = """
version versión versie versioss versiyon versã верси версі έκδοση εκδοχή نسخة 版本 fassung verzi wersji versjon udgave
utgave utgåva sürüm halinde correct corrig korrig berichtig kill nicht annul anul utiliz withdraw remov pulled taken
deleted unpubl zurückgezogen entfernt gelöscht retir supprim dépubli eliminad borrad ritirat rimosso cancellat apagad
ingetrokken verwijderd offline wycofan usunięt отозван снят удал аннулиров анульовано анулювати использовать
використовувати відкликано вилучено знято видалено tillbakadragen borttagen trukket avpublicerad fjernet 撤 除 勿 取り消し 취소
삭제 철회 作废 retract erroneously wrongly mistakenly amended edited gerectificeerd poprawion skorygowan niewykorzyst
исправлен извинения виправлено перепрошує вибачається 訂正 바로 clarif clear präzisiert précis aclarad precisad actualizad
уточн editors clients subscribers modifi rectif misstated misspelled misidentified misquoted misattributed wrong
incorrect error refile disregard withhold
"""
# Every statement contains one of these stems. Searching for them first spares most texts the long expressions.
_LOOKED_FOR: Final = tuple(_STEMS.split())


def openings(kind: Kind) -> re.Pattern[str]:
    """Return the expression that recognises a notice of a kind at the beginning of a title or line."""
    capitals = kind in ("kill", "withdrawn", "retraction")
    names = "|".join(OPENINGS[kind])
    end = r"(?=\s*[:：;.!–—|\])）】]|\s?[-–—]|\s?\+\+|\s*$)"
    return re.compile(
        rf"^[\W_]*(?P<phrase>{names}){end}(?P<rest>.*)", re.DOTALL if capitals else re.DOTALL | re.IGNORECASE
    )


def stated(text: str) -> Iterator[tuple[Kind, re.Match[str]]]:
    """Yield the first statement of each kind in a text."""
    present = set(chain.from_iterable(_stems_within.results(folded_tokens(text))))
    if not present:
        return
    for kind in KINDS:
        found = (
            _statement(kind, place).search(text) for place, stems in stems_of(kind) if not present.isdisjoint(stems)
        )
        first = min((match for match in found if match is not None), key=lambda match: match.start(), default=None)
        if first is not None:
            yield kind, first


def _stems_of(token: str) -> tuple[str, ...]:
    """Return the stems in a token; no stem spans a blank."""
    return tuple([stem for stem in _LOOKED_FOR if stem in token])


_stems_within = PartCache(_stems_of)


@cache
def stems_of(kind: Kind) -> tuple[tuple[int, frozenset[str]], ...]:
    """Return the place of each statement of a kind in its table, and the stems that the statement contains."""
    return tuple(
        (place, frozenset(stem for stem in _LOOKED_FOR if stem in phrase.replace(_STORY, "").lower()))
        for place, phrase in enumerate(STATEMENTS[kind])
    )


@cache
def _statement(kind: Kind, place: int) -> re.Pattern[str]:
    return re.compile(STATEMENTS[kind][place], re.IGNORECASE | re.MULTILINE)
