"""From a due feed to a placed entry."""
