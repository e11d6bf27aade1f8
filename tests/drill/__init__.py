"""The fault drill: the real site under load, and everything that can befall it, one after the other. `make drill`.

Two sites are tried: one as `make up` makes it (SQLite, disk, embedded broker) and one as a server has it (PostgreSQL,
SeaweedFS, a broker on the network, two workers). A family uploads photos all the while. After each fault every photo
that was accepted must be there by its checksum, coloured once, with no job stuck and no file left behind.
"""
