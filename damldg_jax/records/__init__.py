"""Records on the disk: written once, the same bytes always, checked when read.

``tfrecords`` writes and reads them. What it is made of: ``parts`` (finished pieces of a
corpus that is being prepared), ``content`` (what a record holds), ``shards`` (files of
records), ``checksums``, ``staging`` and ``locks`` (whole or nothing, one at a time),
``beam`` (a cluster computes), ``provenance`` (what lies beside the records, readable
without TensorFlow).
"""
