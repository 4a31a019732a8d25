# How long frames took.
extends Reference

const BIN_MS = 0.5
const BINS = 40  # the last one has all that is over

var all = []

func add(usec):
	all.append(usec / 1000.0)

func report():
	var sorted = all.duplicate()
	sorted.sort()
	var bins = []
	for _i in BINS:
		bins.append(0)
	for each in all:
		bins[int(min(each / BIN_MS, BINS - 1))] += 1
	var most = max(sorted.size() - 1, 0)
	var told = {"bin_ms": BIN_MS, "bins": bins}
	for share in [0.5, 0.99, 1.0]:
		told["p%d" % int(share * 100)] = sorted[int(most * share)] if sorted else 0
	return told
