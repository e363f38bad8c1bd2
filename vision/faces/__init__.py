"""Faces: finding them, turning them into templates and comparing templates.

`engines.open_engine` gives the engine a shop is configured for, `matching.decide` holds the one rule that turns
distances into a name. Must not: keep a picture, write a template to disk (vision.gallery does, encrypted), or
decide who may enter.
"""
