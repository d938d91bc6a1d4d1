"""How an alert is worded for each reader. Pure: text in, text out.

``document`` turns an alert into the published JSON document (``docs/alert.schema.json``); ``email``, ``chat`` and
``slack`` render that document, so that every reader is told the same, and none sees a text that was not cleaned.
"""
