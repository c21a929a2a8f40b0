"""stop"""

from aggregator.digest.edition import WhatIsNew


def what_is_new(*_):
    return WhatIsNew()
