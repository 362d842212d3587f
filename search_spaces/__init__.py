"""Search spaces as data: one YAML file per pipeline and the typed domains that read them."""

from search_spaces.domains import Choice, Domain, Float, Int
from search_spaces.space import SearchSpace, SpaceError, load

__all__ = ["Choice", "Domain", "Float", "Int", "SearchSpace", "SpaceError", "load"]
