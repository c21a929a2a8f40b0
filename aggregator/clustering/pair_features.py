"""Features of pairs of reports, as arrays: what two reports share and what speaks against one event."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Flags, Floats, Places, run_starts
from aggregator.clustering.params import HOUR, ClusteringParams
from aggregator.clustering.rows import IS_DATE, IS_NUMBER, IS_ORDINAL, TEXT, TITLE, ReportColumns, Rows, shared
from aggregator.clustering.timing import tells_hour

LEAST_TEXT = 15.0  # rarity of a text's own terms from which on it counts as a text
ONE_TITLE = 0.95  # share of both titles' information from which on they are one
ANOTHER_DAY = 12 * HOUR  # seconds from which on one title at one publisher is the next of a series, and no correction
UNLIKE = 3.0  # rarity of what each of two titles has for itself, from which on they name different things


def _buckets() -> Floats:
    """Return counts in steps of half an octave: a count that changes a little changes nothing."""
    counts = np.arange(65_536, dtype=np.float64)
    steps = 2 ** (np.floor(2 * np.log2(np.maximum(counts, 1))) / 2)
    return np.where(counts < 4, counts, steps).astype(np.float32)


BUCKETS = _buckets()


class PairFeatures(NamedTuple):
    """One array a feature, one value a pair; rarities are in natural logarithms."""

    cosine: Floats  # of the whole
    title_cosine: Floats
    shared: Floats  # sum of the rarities of shared terms
    shared_titles: Floats
    told: Floats  # shared, less what word pairs explain: "Prince William" is one thing
    told_titles: Floats
    contained_most: Floats  # share of one title's information that the other report holds, the greater
    contained_least: Floats
    strongest: Floats  # greatest rarity of a shared term
    second: Floats  # second greatest
    rarest: Floats  # greatest rareness without a bound
    names: Floats  # rarity of shared names
    names_titles: Floats
    unshared_least: Floats  # rarity of the names of one title that the other report lacks, the lesser
    unshared_most: Floats
    numbers_differ: Floats  # both titles have numbers, none is shared
    ordinals_differ: Floats
    gap: Floats  # hours, bounded from below
    hours_apart: Floats  # the same without a bound; 0 where one of the two has no time, or a date alone
    # How far the two are of a stream: 0 where one of them tells no hour, near 1 where many reports came before.
    streamed: Floats
    same_publisher: Floats
    same_skeleton: Floats  # titles from one mould
    same_mould: Floats  # at one publisher
    slot: Floats  # a title names a slot of the day
    title_words_least: Floats
    words_least: Floats
    words_most: Floats
    plain: Floats  # rarity of shared terms that are no names: what happened, rather than to whom
    plain_titles: Floats
    terms: Floats  # how many are shared
    terms_titles: Floats
    things: Floats  # the terms, forms of one name counted once
    third: Floats
    texts: Floats  # share of one text's own terms that the other report holds, the lesser; 0 without two texts
    two_texts: Floats  # both have a text
    same_title: Floats  # titles alike throughout, over two texts
    moulded: Floats  # titles from one mould that name different things
    now: Floats  # the same with the rarity that the later report found in its window
    now_titles: Floats
    now_strongest: Floats
    now_second: Floats
    now_plain: Floats
    burst: Floats
    burst_most: Floats
    seen_least: Floats
    burst_mean: Floats
    figures: Floats  # share of what is shared that numbers and dates are
    series: Floats  # the next of a series, half a day later or more
    # A title of a word or two, which names a thing and tells of no event, over a text that the other lacks.
    bare: Floats
    label: Floats  # one title that names nobody and no place, "Police appeal for witnesses", over two texts that share nothing
    form: Floats  # one publisher's texts of one form, which title and text fill in otherwise


def pair_features(rows: Rows, first: Places, second: Places, params: ClusteringParams) -> PairFeatures:
    """Return the features of pairs of places; rarity within the window is as the later report found it."""
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
    """The terms that pairs of reports share: one value a shared term, in the order of the pairs."""

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
    """The part of what pairs share that word pairs explain: words that stand side by side in both reports."""

    whole: Floats
    titles: Floats  # in both titles
    kin: Floats  # by two forms of one name
    kin_count: Floats  # how many such names


def _explained(rows: Rows, first: Places, second: Places) -> _Explained:
    reports, pairs = rows.reports, rows.pairs
    a, b, pair = shared(
        pairs.pair,
        (reports.pairs_from[first], reports.pairs[first]),
        (reports.pairs_from[second], reports.pairs[second]),
    )
    explained = pairs.explained[a].astype(np.float32)
    both = pairs.in_title[a] & pairs.in_title[b]
    kin = pairs.kin[a] & pairs.kin[b]
    return _Explained(
        _sum(pair, explained, len(first)),
        _sum(pair, explained * both, len(first)),
        _sum(pair, explained * kin, len(first)),
        _sum(pair, kin, len(first)),
    )


class _SharedTitles(NamedTuple):
    """What pairs of titles share."""

    ours: Floats  # share of the later title's information that the other report holds
    theirs: Floats  # share of the earlier one's
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
    """Return the share of one text's own terms that the other report holds, the lesser; and which pairs have two texts."""
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
        "names": np.maximum(0.0, terms.sum(rare * name) - explained.kin),
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
    """Return the features by how often the window has the shared terms."""
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
    """Return which pairs are two of a series: half a day apart, one title or one of a slot of the day, or at one publisher
    nearly one title or text with other numbers in it."""
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
    """Return how surely one of two unlike titles is a bare name that nothing but its words connects with the other report."""
    title_words = terms.reports.title_words
    words = np.minimum(title_words[terms.first], title_words[terms.second])
    bare = (words > 0) & (words <= params.bare_words) & (titles.alike <= ONE_TITLE)
    return np.asarray(bare * np.clip(1 - texts / params.bare_texts, 0.0, 1.0), np.float32)


def _is_label(
    terms: _SharedTerms, titles: _SharedTitles, texts: Floats, two_texts: Flags, params: ClusteringParams
) -> Floats:
    """Return how surely one title over two texts says what kind of thing happened, and nothing says that it is the same thing."""
    named = terms.sum(terms.rarity * terms.name) >= params.label_names
    telling = terms.sum(terms.rarity * terms.in_both_titles) >= params.label_words
    label = two_texts & (titles.alike > ONE_TITLE) & ~named & ~telling
    return np.asarray(label * np.clip(1 - texts / params.bare_texts, 0.0, 1.0), np.float32)


def _is_form(terms: _SharedTerms, texts: Floats, params: ClusteringParams) -> Floats:
    """Return how surely two texts of one publisher are one form, by what title and text of each have for themselves."""
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
    timed = tells_hour(reports.time[first]) & tells_hour(reports.time[second])
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
    """Return counts in steps."""
    return BUCKETS[np.minimum(counts, len(BUCKETS) - 1)]


def _in_window(rareness: Floats, seen: Floats, before: Floats, params: ClusteringParams) -> tuple[Floats, Floats]:
    """Return the rarity of terms in window and background together, and how much more often they occur now."""
    share = np.exp(-rareness)
    mixed = (seen + params.background_reports * share) / (before + params.background_reports)
    # A window of few reports bursts with everything: it is judged as if it were as large as the background.
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
    # only the first of the greatest is left out: another as great is the second
    rest[at[np.r_[True, pair[at[1:]] != pair[at[:-1]]]]] = 0
    second[owner] = np.maximum.reduceat(rest, start)
    return greatest, second
