"""Failure rules for a replica: a bond that is too long, or a pair of atoms that is too close."""

import math
from dataclasses import dataclass

import torch
from ase import Atoms

from nnip.md.bonds import Bonds, find_bonds
from nnip.md.pairs import Pairs, find_pairs
from nnip.md.start import check_start


@dataclass(frozen=True)
class Rule:
    """No bond is longer than the limit (reason bond), or no pair is closer than the limit (reason close)."""

    reason: str
    pairs: Bonds | Pairs
    limit_A: float

    def kept(self, lengths_A: torch.Tensor) -> torch.Tensor:
        """Whether each replica obeys the rule with these lengths [n, m], bool [n]; a replica with a NaN length does not."""
        within = lengths_A <= self.limit_A if self.reason == "bond" else lengths_A >= self.limit_A
        return within.all(dim=1)

    def extreme(self, lengths_A: torch.Tensor) -> torch.Tensor:
        """The length nearest to failure: the longest bond or the closest pair."""
        return lengths_A.max() if self.reason == "bond" else lengths_A.min()

    def broken_by(self, lengths_A: torch.Tensor) -> tuple[int, int, float] | None:
        """The two atoms and the length that break the rule most, from one replica's lengths [m]; None if the rule holds or a length is not finite."""
        worst = int(lengths_A.argmax() if self.reason == "bond" else lengths_A.argmin())
        length = float(lengths_A[worst])
        if not (self.limit_A < length < math.inf if self.reason == "bond" else length < self.limit_A):
            return None
        atom_i, atom_j = self.pairs.atoms[worst].tolist()
        return atom_i, atom_j, length


def find_rules(frame: Atoms, max_bond_A: float | None, min_distance_A: float | None, device: torch.device | str = "cpu") -> list[Rule]:
    """The rules of a simulation that starts from a frame; None leaves a rule out. InputError if it cannot (nnip.md.start.check_start)."""
    check_start(frame, max_bond_A, min_distance_A)
    rules = []
    if max_bond_A is not None:
        rules.append(Rule("bond", find_bonds(frame, device), max_bond_A))
    if min_distance_A is not None:
        rules.append(Rule("close", find_pairs(frame, min_distance_A, device), min_distance_A))
    return rules
