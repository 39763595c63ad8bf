"""Number plates drawn from grammar and design data, worn, and seen through bad optics."""

from npr_edge.training.plates.generator import GeneratedPlate, generate

__all__ = ["GeneratedPlate", "generate"]
