"""Archives of pictures are scored: shard by shard, each exactly once, whatever dies meanwhile.

    run.py            from an archive and a model to an output with its manifest; goes on with a run
    places.py         an archive, or where the output goes: a folder here, or one behind a link
    terms.py          what a run was begun with, and is only gone on with
    plan.py           the names of all pictures, written once: the n-th shard is always the same
    scoring.py        from a name to a row
    local_engine.py   the shards one after the other, on all threads
    ray_engine.py     the shards on the machines of a Ray cluster; worker.py is what runs there
    part.py           the rows of one shard, and what they come to
    outputs.py        the parts become .csv, .jsonl or .parquet
    manifest.py       what the output is, for whoever gets it

A shard that has its part is done; a part is there whole or not at all. The workers only compute:
all is written by the command itself, so that nothing can be written twice.
"""
