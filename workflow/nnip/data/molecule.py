"""A molecule from its SMILES: conformers, and a cheap force field for its sampling."""

from typing import Any

import numpy as np
from ase import units
from ase.data import covalent_radii
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from nnip.jobs.errors import InputError

HEAVIEST = 86  # GFN2-xTB has parameters up to radon


def from_smiles(smiles: str) -> Chem.Mol:
    """The molecule with its hydrogens; InputError unless the SMILES is one molecule of at least two atoms with elements of GFN2-xTB."""
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles) if smiles else None
    if molecule is None:
        raise InputError(f"smiles: '{smiles}' is not a valid SMILES (example: CCO for ethanol)")
    molecule = Chem.AddHs(molecule)
    if len(Chem.GetMolFrags(molecule)) > 1:
        raise InputError(f"smiles: '{smiles}' is several molecules, which would drift apart; give one")
    if molecule.GetNumAtoms() < 2:
        raise InputError(f"smiles: '{smiles}' is a single atom; give a molecule")
    for atom in molecule.GetAtoms():
        if not 0 < atom.GetAtomicNum() <= HEAVIEST:
            raise InputError(f"smiles: '{smiles}' has '{atom.GetSymbol()}', which GFN2-xTB does not know")
    return molecule


def numbers(molecule: Chem.Mol) -> np.ndarray:
    """Atomic numbers, int [n_atoms]."""
    return np.array([atom.GetAtomicNum() for atom in molecule.GetAtoms()])


def charge_multiplicity(molecule: Chem.Mol) -> tuple[int, int]:
    """Total charge and spin multiplicity 2S + 1, with all unpaired electrons parallel."""
    return Chem.GetFormalCharge(molecule), 1 + sum(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms())


def conformers(molecule: Chem.Mol, n: int, seed: int) -> np.ndarray:
    """Up to n conformers, positions in A [n, n_atoms, 3], by ETKDGv3 (Wang et al., J. Chem. Inf. Model. 60, 2044, 2020) and MMFF94."""
    parameters: Any = rdDistGeom.ETKDGv3()
    parameters.randomSeed = seed
    copy = Chem.Mol(molecule)
    with rdBase.BlockLogs():
        if not rdDistGeom.EmbedMultipleConfs(copy, n, parameters):
            parameters.useRandomCoords = True
            rdDistGeom.EmbedMultipleConfs(copy, n, parameters)
        if rdForceFieldHelpers.MMFFHasAllMoleculeParams(copy):
            rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(copy, maxIters=2000)
    if not copy.GetNumConformers():
        raise InputError(f"smiles: no geometry could be made of '{Chem.MolToSmiles(Chem.RemoveHs(molecule))}'; is it a possible molecule?")
    return np.array([conformer.GetPositions() for conformer in copy.GetConformers()])


def stretch(molecule: Chem.Mol, positions_A: np.ndarray) -> float:
    """The length of the longest bond over the sum of its covalent radii: about 1 in a molecule at rest, above 1.6 for a broken bond."""
    i, j = np.array([(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.GetBonds()]).T
    radii = covalent_radii[numbers(molecule)]
    return float(np.max(np.linalg.norm(positions_A[i] - positions_A[j], axis=1) / (radii[i] + radii[j])))


class MMFF94:
    """MMFF94 forces of one molecule (Halgren, J. Comput. Chem. 17, 490, 1996), a hundred times as fast as GFN2-xTB."""

    def __init__(self, molecule: Chem.Mol, positions_A: np.ndarray) -> None:
        """InputError if the force field has no parameters for the molecule."""
        # The field holds references to molecule and properties without owning them, so they are kept here.
        self.molecule = Chem.Mol(molecule)
        conformer = Chem.Conformer(molecule.GetNumAtoms())
        conformer.SetPositions(np.ascontiguousarray(positions_A, dtype=float))
        self.molecule.RemoveAllConformers()
        self.molecule.AddConformer(conformer, assignId=True)
        with rdBase.BlockLogs():
            self.properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(self.molecule)
        if self.properties is None:
            raise InputError("MMFF94 has no parameters for this molecule")
        self.field = rdForceFieldHelpers.MMFFGetMoleculeForceField(self.molecule, self.properties)

    def forces(self, positions_A: np.ndarray) -> np.ndarray:
        """Forces in eV/A [n_atoms, 3]."""
        flat = positions_A.ravel().tolist()
        self.field.CalcEnergy(flat)  # CalcGrad reads distances that only CalcEnergy updates
        return np.array(self.field.CalcGrad(flat)).reshape(-1, 3) * (-units.kcal / units.mol)
