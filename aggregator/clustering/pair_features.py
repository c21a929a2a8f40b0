"""Features of pairs of reports, as arrays: what two reports share and what speaks against one event."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Flags, Floats, Places
from aggregator.clustering.params import HOUR, ClusteringParams
from aggregator.clustering.rows import IS_DATE, IS_NUMBER, IS_ORDINAL, TEXT, TITLE, ReportColumns, Rows, shared

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
    bare: (
        Floats  # a title of a word or two, which names a thing and tells of no event, over a text that the other lacks
    )
    form: Floats  # one publisher's texts of one form, which title and text fill in otherwise


def pair_features(rows: Rows, first: Places, second: Places, params: ClusteringParams) -> PairFeatures:
    """Return the features of pairs of places; rarity within the window is as the later report found it."""
    first, second = rows.later_and_earlier(first, second)
    a, b, pair = rows.shared_terms(first, second)
    told = _word_pairs(rows, first, second)
    return PairFeatures(
        **_of_terms(rows, first, second, a, b, pair, told, params),
        **_of_reports(rows.reports, first, second, params),
    )


def _word_pairs(rows: Rows, first: Places, second: Places) -> tuple[Floats, Floats, Floats, Floats]:
    """Return how much of what two reports share is explained by words that stand side by side in both; in both titles;
    by two forms of one name; and how many such names."""
    reports, pairs = rows.reports, rows.pairs
    a, b, pair = shared(
        pairs.pair,
        (reports.pairs_from[first], reports.pairs[first]),
        (reports.pairs_from[second], reports.pairs[second]),
    )
    explained = pairs.explained[a].astype(np.float32)
    both = pairs.in_title[a] & pairs.in_title[b]
    kin = pairs.kin[a] & pairs.kin[b]
    return (
        _sum(pair, explained, len(first)),
        _sum(pair, explained * both, len(first)),
        _sum(pair, explained * kin, len(first)),
        _sum(pair, kin, len(first)),
    )


def _of_terms(
    rows: Rows,
    first: Places,
    second: Places,
    a: Places,
    b: Places,
    pair: Places,
    explained: tuple[Floats, Floats, Floats, Floats],
    params: ClusteringParams,
) -> dict[str, Floats]:
    terms, reports, count = rows.terms, rows.reports, len(first)
    rarity = terms.rarity[a].astype(np.float32)
    rareness = terms.rareness[a].astype(np.float32)
    now, burst = _in_window(rareness, BUCKETS[terms.seen[a]], steps_of(reports.before[first])[pair], params)
    rare = rarity
    name = 0.5 * (terms.name[a].astype(np.float32) + terms.name[b])
    kind, other = terms.kind[a], terms.kind[b]
    left, right = (kind & TITLE) > 0, (other & TITLE) > 0
    both = left & right
    strongest, second_best = greatest_two(pair, rare, count)
    whole, titles = _sum(pair, rare, count), _sum(pair, rare * both, count)
    ours = _sum(pair, rare * left, count) / (reports.title_mass[first] + 1e-6)
    theirs = _sum(pair, rare * right, count) / (reports.title_mass[second] + 1e-6)
    alike = np.minimum(ours, theirs)
    lacking = np.maximum(0.0, reports.title_names[first] - _sum(pair, rare * left * terms.name[a], count))
    lacked = np.maximum(0.0, reports.title_names[second] - _sum(pair, rare * right * terms.name[b], count))
    our_text = _sum(pair, rare * ~left, count) / (reports.text_mass[first] + 1e-6)
    their_text = _sum(pair, rare * ~right, count) / (reports.text_mass[second] + 1e-6)
    two_texts = np.minimum(reports.text_mass[first], reports.text_mass[second]) > LEAST_TEXT
    texts = np.where(two_texts, np.minimum(1.0, np.minimum(our_text, their_text)), 0.0)
    skeleton = (reports.skeleton[first] == reports.skeleton[second]) & (reports.skeleton[first] != 0)
    unlike = np.minimum(reports.title_mass[first] * (1 - ours), reports.title_mass[second] * (1 - theirs))
    number = _sum(pair, both & ((kind & IS_NUMBER) > 0), count)
    ordinal = _sum(pair, both & ((kind & other & IS_ORDINAL) > 0), count)
    number_differs = (
        (np.minimum(reports.title_numbers[first], reports.title_numbers[second]) > 0) & (number == 0)
    ).astype(np.float32)
    our_own = reports.both_mass[first] - _sum(pair, rare * (left & ((kind & TEXT) > 0)), count)
    their_own = reports.both_mass[second] - _sum(pair, rare * (right & ((other & TEXT) > 0)), count)
    shared_numbers = _sum(pair, ((kind & IS_NUMBER) > 0) & ((kind & IS_DATE) == 0), count)
    numbers = np.minimum(reports.numbers[first], reports.numbers[second])
    text_renumbered = (texts >= params.form_texts[0]) & (numbers >= params.issue_numbers) & (shared_numbers == 0)
    title_renumbered = (alike > params.issue_share) & (number_differs > 0)
    return {
        "cosine": _sum(pair, terms.value[a].astype(np.float32) * terms.value[b], count),
        "title_cosine": _sum(pair, both * rare * rare, count)
        / (reports.title_norm[first] * reports.title_norm[second]),
        "shared": whole,
        "shared_titles": titles,
        "told": np.maximum(0.0, whole - explained[0]),
        "told_titles": np.maximum(0.0, titles - explained[1]),
        "contained_most": np.minimum(1.0, np.maximum(ours, theirs)),
        "contained_least": np.minimum(1.0, alike),
        "strongest": strongest,
        "second": second_best,
        "rarest": greatest_two(pair, terms.rareness[a].astype(np.float32), count)[0],
        "names": np.maximum(0.0, _sum(pair, rare * name, count) - explained[2]),
        "texts": texts.astype(np.float32),
        "two_texts": two_texts.astype(np.float32),
        "same_title": (two_texts & (alike > ONE_TITLE)).astype(np.float32),
        "moulded": (skeleton & ((unlike > UNLIKE) | (number_differs > 0))).astype(np.float32),
        "plain": _sum(pair, rare * (1 - name), count),
        "plain_titles": _sum(pair, rare * (1 - name) * both, count),
        "terms": _sum(pair, np.ones(len(pair)), count),
        "things": np.maximum(0.0, _sum(pair, np.ones(len(pair)), count) - explained[3]),
        "terms_titles": _sum(pair, both, count),
        "third": _third(pair, rare, count),
        "burst": _sum(pair, rare * burst, count),
        "burst_most": greatest_two(pair, burst, count)[0],
        "burst_mean": _sum(pair, rare * burst, count) / (whole + 1e-6),
        "figures": _sum(pair, rare * ((kind & (IS_NUMBER | IS_DATE)) > 0), count) / (whole + 1e-6),
        "series": _is_series(reports, first, second, alike, title_renumbered | text_renumbered),
        "bare": _is_bare(reports, first, second, alike, texts, params),
        "form": _is_form(reports, first, second, np.minimum(our_own, their_own), texts, params),
        "seen_least": 12 - greatest_two(pair, 12 - np.log1p(BUCKETS[terms.seen[a]]), count)[0],
        "now": np.maximum(0.0, _sum(pair, now, count) - explained[0]),
        "now_titles": np.maximum(0.0, _sum(pair, now * both, count) - explained[1]),
        "now_strongest": greatest_two(pair, now, count)[0],
        "now_second": greatest_two(pair, now, count)[1],
        "now_plain": _sum(pair, now * (1 - name), count),
        "names_titles": _sum(pair, rare * name * both, count),
        "unshared_least": np.minimum(lacking, lacked),
        "unshared_most": np.maximum(lacking, lacked),
        "numbers_differ": number_differs,
        "ordinals_differ": (
            (np.minimum(reports.title_ordinals[first], reports.title_ordinals[second]) > 0) & (ordinal == 0)
        ).astype(np.float32),
    }


def _is_series(reports: ReportColumns, first: Places, second: Places, alike: Floats, renumbered: Flags) -> Floats:
    """Return which pairs are two of a series: half a day apart, one title or one of a slot of the day, or at one publisher
    nearly one title or text with other numbers in it."""
    publisher = reports.publisher[first] == reports.publisher[second]
    again = (publisher | (reports.slot[first] & reports.slot[second])) & (alike > ONE_TITLE)
    again |= publisher & renumbered
    later = np.abs(reports.time[first] - reports.time[second]) >= ANOTHER_DAY
    return np.asarray(again & later, np.float32)


def _is_bare(
    reports: ReportColumns, first: Places, second: Places, alike: Floats, texts: Floats, params: ClusteringParams
) -> Floats:
    """Return how surely one of two unlike titles is a bare name that nothing but its words connects with the other report."""
    words = np.minimum(reports.title_words[first], reports.title_words[second])
    bare = (words > 0) & (words <= params.bare_words) & (alike <= ONE_TITLE)
    return np.asarray(bare * np.clip(1 - texts / params.bare_texts, 0.0, 1.0), np.float32)


def _is_form(
    reports: ReportColumns, first: Places, second: Places, own: Floats, texts: Floats, params: ClusteringParams
) -> Floats:
    """Return how surely two texts of one publisher are one form; ``own`` is what title and text of each have for themselves."""
    publisher = reports.publisher[first] == reports.publisher[second]
    least, full = params.form_texts
    alike = np.clip((texts - least) / (full - least), 0.0, 1.0)
    return np.asarray(publisher * alike * np.clip(own / UNLIKE - 1, 0.0, 1.0), np.float32)


def _of_reports(reports: ReportColumns, first: Places, second: Places, params: ClusteringParams) -> dict[str, Floats]:
    gap = np.abs(reports.time[first] - reports.time[second])
    gap = np.where(np.isnan(gap), params.least_gap, np.clip(gap, params.least_gap, params.window)) / HOUR
    skeleton = (reports.skeleton[first] == reports.skeleton[second]) & (reports.skeleton[first] != 0)
    publisher = reports.publisher[first] == reports.publisher[second]
    found = {
        "gap": gap,
        "same_publisher": publisher,
        "same_skeleton": skeleton,
        "same_mould": skeleton & publisher,
        "slot": reports.slot[first] | reports.slot[second],
        "title_words_least": np.minimum(reports.title_words[first], reports.title_words[second]),
        "words_least": np.minimum(reports.words[first], reports.words[second]),
        "words_most": np.maximum(reports.words[first], reports.words[second]),
    }
    return {name: np.asarray(values, np.float32) for name, values in found.items()}


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
    start = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    at = start + 2
    at = at[at < len(owner)]
    at = at[owner[at] == owner[at - 2]]
    third[owner[at]] = values[order][at]
    return third


def greatest_two(pair: Places, values: Floats, count: int) -> tuple[Floats, Floats]:
    """Return each pair's greatest and second greatest value, 0 for none; values are not negative, ``pair`` is ascending."""
    greatest, second = np.zeros(count, np.float32), np.zeros(count, np.float32)
    if not len(pair):
        return greatest, second
    start = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
    found, owner = np.maximum.reduceat(values, start), pair[start]
    greatest[owner] = found
    at = np.flatnonzero(values == greatest[pair])
    rest = np.array(values)
    rest[at[np.r_[True, pair[at[1:]] != pair[at[:-1]]]]] = (
        0  # the first of the greatest: another as great is the second
    )
    second[owner] = np.maximum.reduceat(rest, start)
    return greatest, second
