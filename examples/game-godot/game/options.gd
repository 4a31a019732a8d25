# What the command line says, behind Godot's own arguments.
extends Reference

const USAGE = """usage: godot3 --path PROJECT --model=PATH [--english] [--font=FILE] [--budget=MS] [--threads=N]
       for tests: [--frames=N] [--screenshot=FILE]"""

var model = ""
var english = false
var font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
var budget = 4.0  # ms of a frame
var threads = -1  # one per core, and only within a step
var frames = 0
var screenshot = ""

# Empty, or what is wrong.
func read(arguments):
	for argument in arguments:
		var parts = argument.split("=", true, 1)
		var name = parts[0].substr(2)
		var value = parts[1] if parts.size() > 1 else ""
		if argument == "--english":
			english = true
		elif not argument.begins_with("--") or not name in ["model", "font", "budget", "threads", "frames", "screenshot"]:
			return "unknown argument: %s\n%s" % [argument, USAGE]
		elif value == "":
			return "--%s needs a value\n%s" % [name, USAGE]
		elif name in ["budget", "threads", "frames"]:
			if not value.is_valid_float() or float(value) <= 0:
				return "--%s is %s; it takes a number above 0\n%s" % [name, value, USAGE]
			set(name, float(value) if name == "budget" else int(value))
		else:
			set(name, value)
	return "which model?\n" + USAGE if model == "" else ""
