"""Copies and stories in many languages and scripts; nothing joins across languages by digits and names alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.model import Feed
from aggregator.text.language import identify, is_of_country, primary_language
from tests.clustering.arriving import Text, room
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

# Language -> two reports of a ferry aground off Skarvik, and one of another event. The names and the 210 are the same in all.
NEWS: dict[str, tuple[tuple[str, str], tuple[str, str], tuple[str, str]]] = {
    "en": (
        (
            "Ferry with 210 aboard runs aground off Skarvik",
            "The ferry Nordlys ran aground off Skarvik in thick fog with 210 passengers aboard. Lifeboats"
            " took them to the quay; nobody was hurt, the coastguard said.",
        ),
        (
            "Passengers of the Nordlys ferry safe in Skarvik",
            "All passengers of the ferry Nordlys are ashore in Skarvik after the ship struck rocks in fog."
            " Captain Jens Aune told the coastguard that the radar had failed.",
        ),
        (
            "Museum buys back stolen altarpiece",
            "The city museum has bought back an altarpiece that thieves took from a chapel forty years ago."
            " A collector offered the panel after reading about the theft.",
        ),
    ),
    "de": (
        (
            "Fähre mit 210 Menschen vor Skarvik auf Grund gelaufen",
            "Die Fähre Nordlys ist im dichten Nebel vor Skarvik mit 210 Passagieren auf Grund gelaufen."
            " Rettungsboote brachten sie zum Kai; verletzt wurde niemand, teilte die Küstenwache mit.",
        ),
        (
            "Passagiere der Fähre Nordlys in Skarvik in Sicherheit",
            "Alle Passagiere der Fähre Nordlys sind in Skarvik an Land, nachdem das Schiff im Nebel auf"
            " Felsen gelaufen war. Kapitän Jens Aune sagte der Küstenwache, das Radar sei ausgefallen.",
        ),
        (
            "Museum kauft gestohlenen Altar zurück",
            "Das Stadtmuseum hat einen Altar zurückgekauft, den Diebe vor vierzig Jahren aus einer Kapelle"
            " geraubt hatten. Ein Sammler bot die Tafel an, nachdem er von dem Diebstahl gelesen hatte.",
        ),
    ),
    "fr": (
        (
            "Un ferry s'échoue au large de Skarvik avec 210 passagers",
            "Le ferry Nordlys s'est échoué lundi au large de Skarvik dans un épais brouillard avec 210"
            " passagers à bord. Des canots les ont conduits à quai ; personne n'est blessé, selon les"
            " garde-côtes.",
        ),
        (
            "Les passagers du ferry Nordlys sains et saufs à Skarvik",
            "Tous les passagers du ferry Nordlys sont à terre à Skarvik après que le navire a heurté des"
            " rochers dans le brouillard. Le capitaine Jens Aune a dit aux garde-côtes que le radar était en"
            " panne.",
        ),
        (
            "Le musée rachète un retable volé",
            "Le musée municipal a racheté un retable que des voleurs avaient emporté d'une chapelle il y a"
            " quarante ans. Un collectionneur a proposé le panneau après avoir lu un article sur le vol.",
        ),
    ),
    "es": (
        (
            "Un ferri encalla frente a Skarvik con 210 pasajeros",
            "El ferri Nordlys encalló el lunes frente a Skarvik en medio de una densa niebla con 210"
            " pasajeros a bordo. Los botes los llevaron al muelle; no hubo heridos, dijo la guardia costera.",
        ),
        (
            "A salvo en Skarvik los pasajeros del ferri Nordlys",
            "Todos los pasajeros del ferri Nordlys están en tierra en Skarvik después de que el barco"
            " chocara con unas rocas en la niebla. El capitán Jens Aune dijo a la guardia costera que falló"
            " el radar.",
        ),
        (
            "El museo recupera un retablo robado",
            "El museo de la ciudad ha comprado un retablo que unos ladrones se llevaron de una capilla hace"
            " cuarenta años. Un coleccionista ofreció la tabla tras leer sobre el robo.",
        ),
    ),
    "it": (
        (
            "Traghetto con 210 persone si incaglia al largo di Skarvik",
            "Il traghetto Nordlys si è incagliato lunedì al largo di Skarvik nella fitta nebbia con 210"
            " passeggeri a bordo. Le scialuppe li hanno portati al molo; nessun ferito, ha detto la guardia"
            " costiera.",
        ),
        (
            "In salvo a Skarvik i passeggeri del traghetto Nordlys",
            "Tutti i passeggeri del traghetto Nordlys sono a terra a Skarvik dopo che la nave ha urtato gli"
            " scogli nella nebbia. Il capitano Jens Aune ha detto alla guardia costiera che il radar era"
            " guasto.",
        ),
        (
            "Il museo ricompra una pala d'altare rubata",
            "Il museo civico ha ricomprato una pala d'altare che i ladri avevano portato via da una cappella"
            " quarant'anni fa. Un collezionista ha offerto il dipinto dopo aver letto del furto.",
        ),
    ),
    "pl": (
        (
            "Prom z 210 osobami osiadł na skałach koło Skarvik",
            "Prom Nordlys osiadł w poniedziałek na skałach koło Skarvik w gęstej mgle z 210 pasażerami na"
            " pokładzie. Łodzie ratunkowe przewiozły ich na nabrzeże; nikt nie ucierpiał, podała straż"
            " przybrzeżna.",
        ),
        (
            "Pasażerowie promu Nordlys bezpieczni w Skarvik",
            "Wszyscy pasażerowie promu Nordlys są na lądzie w Skarvik po tym, jak statek uderzył we mgle w"
            " skały. Kapitan Jens Aune powiedział straży przybrzeżnej, że zawiódł radar.",
        ),
        (
            "Muzeum odkupiło skradziony ołtarz",
            "Muzeum miejskie odkupiło ołtarz, który złodzieje wynieśli z kaplicy czterdzieści lat temu."
            " Kolekcjoner zaproponował obraz, gdy przeczytał w czasopiśmie o kradzieży.",
        ),
    ),
    "uk": (
        (
            "Пором із 210 людьми сів на мілину біля Скарвіка",
            "Пором «Нордліс» у понеділок сів на мілину біля Скарвіка в густому тумані з 210 пасажирами на"
            " борту. Рятувальні човни доставили їх на причал; ніхто не постраждав, повідомила берегова"
            " охорона.",
        ),
        (
            "Пасажири порома «Нордліс» у безпеці в Скарвіку",
            "Усі пасажири порома «Нордліс» на березі в Скарвіку після того, як судно в тумані наскочило на"
            " скелі. Капітан Єнс Еуне сказав береговій охороні, що відмовив радар.",
        ),
        (
            "Музей викупив украдений вівтар",
            "Міський музей викупив вівтар, який злодії винесли з каплиці сорок років тому. Колекціонер"
            " запропонував картину, коли прочитав у журналі про крадіжку.",
        ),
    ),
    "ru": (
        (
            "Паром с 210 пассажирами сел на мель у Скарвика",
            "Паром «Нордлис» в понедельник сел на мель у Скарвика в густом тумане с 210 пассажирами на"
            " борту. Спасательные шлюпки доставили их на причал; никто не пострадал, сообщила береговая"
            " охрана.",
        ),
        (
            "Пассажиры парома «Нордлис» в безопасности в Скарвике",
            "Все пассажиры парома «Нордлис» на берегу в Скарвике после того, как судно в тумане наскочило на"
            " скалы. Капитан Йенс Эуне сказал береговой охране, что отказал радар.",
        ),
        (
            "Музей выкупил украденный алтарь",
            "Городской музей выкупил алтарь, который воры вынесли из часовни сорок лет назад. Коллекционер"
            " предложил картину, когда прочитал в журнале о краже.",
        ),
    ),
    "tr": (
        (
            "210 yolcu taşıyan feribot Skarvik açıklarında karaya oturdu",
            "Nordlys feribotu pazartesi günü yoğun siste Skarvik açıklarında 210 yolcuyla karaya oturdu."
            " Cankurtaran sandalları yolcuları rıhtıma taşıdı; sahil güvenlik kimsenin yaralanmadığını"
            " söyledi.",
        ),
        (
            "Nordlys feribotunun yolcuları Skarvik'te güvende",
            "Nordlys feribotunun bütün yolcuları, geminin siste kayalara çarpmasının ardından Skarvik'te"
            " karaya çıktı. Kaptan Jens Aune sahil güvenliğe radarın bozulduğunu söyledi.",
        ),
        (
            "Müze çalınan sunağı geri aldı",
            "Şehir müzesi, hırsızların kırk yıl önce bir şapelden çaldığı sunağı geri satın aldı. Bir"
            " koleksiyoncu, hırsızlığı bir dergide okuduktan sonra tabloyu müzeye önerdi.",
        ),
    ),
    "el": (
        (
            "Πλοίο με 210 επιβάτες προσάραξε έξω από το Σκάρβικ",
            "Το πλοίο Νόρντλις προσάραξε τη Δευτέρα έξω από το Σκάρβικ μέσα σε πυκνή ομίχλη με 210 επιβάτες."
            " Σωστικές λέμβοι τους μετέφεραν στην αποβάθρα· κανείς δεν τραυματίστηκε, είπε η ακτοφυλακή.",
        ),
        (
            "Ασφαλείς στο Σκάρβικ οι επιβάτες του πλοίου Νόρντλις",
            "Όλοι οι επιβάτες του πλοίου Νόρντλις βρίσκονται στη στεριά στο Σκάρβικ αφού το πλοίο χτύπησε σε"
            " βράχια μέσα στην ομίχλη. Ο πλοίαρχος Γενς Άουνε είπε στην ακτοφυλακή ότι χάλασε το ραντάρ.",
        ),
        (
            "Το μουσείο αγόρασε πίσω κλεμμένο τέμπλο",
            "Το δημοτικό μουσείο αγόρασε πίσω ένα τέμπλο που κλέφτες είχαν πάρει από παρεκκλήσι πριν από"
            " σαράντα χρόνια. Ένας συλλέκτης το πρόσφερε αφού διάβασε για την κλοπή.",
        ),
    ),
    "ar": (
        (
            "جنوح عبارة على متنها 210 ركاب قبالة سكارفيك",
            "جنحت العبارة نوردليس يوم الاثنين قبالة سكارفيك وسط ضباب كثيف وعلى متنها 210 ركاب. ونقلتهم قوارب"
            " النجاة إلى الرصيف ولم يصب أحد بأذى، بحسب خفر السواحل.",
        ),
        (
            "ركاب العبارة نوردليس بأمان في سكارفيك",
            "وصل جميع ركاب العبارة نوردليس إلى البر في سكارفيك بعد أن اصطدمت السفينة بالصخور وسط الضباب."
            " وقال القبطان ينس أونه لخفر السواحل إن الرادار تعطل.",
        ),
        (
            "المتحف يستعيد لوحة مسروقة",
            "اشترى متحف المدينة لوحة كان لصوص قد سرقوها من كنيسة صغيرة قبل أربعين عاما. وعرض أحد هواة الجمع"
            " اللوحة بعد أن قرأ عن السرقة في مجلة.",
        ),
    ),
    "hi": (
        (
            "स्कारविक के पास 210 यात्रियों वाली नौका चट्टान से टकराई",
            "नोर्डलिस नौका सोमवार को घने कोहरे में स्कारविक के पास 210 यात्रियों के साथ चट्टान पर चढ़ गई।"
            " बचाव नौकाएँ उन्हें घाट तक ले आईं; तटरक्षक ने कहा कि कोई घायल नहीं हुआ।",
        ),
        (
            "नोर्डलिस नौका के यात्री स्कारविक में सुरक्षित",
            "कोहरे में जहाज़ के चट्टान से टकराने के बाद नोर्डलिस नौका के सभी यात्री स्कारविक में किनारे पर"
            " हैं। कप्तान येन्स औने ने तटरक्षक को बताया कि रडार खराब हो गया था।",
        ),
        (
            "संग्रहालय ने चोरी की मूर्ति वापस खरीदी",
            "शहर के संग्रहालय ने वह मूर्ति वापस खरीद ली है जिसे चोर चालीस साल पहले एक मंदिर से ले गए थे। एक"
            " संग्राहक ने चोरी के बारे में पढ़ने के बाद उसे पेश किया।",
        ),
    ),
    "zh": (
        (
            "载有210人的渡轮在斯卡维克附近触礁",
            "渡轮北极光号周一在浓雾中于斯卡维克附近触礁,船上有210名乘客。救生艇把他们送到码头,海岸警卫队说没有人受伤。",
        ),
        (
            "北极光号渡轮乘客在斯卡维克脱险",
            "渡轮北极光号在浓雾中触礁后,全部乘客已在斯卡维克上岸。船长延斯告诉海岸警卫队,当时雷达失灵。",
        ),
        (
            "博物馆购回被盗祭坛画",
            "市立博物馆购回了四十年前被小偷从教堂偷走的祭坛画。一位收藏家在杂志上读到盗窃案的报道后,主动提出出售。",
        ),
    ),
    "ja": (
        (
            "乗客210人のフェリーがスカルヴィーク沖で座礁",
            "フェリー「ノルドリス」は月曜日、濃い霧の中、スカルヴィーク沖で乗客210人を乗せたまま座礁した。救命艇が乗客を岸壁に運び、沿岸警備隊によるとけが人はいなかった。",
        ),
        (
            "フェリー「ノルドリス」の乗客、スカルヴィークで無事",
            "霧の中で岩に衝突したフェリー「ノルドリス」の乗客は全員、スカルヴィークに上陸した。船長は沿岸警備隊に、レーダーが故障していたと話した。",
        ),
        (
            "美術館が盗まれた祭壇画を買い戻す",
            "市の美術館は、四十年前に泥棒が礼拝堂から持ち去った祭壇画を買い戻した。収集家が雑誌で盗難の記事を読み、絵を売りたいと申し出た。",
        ),
    ),
    "th": (
        (
            "เรือเฟอร์รีผู้โดยสาร 210 คนเกยตื้นใกล้สการ์วิก",
            "เรือเฟอร์รีนอร์ดลิสเกยตื้นใกล้สการ์วิกท่ามกลางหมอกหนาเมื่อวันจันทร์ โดยมีผู้โดยสาร 210 คน"
            " เรือชูชีพพาทุกคนไปยังท่าเรือ หน่วยยามฝั่งกล่าวว่าไม่มีผู้บาดเจ็บ",
        ),
        (
            "ผู้โดยสารเรือเฟอร์รีนอร์ดลิสปลอดภัยที่สการ์วิก",
            "ผู้โดยสารเรือเฟอร์รีนอร์ดลิสทุกคนขึ้นฝั่งที่สการ์วิกแล้ว หลังเรือชนโขดหินท่ามกลางหมอก กัปตันบอกหน่วยยามฝั่งว่าเรดาร์ขัดข้อง",
        ),
        (
            "พิพิธภัณฑ์ซื้อแท่นบูชาที่ถูกขโมยคืน",
            "พิพิธภัณฑ์ของเมืองซื้อแท่นบูชาที่หัวขโมยนำไปจากโบสถ์เมื่อสี่สิบปีก่อนคืน นักสะสมเสนอขายหลังอ่านข่าวการโจรกรรมในนิตยสาร",
        ),
    ),
}
LANGUAGES = sorted(NEWS)


def told(language: str, *, declared: bool = True) -> list[Text]:
    """Return the three reports and a copy of the first under the second's headline."""
    given = language if declared else None
    texts = [
        Text(f"{language}{number}", title, body, hours=number * 1.5, language=given)
        for number, (title, body) in enumerate(NEWS[language])
    ]
    return [*texts, replace(texts[0], key=f"{language}-copy", title=texts[1].title, hours=5)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_copies_and_stories_are_found_in_every_language(language: str) -> None:
    first, second, other, copy = told(language)
    with room(first, second, other, copy) as made:
        assert made.report(copy.key) == made.report(first.key)
        assert made.report(second.key) != made.report(first.key)
        assert made.story(second.key) == made.story(first.key)
        assert made.story(other.key) != made.story(first.key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_is_found_where_the_feed_does_not_say(language: str) -> None:
    first, second, other, copy = told(language, declared=False)
    with room(first, second, other, copy) as made:
        assert {made.entry(text.key).language for text in (first, second, other, copy)} == {language}
        assert made.report(copy.key) == made.report(first.key)
        assert made.story(second.key) == made.story(first.key)


@pytest.mark.parametrize("declared", [True, False])
def test_one_event_in_fifteen_languages_joins_within_each_and_across_none(*, declared: bool) -> None:
    texts = [text for language in LANGUAGES for text in told(language, declared=declared)]
    with room(*texts) as made:
        for group in made.groups():
            assert len({key[:2] for key in group}) == 1, group
        assert made.stories(f"{language}0" for language in LANGUAGES) == len(LANGUAGES)


def test_digits_and_names_join_nothing_across_languages() -> None:
    spoken = {"en": "Talks", "de": "Gespräche", "fr": "Pourparlers", "pl": "Rozmowy", "tr": "Görüşme"}
    line = "NATO, Kyiv, 3.3.2026, 14:30: 12 F-16. Rutte, Zelensky, Umerov."
    texts = [
        Text(language, f"{word}: NATO, Kyiv, 12 F-16", f"{word}. {line}", language=language, hours=number)
        for number, (language, word) in enumerate(spoken.items())
    ]
    with room(*texts) as made:
        assert made.stories(spoken) == len(spoken)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_headline_and_a_line_are_enough_to_tell_the_language(language: str) -> None:
    for title, body in NEWS[language]:
        assert identify(f"{title}\n{body[:90]}", None) == language


def test_a_text_without_letters_has_no_language() -> None:
    assert identify("12:30 – 14,5 % (!)", None) is None


def test_the_feeds_word_stands_where_it_says_one() -> None:
    assert identify(NEWS["pl"][0][1], "pl-PL") == "pl"


def polled_languages(feed: Feed, said: str, *languages: str) -> list[str | None]:
    items = [
        Item(f"{language}{number}", title, body)
        for language in languages
        for number, (title, body) in enumerate(NEWS[language])
    ]
    body = rss(*items).replace(b"<channel>", f"<channel><language>{said}</language>".encode())
    with open_desk(FakeFetcher({feed.url: body}), Clock(), [feed]) as app:
        app.fetch()
        return [row[0] for row in app.store.connection.execute("SELECT language FROM entry ORDER BY key")]


SILENT = Feed("https://courier.example/rss", name="Courier", publisher="Courier")


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_a_feed_that_says_english_by_default_is_not_believed(language: str) -> None:
    assert polled_languages(SILENT, "en-US", language) == [language] * 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_feed_that_says_what_it_is_keeps_its_word(language: str) -> None:
    assert polled_languages(SILENT, language, language) == [language] * 3


@pytest.mark.parametrize(
    ("said", "language"), [("cz", "cs"), ("ua", "uk"), ("iw", "he"), ("DK", "da"), ("gr-GR", "el")]
)
def test_the_code_of_a_country_or_of_former_times_means_a_language(said: str, language: str) -> None:
    assert primary_language(said) == language


def test_a_code_of_a_language_and_a_country_means_what_the_texts_are_in() -> None:
    portuguese = "A Assembleia rejeitou a lei da água por nove votos depois de um debate que durou até de manhã, disseram os deputados."
    breton = "Nac'het eo bet al lezenn diwar-benn an dour gant nav mouezh goude un tabut hag a badas betek ar mintin, eme an dileuridi."
    assert is_of_country(portuguese, "br")
    assert not is_of_country(breton, "br")
    assert not is_of_country(portuguese, "en")


@pytest.mark.parametrize("language", ["de", "fr", "es", "it"])
def test_an_entry_in_another_language_than_its_feed_says_is_told(language: str) -> None:
    assert polled_languages(SILENT, "en", "en", language) == sorted(["en"] * 3 + [language] * 3)


def test_what_the_desk_says_of_a_feed_stands() -> None:
    assert polled_languages(replace(SILENT, language="nl"), "en", "de") == ["nl"] * 3


def test_a_feed_in_a_script_of_its_own_is_told_entry_by_entry() -> None:
    assert polled_languages(SILENT, "en", "en", "zh") == ["en"] * 3 + ["zh"] * 3
