// The body of quantize(): opens what is needed and checks what is asked. Which type a matrix gets
// and how the file is written is convert/'s.
#include "base/file.hpp"
#include "base/float_env.hpp"
#include "base/log.hpp"
#include "convert/gguf_export.hpp"
#include "format/checkpoint.hpp"
#include "format/gguf_metadata.hpp"
#include "format/imatrix.hpp"

#include <new>
#include <optional>
#include <string>

#include <tlite/chat.hpp>
#include <tlite/error.hpp>
#include <tlite/quantize.hpp>

namespace tlite {
namespace {

void check(WeightMix mix, std::int32_t threads) {
  if (to_string(mix) == "unknown") {
    throw Error(ErrorCode::invalid_argument,
                "mix: " + std::to_string(static_cast<std::int32_t>(mix)) + " is no WeightMix");
  }
  if (threads < 0 || threads > 256) {
    throw Error(ErrorCode::invalid_argument,
                "QuantizeOptions::threads is " + std::to_string(threads) + "; it takes 0 to 256");
  }
}

// A model whose template cannot be read still completes text, and so does its GGUF file.
std::optional<ChatTemplate> chat_template_of(const Checkpoint& checkpoint, const Host& host,
                                             const Log& log) {
  if (!checkpoint.has_chat_template) return std::nullopt;
  try {
    return ChatTemplate::load(checkpoint.path, host);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::out_of_memory) throw;
    log(LogLevel::warning, std::string("left out: ") + error.what());
    return std::nullopt;
  }
}

}  // namespace

void quantize(std::string_view source, std::string_view target, WeightMix mix,
              const QuantizeOptions& options) {
  check(mix, options.threads);
  const DefaultFloatEnv arithmetic;
  try {
    const Log log(options.host.log);
    Host host = options.host;
    host.files = files_of(options.host);
    // Everything that is read is opened before the target is begun: a source that is refused leaves
    // no file behind.
    const Checkpoint checkpoint = open_checkpoint(source, *host.files);
    std::optional<ImportanceMatrix> importance;
    if (!options.importance.empty()) {
      importance = ImportanceMatrix::read(options.importance, *host.files);
    }
    for (const std::string& warning : checkpoint.warnings) log(LogLevel::warning, warning);
    GgufHeader header;
    const std::optional<ChatTemplate> chat = chat_template_of(checkpoint, host, log);
    ChatTemplates templates;
    if (chat) templates = {chat->source(), chat->tool_source()};
    add_model_metadata(header, checkpoint, templates, *host.files);
    export_gguf({.checkpoint = checkpoint,
                 .mix = mix,
                 .importance = importance ? &*importance : nullptr,
                 .allow_requantize = options.allow_requantize,
                 .threads = options.threads,
                 .progress = options.progress,
                 .log = log,
                 .allocator = host.allocator},
                std::move(header), target);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::out_of_memory, "out of memory: quantizing " + std::string(source));
  }
}

}  // namespace tlite
