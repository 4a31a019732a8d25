#include "parameters.hpp"

#include <QLocale>
#include <cmath>
#include <cstdint>

namespace desktop {
namespace {

QString unescape(const QString& line) {
  QString out;
  for (qsizetype at = 0; at < line.size(); ++at) {
    const QChar next = at + 1 < line.size() ? line[at + 1] : QChar();
    const bool escaped = line[at] == '\\' && (next == 'n' || next == 't' || next == '\\');
    if (!escaped) {
      out += line[at];
      continue;
    }
    out += next == 'n' ? QChar('\n') : next == 't' ? QChar('\t') : next;
    ++at;
  }
  return out;
}

}  // namespace

bool accepts(const NumberParameter& parameter, double value) {
  if (!std::isfinite(value) || (parameter.whole && value != std::floor(value))) return false;
  if (parameter.least_excluded && value == parameter.least) return false;
  return value >= parameter.least && value <= parameter.most;
}

std::optional<double> parse_number(const QString& text, const NumberParameter& parameter) {
  bool is_number = false;
  const double value = text.trimmed().replace(',', '.').toDouble(&is_number);
  if (!is_number || !accepts(parameter, value)) return std::nullopt;
  return value;
}

QString write_number(double value) {
  return QString::number(value, 'g', QLocale::FloatingPointShortest);
}

QStringList parse_stop(const QString& text) {
  QStringList stop;
  for (const QString& line : text.split('\n', Qt::SkipEmptyParts)) stop += unescape(line);
  return stop;
}

QString write_stop(const QStringList& stop) {
  QStringList lines;
  for (QString each : stop) {
    lines += each.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t");
  }
  return lines.join('\n');
}

tlite::SamplingParams sampling_of(const Parameters& parameters, tlite::SamplingParams base) {
  const auto& [temperature, top_p, top_k, min_p, penalty, max_tokens, seed] = parameters.numbers;
  if (temperature) base.temperature = static_cast<float>(*temperature);
  if (top_p) base.top_p = static_cast<float>(*top_p);
  if (top_k) base.top_k = static_cast<std::int32_t>(*top_k);
  if (min_p) base.min_p = static_cast<float>(*min_p);
  if (penalty) base.repetition_penalty = static_cast<float>(*penalty);
  if (max_tokens) base.max_new_tokens = static_cast<std::int32_t>(*max_tokens);
  if (seed) base.seed = static_cast<std::uint64_t>(*seed);
  for (const QString& each : parameters.stop) base.stop.push_back(each.toStdString());
  base.logprobs = parameters.alternatives > 0 ? parameters.alternatives : -1;
  return base;
}

}  // namespace desktop
