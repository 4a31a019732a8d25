#include "api/session_core.hpp"

#include <random>
#include <string>
#include <utility>

#include <tlite/error.hpp>
#include <tlite/session.hpp>

namespace tlite {

namespace {

std::uint64_t seed_from_system() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

std::string_view to_string(FinishReason reason) noexcept {
  switch (reason) {
    case FinishReason::none:
      return "none";
    case FinishReason::end_of_text:
      return "end_of_text";
    case FinishReason::stop_token:
      return "stop_token";
    case FinishReason::stop_string:
      return "stop_string";
    case FinishReason::length:
      return "length";
    case FinishReason::context_full:
      return "context_full";
    case FinishReason::cancelled:
      return "cancelled";
    case FinishReason::deadline:
      return "deadline";
    case FinishReason::failed:
      return "failed";
  }
  return "unknown";
}

// Works on a copy of the messages and puts it in place of the session's at the end, so that an
// exception on the way leaves the conversation as it was.
struct Stream::Impl {
  // What becomes of the answer.
  enum class Kind { append, extend, nothing };

  Impl(std::shared_ptr<SessionCore> session, Kind kind_of_answer, std::vector<Message> context)
      : core(std::move(session)), kind(kind_of_answer), conversation(std::move(context)) {}
  ~Impl() {
    if (!open) return;
    answer->abandon();
    try {
      commit();
    } catch (...) {  // out of memory: the answer is lost, the conversation is not
      close();
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void start(std::vector<TokenId> prompt, const PartialAnswer& before, std::uint64_t with_seed);
  std::optional<Piece> next();
  void commit();
  void close() noexcept;

  std::shared_ptr<SessionCore> core;
  Kind kind;
  std::vector<Message> conversation;  // what the answer answers
  Message extended;                   // the answer that goes on
  bool exact = false;                 // it goes on from the tokens it was made of
  std::size_t before_tokens = 0;      // of these, how many
  std::int32_t dropped = 0;
  std::uint64_t seed = 0;
  std::optional<Answer> answer;
  bool open = false;
};

void Stream::Impl::start(std::vector<TokenId> prompt, const PartialAnswer& before,
                         std::uint64_t with_seed) {
  seed = with_seed;
  before_tokens = before.tokens.size();
  const ShortenPrompt shorten =
      kind == Kind::nothing ? ShortenPrompt() : core->shortener(conversation, dropped);
  prompt = fit_prompt(std::move(prompt), before_tokens, core->cache.context(),
                      core->options.overflow, shorten);
  Generator generator(core->model.tokenizer(), core->sampling, core->model.info().eos_token_ids,
                      seed, prompt, before);
  answer.emplace(core->cache, core->workspace, core->run, std::move(prompt), std::move(generator),
                 core->options.overflow, shorten, core->on_prefill);
  answer->set_dropped_messages(dropped);
  core->evaluator.clear_cancel();
  core->run.start();
  core->busy = true;
  open = true;
}

std::optional<Piece> Stream::Impl::next() {
  if (!open) return std::nullopt;
  try {
    std::optional<Piece> piece = answer->next();
    answer->set_dropped_messages(dropped);
    if (!piece) commit();
    return piece;
  } catch (...) {
    close();
    throw;
  }
}

void Stream::Impl::close() noexcept {
  open = false;
  core->run.stop();
  core->busy = false;
}

void Stream::Impl::commit() {
  const Generator& generator = answer->generator();
  const FinishReason reason = generator.finish_reason();
  const bool said = generator.tokens().size() > before_tokens;
  std::optional<AnswerRecord> record;
  if (said && reason != FinishReason::stop_string && (kind == Kind::append || exact)) {
    record = AnswerRecord{conversation.size(), generator.partial(), seed};
    const bool ended = reason == FinishReason::end_of_text || reason == FinishReason::stop_token;
    if (ended && !core->sampling.include_stop_in_output) record->answer.tokens.pop_back();
  }
  if (kind == Kind::append && said) conversation.push_back({"assistant", generator.text()});
  if (kind == Kind::extend) {
    if (!said) record = std::move(core->record);
    if (said && exact) extended.content = generator.text();
    if (said && !exact) extended.content += answer->result().text;
    conversation.push_back(std::move(extended));
  }
  if (kind != Kind::nothing) {
    core->messages = std::move(conversation);
    core->record = std::move(record);
  }
  close();
}

Stream::Stream(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

std::optional<Piece> Stream::next() { return impl_->next(); }
const Generation& Stream::result() const noexcept { return impl_->answer->result(); }

struct Session::Impl {
  std::shared_ptr<SessionCore> core;

  SessionCore& idle() const {
    core->require_idle();
    return *core;
  }

  std::uint64_t seed() const {
    return core->sampling.seed ? *core->sampling.seed : seed_from_system();
  }

  Stream answer(std::vector<Message> conversation) const {
    if (conversation.empty()) {
      throw Error(ErrorCode::invalid_argument, "the conversation has no message to answer");
    }
    std::vector<TokenId> prompt = core->encode(conversation);
    auto impl =
        std::make_unique<Stream::Impl>(core, Stream::Impl::Kind::append, std::move(conversation));
    impl->start(std::move(prompt), {}, seed());
    return Stream(std::move(impl));
  }

  // The conversation without the assistant's last message, which `verb` is about.
  std::vector<Message> without_answer(const char* verb) const {
    const std::vector<Message>& messages = core->messages;
    if (messages.empty() || messages.back().role != "assistant") {
      throw Error(ErrorCode::bad_state, std::string("there is no answer to ") + verb +
                                            ": the last message is not the assistant's");
    }
    return {messages.begin(), messages.end() - 1};
  }

  Stream extend() const {
    std::vector<Message> conversation = without_answer("continue");
    const Message& last = core->messages.back();
    const bool exact = core->record && core->record->message == conversation.size();
    PartialAnswer before;
    std::uint64_t with_seed = seed();
    if (exact) {
      before = core->record->answer;
      if (!core->sampling.seed) with_seed = core->record->seed;
    } else {
      before.tokens = core->model.tokenizer().encode(
          last.content,
          {.parse_special = core->options.parse_special_in_messages, .add_special = false});
    }
    std::vector<TokenId> prompt = core->encode(conversation);
    auto impl =
        std::make_unique<Stream::Impl>(core, Stream::Impl::Kind::extend, std::move(conversation));
    impl->extended = last;
    impl->exact = exact;
    impl->start(std::move(prompt), before, with_seed);
    return Stream(std::move(impl));
  }

  Stream complete(std::vector<TokenId> prompt) const {
    auto impl =
        std::make_unique<Stream::Impl>(core, Stream::Impl::Kind::nothing, std::vector<Message>());
    impl->start(std::move(prompt), {}, seed());
    return Stream(std::move(impl));
  }

  static Generation drain(Stream stream, const PieceCallback& callback) {
    Stream::Impl& impl = *stream.impl_;
    try {
      while (const std::optional<Piece> piece = impl.next()) {
        if (!callback || callback(*piece)) continue;
        impl.answer->abandon();
        impl.commit();
      }
    } catch (...) {
      if (impl.open) impl.close();
      throw;
    }
    return impl.answer->result();
  }
};

Session::Session(Model model, const SessionOptions& options)
    : impl_(
          std::make_unique<Impl>(Impl{std::make_shared<SessionCore>(std::move(model), options)})) {}
Session::Session(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

const Model& Session::model() const noexcept { return impl_->core->model; }
const SessionOptions& Session::options() const noexcept { return impl_->core->options; }

void Session::set_sampling(const SamplingParams& params) {
  SessionCore& core = impl_->idle();
  validate(params, static_cast<std::size_t>(core.model.info().config.vocab_size));
  core.sampling = params;
}

const SamplingParams& Session::sampling() const noexcept { return impl_->core->sampling; }

void Session::add(Message message) { impl_->idle().messages.push_back(std::move(message)); }
void Session::add_system(std::string_view text) { add({"system", std::string(text)}); }
void Session::add_user(std::string_view text) { add({"user", std::string(text)}); }

const std::vector<Message>& Session::messages() const noexcept { return impl_->core->messages; }

void Session::set_messages(std::vector<Message> messages) {
  SessionCore& core = impl_->idle();
  core.messages = std::move(messages);
  core.record.reset();
}

void Session::rewind(std::size_t count) {
  SessionCore& core = impl_->idle();
  if (count > core.messages.size()) {
    throw Error(ErrorCode::invalid_argument, "rewind to " + std::to_string(count) +
                                                 " messages: the conversation has " +
                                                 std::to_string(core.messages.size()));
  }
  core.messages.resize(count);
  if (core.record && core.record->message >= count) core.record.reset();
}

void Session::reset() { rewind(0); }

Session Session::fork() const {
  return Session(std::make_unique<Impl>(Impl{std::make_shared<SessionCore>(impl_->idle())}));
}

Stream Session::stream() { return impl_->answer(impl_->idle().messages); }

Stream Session::stream_regenerate() {
  impl_->idle();
  return impl_->answer(impl_->without_answer("replace"));
}

Stream Session::stream_continue() {
  impl_->idle();
  return impl_->extend();
}

Stream Session::stream_complete(std::string_view prompt) {
  const Tokenizer& tokenizer = impl_->idle().model.tokenizer();
  std::vector<TokenId> ids = tokenizer.encode(prompt);
  if (ids.empty() && tokenizer.bos_token()) ids.push_back(*tokenizer.bos_token());
  return impl_->complete(std::move(ids));
}

Stream Session::stream_complete(std::span<const TokenId> prompt) {
  const TokenId size = impl_->idle().model.info().config.vocab_size;
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    if (prompt[i] >= 0 && prompt[i] < size) continue;
    throw Error(ErrorCode::invalid_argument,
                "prompt[" + std::to_string(i) + "] is " + std::to_string(prompt[i]) +
                    ", it must be a token id below the vocabulary size " + std::to_string(size));
  }
  return impl_->complete({prompt.begin(), prompt.end()});
}

Generation Session::reply(const PieceCallback& callback) { return Impl::drain(stream(), callback); }

Generation Session::regenerate(const PieceCallback& callback) {
  return Impl::drain(stream_regenerate(), callback);
}

Generation Session::continue_reply(const PieceCallback& callback) {
  return Impl::drain(stream_continue(), callback);
}

Generation Session::complete(std::string_view prompt, const PieceCallback& callback) {
  return Impl::drain(stream_complete(prompt), callback);
}

std::int32_t Session::count_prompt_tokens() const {
  const SessionCore& core = *impl_->core;
  if (core.messages.empty()) return 0;
  return static_cast<std::int32_t>(core.encode(core.messages).size());
}

void Session::on_prefill(std::function<bool(std::int64_t done, std::int64_t total)> callback) {
  impl_->idle().on_prefill = std::move(callback);
}

void Session::cancel() noexcept {
  if (impl_->core->run.cancel()) impl_->core->evaluator.cancel();
}

}  // namespace tlite
