#include "tiny_model.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HIDDEN = 64, INTERMEDIATE = 96, LAYERS = 2, HEADS = 4, KV_HEADS = 2, HEAD_DIM = 16 };

/* Text or bytes that grow. The memory of the finished files stays for the life of the program. */
typedef struct buffer {
  char* data;
  size_t size;
  size_t capacity;
} buffer;

static void append(buffer* to, const void* data, size_t size) {
  if (to->size + size + 1 > to->capacity) {
    to->capacity = 2 * (to->size + size + 1);
    to->data = realloc(to->data, to->capacity);
    if (to->data == NULL) abort();
  }
  memcpy(to->data + to->size, data, size);
  to->size += size;
  to->data[to->size] = '\0';
}

__attribute__((format(printf, 2, 3))) static void print(buffer* to, const char* format, ...) {
  char text[4096];
  va_list arguments;
  va_start(arguments, format);
  const int size = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  append(to, text, (size_t)size);
}

/* GPT-2's printable stand-in for a byte, as JSON. */
static void print_byte(buffer* to, int byte) {
  const int printable =
      (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
  int code = byte;
  if (!printable) {
    code = 256;
    for (int other = 0; other < byte; ++other) {
      code +=
          !((other >= '!' && other <= '~') || (other >= 0xA1 && other <= 0xAC) || other >= 0xAE);
    }
  }
  print(to, "\\u%04x", (unsigned)code);
}

static void print_added(buffer* to, int id, const char* content) {
  print(to,
        "{\"id\": %d, \"content\": \"%s\", \"single_word\": false, \"lstrip\": false, "
        "\"rstrip\": false, \"normalized\": false, \"special\": true}%s",
        id, content, id == TINY_IM_END ? "" : ", ");
}

static void make_tokenizer(buffer* to) {
  print(to, "{\"version\": \"1.0\", \"truncation\": null, \"padding\": null, \"added_tokens\": [");
  print_added(to, TINY_END_OF_TEXT, "<|endoftext|>");
  print_added(to, TINY_IM_START, "<|im_start|>");
  print_added(to, TINY_IM_END, "<|im_end|>");
  print(to,
        "], \"normalizer\": {\"type\": \"NFC\"}, \"pre_tokenizer\": {\"type\": \"Sequence\", "
        "\"pretokenizers\": [{\"type\": \"Split\", \"pattern\": {\"Regex\": \"%s\"}, "
        "\"behavior\": \"Isolated\", \"invert\": false}, {\"type\": \"ByteLevel\", "
        "\"add_prefix_space\": false, \"trim_offsets\": false, \"use_regex\": false}]}, ",
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}| "
        "?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+");
  print(to,
        "\"post_processor\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, "
        "\"trim_offsets\": false, \"use_regex\": false}, \"decoder\": {\"type\": \"ByteLevel\", "
        "\"add_prefix_space\": false, \"trim_offsets\": false, \"use_regex\": false}, \"model\": "
        "{\"type\": \"BPE\", \"dropout\": null, \"unk_token\": null, "
        "\"continuing_subword_prefix\": \"\", \"end_of_word_suffix\": \"\", \"fuse_unk\": false, "
        "\"byte_fallback\": false, \"ignore_merges\": false, \"vocab\": {");
  for (int byte = 0; byte < 256; ++byte) {
    print(to, "\"");
    print_byte(to, byte);
    print(to, "\": %d, ", byte);
  }
  print(to, "\"he\": 256, \"ll\": 257, \"hell\": 258, \"hello\": 259}, ");
  print(to, "\"merges\": [\"h e\", \"l l\", \"he ll\", \"hell o\"]}}");
}

static void make_tokenizer_config(buffer* to) {
  print(to,
        "{\"tokenizer_class\": \"Qwen2Tokenizer\", \"bos_token\": null, \"eos_token\": "
        "\"<|im_end|>\", \"pad_token\": \"<|endoftext|>\", \"chat_template\": \"%s\"}",
        "{%- for message in messages %}{{ '<|im_start|>' + message.role + '\\\\n' + "
        "message.content + '<|im_end|>\\\\n' }}{%- endfor %}{%- if add_generation_prompt %}"
        "{{ '<|im_start|>assistant\\\\n' }}{%- endif %}");
}

static void make_config(buffer* to) {
  print(
      to,
      "{\"architectures\": [\"Qwen2ForCausalLM\"], \"model_type\": \"qwen2\", \"vocab_size\": %d, "
      "\"hidden_size\": %d, \"intermediate_size\": %d, \"num_hidden_layers\": %d, "
      "\"num_attention_heads\": %d, \"num_key_value_heads\": %d, "
      "\"max_position_embeddings\": 512, \"rms_norm_eps\": 1e-06, \"rope_theta\": 1000000.0, "
      "\"tie_word_embeddings\": true, \"hidden_act\": \"silu\", \"torch_dtype\": \"float32\", "
      "\"use_sliding_window\": false, \"bos_token_id\": %d, \"eos_token_id\": %d}",
      TINY_VOCAB_SIZE, HIDDEN, INTERMEDIATE, LAYERS, HEADS, KV_HEADS, TINY_END_OF_TEXT,
      TINY_IM_END);
}

static void make_generation_config(buffer* to) {
  print(to,
        "{\"do_sample\": true, \"temperature\": 0.7, \"top_k\": 20, \"top_p\": 0.8, "
        "\"repetition_penalty\": 1.05, \"eos_token_id\": [%d, %d]}",
        TINY_IM_END, TINY_END_OF_TEXT);
}

/* Small numbers of both signs; norms are around 1. */
static float next_weight(uint64_t* state, int norm) {
  *state = *state * 6364136223846793005U + 1442695040888963407U;
  const float uniform = (float)(int32_t)(*state >> 32) / 2147483648.0F;
  return norm ? 1.0F + 0.1F * uniform : 0.2F * uniform;
}

static void add_tensor(buffer* header, buffer* data, const char* name, int rows, int columns) {
  static uint64_t state = 1;
  const size_t count = (size_t)rows * (size_t)(columns == 0 ? 1 : columns);
  const size_t begin = data->size;
  for (size_t i = 0; i < count; ++i) {
    const float value = next_weight(&state, strstr(name, "norm") != NULL);
    append(data, &value, sizeof value);
  }
  print(header, "%s\"%s\": {\"dtype\": \"F32\", \"shape\": [%d", begin == 0 ? "{" : ", ", name,
        rows);
  if (columns != 0) print(header, ", %d", columns);
  print(header, "], \"data_offsets\": [%zu, %zu]}", begin, data->size);
}

static void make_weights(buffer* to) {
  static const struct {
    const char* name;
    int rows;
    int columns;
  } parts[] = {
      {"input_layernorm.weight", HIDDEN, 0},
      {"self_attn.q_proj.weight", HEADS * HEAD_DIM, HIDDEN},
      {"self_attn.q_proj.bias", HEADS * HEAD_DIM, 0},
      {"self_attn.k_proj.weight", KV_HEADS * HEAD_DIM, HIDDEN},
      {"self_attn.k_proj.bias", KV_HEADS * HEAD_DIM, 0},
      {"self_attn.v_proj.weight", KV_HEADS * HEAD_DIM, HIDDEN},
      {"self_attn.v_proj.bias", KV_HEADS * HEAD_DIM, 0},
      {"self_attn.o_proj.weight", HIDDEN, HEADS * HEAD_DIM},
      {"post_attention_layernorm.weight", HIDDEN, 0},
      {"mlp.gate_proj.weight", INTERMEDIATE, HIDDEN},
      {"mlp.up_proj.weight", INTERMEDIATE, HIDDEN},
      {"mlp.down_proj.weight", HIDDEN, INTERMEDIATE},
  };
  buffer header = {NULL, 0, 0};
  buffer data = {NULL, 0, 0};
  add_tensor(&header, &data, "model.embed_tokens.weight", TINY_VOCAB_SIZE, HIDDEN);
  for (int layer = 0; layer < LAYERS; ++layer) {
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
      char name[128];
      snprintf(name, sizeof name, "model.layers.%d.%s", layer, parts[i].name);
      add_tensor(&header, &data, name, parts[i].rows, parts[i].columns);
    }
  }
  add_tensor(&header, &data, "model.norm.weight", HIDDEN, 0);
  print(&header, "}");
  while (header.size % 8 != 0) print(&header, " ");
  const uint64_t header_size = header.size; /* little-endian, like the machines this runs on */
  append(to, &header_size, sizeof header_size);
  append(to, header.data, header.size);
  append(to, data.data, data.size);
  free(header.data);
  free(data.data);
}

const tiny_file* tiny_model_files(size_t* count) {
  static const struct {
    const char* name;
    void (*make)(buffer* to);
  } makers[] = {{"config.json", make_config},
                {"generation_config.json", make_generation_config},
                {"tokenizer.json", make_tokenizer},
                {"tokenizer_config.json", make_tokenizer_config},
                {"model.safetensors", make_weights}};
  static tiny_file files[sizeof makers / sizeof makers[0]];
  *count = sizeof makers / sizeof makers[0];
  for (size_t i = 0; files[*count - 1].data == NULL && i < *count; ++i) {
    buffer content = {NULL, 0, 0};
    makers[i].make(&content);
    files[i].name = makers[i].name;
    files[i].size = content.size;
    files[i].data = content.data;
  }
  return files;
}

int tiny_model_write(const char* directory) {
  size_t count = 0;
  const tiny_file* const files = tiny_model_files(&count);
  mkdir(directory, 0777);
  for (size_t i = 0; i < count; ++i) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, files[i].name);
    FILE* const out = fopen(path, "wb");
    if (out == NULL) return 0;
    const size_t written = fwrite(files[i].data, 1, files[i].size, out);
    if (fclose(out) != 0 || written != files[i].size) return 0;
  }
  return 1;
}
