# The game is closed at some point: --when=loading, prefill, answer, signal.
extends "testing.gd"

var when = argument("--when")

func run():
	var model = new_model()
	model.budget = 0
	model.context = 8192
	model.load_model(model_path)
	var one = new_character(model, "Ты живёшь в деревне у моря. ".repeat(200))
	one.context = 4096
	if when == "signal":
		one.connect("piece", self, "close")
	one.say(POEM)
	if when == "loading":
		return quit()
	while not model.is_loaded():
		model.step(0)
		OS.delay_msec(1)
	model.step(0.0001)
	if when == "prefill":
		equal(one.get_state(), "thinking", "state")
		equal(model.get_status().running, 1, "requests")
		return close("")
	while heard(one, "piece").empty():
		model.step(0.004)
	if when == "answer":
		close("")

func close(_text):
	quit(1 if failures > 0 else 0)
