"""The baseline: the toolkit alone, in a bare loop on one core, doing to each molecule what the pipeline has it do."""

from __future__ import annotations

import time
from dataclasses import dataclass

from functions.processor import chemistry
from functions.processor.properties import CALCULATIONS, DESCRIPTORS
from leanda import structures


@dataclass(frozen=True)
class Loop:
    """What a loop cost, in seconds."""

    wall: float
    cpu: float


def toolkit_loop(molfiles: list[str]) -> Loop:
    """Everything that records have of the toolkit: canonical SMILES, formula, masses, InChI and its key, descriptors, and what is
    to be warned of: atoms without an element, double bonds that the SMILES leaves out."""
    wall, cpu = time.perf_counter(), time.process_time()
    for text in molfiles:
        try:
            molecule = structures.load_kekule(text)
            structures.atoms_without_element(molecule)
            computed = {name: calculate(molecule) for name, calculate in CALCULATIONS}
            structures.inchi_key(computed["inchi"])
            chemistry.leaves_out_double_bonds(computed["canonicalSmiles"], computed["inchi"])
            seen = chemistry.as_descriptors_see_it(molecule)
            for _, calculate in DESCRIPTORS:
                calculate(seen)
        except Exception:
            continue
    return Loop(time.perf_counter() - wall, time.process_time() - cpu)
