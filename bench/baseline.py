"""The baseline: the toolkit alone, in a bare loop on one core, doing to each molecule what the pipeline has it do."""

from __future__ import annotations

import time
from dataclasses import dataclass

from functions.processor import chemistry


@dataclass(frozen=True)
class Loop:
    """What a loop cost, in seconds."""

    wall: float
    cpu: float


def toolkit_loop(molfiles: list[str]) -> Loop:
    """Load, canonical SMILES, formula, three masses, InChI and its key, six descriptors."""
    wall, cpu = time.perf_counter(), time.process_time()
    for text in molfiles:
        try:
            molecule = chemistry.load("chemical/x-mdl-molfile", text)
            chemistry.canonical_smiles(molecule)
            molecule.molecularFormula()
            molecule.molecularWeight()
            molecule.monoisotopicMass()
            molecule.mostAbundantMass()
            chemistry.inchi_key(chemistry.inchi(molecule))
            seen = chemistry.as_descriptors_see_it(molecule)
            seen.tpsa()
            chemistry.log_p(seen)
            seen.numHydrogenBondDonors()
            seen.numHydrogenBondAcceptors()
            seen.numRotatableBonds()
            seen.countSSSR()
        except Exception:
            continue
    return Loop(time.perf_counter() - wall, time.process_time() - cpu)
