// Loading, planning and what can be asked of a model. Files, formats and memory are left to
// tlite::Model.
#include "model.hpp"

#include "arguments.hpp"
#include "chat_template.hpp"
#include "host.hpp"
#include "progress.hpp"
#include "structs.hpp"
#include "tokenizer.hpp"

#include <optional>
#include <string>

#include <tlite/session.hpp>
#include <tlite/speed.hpp>

namespace tlite::capi {
namespace {

constexpr tlite_load_options load_defaults() noexcept {
  tlite_load_options options = {};
  options.weights = TLITE_WEIGHT_MIX_AS_STORED;
  return options;
}
constexpr tlite_load_options kLoadDefaults = load_defaults();

// AS_STORED is no mix but the absence of one, and only a load and its plan take it.
std::optional<WeightMix> weights_in(tlite_weight_mix mix) {
  if (mix == TLITE_WEIGHT_MIX_AS_STORED) return std::nullopt;
  return weight_mix_in(mix, "weights");
}

// Those of the evaluator that a session of defaults runs on, asked for and not written down, so
// that a plan follows when they change.
tlite_plan_options plan_defaults() noexcept {
  const EvaluatorOptions defaults = evaluator_options(SessionOptions());
  tlite_plan_options result = {};
  result.context = defaults.context;
  result.max_sequences = defaults.max_sequences;
  result.max_batch_rows = defaults.max_batch_rows;
  result.max_logits_rows = defaults.max_logits_rows;
  result.max_hidden_rows = defaults.max_hidden_rows;
  result.threads = threads_out(defaults.threads);
  result.weights = TLITE_WEIGHT_MIX_AS_STORED;
  result.kv_type = kv_type_out(defaults.kv_type);
  return result;
}

tlite_memory_plan plan_out(const MemoryPlan& plan) noexcept {
  return {sizeof(tlite_memory_plan),
          0,
          plan.weights,
          plan.weights_resident,
          plan.kv_cache,
          plan.scratch,
          plan.total()};
}

}  // namespace
}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_plan_options_init(tlite_plan_options* options, size_t struct_size) noexcept {
  return init_struct(options, struct_size, plan_defaults());
}

tlite_status tlite_memory_plan_init(tlite_memory_plan* plan, size_t struct_size) noexcept {
  return init_struct(plan, struct_size, tlite_memory_plan());
}

tlite_status tlite_load_options_init(tlite_load_options* options, size_t struct_size) noexcept {
  return init_struct(options, struct_size, kLoadDefaults);
}

tlite_status tlite_model_load(const tlite_host* host, const char* path, size_t path_size,
                              const tlite_load_options* options, tlite_model** out,
                              tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const tlite_load_options given = read_struct(options, kLoadDefaults);
    tlite::LoadOptions load;
    load.host = host_of(host);
    load.progress = fraction_progress_in(given.on_progress, given.user, given.progress);
    load.check_weights = given.check_weights != 0;
    load.weights = weights_in(given.weights);
    load.packed_cache = optional_path_in(given.packed_cache, "packed_cache");
    load.read_into_memory = given.read_into_memory != 0;
    load.threads = threads_of(host);
    *out = new tlite_model(tlite::Model::load(path_in(path, path_size), load), threads_of(host));
  });
}

void tlite_model_free(tlite_model* model) noexcept { delete model; }

tlite_status tlite_model_plan(const tlite_host* host, const char* path, size_t path_size,
                              const tlite_plan_options* options, tlite_memory_plan* out,
                              tlite_error** error) noexcept {
  return guard(error, [&] {
    const std::size_t size = out_struct_size(out, "out");
    const tlite_plan_options given = read_struct(options, plan_defaults());
    tlite::EvaluatorOptions evaluator;
    evaluator.context = given.context;
    evaluator.max_sequences = given.max_sequences;
    evaluator.max_batch_rows = given.max_batch_rows;
    evaluator.max_logits_rows = given.max_logits_rows;
    evaluator.max_hidden_rows = given.max_hidden_rows;
    evaluator.threads = threads_in(given.threads, threads_of(host));
    evaluator.kv_type = kv_type_in(given.kv_type);
    tlite::LoadOptions load;
    load.host = host_of(host);
    load.weights = weights_in(given.weights);
    load.packed_cache = optional_path_in(given.packed_cache, "packed_cache");
    load.read_into_memory = given.read_into_memory != 0;
    copy_out(plan_out(tlite::Model::plan(path_in(path, path_size), evaluator, load)), out, size);
  });
}

tlite_status tlite_model_inspect(const tlite_host* host, const char* path, size_t path_size,
                                 tlite_model_info** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = new_model_info(tlite::Model::inspect(path_in(path, path_size), host_of(host)));
  });
}

tlite_status tlite_model_get_info(const tlite_model* model, tlite_model_info** out,
                                  tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = new_model_info(required(model, "model").value.info());
  });
}

int32_t tlite_model_vocab_size(const tlite_model* model) noexcept {
  return model == nullptr ? 0 : model->value.info().config.vocab_size;
}

int32_t tlite_model_hidden_size(const tlite_model* model) noexcept {
  return model == nullptr ? 0 : model->value.info().config.hidden_size;
}

const char* tlite_model_cpu_tier(const tlite_model* model) noexcept {
  return model == nullptr ? "unknown" : tlite::cpu_tier(model->value).data();
}

uint64_t tlite_model_decode_bytes(const tlite_model* model) noexcept {
  return model == nullptr ? 0 : tlite::decode_bytes(model->value);
}

tlite_status tlite_model_get_tokenizer(const tlite_model* model, tlite_tokenizer** out,
                                       tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = new tlite_tokenizer{required(model, "model").value.tokenizer()};
  });
}

tlite_status tlite_model_get_chat_template(const tlite_model* model, tlite_chat_template** out,
                                           tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = new tlite_chat_template{required(model, "model").value.chat_template()};
  });
}

tlite_status tlite_model_get_default_sampling(const tlite_model* model, tlite_sampling_params* out,
                                              tlite_error** error) noexcept {
  return guard(error, [&] {
    const std::size_t size = out_struct_size(out, "out");
    copy_out(required(model, "model").sampling.view(), out, size);
  });
}

const char* tlite_data_type_name(tlite_data_type type) noexcept {
  return tlite::to_string(static_cast<tlite::DataType>(type)).data();
}
