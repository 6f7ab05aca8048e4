"""Turns work directories into tables, figures and a page."""
