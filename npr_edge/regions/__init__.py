"""Text to region, spacing as printed, and fixes of confusable characters; grammars are data in ``formats.toml``.

Pure: no image, file system beyond the packaged grammar file, clock or thread.
"""

from npr_edge.regions.catalogue import Catalogue, Match, load_catalogue
from npr_edge.regions.grammar import Element, Format, RegionGrammar, Variant
from npr_edge.regions.resolver import Resolver

__all__ = ["Catalogue", "Element", "Format", "Match", "RegionGrammar", "Resolver", "Variant", "load_catalogue"]
