"""What runs a chain.

Read it from the bottom up. `values`, `keys` and `plan` say what is computed and under which name a result is known;
`compile` makes a plan of a daggr graph. `worker` runs one step in a process of its own, `pool` keeps those processes,
and `floor` knows which run is at work in which. `active` is one attempt at a job, by hand and without any of these.
`runner` ties them together: `course` takes an attempt through its plan, `findings` puts down what its runs give,
`endings` ends it or tries again, and `roster` shows everybody how it stands.
"""
