-- libtlite for LuaJIT and LÖVE: a language model inside the game, in one file without C.
--
--   local tlite = require("tlite")
--   local model = assert(tlite.load("model.gguf"))
--   local engine = assert(model:engine{context = 4096})
--   local smith = assert(engine:character{name = "Кузнец", system = world .. "Ты — кузнец."})
--   function smith.on_sentence(text) subtitle = text end
--   smith:say("Сколько стоит меч?")
--   function love.update(dt) engine:update(0.004) end       -- seconds of this frame
--
-- Copy it next to main.lua. The library libtlite_c is looked for where the environment variable
-- TLITE_LIBRARY says, beside the game, beside the program, and where the system looks.
--
-- Errors. What depends on the world (a file, memory, a text that is too long) answers nil, a
-- sentence, and its kind ("not_found", ...); what is a mistake of the script (a text that is nil,
-- an option that there is not, an object that was closed) is a Lua error that names it.
-- Closing. Objects may be closed in any order, or left to the collector, which knows nothing of the
-- gigabytes behind them: close() what is large. Callbacks are Lua's own: they may do anything.
-- Threads. An object belongs to the Lua state that made it; tlite.load_async loads in another.
-- Everything of tlite.h that has no method here can be called as tlite.C.tlite_...

local ffi = require("ffi")
local module_name = ...

-- Generated: generate.py puts in capi/abi/tlite_c.cdef.h.
local declarations = [[
/* libtlite for C, ABI 1.0: the declarations of tlite.h, for
 * parsers without a preprocessor. Made by capi/describe_abi.py. */
enum { TLITE_ABI_MAJOR = 1, TLITE_ABI_MINOR = 0 };
uint32_t tlite_abi_version(void);
const char* tlite_version(void);
typedef int32_t tlite_status;
enum tlite_status_values { TLITE_OK = 0, TLITE_ERROR_INVALID_ARGUMENT = -1, TLITE_ERROR_NOT_FOUND = -2, TLITE_ERROR_IO = -3, TLITE_ERROR_CORRUPT = -4, TLITE_ERROR_NOT_SUPPORTED = -5, TLITE_ERROR_OUT_OF_MEMORY = -6, TLITE_ERROR_CANCELLED = -7, TLITE_ERROR_CONTEXT_FULL = -8, TLITE_ERROR_BAD_TEMPLATE = -9, TLITE_ERROR_BAD_STATE = -10, TLITE_ERROR_INTERNAL = -100 };
const char* tlite_status_name(tlite_status status);
typedef struct tlite_error tlite_error;
tlite_status tlite_error_status(const tlite_error* error);
const char* tlite_error_message(const tlite_error* error, size_t* size);
void tlite_error_free(tlite_error* error);
tlite_status tlite_check_abi(uint32_t wanted, tlite_error** error);
enum { TLITE_UNSET = -1 };
typedef struct tlite_text { const char* data; size_t size; } tlite_text;
typedef struct tlite_text_range { size_t begin; size_t end; } tlite_text_range;
typedef struct tlite_token_list { const int32_t* data; size_t size; } tlite_token_list;
typedef struct tlite_string tlite_string;
const char* tlite_string_data(const tlite_string* string, size_t* size);
void tlite_string_free(tlite_string* string);
typedef struct tlite_tokens tlite_tokens;
const int32_t* tlite_tokens_data(const tlite_tokens* tokens, size_t* count);
void tlite_tokens_free(tlite_tokens* tokens);
typedef int32_t tlite_log_level;
enum tlite_log_level_values { TLITE_LOG_INVALID = -1, TLITE_LOG_DEBUG = 0, TLITE_LOG_INFO = 1, TLITE_LOG_WARNING = 2, TLITE_LOG_ERROR = 3 };
const char* tlite_log_level_name(tlite_log_level level);
typedef void (*tlite_release_callback)(void* user);
typedef void (*tlite_log_callback)(tlite_log_level level, const char* text, size_t text_size, void* user);
typedef void* (*tlite_allocate_callback)(size_t bytes, size_t alignment, void* user);
typedef void (*tlite_deallocate_callback)(void* memory, size_t bytes, size_t alignment, void* user);
typedef int32_t (*tlite_file_test_callback)(const char* path, size_t path_size, void* user);
typedef tlite_status (*tlite_file_open_callback)(const char* path, size_t path_size, const void** data, size_t* size, void** file, void* user);
typedef void (*tlite_file_close_callback)(void* file, void* user);
typedef struct tlite_file_names tlite_file_names;
typedef tlite_status (*tlite_file_list_callback)(const char* directory, size_t directory_size, tlite_file_names* names, void* user);
tlite_status tlite_file_names_add(tlite_file_names* names, const char* name, size_t name_size, tlite_error** error);
typedef struct tlite_host_options { uint32_t struct_size; int32_t threads; void* user; tlite_release_callback release; tlite_log_callback log; tlite_allocate_callback allocate; tlite_deallocate_callback deallocate; tlite_file_open_callback file_open; tlite_file_close_callback file_close; tlite_file_test_callback file_exists; tlite_file_test_callback file_is_directory; tlite_file_list_callback file_list; } tlite_host_options;
typedef struct tlite_host tlite_host;
tlite_status tlite_host_options_init(tlite_host_options* options, size_t struct_size);
tlite_status tlite_host_create(const tlite_host_options* options, tlite_host** out, tlite_error** error);
void tlite_host_free(tlite_host* host);
typedef int32_t (*tlite_progress_callback)(int64_t done, int64_t total, void* user);
typedef struct tlite_progress tlite_progress;
tlite_status tlite_progress_create(tlite_progress** out, tlite_error** error);
void tlite_progress_free(tlite_progress* progress);
void tlite_progress_get(const tlite_progress* progress, int64_t* done, int64_t* total);
void tlite_progress_cancel(tlite_progress* progress);
void tlite_progress_reset(tlite_progress* progress);
typedef int32_t tlite_data_type;
enum tlite_data_type_values { TLITE_DATA_TYPE_AUTO = -1, TLITE_DATA_TYPE_F32 = 0, TLITE_DATA_TYPE_F16 = 1, TLITE_DATA_TYPE_BF16 = 2, TLITE_DATA_TYPE_Q8_0 = 3, TLITE_DATA_TYPE_Q4_0 = 4, TLITE_DATA_TYPE_Q4_1 = 5, TLITE_DATA_TYPE_Q5_0 = 6, TLITE_DATA_TYPE_Q5_1 = 7, TLITE_DATA_TYPE_Q2_K = 8, TLITE_DATA_TYPE_Q3_K = 9, TLITE_DATA_TYPE_Q4_K = 10, TLITE_DATA_TYPE_Q5_K = 11, TLITE_DATA_TYPE_Q6_K = 12, TLITE_DATA_TYPE_IQ4_NL = 13, TLITE_DATA_TYPE_IQ4_XS = 14 };
const char* tlite_data_type_name(tlite_data_type type);
typedef int32_t tlite_weight_mix;
enum tlite_weight_mix_values { TLITE_WEIGHT_MIX_AS_STORED = -1, TLITE_WEIGHT_MIX_F32 = 0, TLITE_WEIGHT_MIX_F16 = 1, TLITE_WEIGHT_MIX_BF16 = 2, TLITE_WEIGHT_MIX_Q8_0 = 3, TLITE_WEIGHT_MIX_Q4_0 = 4, TLITE_WEIGHT_MIX_Q4_1 = 5, TLITE_WEIGHT_MIX_Q5_0 = 6, TLITE_WEIGHT_MIX_Q5_1 = 7, TLITE_WEIGHT_MIX_Q2_K = 8, TLITE_WEIGHT_MIX_Q3_K_S = 9, TLITE_WEIGHT_MIX_Q3_K_M = 10, TLITE_WEIGHT_MIX_Q3_K_L = 11, TLITE_WEIGHT_MIX_Q4_K_S = 12, TLITE_WEIGHT_MIX_Q4_K_M = 13, TLITE_WEIGHT_MIX_Q5_K_S = 14, TLITE_WEIGHT_MIX_Q5_K_M = 15, TLITE_WEIGHT_MIX_Q6_K = 16, TLITE_WEIGHT_MIX_IQ4_NL = 17, TLITE_WEIGHT_MIX_IQ4_XS = 18 };
const char* tlite_weight_mix_name(tlite_weight_mix mix);
tlite_status tlite_weight_mix_parse(const char* name, size_t name_size, tlite_weight_mix* out, tlite_error** error);
typedef struct tlite_load_options { uint32_t struct_size; int32_t check_weights; tlite_weight_mix weights; int32_t read_into_memory; tlite_text packed_cache; tlite_progress_callback on_progress; void* user; tlite_progress* progress; } tlite_load_options;
tlite_status tlite_load_options_init(tlite_load_options* options, size_t struct_size);
typedef struct tlite_model tlite_model;
tlite_status tlite_model_load(const tlite_host* host, const char* path, size_t path_size, const tlite_load_options* options, tlite_model** out, tlite_error** error);
void tlite_model_free(tlite_model* model);
int32_t tlite_model_vocab_size(const tlite_model* model);
int32_t tlite_model_hidden_size(const tlite_model* model);
const char* tlite_model_cpu_tier(const tlite_model* model);
uint64_t tlite_model_decode_bytes(const tlite_model* model);
typedef struct tlite_model_info { uint32_t struct_size; tlite_data_type weight_type; tlite_text path; tlite_text name; tlite_text format; tlite_text architecture; uint64_t parameter_count; uint64_t weight_bytes; const int32_t* eos_token_ids; size_t eos_token_id_count; int32_t has_chat_template; int32_t vocab_size; int32_t hidden_size; int32_t intermediate_size; int32_t num_hidden_layers; int32_t num_attention_heads; int32_t num_key_value_heads; int32_t head_dim; int32_t max_position_embeddings; int32_t tie_word_embeddings; double rope_theta; double yarn_factor; float rms_norm_eps; int32_t sliding_window; } tlite_model_info;
tlite_status tlite_model_get_info(const tlite_model* model, tlite_model_info** out, tlite_error** error);
tlite_status tlite_model_inspect(const tlite_host* host, const char* path, size_t path_size, tlite_model_info** out, tlite_error** error);
void tlite_model_info_free(tlite_model_info* info);
tlite_status tlite_model_info_to_json(const tlite_model_info* info, tlite_string** out, tlite_error** error);
typedef struct tlite_plan_options { uint32_t struct_size; int32_t context; int32_t max_sequences; int32_t max_batch_rows; int32_t max_logits_rows; int32_t threads; tlite_data_type kv_type; tlite_weight_mix weights; int32_t read_into_memory; int32_t max_hidden_rows; tlite_text packed_cache; } tlite_plan_options;
typedef struct tlite_memory_plan { uint32_t struct_size; uint32_t reserved; uint64_t weights; uint64_t weights_resident; uint64_t kv_cache; uint64_t scratch; uint64_t total; } tlite_memory_plan;
tlite_status tlite_plan_options_init(tlite_plan_options* options, size_t struct_size);
tlite_status tlite_memory_plan_init(tlite_memory_plan* plan, size_t struct_size);
tlite_status tlite_model_plan(const tlite_host* host, const char* path, size_t path_size, const tlite_plan_options* options, tlite_memory_plan* out, tlite_error** error);
typedef struct tlite_logit_bias { int32_t token; float bias; } tlite_logit_bias;
typedef struct tlite_sequence_bias { tlite_token_list tokens; float bias; uint32_t reserved; } tlite_sequence_bias;
typedef struct tlite_sampling_params { uint32_t struct_size; float temperature; int32_t top_k; float top_p; float min_p; float typical_p; float epsilon_cutoff; float eta_cutoff; float repetition_penalty; float presence_penalty; float frequency_penalty; int32_t no_repeat_ngram_size; int32_t forced_bos_token_id; int32_t max_new_tokens; int32_t min_new_tokens; int32_t max_length; int32_t min_length; int32_t length_decay_start; float length_decay_factor; int32_t ignore_eos; int32_t include_stop_in_output; int32_t logprobs; uint32_t reserved; int32_t has_seed; uint64_t seed; const tlite_logit_bias* logit_bias; size_t logit_bias_count; const tlite_sequence_bias* sequence_bias; size_t sequence_bias_count; const int32_t* suppress_tokens; size_t suppress_token_count; const int32_t* begin_suppress_tokens; size_t begin_suppress_token_count; const tlite_token_list* bad_words; size_t bad_word_count; const int32_t* forced_eos_token_ids; size_t forced_eos_token_id_count; const int32_t* stop_token_ids; size_t stop_token_id_count; const tlite_text* stop; size_t stop_count; const int32_t* allowed_token_ids; size_t allowed_token_id_count; const tlite_token_list* dry_sequence_breakers; size_t dry_sequence_breaker_count; float top_n_sigma; float xtc_probability; float xtc_threshold; float dry_multiplier; float dry_base; int32_t dry_allowed_length; int32_t dry_penalty_last_n; int32_t mirostat; float mirostat_tau; float mirostat_eta; float dynatemp_range; float dynatemp_exponent; float adaptive_target; float adaptive_decay; int32_t thinking_budget; uint32_t reserved2; } tlite_sampling_params;
typedef int32_t (*tlite_logits_callback)(const int32_t* tokens, size_t token_count, float* logits, size_t logit_count, void* user);
tlite_status tlite_sampling_params_init(tlite_sampling_params* params, size_t struct_size);
tlite_status tlite_sampling_params_get_preset(const char* name, size_t name_size, tlite_sampling_params* out, tlite_error** error);
tlite_status tlite_model_get_default_sampling(const tlite_model* model, tlite_sampling_params* out, tlite_error** error);
tlite_status tlite_sampling_params_validate(const tlite_sampling_params* params, int32_t vocab_size, tlite_error** error);
typedef struct tlite_token_logprob { int32_t token; float logprob; int32_t rank; uint32_t reserved; tlite_text bytes; } tlite_token_logprob;
typedef struct tlite_tool_call { tlite_text name; tlite_text arguments_json; tlite_text id; uint32_t reserved[4]; } tlite_tool_call;
typedef struct tlite_message { uint32_t struct_size; uint32_t reserved; tlite_text role; tlite_text content; const tlite_tool_call* tool_calls; size_t tool_call_count; tlite_text tool_call_id; tlite_text name; } tlite_message;
tlite_status tlite_message_init(tlite_message* message, size_t struct_size);
typedef struct tlite_messages tlite_messages;
tlite_status tlite_messages_create(tlite_messages** out, tlite_error** error);
tlite_status tlite_messages_parse(const char* json, size_t json_size, tlite_messages** out, tlite_error** error);
void tlite_messages_free(tlite_messages* messages);
tlite_status tlite_messages_add(tlite_messages* messages, const tlite_message* message, tlite_error** error);
size_t tlite_messages_count(const tlite_messages* messages);
tlite_status tlite_messages_get(const tlite_messages* messages, size_t index, tlite_message* out, tlite_error** error);
tlite_status tlite_messages_to_json(const tlite_messages* messages, tlite_string** out, tlite_error** error);
typedef int32_t tlite_overflow_policy;
enum tlite_overflow_policy_values { TLITE_OVERFLOW_INVALID = -1, TLITE_OVERFLOW_STOP = 0, TLITE_OVERFLOW_ERROR = 1, TLITE_OVERFLOW_DROP_OLDEST = 2 };
const char* tlite_overflow_policy_name(tlite_overflow_policy policy);
typedef int32_t tlite_finish_reason;
enum tlite_finish_reason_values { TLITE_FINISH_INVALID = -1, TLITE_FINISH_NONE = 0, TLITE_FINISH_END_OF_TEXT = 1, TLITE_FINISH_STOP_TOKEN = 2, TLITE_FINISH_STOP_STRING = 3, TLITE_FINISH_LENGTH = 4, TLITE_FINISH_CONTEXT_FULL = 5, TLITE_FINISH_CANCELLED = 6, TLITE_FINISH_DEADLINE = 7, TLITE_FINISH_FAILED = 8 };
const char* tlite_finish_reason_name(tlite_finish_reason reason);
typedef struct tlite_session_options { uint32_t struct_size; int32_t context; int32_t threads; int32_t max_batch_rows; tlite_data_type kv_type; tlite_overflow_policy overflow; int32_t parse_special_in_messages; uint32_t reserved; tlite_text tools_json; tlite_text template_json; } tlite_session_options;
tlite_status tlite_session_options_init(tlite_session_options* options, size_t struct_size);
typedef struct tlite_piece { uint32_t struct_size; int32_t token; tlite_text text; const tlite_token_logprob* logprob; const tlite_token_logprob* top_logprobs; size_t top_logprob_count; } tlite_piece;
typedef struct tlite_generation { uint32_t struct_size; tlite_finish_reason finish_reason; tlite_text text; tlite_text stop_string; const int32_t* tokens; size_t token_count; const tlite_token_logprob* logprobs; const tlite_token_logprob* top_logprobs; const size_t* top_logprob_offsets; size_t top_logprob_count; int32_t prompt_tokens; int32_t cached_tokens; int32_t dropped_messages; uint32_t reserved; double prefill_seconds; double decode_seconds; const tlite_token_logprob* prompt_logprobs; size_t prompt_logprob_count; const tlite_token_logprob* prompt_top_logprobs; const size_t* prompt_top_logprob_offsets; int32_t prompt_logprobs_start; uint32_t reserved2; const float* embedding; size_t embedding_size; } tlite_generation;
void tlite_generation_free(tlite_generation* generation);
typedef int32_t (*tlite_piece_callback)(const tlite_piece* piece, void* user);
typedef struct tlite_session tlite_session;
typedef struct tlite_stream tlite_stream;
tlite_status tlite_session_create(const tlite_model* model, const tlite_session_options* options, tlite_session** out, tlite_error** error);
void tlite_session_free(tlite_session* session);
tlite_status tlite_session_get_options(const tlite_session* session, tlite_session_options* out, tlite_error** error);
tlite_status tlite_session_set_sampling(tlite_session* session, const tlite_sampling_params* params, tlite_error** error);
tlite_status tlite_session_get_sampling(const tlite_session* session, tlite_sampling_params* out, tlite_error** error);
tlite_status tlite_session_add_system(tlite_session* session, const char* text, size_t text_size, tlite_error** error);
tlite_status tlite_session_add_user(tlite_session* session, const char* text, size_t text_size, tlite_error** error);
tlite_status tlite_session_add_message(tlite_session* session, const tlite_message* message, tlite_error** error);
tlite_status tlite_session_get_messages(const tlite_session* session, tlite_messages** out, tlite_error** error);
tlite_status tlite_session_set_messages(tlite_session* session, const tlite_messages* messages, tlite_error** error);
tlite_status tlite_session_rewind(tlite_session* session, size_t count, tlite_error** error);
tlite_status tlite_session_reset(tlite_session* session, tlite_error** error);
tlite_status tlite_session_fork(const tlite_session* session, tlite_session** out, tlite_error** error);
tlite_status tlite_session_count_prompt_tokens(const tlite_session* session, int32_t* out, tlite_error** error);
tlite_status tlite_session_reply(tlite_session* session, tlite_piece_callback callback, void* user, tlite_generation** out, tlite_error** error);
tlite_status tlite_session_regenerate(tlite_session* session, tlite_piece_callback callback, void* user, tlite_generation** out, tlite_error** error);
tlite_status tlite_session_continue(tlite_session* session, tlite_piece_callback callback, void* user, tlite_generation** out, tlite_error** error);
tlite_status tlite_session_complete(tlite_session* session, const char* prompt, size_t prompt_size, tlite_piece_callback callback, void* user, tlite_generation** out, tlite_error** error);
tlite_status tlite_session_complete_ids(tlite_session* session, const int32_t* ids, size_t id_count, tlite_piece_callback callback, void* user, tlite_generation** out, tlite_error** error);
tlite_status tlite_session_stream(tlite_session* session, tlite_stream** out, tlite_error** error);
tlite_status tlite_session_stream_regenerate(tlite_session* session, tlite_stream** out, tlite_error** error);
tlite_status tlite_session_stream_continue(tlite_session* session, tlite_stream** out, tlite_error** error);
tlite_status tlite_session_stream_complete(tlite_session* session, const char* prompt, size_t prompt_size, tlite_stream** out, tlite_error** error);
tlite_status tlite_session_stream_complete_ids(tlite_session* session, const int32_t* ids, size_t id_count, tlite_stream** out, tlite_error** error);
tlite_status tlite_stream_next(tlite_stream* stream, const tlite_piece** piece, tlite_error** error);
tlite_status tlite_stream_advance(tlite_stream* stream, int64_t budget_nanoseconds, const tlite_piece** piece, int32_t* finished, tlite_error** error);
tlite_status tlite_stream_poll(tlite_stream* stream, const tlite_piece** piece, int32_t* finished, tlite_error** error);
tlite_finish_reason tlite_stream_finish_reason(const tlite_stream* stream);
tlite_status tlite_stream_get_result(const tlite_stream* stream, tlite_generation** out, tlite_error** error);
void tlite_stream_free(tlite_stream* stream);
tlite_status tlite_session_on_logits(tlite_session* session, tlite_logits_callback on_logits, void* user, tlite_error** error);
tlite_status tlite_session_on_prefill(tlite_session* session, tlite_progress_callback on_prefill, void* user, tlite_error** error);
void tlite_session_get_prefill_progress(const tlite_session* session, int64_t* done, int64_t* total);
void tlite_session_cancel(tlite_session* session);
void tlite_session_end_thinking(tlite_session* session);
void tlite_session_clear_cancel(tlite_session* session);
typedef struct tlite_engine tlite_engine;
typedef struct tlite_engine_options { uint32_t struct_size; int32_t context; int32_t max_sequences; int32_t max_batch_rows; int32_t threads; tlite_data_type kv_type; int32_t max_delay_milliseconds; int32_t prefix_cache; int32_t embeddings; } tlite_engine_options;
tlite_status tlite_engine_options_init(tlite_engine_options* options, size_t struct_size);
typedef int32_t tlite_pooling;
enum tlite_pooling_values { TLITE_POOLING_INVALID = -1, TLITE_POOLING_NONE = 0, TLITE_POOLING_LAST = 1, TLITE_POOLING_MEAN = 2, TLITE_POOLING_CLS = 3 };
const char* tlite_pooling_name(tlite_pooling pooling);
typedef struct tlite_request_options { uint32_t struct_size; int32_t context; int32_t priority; int32_t parse_special_in_messages; int64_t timeout_milliseconds; const tlite_sampling_params* sampling; size_t reserved; tlite_text tools_json; tlite_text template_json; int32_t n; int32_t prompt_logprobs; int32_t prompt_logprobs_start; uint32_t reserved2; tlite_pooling pooling; int32_t normalize; tlite_logits_callback logits_callback; void* logits_user; } tlite_request_options;
tlite_status tlite_request_options_init(tlite_request_options* options, size_t struct_size);
typedef struct tlite_engine_event { uint32_t struct_size; int32_t token; int64_t request; tlite_text text; const tlite_token_logprob* logprob; const tlite_token_logprob* top_logprobs; size_t top_logprob_count; const tlite_generation* result; tlite_finish_reason finish_reason; tlite_status status; tlite_text message; } tlite_engine_event;
void tlite_engine_event_free(tlite_engine_event* event);
typedef struct tlite_engine_status { uint32_t struct_size; int32_t waiting; int32_t running; int32_t cached_tokens; int32_t free_tokens; } tlite_engine_status;
tlite_status tlite_engine_status_init(tlite_engine_status* status, size_t struct_size);
tlite_status tlite_engine_create(const tlite_model* model, const tlite_engine_options* options, tlite_engine** out, tlite_error** error);
void tlite_engine_free(tlite_engine* engine);
tlite_status tlite_engine_get_options(const tlite_engine* engine, tlite_engine_options* out, tlite_error** error);
tlite_status tlite_engine_submit_ids(tlite_engine* engine, const int32_t* ids, size_t id_count, const tlite_request_options* options, int64_t* request, tlite_error** error);
tlite_status tlite_engine_submit_text(tlite_engine* engine, const char* text, size_t text_size, const tlite_request_options* options, int64_t* request, tlite_error** error);
tlite_status tlite_engine_submit_messages(tlite_engine* engine, const tlite_messages* messages, const tlite_request_options* options, int64_t* request, tlite_error** error);
tlite_status tlite_engine_step(tlite_engine* engine, int64_t budget_nanoseconds, int32_t* has_work, tlite_error** error);
tlite_status tlite_engine_run(tlite_engine* engine, tlite_error** error);
tlite_status tlite_engine_wait_for_work(tlite_engine* engine, int64_t timeout_nanoseconds, int32_t* has_work, tlite_error** error);
tlite_status tlite_engine_poll(tlite_engine* engine, tlite_engine_event** out, tlite_error** error);
tlite_status tlite_engine_advance(tlite_engine* engine, int64_t budget_nanoseconds, tlite_engine_event** out, int32_t* has_work, tlite_error** error);
tlite_status tlite_engine_wait(tlite_engine* engine, int64_t request, tlite_generation** out, tlite_error** error);
void tlite_engine_cancel(tlite_engine* engine, int64_t request);
void tlite_engine_end_thinking(tlite_engine* engine, int64_t request);
void tlite_engine_set_priority(tlite_engine* engine, int64_t request, int32_t priority);
tlite_status tlite_engine_get_status(const tlite_engine* engine, tlite_engine_status* out, tlite_error** error);
typedef int32_t tlite_beam_scoring;
enum tlite_beam_scoring_values { TLITE_BEAM_SCORING_INVALID = -1, TLITE_BEAM_SCORING_HUGGINGFACE = 0, TLITE_BEAM_SCORING_VLLM = 1 };
const char* tlite_beam_scoring_name(tlite_beam_scoring scoring);
typedef int32_t tlite_beam_stopping;
enum tlite_beam_stopping_values { TLITE_BEAM_STOPPING_INVALID = -1, TLITE_BEAM_STOPPING_HEURISTIC = 0, TLITE_BEAM_STOPPING_AT_ONCE = 1, TLITE_BEAM_STOPPING_NEVER = 2 };
const char* tlite_beam_stopping_name(tlite_beam_stopping stopping);
typedef struct tlite_beam_options { uint32_t struct_size; int32_t beam_width; int32_t max_new_tokens; tlite_beam_scoring scoring; tlite_beam_stopping early_stopping; float length_penalty; int32_t ignore_eos; int32_t num_return; float temperature; int32_t has_seed; uint64_t seed; int32_t priority; uint32_t reserved; tlite_progress_callback on_progress; void* user; tlite_progress* progress; size_t reserved2; } tlite_beam_options;
tlite_status tlite_beam_options_init(tlite_beam_options* options, size_t struct_size);
typedef struct tlite_beam { uint32_t struct_size; tlite_finish_reason finish_reason; const int32_t* tokens; size_t token_count; tlite_text text; double score; double logprob; } tlite_beam;
tlite_status tlite_beam_init(tlite_beam* beam, size_t struct_size);
typedef struct tlite_beams tlite_beams;
tlite_status tlite_engine_beam_search(tlite_engine* engine, const int32_t* ids, size_t id_count, const tlite_beam_options* options, tlite_beams** out, tlite_error** error);
void tlite_beams_free(tlite_beams* beams);
size_t tlite_beams_count(const tlite_beams* beams);
tlite_status tlite_beams_get(const tlite_beams* beams, size_t index, tlite_beam* out, tlite_error** error);
tlite_status tlite_engine_create_session(const tlite_engine* engine, const tlite_session_options* options, tlite_session** out, tlite_error** error);
typedef struct tlite_tokenizer tlite_tokenizer;
typedef struct tlite_encode_options { uint32_t struct_size; int32_t parse_special; const tlite_text_range* literal_ranges; size_t literal_range_count; int32_t add_special; uint32_t reserved; } tlite_encode_options;
typedef struct tlite_decode_options { uint32_t struct_size; int32_t skip_special; } tlite_decode_options;
tlite_status tlite_encode_options_init(tlite_encode_options* options, size_t struct_size);
tlite_status tlite_decode_options_init(tlite_decode_options* options, size_t struct_size);
tlite_status tlite_model_get_tokenizer(const tlite_model* model, tlite_tokenizer** out, tlite_error** error);
tlite_status tlite_tokenizer_load(const tlite_host* host, const char* path, size_t path_size, tlite_tokenizer** out, tlite_error** error);
void tlite_tokenizer_free(tlite_tokenizer* tokenizer);
tlite_status tlite_tokenizer_encode(const tlite_tokenizer* tokenizer, const char* text, size_t text_size, const tlite_encode_options* options, tlite_tokens** out, tlite_error** error);
tlite_status tlite_tokenizer_decode(const tlite_tokenizer* tokenizer, const int32_t* ids, size_t id_count, const tlite_decode_options* options, tlite_string** out, tlite_error** error);
tlite_status tlite_tokenizer_get_token_bytes(const tlite_tokenizer* tokenizer, int32_t id, tlite_string** out, tlite_error** error);
tlite_status tlite_tokenizer_get_token_id(const tlite_tokenizer* tokenizer, const char* token, size_t token_size, int32_t* out, tlite_error** error);
int32_t tlite_tokenizer_is_special(const tlite_tokenizer* tokenizer, int32_t id);
int32_t tlite_tokenizer_vocab_size(const tlite_tokenizer* tokenizer);
int32_t tlite_tokenizer_bos_token(const tlite_tokenizer* tokenizer);
int32_t tlite_tokenizer_eos_token(const tlite_tokenizer* tokenizer);
int32_t tlite_tokenizer_pad_token(const tlite_tokenizer* tokenizer);
typedef struct tlite_stream_decoder tlite_stream_decoder;
tlite_status tlite_stream_decoder_create(const tlite_tokenizer* tokenizer, const tlite_decode_options* options, tlite_stream_decoder** out, tlite_error** error);
void tlite_stream_decoder_free(tlite_stream_decoder* decoder);
tlite_status tlite_stream_decoder_push(tlite_stream_decoder* decoder, int32_t id, tlite_text* out, tlite_error** error);
tlite_status tlite_stream_decoder_finish(tlite_stream_decoder* decoder, tlite_text* out, tlite_error** error);
typedef struct tlite_template_options { uint32_t struct_size; int32_t add_generation_prompt; tlite_text tools_json; tlite_text extra_json; int32_t has_now; uint32_t reserved; int64_t now; } tlite_template_options;
tlite_status tlite_template_options_init(tlite_template_options* options, size_t struct_size);
typedef struct tlite_chat_template tlite_chat_template;
typedef struct tlite_prompt tlite_prompt;
tlite_status tlite_model_get_chat_template(const tlite_model* model, tlite_chat_template** out, tlite_error** error);
tlite_status tlite_chat_template_load(const tlite_host* host, const char* path, size_t path_size, tlite_chat_template** out, tlite_error** error);
tlite_status tlite_chat_template_parse(const char* source, size_t source_size, const char* bos_token, size_t bos_token_size, const char* eos_token, size_t eos_token_size, tlite_chat_template** out, tlite_error** error);
void tlite_chat_template_free(tlite_chat_template* chat_template);
const char* tlite_chat_template_source(const tlite_chat_template* chat_template, size_t* size);
tlite_status tlite_chat_template_render(const tlite_chat_template* chat_template, const tlite_messages* messages, const tlite_template_options* options, tlite_prompt** out, tlite_error** error);
tlite_status tlite_chat_template_render_json(const tlite_chat_template* chat_template, const char* messages_json, size_t messages_json_size, const tlite_template_options* options, tlite_prompt** out, tlite_error** error);
const char* tlite_prompt_text(const tlite_prompt* prompt, size_t* size);
const tlite_text_range* tlite_prompt_literal_ranges(const tlite_prompt* prompt, size_t* count);
void tlite_prompt_free(tlite_prompt* prompt);
typedef struct tlite_evaluator_options { uint32_t struct_size; int32_t context; int32_t max_sequences; int32_t max_batch_rows; int32_t max_logits_rows; int32_t threads; tlite_data_type kv_type; int32_t max_hidden_rows; } tlite_evaluator_options;
tlite_status tlite_evaluator_options_init(tlite_evaluator_options* options, size_t struct_size);
typedef struct tlite_batch_row { int32_t token; int32_t sequence; int32_t position; int32_t wants_logits; int32_t wants_hidden; uint32_t reserved[3]; } tlite_batch_row;
typedef struct tlite_evaluator tlite_evaluator;
tlite_status tlite_evaluator_create(const tlite_model* model, const tlite_evaluator_options* options, tlite_evaluator** out, tlite_error** error);
void tlite_evaluator_free(tlite_evaluator* evaluator);
tlite_status tlite_evaluator_get_options(const tlite_evaluator* evaluator, tlite_evaluator_options* out, tlite_error** error);
tlite_status tlite_evaluator_create_sequence(tlite_evaluator* evaluator, int32_t* out, tlite_error** error);
tlite_status tlite_evaluator_destroy_sequence(tlite_evaluator* evaluator, int32_t sequence, tlite_error** error);
tlite_status tlite_evaluator_get_length(const tlite_evaluator* evaluator, int32_t sequence, int32_t* out, tlite_error** error);
tlite_status tlite_evaluator_fork(tlite_evaluator* evaluator, int32_t sequence, int32_t length, int32_t* out, tlite_error** error);
tlite_status tlite_evaluator_adopt(tlite_evaluator* evaluator, const tlite_evaluator* other, int32_t sequence, int32_t length, int32_t* out, tlite_error** error);
tlite_status tlite_evaluator_truncate(tlite_evaluator* evaluator, int32_t sequence, int32_t length, tlite_error** error);
int32_t tlite_evaluator_free_positions(const tlite_evaluator* evaluator);
tlite_status tlite_evaluator_evaluate(tlite_evaluator* evaluator, const tlite_batch_row* rows, size_t row_count, tlite_error** error);
tlite_status tlite_evaluator_append(tlite_evaluator* evaluator, int32_t sequence, const int32_t* ids, size_t id_count, tlite_error** error);
tlite_status tlite_evaluator_submit(tlite_evaluator* evaluator, const tlite_batch_row* rows, size_t row_count, tlite_error** error);
tlite_status tlite_evaluator_advance(tlite_evaluator* evaluator, int64_t budget_nanoseconds, int32_t* finished, tlite_error** error);
tlite_status tlite_evaluator_discard(tlite_evaluator* evaluator, tlite_error** error);
int32_t tlite_evaluator_logits_rows(const tlite_evaluator* evaluator);
tlite_status tlite_evaluator_get_logits(const tlite_evaluator* evaluator, int32_t index, const float** out, size_t* count, tlite_error** error);
tlite_status tlite_evaluator_get_logits_matrix(const tlite_evaluator* evaluator, const float** out, size_t* rows, size_t* columns, size_t* stride, tlite_error** error);
int32_t tlite_evaluator_hidden_rows(const tlite_evaluator* evaluator);
tlite_status tlite_evaluator_get_hidden(const tlite_evaluator* evaluator, int32_t index, const float** out, size_t* count, tlite_error** error);
void tlite_evaluator_cancel(tlite_evaluator* evaluator);
void tlite_evaluator_clear_cancel(tlite_evaluator* evaluator);
tlite_status tlite_evaluator_on_progress(tlite_evaluator* evaluator, tlite_progress_callback on_progress, void* user, tlite_error** error);
typedef struct tlite_sampled_token { uint32_t struct_size; int32_t token; const tlite_token_logprob* logprob; const tlite_token_logprob* top_logprobs; size_t top_logprob_count; } tlite_sampled_token;
typedef struct tlite_sampler tlite_sampler;
tlite_status tlite_sampler_create(const tlite_model* model, const tlite_sampling_params* params, tlite_sampler** out, tlite_error** error);
void tlite_sampler_free(tlite_sampler* sampler);
tlite_status tlite_sampler_on_logits(tlite_sampler* sampler, tlite_logits_callback on_logits, void* user, tlite_error** error);
tlite_status tlite_sampler_observe_prompt(tlite_sampler* sampler, const int32_t* ids, size_t id_count, tlite_error** error);
tlite_status tlite_sampler_sample(tlite_sampler* sampler, const float* logits, size_t logit_count, const uint32_t* mask, size_t mask_count, const tlite_sampled_token** out, tlite_error** error);
void tlite_sampler_end_thinking(tlite_sampler* sampler);
tlite_status tlite_sampler_accept(tlite_sampler* sampler, int32_t token, tlite_error** error);
tlite_status tlite_sampler_reset(tlite_sampler* sampler, tlite_error** error);
uint64_t tlite_sampler_seed(const tlite_sampler* sampler);
typedef struct tlite_stop_matcher tlite_stop_matcher;
tlite_status tlite_stop_matcher_create(const tlite_text* stops, size_t stop_count, int32_t keep, tlite_stop_matcher** out, tlite_error** error);
void tlite_stop_matcher_free(tlite_stop_matcher* matcher);
tlite_status tlite_stop_matcher_push(tlite_stop_matcher* matcher, const char* text, size_t text_size, tlite_text* out, tlite_text* found, tlite_error** error);
tlite_status tlite_stop_matcher_flush(tlite_stop_matcher* matcher, tlite_text* out, tlite_error** error);
typedef struct tlite_quantize_options { uint32_t struct_size; int32_t threads; int32_t allow_requantize; uint32_t reserved; tlite_text importance; tlite_progress_callback on_progress; void* user; tlite_progress* progress; } tlite_quantize_options;
tlite_status tlite_quantize_options_init(tlite_quantize_options* options, size_t struct_size);
tlite_status tlite_quantize(const tlite_host* host, const char* source, size_t source_size, const char* target, size_t target_size, tlite_weight_mix mix, const tlite_quantize_options* options, tlite_error** error);
typedef int32_t tlite_importance_format;
enum tlite_importance_format_values { TLITE_IMPORTANCE_FORMAT_INVALID = -1, TLITE_IMPORTANCE_FORMAT_GGUF = 0, TLITE_IMPORTANCE_FORMAT_DAT = 1 };
const char* tlite_importance_format_name(tlite_importance_format format);
typedef struct tlite_importance_options { uint32_t struct_size; int32_t chunk; int32_t threads; tlite_importance_format format; tlite_text dataset; tlite_progress_callback on_progress; void* user; tlite_progress* progress; } tlite_importance_options;
tlite_status tlite_importance_options_init(tlite_importance_options* options, size_t struct_size);
tlite_status tlite_measure_importance(const tlite_model* model, const int32_t* ids, size_t id_count, const char* target, size_t target_size, const tlite_importance_options* options, tlite_error** error);
]] -- END GENERATED

-- A module that is loaded anew finds its types declared.
if not pcall(ffi.typeof, "tlite_text") then ffi.cdef(declarations) end

---- the library

local function candidates()
  local list = {}
  local named = os.getenv("TLITE_LIBRARY")
  if named and named ~= "" then return {named} end
  local windows, mac = ffi.os == "Windows", ffi.os == "OSX"
  local file = windows and "tlite_c.dll" or mac and "libtlite_c.dylib" or "libtlite_c.so"
  if rawget(_G, "love") and love.filesystem then
    local source, base = love.filesystem.getSource(), love.filesystem.getSourceBaseDirectory()
    list[#list + 1] = source .. "/" .. file
    list[#list + 1] = base .. "/" .. file
  end
  if not windows and not mac then
    list[#list + 1] = "libtlite_c.so." .. tonumber(ffi.C.TLITE_ABI_MAJOR)
  end
  list[#list + 1] = "tlite_c"
  return list
end

local function open_library()
  local reasons = {}
  for _, name in ipairs(candidates()) do
    local found, library = pcall(ffi.load, name)
    if found then return library end
    reasons[#reasons + 1] = tostring(library)
  end
  error("tlite: no library libtlite_c:\n  " .. table.concat(reasons, "\n  "), 0)
end

local C = open_library()
-- Never unloaded before the Lua state ends, whatever happens to package.loaded: finalizers of
-- objects are functions of it, and the collector keeps no order among what it frees.
debug.getregistry()["tlite.library"] = C

local errors = ffi.new("tlite_error*[1]")

-- true, or nil, a sentence and the kind of error.
local function checked(status)
  if status == 0 then return true end
  local message = ffi.string(C.tlite_error_message(errors[0], nil))
  C.tlite_error_free(errors[0])
  errors[0] = nil
  return nil, message, ffi.string(C.tlite_status_name(status))
end

do
  local wanted = 65536 * tonumber(ffi.C.TLITE_ABI_MAJOR) + tonumber(ffi.C.TLITE_ABI_MINOR)
  local fits, message = checked(C.tlite_check_abi(wanted, errors))
  if not fits then error("tlite: " .. message, 0) end
end

---- what scripts pass

local function fail(level, format, ...) error("tlite: " .. format:format(...), level + 1) end

local function shown(value)
  return type(value) == "string" and ("%q"):format(value:sub(1, 40)) or tostring(value)
end

local function text_of(value, what)
  if type(value) ~= "string" then fail(3, "%s is %s; it takes a string", what, shown(value)) end
  return value, #value
end

local function integer_of(value, what, level)
  if type(value) ~= "number" or value ~= math.floor(value) or math.abs(value) > 2 ^ 31 - 1 then
    fail(level or 3, "%s is %s; it takes a whole number of 32 bits", what, shown(value))
  end
  return value
end

local function nanoseconds_of(seconds, what)
  if type(seconds) ~= "number" or seconds ~= seconds then
    fail(3, "%s is %s; it takes seconds", what, shown(seconds))
  end
  return ffi.cast("int64_t", math.max(math.min(seconds, 1e9), -1e9) * 1e9)
end

local unset = -1

local enums = {
  kv_type = {auto = -1, f32 = 0, f16 = 1, bf16 = 2, q8_0 = 3},
  overflow = {stop = 0, error = 1, drop_oldest = 2},
}

-- How each kind of option goes into a structure. What must stay for the call is put into `keep`.
local setters = {
  integer = function(struct, name, value, what)
    struct[name] = integer_of(value, what, 5)
  end,
  number = function(struct, name, value, what)
    if type(value) ~= "number" then fail(5, "%s is %s; it takes a number", what, shown(value)) end
    struct[name] = value
  end,
  flag = function(struct, name, value, what)
    if type(value) ~= "boolean" then fail(5, "%s is %s; it takes true or false", what, shown(value)) end
    struct[name] = value and 1 or 0
  end,
  text = function(struct, name, value, what, keep)
    if type(value) ~= "string" then fail(5, "%s is %s; it takes a string", what, shown(value)) end
    keep[#keep + 1] = value
    struct[name].data, struct[name].size = value, #value
  end,
  enum = function(struct, name, value, what)
    local number = enums[name][value]
    if not number then fail(5, "%s is %s; there is no such one", what, shown(value)) end
    struct[name] = number
  end,
  mix = function(struct, name, value, what)
    if type(value) ~= "string" then fail(5, "%s is %s; it takes a string", what, shown(value)) end
    local out = ffi.new("tlite_weight_mix[1]")
    local known, message = checked(C.tlite_weight_mix_parse(value, #value, out, errors))
    if not known then fail(5, "%s: %s", what, message) end
    struct[name] = out[0]
  end,
  seed = function(struct, _, value, what)
    if type(value) ~= "number" or value < 0 or value ~= math.floor(value) or value > 2 ^ 53 then
      fail(5, "%s is %s; it takes a whole number from 0 to 2^53", what, shown(value))
    end
    struct.has_seed, struct.seed = 1, ffi.cast("uint64_t", value)
  end,
  texts = function(struct, name, value, what, keep)
    if type(value) ~= "table" then fail(5, "%s is %s; it takes a list", what, shown(value)) end
    local list = ffi.new("tlite_text[?]", math.max(#value, 1))
    for i, each in ipairs(value) do
      if type(each) ~= "string" then fail(5, "%s[%d] is %s; it takes a string", what, i, shown(each)) end
      list[i - 1].data, list[i - 1].size = each, #each
      keep[#keep + 1] = each
    end
    keep[#keep + 1] = list
    struct[name], struct[name .. "_count"] = list, #value
  end,
}

local load_fields = {weights = "mix", check_weights = "flag", read_into_memory = "flag", packed_cache = "text"}
local plan_fields = {
  context = "integer", max_sequences = "integer", max_batch_rows = "integer", max_logits_rows = "integer",
  threads = "integer", kv_type = "enum", weights = "mix", read_into_memory = "flag",
  max_hidden_rows = "integer", packed_cache = "text",
}
local engine_fields = {
  context = "integer", max_sequences = "integer", max_batch_rows = "integer", threads = "integer",
  kv_type = "enum", max_delay_milliseconds = "integer", prefix_cache = "flag", embeddings = "flag",
}
local session_fields = {
  context = "integer", threads = "integer", max_batch_rows = "integer", kv_type = "enum",
  overflow = "enum", parse_special_in_messages = "flag", tools_json = "text", template_json = "text",
}
local sampling_fields = {
  temperature = "number", top_k = "integer", top_p = "number", min_p = "number", typical_p = "number",
  repetition_penalty = "number", presence_penalty = "number", frequency_penalty = "number",
  no_repeat_ngram_size = "integer", max_new_tokens = "integer", min_new_tokens = "integer",
  ignore_eos = "flag", include_stop_in_output = "flag", top_n_sigma = "number", xtc_probability = "number",
  xtc_threshold = "number", dry_multiplier = "number", thinking_budget = "integer", seed = "seed",
  stop = "texts",
}

local function fill(struct, fields, given, what, keep)
  if given ~= nil and type(given) ~= "table" then
    fail(4, "%s are %s; they are a table", what, shown(given))
  end
  for name, value in pairs(given or {}) do
    local kind = fields[name]
    if not kind then fail(4, "%s: there is no option %s", what, shown(name)) end
    setters[kind](struct, name, value, ("%s: %s"):format(what, name), keep)
  end
  return struct
end

-- A structure of options, and what must stay for the call.
local function options_of(kind, fields, given, what)
  local struct, keep = ffi.new(kind), {}
  assert(C[kind .. "_init"](struct, ffi.sizeof(kind)) == 0)
  return fill(struct, fields, given, what, keep), keep
end

---- objects

local function class(name, free)
  local methods = {}
  methods.__index = methods
  methods.type_name = name
  -- What is left of the object, for the calls of others that use it.
  function methods:close()
    if self.pointer == nil then return end
    free(ffi.gc(self.pointer, nil))
    self.pointer = nil
  end
  function methods:is_open() return self.pointer ~= nil end
  function methods.own(pointer, fields)
    local object = fields or {}
    object.pointer = ffi.gc(pointer, free)
    return setmetatable(object, methods)
  end
  return methods
end

-- The pointer of `self`, for a method that was called on the right thing.
local function pointer_of(self, methods)
  if type(self) ~= "table" or getmetatable(self) ~= methods then
    fail(3, "this is %s, not a %s: call methods with a colon", shown(self), methods.type_name)
  end
  if self.pointer == nil then fail(3, "the %s was closed", methods.type_name) end
  return self.pointer
end

local Model = class("model", C.tlite_model_free)
local Engine = class("engine", C.tlite_engine_free)
local Session = class("session", C.tlite_session_free)
local Stream = class("stream", C.tlite_stream_free)

local function string_of(text)
  return text.size == 0 and "" or ffi.string(text.data, text.size)
end

-- A text that the library made.
local function taken(string)
  local size = ffi.new("size_t[1]")
  local data = C.tlite_string_data(string, size)
  local text = ffi.string(data, size[0])
  C.tlite_string_free(string)
  return text
end

---- models

local function load(path, options, progress)
  local struct, keep = options_of("tlite_load_options", load_fields, options, "load options")
  struct.progress = progress
  local out = ffi.new("tlite_model*[1]")
  local loaded, message, kind =
    checked(C.tlite_model_load(nil, path, #path, struct, out, errors))
  keep[1] = nil
  if not loaded then return nil, message, kind end
  return Model.own(out[0])
end

local tlite = {C = C, ffi = ffi}

function tlite.version() return ffi.string(C.tlite_version()) end

-- A Hugging Face directory or a .gguf file of the operating system (LÖVE's own paths:
-- love.filesystem.getRealDirectory).
function tlite.load(path, options)
  text_of(path, "path")
  return load(path, options, nil)
end

-- Bytes by class that a model and an evaluator of these options take, without loading it.
function tlite.plan(path, options)
  text_of(path, "path")
  local struct, keep = options_of("tlite_plan_options", plan_fields, options, "plan options")
  local plan = ffi.new("tlite_memory_plan")
  C.tlite_memory_plan_init(plan, ffi.sizeof(plan))
  local told, message, kind = checked(C.tlite_model_plan(nil, path, #path, struct, plan, errors))
  keep[1] = nil
  if not told then return nil, message, kind end
  local result = {}
  for _, name in ipairs{"weights", "weights_resident", "kv_cache", "scratch", "total"} do
    result[name] = tonumber(plan[name])
  end
  return result
end

-- Loads on a thread of LÖVE's: an object with progress() from 0 to 1, cancel(), and result(): nil
-- while it goes on, then the model, or false, a sentence and a kind.
local Loading = {}
Loading.__index = Loading
local running = {}  -- a thread uses what is in it, whoever has forgotten it

function tlite.load_async(path, options)
  text_of(path, "path")
  if not (rawget(_G, "love") and love.thread) then fail(2, "load_async needs LÖVE's threads") end
  options_of("tlite_load_options", load_fields, options, "load options")
  local out = ffi.new("tlite_progress*[1]")
  local made, message, kind = checked(C.tlite_progress_create(out, errors))
  if not made then return nil, message, kind end
  local channel = love.thread.newChannel()
  -- A text without a line end would be a file's name.
  local thread = love.thread.newThread("require(...).load_on_thread(select(2, ...))\n")
  local loading = setmetatable({bar = out[0], channel = channel, thread = thread}, Loading)
  running[loading] = true
  thread:start(module_name or "tlite", channel, path, options,
               tonumber(ffi.cast("uintptr_t", out[0])))
  return loading
end

function tlite.load_on_thread(channel, path, options, address)
  local model, message, kind = load(path, options, ffi.cast("tlite_progress*", address))
  if model then
    channel:push(tonumber(ffi.cast("uintptr_t", ffi.gc(model.pointer, nil))))
  else
    channel:push({message, kind})
  end
end

function Loading:progress()
  if self.bar == nil then return 1 end
  local numbers = ffi.new("int64_t[2]")
  C.tlite_progress_get(self.bar, numbers, numbers + 1)
  return numbers[1] == 0 and 0 or tonumber(numbers[0]) / tonumber(numbers[1])
end

function Loading:cancel()
  if self.bar ~= nil then C.tlite_progress_cancel(self.bar) end
end

function Loading:result()
  if self.bar ~= nil then
    local answer = self.channel:pop()
    local crash = self.thread:getError()
    if answer == nil and crash == nil then return nil end
    C.tlite_progress_free(self.bar)
    self.bar = nil
    running[self] = nil
    if type(answer) == "number" then
      self.model = Model.own(ffi.cast("tlite_model*", ffi.cast("uintptr_t", answer)))
    else
      self.message, self.kind = answer and answer[1] or crash, answer and answer[2] or "internal"
    end
  end
  if self.model then return self.model end
  return false, self.message, self.kind
end

-- Ends it, and waits until its thread has, some hundred milliseconds. For love.quit: LÖVE does not
-- wait for threads when it quits, and a process that ends under a thread at work may crash.
function Loading:close()
  self:cancel()
  self.thread:wait()
  self:result()
  if self.model then self.model:close() end
end

function Model:info()
  local out = ffi.new("tlite_model_info*[1]")
  local told, message, kind = checked(C.tlite_model_get_info(pointer_of(self, Model), out, errors))
  if not told then return nil, message, kind end
  local info = out[0]
  local result = {
    name = string_of(info.name), path = string_of(info.path), format = string_of(info.format),
    parameters = tonumber(info.parameter_count), layers = info.num_hidden_layers,
    vocabulary = info.vocab_size, context = info.max_position_embeddings,
    has_chat_template = info.has_chat_template ~= 0,
  }
  C.tlite_model_info_free(info)
  return result
end

function Model:engine(options)
  local pointer = pointer_of(self, Model)
  local struct = options_of("tlite_engine_options", engine_fields, options, "engine options")
  local out = ffi.new("tlite_engine*[1]")
  local made, message, kind = checked(C.tlite_engine_create(pointer, struct, out, errors))
  if not made then return nil, message, kind end
  return Engine.own(out[0], {characters = {}, preparing = 0})
end

function Model:session(options)
  local pointer = pointer_of(self, Model)
  local struct, keep = options_of("tlite_session_options", session_fields, options, "session options")
  local out = ffi.new("tlite_session*[1]")
  local made, message, kind = checked(C.tlite_session_create(pointer, struct, out, errors))
  keep[1] = nil
  if not made then return nil, message, kind end
  return Session.own(out[0])
end

---- messages

local Messages = {}

function Messages.new()
  local out = ffi.new("tlite_messages*[1]")
  local made, message, kind = checked(C.tlite_messages_create(out, errors))
  if not made then return nil, message, kind end
  return ffi.gc(out[0], C.tlite_messages_free)
end

local function message_of(role, content)
  local message = ffi.new("tlite_message")
  C.tlite_message_init(message, ffi.sizeof(message))
  message.role.data, message.role.size = role, #role
  message.content.data, message.content.size = content, #content
  return message
end

function Messages.add(messages, role, content)
  return checked(C.tlite_messages_add(messages, message_of(role, content), errors))
end

function Messages.read(messages)
  local list = {}
  local message = message_of("", "")
  for i = 1, tonumber(C.tlite_messages_count(messages)) do
    assert(C.tlite_messages_get(messages, i - 1, message, nil) == 0)
    list[i] = {role = string_of(message.role), content = string_of(message.content)}
  end
  return list
end

function Messages.write(list, what)
  if type(list) ~= "table" then fail(3, "%s are %s; they are a list", what, shown(list)) end
  local messages, message, kind = Messages.new()
  if not messages then return nil, message, kind end
  for i, each in ipairs(list) do
    if type(each) ~= "table" or type(each.role) ~= "string" or type(each.content) ~= "string" then
      fail(3, "%s[%d] is %s; it takes {role = string, content = string}", what, i, shown(each))
    end
    local added, why, which = Messages.add(messages, each.role, each.content)
    if not added then return nil, why, which end
  end
  return messages
end

-- A JSON array of {role, content}, as Hugging Face and OpenAI write it, to a list and back.
function tlite.parse_messages(json)
  text_of(json, "json")
  local out = ffi.new("tlite_messages*[1]")
  local parsed, message, kind = checked(C.tlite_messages_parse(json, #json, out, errors))
  if not parsed then return nil, message, kind end
  local list = Messages.read(out[0])
  C.tlite_messages_free(out[0])
  return list
end

function tlite.format_messages(list)
  local messages, message, kind = Messages.write(list, "messages")
  if not messages then return nil, message, kind end
  local out = ffi.new("tlite_string*[1]")
  local made, why, which = checked(C.tlite_messages_to_json(messages, out, errors))
  if not made then return nil, why, which end
  return taken(out[0])
end

---- sessions

function Session:add(role, content)
  local pointer = pointer_of(self, Session)
  text_of(role, "role")
  text_of(content, "content")
  return checked(C.tlite_session_add_message(pointer, message_of(role, content), errors))
end

function Session:messages()
  local out = ffi.new("tlite_messages*[1]")
  local pointer = pointer_of(self, Session)
  local copied, message, kind = checked(C.tlite_session_get_messages(pointer, out, errors))
  if not copied then return nil, message, kind end
  local list = Messages.read(out[0])
  C.tlite_messages_free(out[0])
  return list
end

function Session:set_messages(list)
  local pointer = pointer_of(self, Session)
  local messages, message, kind = Messages.write(list, "messages")
  if not messages then return nil, message, kind end
  return checked(C.tlite_session_set_messages(pointer, messages, errors))
end

-- Keeps the first `count` messages.
function Session:rewind(count)
  local pointer = pointer_of(self, Session)
  if integer_of(count, "count") < 0 then fail(2, "count is %d; it takes 0 or more", count) end
  return checked(C.tlite_session_rewind(pointer, count, errors))
end

-- What is not named stays as it is, at first the model's own.
function Session:set_sampling(options)
  local pointer = pointer_of(self, Session)
  local params, keep = ffi.new("tlite_sampling_params"), {}
  C.tlite_sampling_params_init(params, ffi.sizeof(params))
  local told, message, kind = checked(C.tlite_session_get_sampling(pointer, params, errors))
  if not told then return nil, message, kind end
  fill(params, sampling_fields, options, "sampling", keep)
  local set, why, which = checked(C.tlite_session_set_sampling(pointer, params, errors))
  keep[1] = nil
  return set, why, which
end

function Session:count_tokens()
  local out = ffi.new("int32_t[1]")
  local pointer = pointer_of(self, Session)
  local told, message, kind = checked(C.tlite_session_count_prompt_tokens(pointer, out, errors))
  if not told then return nil, message, kind end
  return out[0]
end

function Session:fork()
  local out = ffi.new("tlite_session*[1]")
  local made, message, kind = checked(C.tlite_session_fork(pointer_of(self, Session), out, errors))
  if not made then return nil, message, kind end
  return Session.own(out[0])
end

-- Stops the answer that is being made, or the next one.
function Session:cancel() C.tlite_session_cancel(pointer_of(self, Session)) end

local function stream_of(start, ...)
  local out = ffi.new("tlite_stream*[1]")
  local arguments = {...}
  arguments[#arguments + 1] = out
  arguments[#arguments + 1] = errors
  local made, message, kind = checked(start(unpack(arguments)))
  if not made then return nil, message, kind end
  return Stream.own(out[0])
end

-- An answer to the conversation; one that goes on with the assistant's last message.
function Session:stream() return stream_of(C.tlite_session_stream, pointer_of(self, Session)) end
function Session:continue() return stream_of(C.tlite_session_stream_continue, pointer_of(self, Session)) end
-- What comes behind a text, without messages and template.
function Session:complete(prompt)
  local pointer = pointer_of(self, Session)
  return stream_of(C.tlite_session_stream_complete, pointer, text_of(prompt, "prompt"))
end

-- The whole answer at once, for tools: a game uses engine:update. `on_piece` ends it by false.
function Session:reply(on_piece)
  local stream, message, kind = self:stream()
  if not stream then return nil, message, kind end
  local parts = {}
  while true do
    local piece, why, which = stream:next()
    if piece == nil then
      stream:close()
      return nil, why, which
    end
    if piece == false then break end
    parts[#parts + 1] = piece
    if on_piece and on_piece(piece) == false then break end
  end
  stream:close()
  return table.concat(parts)
end

---- streams

local piece_out = ffi.new("const tlite_piece*[1]")
local finished_out = ffi.new("int32_t[1]")

-- A text; false at the end; "" where there is nothing yet; nil, a sentence, a kind.
local function piece_of(status)
  if status ~= 0 then return checked(status) end
  if piece_out[0] ~= nil then return string_of(piece_out[0].text) end
  return finished_out[0] == 0 and ""
end

-- Works until there is a piece, or the budget, in seconds, is used up.
function Stream:next(budget)
  local pointer = pointer_of(self, Stream)
  local time = budget == nil and ffi.cast("int64_t", 2 ^ 62) or nanoseconds_of(budget, "budget")
  return piece_of(C.tlite_stream_advance(pointer, time, piece_out, finished_out, errors))
end

-- Works on nothing: what the engine's steps have made.
function Stream:poll()
  local pointer = pointer_of(self, Stream)
  local status = C.tlite_stream_poll(pointer, piece_out, finished_out, errors)
  local is_there = status == 0 and piece_out[0] ~= nil
  local piece, message, kind = piece_of(status)
  return piece, message, kind, is_there
end

-- "none" while it goes on, "end_of_text", "length", "cancelled", ...
function Stream:finish_reason()
  return ffi.string(C.tlite_finish_reason_name(C.tlite_stream_finish_reason(pointer_of(self, Stream))))
end

-- Tokens of the prompt and of the answer so far.
function Stream:tokens()
  local out = ffi.new("tlite_generation*[1]")
  local told, message, kind = checked(C.tlite_stream_get_result(pointer_of(self, Stream), out, errors))
  if not told then return nil, message, kind end
  local count = out[0].prompt_tokens + tonumber(out[0].token_count)
  local cached = out[0].cached_tokens
  C.tlite_generation_free(out[0])
  return count, cached
end

---- sentences

-- Cuts text that comes in pieces into sentences, by the rules of characters/sentences.hpp: at
-- . ! ? … with what closes behind them, before white space, and at the ends of lines; not behind
-- initials and short titles.
local Sentences = {}
Sentences.__index = Sentences

function tlite.sentences() return setmetatable({text = "", looked = 1}, Sentences) end

local closers = {".", "!", "?", "…", "»", "”", "’", ")", '"', "'"}
local titles = {Mr = true, Mrs = true, Ms = true, Dr = true, St = true,
                ["ул"] = true, ["им"] = true, ["руб"] = true, ["стр"] = true}
local openers = {"(", '"', "«", "“", "„"}

local function is_short(text, stop)
  local word = text:sub(1, stop):match("[^ \t\r\n]*$")
  for _, open in ipairs(openers) do
    if word:sub(1, #open) == open then word = word:sub(#open + 1) end
  end
  if word:match("^%a$") then return word ~= "I" end
  if word:match("^[\208\209].$") then return word ~= "я" and word ~= "Я" end
  return titles[word] or false
end

-- The end of the text without a last character that is not whole yet.
local function whole_end(text)
  for back = 1, math.min(3, #text) do
    local byte = text:byte(#text - back + 1)
    if byte < 0x80 then break end
    if byte >= 0xC0 then
      local length = byte < 0xE0 and 2 or byte < 0xF0 and 3 or 4
      return length > back and #text - back or #text
    end
  end
  return #text
end

-- The last byte of the first sentence that is whole.
function Sentences:next_end()
  local text, stop = self.text, whole_end(self.text)
  while true do
    local at = text:find("[.!?\n\226]", self.looked)
    if not at or at > stop then
      self.looked = math.max(self.looked, stop + 1)
      return nil
    end
    local mark = text:sub(at, at)
    if mark == "\n" then return at end
    local length = mark ~= "\226" and 1 or text:sub(at, at + 2) == "…" and 3 or 0
    if length == 0 then
      self.looked = at + 1
    else
      local i, more = at + length, true
      while more do
        more = false
        for _, closer in ipairs(closers) do
          if text:sub(i, i + #closer - 1) == closer then
            i, more = i + #closer, true
            break
          end
        end
      end
      if i > stop then
        self.looked = at
        return nil
      end
      local is_initial = mark == "." and i == at + 1 and is_short(text, at - 1)
      if text:find("^[ \t\r\n]", i) and not is_initial then return i - 1 end
      self.looked = i
    end
  end
end

function Sentences:give(stop, take)
  local sentence = self.text:sub(1, stop):match("^[ \t\r\n]*(.-)[ \t\r\n]*$")
  self.text, self.looked = self.text:sub(stop + 1), 1
  if sentence ~= "" then take(sentence) end
end

function Sentences:push(text, take)
  self.text = self.text .. text
  local stop = self:next_end()
  while stop do
    self:give(stop, take)
    stop = self:next_end()
  end
end

function Sentences:flush(take) self:give(#self.text, take) end
function Sentences:clear() self.text, self.looked = "", 1 end

---- engines

function Engine:session(options)
  local pointer = pointer_of(self, Engine)
  local struct, keep = options_of("tlite_session_options", session_fields, options, "session options")
  local out = ffi.new("tlite_session*[1]")
  local made, message, kind = checked(C.tlite_engine_create_session(pointer, struct, out, errors))
  keep[1] = nil
  if not made then return nil, message, kind end
  return Session.own(out[0])
end

local work_out = ffi.new("int32_t[1]")

-- Works for so many seconds; whether something is left.
function Engine:step(seconds)
  local pointer = pointer_of(self, Engine)
  local time = nanoseconds_of(seconds, "seconds")
  local stepped, message, kind = checked(C.tlite_engine_step(pointer, time, work_out, errors))
  if not stepped then return nil, message, kind end
  return work_out[0] ~= 0
end

function Engine:status()
  local status = ffi.new("tlite_engine_status")
  status.struct_size = ffi.sizeof(status)
  local told, message, kind = checked(C.tlite_engine_get_status(pointer_of(self, Engine), status, errors))
  if not told then return nil, message, kind end
  return {waiting = status.waiting, running = status.running, cached_tokens = status.cached_tokens,
          free_tokens = status.free_tokens}
end

-- Works through a system message before somebody speaks: on a loading screen. What begins alike is
-- worked through once.
function Engine:prepare(system)
  local pointer = pointer_of(self, Engine)
  text_of(system, "system")
  local messages, message, kind = Messages.new()
  if not messages then return nil, message, kind end
  local added, why, which = Messages.add(messages, "system", system)
  if not added then return nil, why, which end
  local nothing = options_of("tlite_sampling_params", sampling_fields, {max_new_tokens = 0}, "sampling")
  local options = ffi.new("tlite_request_options")
  C.tlite_request_options_init(options, ffi.sizeof(options))
  options.sampling, options.priority = nothing, -1
  local out = ffi.new("int64_t[1]")
  local sent, reason, which_kind =
    checked(C.tlite_engine_submit_messages(pointer, messages, options, out, errors))
  if sent then self.preparing = self.preparing + 1 end
  return sent, reason, which_kind
end

function Engine:is_preparing() return self.preparing > 0 end

local function take_prepared(self)
  local out = ffi.new("tlite_engine_event*[1]")
  while C.tlite_engine_poll(self.pointer, out, nil) == 0 and out[0] ~= nil do
    if out[0].finish_reason ~= 0 then self.preparing = self.preparing - 1 end
    C.tlite_engine_event_free(out[0])
  end
end

-- Once a frame, with the seconds that are left for it: 0.004 in play, 0.014 on a loading screen; 0
-- or less, where the frame is late, works on nothing. Callbacks of characters are called here. They
-- may do anything; an error in one goes to whoever called, and the next update goes on.
function Engine:update(seconds)
  pointer_of(self, Engine)
  if type(seconds) ~= "number" then fail(2, "seconds is %s; it takes a number", shown(seconds)) end
  local stepped, message, kind = true, nil, nil
  if seconds > 0 then stepped, message, kind = self:step(seconds) end
  if self.pointer ~= nil and self.preparing > 0 then take_prepared(self) end
  local characters = self.characters
  for i = #characters, 1, -1 do
    if characters[i].is_removed then table.remove(characters, i) end
  end
  for i = 1, #characters do
    local each = characters[i]
    if each and not each.is_removed then each:take() end
    if each and not each.is_removed and each:wants_to_remember() then each:start_remembering() end
  end
  if stepped == nil then return nil, message, kind end
  return true
end

---- characters

local Character = {}
Character.__index = Character

local character_defaults = {
  name = "", system = "", context = 2048, summarize_above = 0, keep_turns = 2, summary_tokens = 160,
  summary_heading = "Что было раньше (before): ",
  summary_request = "Кратко перескажи от третьего лица, что было сказано, о чём договорились и что важно " ..
    "помнить. Summarize briefly what was said and agreed.",
}

-- Many characters share an engine and what their system messages have in common at the beginning.
--   name, system, context (tokens), sampling (as for set_sampling)
--   summarize_above: tokens; older turns are put into a summary between two answers. 0: three
--     quarters of the context; -1: never. keep_turns of them stay as they are.
-- Callbacks, fields of the character: on_piece(text), on_sentence(text), on_end(reason),
-- on_failed(sentence, kind), on_summary(text).
function Engine:character(options)
  pointer_of(self, Engine)
  if type(options) ~= "table" then fail(2, "character options are %s; they are a table", shown(options)) end
  local given = {}
  for name, value in pairs(options) do
    local default = character_defaults[name]
    if name == "sampling" then
      if type(value) ~= "table" then fail(2, "sampling is %s; it is a table", shown(value)) end
    elseif default == nil then
      fail(2, "character options: there is no option %s", shown(name))
    elseif type(value) ~= type(default) then
      fail(2, "character options: %s is %s; it takes a %s", name, shown(value), type(default))
    end
    given[name] = value
  end
  for name, value in pairs(character_defaults) do
    if given[name] == nil then given[name] = value end
  end
  local session, message, kind = self:session{context = given.context, overflow = "drop_oldest"}
  if not session then return nil, message, kind end
  local added, why, which = session:add("system", given.system)
  if added and given.sampling then added, why, which = session:set_sampling(given.sampling) end
  if not added then return nil, why, which end
  local made = setmetatable({
    options = given, name = given.name, session = session, state = "silent", answer = "", turn = 0,
    conversation_tokens = 0, sentences = tlite.sentences(),
  }, Character)
  table.insert(self.characters, made)
  return made
end

function Character:is_busy() return self.state == "thinking" or self.state == "speaking" end

local function living(self)
  if type(self) ~= "table" or getmetatable(self) ~= Character then
    fail(3, "this is %s, not a character: call methods with a colon", shown(self))
  end
  if self.is_removed then fail(3, "the character %s was removed", shown(self.name)) end
end

local function drop_stream(self)
  if self.stream then self.stream:close() end
  self.stream = nil
  self.turn = self.turn + 1
end

local function call(callback, ...)
  if callback then callback(...) end
end

local function finish(self, reason)
  drop_stream(self)
  self.state = "silent"
  local turn = self.turn
  self.sentences:flush(function(sentence) call(self.on_sentence, sentence) end)
  if turn == self.turn then call(self.on_end, reason) end
end

local function stop_remembering(self)
  if self.state ~= "remembering" then return end
  drop_stream(self)
  self.scratch:close()
  self.scratch = nil
  self.state = "silent"
end

local function hear(self, text)
  if text == "" then return end
  if self.state == "remembering" then
    self.summary = self.summary .. text
    return
  end
  self.state = "speaking"
  self.answer = self.answer .. text
  local turn = self.turn
  call(self.on_piece, text)
  if turn ~= self.turn then return end
  self.sentences:push(text, function(sentence)
    if turn == self.turn then call(self.on_sentence, sentence) end
  end)
end

-- Nil and why where it does not begin; what it has added is then there.
local function ask(session, text, notes, prefix)
  local said, why, which = session:add("user", text)
  if said and notes then said, why, which = session:add("system", notes) end
  local continues = prefix and prefix ~= ""
  if said and continues then said, why, which = session:add("assistant", prefix) end
  if not said then return nil, why, which end
  if continues then return session:continue() end
  return session:stream()
end

-- Notes pile up while nobody talks: the older half of them goes until the rest has room. Nil of one.
local function newer_half(notes)
  local from = notes:find("\n", math.floor(#notes / 2) + 1, true)
  if from then return notes:sub(from + 1) end
  return notes:match("\n([^\n]*)$")
end

-- The player says something. What the character is saying is interrupted; its answer begins with
-- `prefix`, if any, and goes on from there.
function Character:say(text, prefix)
  living(self)
  text_of(text, "text")
  if prefix ~= nil then text_of(prefix, "prefix") end
  self:interrupt()
  stop_remembering(self)
  if self.is_removed then return true end  -- by on_end
  local messages, message, kind = self.session:messages()
  if not messages then return nil, message, kind end
  local notes = self.notes
  local stream, why, which = ask(self.session, text, notes, prefix)
  while not stream do
    self.session:rewind(#messages)
    notes = which == "context_full" and notes and newer_half(notes)
    if not notes then return nil, why, which end  -- the newest alone is too long, or the text is
    stream, why, which = ask(self.session, text, notes, prefix)
  end
  self.stream, self.notes, self.answer, self.state = stream, nil, "", "thinking"
  self.sentences:clear()
  self.turn = self.turn + 1
  if prefix then hear(self, prefix) end
  return true
end

-- Ends the answer where it is; what was said stays.
function Character:interrupt()
  living(self)
  if self:is_busy() then finish(self, "cancelled") end
end

-- Something that it knows or feels from its next answer on: "[Настроение: злой]". Of more notes
-- than the context has room for the oldest are forgotten.
function Character:note(text)
  living(self)
  text_of(text, "text")
  self.notes = self.notes and self.notes .. "\n" .. text or text
end

function Character:remove()
  if self.is_removed then return end
  drop_stream(self)
  self.state, self.is_removed = "silent", true
  if self.scratch then self.scratch:close() end
  self.session:close()
end

-- Its conversation as JSON, without the system message, which is the game's.
function Character:save()
  living(self)
  if self:is_busy() then return nil, "a character that is answering cannot save: interrupt it first", "bad_state" end
  local messages, message, kind = self.session:messages()
  if not messages then return nil, message, kind end
  table.remove(messages, 1)
  return tlite.format_messages(messages)
end

local function replace(self, turns, summary)
  local messages = {{role = "system", content = self.options.system}}
  if summary then messages[2] = {role = "system", content = summary} end
  for _, each in ipairs(turns) do messages[#messages + 1] = each end
  return self.session:set_messages(messages)
end

-- In place of its conversation. On an error it stays as it is.
function Character:load(json)
  living(self)
  if self:is_busy() then return nil, "a character that is answering cannot load: interrupt it first", "bad_state" end
  local turns, message, kind = tlite.parse_messages(json)
  if not turns then return nil, message, kind end
  stop_remembering(self)
  return replace(self, turns)
end

-- What the engine has made of the answer. Callbacks may end it, start another, or remove it.
function Character:take()
  local turn = self.turn
  while turn == self.turn and self.stream do
    local piece, message, kind, is_there = self.stream:poll()
    if piece == nil then
      local was_busy = self:is_busy()
      stop_remembering(self)
      drop_stream(self)
      self.state = "silent"
      if was_busy then call(self.on_failed, message, kind) end
    elseif piece == false then
      if self.state == "remembering" then return self:remember() end
      self.conversation_tokens = self.stream:tokens() or 0
      return finish(self, self.stream:finish_reason())
    elseif is_there then
      hear(self, piece)
    else
      return
    end
  end
end

---- memory

function Character:wants_to_remember()
  local most = self.options.summarize_above
  if most == 0 then most = self.options.context * 3 / 4 end
  return self.state == "silent" and most > 0 and self.conversation_tokens > most
end

-- A fork of the conversation is asked for a summary, while nobody speaks with this one.
function Character:start_remembering()
  self.conversation_tokens = 0  -- asked once an answer
  local scratch = self.session:fork()
  if not scratch then return end
  local stream = scratch:set_sampling{max_new_tokens = self.options.summary_tokens}
    and scratch:add("user", self.options.summary_request) and scratch:stream()
  if not stream then return scratch:close() end
  self.scratch, self.stream, self.summary, self.state = scratch, stream, "", "remembering"
  self.turn = self.turn + 1
end

function Character:remember()
  local summary = self.summary
  stop_remembering(self)
  local messages = summary ~= "" and self.session:messages()
  if not messages then return end
  local from, turns = nil, 0
  for i = #messages, 2, -1 do
    if messages[i].role == "user" then turns = turns + 1 end
    if turns >= math.max(self.options.keep_turns, 1) then
      from = i
      break
    end
  end
  if not from or from <= 2 then return end
  local kept = {}
  for i = from, #messages do kept[#kept + 1] = messages[i] end
  if replace(self, kept, self.options.summary_heading .. summary) then call(self.on_summary, summary) end
end

tlite.unset = unset

return tlite
