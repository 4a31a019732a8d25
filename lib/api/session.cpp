// The bodies of Session and Stream: what a conversation is made of answers, and what becomes of it
// when one ends, is cut or fails.
//
// Which tokens come is the request's generator's to say (runtime/generator.hpp), when rows are
// computed the engine core's. Here messages are turned into a prompt, the request's events into
// pieces, and the answer into a message. Nothing here takes a lock: a session and its streams
// belong to one thread at a time, and what others touch meanwhile is in the mailbox, in the
// request's control or behind the engine's own locks.
//
// Three objects share one life. A Stream holds the SessionCore, so it may outlive its Session; the
// core holds the engine, which may outlive the Engine it came from; the request, held by the stream
// and the engine, holds the mailbox and not the stream, so the engine may still write to it when
// the stream has gone.
#include "api/session_core.hpp"
#include "base/deadline.hpp"
#include "sample/room.hpp"

#include <random>
#include <string>
#include <utility>

#include <tlite/error.hpp>
#include <tlite/session.hpp>

namespace tlite {

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
// `open` from the moment when the engine has the request until close(): the session is busy as
// long, so it has one open stream at most. `ended`: no further event will be taken, since the last
// one was, or the request was given up. Never moved or copied: `shorten` holds references to
// members. A Stream that is moved moves the pointer to this.
struct Stream::Impl {
  using Clock = Engine::Impl::Clock;
  // What becomes of the answer.
  enum class Kind { append, extend, nothing };

  Impl(std::shared_ptr<SessionCore> session, Kind kind_of_answer, std::vector<Message> context)
      : core(std::move(session)), kind(kind_of_answer), conversation(std::move(context)) {}
  // Who drops a stream keeps what it was given: the answer ends at the last piece that was taken.
  // On an engine with others this may wait for the step under way.
  ~Impl() {
    try {
      stop();
    } catch (...) {  // out of memory: the answer is lost, the conversation is not
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void start(std::vector<TokenId> prompt, const PartialAnswer& from, std::uint64_t with_seed);
  std::optional<Piece> next(Clock::time_point deadline);
  std::optional<Piece> poll();
  template <class Work>
  std::optional<Piece> pull(Work&& work);
  std::optional<Piece> take(RequestEvent& event);
  void take_progress(RequestEvent& event);
  void make_room();
  void abandon() noexcept;
  Generator given_out() const;
  void commit();
  void close() noexcept;
  void stop();
  void discard() noexcept;

  std::shared_ptr<SessionCore> core;
  Kind kind;
  std::vector<Message> conversation;  // what the answer answers
  Message extended;                   // the answer that goes on
  bool exact = false;                 // it goes on from the tokens it was made of
  std::uint64_t seed = 0;
  PartialAnswer before;  // what was there of the answer: its tokens, and how much was shown
  ShortenPrompt shorten;
  // The engine's copy of the pointer keeps it while the request is there; ours is needed to look at
  // the answer in commit().
  std::shared_ptr<Request> request;
  // What the engine says: shared with it, which may outlive the stream.
  std::shared_ptr<Mailbox> mail = std::make_shared<Mailbox>();
  RequestEvent arrived;  // taken out of it last
  RequestEvent current;  // the piece given out last
  Generation result;
  bool open = false;   // the answer is not part of the conversation yet
  bool ended = false;  // the request's last event was taken
  bool abandoned = false;
};

// All that may throw comes before the request is submitted, and `busy` after it: where this throws,
// nothing runs and the session is idle. Turns are dropped from the stream's own copy of the
// conversation; commit() makes it the session's.
void Stream::Impl::start(std::vector<TokenId> prompt, const PartialAnswer& from,
                         std::uint64_t with_seed) {
  seed = with_seed;
  if (kind != Kind::nothing) shorten = core->shortener(conversation, result.dropped_messages);
  prompt = fit_prompt(std::move(prompt), from.tokens.size(), core->context(),
                      core->options.overflow, shorten);
  const Model& model = core->model();
  Generator generator(model.tokenizer(), core->sampling, model.info().eos_token_ids, seed, prompt,
                      from);
  // Asked of the generator and not taken from `from`, which may say "all of it is shown" with a
  // number of bytes that is none: given_out() counts on from this.
  before = generator.partial();
  if (core->logits_processor) generator.set_processor(core->logits_processor, prompt);
  // The sink must not hold `this`: the engine may deliver what it has computed until it has heard
  // of the end. The mailbox keeps a place for the last event from here on, or an end could be lost
  // for lack of memory and next() would wait for ever.
  RequestSpec spec{std::move(prompt), std::move(generator)};
  spec.context = core->context();
  spec.waits_when_full = core->options.overflow == OverflowPolicy::drop_oldest;
  spec.wants_progress = static_cast<bool>(core->on_prefill);
  spec.control = core->control;
  spec.sink = [to = mail](RequestEvent&& event) { to->put(std::move(event)); };
  mail->expect_end();
  for (RequestEvent* const event : {&arrived, &current}) event->text.reserve(kPieceRoom);
  reserve(result, spec.generator.expected(core->context() - spec.prompt.size()),
          core->sampling.logprobs >= 0);
  request = core->engine->submit(std::move(spec));
  core->busy = true;
  open = true;
}

// Progress carries the counts of the prompt, so a cancelled prefill has them in its result too.
// False of the callback ends the answer before its first token.
void Stream::Impl::take_progress(RequestEvent& event) {
  append(result, event);
  if (core->on_prefill(event.done, event.total)) return;
  abandon();
}

// The answer has filled the context. It is not the engine that knows of turns: they are dropped
// here, and the request goes on behind what is left of the prompt.
// The generator is read without a lock: a request that is full is nobody's to work on until it is
// resumed. Where shortening throws, pull() gives the request up.
void Stream::Impl::make_room() {
  auto prompt = shorter_prompt(request->generator().tokens().size(), core->context(),
                               core->options.overflow, shorten);
  if (prompt) {
    core->engine->resume(request, *std::move(prompt));
  } else {
    core->engine->finish(request, FinishReason::context_full);
  }
}

// The piece's views lie in `current`: valid until the next piece is taken. append() comes first, so
// that result() has what was said before an error too. `ended` is set before an error is
// passed on: then there is nothing left to give up.
std::optional<Piece> Stream::Impl::take(RequestEvent& event) {
  std::swap(current, event);
  append(result, current);
  ended = current.finish_reason != FinishReason::none;
  if (current.error) throw Error(*current.error);
  if (current.finish_reason == FinishReason::context_full &&
      core->options.overflow == OverflowPolicy::error) {
    throw Error(ErrorCode::context_full, "prompt and answer fill the context of " +
                                             std::to_string(core->context()) + " tokens");
  }
  if (current.token < 0 && current.text.empty()) return std::nullopt;  // an end and nothing else
  return Piece{current.text, current.token, current.logprob, current.top_logprobs};
}

// One loop for next() and poll(), since an event may be there, may ask for something (room, the
// host's opinion of the progress), or may be the end without text, after which the answer is still
// to be committed. An end that came with a piece is committed by the call after it: until then the
// stream is not finished().
//
// Whatever is thrown, by the engine, by a callback or for lack of memory, ends the answer and
// leaves the session idle with the conversation that it had. Such an answer has no reason why it
// finished, whatever was in its way: the error is the reason.
// Where no mail is there, `work` sees to some, or is false: then that is all for now.
template <class Work>
std::optional<Piece> Stream::Impl::pull(Work&& work) {
  if (!open) return std::nullopt;
  try {
    while (!ended) {
      if (!mail->take(arrived)) {
        if (!work()) return std::nullopt;
      } else if (arrived.kind == RequestEvent::Kind::progress) {
        take_progress(arrived);
      } else if (arrived.kind == RequestEvent::Kind::full) {
        make_room();
      } else if (auto piece = take(arrived)) {
        return piece;
      }
    }
    commit();
    return std::nullopt;
  } catch (...) {
    discard();
    throw;
  }
}

std::optional<Piece> Stream::Impl::next(Clock::time_point deadline) {
  // At least one unit of work a call, or a budget of nothing would never come to an end.
  return pull([&, worked = false]() mutable {
    if (worked && Clock::now() >= deadline) return false;
    worked = true;
    if (core->engine->work_for(*mail, deadline)) return true;
    // Never seen where the engine keeps its promise: a request that has no mail is in its inbox or
    // in its core.
    throw Error(ErrorCode::bad_state, "the engine has lost this answer");
  });
}

std::optional<Piece> Stream::Impl::poll() {
  return pull([] { return false; });
}

// Ends the answer here. What the engine has made of it in the meantime does not count.
// The engine first: after that it writes no more, and clear() finds all that there will be.
void Stream::Impl::abandon() noexcept {
  core->engine->abandon(request);
  mail->clear();
  ended = true;
  abandoned = true;
  result.finish_reason = FinishReason::cancelled;
}

// The answer as far as it was given out: on an engine that others work on, the request is ahead.
// The tokens that were given out are replayed by a generator with the same stop strings and no
// other rules, so that text that is held back is held back here too. No end tokens: an answer that
// had come to one was not abandoned.
Generator Stream::Impl::given_out() const {
  SamplingParams params;
  params.stop = core->sampling.stop;
  params.include_stop_in_output = core->sampling.include_stop_in_output;
  PartialAnswer answer = before;
  answer.tokens.insert(answer.tokens.end(), result.tokens.begin(), result.tokens.end());
  answer.shown += result.text.size();
  return Generator(core->model().tokenizer(), params, {}, seed, {}, answer);
}

// For the host the answer is over with this: a cancel() from now on is to find nothing running.
void Stream::Impl::close() noexcept {
  if (!ended) core->engine->abandon(request);
  ended = true;
  open = false;
  core->control->run.stop();
  core->busy = false;
}

// Everything that allocates works on copies, and the session's members are moved to at the end, so
// that an exception costs the answer and not the conversation.
//
// An answer is recorded, to be continued to the token, where its tokens and its text say the same.
// Behind a stop string they do not: the text may be cut inside a token. An end token is taken off,
// or the continuation would go on behind the end of the turn. An extension of an answer that was
// not made here, or was edited since, has tokens that are a guess, and none are recorded.
void Stream::Impl::commit() {
  std::optional<Generator> rest;
  if (abandoned) rest.emplace(given_out());
  const Generator& generator = rest ? *rest : request->generator();
  const FinishReason reason = result.finish_reason;
  const bool said = !result.tokens.empty();
  std::optional<AnswerRecord> record;
  if (said && reason != FinishReason::stop_string && (kind == Kind::append || exact)) {
    record = AnswerRecord{conversation.size(), generator.partial(), seed};
    const bool by_model = reason == FinishReason::end_of_text || reason == FinishReason::stop_token;
    if (by_model && !core->sampling.include_stop_in_output) record->answer.tokens.pop_back();
  }
  if (kind == Kind::append && said) conversation.push_back({"assistant", generator.text()});
  if (kind == Kind::extend) {
    if (said && exact) extended.content = generator.text();
    // Appended to the message as it was written: decoding its tokens could change it, since
    // encoding normalizes and repairs.
    if (said && !exact) extended.content += result.text;
    conversation.push_back(std::move(extended));
  }
  // From here on nothing throws.
  const bool keeps_record = kind == Kind::extend && !said && exact;
  if (keeps_record) core->record->message = conversation.size() - 1;
  if (kind != Kind::nothing) {
    core->messages = std::move(conversation);
    if (!keeps_record) core->record = std::move(record);
  }
  close();
}

// An answer that nothing was given out of has changed nothing: regenerate keeps what it was to
// replace.
void Stream::Impl::stop() {
  if (!open) return;
  if (!ended) abandon();
  try {
    if (!abandoned || !result.tokens.empty() || !result.text.empty()) commit();
  } catch (...) {
    discard();
    throw;
  }
  if (open) close();
}

// What ends in an error has that for its reason, and no other.
void Stream::Impl::discard() noexcept {
  if (!open) return;
  result.finish_reason = FinishReason::none;
  close();
}

Stream::Stream(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

std::optional<Piece> Stream::next() { return impl_->next(Impl::Clock::time_point::max()); }

std::optional<Piece> Stream::next(std::chrono::nanoseconds budget) {
  return impl_->next(deadline_after(budget));
}

std::optional<Piece> Stream::poll() { return impl_->poll(); }

void Stream::stop() { impl_->stop(); }
void Stream::discard() noexcept { impl_->discard(); }

bool Stream::finished() const noexcept { return !impl_->open; }
const Generation& Stream::result() const noexcept { return impl_->result; }

// No more than the pointer: what streams need after the session is in the core. The conversation is
// rendered before a stream is made, so that a template that refuses it leaves nothing behind.
struct Session::Impl {
  std::shared_ptr<SessionCore> core;

  // Through this goes every call that changes what an open stream will write to or reads meanwhile.
  SessionCore& idle() const {
    core->require_idle();
    return *core;
  }

  std::uint64_t seed() const { return seed_of(core->sampling); }

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
      before.tokens = core->model().tokenizer().encode(
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

  // A callback that says no keeps the answer so far, one that throws does not: discard() comes
  // before the stream's destructor, which would commit it.
  static Generation drain(Stream stream, const PieceCallback& callback) {
    Stream::Impl& impl = *stream.impl_;
    try {
      while (const std::optional<Piece> piece = impl.next(Stream::Impl::Clock::time_point::max())) {
        if (callback && !callback(*piece)) impl.stop();
      }
    } catch (...) {
      impl.discard();
      throw;
    }
    return std::move(impl.result);
  }
};

Session::Session(Model model, const SessionOptions& options)
    : impl_(
          std::make_unique<Impl>(Impl{std::make_shared<SessionCore>(std::move(model), options)})) {}
Session::Session(const Engine& engine, const SessionOptions& options)
    : impl_(std::make_unique<Impl>(Impl{std::make_shared<SessionCore>(engine.impl(), options)})) {}
Session::Session(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

const Model& Session::model() const noexcept { return impl_->core->model(); }
const SessionOptions& Session::options() const noexcept { return impl_->core->options; }

void Session::set_sampling(const SamplingParams& params) {
  SessionCore& core = impl_->idle();
  validate(params, static_cast<std::size_t>(core.model().info().config.vocab_size));
  // Made to throw now, where the host can see why, and not with the next answer.
  Thinking(params, core.model().tokenizer().thinking_tokens());
  SamplingParams copy = params;  // an assignment that fails leaves some of both
  core.sampling = std::move(copy);
}

void Session::set_logits_processor(LogitsProcessor processor) {
  impl_->idle().logits_processor = std::move(processor);
}

const SamplingParams& Session::sampling() const noexcept { return impl_->core->sampling; }

void Session::add(Message message) {
  validate(message);
  impl_->idle().messages.push_back(std::move(message));
}
void Session::add_system(std::string_view text) { add({"system", std::string(text)}); }
void Session::add_user(std::string_view text) { add({"user", std::string(text)}); }

const std::vector<Message>& Session::messages() const noexcept { return impl_->core->messages; }

void Session::set_messages(std::vector<Message> messages) {
  for (const Message& message : messages) validate(message);
  SessionCore& core = impl_->idle();
  // The record goes with the messages: an equal text at the same place may have come from
  // elsewhere.
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
  // What is added at that place later is another message.
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
  return impl_->complete(encode_text(impl_->idle().model().tokenizer(), prompt));
}

Stream Session::stream_complete(std::span<const TokenId> prompt) {
  check_prompt(prompt, impl_->idle().model().info().config.vocab_size);
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

// Allowed while an answer is made: it reads the messages, which change at its end alone.
std::int32_t Session::count_prompt_tokens() const {
  const SessionCore& core = *impl_->core;
  if (core.messages.empty()) return 0;
  return static_cast<std::int32_t>(core.encode(core.messages).size());
}

void Session::on_prefill(std::function<bool(std::int64_t done, std::int64_t total)> callback) {
  impl_->idle().on_prefill = std::move(callback);
}

// From any thread and from signal handlers: one atomic of a control that lives as long as the core,
// and never another one. Whether an answer runs is part of that same atomic, see RunState.
void Session::cancel() noexcept { impl_->core->control->run.cancel(); }
void Session::end_thinking() noexcept { impl_->core->control->end_thinking = true; }

}  // namespace tlite
