"""All numbers of the stories and storylines stage, each with its unit and source."""

from __future__ import annotations

from dataclasses import dataclass

HOUR, DAY = 3_600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class ClusteringParams:
    """The settings of the stage; log odds are natural logarithms.

    "Measured" means: chosen on the mixed weeks that may be learned from and on the labelled archives, as
    docs/decisions.md tells.
    """

    # --- time
    window: float = 7 * DAY  # seconds; two reports further apart are never compared. Design: an affair runs for days
    # Seconds; shorter gaps count as this one, since exact gaps only show poll times. Read by eye
    least_gap: float = 28 * HOUR

    # --- candidates
    index_terms: int = 14  # heaviest terms of a report under which it is found. Prototype: 14
    index_share: float = 0.03  # a term in more than this share of background texts proposes nothing. Prototype: .05
    neighbours: int = 64  # best candidates before a report in time that are kept. Prototype: 40 to 50, either way
    least_product: float = 0.03  # of what the index holds of two reports, from which on they are compared. Measured
    # Reports before a report that are looked at under one term, those with the least hash: bounds a flood.
    postings: int = 1_000
    degree: int = 160  # best edges that a report keeps: bounds the hubs of a flood
    # Sure partners among a report's candidates from which on these represent it. In real weeks a report has eleven at
    # most; labelled archives of large affairs have 48 for one report in twenty. Measured
    represented_from: int = 48
    representatives: int = 32  # best representatives of a report that are kept. Design
    represented_share: float = 0.25  # of a report's representatives that a story must hold to be its story. Design

    # --- weights of terms
    most_rarity: float = 8.5  # natural log; rarer words count as this rare. Prototype: 7.5 to 9
    background_reports: float = 2_000.0  # reports that the background counts as, beside those of the window. Prototype

    # --- scores (log odds)
    graph_bar: float = -4.5  # pairs below are no edge of the graph of scores. Prototype: -4.5
    story_bar: float = 0.0  # mean log odds over which two groups are one story. Measured
    missing: float = -3.0  # log odds of a pair that was no candidate. Prototype: -3
    clip: tuple[float, float] = (-5.0, 4.0)  # log odds are bounded: one sure pair must not outvote many. Prototype

    # Reports before a pair from which on half counts of what is learned of headlines and ledes in real weeks: in a window of a
    # few reports pairs are judged as archives have it. Design
    stream_half: float = 50.0

    # --- groups that each name what the other does not
    own_names_reports: int = 3  # reports of each from which on it counts. Measured
    own_names_share: float = 0.7  # share of a group that has a name, from which on it is the group's. Measured
    own_names_elsewhere: float = 0.1  # share of the other that has it, up to which it is the group's own. Measured
    # Mean log odds that it outweighs, for each e-fold of ways to draw the one group from both: some 2 for two of ten,
    # .45 for two of three. Measured
    own_names_weight: float = 0.15

    # --- what is no event told twice, whatever words are shared
    bare_words: int = 2  # words up to which a title is a bare name. Design
    # Rarity of shared names from which on a title that two texts have tells of one event: a name of any rarity has more, and the
    # doubt whether words without capitals are names adds up to less. Measured
    label_names: float = 1.5
    # And of all words of such a title: three that are told seldom, or four that are not. Measured
    label_words: float = 18.0
    bare_texts: float = 0.25  # share of two texts' information, the lesser, that makes up for a bare name. Measured
    issue_share: float = 0.65  # of both titles, from which on other numbers make the next of a series. Measured
    issue_numbers: int = 2  # that two like texts have at least, from which on sharing none makes them two. Design
    # Shares of both texts from which on they may be one form, and are. Measured
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
    density_step: float = 0.25  # log odds: what each arrival changes must not decide

    # --- timing: sure pairs nearer in time than by chance
    timed_neutral: float = 0.02  # share of such reports at which nothing is added. Measured
    timed_neutral_headlines: float = 0.008  # the same for pairs of headlines. Measured
    timed_weight: float = 3.0  # log odds for each e-fold of the share. Measured
    timed_half: float = 20.0  # such reports, of which half of a gain counts. Design
    timed_texts: float = 0.5  # log odds that pairs with a text get on top where timing proves much. Measured, and read
    timed_headlines: float = 2.5  # the same for pairs of headlines. Measured, and read
    # Seconds; headlines further apart get none of this on top: of these pairs under half were right. Read
    timed_within: float = 12 * HOUR
    timing_prior: float = 5.0  # sure pairs by chance added to those of the window. Design
    timing_least: float = -2.0  # log odds that a gap costs at most. Measured, and read
    timing_most: float = 2.0  # log odds that a gap gives at most. Measured, and read

    # --- bounds
    largest_component: int = 1_500  # reports averaged over at once; beyond it a component is thinned first

    # --- storylines
    storyline_bar: float = -2.0  # mean log odds over which stories are of one storyline. Measured
    tie_bar: float = 3.0  # log odds of one affair against two, by the most similar reports of two stories. Measured
    storyline_links: int = 2  # best links between two groups of stories that are averaged at least. Measured
    storyline_share: float = 0.025  # share of the pairs of reports between two groups that is averaged. Measured
    storyline_days: float = 10.0  # days that a storyline may span. Design: old affairs end
    storyline_reports: int = 1_000  # reports that a storyline may hold. Design: none swallows the desk


DEFAULT = ClusteringParams()
