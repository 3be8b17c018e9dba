"""A simulated practice: days of work in seconds, with the real code and one seed that decides everything.

Run a seed and hear its story::

    python -m tests.simulation --seed 17 --days 10 --trace

``--calm`` leaves the bad hours out, ``--lively`` lets the agenda live as that of a real practice (moves, deletions, views that lose
rows, days without a computer, a store that is put back), ``--about p216`` prints what was true, told and seen of one patient,
``--without 3,5`` leaves troubles out by the numbers of the trace (so one finds those that matter), ``--break NAME`` takes one of the
product's conditions away. The same seed plays the same story on every machine, as long as neither the product nor the simulation
changes. ``make soak`` plays a hundred seeds.

Real are jobs, claims, settlement, runner, outbox, rules, texts, the store (SQLite, in memory) and the gateway's client, which speaks
to a real server over loopback. Ours are the clock, the wires, the practice, and of e-mail the server behind the product's contract:
the real client would double the time.

==============  ==========================================================================================================
``strands``     the only clock; many computers' threads, one of which goes on at a time, in the order of the seed
``product``     all that is known of the product: what is renamed there is mended here
``agenda``      the practice as it really is: people, visits, their history
``life``        what happens in a living agenda, and to the views and computers, day by day
``troubles``    what may go wrong on a day, and how it is drawn
``simulation``  one practice: its ordinary life, its people, its computers, its bad hours
``record``      what the judge is given: agenda, ledger, glances at the call list, what stood in the way
``judge``       the rules: pure functions from a record to violations, each a sentence with seed and simulated time
``breaks``      conditions of the product that a patch takes away, so that the judge must notice
``play``        plays seeds for the tests
==============  ==========================================================================================================

A further trouble is a ``Kind`` with its ``_Draw`` and a method of ``Simulation``; a further rule is a function in ``judge.RULES``.
A trouble that keeps messages from leaving says so (``Hindrances``): the judge asks for nothing while the world itself is not able.
"""
