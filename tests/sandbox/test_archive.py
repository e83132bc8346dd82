"""The reader of what programs leave, against tar files that mean well and tar files that do not."""

from __future__ import annotations

import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aha.errors import DataError
from aha.sandbox.archive import File, unpacked

NAMES = st.text("abc é.-", min_size=1, max_size=12).filter(lambda name: name.strip(".") != "")


def packed(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.USTAR_FORMAT) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=form) as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return whole.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, mode: int = 0o644, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname = kind, mode, link
    return info


@given(st.dictionaries(NAMES, st.tuples(st.binary(max_size=1500), st.booleans()), max_size=5))
def test_reads_what_was_packed(files: dict[str, tuple[bytes, bool]]) -> None:
    members = [
        (member(f"./{'folder/' * 30}{name}", mode=0o755 if runs else 0o644), content)
        for name, (content, runs) in files.items()
    ]
    wanted = {f"{'folder/' * 30}{name}": File(*each) for name, each in files.items()}
    assert unpacked(packed(*members)) == wanted


def test_leaves_out_what_is_no_regular_file() -> None:
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE)
    members = [(member(f"m{place}", kind, link="/etc/passwd"), b"") for place, kind in enumerate(kinds)]
    assert unpacked(packed(*members, (member("file"), b"x"))) == {"file": File(b"x")}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x"])
def test_refuses_paths_that_lead_out(name: str) -> None:
    with pytest.raises(DataError, match="is no path inside the sandbox's work directory"):
        unpacked(packed((member(name), b"x")))


def test_refuses_what_is_cut_off_or_of_another_form() -> None:
    whole = packed((member("a"), b"x" * 2000))
    for archive in (b"", whole[:1000], b"\xff" * 4096, whole[:2560]):
        with pytest.raises(DataError, match=r"than a file may hold|cannot be read"):
            unpacked(archive)


def test_refuses_a_size_that_is_no_octal_number() -> None:
    whole = bytearray(packed((member("a"), b"x")))
    whole[124:136] = b"-0000000001\0"
    with pytest.raises(DataError, match="a file whose size or mode cannot be read"):
        unpacked(bytes(whole))


@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(archive: bytes) -> None:
    with suppress(DataError):
        assert unpacked(archive) == {}
