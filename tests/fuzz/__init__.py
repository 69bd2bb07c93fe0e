"""Whatever people, programs and damaged disks may hand us: only our own errors come out, in bounded time and memory.

`make test` tries about a hundred inputs of each kind, the same ones each time; `make fuzz` tries 20,000 and more, new ones.

Why hypothesis alone: atheris 3.0 installs, and was tried on the spec reader, guided by coverage, from the shipped files
on; it found nothing that the mutants here do not find, and it would be a compiled package that only some systems have.
"""
