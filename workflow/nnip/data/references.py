"""Energies of one composition that cannot come from one method: another reference, functional or unit in a part of the frames."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
from ase import Atoms

from nnip.data.frames import composition
from nnip.data.similar import kind, similar_pairs, state
from nnip.data.units import ratio
from nnip.jobs.errors import InputError

IMPOSSIBLE_GAP_EV_PER_ATOM = 10.0  # no two forms of one composition differ so much: tungsten's atoms are bound by 8.9 eV, diamond's by 7.4 eV
ODD_GAP_EV_PER_ATOM = 2.0  # between frames of the same atoms, with nothing between
LARGEST_FORCE_EV_PER_A = 50.0  # strongly compressed matter is left alone
LEAST_OFFSET_EV = 0.5
TIMES_NOISE = 10.0
FEWEST = 5
MOST_KINDS = 20  # with most frames


def check(splits: Mapping[str, Sequence[Atoms]]) -> list[str]:
    """A warning for each part of the frames with energies that its forces do not explain; splits: name -> frames, the first is the training pool.

    InputError for energies of one composition that no two states of matter have.
    """
    for impossible in gaps(splits, composition, IMPOSSIBLE_GAP_EV_PER_ATOM):
        raise InputError(
            f"{impossible} cannot come from one method, for nothing binds atoms by more than {IMPOSSIBLE_GAP_EV_PER_ATOM:g} eV; "
            "give total energies of one method in eV for all frames"
        )
    (train, pool), *others = splits.items()
    warnings = [words for name, frames in splits.items() for words in outliers(name, frames)]
    warnings += [words for name, frames in others if (words := shifted(train, pool, name, frames))]
    if warnings:
        return warnings
    several = {name: [frame for frame in frames if len(frame) > 2] for name, frames in splits.items()}
    return [f"{odd}; another method, reference or unit?" for odd in gaps(several, Atoms.get_chemical_formula, ODD_GAP_EV_PER_ATOM)]


def gaps(splits: Mapping[str, Sequence[Atoms]], formula: Callable[[Atoms], str], at_least_eV: float) -> list[str]:
    """A clause on each gap of at least so much among energies per atom of frames with one formula, charge and spin, and moderate forces."""
    found: dict[tuple[str, Hashable], list[tuple[float, str, Atoms]]] = defaultdict(list)
    for split, frames in splits.items():
        for frame in frames:
            if len(frame) > 1 and frame.calc is not None and "energy" in frame.calc.results:
                found[formula(frame), state(frame)].append((float(frame.calc.results["energy"]) / len(frame), split, frame))
    clauses = []
    for (name, _), entries in found.items():
        entries.sort(key=lambda entry: entry[0])
        steps = np.diff([energy for energy, _, _ in entries])
        if not len(steps) or steps.max() < at_least_eV:
            continue
        at = int(steps.argmax()) + 1
        if max(_largest_force(frame) for _, _, frame in (entries[at - 1], entries[at])) < LARGEST_FORCE_EV_PER_A:
            clauses.append(f"energies of {name}: {_group(entries[:at])} and {_group(entries[at:])}")
    return clauses


def _group(entries: list[tuple[float, str, Atoms]]) -> str:
    splits = ", ".join(dict.fromkeys(split for _, split, _ in entries))
    number = f"{len(entries)} frame{'s' if len(entries) > 1 else ''}"
    return f"{number} at {entries[0][0]:.6g} to {entries[-1][0]:.6g} eV/atom ({splits}; {entries[0][2].info['origin']})"


def _largest_force(frame: Atoms) -> float:
    return float(np.abs(frame.calc.results["forces"]).max()) if "forces" in frame.calc.results else 0.0


def outliers(name: str, frames: Sequence[Atoms]) -> list[str]:
    """A warning for each of the commonest kinds of frame whose energies form two groups further apart than the forces explain."""
    kinds: dict[Hashable, list[Atoms]] = defaultdict(list)
    for frame in frames:
        if frame.calc is not None and "energy" in frame.calc.results:
            kinds[kind(frame)].append(frame)
    found = []
    for alike in sorted(kinds.values(), key=len, reverse=True)[:MOST_KINDS]:
        alike.sort(key=lambda frame: float(frame.calc.results["energy"]))
        energies = np.array([float(frame.calc.results["energy"]) for frame in alike])
        if len(alike) < FEWEST + 1 or np.diff(energies).max() < LEAST_OFFSET_EV / 2:
            continue
        at = int(np.diff(energies).argmax()) + 1
        found.append(shifted(name, alike[:at], name, alike[at:]))
    return [words for words in found if words]


def shifted(name: str, first: Sequence[Atoms], other: str, second: Sequence[Atoms]) -> str | None:
    """A warning if energies of the second frames are shifted against similar ones of the first by more than forces and their errors explain."""
    across = similar_pairs(first, second)
    within = max((similar_pairs(part, part) for part in (first, second)), key=len)
    if not across or len(within) < FEWEST:
        return None
    slope = ratio(within) or 1.0
    residuals = np.array([pair.difference - slope * pair.from_forces for pair in across])
    noise = np.sqrt(np.mean([(pair.difference - slope * pair.from_forces) ** 2 for pair in within]))
    bounds = np.array([abs(slope) * pair.bound for pair in across])
    offset = float(np.median(residuals))
    one_way = (np.sign(residuals) == np.sign(offset)).all()
    if not one_way or abs(offset) < max(LEAST_OFFSET_EV, TIMES_NOISE * noise) or np.median(np.abs(residuals) - bounds) < 0:
        return None
    frames = f"{second[across[0].second].info['origin']}, {float(second[across[0].second].calc.results['energy']):.6g} eV"
    like = f"{first[across[0].first].info['origin']}, {float(first[across[0].first].calc.results['energy']):.6g} eV"
    where = f"{other}: energies of {len(second)} frames" if name == other else f"{other}: energies"
    against = f"the {len(first)} others" if name == other else name
    return (
        f"{where} are shifted by {offset:.3g} eV against {against} ({frames}; the similar {like}), more than the forces and the geometry explain "
        f"({noise:.2g} eV); another method, reference, charge or spin"
    )
