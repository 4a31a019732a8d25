// tlite-server MODEL [--port 8080]: models of the Qwen2.5 family behind OpenAI's API.
//
// Exit status: 0 stopped by SIGINT or SIGTERM, 1 an error (one line on stderr), 2 the command was
// not understood.
#include "api.hpp"
#include "http.hpp"
#include "service.hpp"
#include "storage.hpp"

#include <algorithm>
#include <cctype>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include <tlite/tlite.hpp>

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

struct Flags {
  std::vector<std::string> models;  // PATH or NAME=PATH
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string key_file;
  std::vector<std::string> origins;
  std::int32_t context = 16384;
  std::int32_t parallel = 16;
  std::int32_t queue = 64;
  std::int32_t threads = 0;
  std::string kv_type, weights, packed_cache, pooling = "last";
  bool no_mmap = false;
  bool strict = false;
  double memory_limit = 0;  // GB
  std::int32_t idle_unload = 0;
  double heartbeat = 10;
  double request_time = 0;
  std::size_t max_body = 16;  // MiB
  std::string files;
  double files_limit = 10;  // GB
};

void log(const std::string& line) { std::cerr << "tlite-server: " + line + "\n" << std::flush; }

// One a line; empty lines and those that begin with # are none.
std::vector<std::string> read_keys(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot open");
  std::vector<std::string> keys;
  for (std::string line; std::getline(file, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) {
      line.pop_back();
    }
    if (!line.empty() && line.front() != '#') keys.push_back(line);
  }
  if (keys.empty()) throw std::runtime_error(path + ": holds no key");
  return keys;
}

// The name is that of the file or folder, unless it is given.
server::ModelSource source_of(const std::string& given) {
  const std::size_t equals = given.find('=');
  if (equals != given.npos && equals > 0 && !std::filesystem::exists(given)) {
    return {given.substr(0, equals), given.substr(equals + 1)};
  }
  std::filesystem::path path(given);
  if (!path.has_filename()) path = path.parent_path();
  const bool is_file = path.extension() == ".gguf";
  return {is_file ? path.stem().string() : path.filename().string(), given};
}

template <class Value, class Names>
std::optional<Value> parse_name(const std::string& option, const std::string& name,
                                const Names& values) {
  if (name.empty()) return std::nullopt;
  for (const Value value : values) {
    if (name == tlite::to_string(value)) return value;
  }
  throw CLI::ValidationError(option, "'" + name + "' is not known");
}

server::ServiceOptions service_options(const Flags& flags) {
  server::ServiceOptions options;
  for (const std::string& model : flags.models) {
    options.models.sources.push_back(source_of(model));
    const auto& added = options.models.sources.back();
    const auto same =
        std::ranges::count(options.models.sources, added.name, &server::ModelSource::name);
    if (same > 1) {
      throw CLI::ValidationError("MODEL",
                                 "two are called '" + added.name + "': NAME=PATH names one");
    }
  }
  tlite::LoadOptions& load = options.models.load;
  if (!flags.weights.empty()) {
    load.weights = tlite::parse_weight_mix(flags.weights);
    if (!load.weights)
      throw CLI::ValidationError("--weights", "'" + flags.weights + "' is not known");
  }
  load.packed_cache = flags.packed_cache;
  load.read_into_memory = flags.no_mmap;
  load.host.log = [](tlite::LogLevel level, std::string_view text) {
    if (level >= tlite::LogLevel::warning) log(std::string(text));
  };
  tlite::EngineOptions& engine = options.models.engine;
  engine.context = flags.context;
  engine.max_sequences = flags.parallel;
  engine.threads = flags.threads;
  engine.kv_type =
      parse_name<tlite::DataType>("--kv-type", flags.kv_type,
                                  std::vector{tlite::DataType::f32, tlite::DataType::f16,
                                              tlite::DataType::bf16, tlite::DataType::q8_0});
  options.models.memory_limit = static_cast<std::uint64_t>(flags.memory_limit * 1e9);
  options.models.idle_time = std::chrono::seconds(flags.idle_unload);
  options.most_jobs =
      static_cast<std::size_t>(flags.parallel) + static_cast<std::size_t>(flags.queue);
  options.most_unread = std::max(options.most_unread, flags.max_body << 20U);
  options.heartbeat = std::chrono::milliseconds(static_cast<int>(flags.heartbeat * 1000));
  options.request_time = std::chrono::milliseconds(static_cast<int>(flags.request_time * 1000));
  options.pooling = flags.pooling == "mean"  ? tlite::Pooling::mean
                    : flags.pooling == "cls" ? tlite::Pooling::cls
                                             : tlite::Pooling::last;
  options.strict = flags.strict;
  return options;
}

server::StorageOptions storage_options(const Flags& flags) {
  // Twice as many lines as the engine answers at once: it always has one to admit.
  return {flags.files, static_cast<std::uint64_t>(flags.files_limit * 1e9),
          2 * static_cast<std::size_t>(flags.parallel)};
}

// As many of the connections that are wanted as the system lets this process have; some descriptors
// are for the models' files.
std::size_t most_connections(std::size_t wanted) {
  constexpr std::size_t kOthers = 64;
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::min<std::size_t>(wanted, 256);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto all = static_cast<std::size_t>(limit.rlim_cur);
  const std::size_t left = all > 2 * kOthers ? all - kOthers : all / 2;
  if (left >= wanted) return wanted;
  log("at most " + std::to_string(left) + " connections at once, as RLIMIT_NOFILE is " +
      std::to_string(all));
  return left;
}

void run(const Flags& flags) {
  server::ApiOptions access;
  if (!flags.key_file.empty()) access.keys = read_keys(flags.key_file);
  access.origins = flags.origins;
  access.loopback = server::http::is_loopback(flags.host);
  if (!access.loopback && access.keys.empty()) {
    throw CLI::ValidationError("--host", "'" + flags.host +
                                             "' is reached from other machines: it takes an "
                                             "--api-key-file");
  }
  server::http::Limits limits;
  limits.body = flags.max_body << 20U;
  limits.connections = most_connections(limits.connections);
  server::http::Server* http = nullptr;
  server::Api api(
      access, [&http] { http->stop(); }, [&http] { return http->connections(); });
  server::http::Server connections(limits, api);
  http = &connections;
  const std::uint16_t port = connections.listen(flags.host, flags.port);
  std::exception_ptr failed;
  {
    server::Service service(
        service_options(flags), [&](std::function<void()> work) { http->post(std::move(work)); },
        log);
    std::optional<server::Storage> storage;
    if (!flags.files.empty()) {
      storage.emplace(
          storage_options(flags), api.line_server(), server::Api::failure_response,
          [&](std::function<void()> work) { http->post(std::move(work)); }, log);
    }
    api.serve(service, storage ? &*storage : nullptr);
    service.warm_up([&](const std::optional<tlite::Error>& error) {
      if (error) {
        failed = std::make_exception_ptr(*error);
        service.drain();
      } else if (!service.draining()) {
        const std::string shown =
            flags.host.find(':') == std::string::npos ? flags.host : "[" + flags.host + "]";
        log("ready at http://" + shown + ":" + std::to_string(port));
      }
    });
    connections.run();
  }
  if (failed) std::rethrow_exception(failed);
}

void add_flags(CLI::App& app, Flags& flags) {
  app.add_option("MODEL,--model", flags.models,
                 "a Hugging Face directory or a .gguf file of the Qwen2.5 family, or NAME=PATH; "
                 "several: each is loaded when it is asked for")
      ->required();
  app.add_option("--host", flags.host, "the address; other than this machine's own it takes a key")
      ->capture_default_str();
  app.add_option("--port", flags.port, "0: any that is free")->capture_default_str();
  app.add_option("--api-key-file", flags.key_file,
                 "a file with a key a line, one of which is asked for");
  app.add_option("--cors", flags.origins,
                 "an origin whose pages may ask (https://example.org), or *; may be repeated");
  app.add_option("-c,--context", flags.context, "tokens in the KV cache, all requests together")
      ->check(CLI::Range(32, 1 << 20))
      ->capture_default_str();
  app.add_option("--parallel", flags.parallel, "requests answered at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--queue", flags.queue, "requests that wait; more are told to come again (429)")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  app.add_option("--threads", flags.threads, "0: one per physical core")->check(CLI::Range(0, 256));
  app.add_option("--kv-type", flags.kv_type, "storage of the KV cache: f32, f16, bf16, q8_0");
  app.add_option("--weights", flags.weights, "quantize while loading: q8_0, q4_k_m, ...");
  app.add_option("--packed-cache", flags.packed_cache,
                 "a directory for weights ready for the next load");
  app.add_flag("--no-mmap", flags.no_mmap, "read the weights in place of mapping their files");
  app.add_option("--pooling", flags.pooling, "of embeddings: last, mean or cls")
      ->check(CLI::IsMember({"last", "mean", "cls"}))
      ->capture_default_str();
  app.add_option("--memory-limit", flags.memory_limit,
                 "GB of all loaded models, by their plans: idle ones make room; 0: none")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--idle-unload", flags.idle_unload,
                 "seconds after which an idle model is let go; 0: never")
      ->check(CLI::Range(0, 1 << 30));
  app.add_option("--heartbeat", flags.heartbeat,
                 "seconds after which a silent stream gets a comment")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  app.add_option("--request-timeout", flags.request_time, "seconds that an answer may take; 0: any")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--max-body", flags.max_body, "MiB of a request")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--files", flags.files,
                 "a directory for /v1/files and /v1/batches; without it there are none");
  app.add_option("--files-limit", flags.files_limit, "GB of all files together")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_flag("--strict", flags.strict, "refuse fields that are not known, in place of a warning");
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Serves models of the Qwen2.5 family by OpenAI's API.", "tlite-server");
  app.set_version_flag("--version", std::string(tlite::version()));
  add_flags(app, flags);
  try {
    app.parse(argc, argv);
    run(flags);
    return 0;
  } catch (const CLI::ParseError& error) {
    // Asked for help or the version: printed on stdout, status 0.
    if (error.get_exit_code() == 0) return app.exit(error);
    log(std::string(error.what()) + " (see --help)");
    return kUsage;
  } catch (const std::exception& error) {
    log(error.what());
    return kFailed;
  }
}
