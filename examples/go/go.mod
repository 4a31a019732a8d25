module libtlite.org/examples

go 1.24

require libtlite.org/tlite v0.0.0

replace libtlite.org/tlite => ../../bindings/go
