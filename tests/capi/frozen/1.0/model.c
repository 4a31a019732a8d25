/* Names, hosts, progress, models, plans, and what writes files. */
#include "use.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is(const char* a, const char* b) { return strcmp(a, b) == 0; }

void use_names(void) {
  MUST(is(tlite_status_name(TLITE_ERROR_CONTEXT_FULL), "context_full"));
  MUST(is(tlite_log_level_name(TLITE_LOG_WARNING), "warning"));
  MUST(is(tlite_data_type_name(TLITE_DATA_TYPE_Q4_K), "q4_k"));
  MUST(is(tlite_weight_mix_name(TLITE_WEIGHT_MIX_Q4_K_M), "q4_k_m"));
  MUST(is(tlite_overflow_policy_name(TLITE_OVERFLOW_DROP_OLDEST), "drop_oldest"));
  MUST(is(tlite_finish_reason_name(TLITE_FINISH_LENGTH), "length"));
  MUST(is(tlite_pooling_name(TLITE_POOLING_MEAN), "mean"));
  MUST(is(tlite_beam_scoring_name(TLITE_BEAM_SCORING_VLLM), "vllm"));
  MUST(is(tlite_beam_stopping_name(TLITE_BEAM_STOPPING_NEVER), "never"));
  MUST(is(tlite_importance_format_name(TLITE_IMPORTANCE_FORMAT_DAT), "dat"));
  tlite_weight_mix mix = TLITE_WEIGHT_MIX_F32;
  WORKS(tlite_weight_mix_parse("Q8_0", TLITE_NUL, &mix, &error));
  MUST(mix == TLITE_WEIGHT_MIX_Q8_0);
  FAILS(tlite_weight_mix_parse("q99", 3, &mix, &error), TLITE_ERROR_INVALID_ARGUMENT);
}

/* What a host counts. */
static struct { int lines, allocations, releases, open, calls; } host;

static void on_log(tlite_log_level level, const char* text, size_t text_size, void* user) {
  MUST(user == &host && level >= TLITE_LOG_DEBUG && strlen(text) == text_size);
  host.lines++;
}

static void* on_allocate(size_t bytes, size_t alignment, void* user) {
  MUST(user == &host);
  __atomic_fetch_add(&host.allocations, 1, __ATOMIC_RELAXED);
  return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void on_deallocate(void* memory, size_t bytes, size_t alignment, void* user) {
  MUST(user == &host && bytes > 0 && alignment > 0);
  __atomic_fetch_sub(&host.allocations, 1, __ATOMIC_RELAXED);
  free(memory);
}

static void on_release(void* user) {
  MUST(user == &host);
  host.releases++;
}

static int32_t on_progress(int64_t done, int64_t total, void* user) {
  MUST(user == &host && done >= 0 && done <= total);
  host.calls++;
  return 0;
}

tlite_model* use_host_and_model(const char* path) {
  tlite_host_options options;
  MUST(tlite_host_options_init(&options, sizeof options) == TLITE_OK);
  MUST(options.threads == TLITE_UNSET && options.file_open == NULL && options.file_list == NULL);
  options.threads = 2;
  options.user = &host;
  options.release = on_release;
  options.log = on_log;
  options.allocate = on_allocate;
  options.deallocate = on_deallocate;
  tlite_host* made = NULL;
  WORKS(tlite_host_create(&options, &made, &error));

  tlite_load_options load;
  MUST(tlite_load_options_init(&load, sizeof load) == TLITE_OK);
  MUST(load.weights == TLITE_WEIGHT_MIX_AS_STORED && load.packed_cache.size == 0);
  tlite_progress* progress = NULL;
  WORKS(tlite_progress_create(&progress, &error));
  load.read_into_memory = 1;
  load.check_weights = 1;
  load.on_progress = on_progress;
  load.user = &host;
  load.progress = progress;
  tlite_model* model = NULL;
  tlite_progress_cancel(progress);
  FAILS(tlite_model_load(made, path, TLITE_NUL, &load, &model, &error), TLITE_ERROR_CANCELLED);
  tlite_progress_reset(progress);
  WORKS(tlite_model_load(made, path, TLITE_NUL, &load, &model, &error));
  int64_t done = 0;
  int64_t total = 0;
  tlite_progress_get(progress, &done, &total);
  MUST(done == total && total == 1000000 && host.calls > 0 && host.allocations > 0);
  tlite_progress_free(progress);
  tlite_model_free(model);
  tlite_host_free(made);
  MUST(host.releases == 1 && host.allocations == 0);
  model = NULL;
  FAILS(tlite_model_load(NULL, "no/such/model", TLITE_NUL, NULL, &model, &error),
        TLITE_ERROR_NOT_FOUND);
  WORKS(tlite_model_load(NULL, path, TLITE_NUL, NULL, &model, &error));
  MUST(tlite_model_hidden_size(model) > 0 && tlite_model_decode_bytes(model) > 0);
  MUST(tlite_model_cpu_tier(model)[0] != 0);

  tlite_model_info* infos[2] = {NULL, NULL};
  WORKS(tlite_model_get_info(model, &infos[0], &error));
  WORKS(tlite_model_inspect(NULL, path, TLITE_NUL, &infos[1], &error));
  for (int i = 0; i < 2; i++) {
    const tlite_model_info* const info = infos[i];
    MUST(info->struct_size >= sizeof *info && info->vocab_size == tlite_model_vocab_size(model));
    MUST(is(info->architecture.data, "qwen2") && info->rms_norm_eps > 0 && info->rope_theta > 0);
    MUST(info->hidden_size == tlite_model_hidden_size(model) && info->eos_token_id_count > 0);
    tlite_string* json = NULL;
    size_t size = 0;
    WORKS(tlite_model_info_to_json(info, &json, &error));
    MUST(tlite_string_data(json, &size)[0] == '{' && size > 10);
    tlite_string_free(json);
    tlite_model_info_free(infos[i]);
  }
  tlite_plan_options asked;
  tlite_memory_plan plan;
  MUST(tlite_plan_options_init(&asked, sizeof asked) == TLITE_OK);
  MUST(tlite_memory_plan_init(&plan, sizeof plan) == TLITE_OK);
  asked.context = 64;
  WORKS(tlite_model_plan(NULL, path, TLITE_NUL, &asked, &plan, &error));
  MUST(plan.struct_size == sizeof plan && plan.kv_cache > 0 && plan.weights > 0);
  MUST(plan.total == plan.weights + plan.weights_resident + plan.kv_cache + plan.scratch);
  return model;
}

/* One file in memory. */
static struct {
  char* data;
  size_t size;
} file;

static tlite_status on_file_open(const char* path, size_t path_size, const void** data,
                                 size_t* size, void** opened, void* user) {
  MUST(user == &file && strlen(path) == path_size);
  if (!is(path, "archive/model.gguf")) return TLITE_ERROR_NOT_FOUND;
  *data = file.data;
  *size = file.size;
  *opened = NULL;
  host.open++;
  return TLITE_OK;
}

static void on_file_close(void* opened, void* user) {
  MUST(user == &file && opened == NULL);
  host.open--;
}

static int32_t on_file_exists(const char* path, size_t path_size, void* user) {
  (void)path_size;
  (void)user;
  return is(path, "archive") || is(path, "archive/model.gguf");
}

static int32_t on_file_is_directory(const char* path, size_t path_size, void* user) {
  (void)path_size;
  (void)user;
  return is(path, "archive");
}

static tlite_status on_file_list(const char* directory, size_t directory_size,
                                 tlite_file_names* names, void* user) {
  MUST(user == &file && strlen(directory) == directory_size);
  return tlite_file_names_add(names, "model.gguf", TLITE_NUL, NULL);
}

void use_files(const char* path, const char* scratch) {
  char importance[4096];
  char target[4096];
  snprintf(importance, sizeof importance, "%s/frozen-importance.gguf", scratch);
  snprintf(target, sizeof target, "%s/frozen.gguf", scratch);
  tlite_model* model = NULL;
  WORKS(tlite_model_load(NULL, path, TLITE_NUL, NULL, &model, &error));
  tlite_importance_options measure;
  MUST(tlite_importance_options_init(&measure, sizeof measure) == TLITE_OK);
  MUST(measure.chunk == 512 && measure.threads == TLITE_UNSET);
  measure.chunk = 16;
  measure.format = TLITE_IMPORTANCE_FORMAT_GGUF;
  int32_t ids[64];
  for (int i = 0; i < 64; i++) ids[i] = 300 + i;
  WORKS(tlite_measure_importance(model, ids, 64, importance, TLITE_NUL, &measure, &error));
  tlite_model_free(model);
  tlite_quantize_options quantize;
  MUST(tlite_quantize_options_init(&quantize, sizeof quantize) == TLITE_OK);
  quantize.importance.data = importance;
  quantize.importance.size = TLITE_NUL;
  WORKS(tlite_quantize(NULL, path, TLITE_NUL, target, TLITE_NUL, TLITE_WEIGHT_MIX_Q8_0, &quantize,
                       &error));

  FILE* const in = fopen(target, "rb");
  MUST(in != NULL && fseek(in, 0, SEEK_END) == 0);
  file.size = (size_t)ftell(in);
  rewind(in);
  file.data = malloc(file.size);
  MUST(file.data != NULL && fread(file.data, 1, file.size, in) == file.size);
  fclose(in);
  tlite_host_options options;
  MUST(tlite_host_options_init(&options, sizeof options) == TLITE_OK);
  options.user = &file;
  options.file_open = on_file_open;
  options.file_close = on_file_close;
  options.file_exists = on_file_exists;
  options.file_is_directory = on_file_is_directory;
  options.file_list = on_file_list;
  tlite_host* made = NULL;
  WORKS(tlite_host_create(&options, &made, &error));
  model = NULL;
  WORKS(tlite_model_load(made, "archive", TLITE_NUL, NULL, &model, &error));
  tlite_model_free(model);
  tlite_host_free(made);
  MUST(host.open == 0);
  free(file.data);
}
