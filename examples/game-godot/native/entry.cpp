// What Godot looks for in the library.
#include "character.hpp"
#include "classes.hpp"
#include "model.hpp"
#include "values.hpp"

#if defined(_WIN32)
#define TLITE_GODOT_EXPORT extern "C" __declspec(dllexport)
#else
#define TLITE_GODOT_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace {

bool is_usable = false;

}  // namespace

TLITE_GODOT_EXPORT void godot_gdnative_init(gdnative::InitOptions* options) {
  is_usable = gdnative::read(*options, gdnative::api());
  if (!is_usable) {
    options->report_loading_error(options->library, "tlite needs GDNative 1.x with NativeScript");
    return;
  }
  const characters::Result result = characters::result_of(
      [](tlite_error** error) { return tlite_check_abi(TLITE_ABI_VERSION, error); });
  if (result) return;
  is_usable = false;
  options->report_loading_error(options->library, result.message.c_str());
}

TLITE_GODOT_EXPORT void godot_nativescript_init(void* library) {
  if (!is_usable) return;
  gdnative::Class<gdnative::TliteModel>::add(library);
  gdnative::Class<gdnative::TliteCharacter>::add(library);
}

TLITE_GODOT_EXPORT void godot_gdnative_terminate(void*) {}
