"""Every random number of a study comes from the one seed in its config."""

import hashlib


def derive(seed: int, *names: str | int) -> int:
    """A seed in [0, 2**31) for the use that `names` spell, e.g. derive(1, "md", "mace-base", 3); independent uses get unrelated seeds."""
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
