// A host in Node, through koffi: node host.js LIBRARY MODEL freed|leaked (NODE_PATH: where koffi is)
'use strict';
const koffi = require('koffi');
const [libraryPath, modelPath, way] = process.argv.slice(2);

function round() {
  const library = koffi.load(libraryPath);
  const f = (declaration) => library.func(declaration);
  const api = {
    load: f('int32_t tlite_model_load(void*, str, size_t, void*, _Out_ void** out, void*)'),
    create: f('int32_t tlite_session_create(void*, void*, _Out_ void** out, void*)'),
    stream: f('int32_t tlite_session_stream_complete(void*, str, size_t, _Out_ void** out, void*)'),
    next: f('int32_t tlite_stream_next(void*, _Out_ void** piece, void*)'),
    freeStream: f('void tlite_stream_free(void*)'),
    freeSession: f('void tlite_session_free(void*)'),
    freeModel: f('void tlite_model_free(void*)'),
  };
  const made = (call, ...rest) => {
    const out = [null];
    if (call(...rest, out, null) !== 0) throw new Error('a call failed');
    return out[0];
  };
  const model = made(api.load, null, modelPath, Buffer.byteLength(modelPath), null);
  const session = made(api.create, model, null);
  const stream = made(api.stream, session, 'Hello', 5);
  for (let i = 0; i < 5; i++) made(api.next, stream);
  if (way === 'leaked') return;
  api.freeModel(model);
  api.freeStream(stream);
  api.freeSession(session);
  library.unload();
}

for (let i = 0; i < (way === 'leaked' ? 1 : 5); i++) round();
