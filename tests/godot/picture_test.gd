# Size and number of colours of --picture=FILE, as JSON.
extends SceneTree

func _init():
	var image = Image.new()
	for each in OS.get_cmdline_args():
		if each.begins_with("--picture="):
			image.load(each.substr(10))
	var colours = {}
	image.lock()
	for y in image.get_height():
		for x in image.get_width():
			colours[image.get_pixel(x, y).to_rgba32()] = true
	print(to_json({"width": image.get_width(), "height": image.get_height(), "colours": colours.size()}))
	quit()
