"""Beside the line of stages: the REST API, which observes it and lends its recogniser.

``contract`` is pure and light, the command line uses it too; everything else needs Flask and waitress.
"""
