function love.conf(t)
  t.identity = "libtlite-lighthouse"
  t.version = "11.4"
  t.window.title = "libtlite: the lighthouse"
  t.window.width, t.window.height = 960, 540
  t.window.vsync = 1
  t.modules.audio, t.modules.sound, t.modules.physics, t.modules.joystick = false, false, false, false
  t.modules.video, t.modules.touch = false, false
end
