#include "running_answer.hpp"

#include <QStringDecoder>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace desktop {
namespace {

const char* template_json(Thinking thinking) {
  if (thinking == Thinking::by_model) return "";  // absent is not false: the template decides
  return thinking == Thinking::on ? R"({"enable_thinking": true})"
                                  : R"({"enable_thinking": false})";
}

tlite::Prompt render(const tlite::Model& model, const AnswerRequest& request) {
  tlite::TemplateOptions options;
  options.add_generation_prompt = true;
  options.extra_json = template_json(request.parameters.thinking);
  return model.chat_template().render(request.messages, options);
}

openai::AnswerForm form_of(const tlite::Model& model, std::string_view prompt) {
  openai::AnswerForm form;
  form.thinking = model.tokenizer().thinking_tokens().has_value();
  const std::string_view said = prompt.substr(0, prompt.find_last_not_of("\n ") + 1);
  form.inside_thinking = form.thinking && said.ends_with("<think>");
  return form;
}

QString text_of(std::string_view utf8) {
  return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

Outcome outcome_of(tlite::FinishReason reason) {
  switch (reason) {
    case tlite::FinishReason::length:
    case tlite::FinishReason::context_full:
      return Outcome::length;
    case tlite::FinishReason::cancelled:
    case tlite::FinishReason::deadline:
      return Outcome::stopped;
    case tlite::FinishReason::failed:
      return Outcome::failed;
    default:
      return Outcome::done;
  }
}

}  // namespace

RunningAnswer::RunningAnswer(tlite::Engine& engine, int context, const AnswerRequest& request)
    : tokenizer_(engine.model().tokenizer()),
      parts_(form_of(engine.model(), render(engine.model(), request).text)) {
  step_.id = request.id;
  in_content_ = !tokenizer_.thinking_tokens().has_value();
  tlite::RequestOptions options;
  options.sampling = sampling_of(request.parameters, engine.model().default_sampling());
  options.context = context;
  options.template_json = template_json(request.parameters.thinking);
  request_ = engine.submit(request.messages, options);
}

ScoredText RunningAnswer::scored(const tlite::TokenLogprob& logprob) const {
  const std::string bytes = tokenizer_.token_bytes(logprob.token);
  ScoredText scored;
  QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::Stateless);
  scored.text = decoder(QByteArrayView(bytes.data(), static_cast<qsizetype>(bytes.size())));
  scored.logprob = static_cast<double>(logprob.logprob);
  if (decoder.hasError()) scored.bytes = QByteArray::fromStdString(bytes);
  return scored;
}

void RunningAnswer::add_token(const tlite::EngineEvent& event) {
  if (!event.logprob) return;
  Token token;
  static_cast<ScoredText&>(token) = scored(*event.logprob);
  for (const tlite::TokenLogprob& each : event.top_logprobs) token.alternatives += scored(each);
  step_.tokens += token;
}

void RunningAnswer::add_parts(const std::vector<openai::AnswerPart>& parts) {
  for (const openai::AnswerPart& part : parts) {
    const bool thinks = part.kind == openai::AnswerPart::Kind::reasoning;
    (thinks ? step_.reasoning : step_.content) += text_of(part.text);
    in_content_ = in_content_ || (!thinks && !part.text.empty());
  }
}

void RunningAnswer::add(const tlite::EngineEvent& event) {
  changed_ = true;
  if (!event.text.empty()) add_parts(parts_.push(event.text));
  if (in_content_ && event.token >= 0) add_token(event);
  if (event.finish_reason == tlite::FinishReason::none) return;
  add_parts(parts_.finish());
  AnswerEnd end;
  end.outcome = outcome_of(event.finish_reason);
  if (event.error) end.failure = QString::fromUtf8(event.error->what());
  if (event.result) {
    end.usage = Usage{event.result->prompt_tokens, event.result->cached_tokens,
                      static_cast<int>(event.result->tokens.size())};
    end.decode_seconds = event.result->decode_seconds;
  }
  step_.end = std::move(end);
}

std::optional<AnswerStep> RunningAnswer::take_step() {
  if (!changed_ && !step_.end) return std::nullopt;
  changed_ = false;
  AnswerStep next;
  next.id = step_.id;
  return std::exchange(step_, std::move(next));
}

}  // namespace desktop
