"""Which product a picture shows: vectors, the classifier, the catalogue on disk, and what is none of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edge.config import Models
from edge.core.errors import BadInput
from tests.unit.drawn_packs import on_shelf, pack
from vision.models import ModelAbsent, resolve
from vision.models.torch_file import read_tensors
from vision.products.catalogue import Catalogue, views_wanted
from vision.products.classifier import fit
from vision.products.confusable import confusable
from vision.products.efficientnet_lite import build
from vision.products.embedding import LITES, ColourTexture, CutEmbedder, LiteEmbedder, looks, open_embedder
from vision.products.pictures import LEAST_PX, decode, read_picture, scaled_down, views
from vision.products.strangers import LEAST_LEARNED, UNTESTED_LIMIT, held_back, with_many_pictures


def clouds(skus: int, each: int, day: int = 0, spread: float = 0.4) -> tuple[np.ndarray, list[str], list[int]]:
    """Vectors of products around their own centres, with one direction in which all of them vary."""
    centres = np.random.default_rng(0).normal(size=(skus, 40))
    chance = np.random.default_rng(100 + day)
    rows = np.repeat(centres, each, axis=0) + spread * chance.normal(size=(skus * each, 40))
    rows[:, 0] += 8 * chance.normal(size=len(rows))  # light, say: large, and says nothing about the product
    owners = [f"p{number:02}" for number in range(skus) for _ in range(each)]
    return rows.astype(np.float32), owners, list(range(len(rows)))


def test_what_varies_within_products_does_not_count() -> None:
    rows, owners, pictures = clouds(12, 8)
    again, truth, _ = clouds(12, 8, day=1)
    fitted = fit(rows, owners, pictures)
    assert (
        np.mean([answer.ranked[0][0] == sku for answer, sku in zip(fitted.answers(again), truth, strict=True)]) > 0.97
    )
    means = rows.reshape(12, 8, -1).mean(axis=1)
    plain = np.linalg.norm(again[:, None] - means, axis=2).argmin(axis=1)
    assert np.mean([owners[8 * i] == sku for i, sku in zip(plain, truth, strict=True)]) < 0.8


def test_one_picture_a_product_is_enough_to_tell_them_apart() -> None:
    rows, owners, _ = clouds(6, 1)
    fitted = fit(rows, owners, range(6))
    assert [answer.ranked[0][0] for answer in fitted.answers(rows)] == owners
    assert all(abs(sum(share for _, share in answer.ranked) - 1) < 1e-5 for answer in fitted.answers(rows))


def test_most_strangers_are_none_of_these_and_most_of_ours_are_named() -> None:
    rows, owners, _ = clouds(30, 10, spread=0.25)
    ours = np.array([owner < "p20" for owner in owners])
    even = np.arange(len(rows)) % 2 == 0
    known = ours & even
    fitted = fit(rows[known], [owners[i] for i in np.flatnonzero(known)], np.flatnonzero(known))
    named = [answer.sku is not None for answer in fitted.answers(rows[~ours])]
    right = [answer.sku == owners[i] for answer, i in
             zip(fitted.answers(rows[ours & ~even]), np.flatnonzero(ours & ~even), strict=True)]  # fmt: skip
    assert np.mean(named) < 0.15
    assert np.mean(right) > 0.9


def two_days() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Families of three products each, eight pictures of each on one day and on another, when all look different."""
    chance = np.random.default_rng(0)
    centres = np.repeat(chance.normal(size=(20, 60)), 3, axis=0) + 0.5 * chance.normal(size=(60, 60))
    spread = np.repeat(np.random.default_rng(1).uniform(0.2, 1.0, size=(60, 1)), 8, axis=0)
    days = [
        np.repeat(centres, 8, axis=0) + spread * np.random.default_rng(day).normal(size=(480, 60)) for day in (100, 101)
    ]
    shift = np.repeat(np.random.default_rng(102).normal(size=(60, 60)), 8, axis=0)
    owners = np.array([f"p{number:02}" for number in range(60) for _ in range(8)])
    return days[0].astype(np.float32), (0.7 * days[1] + 0.3 * shift).astype(np.float32), owners


def test_pictures_of_another_day_get_a_name_though_they_are_less_like_their_own() -> None:
    first, second, owners = two_days()
    ours = np.isin(owners, np.random.default_rng(3).permutation(np.unique(owners))[:45])
    fitted = fit(first[ours], owners[ours].tolist(), range(int(ours.sum())))
    answers = fitted.answers(second)
    named = np.array([answer.sku is not None for answer in answers])
    right = np.array([answer.sku == owner for answer, owner in zip(answers, owners, strict=True)])
    by_cosine_alone = fitted.space.scores(second).max(axis=1) >= fitted.alike
    assert np.mean(named[ours]) > 0.75
    assert np.mean(by_cosine_alone[ours]) < 0.6, "what every day looks like costs cosine"
    assert np.mean(right[ours & named]) > 0.98
    assert np.mean(named[~ours]) < 0.12


def test_every_product_is_held_back_once_and_so_are_the_pictures_where_there_are_many() -> None:
    rows, owners, _ = clouds(12, 6)
    pictures = range(len(rows))
    tested = held_back(rows, owners, pictures, with_many_pictures(owners, pictures))
    assert (tested.stranger.sum(), tested.features.shape[1]) == (len(rows), 5)
    assert len(tested.right) > 1.5 * len(rows)
    assert not tested.right[tested.stranger].any()
    few = [number // 2 for number in pictures]
    of_few = held_back(rows, owners, few, with_many_pictures(owners, few))
    assert of_few.stranger.all()


def test_with_few_products_or_few_pictures_of_each_the_cosine_alone_decides() -> None:
    assert fit(*clouds(LEAST_LEARNED - 1, 6)).rule.weights.tolist() == [1, 0, 0]
    assert fit(*clouds(LEAST_LEARNED, 6)).rule.weights.tolist() != [1, 0, 0]
    rows, owners, _ = clouds(LEAST_LEARNED, 6)
    fitted = fit(rows, owners, [number // 2 for number in range(len(rows))])
    assert (fitted.rule.weights.tolist(), fitted.rule.limit) == ([1, 0, 0], fitted.alike)


@settings(max_examples=15)
@given(st.permutations(range(24)))
def test_the_order_of_enrolment_does_not_matter(order: list[int]) -> None:
    rows, owners, pictures = clouds(6, 4)
    first = fit(rows, owners, pictures)
    second = fit(rows[order], [owners[i] for i in order], [pictures[i] for i in order])
    assert first.space.skus == second.space.skus
    np.testing.assert_allclose(first.space.scores(rows), second.space.scores(rows), atol=2e-3)
    assert first.rule.limit == pytest.approx(second.rule.limit, abs=2e-3)


def test_one_product_alone_cannot_be_told_from_anything() -> None:
    with pytest.raises(BadInput, match="fewer than two"):
        fit(*clouds(1, 5))
    assert fit(*clouds(2, 3)).rule.limit == UNTESTED_LIMIT


def test_twins_are_listed_as_confusable_and_others_are_not() -> None:
    rows, owners, pictures = clouds(8, 6)
    rows[6:12] = rows[:6] + 0.3 * np.random.default_rng(3).normal(size=(6, 40))
    fitted = fit(rows, owners, pictures)
    first = confusable(fitted, rows, owners, pictures)[0]
    assert (first.first, first.second) == ("p00", "p01")
    assert first.mistaken > 0


@pytest.mark.parametrize("number", range(3))
def test_colours_and_texture_know_a_pack_again_without_any_network(number: int) -> None:
    embedder = ColourTexture()
    rows = np.stack([embedder.embed(view) for i in range(12) for view in views(pack(i), 6)])
    owners = [f"p{i}" for i in range(12) for _ in range(6)]
    fitted = fit(rows, owners, [i for i in range(12) for _ in range(6)])
    seen = [fitted.answer(embedder.embed(on_shelf(pack(i), 10 * number + i))).ranked[0][0] for i in range(12)]
    assert sum(sku == f"p{i}" for i, sku in enumerate(seen)) >= 10


def test_vectors_have_parts_of_length_one_and_a_name_for_their_kind() -> None:
    lite = open_embedder(Models())
    assert isinstance(lite, LiteEmbedder)  # its weights come with the pinned requirements
    for embedder in (lite, ColourTexture()):
        vector = embedder.embed(pack(1))
        assert (vector.dtype, vector.shape) == (np.float32, (sum(embedder.widths),))
        parts = np.split(vector, np.cumsum(embedder.widths)[:-1])
        assert [round(float(np.linalg.norm(part)), 4) for part in parts] == [1.0] * len(parts)
        np.testing.assert_array_equal(embedder.embed(pack(1)), vector)
    assert lite.kind != ColourTexture.kind


def test_the_built_network_computes_the_same_in_another_runtime(tmp_path: Path) -> None:
    name, depth, side = LITES[0]
    found = resolve(name, None)
    built = build(read_tensors(found.path.read_bytes(), name), depth, side)
    (tmp_path / "built.onnx").write_bytes(built.content)
    other = cv2.dnn.readNetFromONNX(str(tmp_path / "built.onnx"))
    batch = looks(pack(3), side)
    other.setInput(batch)
    ours = LiteEmbedder([resolve(model, None) for model, _, _ in LITES]).networks[0][0].run(batch)[0]
    np.testing.assert_allclose(ours, other.forward(), atol=2e-3)


def test_weights_of_another_network_are_refused() -> None:
    found = resolve(LITES[0][0], None)
    with pytest.raises(BadInput, match="weights of another network"):
        LiteEmbedder([found, found])


def test_the_cut_network_of_a_models_folder_is_used_where_the_others_are_missing(
    shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vision.products.embedding.LITES", (("yunet", 1.0, 224),))
    assert open_embedder(Models()).kind == ColourTexture.kind
    monkeypatch.setattr("vision.products.embedding.LITES", (("ppocr_v6", 1.0, 224),))
    assert isinstance(open_embedder(Models(folder=str(shared_models))), CutEmbedder)
    with pytest.raises(ModelAbsent, match="muin models pull"):
        resolve("efficientnet_lite0_feat", None)


def test_views_are_always_the_same_and_begin_with_the_picture() -> None:
    first, second = list(views(pack(2), 4)), list(views(pack(2), 4))
    assert len(first) == 4
    np.testing.assert_array_equal(first[0], pack(2))
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)
        assert one.shape == pack(2).shape
    assert not np.array_equal(first[1], first[2])


def test_products_with_few_pictures_get_more_views() -> None:
    assert views_wanted(["a", "b", "b", *["c"] * 9]) == [6, 3, 3, *[1] * 9]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:2000]), "is not a whole picture"),
        (lambda path: path.write_bytes(b""), "is not a whole picture"),
        (lambda path: path.write_bytes(b"GIF89a not ours"), "is not a whole picture"),
        (lambda path: (path.unlink(), path.mkdir()), "is a folder; give a whole JPEG"),
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: cv2.imwrite(str(path), np.zeros((1, 1, 3), np.uint8)), "is only 1x1 pixels, 16 are needed"),
        (lambda path: cv2.imwrite(str(path), np.zeros((400, LEAST_PX - 1, 3), np.uint8)), "is only 15x400 pixels"),
    ],
)
@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_a_picture_that_cannot_be_used_is_named(
    spoil, words: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("PIL.ImageFile.LOAD_TRUNCATED_IMAGES", True)  # as importing face_recognition does
    path = tmp_path / f"pack.{ending}"
    cv2.imwrite(str(path), on_shelf(pack(1), 1))
    assert read_picture(path).shape == (180, 120, 3)
    spoil(path)
    with pytest.raises(BadInput, match=words) as refused:
        read_picture(path)
    assert refused.value.place == str(path)


@given(st.binary(max_size=400))
def test_no_bytes_end_in_a_traceback(content: bytes) -> None:
    for start in (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x01\x00\x00WEBPVP8 ", b"BM"):
        with pytest.raises(BadInput):
            decode(start + content, "picture")


def test_a_cut_out_pack_stands_on_white_and_a_turned_one_stands_upright(tmp_path: Path) -> None:
    clear = np.zeros((40, 40, 4), np.uint8)
    clear[10:30, 10:30] = (0, 0, 255, 255)
    cv2.imwrite(str(tmp_path / "cut.png"), clear)
    found = read_picture(tmp_path / "cut.png")
    assert (found[0, 0].tolist(), found[20, 20].tolist()) == ([255, 255, 255], [0, 0, 255])
    exif = Image.Exif()
    exif[0x0112] = 6  # turned right by 90 degrees
    Image.fromarray(pack(1)).save(tmp_path / "turned.jpg", exif=exif)
    assert read_picture(tmp_path / "turned.jpg").shape == (120, 180, 3)
    assert scaled_down(pack(1), 90).shape == (90, 60, 3)


def enrolled(folder: Path, count: int = 5) -> Catalogue:
    store = Catalogue(folder)
    for number in range(count):
        assert store.add(f"p{number}", [pack(number)]) == 1
    return store


def test_a_catalogue_is_kept_and_gives_the_same_answers_again(tmp_path: Path) -> None:
    store, embedder = enrolled(tmp_path), ColourTexture()
    fitted = store.fit(embedder)
    assert fitted is not None
    again = Catalogue(tmp_path).classifier(embedder.kind)
    for number in range(5):
        vector = embedder.embed(on_shelf(pack(number), number))
        assert again.answer(vector) == fitted.answer(vector)
    assert store.add("p0", [pack(0)]) == 0  # the same picture again is no new one
    assert store.add("p0", [on_shelf(pack(0), 3)]) == 1
    assert len(store.samples()) == 6
    assert store.remove("p4") == 1
    assert store.fit(embedder).space.skus == ("p0", "p1", "p2", "p3")  # type: ignore[union-attr]
    for sku in ("p0", "p1", "p2"):
        store.remove(sku)
    assert store.fit(embedder) is None
    with pytest.raises(BadInput, match="no fitted catalogue; run `muin products fit"):
        store.classifier(embedder.kind)


def test_a_damaged_catalogue_says_so_and_fitting_mends_it(tmp_path: Path) -> None:
    store, embedder = enrolled(tmp_path), ColourTexture()
    store.fit(embedder)
    for file in tmp_path.glob("*.npz"):
        file.write_bytes(file.read_bytes()[:-500])
    with pytest.raises(BadInput, match=r"is damaged .*muin products fit"):
        store.classifier(embedder.kind)
    with pytest.raises(BadInput, match="made with other networks; run"):
        store.classifier("another-kind")
    assert store.fit(embedder) is not None
    assert store.classifier(embedder.kind).space.skus == ("p0", "p1", "p2", "p3", "p4")
