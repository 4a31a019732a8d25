# What the tests under Godot have in common: godot3-server --path PROJECT -s TEST --model=PATH
extends SceneTree

const Model = preload("res://addons/tlite/model.gdns")
const Character = preload("res://addons/tlite/character.gdns")
const POEM = "Напиши стих про машинное обучение"

func _init():
	OS.low_processor_usage_mode_sleep_usec = 1000  # between frames that nobody sees
	call_deferred("run")

var checks = 0
var failures = 0
var model_path = argument("--model")

func argument(name):
	for each in OS.get_cmdline_args():
		if each.begins_with(name + "="):
			return each.substr(name.length() + 1)
	return ""

func check(holds, what):
	checks += 1
	if not holds:
		failures += 1
		printerr("FAILED: ", what)

func equal(got, wanted, what):
	check(typeof(got) == typeof(wanted) and got == wanted, "%s: got %s, wanted %s" % [what, got, wanted])

func contains(text, part, what):
	check(part in text, "%s: %s does not contain %s" % [what, text, part])

# A model whose node works for itself, 4 ms a frame.
func new_model(path = model_path):
	var made = Model.new()
	made.context = 2048
	made.max_batch_rows = 64
	made.threads = 1
	root.add_child(made)
	made.connect("failed", self, "keep", [made, "failed"])
	made.connect("loaded", self, "keep_none", [made, "loaded"])
	made.connect("prepared", self, "keep_none", [made, "prepared"])
	if path != "":
		equal(made.load_model(path), OK, "a load begins")
	return made

func new_character(model, system = "Ты живёшь в деревне у моря. Отвечай кратко."):
	var made = Character.new()
	made.system_prompt = system
	made.context = 512
	made.temperature = 0
	made.max_new_tokens = 40
	if model != null:
		model.add_child(made)
	for each in ["piece", "sentence", "failed", "summary"]:
		made.connect(each, self, "keep", [made, each])
	made.connect("finished", self, "keep_end", [made])
	return made

# Everything that was told, by object.
var told = {}
func keep(text, object, name):
	heard(object, name).append(text)
func keep_end(answer, reason, object):
	heard(object, "answer").append(answer)
	heard(object, "finished").append(reason)
func keep_none(object, name):
	heard(object, name).append("")
func heard(object, name):
	var id = object.get_instance_id()
	if not id in told:
		told[id] = {}
	if not name in told[id]:
		told[id][name] = []
	return told[id][name]

func memory_kib():
	var file = File.new()
	file.open("/proc/self/statm", File.READ)
	return int(file.get_line().split(" ")[1]) * 4
