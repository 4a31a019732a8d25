// Markdown in parts that can be read one by one. While an answer grows its last part alone changes,
// so that showing a long one costs no more than showing a short one.
#pragma once

#include <QList>
#include <QString>

namespace desktop {

struct MarkdownBlock {
  QString source;
  bool continues = false;  // goes on with the code of the block before: nothing stands between

  bool operator==(const MarkdownBlock&) const = default;
};

// Cuts at empty lines where no list and no code goes on behind them. What is longer than a screen
// is cut at a line, whatever it is, code so that either part is code. Where links are defined by
// reference each part knows all definitions.
QList<MarkdownBlock> markdown_blocks(const QString& text);

}  // namespace desktop
