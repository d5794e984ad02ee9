"""Pictures of strangers are decoded in processes that may die of it: ``vistazo`` serves on.

What a decoder is given was made by somebody else, and decoders have had faults. So no picture is
decoded in the service itself: a worker, which knows no secret and answers nobody, does it under a
limit of time and of memory, and is killed where one is passed.

    pool.py           the service's side: takes a worker, has it do a job, replaces it
    worker_process.py one worker, as the service sees it
    program.py        a program in a process of its own, however it is used
    exchange.py       what is said about one picture, from the service's side; trusts no answer
    memory.py         how much of it a picture may take
    recipe.py         how a picture is to be prepared, as it travels
    wire.py           how messages are written and read, on both sides
    worker.py         the program that a worker runs
    confinement.py    what a worker forbids itself

Nothing is imported here: a worker loads this package too, and would hold what it does not need.
"""
