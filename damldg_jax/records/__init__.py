"""Records on the disk: written once, the same bytes always, checked when read.

``tfrecords`` writes them by way of ``builder``, and reads them; ``needed`` loads it,
and with it TensorFlow. What it is made of: ``parts`` (finished pieces of a corpus that
is being prepared), ``content`` (what a record holds), ``shards`` (files of records),
``checksums``, ``staging`` and ``locks`` (whole or nothing, one at a time), ``writing``
and ``quiet`` (errors and what libraries say), ``beam`` (a cluster computes).

Readable without TensorFlow: ``provenance`` (what lies beside the records) and
``packed`` (a copy of the records that runs read), which is made of ``columns``.
"""
