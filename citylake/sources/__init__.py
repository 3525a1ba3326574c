"""What departments offer: fetched, landed once per content, parsed in a limited process. No Spark here.

``fetch`` (``citylake.sources.fetch``) brings the bytes, ``landing`` keeps them, ``parse`` (``citylake.sources.parse``) turns
them into all-text Parquet with line numbers. This package imports nothing by itself: the parsing process stays small.
"""
