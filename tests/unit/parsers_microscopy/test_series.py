"""What is said of a series of images, whatever its file calls things."""

from functions.parsers.microscopy.formats.series import Series


def test_only_axes_that_have_a_letter_as_a_name_are_properties() -> None:
    record = Series(format="czi", sizes={"X": 4, "Y": 3, "H": 2, "\0M": 5, "$a.b": 6, "": 7}).record(0)
    assert record.properties == {"format": "czi", "sizeX": 4, "sizeY": 3, "sizeH": 2}
