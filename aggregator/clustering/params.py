"""All numbers of the stories and storylines stage, each with its unit and source."""

from __future__ import annotations

from dataclasses import dataclass

HOUR, DAY = 3_600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class ClusteringParams:
    """The parameters of the stage; log odds are natural logarithms.

    Their names and values are part of the clustering's fingerprint. "Measured" means: chosen on the mixed weeks for training and
    on the labelled archives (see docs/decisions.md).
    """

    # --- time
    window: float = 7 * DAY  # seconds; two reports further apart are never compared. Design: an affair runs for days
    # Seconds; shorter gaps count as this one, since exact gaps only show poll times. Read by eye
    least_gap: float = 28 * HOUR

    # --- candidates
    index_terms: int = 14  # heaviest terms of a report under which it is found. Prototype: 14
    index_share: float = 0.03  # a term in more than this share of background texts proposes nothing. Prototype: .05
    neighbours: int = 64  # best candidates before a report in time that are kept. Prototype: 40 to 50, either way
    least_product: float = 0.03  # product of two reports' indexed weights from which on they are compared. Measured
    # Reports before a report that are found under one term, those with the least hash; bounds a flood.
    postings: int = 1_000
    degree: int = 160  # best edges that a report keeps: bounds the hubs of a flood
    # A report with so many sure partners among its candidates is represented by them. In real weeks a report has at most eleven;
    # in labelled archives of large affairs one report in twenty has 48. Measured
    represented_from: int = 48
    representatives: int = 32  # best representatives of a report that are kept. Design
    represented_share: float = 0.25  # of a report's representatives that a story must hold to be its story. Design

    # --- weights of terms
    most_rarity: float = 8.5  # natural log; rarer words count as this rare. Prototype: 7.5 to 9
    background_reports: float = 2_000.0  # reports that the background counts as, beside those of the window. Prototype

    # --- scores (log odds)
    graph_bar: float = -4.5  # pairs below it are not edges of the score graph. Prototype: -4.5
    story_bar: float = 0.0  # mean log odds over which two groups are one story. Measured
    missing: float = -3.0  # log odds of a pair that was no candidate. Prototype: -3
    clip: tuple[float, float] = (-5.0, 4.0)  # log odds are bounded: one sure pair must not outvote many. Prototype

    # With so many reports before a pair, half of the correction for headlines and ledes of real weeks applies. In a window of few
    # reports pairs are scored as in archives. Design
    stream_half: float = 50.0

    # --- groups with names of their own (own_names.py)
    own_names_reports: int = 3  # reports of each from which on it counts. Measured
    own_names_share: float = 0.7  # share of a group that has a name, from which on it is the group's. Measured
    own_names_elsewhere: float = 0.1  # share of the other that has it, up to which it is the group's own. Measured
    # Mean log odds that own names outweigh, for each e-fold of ways to draw one group from both: some 2 for two groups of ten,
    # .45 for two of three. Measured
    own_names_weight: float = 0.15

    # --- pairs that are not of one event, whatever words they share
    bare_words: int = 2  # words up to which a title is a bare name. Design
    # Rarity of shared names from which on the same title over two texts is of one event. Any name is rarer; words without capitals
    # that may be names add up to less. Measured
    label_names: float = 1.5
    # The same for all words of such a title: three rare words, or four common ones. Measured
    label_words: float = 18.0
    bare_texts: float = 0.25  # shared part of both texts' information that outweighs a bare name. Measured
    issue_share: float = (
        0.65  # shared part of both titles from which on other numbers mean the next of a series. Measured
    )
    issue_numbers: int = 2  # numbers that two similar texts must each have; sharing none, they are of a series. Design
    # Shared parts of both texts from which on they may be, and surely are, on one form. Measured
    form_texts: tuple[float, float] = (0.6, 0.8)

    # --- density: the share of reports with a sure partner before them, at another publisher
    density_sure: float = 3.0  # log odds of the first round from which on a partner is sure. Measured
    density_neutral: float = 0.0235  # share at which nothing is added: between scatters and real weeks. Measured
    density_neutral_headlines: float = 0.033  # the same for pairs of headlines, whose scatters are denser. Measured
    density_weight: float = 4.5  # log odds for each e-fold of the share. Measured; Bayes' rule alone would say 1
    density_prior: float = 300.0  # reports of neutral density added to those of the window. Measured
    density_half: float = 1_000.0  # reports before which half of a gain counts: a small window proves nothing. Measured
    density_least: float = -4.0  # log odds that a sparse window costs at most
    density_most: float = 1.5  # log odds that a dense one gives at most. Measured, and read
    density_most_headlines: float = 3.0  # the same for pairs of headlines. Measured
    density_headlines: float = 0.5  # log odds that pairs of headlines get on top in a large window. Measured, and read
    density_step: float = 0.25  # log odds; shifts are rounded to such steps, so that single arrivals change few scores

    # --- timing: sure pairs nearer in time than by chance
    timed_neutral: float = 0.02  # share of such reports at which nothing is added. Measured
    timed_neutral_headlines: float = 0.008  # the same for pairs of headlines. Measured
    timed_weight: float = 3.0  # log odds for each e-fold of the share. Measured
    timed_half: float = 20.0  # such reports, of which half of a gain counts. Design
    timed_texts: float = 0.5  # log odds that pairs with a text get on top where timing proves much. Measured, and read
    timed_headlines: float = 2.5  # the same for pairs of headlines. Measured, and read
    # Seconds; headlines further apart get nothing on top, because under half of these pairs were right. Read
    timed_within: float = 12 * HOUR
    timing_prior: float = 5.0  # sure pairs by chance added to those of the window. Design
    timing_least: float = -2.0  # log odds that a gap costs at most. Measured, and read
    timing_most: float = 2.0  # log odds that a gap gives at most. Measured, and read

    # --- bounds
    largest_component: int = 1_500  # reports averaged over at once; beyond it a component is thinned first

    # --- storylines
    storyline_bar: float = -2.0  # mean log odds over which stories are of one storyline. Measured
    tie_bar: float = 3.0  # log odds of one affair against two, by the most similar reports of two stories. Measured
    storyline_links: int = 2  # least number of best links between two groups of stories that are averaged. Measured
    storyline_share: float = 0.025  # share of the pairs of reports between two groups that is averaged. Measured
    storyline_days: float = 10.0  # most days of a storyline. Design: old affairs end
    storyline_reports: int = 1_000  # most reports of a storyline. Design: none takes in everything


DEFAULT = ClusteringParams()
