"""What a word in the column of elements is, where it is no element's symbol: labels, ions, isotopes, dummies and types are named."""

import re

from ase.data import atomic_names, chemical_symbols

from nnip.jobs.errors import InputError

SYMBOLS = frozenset(chemical_symbols[1:])
ISOTOPES = {"D": "deuterium", "T": "tritium"}
DUMMIES = {"x", "xx", "q", "du", "bq", "gh", "lp", "ep", "mw", "da"}
NAMES = {name.lower(): symbol for name, symbol in zip(atomic_names[1:], chemical_symbols[1:], strict=True) if name}


def check_species(words: list[str], comment: str, where: str) -> None:
    """InputError for the first atom whose word is no symbol of an element in its usual case; `comment` is the frame's second line."""
    if not (strange := next((word for word in words if word not in SYMBOLS), None)):
        return
    if re.fullmatch(r"[0-9]+", strange):
        numbers = ", ".join(sorted(set(words), key=lambda word: (len(word), word))[:9])
        if "timestep" in comment.lower():
            raise InputError(
                f"{where} has LAMMPS types ({numbers}), not elements: "
                "write the dump again with `dump_modify ID element C H ...`, an element for each type"
            )
        raise InputError(
            f"{where} has numbers ({numbers}) in the column of elements: if they are LAMMPS types, replace each with its element "
            "(`dump_modify ID element C H ...`); if they are atomic numbers, write Z:I:1 for species:S:1 in Properties"
        )
    raise InputError(f"{where}: atom {words.index(strange)} is '{strange[:40]}', {_what(strange)}")


def _what(word: str) -> str:
    """What a word is instead of a symbol, and what should be written."""
    return _no_atom(word) or _other_spelling(word) or _with_more(word) or "which is not an element"


def _no_atom(word: str) -> str | None:
    if word.lower() == "tv":
        return 'a lattice vector, not an atom: write the three as Lattice="ax ay az bx by bz cx cy cz"'
    return "a dummy atom, not an element: leave it out" if word.lower() in DUMMIES else None


def _other_spelling(word: str) -> str | None:
    if word in ISOTOPES:
        return f"{ISOTOPES[word]}: write H, since isotopes have the same energies and forces"
    if word.lower() in NAMES:
        return f"the name of an element: write its symbol, {NAMES[word.lower()]}"
    symbol = word.capitalize()
    if symbol in SYMBOLS and word.isupper() and word[0] in SYMBOLS:
        return f"which may be {symbol} or a label of {word[0]}: write the element's symbol, {symbol} or {word[0]}"
    return f"not in the usual case: write {symbol}" if symbol in SYMBOLS else None


def _with_more(word: str) -> str | None:
    if (isotope := re.fullmatch(r"[0-9]+-?([A-Z][a-z]?)", word)) and isotope[1] in SYMBOLS:
        return f"an isotope: write {isotope[1]}"
    element = next((word[:n] for n in (2, 1) if word[:n] in SYMBOLS), None)
    if element and re.fullmatch(r"[0-9]*[+-]+[0-9]*", word[len(element) :]):
        return f"an ion: write {element}; the charge of the whole frame belongs in its second line"
    return f"a label: write the element, {element}" if element and re.fullmatch(r"[\w*'.:()/-]+", word[len(element) :]) else None
