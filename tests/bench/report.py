"""The figures of a run as a table, each beside what it should be."""

from typing import Any

BARS = {
    "12 megapixels, wall (s)": (3.0, "at most"),
    "12 megapixels corrected with ten pins, wall (s)": (4.0, "at most"),
    "50 photos, against the plain loop": (0.8, "at least"),
    "200 uploads at once, errors": (0, "at most"),
    "gallery of 500, queries": (12, "at most"),
    "gallery of 500, median (ms)": (150, "at most"),
    "web, resident (MB)": (150, "at most"),
}

JOBS = ("prepare", "colorize")


def told(found: dict[str, Any]) -> str:
    """The table: a row a figure, a column a configuration."""
    sites = found["sites"]
    columns = {name: figures(site, found) for name, site in sites.items()}
    rows = list(dict.fromkeys(name for column in columns.values() for name in column))
    lines = ["", f"{'':50}" + "".join(f"{name:>14}" for name in columns)]
    for row in rows:
        values = [column.get(row) for column in columns.values()]
        lines.append(f"{row:50}" + "".join(f"{_number(value):>14}" for value in values) + _verdict(row, values))
    loop = found["plain loop"]["photos_per_minute"]
    lines.append(f"\nThe plain loop: {loop:.1f} photos of 2 megapixels a minute, on {found['cores']} cores.")
    lines.append(f"Of the writing of 12 megapixels: {_shares(found['writing'])}.")
    lines.append(f"The network's time, of that as it was trained: {_shares(found['network'])}.")
    return "\n".join(lines)


def figures(site: dict[str, Any], found: dict[str, Any]) -> dict[str, float]:
    """One site's figures by the names of the rows."""
    large, pile, crowd = (
        site[name] for name in ("one photo of 12 megapixels", "50 photos of 2 megapixels", "200 uploads at once")
    )
    stages = split(large["stages_s"], found["writing"])
    return {
        "12 megapixels, wall (s)": large["wall_s"],
        "12 megapixels, slowest (s)": large["slowest_s"],
        "12 megapixels, CPU (s)": large["cpu_s"],
        **{f"  {name} (s)": seconds for name, seconds in stages.items()},
        "12 megapixels corrected with ten pins, wall (s)": site["ten pins on 12 megapixels"]["wall_s"],
        "50 photos, a minute": pile["photos_per_minute"],
        "50 photos, against the plain loop": pile["photos_per_minute"] / found["plain loop"]["photos_per_minute"],
        "200 uploads at once, errors": crowd["errors"],
        "200 uploads at once, median (s)": crowd["median_s"],
        "200 uploads at once, slowest (s)": crowd["slowest_s"],
        "gallery of 500, queries": site["gallery"]["queries"],
        "gallery of 500, median (ms)": site["gallery"]["median_ms"],
        "web, resident (MB)": site["memory"]["web_rss_mb"],
        "worker's child, highest (MB)": site["memory"]["worker_child_highest_mb"],
    }


def split(stages: dict[str, float], shares: dict[str, float]) -> dict[str, float]:
    """The seconds of one photo by what the work is, the stream of rows shared out as ``tests.bench.split`` found it."""
    writing = stages.get("colorize: writing", 0.0)
    reading = stages.get("prepare: reading", 0.0) + stages.get("colorize: reading", 0.0)
    copies = stages.get("prepare: copies", 0.0) + stages.get("colorize: copies", 0.0)
    return {
        "decode": reading + writing * shares["decode"],
        "network": stages.get("colorize: colouring", 0.0),
        "colour upsampling and recombination": stages.get("colorize: joining", 0.0) + writing * shares["recombination"],
        "encode": copies + writing * shares["encode"],
        "storage": sum(stages.get(f"{job}: {name}", 0.0) for job in JOBS for name in ("fetching", "storing")),
        "overhead": stages["overhead"],
    }


def _shares(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.0%}" for name, share in found.items())


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


def _verdict(row: str, values: list[float | None]) -> str:
    if row not in BARS:
        return ""
    bar, sense = BARS[row]
    known = [value for value in values if value is not None]
    good = all(value <= bar if sense == "at most" else value >= bar for value in known)
    return f"   {sense} {bar:g}: {'yes' if good else 'NO'}"
