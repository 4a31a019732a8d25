# A model is loaded and unloaded --count times in one process; resident KiB on the way.
extends "testing.gd"

func run():
	var count = int(argument("--count"))
	var series = []
	for i in count:
		var model = new_model()
		model.budget = 0
		model.context = 512
		var one = new_character(model)
		one.say("Привет!")
		while heard(one, "piece").empty():
			check(model.step(0.01) == OK and heard(one, "failed").empty(), "cycle %d" % i)
			if model.is_loading():
				OS.delay_msec(1)
		if i % 3 == 0:
			model.close()
		if i % 3 == 1:
			one.free()
		model.free()
		told.clear()
		yield(self, "idle_frame")
		if (i + 1) % (count / 8) == 0:
			series.append(memory_kib())
	print(to_json({"cycles": count, "resident_kib": series, "failures": failures}))
	quit(1 if failures > 0 else 0)
