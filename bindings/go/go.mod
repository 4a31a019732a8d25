module libtlite.org/tlite

go 1.24
