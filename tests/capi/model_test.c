#include "check.h"
#include "memory_host.h"
#include "tiny_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int same(tlite_text text, const char* expected) {
  return text.size == strlen(expected) && strcmp(text.data, expected) == 0;
}

static int32_t count_progress(int64_t done, int64_t total, void* user) {
  int64_t* const last = user;
  CHECK(done >= *last && done <= total && total == 1000000);
  *last = done;
  return 0;
}

static int32_t stop_progress(int64_t done, int64_t total, void* user) {
  (void)done;
  (void)total;
  *(int*)user += 1;
  return -1;
}

TEST(model_life, "capi/model: loads from memory, tells what it is, and outlives its host") {
  memory_host host;
  memory_host_init(&host);
  tlite_host* const given = memory_host_create(&host);
  tlite_progress* progress = NULL;
  CHECK_OK(tlite_progress_create(&progress, &error));
  int64_t last = 0;
  int64_t done = 7;
  int64_t total = 7;
  tlite_progress_get(progress, &done, &total);
  CHECK(done == 0 && total == 0);
  tlite_load_options options;
  tlite_load_options_init(&options, sizeof options);
  options.on_progress = count_progress;
  options.user = &last;
  options.progress = progress;
  options.check_weights = 1;
  tlite_model* model = NULL;
  CHECK_OK(tlite_model_load(given, "memory", TLITE_NUL, &options, &model, &error));
  tlite_progress_get(progress, &done, &total);
  CHECK(last == total && done == total && total == 1000000);
  tlite_progress_reset(progress);
  tlite_progress_get(progress, &done, NULL);
  CHECK(done == 0);
  tlite_progress_free(progress);
  tlite_host_free(given);
  REQUIRE(model != NULL);
  CHECK(host.released == 0);

  tlite_model_info* info = NULL;
  CHECK_OK(tlite_model_get_info(model, &info, &error));
  CHECK(info->struct_size == sizeof *info);
  CHECK(same(info->path, "memory") && same(info->architecture, "qwen2"));
  CHECK(same(info->format, "safetensors") && info->weight_type == TLITE_DATA_TYPE_F32);
  CHECK(tlite_model_vocab_size(model) == TINY_VOCAB_SIZE);
  CHECK(info->vocab_size == TINY_VOCAB_SIZE && info->hidden_size == 64);
  CHECK(tlite_model_hidden_size(model) == 64);
  CHECK(info->num_hidden_layers == 2 && info->num_attention_heads == 4);
  CHECK(info->num_key_value_heads == 2 && info->head_dim == 16 && info->tie_word_embeddings == 1);
  CHECK(info->eos_token_id_count == 2 && info->eos_token_ids[0] == TINY_IM_END);
  CHECK(info->has_chat_template == 1 && info->parameter_count > 0 && info->yarn_factor == 1);
  CHECK(info->weight_bytes == 4 * info->parameter_count && info->sliding_window == TLITE_UNSET);
  CHECK(tlite_model_decode_bytes(model) == info->weight_bytes); /* its embeddings are tied */
  CHECK(tlite_model_decode_bytes(NULL) == 0);
  const char* const forced = getenv("TLITE_CPU");
  const char* const tier = tlite_model_cpu_tier(model);
  CHECK(forced == NULL || *forced == 0 ? strcmp(tier, "unknown") != 0 : strcmp(tier, forced) == 0);
  CHECK(strcmp(tlite_model_cpu_tier(NULL), "unknown") == 0);

  tlite_sampling_params sampling;
  tlite_sampling_params_init(&sampling, sizeof sampling);
  CHECK_OK(tlite_model_get_default_sampling(model, &sampling, &error));
  CHECK(fabsf(sampling.temperature - 0.7F) < 1e-6F && sampling.top_k == 20);

  tlite_tokenizer* tokenizer = NULL;
  tlite_chat_template* chat = NULL;
  CHECK_OK(tlite_model_get_tokenizer(model, &tokenizer, &error));
  CHECK_OK(tlite_model_get_chat_template(model, &chat, &error));
  tlite_model_free(model); /* its parts go on */
  CHECK(tlite_tokenizer_vocab_size(tokenizer) == TINY_VOCABULARY);
  CHECK(tlite_chat_template_source(chat, NULL) != NULL);
  CHECK(same(info->name, "memory"));
  tlite_tokenizer_free(tokenizer);
  tlite_chat_template_free(chat);
  tlite_model_info_free(info);
  CHECK(host.released == 1 && host.live == 0 && host.open_files == 0);
}

TEST(model_info_json, "capi/model: what a model is, as JSON, without loading it") {
  memory_host host;
  memory_host_init(&host);
  tlite_host* const given = memory_host_create(&host);
  tlite_model_info* info = NULL;
  tlite_string* json = NULL;
  CHECK_OK(tlite_model_inspect(given, "memory", TLITE_NUL, &info, &error));
  CHECK_OK(tlite_model_info_to_json(info, &json, &error));
  const char* const text = tlite_string_data(json, NULL);
  REQUIRE(text != NULL);
  CHECK(text[0] == '{' && strstr(text, "\"hidden_size\": 64,") != NULL);
  CHECK(strstr(text, "\"architecture\": \"qwen2\"") != NULL);
  tlite_string_free(json);
  tlite_model_info_free(info);
  tlite_host_free(given);
}

TEST(model_plan, "capi/model: memory by class, before loading") {
  memory_host host;
  memory_host_init(&host);
  tlite_host* const given = memory_host_create(&host);
  tlite_plan_options options;
  tlite_plan_options_init(&options, sizeof options);
  options.context = 128;
  options.kv_type = TLITE_DATA_TYPE_F32;
  tlite_memory_plan plan;
  tlite_memory_plan_init(&plan, sizeof plan);
  CHECK_OK(tlite_model_plan(given, "memory", TLITE_NUL, &options, &plan, &error));
  /* 2 layers, key and value, 2 heads of 16 floats, 128 positions and up to one page more. */
  const uint64_t kv = UINT64_C(2) * 2 * 2 * 16 * 4 * 128;
  CHECK(plan.kv_cache >= kv && plan.kv_cache <= kv + kv / 2);
  CHECK(plan.total == plan.weights + plan.weights_resident + plan.kv_cache + plan.scratch);
  CHECK(plan.struct_size == sizeof plan && plan.scratch > 0);
  tlite_memory_plan larger = plan;
  options.max_logits_rows = 64;
  CHECK_OK(tlite_model_plan(given, "memory", TLITE_NUL, &options, &larger, &error));
  CHECK(larger.scratch > plan.scratch && larger.kv_cache == plan.kv_cache);
  options.max_logits_rows = 1;
  options.max_hidden_rows = 16;
  CHECK_OK(tlite_model_plan(given, "memory", TLITE_NUL, &options, &larger, &error));
  CHECK(larger.scratch == plan.scratch + UINT64_C(16) * 64 * sizeof(float));
  options.max_hidden_rows = -1;
  CHECK_ERROR(tlite_model_plan(given, "memory", TLITE_NUL, &options, &plan, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "max_hidden_rows is -1");
  options.max_hidden_rows = 0;
  options.threads = 0;
  CHECK_ERROR(tlite_model_plan(given, "memory", TLITE_NUL, &options, &plan, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "threads is 0; it takes 1 to 256, or -1");
  options.threads = TLITE_UNSET;
  options.max_sequences = 0;
  CHECK_ERROR(tlite_model_plan(given, "memory", TLITE_NUL, &options, &plan, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "max_sequences is 0");
  options.max_sequences = 1;
  options.kv_type = 99;
  CHECK_ERROR(tlite_model_plan(given, "memory", TLITE_NUL, &options, &plan, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "kv_type is 99");
  plan.struct_size = 1;
  CHECK_ERROR(tlite_model_plan(given, "memory", TLITE_NUL, NULL, &plan, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "struct_size is 1");
  tlite_host_free(given);
}

TEST(model_weights, "capi/model: weights quantized while loading, and what is refused") {
  memory_host host;
  memory_host_init(&host);
  tlite_host* const given = memory_host_create(&host);
  tlite_load_options options;
  tlite_load_options_init(&options, sizeof options);
  options.weights = TLITE_WEIGHT_MIX_Q8_0;
  tlite_model* model = NULL;
  CHECK_OK(tlite_model_load(given, "memory", TLITE_NUL, &options, &model, &error));
  tlite_model_info* info = NULL;
  CHECK_OK(tlite_model_get_info(model, &info, &error));
  CHECK(info->weight_type == TLITE_DATA_TYPE_Q8_0);
  CHECK(tlite_model_decode_bytes(model) < info->weight_bytes);
  tlite_model_info_free(info);
  tlite_model_free(model);
  options.weights = TLITE_WEIGHT_MIX_BF16;
  CHECK_OK(tlite_model_load(given, "memory", TLITE_NUL, &options, &model, &error));
  CHECK_OK(tlite_model_get_info(model, &info, &error));
  CHECK(info->weight_type == TLITE_DATA_TYPE_BF16);
  tlite_model_info_free(info);
  tlite_model_free(model);
  options.weights = TLITE_WEIGHT_MIX_F16;
  CHECK_ERROR(tlite_model_load(given, "memory", TLITE_NUL, &options, &model, &error),
              TLITE_ERROR_NOT_SUPPORTED, "loading the weights as f16");
  options.weights = 99;
  CHECK_ERROR(tlite_model_load(given, "memory", TLITE_NUL, &options, &model, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "weights is 99, not a tlite_weight_mix");
  options.weights = TLITE_WEIGHT_MIX_F32;
  CHECK_ERROR(tlite_model_load(given, "memory", TLITE_NUL, &options, &model, &error),
              TLITE_ERROR_NOT_SUPPORTED, "loading the weights as f32");
  options.weights = TLITE_WEIGHT_MIX_AS_STORED;
  options.read_into_memory = 1; /* in vain: the files are the host's */
  CHECK_OK(tlite_model_load(given, "memory", TLITE_NUL, &options, &model, &error));
  tlite_model_free(model);
  options.packed_cache.size = 3;
  CHECK_ERROR(tlite_model_load(given, "memory", TLITE_NUL, &options, &model, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "packed_cache");
  tlite_plan_options plan_options;
  tlite_plan_options_init(&plan_options, sizeof plan_options);
  plan_options.weights = -2;
  tlite_memory_plan plan;
  tlite_memory_plan_init(&plan, sizeof plan);
  CHECK_ERROR(tlite_model_plan(given, "memory", TLITE_NUL, &plan_options, &plan, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "weights is -2, not a tlite_weight_mix");
  tlite_host_free(given);
}

TEST(model_load_stops, "capi/model: a load stops for its callback and for its brake") {
  memory_host host;
  memory_host_init(&host);
  tlite_host* const given = memory_host_create(&host);
  int calls = 0;
  tlite_load_options options;
  tlite_load_options_init(&options, sizeof options);
  options.on_progress = stop_progress;
  options.user = &calls;
  tlite_model* model = NULL;
  CHECK_STATUS(tlite_model_load(given, "memory", TLITE_NUL, &options, &model, &error),
               TLITE_ERROR_CANCELLED);
  CHECK(calls == 1 && model == NULL);

  tlite_load_options_init(&options, sizeof options);
  CHECK_OK(tlite_progress_create(&options.progress, &error));
  tlite_progress_cancel(options.progress);
  CHECK_STATUS(tlite_model_load(given, "memory", TLITE_NUL, &options, &model, &error),
               TLITE_ERROR_CANCELLED);
  CHECK(model == NULL && host.live == 0 && host.open_files == 0);
  /* It is used up by what it stopped, and forgotten by a reset. */
  CHECK_OK(tlite_model_load(given, "memory", TLITE_NUL, &options, &model, &error));
  tlite_model_free(model);
  tlite_progress_cancel(options.progress);
  tlite_progress_reset(options.progress);
  CHECK_OK(tlite_model_load(given, "memory", TLITE_NUL, &options, &model, &error));
  tlite_model_free(model);
  tlite_progress_free(options.progress);
  tlite_host_free(given);
}

TEST(model_disk, "capi/model: loads from the disk below a Cyrillic path") {
  const char* const directory =
      TLITE_TEST_SCRATCH "/\xD0\xBC\xD0\xBE\xD0\xB4\xD0\xB5\xD0\xBB\xD1\x8C";
  REQUIRE(tiny_model_write(directory));
  tlite_model* model = NULL;
  tlite_model_info* info = NULL;
  CHECK_OK(tlite_model_load(NULL, directory, TLITE_NUL, NULL, &model, &error));
  CHECK_OK(tlite_model_get_info(model, &info, &error));
  CHECK(same(info->name, "\xD0\xBC\xD0\xBE\xD0\xB4\xD0\xB5\xD0\xBB\xD1\x8C"));
  tlite_model_info_free(info);
  tlite_model_free(model);
}

TEST(model_missing, "capi/model: a path where nothing is") {
  tlite_model* model = NULL;
  tlite_model_info* info = NULL;
  CHECK_ERROR(tlite_model_load(NULL, "/no/such", TLITE_NUL, NULL, &model, &error),
              TLITE_ERROR_NOT_FOUND, "/no/such");
  CHECK_ERROR(tlite_model_inspect(NULL, "/no/such", TLITE_NUL, &info, &error),
              TLITE_ERROR_NOT_FOUND, "/no/such");
  CHECK(model == NULL && info == NULL);
}
