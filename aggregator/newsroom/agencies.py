"""Wire services: their names in several languages, and the domains where they publish.

Names are compared without regard to case. Marks are short and are compared as written. An ambiguous mark is also a word, a name
or somebody else's initials; it counts only where nothing else can be meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from aggregator.text.part_cache import PartCache
from aggregator.text.tokens import folded_tokens
from aggregator.text.urls import registrable_domain

# agency | names | marks | ambiguous marks | domains; semicolons separate the values of a column. An agency may have two rows.
_TABLE = """
AP|Associated Press;The Associated Press;Associated Press News;AP News;AP Wire|AP||apnews.com;ap.org
AP|AP通信;AP통신;美联社;美聯社;Ассошиэйтед Пресс;Ассошіейтед Прес;أسوشيتد برس|أ ب;एपी||
Reuters|Reuters;Thomson Reuters;Reuters News|||reuters.com;reutersagency.com
Reuters|Рейтер;Рейтерс;Ройтерс;ロイター;ロイター通信;路透社;路透;로이터;로이터통신;رويترز;רויטרס;रॉयटर्स|||
AFP|Agence France-Presse;Agence France Presse|AFP||afp.com
AFP|Франс Пресс;Франс Прес;法新社;AFP=時事;AFP通信;AFP통신;فرانس برس|АФП;أ ف ب;أ.ف.ب;ا ف ب;एएफपी||
dpa|Deutsche Presse-Agentur;Deutsche Presse Agentur;dpa-AFX;dpa-infocom;dpa International;德新社|dpa;DPA;ДПА;د ب أ||dpa.com;dpa-international.com
EFE|Agencia EFE;EFE Noticias;Agência EFE;埃菲社|EFE||efe.com
ANSA|Agenzia ANSA;Redazione ANSA;ANSAmed;安莎社||ANSA|ansa.it
TASS|ITAR-TASS;ИТАР-ТАСС;Russian News Agency TASS;塔斯社;タス通信;타스통신|TASS;ТАСС||tass.ru;tass.com
Xinhua|Xinhua News Agency;Xinhua;新华社;新華社;新华网;Xinhuanet;Синьхуа;Сіньхуа;신화통신;شينخوا|||xinhuanet.com;news.cn
Kyodo|Kyodo News;Kyodo;共同通信;共同通信社;共同社;교도통신;Киодо|共同||kyodonews.net;kyodonews.jp;kyodo.co.jp
Jiji|Jiji Press;時事通信;時事通信社;時事ドットコム|時事|Jiji;JIJI|jiji.com
PTI|Press Trust of India;PTI Bhasha;पीटीआई;पीटीआई-भाषा||PTI;भाषा|ptinews.com
ANI|Asian News International;एएनआई||ANI|aninews.in
IANS|Indo-Asian News Service;आईएएनएस|IANS||ians.in
UNI|United News of India||UNI|uniindia.com
PA Media|Press Association;PA Media;PA News Agency;PA News;PA Reporters||PA|pa.media;pressassociation.com
UPI|United Press International|UPI||upi.com
China News Service|China News Service;中新社;中国新闻社;中新网|||chinanews.com.cn;chinanews.com
Belga|Belga News Agency;Agence Belga||Belga;BELGA|belga.be;belganewsagency.eu
ANP|Algemeen Nederlands Persbureau;ANP Producties|ANP||anp.nl
APA|Austria Presse Agentur;Austria Presseagentur;APA OTS||APA|apa.at
PAP|Polska Agencja Prasowa;Nauka w Polsce - PAP;Польское агентство печати||PAP|pap.pl
Ukrinform|Укрінформ;Укринформ;Ukrinform|||ukrinform.ua;ukrinform.net;ukrinform.ru;ukrinform.de
Interfax-Ukraine|Interfax-Ukraine;Интерфакс-Украина;Інтерфакс-Україна|||interfax.com.ua
Anadolu|Anadolu Agency;Anadolu Ajansı;Anadolu Ajansi;Anadolu;Анадолу;الأناضول||AA|aa.com.tr
DHA|Demirören Haber Ajansı|DHA||dha.com.tr
İHA|İhlas Haber Ajansı|İHA||iha.com.tr
Lusa|Agência Lusa;Lusa Agência||Lusa;LUSA|lusa.pt
ČTK|Česká tisková kancelář;Czech News Agency|ČTK||ctk.cz;ctk.eu;ceskenoviny.cz
TASR|Tlačová agentúra Slovenskej republiky|TASR||tasr.sk;teraz.sk
SITA|Slovenská tlačová agentúra||SITA|sita.sk
MTI|Magyar Távirati Iroda||MTI|mti.hu
STA|Slovenska tiskovna agencija||STA|sta.si
Hina|||HINA;Hina|hina.hr
Tanjug|Tanjug;Танјуг|||tanjug.rs
FENA|||FENA|fena.ba
BTA|Bulgarian News Agency;Българска телеграфна агенция||BTA;БТА|bta.bg
Agerpres|Agerpres|||agerpres.ro
ANA-MPA|Athens-Macedonian News Agency;ΑΠΕ-ΜΠΕ|ANA-MPA;ΑΠΕ||amna.gr
Ritzau|Ritzaus Bureau;Ritzau|||ritzau.dk;ritzau.com
NTB|Norsk Telegrambyrå|NTB||ntb.no
TT|Tidningarnas Telegrambyrå;TT Nyhetsbyrån;TT-Reuters||TT|tt.se
STT|Suomen Tietotoimisto|STT||stt.fi
BNS|Baltic News Service|BNS||bns.ee;bns.lt;bns.lv
Keystone-SDA|Keystone-SDA;Keystone-ATS;Schweizerische Depeschenagentur;Agence télégraphique suisse;ats awp|SDA;sda;SDA-ATS;ATS;awp/sda|ats|keystone-sda.ch
Interfax|Interfax;Интерфакс|||interfax.ru;interfax.com
RIA Novosti|RIA Novosti;РИА Новости|||ria.ru;sputniknews.com
BelTA|BelTA;БЕЛТА|||belta.by
Kazinform|Kazinform;Казинформ|||inform.kz
Azertac|Azertac;AZƏRTAC|||azertag.az
Armenpress|Armenpress;Արմենպրես|||armenpress.am
IRNA|Islamic Republic News Agency;ایرنا|IRNA||irna.ir
WAM|Emirates News Agency|WAM;وام||wam.ae
SPA|Saudi Press Agency;واس||SPA|spa.gov.sa
QNA|Qatar News Agency;قنا||QNA|qna.org.qa
MENA|Middle East News Agency;أ ش أ||MENA|mena.org.eg
KUNA|Kuwait News Agency;كونا|KUNA||kuna.net.kw
Petra|Jordan News Agency;بترا||Petra|petra.gov.jo
SANA|Syrian Arab News Agency;سانا||SANA|sana.sy
Yonhap|Yonhap News Agency;Yonhap News;Yonhap;연합뉴스;聯合ニュース;韩联社;韓聯社;Ренхап|||yna.co.kr;yonhapnews.co.kr
Newsis|Newsis;뉴시스|||newsis.com
News1|뉴스1|||news1.kr
KCNA|Korean Central News Agency|KCNA||kcna.kp;kcna.co.jp
CNA|Central News Agency;中央通訊社;Focus Taiwan;中央社|||cna.com.tw;focustaiwan.tw
VNA|Vietnam News Agency;TTXVN|TTXVN|VNA|vnanet.vn
Bernama|Bernama|||bernama.com
Antara|Antara News||ANTARA;Antara|antaranews.com
AAP|Australian Associated Press;AAP Newswire|AAP||aap.com.au
The Canadian Press|The Canadian Press;Canadian Press;La Presse Canadienne||CP|thecanadianpress.com
Bloomberg|Bloomberg News;Bloomberg|||bloomberg.com
Europa Press|Europa Press|||europapress.es
AGI|Agenzia Italia||AGI|agi.it
Adnkronos|Adnkronos;Adnkronos/Labitalia|||adnkronos.com
LaPresse|LaPresse|||lapresse.it
SID|Sport-Informations-Dienst||SID;sid|sid.de
epd|Evangelischer Pressedienst|epd||epd.de
KNA|Katholische Nachrichten-Agentur||KNA|kna.de
Télam|Télam;Telam|||telam.com.ar
Notimex|Notimex|||notimex.gob.mx
Agência Brasil|Agência Brasil;Agencia Brasil|||
Prensa Latina|Prensa Latina|||prensa-latina.cu
NAN|News Agency of Nigeria||NAN|nannews.ng
GNA|Ghana News Agency||GNA|gna.org.gh
SAnews|SAnews|||sanews.gov.za
"""


@dataclass(frozen=True, slots=True)
class Agency:
    """A wire service: its short name, under which entries are attributed to it, and the forms in which it is written."""

    name: str
    names: tuple[str, ...]
    marks: tuple[str, ...]
    ambiguous_marks: tuple[str, ...]
    domains: tuple[str, ...]


def _read(table: str) -> tuple[Agency, ...]:
    found: dict[str, Agency] = {}
    for line in table.strip().split("\n"):
        name, *columns = line.split("|")
        names, marks, ambiguous, domains = (tuple(filter(None, column.split(";"))) for column in columns)
        known = found.get(name, Agency(name, (), (), (), ()))
        found[name] = Agency(
            name,
            known.names + names,
            known.marks + marks,
            known.ambiguous_marks + ambiguous,
            known.domains + domains,
        )
    return tuple(found.values())


AGENCIES = _read(_TABLE)

_BY_NAME = {name.casefold(): agency.name for agency in AGENCIES for name in agency.names}
_BY_MARK = {mark: agency.name for agency in AGENCIES for mark in (*agency.marks, *agency.ambiguous_marks)}
_BY_DOMAIN = {domain: agency.name for agency in AGENCIES for domain in agency.domains}
_LABELS = re.compile(r"[/.:@?#]")
_SITES = frozenset(domain.partition(".")[0] for domain in _BY_DOMAIN)
AMBIGUOUS_MARKS = frozenset(mark for agency in AGENCIES for mark in agency.ambiguous_marks)

# Marks that readers know as another publisher's: more of them call Channel NewsAsia CNA than Taiwan's agency.
_OTHER_COMPANIES = frozenset({"CNA", "NAN", "SANA", "SPA", "UNI"})

MAX_NAME = 300  # characters: a longer text is not searched for an agency's name
# The context of an agency's name where it is the author.
_BEFORE = re.compile(
    r"^(?:(?:by|von|par|por|de|di|da|af|av|door|od|the|agencia|agence|agenzia|agência|agentur|redazione|redacción|"
    r"redação|source|quelle|fuente|fonte|bron|via|news agency|correspondents?)\b[\s:]*|[©/(\[])+",
    re.IGNORECASE,
)
_AFTER = re.compile(r"(?:\s*\b(?:staff|writers?|news(?: agency| wire)?|newswire|agency|agentur|gmbh|inc)\b\.?|[/)\].])+$", re.IGNORECASE)  # fmt: skip

_TITLE_TAIL = re.compile(r"(?<=\S)\s+(?:[-|–—]\s+([^-|–—()]{2,40})|\(([^()]{2,40})\))$")


def agency_called(name: str) -> str | None:
    """Return the agency with this name or mark; None where no agency has it."""
    if len(name) > MAX_NAME:
        return None
    name = " ".join(name.split())
    for form in dict.fromkeys((name, _BEFORE.sub("", name).strip(), _AFTER.sub("", _BEFORE.sub("", name)).strip())):
        found = _BY_NAME.get(form.casefold()) or _BY_MARK.get(form) or _BY_DOMAIN.get(form.casefold())
        if found:
            return found
    return None


def without_agency(title: str) -> str:
    """Return a title without an agency's name or mark behind a dash, a bar or in brackets at its end."""
    found = _TITLE_TAIL.search(title)
    return title[: found.start()] if found and agency_called(found[1] or found[2]) else title


@lru_cache(maxsize=1_024)
def agency_of_publisher(name: str) -> str | None:
    """Return the agency that publishes under a name; None where there is none, or another publisher is known by the same letters."""
    found = agency_called(name)
    return None if name.strip() in _OTHER_COMPANIES else found


def agency_of_address(url: str | None) -> str | None:
    """Return the agency on whose site an address is; None where it is on no agency's site."""
    if not url or _SITES.isdisjoint(_LABELS.split(url.lower())):
        return None  # most addresses end here, without a look-up in the Public Suffix List
    domain = registrable_domain(url)
    return _BY_DOMAIN.get(domain) if domain else None


_WORDS = re.compile(r"[^\W_]+")


def _by_longest_word() -> dict[str, list[str]]:
    """Return longest word -> the case-folded forms that hold it. First words would not do: many are "The", "Agence" or "News"."""
    found: dict[str, list[str]] = {}
    for form in {
        form.casefold() for agency in AGENCIES for form in (*agency.names, *agency.marks, *agency.ambiguous_marks)
    }:
        found.setdefault(max(_WORDS.findall(form), key=len), []).append(form)
    return found


_FORMS = _by_longest_word()
# Scripts without blanks between words, or with particles joined to words: a name cannot be found there by one of its words.
_RUN_TOGETHER = re.compile(
    "[\u0600-\u06ff\u0900-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\uffef]"
)


def may_name_agency(text: str) -> bool:
    """Return False where :func:`agency_pattern` surely finds nothing in a text; costs a hundredth of a search."""
    candidates = list(chain.from_iterable(_forms_within.results(folded_tokens(text))))
    if candidates:
        folded = text.casefold()
        if any(form in folded for form in candidates):
            return True
    return not text.isascii() and _RUN_TOGETHER.search(text) is not None


def _forms_of(token: str) -> tuple[str, ...]:
    """Return the forms whose longest word occurs in a token."""
    return tuple([form for word in _WORDS.findall(token) for form in _FORMS.get(word, ())])


_forms_within = PartCache(_forms_of)


def agency_pattern(*, ambiguous: bool = True) -> str:
    """Return a regular expression for any agency: names in any case, marks as written, with the ``ambiguous`` ones or without."""
    names = sorted((name for agency in AGENCIES for name in agency.names), key=len, reverse=True)
    marks = sorted((mark for mark in _BY_MARK if ambiguous or mark not in AMBIGUOUS_MARKS), key=len, reverse=True)
    every = [f"(?i:{re.escape(name)})" for name in names] + [re.escape(mark) for mark in marks]
    return "(?:" + "|".join(every) + ")"
