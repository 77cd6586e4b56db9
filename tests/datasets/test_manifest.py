import hashlib
from pathlib import PurePosixPath
from urllib.parse import urlparse

import pytest

from course_lib.datasets.manifest import ASSETS


@pytest.mark.parametrize("name", ASSETS)
class TestEachAsset:
    def test_is_listed_under_its_own_name(self, name):
        assert ASSETS[name].name == name

    def test_stays_inside_the_folder_it_is_looked_up_in(self, name):
        path = ASSETS[name].path
        assert not path.is_absolute()
        assert len(path.parts) == 2 and ".." not in path.parts

    def test_urls_are_encrypted_and_name_the_kind_of_file(self, name):
        asset = ASSETS[name]
        assert asset.urls
        for url in asset.urls:
            assert urlparse(url).scheme == "https"
            assert PurePosixPath(url).suffix == PurePosixPath(asset.filename).suffix

    def test_hashes_are_digests_of_known_algorithms(self, name):
        for algorithm, digest in ASSETS[name].hashes.items():
            assert len(bytes.fromhex(digest)) == hashlib.new(algorithm).digest_size

    def test_says_whom_to_credit_and_on_what_terms(self, name):
        assert ASSETS[name].licence and ASSETS[name].citation


def test_imdb_is_the_published_archive():
    asset = ASSETS["imdb"]
    assert str(asset.path) == "imdb/aclImdb_v1.tar.gz"
    assert asset.bytes == 84_125_825
    assert asset.hashes["md5"] == "7c2ac02c03563afcf9b574c7e56c153a"
    assert asset.hashes["sha1"] == "01ada507287d82875905620988597833ad4e0903"
    assert sum(asset.structure.files.values()) == 50_000
