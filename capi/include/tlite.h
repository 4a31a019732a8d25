/* libtlite for C, and for everything that can call C: runs T-lite-it-1.0 and the Qwen2.5 family.
 *
 *   tlite_model* model = NULL;
 *   tlite_session* session = NULL;
 *   tlite_stream* stream = NULL;
 *   const tlite_piece* piece = NULL;
 *   tlite_error* error = NULL;
 *   if (tlite_model_load(NULL, "T-lite-it-1.0", TLITE_NUL, NULL, &model, &error) == TLITE_OK &&
 *       tlite_session_create(model, NULL, &session, &error) == TLITE_OK &&
 *       tlite_session_add_user(session, "Hello!", TLITE_NUL, &error) == TLITE_OK &&
 *       tlite_session_stream(session, &stream, &error) == TLITE_OK) {
 *     while (tlite_stream_next(stream, &piece, &error) == TLITE_OK && piece != NULL)
 *       fwrite(piece->text.data, 1, piece->text.size, stdout);
 *   }
 *   if (error != NULL) fprintf(stderr, "%s\n", tlite_error_message(error, NULL));
 *   tlite_error_free(error);   tlite_stream_free(stream);
 *   tlite_session_free(session); tlite_model_free(model);
 *
 * The sections stand in the order of use: host, model, sampling, messages, sessions, engine; then
 * the parts that a loop of your own is built from: tokenizer, chat templates, evaluator; then what
 * writes files.
 *
 * The rules, which hold wherever a comment says nothing else:
 *
 * Ownership. What a function hands out through `T** out` is yours: give it to tlite_<T>_free, once,
 *   in any order (a session keeps its model alive). Free functions take NULL. What a function gets
 *   is yours still, and is copied where it is needed after the call. A returned `const char*` or
 *   `const T*` is a view into the object it was asked of; it lives as long as that object unless a
 *   shorter life is named.
 * Errors. A tlite_status of 0 is success, a negative one says what went wrong. On an error the out
 *   parameters are untouched (the exception: `error`) and there is nothing to free. `error` may be
 *   NULL; else `*error` is overwritten with an object that you free, and only on an error: free one
 *   that is still there first. Functions without a status cannot fail; for a NULL object they do
 *   nothing or return 0, NULL or what their comment says. A NULL for any other parameter that is
 *   not called optional is TLITE_ERROR_INVALID_ARGUMENT. Nothing aborts, exits, throws or writes to
 *   stdout or stderr.
 * Names. tlite_<T>_get_<x> hands x out through a parameter; a function that returns a value is
 *   called after the value: tlite_<T>_<x>.
 * Text is UTF-8, as a pointer and a size in bytes. A size of TLITE_NUL means that the text ends at
 *   its NUL. NULL is the empty text. Text that is handed out is followed by a NUL that its size
 *   does not count. Paths are UTF-8 on every system, with '/' between their parts.
 * Unset is -1, TLITE_UNSET, for numbers, ids and constants, empty for texts, and NULL for pointers
 *   and lists. Where -1 has a meaning (a seed, a time), a field has_<x> says whether x counts.
 * Structures are passed by pointer. Those with a `struct_size` grow at their end in later versions:
 *   have tlite_<T>_init(&x, sizeof x) fill in the defaults, then change what you want. A size that
 *   no version had (0 is one) is TLITE_ERROR_INVALID_ARGUMENT; one of a newer version is fine as
 *   long as what this library does not know is zero, else it is TLITE_ERROR_NOT_SUPPORTED; and so
 *   is a `reserved` that is not 0. NULL for options means defaults. Those that the library hands
 *   out carry the size that it knows. All others never change.
 * Flags are 0 for no and anything else for yes.
 * Constants are int32_t, and so is every type that stands for a set of them. Each set has a
 *   negative member, so that bindings that derive the type from its members get a signed one. What
 *   is given and is not of its set is INVALID_ARGUMENT; what is, but not taken in that place, is
 *   NOT_SUPPORTED. Sets get members in later versions: what a library gives out may be a number
 *   that your header does not know, whose name tlite_<set>_name tells.
 * Callbacks get their `user` pointer last, run on the thread that made the call with no lock held,
 *   and must not throw. A tlite_progress_callback or tlite_piece_callback answers 0 to go on;
 *   anything else stops the work. A callback may free any object, the one at work included, which
 *   then works on to its end, and may cancel; any other call on the object at work gives
 *   TLITE_ERROR_BAD_STATE.
 * Cancelling. tlite_session_cancel, tlite_evaluator_cancel and tlite_progress_cancel mean the same:
 *   what runs stops within one unit of work, some milliseconds. A cancel that finds nothing running
 *   is kept for the next call, so that none is lost between two. It is used up by what it stops;
 *   one that came too late for what it was meant for is forgotten by tlite_session_clear_cancel,
 *   tlite_evaluator_clear_cancel and tlite_progress_reset. The three may be called from any thread,
 *   from callbacks and from signal handlers (they are async-signal-safe: they set atomic flags), as
 *   long as the object is not freed meanwhile.
 * Threads. Hosts, models, tokenizers and chat templates never change, and an engine may be used by
 *   any number of threads: share them freely. Every other object belongs to one thread at a time,
 * also where a parameter is const, save for the functions marked "any thread". A session or
 * evaluator that is in use by another thread answers TLITE_ERROR_BAD_STATE. An object must not be
 * freed while another thread uses it. Unloading. When the last model, session, evaluator and engine
 * is freed no thread of ours is left, and the library may be unloaded (docs/c-abi.md, Unloading).
 */
#ifndef TLITE_H
#define TLITE_H

#include <stddef.h>
#include <stdint.h>

/* Attributes are for the library's own build: a user's parser need not know them. */
#if defined(_WIN32) && defined(TLITE_C_BUILDING)
#define TLITE_C_API __declspec(dllexport)
#elif defined(_WIN32) && defined(TLITE_C_SHARED)
#define TLITE_C_API __declspec(dllimport)
#elif defined(__GNUC__) && defined(TLITE_C_BUILDING)
#define TLITE_C_API __attribute__((visibility("default")))
#else
#define TLITE_C_API
#endif

#if defined(__cplusplus) && __cplusplus >= 201103L
#define TLITE_NOEXCEPT noexcept
#else
#define TLITE_NOEXCEPT
#endif

#if defined(__cplusplus)
extern "C" {
#endif

/* ---- Versions ---------------------------------------------------------------------------------
 */

/* The ABI of this header, and both numbers in one: 65536 * major + minor. A program runs with a
 * library of the same major number and the same or a higher minor number. */
enum { TLITE_ABI_MAJOR = 1, TLITE_ABI_MINOR = 0 };
#define TLITE_ABI_VERSION 65536u

/* The ABI of the library that is loaded. */
TLITE_C_API uint32_t tlite_abi_version(void) TLITE_NOEXCEPT;

/* The version of the library that is loaded, "0.1.0"; lives for ever. */
TLITE_C_API const char* tlite_version(void) TLITE_NOEXCEPT;

/* ---- Status and errors ------------------------------------------------------------------------
 */

typedef int32_t tlite_status;
enum tlite_status_values {
  TLITE_OK = 0,
  TLITE_ERROR_INVALID_ARGUMENT = -1, /* a parameter is out of its documented range */
  TLITE_ERROR_NOT_FOUND = -2,        /* a file, token or name does not exist */
  TLITE_ERROR_IO = -3,               /* the operating system refused to read or write */
  TLITE_ERROR_CORRUPT = -4,          /* a file contradicts itself or its format */
  TLITE_ERROR_NOT_SUPPORTED = -5,    /* well-formed, but a kind that this library does not run */
  TLITE_ERROR_OUT_OF_MEMORY = -6,    /* an allocation failed or a memory cap would be exceeded */
  /* A cancel or a callback stopped a load or a batch. Answers that are stopped are no error: their
   * reason is TLITE_FINISH_CANCELLED. */
  TLITE_ERROR_CANCELLED = -7,
  TLITE_ERROR_CONTEXT_FULL = -8, /* the tokens do not fit, and the policy says error */
  TLITE_ERROR_BAD_TEMPLATE = -9, /* a chat template failed */
  TLITE_ERROR_BAD_STATE = -10,   /* the call is not allowed now: see Threads above */
  TLITE_ERROR_INTERNAL = -100    /* a bug in this library; please report it */
};

/* "ok", "invalid_argument", ..., "unknown" for any other number; lives for ever. */
TLITE_C_API const char* tlite_status_name(tlite_status status) TLITE_NOEXCEPT;

typedef struct tlite_error tlite_error;

/* TLITE_OK for NULL. */
TLITE_C_API tlite_status tlite_error_status(const tlite_error* error) TLITE_NOEXCEPT;
/* One line that names what was wrong: the file, the field, the value. `size` is optional. The empty
 * text for NULL. */
TLITE_C_API const char* tlite_error_message(const tlite_error* error, size_t* size) TLITE_NOEXCEPT;
TLITE_C_API void tlite_error_free(tlite_error* error) TLITE_NOEXCEPT;

/* Whether a program of the ABI `wanted`, TLITE_ABI_VERSION of its header, runs with this library:
 * else NOT_SUPPORTED, and the message names both. Call it once, before anything else. */
TLITE_C_API tlite_status tlite_check_abi(uint32_t wanted, tlite_error** error) TLITE_NOEXCEPT;

/* ---- Texts and ids ----------------------------------------------------------------------------
 */

/* As a size: the text ends at its NUL. Not a constant below, as those are int32_t. Languages whose
 * strings know their size never need it. */
#define TLITE_NUL ((size_t)-1)

/* A number, id or constant that is not given. */
enum { TLITE_UNSET = -1 };

/* A view of a text inside a structure. */
typedef struct tlite_text {
  const char* data;
  size_t size;
} tlite_text;

/* The bytes [begin, end) of a text. */
typedef struct tlite_text_range {
  size_t begin;
  size_t end;
} tlite_text_range;

/* A list of token ids inside a structure. */
typedef struct tlite_token_list {
  const int32_t* data;
  size_t size;
} tlite_token_list;

/* A text that the library made. */
typedef struct tlite_string tlite_string;
/* `size` is optional. */
TLITE_C_API const char* tlite_string_data(const tlite_string* string, size_t* size) TLITE_NOEXCEPT;
TLITE_C_API void tlite_string_free(tlite_string* string) TLITE_NOEXCEPT;

/* A list of token ids that the library made. */
typedef struct tlite_tokens tlite_tokens;
/* `count` is optional. */
TLITE_C_API const int32_t* tlite_tokens_data(const tlite_tokens* tokens,
                                             size_t* count) TLITE_NOEXCEPT;
TLITE_C_API void tlite_tokens_free(tlite_tokens* tokens) TLITE_NOEXCEPT;

/* ---- Host: what the program around the library supplies ----------------------------------------
 */

typedef int32_t tlite_log_level;
enum tlite_log_level_values {
  TLITE_LOG_INVALID = -1,
  TLITE_LOG_DEBUG = 0,
  TLITE_LOG_INFO = 1,
  TLITE_LOG_WARNING = 2,
  TLITE_LOG_ERROR = 3
};

/* "debug", ...; "unknown" for any other number; lives for ever. */
TLITE_C_API const char* tlite_log_level_name(tlite_log_level level) TLITE_NOEXCEPT;

typedef void (*tlite_release_callback)(void* user);
/* One line without its newline. */
typedef void (*tlite_log_callback)(tlite_log_level level, const char* text, size_t text_size,
                                   void* user);
/* NULL where there is no memory. `alignment` is a power of two, `bytes` any number. */
typedef void* (*tlite_allocate_callback)(size_t bytes, size_t alignment, void* user);
typedef void (*tlite_deallocate_callback)(void* memory, size_t bytes, size_t alignment, void* user);
/* Paths come as they were given to a load, with '/' and a file's name behind where that was a
 * directory: "model" becomes "model/config.json", "./model/" "./model/config.json". */
typedef int32_t (*tlite_file_test_callback)(const char* path, size_t path_size, void* user);
/* On TLITE_OK `*data` and `*size` are the whole file, at any alignment, and stay until `file_close`
 * gets `*file`, which may be NULL. Else TLITE_ERROR_NOT_FOUND, TLITE_ERROR_OUT_OF_MEMORY or, for all
 * else, TLITE_ERROR_IO, and nothing is closed. A load opens some files more than once. */
typedef tlite_status (*tlite_file_open_callback)(const char* path, size_t path_size,
                                                 const void** data, size_t* size, void** file,
                                                 void* user);
typedef void (*tlite_file_close_callback)(void* file, void* user);
/* Tells what a directory holds: tlite_file_names_add for the name of each file, without the path, in
 * any order. Names of directories do no harm. Errors as of file_open. */
typedef struct tlite_file_names tlite_file_names;
typedef tlite_status (*tlite_file_list_callback)(const char* directory, size_t directory_size,
                                                 tlite_file_names* names, void* user);
/* Within that callback alone. INVALID_ARGUMENT for an empty name and for one with a '/' or a NUL. */
TLITE_C_API tlite_status tlite_file_names_add(tlite_file_names* names, const char* name,
                                              size_t name_size, tlite_error** error) TLITE_NOEXCEPT;

/* All callbacks of a host may be called from any thread that uses one of its objects, from several
 * at once. */
typedef struct tlite_host_options {
  uint32_t struct_size;
  int32_t threads; /* where sessions and others do not say. Unset: one per physical core */

  void* user; /* of all callbacks here; must live until `release` */
  /* Optional: called once, when the host and all that was made with it are gone. */
  tlite_release_callback release;

  tlite_log_callback log; /* NULL: silent */

  /* Of the large buffers: weights, KV cache, scratch. Give both or none. */
  tlite_allocate_callback allocate;
  tlite_deallocate_callback deallocate;

  /* In place of the operating system's files, to read from archives or memory. Give both or none.
   * A single file that is a model is called *.gguf or begins as one. */
  tlite_file_open_callback file_open;
  tlite_file_close_callback file_close;
  /* Optional with these; else a file exists where file_open finds it, and what it does not find is
   * a directory. */
  tlite_file_test_callback file_exists;
  tlite_file_test_callback file_is_directory;
  /* Optional with these: to find the one .gguf file of a directory that is given as a model, whose
   * parts lie beside it; without, such a file must be named itself. All else is opened by name. */
  tlite_file_list_callback file_list;
} tlite_host_options;

typedef struct tlite_host tlite_host;

/* Fills in the defaults for a structure of `struct_size` bytes; so do all functions of this name.
 * INVALID_ARGUMENT for NULL and for a size that no version had. */
TLITE_C_API tlite_status tlite_host_options_init(tlite_host_options* options,
                                                 size_t struct_size) TLITE_NOEXCEPT;

/* `options` is optional. Wherever a host is asked for, NULL is one of defaults. When this fails,
 * `release` is not called. */
TLITE_C_API tlite_status tlite_host_create(const tlite_host_options* options, tlite_host** out,
                                           tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API void tlite_host_free(tlite_host* host) TLITE_NOEXCEPT;

/* ---- Progress of long calls -------------------------------------------------------------------
 */

/* `done` of `total`: tokens of a prompt, rows of a batch; parts of 1,000,000 while a model is
 * loaded, quantized or measured. Not 0 stops the work. */
typedef int32_t (*tlite_progress_callback)(int64_t done, int64_t total, void* user);

/* How far a load or another long call is, and its brake, for programs that want no callback: load
 * on one thread, ask and cancel on another. For one call at a time. */
typedef struct tlite_progress tlite_progress;
TLITE_C_API tlite_status tlite_progress_create(tlite_progress** out,
                                               tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API void tlite_progress_free(tlite_progress* progress) TLITE_NOEXCEPT;
/* What a callback would have been told last, 0 of 0 before the first time. Both are optional. Any
 * thread. */
TLITE_C_API void tlite_progress_get(const tlite_progress* progress, int64_t* done,
                                    int64_t* total) TLITE_NOEXCEPT;
/* The call ends with CANCELLED, a beam search with what it has; or the next one does. Any thread;
 * see Cancelling. */
TLITE_C_API void tlite_progress_cancel(tlite_progress* progress) TLITE_NOEXCEPT;
/* As new: 0 of 0, and a cancel that stopped nothing is forgotten. Any thread. */
TLITE_C_API void tlite_progress_reset(tlite_progress* progress) TLITE_NOEXCEPT;

/* ---- Model ------------------------------------------------------------------------------------
 */

/* Storage types of weights and KV caches; from Q8_0 on, GGUF's block formats of the same names. */
typedef int32_t tlite_data_type;
/* Attention multiplies in f32, but over a KV cache of BF16, where queries and attention weights are
 * rounded to bf16 as well; in layers with huge key biases BF16's keys and values and Q8_0's keys
 * are f16. */
enum tlite_data_type_values {
  TLITE_DATA_TYPE_AUTO = -1, /* unset: for a KV cache f32 for f32 weights, else f16 */
  TLITE_DATA_TYPE_F32 = 0,
  TLITE_DATA_TYPE_F16 = 1,
  TLITE_DATA_TYPE_BF16 = 2,
  TLITE_DATA_TYPE_Q8_0 = 3,
  TLITE_DATA_TYPE_Q4_0 = 4,
  TLITE_DATA_TYPE_Q4_1 = 5,
  TLITE_DATA_TYPE_Q5_0 = 6,
  TLITE_DATA_TYPE_Q5_1 = 7,
  TLITE_DATA_TYPE_Q2_K = 8,
  TLITE_DATA_TYPE_Q3_K = 9,
  TLITE_DATA_TYPE_Q4_K = 10,
  TLITE_DATA_TYPE_Q5_K = 11,
  TLITE_DATA_TYPE_Q6_K = 12,
  TLITE_DATA_TYPE_IQ4_NL = 13,
  TLITE_DATA_TYPE_IQ4_XS = 14
};
/* "f32", "q4_k", ...; "unknown" for any other number; lives for ever. */
TLITE_C_API const char* tlite_data_type_name(tlite_data_type type) TLITE_NOEXCEPT;

/* Which type each matrix gets, by the names under which GGUF files go around: see quantize.hpp. */
typedef int32_t tlite_weight_mix;
enum tlite_weight_mix_values {
  TLITE_WEIGHT_MIX_AS_STORED = -1, /* unset: for a load */
  TLITE_WEIGHT_MIX_F32 = 0,
  TLITE_WEIGHT_MIX_F16 = 1,
  TLITE_WEIGHT_MIX_BF16 = 2,
  TLITE_WEIGHT_MIX_Q8_0 = 3,
  TLITE_WEIGHT_MIX_Q4_0 = 4,
  TLITE_WEIGHT_MIX_Q4_1 = 5,
  TLITE_WEIGHT_MIX_Q5_0 = 6,
  TLITE_WEIGHT_MIX_Q5_1 = 7,
  TLITE_WEIGHT_MIX_Q2_K = 8,
  TLITE_WEIGHT_MIX_Q3_K_S = 9,
  TLITE_WEIGHT_MIX_Q3_K_M = 10,
  TLITE_WEIGHT_MIX_Q3_K_L = 11,
  TLITE_WEIGHT_MIX_Q4_K_S = 12,
  TLITE_WEIGHT_MIX_Q4_K_M = 13,
  TLITE_WEIGHT_MIX_Q5_K_S = 14,
  TLITE_WEIGHT_MIX_Q5_K_M = 15,
  TLITE_WEIGHT_MIX_Q6_K = 16,
  TLITE_WEIGHT_MIX_IQ4_NL = 17,
  TLITE_WEIGHT_MIX_IQ4_XS = 18
};
/* "q4_k_m", ...; "unknown" for any other number; lives for ever. */
TLITE_C_API const char* tlite_weight_mix_name(tlite_weight_mix mix) TLITE_NOEXCEPT;
/* The mix of that name, whatever the case. INVALID_ARGUMENT. */
TLITE_C_API tlite_status tlite_weight_mix_parse(const char* name, size_t name_size,
                                                tlite_weight_mix* out,
                                                tlite_error** error) TLITE_NOEXCEPT;

typedef struct tlite_load_options {
  uint32_t struct_size;
  int32_t check_weights; /* default 0; else read the whole file and look for NaN and infinity */
  /* Quantize the matrices of a model that is not quantized while it is loaded; AS_STORED is the
   * default. BF16 for a model stored in bf16 too: what its matrices multiply is then rounded to
   * bf16 as well, as llama.cpp does, and they are packed into memory of their own, which is much
   * faster where the processor has bf16 products. F32 and F16 are NOT_SUPPORTED, a model that is
   * quantized already is INVALID_ARGUMENT. */
  tlite_weight_mix weights;
  /* Default 0: weights are mapped. Else they are read into memory of the host's allocator, which
   * stays what it is when a file is cut short, replaced or its disk goes away, where a look into a
   * mapping kills the process (SIGBUS). Without effect where the host has file callbacks. */
  int32_t read_into_memory;
  /* A directory for the packed form of quantized weights, which later loads map; empty, the
   * default: none. Safe to delete; without effect where the host has file callbacks. */
  tlite_text packed_cache;
  tlite_progress_callback on_progress; /* optional */
  void* user;
  tlite_progress* progress; /* optional */
} tlite_load_options;

TLITE_C_API tlite_status tlite_load_options_init(tlite_load_options* options,
                                                 size_t struct_size) TLITE_NOEXCEPT;

typedef struct tlite_model tlite_model;

/* `path`: a Hugging Face directory or a .gguf file. `options` is optional. NOT_FOUND, IO, CORRUPT,
 * NOT_SUPPORTED, OUT_OF_MEMORY, CANCELLED. */
TLITE_C_API tlite_status tlite_model_load(const tlite_host* host, const char* path,
                                          size_t path_size, const tlite_load_options* options,
                                          tlite_model** out, tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API void tlite_model_free(tlite_model* model) TLITE_NOEXCEPT;
/* Rows of the embedding table, padding included: the number of logits, and the bound of the ids
 * that the model takes. A tokenizer may know fewer: tlite_tokenizer_vocab_size. 0 without a
 * model. */
TLITE_C_API int32_t tlite_model_vocab_size(const tlite_model* model) TLITE_NOEXCEPT;
/* Numbers of a hidden state, and so of an embedding. 0 without a model. */
TLITE_C_API int32_t tlite_model_hidden_size(const tlite_model* model) TLITE_NOEXCEPT;
/* The instruction set of the kernels that it runs on: "scalar", "avx2", "avx_vnni", "avx512",
 * "amx", "neon" or "neon_i8mm"; the environment variable TLITE_CPU forces one at load. On a
 * processor with AMX the first load asks Linux for its registers (arch_prctl), for the whole
 * process; with TLITE_CPU=avx512 it does not. Lives for ever; "unknown" without a model. */
TLITE_C_API const char* tlite_model_cpu_tier(const tlite_model* model) TLITE_NOEXCEPT;
/* Bytes of weights that a decoded token must read: memory bandwidth over this bounds the speed of a
 * sequence. 0 without a model. */
TLITE_C_API uint64_t tlite_model_decode_bytes(const tlite_model* model) TLITE_NOEXCEPT;

/* What a checkpoint is. Numbers are named as in Hugging Face's config.json. */
typedef struct tlite_model_info {
  uint32_t struct_size;        /* what this library knows */
  tlite_data_type weight_type; /* of the matrices; norms and biases may differ */
  tlite_text path;
  tlite_text name;          /* file or directory name, or the file's own metadata */
  tlite_text format;        /* "safetensors" or "gguf" */
  tlite_text architecture;  /* "qwen2" */
  uint64_t parameter_count; /* tied embeddings counted once */
  uint64_t weight_bytes;
  const int32_t* eos_token_ids;
  size_t eos_token_id_count;
  int32_t has_chat_template;
  int32_t vocab_size; /* as tlite_model_vocab_size tells it */
  int32_t hidden_size;
  int32_t intermediate_size;
  int32_t num_hidden_layers;
  int32_t num_attention_heads;
  int32_t num_key_value_heads;
  int32_t head_dim;
  int32_t max_position_embeddings;
  int32_t tie_word_embeddings;
  double rope_theta;
  double yarn_factor; /* 1: positions are not scaled by yarn */
  float rms_norm_eps;
  int32_t sliding_window; /* unset: none */
} tlite_model_info;

/* What a loaded model is. */
TLITE_C_API tlite_status tlite_model_get_info(const tlite_model* model, tlite_model_info** out,
                                              tlite_error** error) TLITE_NOEXCEPT;
/* What a checkpoint is, without loading it; reads headers only. */
TLITE_C_API tlite_status tlite_model_inspect(const tlite_host* host, const char* path,
                                             size_t path_size, tlite_model_info** out,
                                             tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API void tlite_model_info_free(tlite_model_info* info) TLITE_NOEXCEPT;
/* All of it as a JSON object. */
TLITE_C_API tlite_status tlite_model_info_to_json(const tlite_model_info* info, tlite_string** out,
                                                  tlite_error** error) TLITE_NOEXCEPT;

/* How a model is loaded, and the evaluator that runs it: its options by the same names. The
 * defaults are those of a session, which has one sequence and one row of logits. */
typedef struct tlite_plan_options {
  uint32_t struct_size;
  int32_t context;          /* tokens kept in the KV cache. Default 4096 */
  int32_t max_sequences;    /* default 1; an evaluator's is 64 */
  int32_t max_batch_rows;   /* tokens in one forward pass. Default 512 */
  int32_t max_logits_rows;  /* default 1; an evaluator's is 64 */
  int32_t threads;          /* unset: the host's number */
  tlite_data_type kv_type;  /* AUTO, F32, F16, BF16 or Q8_0 */
  tlite_weight_mix weights; /* as for the load, and so are the next two */
  int32_t read_into_memory;
  int32_t max_hidden_rows; /* default 0, as an evaluator's */
  tlite_text packed_cache;
} tlite_plan_options;

/* Bytes of memory by class. */
typedef struct tlite_memory_plan {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t weights;          /* mapped from files as stored */
  uint64_t weights_resident; /* copied into memory of our own */
  uint64_t kv_cache;
  uint64_t scratch; /* activations, logits and hidden states */
  uint64_t total;
} tlite_memory_plan;

TLITE_C_API tlite_status tlite_plan_options_init(tlite_plan_options* options,
                                                 size_t struct_size) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_memory_plan_init(tlite_memory_plan* plan,
                                                size_t struct_size) TLITE_NOEXCEPT;
/* What a load and an evaluator of these options take of the host's allocator, to the byte (but for
 * `weights`, which are mapped). Each further evaluator or session, forks included, takes kv_cache
 * and scratch once more. Reads headers only. `options` is optional. Fills `*out`, whose struct_size
 * says how much. */
TLITE_C_API tlite_status tlite_model_plan(const tlite_host* host, const char* path,
                                          size_t path_size, const tlite_plan_options* options,
                                          tlite_memory_plan* out,
                                          tlite_error** error) TLITE_NOEXCEPT;

/* ---- Sampling ---------------------------------------------------------------------------------
 */

typedef struct tlite_logit_bias {
  int32_t token;
  float bias; /* added; -infinity bans the token */
} tlite_logit_bias;

/* Added to the last token of `tokens` where what came before ends with the others. */
typedef struct tlite_sequence_bias {
  tlite_token_list tokens;
  float bias;
  uint32_t reserved; /* 0 */
} tlite_sequence_bias;

/* Order: a logits callback, allowed tokens, bias, penalties, DRY, n-grams and bad words, shortest
 * length, the end of thinking, forced ends, decay, suppression; then, where tokens are drawn,
 * top_n_sigma, temperature, top_k, top_p, min_p, typical_p, epsilon, eta, XTC, dynamic temperature,
 * adaptive_p; or temperature and mirostat. Where a field has the name of one of transformers',
 * which a generation_config.json may set, it means the same. The lists are yours and are copied by
 * the functions that take them. */
typedef struct tlite_sampling_params {
  uint32_t struct_size;
  /* What is drawn from. */
  float temperature;    /* >= 0; 0 is greedy. Default 1 */
  int32_t top_k;        /* keep the k largest and their ties; 0: all */
  float top_p;          /* (0, 1]: the smallest set that reaches p. Default 1 */
  float min_p;          /* [0, 1]: drop what is less likely than min_p times the likeliest */
  float typical_p;      /* (0, 1]. Default 1: off */
  float epsilon_cutoff; /* [0, 1): drop what is less likely */
  float eta_cutoff;     /* [0, 1): the same, less where much is likely */
  /* Penalties, and which tokens may come. */
  float repetition_penalty;     /* > 0, over prompt and output. Default 1 */
  float presence_penalty;       /* subtracted once per token that is in the output */
  float frequency_penalty;      /* subtracted per occurrence in the output */
  int32_t no_repeat_ngram_size; /* no n tokens twice, prompt included; 0: off */
  int32_t forced_bos_token_id;  /* behind a prompt of one token comes this; unset: what is drawn */
  /* Lengths and ends. */
  int32_t max_new_tokens;         /* unset, the default: until the context is full */
  int32_t min_new_tokens;         /* no end of sequence and no stop id before this many */
  int32_t max_length;             /* of prompt and answer, where max_new_tokens is unset */
  int32_t min_length;             /* the same beside min_new_tokens */
  int32_t length_decay_start;     /* from this token of the answer on the end gets likelier */
  float length_decay_factor;      /* > 0; the penalty grows as its power. Default 1 */
  int32_t ignore_eos;             /* go on after an end-of-sequence token */
  int32_t include_stop_in_output; /* keep the stop string in the text */
  int32_t logprobs;  /* unset, the default: none; 0: of the chosen; n <= 64: and of n likeliest */
  uint32_t reserved; /* 0 */
  int32_t has_seed;  /* default 0: drawn from the operating system */
  uint64_t seed;
  /* Lists. */
  const tlite_logit_bias* logit_bias;
  size_t logit_bias_count;
  const tlite_sequence_bias* sequence_bias;
  size_t sequence_bias_count;
  const int32_t* suppress_tokens; /* never chosen */
  size_t suppress_token_count;
  const int32_t* begin_suppress_tokens; /* not as the first of the answer */
  size_t begin_suppress_token_count;
  const tlite_token_list* bad_words; /* sequences that never become complete */
  size_t bad_word_count;
  const int32_t* forced_eos_token_ids; /* one of these is the last that max_new_tokens allows */
  size_t forced_eos_token_id_count;
  const int32_t* stop_token_ids; /* beside the model's own end-of-sequence set */
  size_t stop_token_id_count;
  const tlite_text* stop; /* strings that end the answer, none empty */
  size_t stop_count;
  const int32_t* allowed_token_ids; /* nothing but these may come; empty: all */
  size_t allowed_token_id_count;
  const tlite_token_list* dry_sequence_breakers; /* no repetition reaches over one of them */
  size_t dry_sequence_breaker_count;
  /* llama.cpp's samplers, with its names, defaults and meaning. Each is off by default. */
  float top_n_sigma;     /* > 0: keep logits within n standard deviations of the largest */
  float xtc_probability; /* [0, 1]: how often, of the tokens that reach the threshold, all but */
  float xtc_threshold;   /* the least likely go. Default 0.1; above 0.5 never */
  float dry_multiplier;  /* > 0: what goes on with a repetition loses multiplier * */
  float dry_base;        /* base^(its length - allowed length). Default 1.75 */
  int32_t dry_allowed_length; /* default 2 */
  int32_t dry_penalty_last_n; /* tokens looked at; unset, the default: all */
  int32_t mirostat;           /* 1 or 2: the version, in place of all filters */
  float mirostat_tau;         /* the surprise aimed at, in bits. Default 5 */
  float mirostat_eta;         /* how fast it learns. Default 0.1 */
  float dynatemp_range;       /* > 0: temperatures from temperature - range to + range */
  float dynatemp_exponent;    /* default 1 */
  float adaptive_target;      /* [0, 1]: draw near this probability. Default -1: off */
  float adaptive_decay;       /* [0, 0.99]. Default 0.9 */
  /* Tokens that may follow an open <think>, those of the prompt included; then </think> comes.
   * Unset, the default: any number. A model that has no such tokens takes nothing else. */
  int32_t thinking_budget;
  uint32_t reserved2; /* 0 */
} tlite_sampling_params;

/* Changes the logits of the token behind `tokens`, prompt and answer, before all that the sampling
 * parameters do; logprobs stay those of the model. -infinity bans a token; NaN and +infinity fail
 * the answer. Other than 0 ends it with TLITE_FINISH_CANCELLED, what it has said stays. Runs on the
 * thread that works on the answer, and may call nothing that works on answers of the same engine or
 * session: BAD_STATE. */
typedef int32_t (*tlite_logits_callback)(const int32_t* tokens, size_t token_count, float* logits,
                                         size_t logit_count, void* user);

TLITE_C_API tlite_status tlite_sampling_params_init(tlite_sampling_params* params,
                                                    size_t struct_size) TLITE_NOEXCEPT;
/* Fills in a named set: "greedy", "vllm", "huggingface", "llama_cpp". Lists come out empty. Fills
 * `*out`, whose struct_size says how much. */
TLITE_C_API tlite_status tlite_sampling_params_get_preset(const char* name, size_t name_size,
                                                          tlite_sampling_params* out,
                                                          tlite_error** error) TLITE_NOEXCEPT;
/* The model's own generation_config.json. Fills `*out`, whose struct_size says how much; its lists
 * live as long as the model. */
TLITE_C_API tlite_status tlite_model_get_default_sampling(const tlite_model* model,
                                                          tlite_sampling_params* out,
                                                          tlite_error** error) TLITE_NOEXCEPT;
/* INVALID_ARGUMENT names the field and the value that is out of range. `vocab_size`: the model's,
 * tlite_model_vocab_size. */
TLITE_C_API tlite_status tlite_sampling_params_validate(const tlite_sampling_params* params,
                                                        int32_t vocab_size,
                                                        tlite_error** error) TLITE_NOEXCEPT;

/* How likely a token was. */
typedef struct tlite_token_logprob {
  int32_t token;
  float logprob; /* natural logarithm */
  int32_t rank;  /* 1: the likeliest */
  uint32_t reserved;
  tlite_text bytes; /* that the token stands for: not necessarily whole characters */
} tlite_token_logprob;

/* ---- Messages ---------------------------------------------------------------------------------
 */

typedef struct tlite_tool_call {
  tlite_text name;
  tlite_text arguments_json; /* a JSON object; empty: one without members */
  tlite_text id;             /* empty: none */
  uint32_t reserved[4];      /* 0 */
} tlite_tool_call;

typedef struct tlite_message {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  tlite_text role;   /* "system", "user", "assistant", "tool", or what the template knows */
  tlite_text content;
  const tlite_tool_call* tool_calls;
  size_t tool_call_count;
  tlite_text tool_call_id; /* for role "tool"; empty: none */
  tlite_text name;         /* empty: none */
} tlite_message;

TLITE_C_API tlite_status tlite_message_init(tlite_message* message,
                                            size_t struct_size) TLITE_NOEXCEPT;

/* A list of messages. */
typedef struct tlite_messages tlite_messages;

TLITE_C_API tlite_status tlite_messages_create(tlite_messages** out,
                                               tlite_error** error) TLITE_NOEXCEPT;
/* From a JSON array of objects, as Hugging Face and OpenAI write them. INVALID_ARGUMENT names the
 * message and the field. */
TLITE_C_API tlite_status tlite_messages_parse(const char* json, size_t json_size,
                                              tlite_messages** out,
                                              tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API void tlite_messages_free(tlite_messages* messages) TLITE_NOEXCEPT;
/* INVALID_ARGUMENT where arguments_json of a tool call is no JSON object, naming the call; so does
 * tlite_session_add_message. */
TLITE_C_API tlite_status tlite_messages_add(tlite_messages* messages, const tlite_message* message,
                                            tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API size_t tlite_messages_count(const tlite_messages* messages) TLITE_NOEXCEPT;
/* Fills `*out`, whose struct_size says how much; its texts live as long as the list.
 * INVALID_ARGUMENT for an index that is not below the count. */
TLITE_C_API tlite_status tlite_messages_get(const tlite_messages* messages, size_t index,
                                            tlite_message* out, tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_messages_to_json(const tlite_messages* messages, tlite_string** out,
                                                tlite_error** error) TLITE_NOEXCEPT;

/* ---- Session: a conversation ------------------------------------------------------------------
 */

/* What happens when prompt and answer do not fit in the context. */
typedef int32_t tlite_overflow_policy;
enum tlite_overflow_policy_values {
  TLITE_OVERFLOW_INVALID = -1,
  TLITE_OVERFLOW_STOP = 0,       /* the answer ends; a prompt that is too long is CONTEXT_FULL */
  TLITE_OVERFLOW_ERROR = 1,      /* CONTEXT_FULL, and the conversation is as before */
  TLITE_OVERFLOW_DROP_OLDEST = 2 /* the oldest turns are forgotten, the system message stays */
};
/* "stop", ...; "unknown" for any other number; lives for ever. */
TLITE_C_API const char* tlite_overflow_policy_name(tlite_overflow_policy policy) TLITE_NOEXCEPT;

typedef int32_t tlite_finish_reason;
enum tlite_finish_reason_values {
  TLITE_FINISH_INVALID = -1,
  TLITE_FINISH_NONE = 0,        /* not finished */
  TLITE_FINISH_END_OF_TEXT = 1, /* the model ended its turn */
  TLITE_FINISH_STOP_TOKEN = 2,
  TLITE_FINISH_STOP_STRING = 3,
  TLITE_FINISH_LENGTH = 4, /* max_new_tokens */
  TLITE_FINISH_CONTEXT_FULL = 5,
  TLITE_FINISH_CANCELLED = 6, /* by tlite_session_cancel or a callback */
  TLITE_FINISH_DEADLINE = 7,  /* these two for requests of an engine alone, never for a session */
  TLITE_FINISH_FAILED = 8
};
/* "none", "end_of_text", ...; "unknown" for any other number; lives for ever. */
TLITE_C_API const char* tlite_finish_reason_name(tlite_finish_reason reason) TLITE_NOEXCEPT;

typedef struct tlite_session_options {
  uint32_t struct_size;
  int32_t context;         /* tokens, prompt and answers together. Default 4096 */
  int32_t threads;         /* unset: the host's number */
  int32_t max_batch_rows;  /* default 512 */
  tlite_data_type kv_type; /* AUTO, F32, F16, BF16 or Q8_0 */
  tlite_overflow_policy overflow;
  int32_t parse_special_in_messages; /* default 0: <|im_start|> in a message is plain text */
  uint32_t reserved;                 /* 0 */
  tlite_text tools_json;             /* tool definitions for the template; empty: none */
  tlite_text template_json;          /* further template variables; empty: none */
} tlite_session_options;

TLITE_C_API tlite_status tlite_session_options_init(tlite_session_options* options,
                                                    size_t struct_size) TLITE_NOEXCEPT;

/* One generated token with the text that became visible through it. */
typedef struct tlite_piece {
  uint32_t struct_size;                    /* what this library knows */
  int32_t token;                           /* unset: none, what was held back comes at the end */
  tlite_text text;                         /* whole characters, possibly empty */
  const tlite_token_logprob* logprob;      /* of the token; NULL where not asked for */
  const tlite_token_logprob* top_logprobs; /* of the likeliest, where asked for */
  size_t top_logprob_count;
} tlite_piece;

/* An answer. */
typedef struct tlite_generation {
  uint32_t struct_size; /* what this library knows */
  tlite_finish_reason finish_reason;
  tlite_text text;        /* the stop string cut off or kept, as asked */
  tlite_text stop_string; /* the one that ended it */
  const int32_t* tokens;  /* every sampled id, the ending one included */
  size_t token_count;
  const tlite_token_logprob* logprobs; /* one a token; NULL where not asked for */
  /* Of the likeliest, all tokens' together: token i has the entries [offsets[i], offsets[i + 1]).
   * Both NULL where not asked for. */
  const tlite_token_logprob* top_logprobs;
  const size_t* top_logprob_offsets;
  size_t top_logprob_count; /* offsets[token_count] */
  int32_t prompt_tokens;    /* of the whole prompt */
  int32_t cached_tokens;    /* of these, taken from the KV cache */
  int32_t dropped_messages; /* by TLITE_OVERFLOW_DROP_OLDEST */
  uint32_t reserved;
  double prefill_seconds;
  double decode_seconds;
  /* Of the prompt's own tokens, of a request that asked for them: entry i is of the position
   * prompt_logprobs_start + i, and of the likeliest in its place it has the entries [offsets[i],
   * offsets[i + 1]). Fewer where the request ended before its prompt was computed; NULL where not
   * asked for. */
  const tlite_token_logprob* prompt_logprobs;
  size_t prompt_logprob_count;
  const tlite_token_logprob* prompt_top_logprobs;
  const size_t* prompt_top_logprob_offsets; /* prompt_logprob_count + 1 of them */
  int32_t prompt_logprobs_start;            /* 0 where not asked for */
  uint32_t reserved2;
  const float* embedding; /* of a request with a pooling; NULL where there is none */
  size_t embedding_size;  /* tlite_model_hidden_size, or 0 */
} tlite_generation;

TLITE_C_API void tlite_generation_free(tlite_generation* generation) TLITE_NOEXCEPT;

/* Gets each piece, which lives for the call. Not 0 ends the answer there; what there is stays. */
typedef int32_t (*tlite_piece_callback)(const tlite_piece* piece, void* user);

typedef struct tlite_session tlite_session;
typedef struct tlite_stream tlite_stream;

/* `options` is optional. OUT_OF_MEMORY, INVALID_ARGUMENT. */
TLITE_C_API tlite_status tlite_session_create(const tlite_model* model,
                                              const tlite_session_options* options,
                                              tlite_session** out,
                                              tlite_error** error) TLITE_NOEXCEPT;
/* A stream that is open goes on; free it too. */
TLITE_C_API void tlite_session_free(tlite_session* session) TLITE_NOEXCEPT;
/* Fills `*out`, whose struct_size says how much; its texts live as long as the session. */
TLITE_C_API tlite_status tlite_session_get_options(const tlite_session* session,
                                                   tlite_session_options* out,
                                                   tlite_error** error) TLITE_NOEXCEPT;

/* Until it is set, the model's own. */
TLITE_C_API tlite_status tlite_session_set_sampling(tlite_session* session,
                                                    const tlite_sampling_params* params,
                                                    tlite_error** error) TLITE_NOEXCEPT;
/* Fills `*out`, whose struct_size says how much; its lists live until the next set_sampling. */
TLITE_C_API tlite_status tlite_session_get_sampling(const tlite_session* session,
                                                    tlite_sampling_params* out,
                                                    tlite_error** error) TLITE_NOEXCEPT;

TLITE_C_API tlite_status tlite_session_add_system(tlite_session* session, const char* text,
                                                  size_t text_size,
                                                  tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_session_add_user(tlite_session* session, const char* text,
                                                size_t text_size,
                                                tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_session_add_message(tlite_session* session,
                                                   const tlite_message* message,
                                                   tlite_error** error) TLITE_NOEXCEPT;
/* The conversation as it is now: a copy. */
TLITE_C_API tlite_status tlite_session_get_messages(const tlite_session* session,
                                                    tlite_messages** out,
                                                    tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_session_set_messages(tlite_session* session,
                                                    const tlite_messages* messages,
                                                    tlite_error** error) TLITE_NOEXCEPT;
/* Keeps the first `count` messages. */
TLITE_C_API tlite_status tlite_session_rewind(tlite_session* session, size_t count,
                                              tlite_error** error) TLITE_NOEXCEPT;
/* Forgets all messages, the system message included. */
TLITE_C_API tlite_status tlite_session_reset(tlite_session* session,
                                             tlite_error** error) TLITE_NOEXCEPT;
/* The same conversation twice, sharing the cache of what was said. A logits callback goes with it,
 * a prefill callback does not, nor a cancel. */
TLITE_C_API tlite_status tlite_session_fork(const tlite_session* session, tlite_session** out,
                                            tlite_error** error) TLITE_NOEXCEPT;
/* Tokens that the conversation takes, as the next reply would see it. */
TLITE_C_API tlite_status tlite_session_count_prompt_tokens(const tlite_session* session,
                                                           int32_t* out,
                                                           tlite_error** error) TLITE_NOEXCEPT;

/* Answers the conversation and adds the answer to it. An answer that is stopped is TLITE_OK, with
 * the reason TLITE_FINISH_CANCELLED: in decode what there is of it stays, in prefill it is empty
 * and no message is added. `callback`, `user` and `out` are optional. INVALID_ARGUMENT (no
 * messages), BAD_TEMPLATE, CONTEXT_FULL, NOT_FOUND (no chat template). */
TLITE_C_API tlite_status tlite_session_reply(tlite_session* session, tlite_piece_callback callback,
                                             void* user, tlite_generation** out,
                                             tlite_error** error) TLITE_NOEXCEPT;
/* Answers again: drops the last message, the assistant's. BAD_STATE where it is not. */
TLITE_C_API tlite_status tlite_session_regenerate(tlite_session* session,
                                                  tlite_piece_callback callback, void* user,
                                                  tlite_generation** out,
                                                  tlite_error** error) TLITE_NOEXCEPT;
/* Goes on with an answer that was cut short. */
TLITE_C_API tlite_status tlite_session_continue(tlite_session* session,
                                                tlite_piece_callback callback, void* user,
                                                tlite_generation** out,
                                                tlite_error** error) TLITE_NOEXCEPT;
/* Raw completion without template; special tokens in the prompt are parsed. Leaves the messages
 * alone. */
TLITE_C_API tlite_status tlite_session_complete(tlite_session* session, const char* prompt,
                                                size_t prompt_size, tlite_piece_callback callback,
                                                void* user, tlite_generation** out,
                                                tlite_error** error) TLITE_NOEXCEPT;

/* The same for a prompt of ids. */
TLITE_C_API tlite_status tlite_session_complete_ids(tlite_session* session, const int32_t* ids,
                                                    size_t id_count, tlite_piece_callback callback,
                                                    void* user, tlite_generation** out,
                                                    tlite_error** error) TLITE_NOEXCEPT;

/* The pull form of the five. Until its end, an error or its free, a stream has the session to
 * itself: other calls on the session, cancel apart, answer BAD_STATE. */
TLITE_C_API tlite_status tlite_session_stream(tlite_session* session, tlite_stream** out,
                                              tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_session_stream_regenerate(tlite_session* session, tlite_stream** out,
                                                         tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_session_stream_continue(tlite_session* session, tlite_stream** out,
                                                       tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_session_stream_complete(tlite_session* session, const char* prompt,
                                                       size_t prompt_size, tlite_stream** out,
                                                       tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_session_stream_complete_ids(tlite_session* session,
                                                           const int32_t* ids, size_t id_count,
                                                           tlite_stream** out,
                                                           tlite_error** error) TLITE_NOEXCEPT;
/* `*piece` is the next piece, which lives until the next call on the stream, or NULL at the end;
 * after the end, NULL again. The first call works through the prompt. */
TLITE_C_API tlite_status tlite_stream_next(tlite_stream* stream, const tlite_piece** piece,
                                           tlite_error** error) TLITE_NOEXCEPT;
/* The same within a budget, for loops that have other things to do: works until there is a piece,
 * the answer has ended (`*finished` is 1) or the budget is used up, by one unit of work more at
 * most;
 * `*piece` is NULL in the last two cases. */
TLITE_C_API tlite_status tlite_stream_advance(tlite_stream* stream, int64_t budget_nanoseconds,
                                              const tlite_piece** piece, int32_t* finished,
                                              tlite_error** error) TLITE_NOEXCEPT;
/* The same without working: the next piece that is there already. For sessions on an engine that
 * somebody steps: one tlite_engine_step a frame for all characters of a game, and then each one's
 * pieces. */
TLITE_C_API tlite_status tlite_stream_poll(tlite_stream* stream, const tlite_piece** piece,
                                           int32_t* finished, tlite_error** error) TLITE_NOEXCEPT;
/* Why the answer ended; TLITE_FINISH_NONE while it goes on, after an error and without a stream. */
TLITE_C_API tlite_finish_reason tlite_stream_finish_reason(const tlite_stream* stream)
    TLITE_NOEXCEPT;
/* The answer so far: a copy. */
TLITE_C_API tlite_status tlite_stream_get_result(const tlite_stream* stream, tlite_generation** out,
                                                 tlite_error** error) TLITE_NOEXCEPT;
/* Ends the answer where it is, and uses up a cancel that it has not come to. */
TLITE_C_API void tlite_stream_free(tlite_stream* stream) TLITE_NOEXCEPT;

/* Of every answer from now on. NULL: none. A session that is forked hands it on: `user` must live
 * until each that has it was given another or is freed, and so is a stream that it left open. */
TLITE_C_API tlite_status tlite_session_on_logits(tlite_session* session,
                                                 tlite_logits_callback on_logits, void* user,
                                                 tlite_error** error) TLITE_NOEXCEPT;
/* Called in prefills, once per max_batch_rows, with tokens done and tokens in all: that may be
 * seconds apart, where tlite_session_cancel acts in milliseconds. NULL: no more. `user` must live
 * until then, or until session and open stream are freed: a stream of a freed session calls it. */
TLITE_C_API tlite_status tlite_session_on_prefill(tlite_session* session,
                                                  tlite_progress_callback on_prefill, void* user,
                                                  tlite_error** error) TLITE_NOEXCEPT;
/* The same to ask for: what the callback was or would have been told last; both optional. Any
 * thread. */
TLITE_C_API void tlite_session_get_prefill_progress(const tlite_session* session, int64_t* done,
                                                    int64_t* total) TLITE_NOEXCEPT;
/* Stops the answer, in prefill too, as a callback of that piece would: the stream that is open, the
 * reply that runs, or the next of either. Any thread; see Cancelling. */
TLITE_C_API void tlite_session_cancel(tlite_session* session) TLITE_NOEXCEPT;
/* Inside <think> the next token of the answer that is being made is </think>. No effect outside.
 * Any thread. */
TLITE_C_API void tlite_session_end_thinking(tlite_session* session) TLITE_NOEXCEPT;
/* Forgets a cancel for the next answer; one that goes on already stops even so. Any thread. */
TLITE_C_API void tlite_session_clear_cancel(tlite_session* session) TLITE_NOEXCEPT;

/* ---- Engine -----------------------------------------------------------------------------------
 *
 * Many requests at once over one model: characters of a game, users of a service, documents. They
 * share batches, so that many cost little more than one; what begins alike is computed once; and
 * each answer is bit for bit the one that the request would get alone. Higher priority comes first,
 * then age; each batch gives every running request a token before it works on prompts.
 *
 *   while (tlite_engine_advance(engine, 3000000, &event, &has_work, &error) == TLITE_OK &&
 *          has_work)
 *     if (event != NULL) {
 *       fwrite(event->text.data, 1, event->text.size, stdout);
 *       tlite_engine_event_free(event);
 *     }
 *
 * All functions of an engine but create and free: any thread. Those that work (step, advance, run,
 * wait, beam_search) take turns; the others do not wait for them. */

typedef struct tlite_engine tlite_engine;

typedef struct tlite_engine_options {
  uint32_t struct_size;
  /* Tokens in the KV cache: of running requests and, as long as there is room, of earlier ones.
   * Default 16384. Memory: tlite_model_plan with an evaluator's options of the same numbers, and
   * max_logits_rows 48 more than max_sequences, max_hidden_rows the same as max_batch_rows. */
  int32_t context;
  int32_t max_sequences;  /* requests that run at once, others wait. Default 16 */
  int32_t max_batch_rows; /* tokens worked on at once. Default 512 */
  int32_t threads;        /* unset: the host's number */
  tlite_data_type kv_type;
  /* The most that prompts may delay a token of another request, beside the step that is under way.
   * Default 50. */
  int32_t max_delay_milliseconds;
  int32_t prefix_cache; /* default 1: what was computed is kept for requests that begin alike */
  /* Default 1: requests may ask for embeddings. 0: they may not, and there are no hidden rows. */
  int32_t embeddings;
} tlite_engine_options;

TLITE_C_API tlite_status tlite_engine_options_init(tlite_engine_options* options,
                                                   size_t struct_size) TLITE_NOEXCEPT;

/* What an embedding of a prompt is made of: hidden states of its tokens, behind the final norm. */
typedef int32_t tlite_pooling;
enum tlite_pooling_values {
  TLITE_POOLING_INVALID = -1,
  TLITE_POOLING_NONE = 0, /* no embedding: the request is answered */
  TLITE_POOLING_LAST = 1, /* the last token's */
  TLITE_POOLING_MEAN = 2, /* of all tokens, the mean of each number */
  TLITE_POOLING_CLS = 3   /* the first token's, which sees none of the others */
};
/* "none", ...; "unknown" for any other number; lives for ever. */
TLITE_C_API const char* tlite_pooling_name(tlite_pooling pooling) TLITE_NOEXCEPT;

typedef struct tlite_request_options {
  uint32_t struct_size;
  int32_t context;                   /* the most tokens, prompt and answer; unset: the engine's */
  int32_t priority;                  /* default 0; higher ones first */
  int32_t parse_special_in_messages; /* default 0, as in tlite_session_options */
  int64_t timeout_milliseconds;      /* from now on: TLITE_FINISH_DEADLINE. Unset: none */
  const tlite_sampling_params* sampling; /* NULL: the model's own */
  size_t reserved;                       /* 0 */
  tlite_text tools_json;                 /* of messages, as in tlite_session_options */
  tlite_text template_json;
  /* How many answers, 1 to 1024, default 1: as many requests whose numbers follow each other, and
   * whose prompt is computed once. Answer i has the seed seed + i, or one of its own where there is
   * none. */
  int32_t n;
  /* Log probabilities of the prompt's own tokens, in the result (with n in the first one's): raw,
   * by the logits before each of them. Unset: none; 0: of each token; k, to 64: and of the k
   * likeliest. */
  int32_t prompt_logprobs;
  /* From this position of the prompt on, default and least 1. What lies before it may come from the
   * prefix cache, so that many continuations of one text cost it once. With max_new_tokens 0 the
   * request costs its prompt, less the last token's row. */
  int32_t prompt_logprobs_start;
  uint32_t reserved2; /* 0 */
  /* Not NONE, the default: no answer is computed, so `sampling` must be NULL, but the embedding of
   * the prompt, which may fill the context; the reason is TLITE_FINISH_LENGTH. */
  tlite_pooling pooling;
  int32_t normalize;                     /* default 1: the embedding to length 1 (L2) */
  tlite_logits_callback logits_callback; /* NULL: none */
  void* logits_user;
} tlite_request_options;

TLITE_C_API tlite_status tlite_request_options_init(tlite_request_options* options,
                                                    size_t struct_size) TLITE_NOEXCEPT;

/* What happened to a request. */
typedef struct tlite_engine_event {
  uint32_t struct_size; /* what this library knows */
  int32_t token;        /* unset: none, text that was held back or an end without a token */
  int64_t request;
  tlite_text text;                         /* whole characters, possibly empty */
  const tlite_token_logprob* logprob;      /* of the token; NULL where not asked for */
  const tlite_token_logprob* top_logprobs; /* of the likeliest, where asked for */
  size_t top_logprob_count;
  /* All of the answer, with the request's last event; else NULL. */
  const tlite_generation* result;
  tlite_finish_reason finish_reason; /* not TLITE_FINISH_NONE: the last event */
  tlite_status status;               /* with TLITE_FINISH_FAILED: why */
  tlite_text message;                /* likewise */
} tlite_engine_event;

TLITE_C_API void tlite_engine_event_free(tlite_engine_event* event) TLITE_NOEXCEPT;

typedef struct tlite_engine_status {
  uint32_t struct_size;
  int32_t waiting; /* requests */
  int32_t running;
  int32_t cached_tokens; /* room that the prefix cache takes, given up when it is needed */
  int32_t free_tokens;
} tlite_engine_status;

TLITE_C_API tlite_status tlite_engine_status_init(tlite_engine_status* status,
                                                  size_t struct_size) TLITE_NOEXCEPT;

/* `options` is optional. All memory for keys, values and activations is allocated here.
 * OUT_OF_MEMORY, INVALID_ARGUMENT. */
TLITE_C_API tlite_status tlite_engine_create(const tlite_model* model,
                                             const tlite_engine_options* options,
                                             tlite_engine** out,
                                             tlite_error** error) TLITE_NOEXCEPT;
/* Its sessions go on. Requests end, events that nobody has polled are lost. */
TLITE_C_API void tlite_engine_free(tlite_engine* engine) TLITE_NOEXCEPT;
/* Fills `*out`, whose struct_size says how much. */
TLITE_C_API tlite_status tlite_engine_get_options(const tlite_engine* engine,
                                                  tlite_engine_options* out,
                                                  tlite_error** error) TLITE_NOEXCEPT;

/* A request over token ids, over a text (special tokens are parsed), over a conversation that the
 * model's chat template renders. `*request` is its number, of several the first one's. `options` is
 * optional. INVALID_ARGUMENT, CONTEXT_FULL for what can never fit, BAD_TEMPLATE, NOT_FOUND (no chat
 * template). */
TLITE_C_API tlite_status tlite_engine_submit_ids(tlite_engine* engine, const int32_t* ids,
                                                 size_t id_count,
                                                 const tlite_request_options* options,
                                                 int64_t* request,
                                                 tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_engine_submit_text(tlite_engine* engine, const char* text,
                                                  size_t text_size,
                                                  const tlite_request_options* options,
                                                  int64_t* request,
                                                  tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_engine_submit_messages(tlite_engine* engine,
                                                      const tlite_messages* messages,
                                                      const tlite_request_options* options,
                                                      int64_t* request,
                                                      tlite_error** error) TLITE_NOEXCEPT;

/* Works until the budget is used up, or all is done; it may be exceeded by one unit of work. On an
 * error all requests are as they were: call it again. `has_work`, optional: something is left to
 * work on. What has happened is there to be polled, after the last step too. */
TLITE_C_API tlite_status tlite_engine_step(tlite_engine* engine, int64_t budget_nanoseconds,
                                           int32_t* has_work, tlite_error** error) TLITE_NOEXCEPT;
/* Until all is done. */
TLITE_C_API tlite_status tlite_engine_run(tlite_engine* engine, tlite_error** error) TLITE_NOEXCEPT;
/* Sleeps until there is something to do, or the time is over: then `*has_work` is 0. */
TLITE_C_API tlite_status tlite_engine_wait_for_work(tlite_engine* engine,
                                                    int64_t timeout_nanoseconds, int32_t* has_work,
                                                    tlite_error** error) TLITE_NOEXCEPT;
/* The next thing that happened, which is yours, or NULL. With a request's last event the engine
 * forgets it. */
TLITE_C_API tlite_status tlite_engine_poll(tlite_engine* engine, tlite_engine_event** out,
                                           tlite_error** error) TLITE_NOEXCEPT;
/* Step and poll in one, for loops that hand on what happens at once: the next thing that happened,
 * which is yours; where there is none yet it works until there is, the budget is used up or all is
 * done, `*out` being NULL then. `*has_work` is 0 when nothing happened and nothing is left. */
TLITE_C_API tlite_status tlite_engine_advance(tlite_engine* engine, int64_t budget_nanoseconds,
                                              tlite_engine_event** out, int32_t* has_work,
                                              tlite_error** error) TLITE_NOEXCEPT;
/* Works until this request has ended, and takes its events that nobody has polled. The error that
 * it failed with; INVALID_ARGUMENT for one that there is not. `out` is optional. */
TLITE_C_API tlite_status tlite_engine_wait(tlite_engine* engine, int64_t request,
                                           tlite_generation** out,
                                           tlite_error** error) TLITE_NOEXCEPT;
/* Ends a request; what it has said stays. No effect on one that has ended. Not for signal handlers:
 * it takes a lock. */
TLITE_C_API void tlite_engine_cancel(tlite_engine* engine, int64_t request) TLITE_NOEXCEPT;
/* Inside <think> the next token is </think>. No effect outside, nor on what is opened later. */
TLITE_C_API void tlite_engine_end_thinking(tlite_engine* engine, int64_t request) TLITE_NOEXCEPT;
TLITE_C_API void tlite_engine_set_priority(tlite_engine* engine, int64_t request,
                                           int32_t priority) TLITE_NOEXCEPT;
/* Fills `*out`, whose struct_size says how much. */
TLITE_C_API tlite_status tlite_engine_get_status(const tlite_engine* engine,
                                                 tlite_engine_status* out,
                                                 tlite_error** error) TLITE_NOEXCEPT;

/* Beam search: the likeliest whole answers, not the likeliest next token. Two ways of keeping and
 * comparing beams, each its reference's to the letter. */
typedef int32_t tlite_beam_scoring;
enum tlite_beam_scoring_values {
  TLITE_BEAM_SCORING_INVALID = -1,
  /* transformers' generate: the logprob by the length of the answer, its end token counted, to the
   * power of length_penalty. */
  TLITE_BEAM_SCORING_HUGGINGFACE = 0,
  /* vLLM's LLM.beam_search: by the length of prompt and answer, an end token not counted. Only the
   * tokenizer's own end token ends a beam, and the search goes on to max_new_tokens. */
  TLITE_BEAM_SCORING_VLLM = 1
};
/* "huggingface", ...; "unknown" for any other number; lives for ever. */
TLITE_C_API const char* tlite_beam_scoring_name(tlite_beam_scoring scoring) TLITE_NOEXCEPT;
/* When transformers' search ends, once there are beam_width whole answers; no meaning for vLLM's.
 */
typedef int32_t tlite_beam_stopping;
enum tlite_beam_stopping_values {
  TLITE_BEAM_STOPPING_INVALID = -1,
  TLITE_BEAM_STOPPING_HEURISTIC = 0, /* False: as soon as the best running beam scores less */
  TLITE_BEAM_STOPPING_AT_ONCE = 1,   /* True */
  TLITE_BEAM_STOPPING_NEVER = 2      /* "never": when none can get better */
};
/* "heuristic", ...; "unknown" for any other number; lives for ever. */
TLITE_C_API const char* tlite_beam_stopping_name(tlite_beam_stopping stopping) TLITE_NOEXCEPT;

typedef struct tlite_beam_options {
  uint32_t struct_size;
  int32_t beam_width;     /* 1 to 256, default 4 */
  int32_t max_new_tokens; /* of the answers; 1 or more, and must be set */
  tlite_beam_scoring scoring;
  tlite_beam_stopping early_stopping;
  float length_penalty; /* default 1; above 0 favours long answers, for logprobs are negative */
  int32_t ignore_eos;   /* default 0; else no token ends a beam */
  int32_t num_return;   /* the best so many; unset: all beam_width */
  /* vLLM's, default 0: above 0 each beam also goes on with a token drawn at this temperature, if
   * that is not among the 2 * beam_width likeliest. transformers' takes 0. */
  float temperature;
  int32_t has_seed; /* of what is drawn */
  uint64_t seed;
  int32_t priority;  /* of its requests */
  uint32_t reserved; /* 0 */
  /* Both optional: first of all, after each token of the beams, and every 10 ms or so while one is
   * worked on, the prompt's too, how many they have of max_new_tokens. Not 0, or a cancel, ends the
   * search within some milliseconds: beams that run count as they are, and where they have no token
   * yet there is none. */
  tlite_progress_callback on_progress;
  void* user;
  tlite_progress* progress;
  size_t reserved2; /* 0 */
} tlite_beam_options;

TLITE_C_API tlite_status tlite_beam_options_init(tlite_beam_options* options,
                                                 size_t struct_size) TLITE_NOEXCEPT;

typedef struct tlite_beam {
  uint32_t struct_size;
  tlite_finish_reason finish_reason; /* END_OF_TEXT, LENGTH or CANCELLED */
  const int32_t* tokens;             /* of the answer, the ending one included */
  size_t token_count;
  tlite_text text; /* without it */
  double score;    /* by the scoring; the best comes first */
  double logprob;  /* of all its tokens */
} tlite_beam;

TLITE_C_API tlite_status tlite_beam_init(tlite_beam* beam, size_t struct_size) TLITE_NOEXCEPT;

/* The likeliest answers to a prompt, by requests of a token each that share batches with others'
 * and find what is there already in the prefix cache; without one each token costs the whole prompt
 * again. Works until it is done. INVALID_ARGUMENT, CONTEXT_FULL where prompt and answer do not fit,
 * and what its requests fail with. */
typedef struct tlite_beams tlite_beams;
TLITE_C_API tlite_status tlite_engine_beam_search(tlite_engine* engine, const int32_t* ids,
                                                  size_t id_count,
                                                  const tlite_beam_options* options,
                                                  tlite_beams** out,
                                                  tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API void tlite_beams_free(tlite_beams* beams) TLITE_NOEXCEPT;
TLITE_C_API size_t tlite_beams_count(const tlite_beams* beams) TLITE_NOEXCEPT;
/* Fills `*out`, whose struct_size says how much; its views live as long as the beams.
 * INVALID_ARGUMENT for an index that is not below the count. */
TLITE_C_API tlite_status tlite_beams_get(const tlite_beams* beams, size_t index, tlite_beam* out,
                                         tlite_error** error) TLITE_NOEXCEPT;

/* A session on an engine that others use too: their answers are worked on together. threads,
 * kv_type and max_batch_rows are the engine's, and so is the most that context can be. */
TLITE_C_API tlite_status tlite_engine_create_session(const tlite_engine* engine,
                                                     const tlite_session_options* options,
                                                     tlite_session** out,
                                                     tlite_error** error) TLITE_NOEXCEPT;

/* ---- Tokenizer --------------------------------------------------------------------------------
 */

typedef struct tlite_tokenizer tlite_tokenizer;

typedef struct tlite_encode_options {
  uint32_t struct_size;
  int32_t parse_special; /* default 1: special tokens such as <|im_start|> are recognised */
  /* Where they are not recognised even so: what a user typed. Sorted, without overlap. */
  const tlite_text_range* literal_ranges;
  size_t literal_range_count;
  /* Default 1: with the tokens that the tokenizer puts around every text (Qwen2.5 has none). A
   * rendered chat prompt has them written out: 0 for one. */
  int32_t add_special;
  uint32_t reserved; /* 0 */
} tlite_encode_options;

typedef struct tlite_decode_options {
  uint32_t struct_size;
  int32_t skip_special; /* default 0; else special tokens are left out of the text */
} tlite_decode_options;

TLITE_C_API tlite_status tlite_encode_options_init(tlite_encode_options* options,
                                                   size_t struct_size) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_decode_options_init(tlite_decode_options* options,
                                                   size_t struct_size) TLITE_NOEXCEPT;

/* The model's own, as an object of yours that shares its memory. */
TLITE_C_API tlite_status tlite_model_get_tokenizer(const tlite_model* model, tlite_tokenizer** out,
                                                   tlite_error** error) TLITE_NOEXCEPT;
/* `path`: a Hugging Face directory, a tokenizer.json or a .gguf file. NOT_FOUND, IO, CORRUPT,
 * NOT_SUPPORTED. */
TLITE_C_API tlite_status tlite_tokenizer_load(const tlite_host* host, const char* path,
                                              size_t path_size, tlite_tokenizer** out,
                                              tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API void tlite_tokenizer_free(tlite_tokenizer* tokenizer) TLITE_NOEXCEPT;

/* `options` is optional. Invalid UTF-8 counts as U+FFFD. */
TLITE_C_API tlite_status tlite_tokenizer_encode(const tlite_tokenizer* tokenizer, const char* text,
                                                size_t text_size,
                                                const tlite_encode_options* options,
                                                tlite_tokens** out,
                                                tlite_error** error) TLITE_NOEXCEPT;
/* `options` is optional. INVALID_ARGUMENT for an id outside the vocabulary. */
TLITE_C_API tlite_status tlite_tokenizer_decode(const tlite_tokenizer* tokenizer,
                                                const int32_t* ids, size_t id_count,
                                                const tlite_decode_options* options,
                                                tlite_string** out,
                                                tlite_error** error) TLITE_NOEXCEPT;
/* The bytes that one id stands for: not necessarily whole characters. */
TLITE_C_API tlite_status tlite_tokenizer_get_token_bytes(const tlite_tokenizer* tokenizer,
                                                         int32_t id, tlite_string** out,
                                                         tlite_error** error) TLITE_NOEXCEPT;
/* The id of a token as the vocabulary writes it: "<|im_end|>". NOT_FOUND. */
TLITE_C_API tlite_status tlite_tokenizer_get_token_id(const tlite_tokenizer* tokenizer,
                                                      const char* token, size_t token_size,
                                                      int32_t* out,
                                                      tlite_error** error) TLITE_NOEXCEPT;
/* 0 for an id outside the vocabulary, too. */
TLITE_C_API int32_t tlite_tokenizer_is_special(const tlite_tokenizer* tokenizer,
                                               int32_t id) TLITE_NOEXCEPT;
/* One more than the largest id that has a text. A model may have more rows of logits:
 * tlite_model_vocab_size. */
TLITE_C_API int32_t tlite_tokenizer_vocab_size(const tlite_tokenizer* tokenizer) TLITE_NOEXCEPT;
/* Unset: none. */
TLITE_C_API int32_t tlite_tokenizer_bos_token(const tlite_tokenizer* tokenizer) TLITE_NOEXCEPT;
TLITE_C_API int32_t tlite_tokenizer_eos_token(const tlite_tokenizer* tokenizer) TLITE_NOEXCEPT;
TLITE_C_API int32_t tlite_tokenizer_pad_token(const tlite_tokenizer* tokenizer) TLITE_NOEXCEPT;

/* Ids to text, one at a time, in whole characters. */
typedef struct tlite_stream_decoder tlite_stream_decoder;

/* `options` is optional. */
TLITE_C_API tlite_status tlite_stream_decoder_create(const tlite_tokenizer* tokenizer,
                                                     const tlite_decode_options* options,
                                                     tlite_stream_decoder** out,
                                                     tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API void tlite_stream_decoder_free(tlite_stream_decoder* decoder) TLITE_NOEXCEPT;
/* The text that became complete with this id, possibly empty; `*out` lives until the next call. */
TLITE_C_API tlite_status tlite_stream_decoder_push(tlite_stream_decoder* decoder, int32_t id,
                                                   tlite_text* out,
                                                   tlite_error** error) TLITE_NOEXCEPT;
/* What is left at the end, likewise; then the decoder is as new. */
TLITE_C_API tlite_status tlite_stream_decoder_finish(tlite_stream_decoder* decoder, tlite_text* out,
                                                     tlite_error** error) TLITE_NOEXCEPT;

/* ---- Chat templates ---------------------------------------------------------------------------
 */

typedef struct tlite_template_options {
  uint32_t struct_size;
  int32_t add_generation_prompt; /* default 0; else end with the header of the assistant's turn */
  tlite_text tools_json;         /* a JSON array of tool definitions; empty: none */
  tlite_text extra_json;         /* a JSON object of further template variables; empty: none */
  int32_t has_now;               /* default 0: the system clock */
  uint32_t reserved;             /* 0 */
  int64_t now;                   /* seconds since the epoch for strftime_now */
} tlite_template_options;

TLITE_C_API tlite_status tlite_template_options_init(tlite_template_options* options,
                                                     size_t struct_size) TLITE_NOEXCEPT;

typedef struct tlite_chat_template tlite_chat_template;
/* A rendered conversation. */
typedef struct tlite_prompt tlite_prompt;

/* The model's own, as an object of yours that shares its memory. A base model has none:
 * NOT_FOUND. */
TLITE_C_API tlite_status tlite_model_get_chat_template(const tlite_model* model,
                                                       tlite_chat_template** out,
                                                       tlite_error** error) TLITE_NOEXCEPT;
/* `path`: a Hugging Face directory or a .gguf file. NOT_FOUND where it has none, BAD_TEMPLATE. */
TLITE_C_API tlite_status tlite_chat_template_load(const tlite_host* host, const char* path,
                                                  size_t path_size, tlite_chat_template** out,
                                                  tlite_error** error) TLITE_NOEXCEPT;
/* From source. The two tokens are given to the template as variables. BAD_TEMPLATE. */
TLITE_C_API tlite_status tlite_chat_template_parse(const char* source, size_t source_size,
                                                   const char* bos_token, size_t bos_token_size,
                                                   const char* eos_token, size_t eos_token_size,
                                                   tlite_chat_template** out,
                                                   tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API void tlite_chat_template_free(tlite_chat_template* chat_template) TLITE_NOEXCEPT;
/* `size` is optional. */
TLITE_C_API const char* tlite_chat_template_source(const tlite_chat_template* chat_template,
                                                   size_t* size) TLITE_NOEXCEPT;
/* `options` is optional. BAD_TEMPLATE, INVALID_ARGUMENT. */
TLITE_C_API tlite_status tlite_chat_template_render(const tlite_chat_template* chat_template,
                                                    const tlite_messages* messages,
                                                    const tlite_template_options* options,
                                                    tlite_prompt** out,
                                                    tlite_error** error) TLITE_NOEXCEPT;
/* The same for a JSON array of messages with any fields that the template understands. */
TLITE_C_API tlite_status tlite_chat_template_render_json(
    const tlite_chat_template* chat_template, const char* messages_json, size_t messages_json_size,
    const tlite_template_options* options, tlite_prompt** out, tlite_error** error) TLITE_NOEXCEPT;

/* `size` is optional. */
TLITE_C_API const char* tlite_prompt_text(const tlite_prompt* prompt, size_t* size) TLITE_NOEXCEPT;
/* The parts of the text that came out of the messages, for tlite_encode_options. `count` is
 * optional. */
TLITE_C_API const tlite_text_range* tlite_prompt_literal_ranges(const tlite_prompt* prompt,
                                                                size_t* count) TLITE_NOEXCEPT;
TLITE_C_API void tlite_prompt_free(tlite_prompt* prompt) TLITE_NOEXCEPT;

/* ---- Evaluator: the forward pass --------------------------------------------------------------
 */

typedef struct tlite_evaluator_options {
  uint32_t struct_size;
  int32_t context;         /* tokens kept in the KV cache, all sequences together. Default 4096 */
  int32_t max_sequences;   /* default 64 */
  int32_t max_batch_rows;  /* worked on at once; longer batches run in chunks. Default 512 */
  int32_t max_logits_rows; /* rows of one batch that may want logits. Default 64 */
  int32_t threads;         /* unset: the host's number */
  tlite_data_type kv_type; /* AUTO, F32, F16, BF16 or Q8_0 */
  int32_t max_hidden_rows; /* rows of one batch that may want hidden states. Default 0 */
} tlite_evaluator_options;

TLITE_C_API tlite_status tlite_evaluator_options_init(tlite_evaluator_options* options,
                                                      size_t struct_size) TLITE_NOEXCEPT;

typedef struct tlite_batch_row {
  int32_t token;
  int32_t sequence;
  int32_t position; /* the sequence's length, then one more for each further row */
  int32_t wants_logits;
  int32_t wants_hidden; /* the last layer's output behind the final norm */
  uint32_t reserved[3]; /* 0 */
} tlite_batch_row;

typedef struct tlite_evaluator tlite_evaluator;

/* `options` is optional. Allocates all that it will ever need. OUT_OF_MEMORY. */
TLITE_C_API tlite_status tlite_evaluator_create(const tlite_model* model,
                                                const tlite_evaluator_options* options,
                                                tlite_evaluator** out,
                                                tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API void tlite_evaluator_free(tlite_evaluator* evaluator) TLITE_NOEXCEPT;
/* Its options as resolved: threads, kv_type. Fills `*out`, whose struct_size says how much. */
TLITE_C_API tlite_status tlite_evaluator_get_options(const tlite_evaluator* evaluator,
                                                     tlite_evaluator_options* out,
                                                     tlite_error** error) TLITE_NOEXCEPT;

/* Sequences. BAD_STATE when max_sequences exist, INVALID_ARGUMENT for one that does not. */
TLITE_C_API tlite_status tlite_evaluator_create_sequence(tlite_evaluator* evaluator, int32_t* out,
                                                         tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_evaluator_destroy_sequence(tlite_evaluator* evaluator,
                                                          int32_t sequence,
                                                          tlite_error** error) TLITE_NOEXCEPT;
/* Tokens in a sequence. */
TLITE_C_API tlite_status tlite_evaluator_get_length(const tlite_evaluator* evaluator,
                                                    int32_t sequence, int32_t* out,
                                                    tlite_error** error) TLITE_NOEXCEPT;
/* A new sequence that shares the first `length` positions (unset: all) and copies nothing. */
TLITE_C_API tlite_status tlite_evaluator_fork(tlite_evaluator* evaluator, int32_t sequence,
                                              int32_t length, int32_t* out,
                                              tlite_error** error) TLITE_NOEXCEPT;
/* The same from another evaluator of the same model and kv_type, which no other thread may use
 * meanwhile; then the two may be used on different threads again. */
TLITE_C_API tlite_status tlite_evaluator_adopt(tlite_evaluator* evaluator,
                                               const tlite_evaluator* other, int32_t sequence,
                                               int32_t length, int32_t* out,
                                               tlite_error** error) TLITE_NOEXCEPT;
/* Forgets all positions from `length` on. */
TLITE_C_API tlite_status tlite_evaluator_truncate(tlite_evaluator* evaluator, int32_t sequence,
                                                  int32_t length,
                                                  tlite_error** error) TLITE_NOEXCEPT;
/* KV positions that new tokens can still take. */
TLITE_C_API int32_t tlite_evaluator_free_positions(const tlite_evaluator* evaluator) TLITE_NOEXCEPT;

/* One batch, run to its end. INVALID_ARGUMENT, CONTEXT_FULL, CANCELLED; on each of them the
 * sequences are as they were before. */
TLITE_C_API tlite_status tlite_evaluator_evaluate(tlite_evaluator* evaluator,
                                                  const tlite_batch_row* rows, size_t row_count,
                                                  tlite_error** error) TLITE_NOEXCEPT;
/* Adds ids to one sequence; logits of the last row only. */
TLITE_C_API tlite_status tlite_evaluator_append(tlite_evaluator* evaluator, int32_t sequence,
                                                const int32_t* ids, size_t id_count,
                                                tlite_error** error) TLITE_NOEXCEPT;
/* The same in steps: submit, then advance until `*finished` is 1. Each call stops after the first
 * unit of work, a part of a layer, that ends past its budget. Between the calls nothing runs. */
TLITE_C_API tlite_status tlite_evaluator_submit(tlite_evaluator* evaluator,
                                                const tlite_batch_row* rows, size_t row_count,
                                                tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_evaluator_advance(tlite_evaluator* evaluator,
                                                 int64_t budget_nanoseconds, int32_t* finished,
                                                 tlite_error** error) TLITE_NOEXCEPT;
/* Gives up the batch in flight, as if it had not been submitted. */
TLITE_C_API tlite_status tlite_evaluator_discard(tlite_evaluator* evaluator,
                                                 tlite_error** error) TLITE_NOEXCEPT;
/* Rows of the last finished batch that wanted logits. */
TLITE_C_API int32_t tlite_evaluator_logits_rows(const tlite_evaluator* evaluator) TLITE_NOEXCEPT;
/* Of the index-th of them: `*count` = vocab_size floats (optional), which live until the next
 * submit, evaluate or append. */
TLITE_C_API tlite_status tlite_evaluator_get_logits(const tlite_evaluator* evaluator, int32_t index,
                                                    const float** out, size_t* count,
                                                    tlite_error** error) TLITE_NOEXCEPT;
/* Of all of them: row r and column c are (*out)[r * stride + c]. `*columns` is vocab_size; all
 * three counts are optional. `*out` lives as above, and is NULL where no row wanted logits. */
TLITE_C_API tlite_status tlite_evaluator_get_logits_matrix(const tlite_evaluator* evaluator,
                                                           const float** out, size_t* rows,
                                                           size_t* columns, size_t* stride,
                                                           tlite_error** error) TLITE_NOEXCEPT;
/* The same of hidden states: rows of the last finished batch that wanted them, and of the index-th
 * `*count` = hidden_size floats. */
TLITE_C_API int32_t tlite_evaluator_hidden_rows(const tlite_evaluator* evaluator) TLITE_NOEXCEPT;
TLITE_C_API tlite_status tlite_evaluator_get_hidden(const tlite_evaluator* evaluator, int32_t index,
                                                    const float** out, size_t* count,
                                                    tlite_error** error) TLITE_NOEXCEPT;
/* Stops the evaluate, append or advance that runs, or the next one; it answers CANCELLED. Any
 * thread; see Cancelling. */
TLITE_C_API void tlite_evaluator_cancel(tlite_evaluator* evaluator) TLITE_NOEXCEPT;
/* Forgets a cancel that stopped nothing. Any thread. */
TLITE_C_API void tlite_evaluator_clear_cancel(tlite_evaluator* evaluator) TLITE_NOEXCEPT;
/* Called after each chunk of a batch with rows done and rows in all; NULL: no more. `user` must
 * live until then. To ask instead of being called, use submit and advance. */
TLITE_C_API tlite_status tlite_evaluator_on_progress(tlite_evaluator* evaluator,
                                                     tlite_progress_callback on_progress,
                                                     void* user,
                                                     tlite_error** error) TLITE_NOEXCEPT;

/* ---- Sampler and stop matcher: loops of your own over an evaluator ------------------------------
 */

/* A chosen token. */
typedef struct tlite_sampled_token {
  uint32_t struct_size; /* what this library knows */
  int32_t token;
  const tlite_token_logprob* logprob;      /* NULL where not asked for */
  const tlite_token_logprob* top_logprobs; /* of the likeliest, where asked for */
  size_t top_logprob_count;
} tlite_sampled_token;

/* Chooses the tokens of one sequence, the same that a session chooses with these parameters and
 * this seed. When to stop is yours to say. One thread at a time. */
typedef struct tlite_sampler tlite_sampler;

/* `params` is optional: the model's own. INVALID_ARGUMENT. */
TLITE_C_API tlite_status tlite_sampler_create(const tlite_model* model,
                                              const tlite_sampling_params* params,
                                              tlite_sampler** out,
                                              tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API void tlite_sampler_free(tlite_sampler* sampler) TLITE_NOEXCEPT;
/* Called for each token that is chosen, within sample. NULL: none. `user` must live until it is
 * replaced or the sampler freed. Where it does not answer 0, sample is CANCELLED and the sampler as
 * before. BAD_STATE once a token was observed; a reset keeps it. */
TLITE_C_API tlite_status tlite_sampler_on_logits(tlite_sampler* sampler,
                                                 tlite_logits_callback on_logits, void* user,
                                                 tlite_error** error) TLITE_NOEXCEPT;
/* The tokens in front of the answer, all at once or in parts. INVALID_ARGUMENT, BAD_STATE once a
 * token was chosen. */
TLITE_C_API tlite_status tlite_sampler_observe_prompt(tlite_sampler* sampler, const int32_t* ids,
                                                      size_t id_count,
                                                      tlite_error** error) TLITE_NOEXCEPT;
/* Chooses the next token and remembers it; `*out` lives until the next call, and is NULL where the
 * logits callback has freed the sampler. `logits`: vocab_size of them, left as they are. `mask`: the
 * tokens that may come, 32 a word, the lowest bit of word 0 for token 0; NULL: all. CORRUPT (a logit
 * is NaN or +infinity), INVALID_ARGUMENT (no token is left too); the sampler is then as before. */
TLITE_C_API tlite_status tlite_sampler_sample(tlite_sampler* sampler, const float* logits,
                                              size_t logit_count, const uint32_t* mask,
                                              size_t mask_count, const tlite_sampled_token** out,
                                              tlite_error** error) TLITE_NOEXCEPT;
/* Inside <think> the next token is </think>. */
TLITE_C_API void tlite_sampler_end_thinking(tlite_sampler* sampler) TLITE_NOEXCEPT;
/* The next token was chosen elsewhere. It uses up one random number, as one that is drawn does. */
TLITE_C_API tlite_status tlite_sampler_accept(tlite_sampler* sampler, int32_t token,
                                              tlite_error** error) TLITE_NOEXCEPT;
/* Forgets the prompt and the answer; the same seed begins anew. */
TLITE_C_API tlite_status tlite_sampler_reset(tlite_sampler* sampler,
                                             tlite_error** error) TLITE_NOEXCEPT;
/* That of the parameters, or what was drawn in its place; 0 for NULL. */
TLITE_C_API uint64_t tlite_sampler_seed(const tlite_sampler* sampler) TLITE_NOEXCEPT;

/* Finds stop strings in text that comes in pieces, and holds back what may become one. One thread
 * at a time. */
typedef struct tlite_stop_matcher tlite_stop_matcher;

/* `keep`: not 0 leaves a stop string that is found in the text. INVALID_ARGUMENT for an empty
 * one. */
TLITE_C_API tlite_status tlite_stop_matcher_create(const tlite_text* stops, size_t stop_count,
                                                   int32_t keep, tlite_stop_matcher** out,
                                                   tlite_error** error) TLITE_NOEXCEPT;
TLITE_C_API void tlite_stop_matcher_free(tlite_stop_matcher* matcher) TLITE_NOEXCEPT;
/* The text that no stop string can need any more. `found`, optional: the stop string that is
 * complete now, empty where none is; what follows it in `text` is lost, and the next push starts
 * anew. Both live until the next call. */
TLITE_C_API tlite_status tlite_stop_matcher_push(tlite_stop_matcher* matcher, const char* text,
                                                 size_t text_size, tlite_text* out,
                                                 tlite_text* found,
                                                 tlite_error** error) TLITE_NOEXCEPT;
/* What is held back, for a text that ends here, likewise; then the matcher is as new. */
TLITE_C_API tlite_status tlite_stop_matcher_flush(tlite_stop_matcher* matcher, tlite_text* out,
                                                  tlite_error** error) TLITE_NOEXCEPT;

/* ---- Quantizing: models as GGUF files ----------------------------------------------------------
 */

typedef struct tlite_quantize_options {
  uint32_t struct_size;
  int32_t threads;                     /* unset: the host's number. The file is the same for any */
  int32_t allow_requantize;            /* default 0; else take a source that is quantized already */
  uint32_t reserved;                   /* 0 */
  tlite_text importance;               /* path of an importance matrix; empty: none */
  tlite_progress_callback on_progress; /* optional */
  void* user;
  tlite_progress* progress; /* optional */
} tlite_quantize_options;

TLITE_C_API tlite_status tlite_quantize_options_init(tlite_quantize_options* options,
                                                     size_t struct_size) TLITE_NOEXCEPT;

/* Writes a Hugging Face directory or a .gguf file to the .gguf file `target`, which appears when it
 * is complete: after an error there is no trace of it, and what was there stays. `target` is a file
 * of the operating system, whatever the host's file callbacks. `options` is optional. IO,
 * NOT_FOUND, CORRUPT, NOT_SUPPORTED, INVALID_ARGUMENT, OUT_OF_MEMORY, CANCELLED. */
TLITE_C_API tlite_status tlite_quantize(const tlite_host* host, const char* source,
                                        size_t source_size, const char* target, size_t target_size,
                                        tlite_weight_mix mix, const tlite_quantize_options* options,
                                        tlite_error** error) TLITE_NOEXCEPT;

/* ---- Importance matrices: what a quantizer spends its precision on ------------------------------
 */

typedef int32_t tlite_importance_format;
enum tlite_importance_format_values {
  TLITE_IMPORTANCE_FORMAT_INVALID = -1,
  TLITE_IMPORTANCE_FORMAT_GGUF = 0, /* llama.cpp since the summer of 2025 */
  TLITE_IMPORTANCE_FORMAT_DAT = 1   /* ik_llama.cpp, and llama.cpp from before */
};
/* "gguf" or "dat"; "unknown" for any other number; lives for ever. */
TLITE_C_API const char* tlite_importance_format_name(tlite_importance_format format) TLITE_NOEXCEPT;

typedef struct tlite_importance_options {
  uint32_t struct_size;
  int32_t chunk;   /* tokens run together, each chunk from an empty context. Default 512 */
  int32_t threads; /* unset: the host's number. The file is the same for any */
  tlite_importance_format format;
  tlite_text dataset;                  /* the text's name, kept in the file; empty: none */
  tlite_progress_callback on_progress; /* optional; called many times a second */
  void* user;
  tlite_progress* progress; /* optional */
} tlite_importance_options;

TLITE_C_API tlite_status tlite_importance_options_init(tlite_importance_options* options,
                                                       size_t struct_size) TLITE_NOEXCEPT;

/* Runs the whole chunks of a text's ids through a model that should not be quantized, and writes
 * how much each input of each matrix counts to the file `target`, for
 * tlite_quantize_options.importance and for llama.cpp. As in tlite_quantize, the file appears when
 * it is complete, and is one of the operating system. `options` is optional. INVALID_ARGUMENT
 * (fewer ids than a chunk too), IO, NOT_FOUND, CORRUPT, OUT_OF_MEMORY, CANCELLED. */
TLITE_C_API tlite_status tlite_measure_importance(const tlite_model* model, const int32_t* ids,
                                                  size_t id_count, const char* target,
                                                  size_t target_size,
                                                  const tlite_importance_options* options,
                                                  tlite_error** error) TLITE_NOEXCEPT;

#if defined(__cplusplus)
}
#endif

#endif /* TLITE_H */
