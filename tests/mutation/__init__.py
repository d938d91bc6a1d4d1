"""Mutation testing of the rules that keep an image from being touched: ``make mutation``."""
