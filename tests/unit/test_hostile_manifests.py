"""Bad manifests are refused with one line that names the file; good ones come back as they were written."""

import json

from hostile import campaign, folder, no_hang, refused, spoilt_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from nnip.study.manifest import Stopwatch, read_manifest, write_manifest


def manifest_text(folder, **settings):
    write_manifest(folder / "manifest.json", "train", settings, {"root": 1}, "cpu", Stopwatch(), status="ok", reason=None)
    return (folder / "manifest.json").read_text()


plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


@settings(campaign, max_examples=50)
@given(value=plain)
def test_manifests_come_back_as_they_were_written(folder, value):
    manifest_text(folder, value=value)
    manifest = read_manifest(folder / "manifest.json")
    assert manifest["settings"] == {"value": value}
    write_manifest(folder / "again.json", "train", manifest["settings"], {}, "cpu", Stopwatch())
    assert read_manifest(folder / "again.json")["settings_sha256"] == manifest["settings_sha256"]


MANIFEST = json.dumps({"stage": "train", "status": "ok", "settings": {"a": 1, "b": [1, 2]}, "settings_sha256": "0", "seeds": {"root": 1}} | {
    "device": "cpu", "wall_s": 0.5, "packages": {"ase": "3"}
}, indent=2) + "\n"  # fmt: skip
EVERY = ("stage", "settings", "settings_sha256", "seeds", "device", "wall_s", "packages")


@settings(campaign, max_examples=250)
@given(data=st.data())
def test_manifests_that_are_spoilt_in_one_place(folder, data):
    text = MANIFEST
    (folder / "manifest.json").write_text(text)
    assert read_manifest(folder / "manifest.json")["stage"] == "train"
    content = json.loads(text)
    kind = data.draw(st.sampled_from(["lacking", "type", "cut", "twice", "number", "other", "bytes"]))
    key = data.draw(st.sampled_from(EVERY))
    if kind == "lacking":
        del content[key]
    elif kind == "type":
        wrong = [None, True, [], [1], *({"stage": [1, {}], "device": [1, {}], "settings_sha256": [1, {}], "wall_s": ["1", {}]}.get(key, [1, "text"]))]
        content[key] = data.draw(st.sampled_from(wrong))
    spoilt = json.dumps(content, indent=2).encode()
    if kind == "cut":
        spoilt = text.encode()[: data.draw(st.integers(0, len(text.encode()) - 2))]
    elif kind == "twice":
        spoilt = text.replace("{", '{"stage": "train",', 1).encode()
    elif kind == "number":
        spoilt = text.replace(
            '"a": 1', f'"a": {data.draw(st.sampled_from(["NaN", "Infinity", "-Infinity", "01", "1.", "9" * 5000, ".5", "0x1", "+1"]))}'
        ).encode()
    elif kind == "other":
        others = [b"[]", b"null", b"1", b'"text"', b"{}", b"[" * 100000, b'{"a":' * 100000, text.encode() * 2, text.replace('"', "'").encode()]
        spoilt = data.draw(st.sampled_from(others))
    elif kind == "bytes":
        spoilt = data.draw(spoilt_bytes(text.encode()))
    (folder / "manifest.json").write_bytes(spoilt)
    with refused("manifest", "manifest.json"):
        read_manifest(folder / "manifest.json")
