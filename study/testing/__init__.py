"""What every registered item must pass, for this repository and for packages that add to it.

Each module has functions that take a name and assert; parametrise them over the names that your package registers:

    import pytest
    from study.testing import encoders

    @pytest.mark.parametrize("name", ["mine"])
    def test_my_encoder(name):
        encoders.check_encoder(name)

They need no data, no network and no Ray.
"""
