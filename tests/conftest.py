"""Fixtures: one house for the tests that only add to it, houses of their own for those that stop it."""

import pytest

from house import House, Organization


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    """A running server, shared by all tests; each makes accounts of its own in it."""
    house = House(tmp_path_factory.mktemp("house")).start()
    yield house
    house.remove()


@pytest.fixture
def own_house(tmp_path):
    """A server of this test alone, not yet started."""
    house = House(tmp_path / "house")
    yield house
    house.remove()


@pytest.fixture
def root(house):
    """The root user's access key of a new account."""
    return house.create_account()


@pytest.fixture
def organization(house, root):
    """An organization of a new account."""
    return Organization(house, root)
