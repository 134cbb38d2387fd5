"""CIFs written for the tests."""

from __future__ import annotations

QUARTZ = b"""data_quartz
_chemical_name_mineral 'Quartz low'
_chemical_formula_sum 'O2 Si'
_cell_length_a 4.9134(2)
_cell_length_b 4.9134(2)
_cell_length_c 5.4052(10)
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120.
_cell_volume 113.01(2)
_cell_formula_units_Z 3
_symmetry_space_group_name_H-M 'P 32 2 1'
_exptl_crystal_density_diffrn 2.649
_diffrn_ambient_temperature 298(2)
_publ_section_title
;
data_ inside of a text is no block,
'nor are "quotes"
;
_journal_year 1980 # data_comment
_journal_page_first 0456
_exptl_crystal_colour ?
_exptl_crystal_preparation .
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Si1 0.4697(1) 0 0
O1 0.4135(3) 0.2669(2) 0.1191(2)
loop_
_citation_id
_citation_year
primary 1980
"""
SALT = b"""data_salt _cell_length_a 5.6402 _cell_length_b 5.6402 _cell_length_c 5.6402
_cell_angle_alpha 90 _cell_angle_beta 90 _cell_angle_gamma 90
_space_group_IT_number 225
"""
BROKEN = b"data_broken\nloop_ _a _b 1 2 3\n"
PROTEIN = b"""data_1ABC
_entry.id 1ABC
_struct.title 'A made-up protein'
_cell.length_a 39.374
_cell.length_a_esd 0.002
_cell.length_b 39.374
_cell.length_c 79.734
_cell.angle_alpha 90.00
_cell.angle_beta 90.00
_cell.angle_gamma 120.00
_cell.Z_PDB 12
_symmetry.space_group_name_H-M 'P 63 2 2'
loop_
_atom_site.group_PDB
_atom_site.id
_atom_site.Cartn_x
ATOM 1 1.0
ATOM 2 2.0
ATOM 3 3.0
"""
