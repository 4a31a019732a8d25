// A conversation with a model.
//
//   tlite::Session session(tlite::Model::load("T-lite-it-1.0"));
//   session.add_user("Напиши стих про машинное обучение");
//   for (std::string_view piece : session.stream()) std::cout << piece << std::flush;
//
// The session keeps the messages and the KV cache of what was evaluated; each reply evaluates only
// what is new behind the common prefix. A Session belongs to one thread at a time; cancel() may be
// called from any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/chat.hpp>
#include <tlite/engine.hpp>
#include <tlite/evaluator.hpp>
#include <tlite/export.hpp>
#include <tlite/generation.hpp>
#include <tlite/model.hpp>
#include <tlite/sampling.hpp>

namespace tlite {

struct SessionOptions {
  std::int32_t context = 4096;  // tokens, prompt and answers together
  std::int32_t threads = 0;     // 0: physical cores
  std::int32_t max_batch_rows = 512;
  std::optional<DataType> kv_type = {};
  OverflowPolicy overflow = OverflowPolicy::stop;
  // true: special tokens inside message contents are parsed. Off, a user who types <|im_start|>
  // sends text.
  bool parse_special_in_messages = false;
  std::string tools_json = {};     // tool definitions for the template; empty: none
  std::string template_json = {};  // further template variables, a JSON object; empty: none
};

// The evaluator that a session of these options runs on: one sequence, logits of one row.
TLITE_API EvaluatorOptions evaluator_options(const SessionOptions& options) noexcept;

// Called per piece; return false to stop (the answer so far stays; FinishReason::cancelled).
using PieceCallback = std::function<bool(const Piece&)>;

class Session;

// An answer being made. Pull pieces with next() or a range-for; the session must stay alive and may
// not be used otherwise until the stream is at its end or destroyed (which ends the answer there).
class TLITE_API Stream {
 public:
  ~Stream();
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;

  // The next piece, or nothing at the end. Throws like Session::reply.
  std::optional<Piece> next();
  // The same within a budget, for loops that have other things to do: nothing also where the budget
  // is used up first, by one work unit more at most, in a prompt too; then the stream is not
  // finished().
  std::optional<Piece> next(std::chrono::nanoseconds budget);
  // The next piece that is there already, or nothing: works on nothing itself. For sessions on an
  // engine that somebody steps, a game that has one budget for all its characters. Throws the same.
  std::optional<Piece> poll();
  // Ends the answer here, as the destructor does: what was given out becomes part of the
  // conversation, which stays as it was where nothing was. Throws out_of_memory, and the
  // conversation is as before: what the destructor cannot add for want of memory is lost.
  void stop();
  // Ends the answer here and adds nothing of it to the conversation.
  void discard() noexcept;
  // The answer has ended and is part of the conversation, or was discarded.
  bool finished() const noexcept;
  // What there is so far; complete after the last piece. After an error the reason stays `none`.
  const Generation& result() const noexcept;

  class Iterator;
  Iterator begin();
  Iterator end() noexcept;

 private:
  friend class Session;
  struct Impl;
  explicit Stream(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

class TLITE_API Session {
 public:
  // Throws out_of_memory, invalid_argument.
  explicit Session(Model model, const SessionOptions& options = {});
  // On an engine that others use too: their answers are worked on together, and where several
  // threads pull pieces they take turns. Threads, kv_type and max_batch_rows are the engine's, and
  // so is the most that `context` can be. The engine lives as long as its last session.
  explicit Session(const Engine& engine, const SessionOptions& options = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  const Model& model() const noexcept;
  const SessionOptions& options() const noexcept;

  // The conversation. Sampling defaults to the model's own; validated when set.
  void set_sampling(const SamplingParams& params);
  const SamplingParams& sampling() const noexcept;
  // Of every answer from now on, forks' too, on the thread that works on it: where the session is
  // on an engine with others, any that pulls pieces. It may call nothing of the session but cancel
  // and end_thinking. Empty: none. Kept by the session, its forks and open streams, each for
  // itself: what it refers to must outlive them.
  void set_logits_processor(LogitsProcessor processor);
  void add(Message message);  // throws what validate(message) does
  void add_system(std::string_view text);
  void add_user(std::string_view text);
  const std::vector<Message>& messages() const noexcept;
  void set_messages(std::vector<Message> messages);
  // Keeps the first `count` messages. The KV cache of what stays is kept.
  void rewind(std::size_t count);
  void reset();  // forgets all messages, the system message included
  // The same conversation twice, sharing the cache of what was said. Costs a new KV cache and
  // scratch of its own, so it is a named method and not a copy.
  Session fork() const;

  // Answers the conversation and appends the answer as an assistant message. Throws
  // invalid_argument (empty conversation), bad_template, context_full, not_found (no chat
  // template).
  Generation reply(const PieceCallback& callback = {});
  Stream stream();
  // Answers again: drops the last assistant message first. bad_state if the last one is not one.
  Generation regenerate(const PieceCallback& callback = {});
  Stream stream_regenerate();
  // Goes on with an answer that was cut by length, context or cancel.
  Generation continue_reply(const PieceCallback& callback = {});
  Stream stream_continue();

  // Raw completion without messages or template: the prompt is encoded with special tokens parsed.
  // Leaves the messages alone.
  Generation complete(std::string_view prompt, const PieceCallback& callback = {});
  Stream stream_complete(std::string_view prompt);
  Stream stream_complete(std::span<const TokenId> prompt);

  // Tokens the conversation takes now, as the next reply would see it.
  std::int32_t count_prompt_tokens() const;

  // Progress of long prefills: tokens done, tokens in all; return false to cancel.
  void on_prefill(std::function<bool(std::int64_t done, std::int64_t total)> callback);

  // Stops the running reply within one work unit, in prefill too. During decode, the answer so far
  // is kept and the reason is `cancelled`; during prefill the reply ends with an empty answer, the
  // reason `cancelled`, and no assistant message. Any thread; no effect when nothing runs.
  void cancel() noexcept;
  // Inside <think> the next token of the running reply is </think>. Any thread; no effect outside.
  void end_thinking() noexcept;

 private:
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

class TLITE_API Stream::Iterator {
 public:
  using value_type = std::string_view;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::input_iterator_tag;

  explicit Iterator(Stream* stream = nullptr) : stream_(stream) {
    if (stream_ != nullptr) ++*this;
  }
  std::string_view operator*() const noexcept { return text_; }
  Iterator& operator++() {
    std::optional<Piece> piece = stream_->next();
    if (piece) {
      text_ = piece->text;
    } else {
      stream_ = nullptr;
    }
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
    return a.stream_ == b.stream_;
  }

 private:
  Stream* stream_;
  std::string_view text_;
};

inline Stream::Iterator Stream::begin() { return Iterator(this); }
inline Stream::Iterator Stream::end() noexcept { return Iterator(); }

}  // namespace tlite
