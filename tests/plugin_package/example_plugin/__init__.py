"""One entry of every kind that a package of your own can add; pyproject.toml beside it names them."""
