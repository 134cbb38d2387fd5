"""Codes of the SPC header and what they mean, as the Galactic/Thermo "Universal Data Format Specification" (SPC.H) has them."""

from __future__ import annotations

from typing import Final

TECHNIQUES: Final = {
    1: "chromatography",
    2: "chromatography",
    3: "chromatography",
    4: None,  # FT-IR, FT-NIR and FT-Raman share a code; the abscissa tells them apart.
    5: "NIR",
    7: "UV/VIS",
    8: "XRD",
    9: "MS",
    10: "NMR",
    11: "Raman",
    12: "fluorescence",
    13: "atomic spectroscopy",
    14: "chromatography",
}

X_UNITS: Final = {
    0: "Arbitrary",
    1: "Wavenumber (cm-1)",
    2: "Micrometers (um)",
    3: "Nanometers (nm)",
    4: "Seconds",
    5: "Minutes",
    6: "Hertz (Hz)",
    7: "Kilohertz (KHz)",
    8: "Megahertz (MHz)",
    9: "Mass (M/z)",
    10: "Parts per million (PPM)",
    11: "Days",
    12: "Years",
    13: "Raman Shift (cm-1)",
    14: "eV",
    16: "Diode Number",
    17: "Channel",
    18: "Degrees",
    19: "Temperature (F)",
    20: "Temperature (C)",
    21: "Temperature (K)",
    22: "Data Points",
    23: "Milliseconds (mSec)",
    24: "Microseconds (uSec)",
    25: "Nanoseconds (nSec)",
    26: "Gigahertz (GHz)",
    27: "Centimeters (cm)",
    28: "Meters (m)",
    29: "Millimeters (mm)",
    30: "Hours",
    255: "Double interferogram",
}

Y_UNITS: Final = {
    0: "Arbitrary Intensity",
    1: "Interferogram",
    2: "Absorbance",
    3: "Kubelka-Munk",
    4: "Counts",
    5: "Volts",
    6: "Degrees",
    7: "Milliamps",
    8: "Millimeters",
    9: "Millivolts",
    10: "Log(1/R)",
    11: "Percent",
    12: "Intensity",
    13: "Relative Intensity",
    14: "Energy",
    16: "Decibel",
    19: "Temperature (F)",
    20: "Temperature (C)",
    21: "Temperature (K)",
    22: "Index of Refraction [N]",
    23: "Extinction Coeff. [K]",
    24: "Real",
    25: "Imaginary",
    26: "Complex",
    128: "Transmission",
    129: "Reflectance",
    130: "Arbitrary or Single Beam with Valley Peaks",
    131: "Emission",
}


def technique(experiment: int, x_type: int, y_type: int) -> str | None:
    """What the experiment code says; where it is general, what the axes can only mean."""
    if found := TECHNIQUES.get(experiment):
        return found
    if x_type == 9:
        return "MS"
    if x_type == 13:
        return "Raman"
    if x_type == 10:
        return "NMR"
    if x_type == 1:
        return "IR"
    return "UV/VIS" if x_type == 3 and y_type in (2, 128, 129) else None
