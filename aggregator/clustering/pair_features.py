"""Computes the features of pairs of reports, as arrays: evidence for and against one event."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Flags, Floats, Places, run_starts
from aggregator.clustering.params import HOUR, ClusteringParams
from aggregator.clustering.rows import IS_DATE, IS_NUMBER, IS_ORDINAL, TEXT, TITLE, ReportColumns, Rows, shared
from aggregator.clustering.timing import has_hour

LEAST_TEXT = 15.0  # rarity of the terms beside those of the title above which a report counts as having a text
ONE_TITLE = 0.95  # shared part of both titles' information above which they are the same
ANOTHER_DAY = 12 * HOUR  # seconds after which a publisher's same title is the next of a series and not a correction
UNLIKE = 3.0  # rarity of the terms that only one title has, above which two titles name different things


def _buckets() -> Floats:
    """Return each count rounded down to a step of half an octave, so that a small change of a count changes no feature."""
    counts = np.arange(65_536, dtype=np.float64)
    steps = 2 ** (np.floor(2 * np.log2(np.maximum(counts, 1))) / 2)
    return np.where(counts < 4, counts, steps).astype(np.float32)


BUCKETS = _buckets()


class PairFeatures(NamedTuple):
    """One array a feature, one value a pair; rarities are in natural logarithms. The names are stored with evidence."""

    cosine: Floats  # of all terms
    title_cosine: Floats
    shared: Floats  # sum of the rarities of shared terms
    shared_titles: Floats
    told: Floats  # ``shared`` less the part that word pairs explain: "Prince William" counts once
    told_titles: Floats
    contained_most: Floats  # share of one title's information that the other report has; the greater of both
    contained_least: Floats
    strongest: Floats  # greatest rarity of a shared term
    second: Floats  # second greatest
    rarest: Floats  # greatest rareness without a bound
    names: Floats  # rarity of shared names
    names_titles: Floats
    unshared_least: Floats  # rarity of the names of one title that the other report does not have; the lesser of both
    unshared_most: Floats
    numbers_differ: Floats  # both titles have numbers, none is shared
    ordinals_differ: Floats
    gap: Floats  # hours, bounded from below
    hours_apart: Floats  # the same without a bound; 0 where one of the two has no time of day
    streamed: Floats  # 0 where one of the two has no time of day, near 1 where many reports came before them
    same_publisher: Floats
    same_skeleton: Floats  # titles are equal without names and numbers
    same_mould: Floats  # the same at one publisher
    slot: Floats  # a title names a slot of the day
    title_words_least: Floats
    words_least: Floats
    words_most: Floats
    plain: Floats  # rarity of shared terms that are not names: what happened, rather than to whom
    plain_titles: Floats
    terms: Floats  # how many are shared
    terms_titles: Floats
    things: Floats  # the terms, forms of one name counted once
    third: Floats
    texts: Floats  # share of the terms of one text that the other report has; the lesser of both, 0 without two texts
    two_texts: Floats  # both have a text
    same_title: Floats  # the same title over two texts
    moulded: Floats  # titles with one skeleton that name different things
    now: Floats  # ``told`` with the rarity in the window before the later report
    now_titles: Floats
    now_strongest: Floats
    now_second: Floats
    now_plain: Floats
    burst: Floats
    burst_most: Floats
    seen_least: Floats
    burst_mean: Floats
    figures: Floats  # share of numbers and dates in the shared rarity
    series: Floats  # two instalments of a series, half a day or more apart
    bare: Floats  # a title of one or two words, which names no event, over a text that the other report does not have
    label: Floats  # the same title without names, "Police appeal for witnesses", over two texts that share little
    form: Floats  # one publisher's texts on one form that is filled in differently


def pair_features(rows: Rows, first: Places, second: Places, params: ClusteringParams) -> PairFeatures:
    """Return the features of pairs of places; rarity in the window is that before the later report."""
    first, second = rows.later_and_earlier(first, second)
    terms = _SharedTerms(rows, first, second)
    explained = _explained(rows, first, second)
    titles = _shared_titles(terms)
    texts, two_texts = _shared_texts(terms)
    return PairFeatures(
        **_of_terms(terms, explained),
        **_of_titles(terms, titles, explained),
        **_of_the_window(terms, explained, params),
        texts=texts.astype(np.float32),
        two_texts=two_texts.astype(np.float32),
        same_title=(two_texts & (titles.alike > ONE_TITLE)).astype(np.float32),
        series=_is_series(terms, titles, texts, params),
        bare=_is_bare(terms, titles, texts, params),
        label=_is_label(terms, titles, texts, two_texts, params),
        form=_is_form(terms, texts, params),
        **_of_reports(rows.reports, first, second, params),
    )


class _SharedTerms:
    """The terms that pairs of reports share: one value per shared term, in the order of the pairs."""

    def __init__(self, rows: Rows, first: Places, second: Places) -> None:
        terms = rows.terms
        one, other, self.pair = rows.shared_terms(first, second)
        self.reports = rows.reports
        self.first, self.second = first, second
        self.rarity = terms.rarity[one].astype(np.float32)
        self.rareness = terms.rareness[one].astype(np.float32)
        self.products = terms.value[one].astype(np.float32) * terms.value[other]
        self.names = terms.name[one], terms.name[other]
        self.name = 0.5 * (terms.name[one].astype(np.float32) + terms.name[other])
        self.kinds = terms.kind[one], terms.kind[other]
        self.in_titles = (self.kinds[0] & TITLE) > 0, (self.kinds[1] & TITLE) > 0
        self.in_both_titles = self.in_titles[0] & self.in_titles[1]
        self.seen = BUCKETS[terms.seen[one]]
        self.whole = self.sum(self.rarity)

    def sum(self, values: NDArray[np.generic]) -> Floats:
        """Return the sum of each pair."""
        return _sum(self.pair, values, len(self.first))

    def greatest_two(self, values: Floats) -> tuple[Floats, Floats]:
        """Return the greatest and the second greatest value of each pair."""
        return greatest_two(self.pair, values, len(self.first))


class _Explained(NamedTuple):
    """The part of the shared rarity that word pairs explain: words that are adjacent in both reports."""

    whole: Floats
    titles: Floats  # in both titles
    name_forms: Floats  # by two forms of one name (see vectors.NAME_FORMS)
    kin_count: Floats  # number of such names


def _explained(rows: Rows, first: Places, second: Places) -> _Explained:
    reports, pairs = rows.reports, rows.pairs
    a, b, pair = shared(
        pairs.pair,
        (reports.pairs_from[first], reports.pairs[first]),
        (reports.pairs_from[second], reports.pairs[second]),
    )
    explained = pairs.explained[a].astype(np.float32)
    both = pairs.in_title[a] & pairs.in_title[b]
    name_forms = pairs.name_forms[a] & pairs.name_forms[b]
    return _Explained(
        _sum(pair, explained, len(first)),
        _sum(pair, explained * both, len(first)),
        _sum(pair, explained * name_forms, len(first)),
        _sum(pair, name_forms, len(first)),
    )


class _SharedTitles(NamedTuple):
    """The overlap of pairs of titles."""

    ours: Floats  # share of the later title's information that the other report has
    theirs: Floats  # the same of the earlier title
    alike: Floats  # the lesser of both
    numbers_differ: Floats


def _shared_titles(terms: _SharedTerms) -> _SharedTitles:
    reports, first, second = terms.reports, terms.first, terms.second
    left, right = terms.in_titles
    ours = terms.sum(terms.rarity * left) / (reports.title_mass[first] + 1e-6)
    theirs = terms.sum(terms.rarity * right) / (reports.title_mass[second] + 1e-6)
    number = terms.sum(terms.in_both_titles & ((terms.kinds[0] & IS_NUMBER) > 0))
    numbered = np.minimum(reports.title_numbers[first], reports.title_numbers[second]) > 0
    return _SharedTitles(ours, theirs, np.minimum(ours, theirs), (numbered & (number == 0)).astype(np.float32))


def _shared_texts(terms: _SharedTerms) -> tuple[Floats, Flags]:
    """Return the share of one text's own terms that the other report has, the lesser of both; and which pairs have two texts."""
    reports, first, second = terms.reports, terms.first, terms.second
    left, right = terms.in_titles
    ours = terms.sum(terms.rarity * ~left) / (reports.text_mass[first] + 1e-6)
    theirs = terms.sum(terms.rarity * ~right) / (reports.text_mass[second] + 1e-6)
    two_texts = np.minimum(reports.text_mass[first], reports.text_mass[second]) > LEAST_TEXT
    return np.where(two_texts, np.minimum(1.0, np.minimum(ours, theirs)), 0.0), two_texts


def _of_terms(terms: _SharedTerms, explained: _Explained) -> dict[str, Floats]:
    rare, name, kind = terms.rarity, terms.name, terms.kinds[0]
    strongest, second = terms.greatest_two(rare)
    whole, count = terms.whole, terms.sum(np.ones(len(terms.pair)))
    return {
        "cosine": terms.sum(terms.products),
        "shared": whole,
        "told": np.maximum(0.0, whole - explained.whole),
        "strongest": strongest,
        "second": second,
        "third": _third(terms.pair, rare, len(terms.first)),
        "rarest": terms.greatest_two(terms.rareness)[0],
        "names": np.maximum(0.0, terms.sum(rare * name) - explained.name_forms),
        "plain": terms.sum(rare * (1 - name)),
        "terms": count,
        "things": np.maximum(0.0, count - explained.kin_count),
        "figures": terms.sum(rare * ((kind & (IS_NUMBER | IS_DATE)) > 0)) / (whole + 1e-6),
    }


def _of_titles(terms: _SharedTerms, titles: _SharedTitles, explained: _Explained) -> dict[str, Floats]:
    reports, first, second = terms.reports, terms.first, terms.second
    rare, name, both = terms.rarity, terms.name, terms.in_both_titles
    (left, right), (our_names, their_names) = terms.in_titles, terms.names
    whole = terms.sum(rare * both)
    lacking = np.maximum(0.0, reports.title_names[first] - terms.sum(rare * left * our_names))
    lacked = np.maximum(0.0, reports.title_names[second] - terms.sum(rare * right * their_names))
    unlike = np.minimum(reports.title_mass[first] * (1 - titles.ours), reports.title_mass[second] * (1 - titles.theirs))
    ordinal = terms.sum(both & ((terms.kinds[0] & terms.kinds[1] & IS_ORDINAL) > 0))
    counted = np.minimum(reports.title_ordinals[first], reports.title_ordinals[second]) > 0
    moulded = _same_skeleton(reports, first, second) & ((unlike > UNLIKE) | (titles.numbers_differ > 0))
    return {
        "title_cosine": terms.sum(both * rare * rare) / (reports.title_norm[first] * reports.title_norm[second]),
        "shared_titles": whole,
        "told_titles": np.maximum(0.0, whole - explained.titles),
        "contained_most": np.minimum(1.0, np.maximum(titles.ours, titles.theirs)),
        "contained_least": np.minimum(1.0, titles.alike),
        "names_titles": terms.sum(rare * name * both),
        "unshared_least": np.minimum(lacking, lacked),
        "unshared_most": np.maximum(lacking, lacked),
        "plain_titles": terms.sum(rare * (1 - name) * both),
        "terms_titles": terms.sum(both),
        "numbers_differ": titles.numbers_differ,
        "ordinals_differ": (counted & (ordinal == 0)).astype(np.float32),
        "moulded": moulded.astype(np.float32),
    }


def _of_the_window(terms: _SharedTerms, explained: _Explained, params: ClusteringParams) -> dict[str, Floats]:
    """Return the features that depend on how often the shared terms occur in the window."""
    before = steps_of(terms.reports.before[terms.first])[terms.pair]
    now, burst = _in_window(terms.rareness, terms.seen, before, params)
    strongest, second = terms.greatest_two(now)
    bursting = terms.sum(terms.rarity * burst)
    return {
        "now": np.maximum(0.0, terms.sum(now) - explained.whole),
        "now_titles": np.maximum(0.0, terms.sum(now * terms.in_both_titles) - explained.titles),
        "now_strongest": strongest,
        "now_second": second,
        "now_plain": terms.sum(now * (1 - terms.name)),
        "burst": bursting,
        "burst_most": terms.greatest_two(burst)[0],
        "burst_mean": bursting / (terms.whole + 1e-6),
        "seen_least": 12 - terms.greatest_two(12 - np.log1p(terms.seen))[0],
    }


def _is_series(terms: _SharedTerms, titles: _SharedTitles, texts: Floats, params: ClusteringParams) -> Floats:
    """Return which pairs are two instalments of a series.

    They are half a day apart, and have the same title, at one publisher or with a slot of the day; or at one publisher nearly the
    same title or text with other numbers.
    """
    reports, first, second = terms.reports, terms.first, terms.second
    kind = terms.kinds[0]
    shared_numbers = terms.sum(((kind & IS_NUMBER) > 0) & ((kind & IS_DATE) == 0))
    numbers = np.minimum(reports.numbers[first], reports.numbers[second])
    text_renumbered = (texts >= params.form_texts[0]) & (numbers >= params.issue_numbers) & (shared_numbers == 0)
    title_renumbered = (titles.alike > params.issue_share) & (titles.numbers_differ > 0)
    publisher = _same_publisher(reports, first, second)
    again = (publisher | (reports.slot[first] & reports.slot[second])) & (titles.alike > ONE_TITLE)
    again |= publisher & (title_renumbered | text_renumbered)
    later = np.abs(reports.time[first] - reports.time[second]) >= ANOTHER_DAY
    return np.asarray(again & later, np.float32)


def _is_bare(terms: _SharedTerms, titles: _SharedTitles, texts: Floats, params: ClusteringParams) -> Floats:
    """Return how surely one of two different titles is a bare name, and only its words connect it with the other report."""
    title_words = terms.reports.title_words
    words = np.minimum(title_words[terms.first], title_words[terms.second])
    bare = (words > 0) & (words <= params.bare_words) & (titles.alike <= ONE_TITLE)
    return np.asarray(bare * np.clip(1 - texts / params.bare_texts, 0.0, 1.0), np.float32)


def _is_label(
    terms: _SharedTerms, titles: _SharedTitles, texts: Floats, two_texts: Flags, params: ClusteringParams
) -> Floats:
    """Return how surely the same title over two texts names a kind of event, while nothing shows that it is the same event."""
    named = terms.sum(terms.rarity * terms.name) >= params.label_names
    telling = terms.sum(terms.rarity * terms.in_both_titles) >= params.label_words
    label = two_texts & (titles.alike > ONE_TITLE) & ~named & ~telling
    return np.asarray(label * np.clip(1 - texts / params.bare_texts, 0.0, 1.0), np.float32)


def _is_form(terms: _SharedTerms, texts: Floats, params: ClusteringParams) -> Floats:
    """Return how surely two texts of one publisher are one form: similar texts, whose titles and texts have words of their own."""
    reports, first, second = terms.reports, terms.first, terms.second
    (left, right), (kind, other) = terms.in_titles, terms.kinds
    ours = reports.both_mass[first] - terms.sum(terms.rarity * (left & ((kind & TEXT) > 0)))
    theirs = reports.both_mass[second] - terms.sum(terms.rarity * (right & ((other & TEXT) > 0)))
    least, full = params.form_texts
    alike = np.clip((texts - least) / (full - least), 0.0, 1.0)
    own = np.clip(np.minimum(ours, theirs) / UNLIKE - 1, 0.0, 1.0)
    return np.asarray(_same_publisher(reports, first, second) * alike * own, np.float32)


def _of_reports(reports: ReportColumns, first: Places, second: Places, params: ClusteringParams) -> dict[str, Floats]:
    apart = np.abs(reports.time[first] - reports.time[second])
    gap = np.where(np.isnan(apart), params.least_gap, np.clip(apart, params.least_gap, params.window)) / HOUR
    timed = has_hour(reports.time[first]) & has_hour(reports.time[second])
    before = steps_of(reports.before[first])
    skeleton = _same_skeleton(reports, first, second)
    publisher = _same_publisher(reports, first, second)
    found = {
        "gap": gap,
        "hours_apart": np.where(timed, apart, 0.0) / HOUR,
        "streamed": np.where(timed, before / (before + params.stream_half), 0.0),
        "same_publisher": publisher,
        "same_skeleton": skeleton,
        "same_mould": skeleton & publisher,
        "slot": reports.slot[first] | reports.slot[second],
        "title_words_least": np.minimum(reports.title_words[first], reports.title_words[second]),
        "words_least": np.minimum(reports.words[first], reports.words[second]),
        "words_most": np.maximum(reports.words[first], reports.words[second]),
    }
    return {name: np.asarray(values, np.float32) for name, values in found.items()}


def _same_skeleton(reports: ReportColumns, first: Places, second: Places) -> Flags:
    return np.asarray((reports.skeleton[first] == reports.skeleton[second]) & (reports.skeleton[first] != 0))


def _same_publisher(reports: ReportColumns, first: Places, second: Places) -> Flags:
    return np.asarray(reports.publisher[first] == reports.publisher[second])


def steps_of(counts: Places) -> Floats:
    """Return counts rounded down to steps (see BUCKETS)."""
    return BUCKETS[np.minimum(counts, len(BUCKETS) - 1)]


def _in_window(rareness: Floats, seen: Floats, before: Floats, params: ClusteringParams) -> tuple[Floats, Floats]:
    """Return the rarity of terms in window and background together, and how much more often they occur in the window."""
    share = np.exp(-rareness)
    mixed = (seen + params.background_reports * share) / (before + params.background_reports)
    # In a window of few reports every term would burst, so the reports of the background are added.
    burst = np.log((seen + 0.5) / (before + params.background_reports)) + rareness
    return np.clip(-np.log(mixed), 0.0, params.most_rarity), np.maximum(0.0, burst)


def _sum(pair: Places, values: NDArray[np.generic], count: int) -> Floats:
    return np.bincount(pair, values, count).astype(np.float32)


def _third(pair: Places, values: Floats, count: int) -> Floats:
    third = np.zeros(count, np.float32)
    if not len(pair):
        return third
    order = np.lexsort((-values, pair))
    owner = pair[order]
    at = run_starts(owner) + 2
    at = at[at < len(owner)]
    at = at[owner[at] == owner[at - 2]]
    third[owner[at]] = values[order][at]
    return third


def greatest_two(pair: Places, values: Floats, count: int) -> tuple[Floats, Floats]:
    """Return each pair's greatest and second greatest value, 0 for none; values are not negative, ``pair`` is ascending."""
    greatest, second = np.zeros(count, np.float32), np.zeros(count, np.float32)
    if not len(pair):
        return greatest, second
    start = run_starts(pair)
    found, owner = np.maximum.reduceat(values, start), pair[start]
    greatest[owner] = found
    at = np.flatnonzero(values == greatest[pair])
    rest = np.array(values)
    # only the first of several greatest values is left out; the next one is the second
    rest[at[np.r_[True, pair[at[1:]] != pair[at[:-1]]]]] = 0
    second[owner] = np.maximum.reduceat(rest, start)
    return greatest, second
