"""Pictures of files and records through the API: drawn when asked for, right for their kind, the same again afterwards."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import httpx
import pytest
from PIL import Image

from functions.parsers.pictures.drawings.svg import safe
from tests.cloud import Cloud, Person, eventually
from tests.samples import samples_root

pytestmark = pytest.mark.integration

SVG = "{http://www.w3.org/2000/svg}"
RXN = """$RXN

      sample

  1  1
$MOL

  sample

  3  2  0  0  0  0            999 V2000
    0.0000    0.0000    0.0000 C   0  0
    1.2000    0.7000    0.0000 C   0  0
    2.4000    0.0000    0.0000 O   0  0
  1  2  1  0
  2  3  1  0
M  END
$MOL

  sample

  3  2  0  0  0  0            999 V2000
    0.0000    0.0000    0.0000 C   0  0
    1.2000    0.7000    0.0000 C   0  0
    2.4000    0.0000    0.0000 O   0  0
  1  2  1  0
  2  3  2  0
M  END
"""
CIF = b"""data_salt
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'F m -3 m'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 0 0 0
Cl1 0.5 0.5 0.5
"""
JCAMP = b"""##TITLE=sample
##JCAMP-DX=4.24
##DATA TYPE=INFRARED SPECTRUM
##XUNITS=1/CM
##YUNITS=TRANSMITTANCE
##FIRSTX=400
##LASTX=1000
##NPOINTS=4
##XFACTOR=1
##YFACTOR=1
##XYDATA=(X++(Y..Y))
400 1 2 3 1
##END=
"""


def asked(person: Person, path: str, **headers: str) -> httpx.Response:
    """The answer of the API; a busy machine may say for a while that `files` is not healthy (503)."""

    def look() -> httpx.Response | None:
        answer = person.http.get(path, headers=headers)
        return None if answer.status_code == 503 else answer

    return eventually(look, f"{path} is answered")


def picture(person: Person, path: str, **headers: str) -> httpx.Response:
    """The answer, after the redirect if there is one; no token goes to the storage."""
    answer = asked(person, path, **headers)
    if answer.status_code == 302:
        with httpx.Client(trust_env=False) as plain:
            return plain.get(answer.headers["location"])
    return answer


def drawing(person: Person, path: str) -> list[str]:
    """Names of the elements of an SVG, which holds nothing but shapes and text."""
    answer = picture(person, path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    root = ElementTree.fromstring(safe(answer.content))
    return [element.tag.removeprefix(SVG) for element in root.iter()]


def texts(person: Person, path: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(picture(person, path).content).iter(f"{SVG}text")]


def pixels(answer: httpx.Response) -> Image.Image:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    image = Image.open(io.BytesIO(answer.content))
    image.load()
    return image


@pytest.fixture(scope="module")
def molecules(ada: Person) -> str:
    """Ethanol, something that is none, and aspirin."""
    file_id = ada.upload("molecules.smi", b"CCO ethanol\nnot-a-smiles broken\nCC(=O)Oc1ccccc1C(=O)O aspirin\n")
    ada.ended(file_id)
    return file_id


def test_a_molecule_is_drawn_with_its_hetero_atoms(ada: Person, molecules: str) -> None:
    assert drawing(ada, f"/files/{molecules}/records/0/image").count("line") == 2
    assert texts(ada, f"/files/{molecules}/records/0/image") == ["O", "H"]
    assert texts(ada, f"/files/{molecules}/records/2/image").count("O") == 4


def test_the_client_brings_drawings_and_pixels(ada: Person, molecules: str) -> None:
    drawn = ada.client.picture(molecules, 0)
    assert (drawn.media_type, drawn.content) == (
        "image/svg+xml",
        picture(ada, f"/files/{molecules}/records/0/image").content,
    )
    content = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(content, "JPEG")
    file_id = ada.upload("red.jpg", content.getvalue())
    ada.ended(file_id)
    seen = ada.client.picture(file_id)
    assert (seen.media_type, Image.open(io.BytesIO(seen.content)).size) == ("image/png", (40, 20))


def test_a_file_looks_like_its_first_good_record(ada: Person, molecules: str) -> None:
    whole, first = (picture(ada, f"/files/{molecules}/{path}") for path in ("thumbnail", "records/0/image"))
    assert whole.content == first.content


def test_a_picture_that_the_reader_has_is_not_sent_again(ada: Person, molecules: str) -> None:
    path = f"/files/{molecules}/records/2/image"
    first = picture(ada, path)
    assert first.headers["cache-control"] == "private, no-cache"
    again = ada.http.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert picture(ada, path).content == first.content


def test_a_row_with_a_smiles_looks_like_its_molecule(ada: Person) -> None:
    file_id = ada.upload("with-smiles.csv", b"name,SMILES\nethanol,CCO\nbenzene,c1ccccc1\n")
    ada.ended(file_id)
    assert texts(ada, f"/files/{file_id}/records/0/image") == ["O", "H"]
    assert drawing(ada, f"/files/{file_id}/records/1/image").count("line") == 9


def test_a_failed_record_has_no_picture(ada: Person, molecules: str) -> None:
    _has_none(ada, f"/files/{molecules}/records/1/image", "PICTURE_NONE")


def test_what_does_not_exist_has_no_picture_either(ada: Person, molecules: str) -> None:
    _has_none(ada, f"/files/{molecules}/records/3/image", "NOT_FOUND")
    assert ada.http.get(f"/files/{molecules}/records/-1/image").status_code == 400


def test_a_reaction_is_a_scheme_with_an_arrow(ada: Person) -> None:
    file_id = ada.upload("oxidation.rxn", RXN.encode())
    ada.ended(file_id)
    elements = drawing(ada, f"/files/{file_id}/thumbnail")
    assert (elements.count("line"), elements.count("polygon")) == (2 + 1 + 3, 1)
    assert texts(ada, f"/files/{file_id}/thumbnail") == ["O", "H", "O"]


def test_a_crystal_is_a_cell_with_axes_and_atoms(ada: Person) -> None:
    file_id = ada.upload("salt.cif", CIF)
    ada.ended(file_id)
    assert drawing(ada, f"/files/{file_id}/thumbnail").count("circle") == 14 + 13
    shown = texts(ada, f"/files/{file_id}/thumbnail")
    assert shown[:3] == ["a", "b", "c"]
    assert shown[3] == "F m -3 m · a = 5.640, b = 5.640, c = 5.640 Å"


def test_an_infrared_spectrum_is_a_plot_whose_wave_numbers_fall(ada: Person) -> None:
    file_id = ada.upload("sample.jdx", JCAMP)
    ada.ended(file_id)
    shown = texts(ada, f"/files/{file_id}/thumbnail")
    assert {"wavenumber / cm⁻¹", "transmittance", "IR"} <= set(shown)
    ticks = [int(text) for text in shown if re.fullmatch(r"\d{3,4}", text)]
    assert ticks == sorted(ticks), "from low to high"
    places = {
        element.text: float(element.get("x", ""))
        for element in ElementTree.fromstring(picture(ada, f"/files/{file_id}/thumbnail").content).iter(f"{SVG}text")
    }
    assert places["1000"] < places["400"]


def test_an_image_is_a_small_png_and_comes_from_the_storage(ada: Person) -> None:
    content = io.BytesIO()
    Image.linear_gradient("L").resize((1200, 600)).save(content, "PNG")
    file_id = ada.upload("gradient.png", content.getvalue())
    ada.ended(file_id)
    small = pixels(picture(ada, f"/files/{file_id}/thumbnail"))
    assert small.size == (512, 256)
    assert small.getpixel((5, 2)) < 10
    assert small.getpixel((5, 253)) > 245
    assert ada.http.get(f"/files/{file_id}/thumbnail").headers["etag"]
    _has_none(ada, f"/files/{file_id}/records/1/image", "NOT_FOUND")


def test_each_page_of_a_pdf_has_a_picture(ada: Person) -> None:
    content = io.BytesIO()
    pages = [Image.new("RGB", (200, 100), colour) for colour in ("red", "blue")]
    pages[0].save(content, "PDF", save_all=True, append_images=pages[1:])
    file_id = ada.upload("pages.pdf", content.getvalue())
    ada.ended(file_id)
    first, second = (pixels(picture(ada, f"/files/{file_id}/records/{page}/image")) for page in (0, 1))
    assert first.size == (512, 256)
    assert _near(first.convert("RGB").getpixel((250, 120)), (255, 0, 0))
    assert _near(second.convert("RGB").getpixel((250, 120)), (0, 0, 255))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("table.csv", b"n,comment\n1,one\n2,two\n"),
        ("notes.bin", bytes(range(256))),
        ("junk.sdf", b"nothing of use\n" * 3),
    ],
)
def test_kinds_without_a_picture_say_so(name: str, content: bytes, ada: Person) -> None:
    file_id = ada.upload(name, content)
    ada.ended(file_id)
    _has_none(ada, f"/files/{file_id}/thumbnail", "PICTURE_NONE")


def test_a_file_whose_bytes_are_not_there_has_no_picture_yet(ada: Person) -> None:
    waiting = ada.client.create_file("waiting.smi", 10)["id"]
    answer = ada.http.get(f"/files/{waiting}/thumbnail")
    assert (answer.status_code, answer.json()["code"]) == (409, "PICTURE_NOT_READY")
    assert int(answer.headers["retry-after"]) > 0


def test_a_molecule_too_large_to_be_drawn_says_so(ada: Person) -> None:
    file_id = ada.upload("long.smi", b"C" * 1200 + b" long\n")
    ada.ended(file_id)
    _has_none(ada, f"/files/{file_id}/thumbnail", "PICTURE_NOT_DRAWABLE")


def test_names_in_files_cannot_become_markup(ada: Person) -> None:
    hostile = JCAMP.replace(b"TRANSMITTANCE", b"<script>alert(1)</script>")
    file_id = ada.upload("hostile.jdx", hostile)
    ada.ended(file_id)
    assert "<script>alert(1)</script>" in texts(ada, f"/files/{file_id}/thumbnail")
    assert "script" not in drawing(ada, f"/files/{file_id}/thumbnail")


def test_pictures_of_a_deleted_file_are_gone(ada: Person) -> None:
    file_id = ada.upload("gone.smi", b"CCO\n")
    ada.ended(file_id)
    assert picture(ada, f"/files/{file_id}/thumbnail").status_code == 200
    ada.client.delete(file_id)
    _has_none(ada, f"/files/{file_id}/thumbnail", "NOT_FOUND")


def test_what_draws_may_read_and_write_pictures_and_nothing_else_of_the_bucket(cloud: Cloud) -> None:
    bucket = cloud.environment("parsers-pictures-api")["PICTURES_BUCKET"]
    s3 = cloud.client_of(cloud.as_role_of("parsers-pictures-api"), "s3")
    s3.put_object(Bucket=bucket, Key="pictures/test", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="pictures/test")["Body"].read() == b"x"
    for call in (
        lambda: s3.put_object(Bucket=bucket, Key="elsewhere", Body=b"x"),
        lambda: s3.delete_object(Bucket=bucket, Key="pictures/test"),
    ):
        with pytest.raises(s3.exceptions.ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("mol/Aspirin.mol", "molecule"),
        ("sdf/cdk2.sdf", "molecule"),
        ("cdx/125_11Mos.cdx", "molecule"),
        ("rxn/catalysts2000.rxn", "scheme"),
        ("rdf/pathway8.rdf", "scheme"),
        ("cif/1011031.cif", "cell"),
        ("jcamp/ethylbenzene.jdx", "plot"),
        ("spc/Ft-ir.spc", "plot"),
        ("mzml/example.mzML", "plot"),
        ("pdf/pdflatex-4-pages.pdf", "pixels"),
        ("pptx/test.pptx", "pixels"),
        ("image/hopper_lzw.tif", "pixels"),
        ("microscopy/multi-channel.ome.tif", "pixels"),
    ],
)
def test_a_sample_looks_like_its_kind(path: str, kind: str, ada: Person) -> None:
    source = samples_root() / path
    file_id = ada.upload(source.name, source.read_bytes())
    ada.ended(file_id)
    seen = picture(ada, f"/files/{file_id}/thumbnail")
    if kind == "pixels":
        assert len(set(pixels(seen).convert("RGB").resize((64, 64)).tobytes())) > 10, "not one colour"
        return
    said, drawn_with = {
        "molecule": (r"Structure", "line"),
        "scheme": (r"Reaction scheme", "polygon"),
        "cell": (r"Unit cell: .* Å", "line"),
        "plot": (r"(IR|MS): .* over (wavenumber / cm⁻¹|m/z)", "path"),
    }[kind]
    label = ElementTree.fromstring(seen.content).get("aria-label", "")
    assert re.fullmatch(said, label), label
    assert drawn_with in drawing(ada, f"/files/{file_id}/thumbnail")


def _near(found: tuple[int, ...], wanted: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 12 for one, other in zip(found, wanted, strict=True))


def _has_none(person: Person, path: str, code: str) -> None:
    answer = asked(person, path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert answer.headers["content-type"] == "application/problem+json"
