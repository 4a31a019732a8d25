-- A host in LuaJIT: luajit host.lua LIBRARY MODEL freed|leaked
-- Its collector closes libraries and drops objects in any order, at the end of the program too.
local ffi = require("ffi")
ffi.cdef [[
int32_t tlite_model_load(const void*, const char*, size_t, const void*, void** out, void**);
int32_t tlite_session_create(const void*, const void*, void** out, void**);
int32_t tlite_session_stream_complete(void*, const char*, size_t, void** out, void**);
int32_t tlite_stream_next(void*, const void** piece, void**);
void tlite_stream_free(void*);
void tlite_session_free(void*);
void tlite_model_free(void*);
]]
local library_path, model_path, way = arg[1], arg[2], arg[3]

local function round()
  local library = ffi.load(library_path)
  local out = ffi.new("void*[1]")
  assert(library.tlite_model_load(nil, model_path, #model_path, nil, out, nil) == 0)
  local model = out[0]
  assert(library.tlite_session_create(model, nil, out, nil) == 0)
  local session = out[0]
  assert(library.tlite_session_stream_complete(session, "Hello", 5, out, nil) == 0)
  local stream = out[0]
  local piece = ffi.new("const void*[1]")
  for _ = 1, 5 do assert(library.tlite_stream_next(stream, piece, nil) == 0) end
  if way == "leaked" then return end
  library.tlite_model_free(model)
  library.tlite_stream_free(stream)
  library.tlite_session_free(session)
end

for _ = 1, way == "leaked" and 1 or 5 do
  round()
  collectgarbage() -- closes the library
end
