"""Newsroom feed aggregator: finds the copies, groups the reports into stories, explains why."""

__version__ = "0.1.0"
