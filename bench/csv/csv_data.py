#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""csv_data.py FILE [MEGABYTES]: a table of 20 columns of numbers in different formats and two of texts."""
import random
import sys

FORMATS = ["%d", "%.1f", "%.2f", "%.6f", "%.17g", "%.3e", "%g", "%08.3f", "%+.4f", "%.10f"] * 2
TOWNS = ["Oslo", "Rome", "\"Paris, France\"", "Lima", "Tokyo", "", "Quito", "Cairo"]


def row(rng):
    numbers = [f % (rng.gauss(0, 1) * 10 ** (i % 4)) for i, f in enumerate(FORMATS)]
    return ",".join(numbers + [rng.choice(TOWNS), "id%04d" % rng.randrange(5000)])


def main():
    size = int(sys.argv[2] if len(sys.argv) > 2 else 500) * 1000000
    rng = random.Random(1)
    names = ",".join("x%d" % i for i in range(len(FORMATS))) + ",town,code\n"
    block = "".join(row(rng) + "\n" for _ in range(100000))
    with open(sys.argv[1], "w", encoding="ascii", newline="") as file:
        file.write(names)
        for _ in range(-(-size // len(block))):
            file.write(block)


main()
