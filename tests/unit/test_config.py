"""store.toml: all problems at once, each with place and cure; small files work."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import config

SMALL = '[store]\nid = "s1"\ncurrency = "KRW"\n'


def problems(text: str) -> dict[str, str]:
    with pytest.raises(config.ConfigError) as caught:
        config.parse(text)
    return dict(caught.value.problems)


def test_a_small_file_is_enough() -> None:
    found = config.to_layout(config.parse(SMALL))
    assert (found.store_id, found.currency, found.policy.open_on) == ("s1", "KRW", "track")


def test_a_gate_makes_visits_begin_there() -> None:
    found = config.to_layout(config.parse(SMALL + '[[door]]\nid = "d"\n'))
    assert found.policy.open_on == "gate"


def test_every_problem_is_listed_with_its_place() -> None:
    found = problems(
        '[store]\nid = "Shop One"\n[[camera]]\nid = "c"\nrole = "ceiling"\n'
        '[[slot]]\nid = "x"\ncamera = "q"\nsku = "n"\nbox_px = [9, 0, 1, 4]\ncolour = 1\n'
        '[[product]]\nsku = "a"\nname = "A"\nprice_minor = -5\nepc = "xyz"\n[[product]]\nsku = "a"\nname = "B"\n'
        "[picks]\nreach_mm = 0\n"
    )
    assert set(found) >= {
        "store.id", "store.currency", "camera[0].role", "slot[0].box_px", "slot[0].camera", "slot[0].sku",
        "slot[0].colour", "product[0].price_minor", "product[0].epc", "product[1].sku", "picks.reach_mm",
    }  # fmt: skip
    assert all(len(text) > 10 for text in found.values())


TWO = '[[product]]\nsku = "a"\nname = "A"\n[[camera]]\nid = "c"\nrole = "shelf"\n'
TWO += '[[plate]]\nid = "p1"\n[[plate]]\nid = "p2"\ngondola = "g2"\n'
SLOT = '[[slot]]\nid = "x"\ncamera = "c"\nsku = "a"\n'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[picks]\nmin_step_g = inf\n", "picks.min_step_g"),
        ("[scales]\nnoise_floor_g = nan\n", "scales.noise_floor_g"),
        ('[[product]]\nsku = "a"\nname = "A"\nprice_minor = 99999999999999999999\n', "product[0].price_minor"),
        ("[visits]\ngone_after_ms = 1" + "0" * 400 + "\n", "visits.gone_after_ms"),
        (TWO + SLOT + 'box_px = [0, 0, 1, 1]\nplates = ["p1", "p2"]\n', "slot[0].plates"),
        (TWO + SLOT + 'box_px = [0, 0, 1, 1]\nplates = ["p1", "p1"]\n', "slot[0].plates"),
        (TWO + SLOT + "box_px = [0, 0, 1, 200000]\n", "slot[0]"),
        (TWO + SLOT + "polygon_px = [[0, 0], [1, 1], [2, 2]]\n", "slot[0].polygon_px"),
        (
            TWO + '[[line]]\nid = "l"\ncamera = "c"\nfrom_px = [1, 1]\nto_px = [1, 1]\ninside = "left"\n',
            "line[0].to_px",
        ),
        ('[[plate]]\nid = "a"\nindex = 1\n[[plate]]\nid = "b"\nindex = 1\n', "plate[1].index"),
        ('[[scale]]\nid = "a"\ngondola = "g1"\n[[scale]]\nid = "b"\ngondola = "g1"\n', "scale[1].gondola"),
        ('[[door]]\nid = "d"\nport = "/dev/x"\n[[turnstile]]\nid = "t"\nport = "/dev/x"\n', "turnstile[0].port"),
        ('[[door]]\nid = "d"\n[[turnstile]]\nid = "d"\n', "turnstile[0].id"),
        ('[[door]]\nid = "d"\nbaud = 0\n', "door[0].baud"),
        ('[ledger]\npath = "x"\nkey_file = "x"\n', "ledger.key_file"),
        ('[ledger]\npath = ""\n', "ledger.path"),
    ],
)
def test_what_cannot_be_is_refused(text: str, place: str) -> None:
    assert place in problems(SMALL + text)


def test_plates_without_a_stated_place_may_be_many() -> None:
    assert len(config.parse(SMALL + '[[plate]]\nid = "a"\n[[plate]]\nid = "b"\n').plate) == 2


def test_one_tag_cannot_name_two_products() -> None:
    text = SMALL + "".join(f'[[product]]\nsku = "{s}"\nname = "x"\nepc = "AB"\n' for s in "ab")
    assert "already the tag of 'a'" in problems(text)["product[1].epc"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "[store", "[store]\nid = 5", "\x00", "store = 3", "[[store]]", "product = 1"),
        *("x = 1" + "0" * 5000, "x = " + "[" * 5000, SMALL + "a." * 3000 + "b = 1"),
    ],
    ids=lambda text: text[:12],
)
def test_nonsense_is_refused_without_a_traceback(text: str) -> None:
    assert problems(text)


def test_missing_and_binary_files_are_named(tmp_path: Path) -> None:
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.toml", binary, tmp_path):
        with pytest.raises(config.ConfigError, match="cannot be read"):
            config.load(path)


def test_set_changes_one_key_and_names_what_it_cannot() -> None:
    found = config.parse(SMALL, overrides=config.parse_set(["picks.review_below=0.5", "store.name=My shop"]))
    assert (found.picks.review_below, found.store.name) == (0.5, "My shop")
    with pytest.raises(config.ConfigError, match=r"picks\.no_such"):
        config.parse(SMALL, overrides=config.parse_set(["picks.no_such=1"]))
    with pytest.raises(config.ConfigError, match=r"table\.key=value"):
        config.parse_set(["nonsense"])
    with pytest.raises(config.ConfigError, match="single table"):
        config.parse(SMALL + '[[camera]]\nid = "c"\nrole = "shelf"\n', overrides={"camera.id": "x"})


def test_layout_holds_no_float() -> None:
    def check(value: object, place: str) -> None:
        assert not isinstance(value, float), place
        if isinstance(value, tuple):
            for number, item in enumerate(value):
                check(item, f"{place}[{number}]")
        for name in getattr(value, "__struct_fields__", ()):
            check(getattr(value, name), f"{place}.{name}")

    check(config.to_layout(config.parse(SMALL + '[[product]]\nsku = "a"\nname = "A"\nweight_mg = 5\n')), "layout")
