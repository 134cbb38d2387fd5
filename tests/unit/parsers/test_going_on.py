"""Planning that goes on elsewhere: from any boundary on, every format finds the boundaries that one pass finds."""

from __future__ import annotations

import pytest

from functions.parsers.chemical.formats import inchi, mol, sdf, smiles
from functions.parsers.crystal.formats import cif
from functions.parsers.reaction.formats import rdf, rxn
from functions.parsers.reaction.formats import smiles as reaction_smiles
from functions.parsers.spectra.formats import jcamp, mzml
from functions.parsers.tabular.formats.csv import CSV, TSV
from leanda import limits
from leanda.parsing.format import Format
from tests.unit.parsers_chemical import molfiles
from tests.unit.parsers_crystal import cifs
from tests.unit.parsers_reaction import rxns
from tests.unit.parsers_spectra import jcamp_files, mzml_files

MOLFILES = molfiles.sdf(*(molfiles.molfile(name=name) for name in ("a", "b", "c", "d")))
SPECTRA = "".join(jcamp_files.spectrum(jcamp_files.affn([1, 2, 3]), title=title) for title in ("one", "two", "three"))
FILES: list[tuple[Format, bytes]] = [
    (sdf.FORMAT, MOLFILES),
    (sdf.FORMAT, MOLFILES.replace(b"\n", b"\r\n")),
    (mol.FORMAT, MOLFILES),
    (smiles.FORMAT, b"SMILES\tname\nCCO\tethanol\n\n# nothing\nC\tmethane\nCC\tethane\n"),
    (smiles.FORMAT, b"\xef\xbb\xbfCCO ethanol\nsmiles of no molecule\nC methane"),
    (inchi.FORMAT, b"inchi name\nInChI=1S/CH4/h1H4 methane\nInChI=1S/C2H6/c1-2/h1-2H3 ethane\n"),
    (smiles.FORMAT, "SMILES\tname\nCCO\té\n\n# nothing\nC\tmethane\nCC\tethane\n".encode("utf-16")),
    (inchi.FORMAT, "\ufeffInChI=1S/CH4/h1H4 é\nInChI=1S/CH4/h1H4 methane".encode("utf-16-be")),
    (reaction_smiles.FORMAT, "reaction\tyield\nCCO>>CC=O\t1\nCC>>C=C\t2\nC=C>>CC\t3\n".encode("utf-16")),
    (cif.FORMAT, b"# a comment\n" + cifs.SALT + cifs.BROKEN + cifs.PROTEIN),
    (rdf.FORMAT, rxns.RDF.encode()),
    (rxn.FORMAT, (rxns.rxn() * 3).encode()),
    (reaction_smiles.FORMAT, b"reaction\tyield\nCCO>>CC=O\t1\nCC>>C=C\t2\nC=C>>CC\t3\n"),
    (jcamp.FORMAT, SPECTRA.encode()),
    (mzml.FORMAT, mzml_files.document(*(mzml_files.spectrum(name=f"scan={n}") for n in range(3)))),
    (mzml.FORMAT, mzml_files.document(*(mzml_files.spectrum(name=f"scan={n}") for n in range(3)), end=False)),
    (CSV, b'\xef\xbb\xbfname,text\n1,"two\nlines"\n2,x\n\n3,y\n'),
    (CSV, b'name,text\n1,"open\n2,"two\nlines"\n3,"x"y\n4,"open\n5,y\n'),
    (CSV, "name;Größe\n1;2\n3;4\n5;6\n".encode("utf-16")),
    (TSV, b"a\tb\n1\t2\n3\t4\n5\t6"),
]


@pytest.mark.parametrize(("form", "content"), FILES, ids=[f"{form.name}-{n}" for n, (form, _) in enumerate(FILES)])
def test_from_any_boundary_on_the_boundaries_are_those_of_the_whole_file(form: Format, content: bytes) -> None:
    head = content[: limits.HEAD_BYTES]
    ends = list(form.boundaries([content], head=head))
    assert len(ends) >= 2
    for index, start in enumerate(ends[:-1], 1):
        blocks = [content[at : at + 7] for at in range(start, len(content), 7)]
        rest = [start + end for end in form.boundaries(blocks, head=head, first_index=index)]
        assert rest == ends[index:], f"from record {index}"
