"""The authentication API answers as the compatible service was recorded to answer."""

import os
import pathlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import recorded_authentication
from harness import ROOT, Grantor


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """An application's own key: the private part as PEM, the public part in a file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain, form = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    file = tmp_path_factory.mktemp("key") / "public.pem"
    file.write_bytes(public)
    return key.private_bytes(serialization.Encoding.PEM, form, plain).decode(), file


@pytest.mark.timeout(300)
def test_recorded_authentication_replays(tmp_path, key):
    folder = os.environ.get("OUTSIDE_RECORDINGS", str(ROOT.parent / "shared/recordings"))
    if not list(pathlib.Path(folder).glob("go/authentication__*.json")):
        pytest.skip(f"no recordings at {folder}; set OUTSIDE_RECORDINGS to their folder")
    server = Grantor(tmp_path / "data", tls=False).start()
    try:
        played = recorded_authentication.play(folder, server, key)
    finally:
        server.kill()

    exact, excused, later, different = played
    print(f"{len(exact)} exact, {len(different)} different, {len(excused)} excused, {len(later)} later")
    told = [f"{name}: {'; '.join(found)}" for name, found in different]
    assert not told, "\n".join(told)
    assert sorted(excused) == sorted(recorded_authentication.EXCUSED)
    assert 0.95 <= len(exact) / (len(exact) + len(different))
    assert 14 <= len(exact)
