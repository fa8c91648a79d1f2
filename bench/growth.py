"""Whether a figure that is looked at again and again grows, or only moves.

Memory moves: allocators keep what they may need again, buffers fill once. What grows does so from look to look, all the
time, and ends well above where it began.
"""

import statistics

# The first looks are of caches that fill: a third of them says nothing.
WARM_UP = 3
# Of all pairs of looks, so many show more at the later one than at the earlier, beyond those that show less.
STEADY = 0.6


def counted(looks):
    """Those after the warm-up."""
    return looks[len(looks) // WARM_UP:]


def slope(looks):
    """How much is added per unit, given pairs of (units so far, figure): the median of what any two looks say.

    >>> slope([(0, 9), (1, 9), (2, 5), (3, 7), (4, 9), (5, 11), (6, 13), (7, 90), (8, 17)])
    2.0
    >>> slope([(0, 5), (1, 5), (2, 5)])
    0.0
    """
    looks = counted(looks)
    slopes = [(later - earlier) / (to - at) for n, (at, earlier) in enumerate(looks) for to, later in looks[n + 1:] if to > at]
    return float(statistics.median(slopes)) if slopes else 0.0


def steadiness(figures):
    """From -1, always less, over 0, neither, to 1, always more (Kendall's tau).

    >>> steadiness([1, 2, 3, 4]), steadiness([4, 3, 2, 1]), steadiness([1, 1, 1, 1])
    (1.0, -1.0, 0.0)
    """
    pairs = [(later > earlier) - (later < earlier) for n, earlier in enumerate(figures) for later in figures[n + 1:]]
    return sum(pairs) / len(pairs) if pairs else 0.0


def grows(looks, tolerated):
    """Whether it grows steadily, and by more than is tolerated: a share of where it began, or so much, whichever is more.

    A leak grows, whatever noise lies on it; what fills once, or goes up and down, does not:

    >>> leak = [(n, 100 + 2 * n + n % 3) for n in range(30)]
    >>> grows(leak, (0.1, 10))
    True
    >>> fills = [(n, 100 + 40 * min(n, 9)) for n in range(30)]
    >>> grows(fills, (0.1, 10))
    False
    >>> moves = [(n, 100 + 30 * (n % 4)) for n in range(30)]
    >>> grows(moves, (0.1, 10))
    False
    >>> creeps = [(n, 100 + n / 10) for n in range(30)]
    >>> grows(creeps, (0.1, 10))
    False
    """
    figures = [figure for _, figure in counted(looks)]
    few = max(len(figures) // 4, 1)
    began, ended = statistics.median(figures[:few]), statistics.median(figures[-few:])
    share, least = tolerated
    return steadiness(figures) >= STEADY and ended - began > max(began * share, least)
