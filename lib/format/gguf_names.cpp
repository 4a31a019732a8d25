#include "format/gguf_model.hpp"
#include "format/tensor_id.hpp"

namespace tlite {

std::string hugging_face_name(std::string_view gguf_name) {
  const std::optional<TensorId> id = parse_gguf_name(gguf_name);
  return id ? hugging_face_name(*id) : std::string();
}

std::string gguf_name(std::string_view hugging_face_name) {
  const std::optional<TensorId> id = parse_hugging_face_name(hugging_face_name);
  return id ? gguf_name(*id) : std::string();
}

}  // namespace tlite
