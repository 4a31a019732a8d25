#include "api/model_impl.hpp"
#include "api/weight_reader.hpp"
#include "base/cpu.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "format/checkpoint.hpp"
#include "format/tensor_list.hpp"
#include "model/plan.hpp"
#include "model/weights.hpp"

#include <algorithm>
#include <map>
#include <new>
#include <set>
#include <span>
#include <utility>

#include <tlite/error.hpp>
#include <tlite/model.hpp>

namespace tlite {
namespace {

std::uint64_t element_count(const StoredTensor& tensor) {
  std::uint64_t count = 1;
  for (const std::uint64_t size : tensor.shape) count *= size;
  return count;
}

ModelInfo make_info(const Checkpoint& checkpoint) {
  ModelInfo info;
  info.path = checkpoint.path;
  info.name = checkpoint.name;
  info.format = checkpoint.format;
  info.config = checkpoint.config;
  info.eos_token_ids = checkpoint.eos_token_ids;
  info.has_chat_template = checkpoint.has_chat_template;
  std::map<DataType, std::uint64_t> matrix_bytes;
  for (const StoredTensor* tensor : used_tensors(checkpoint)) {
    info.parameter_count += element_count(*tensor);
    info.weight_bytes += tensor->data.size();
    if (tensor->shape.size() == 2) matrix_bytes[tensor->type] += tensor->data.size();
  }
  std::uint64_t most = 0;
  for (const auto& [type, bytes] : matrix_bytes) {
    if (bytes > most) info.weight_type = type;
    most = std::max(most, bytes);
  }
  return info;
}

bool has_quantized(std::span<const StoredTensor* const> tensors) noexcept {
  return std::any_of(tensors.begin(), tensors.end(),
                     [](const StoredTensor* tensor) { return is_quantized(tensor->type); });
}

void log_ignored_tensors(const Checkpoint& checkpoint, const Log& log) {
  std::set<std::string_view> used;
  for (const StoredTensor* tensor : used_tensors(checkpoint)) used.insert(tensor->name);
  for (const StoredTensor& tensor : checkpoint.weights->tensors()) {
    if (!used.contains(tensor.name)) {
      log(LogLevel::debug, tensor.file + ": tensor " + tensor.name + " is not used");
    }
  }
}

// A model whose template cannot be read still completes text: the error waits for who asks.
void load_chat_template(Model::Impl& model, const Log& log) {
  try {
    model.chat_template = ChatTemplate::load(model.info.path, model.host);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::out_of_memory) throw;
    if (error.code() != ErrorCode::not_found) log(LogLevel::warning, error.what());
    model.chat_template_error = error;
  }
}

std::shared_ptr<const Model::Impl> load_model(std::string_view path, const LoadOptions& options) {
  const Log log(options.host.log);
  auto model = std::make_shared<Model::Impl>();
  model->host = options.host;
  model->host.files = files_of(options.host);
  Checkpoint checkpoint = open_checkpoint(path, *model->host.files);
  log_ignored_tensors(checkpoint, log);
  model->info = make_info(checkpoint);
  model->sampling = checkpoint.sampling;
  model->tokenizer = Tokenizer::load(path, model->host);
  check_vocabulary(model->info.config, model->tokenizer->vocabulary_size(), path);
  load_chat_template(*model, log);
  // Packing reads the file too: it is the longer way and reports the progress where there is one.
  const std::vector<const StoredTensor*> tensors = used_tensors(checkpoint);
  const bool packs = has_quantized(tensors);
  if (!packs || options.check_weights) {
    read_weights(tensors, checkpoint.path, options.check_weights,
                 packs ? LoadProgress{} : options.progress);
  }
  model->source = std::move(checkpoint.weights);
  model->weights = std::make_unique<ModelWeights>(model->info.config, *model->source, model->host,
                                                  cpu_tier_from_environment(),
                                                  packs ? options.progress : LoadProgress{});
  if (options.progress && !options.progress(1.0F)) {
    throw Error(ErrorCode::cancelled, "cancelled: loading " + std::string(path));
  }
  log(LogLevel::info, std::string(path) + ": " + std::to_string(model->info.parameter_count) +
                          " parameters in " + std::string(to_string(model->info.weight_type)));
  return model;
}

EvaluatorOptions evaluator_options(const PlanOptions& options) {
  EvaluatorOptions result;
  result.context = options.context;
  result.max_batch_rows = options.max_batch_rows;
  result.threads = options.threads;
  result.kv_type = options.kv_type;
  return result;
}

// Small containers come from the C++ heap, whose failure is not an Error yet.
template <class Call>
auto with_memory_errors(std::string_view path, Call&& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::out_of_memory, "out of memory: opening " + std::string(path));
  }
}

}  // namespace

Model Model::load(std::string_view path, const LoadOptions& options) {
  return with_memory_errors(path, [&] { return Model(load_model(path, options)); });
}

MemoryPlan Model::plan(std::string_view path, const PlanOptions& options, const Host& host) {
  return with_memory_errors(path, [&] {
    const Checkpoint checkpoint = open_checkpoint(path, *files_of(host));
    const std::vector<const StoredTensor*> tensors = used_tensors(checkpoint);
    const ModelInfo info = make_info(checkpoint);
    const EvaluatorOptions resolved = resolve(evaluator_options(options), info.weight_type);
    MemoryPlan plan;
    plan.weights = info.weight_bytes;
    plan.weights_resident = resident_weight_bytes(info.config, tensors);
    plan.kv_cache = kv_cache_bytes(info.config, *resolved.kv_type, resolved.context);
    plan.scratch = scratch_bytes(info.config, resolved, has_quantized(tensors));
    return plan;
  });
}

ModelInfo Model::inspect(std::string_view path, const Host& host) {
  return with_memory_errors(path,
                            [&] { return make_info(open_checkpoint(path, *files_of(host))); });
}

const ModelInfo& Model::info() const noexcept { return impl_->info; }

const Tokenizer& Model::tokenizer() const noexcept { return *impl_->tokenizer; }

const ChatTemplate& Model::chat_template() const {
  if (!impl_->chat_template) throw Error(*impl_->chat_template_error);
  return *impl_->chat_template;
}

const SamplingParams& Model::default_sampling() const noexcept { return impl_->sampling; }

}  // namespace tlite
