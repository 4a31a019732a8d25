// What this extension uses of GDNative, the C interface of Godot 3.x, declared by hand: Debian
// packages no headers of it.
//
// Godot hands over a table of functions, in the order of its modules/gdnative/gdnative_api.json.
// Within a major version that order only grows, so a function is known by its place.
// tests/godot/check_api.py compares places and types with that file.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gdnative {

using Object = void;  // a Godot object, of whatever class

// Values that Godot alone looks into; moved by copying the bytes. In structures they lie at any byte.
struct Variant {
  std::uint8_t bytes[24];
};
struct String {
  std::uint8_t bytes[sizeof(void*)];
};
struct NodePath {
  std::uint8_t bytes[sizeof(void*)];
};
struct Dictionary {
  std::uint8_t bytes[sizeof(void*)];
};
struct StringArray {  // Godot's PoolStringArray
  std::uint8_t bytes[sizeof(void*)];
};
struct MethodBind;

enum Type : std::int32_t {
  kNil = 0,
  kBool = 1,
  kInt = 2,
  kReal = 3,
  kString = 4,
  kNodePath = 15,
  kObject = 17,
  kDictionary = 18,
  kStringArray = 23,
};

struct CallError {
  std::int32_t error;
  std::int32_t argument;
  std::int32_t expected;
};

struct Version {
  unsigned major;
  unsigned minor;
};
struct Header {
  unsigned type;
  Version version;
  const Header* next;
};
using Function = void (*)();

// Of a table's version 1.0, which later ones are chained behind.
constexpr unsigned kCoreType = 0;
constexpr unsigned kNativeScriptType = 1;

struct CoreTable {
  Header header;
  unsigned extension_count;
  const Header* const* extensions;
  Function functions[744];
};

// F(place, result, name, parameters)
#define TLITE_GDNATIVE_CORE(F)                                                                \
  F(203, void, string_array_new, (StringArray*))                                              \
  F(206, void, string_array_append, (StringArray*, const String*))                            \
  F(216, String, string_array_get, (const StringArray*, int))                                 \
  F(217, int, string_array_size, (const StringArray*))                                        \
  F(218, void, string_array_destroy, (StringArray*))                                          \
  F(362, void, dictionary_new, (Dictionary*))                                                 \
  F(364, void, dictionary_destroy, (Dictionary*))                                             \
  F(375, void, dictionary_set, (Dictionary*, const Variant*, const Variant*))                 \
  F(381, void, node_path_new, (NodePath*, const String*))                                     \
  F(383, void, node_path_destroy, (NodePath*))                                                \
  F(507, Type, variant_get_type, (const Variant*))                                            \
  F(509, void, variant_new_nil, (Variant*))                                                   \
  F(510, void, variant_new_bool, (Variant*, bool))                                            \
  F(512, void, variant_new_int, (Variant*, std::int64_t))                                     \
  F(513, void, variant_new_real, (Variant*, double))                                          \
  F(514, void, variant_new_string, (Variant*, const String*))                                 \
  F(525, void, variant_new_node_path, (Variant*, const NodePath*))                            \
  F(527, void, variant_new_object, (Variant*, const Object*))                                 \
  F(528, void, variant_new_dictionary, (Variant*, const Dictionary*))                         \
  F(533, void, variant_new_string_array, (Variant*, const StringArray*))                      \
  F(537, bool, variant_as_bool, (const Variant*))                                             \
  F(539, std::int64_t, variant_as_int, (const Variant*))                                      \
  F(540, double, variant_as_real, (const Variant*))                                           \
  F(541, String, variant_as_string, (const Variant*))                                         \
  F(554, Object*, variant_as_object, (const Variant*))                                        \
  F(560, StringArray, variant_as_string_array, (const Variant*))                              \
  F(570, void, variant_destroy, (Variant*))                                                   \
  F(574, void, string_new, (String*))                                                         \
  F(579, const wchar_t*, string_wide_str, (const String*))                                    \
  F(583, int, string_length, (const String*))                                                 \
  F(680, bool, string_parse_utf8_with_len, (String*, const char*, int))                       \
  F(721, void, string_destroy, (String*))                                                     \
  F(731, Object*, global_get_singleton, (char*))                                              \
  F(732, MethodBind*, method_bind_get_method, (const char*, const char*))                     \
  F(734, Variant, method_bind_call, (MethodBind*, Object*, const Variant**, int, CallError*)) \
  F(741, void, print_error, (const char*, const char*, const char*, int))

// ---- NativeScript: classes that scripts see

// `data` is what was given at registration, `self` what `create` has made.
struct Creator {
  void* (*create)(Object* owner, void* data);
  void* data;
  void (*free)(void* data);
};
struct Destroyer {
  void (*destroy)(Object* owner, void* data, void* self);
  void* data;
  void (*free)(void* data);
};
struct MethodAttributes {
  std::int32_t rpc_mode;
};
struct Method {
  Variant (*call)(Object* owner, void* data, void* self, int count, Variant** arguments);
  void* data;
  void (*free)(void* data);
};
enum PropertyHint : std::int32_t {
  kHintNone = 0,
  kHintRange = 1,
  kHintGlobalFile = 15,
  kHintMultiline = 18,
};
struct PropertyAttributes {
  std::int32_t rset_mode;
  int type;
  std::int32_t hint;
  String hint_string;
  std::int32_t usage;
  Variant default_value;
};
constexpr std::int32_t kUsageDefault = 7;  // stored, shown in the editor, sent
struct Setter {
  void (*set)(Object* owner, void* data, void* self, Variant* value);
  void* data;
  void (*free)(void* data);
};
struct Getter {
  Variant (*get)(Object* owner, void* data, void* self);
  void* data;
  void (*free)(void* data);
};
struct SignalArgument {
  String name;
  int type;
  std::int32_t hint;
  String hint_string;
  std::int32_t usage;
  Variant default_value;
};
struct Signal {
  String name;
  int argument_count;
  SignalArgument* arguments;
  int default_count;
  Variant* defaults;
};

struct NativeScriptTable {
  Header header;
  Function functions[6];
};

#define TLITE_GDNATIVE_NATIVESCRIPT(F)                                                     \
  F(0, void, register_class, (void*, const char*, const char*, Creator, Destroyer))        \
  F(2, void, register_method, (void*, const char*, const char*, MethodAttributes, Method)) \
  F(3, void, register_property,                                                            \
    (void*, const char*, const char*, PropertyAttributes*, Setter, Getter))                \
  F(4, void, register_signal, (void*, const char*, const Signal*))

// What the extension's entry point gets.
struct InitOptions {
  bool in_editor;
  std::uint64_t core_api_hash;
  std::uint64_t editor_api_hash;
  std::uint64_t no_api_hash;
  void (*report_version_mismatch)(const Object* library, const char* what, Version want,
                                  Version have);
  void (*report_loading_error)(const Object* library, const char* what);
  Object* library;
  const CoreTable* core;
  const String* path;
};

struct Api {
#define TLITE_FIELD(place, result, name, parameters) result(*name) parameters = nullptr;
  TLITE_GDNATIVE_CORE(TLITE_FIELD)
  TLITE_GDNATIVE_NATIVESCRIPT(TLITE_FIELD)
#undef TLITE_FIELD
};

// False where Godot's table has another major version, or no NativeScript.
inline bool read(const InitOptions& options, Api& api) {
  const CoreTable& core = *options.core;
  if (core.header.type != kCoreType || core.header.version.major != 1) return false;
  const NativeScriptTable* scripts = nullptr;
  for (unsigned i = 0; i < core.extension_count; ++i) {
    const Header* const each = core.extensions[i];
    if (each->type == kNativeScriptType && each->version.major == 1) {
      scripts = reinterpret_cast<const NativeScriptTable*>(each);
    }
  }
  if (scripts == nullptr) return false;
#define TLITE_READ_CORE(place, result, name, parameters) \
  api.name = reinterpret_cast<result(*) parameters>(core.functions[place]);
  TLITE_GDNATIVE_CORE(TLITE_READ_CORE)
#undef TLITE_READ_CORE
#define TLITE_READ_SCRIPTS(place, result, name, parameters) \
  api.name = reinterpret_cast<result(*) parameters>(scripts->functions[place]);
  TLITE_GDNATIVE_NATIVESCRIPT(TLITE_READ_SCRIPTS)
#undef TLITE_READ_SCRIPTS
  return true;
}

}  // namespace gdnative
