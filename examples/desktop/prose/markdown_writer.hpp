// Markdown into a QTextDocument.
//
// Parsed by md4c, which is QTextDocument's own parser; its own reader of what md4c says is not
// used: it loses the numbers of lists, makes items of hard breaks and puts images in. Here what a
// model writes becomes text, and formats that are named in this file; nothing of it is loaded,
// HTML stays text, an image is named, and a link is one only to http and https.
#pragma once

#include <QFont>
#include <QString>
#include <QTextCursor>
#include <QTextFormat>

namespace desktop {

// Of blocks, drawn by who shows the document.
enum ProseProperty : int {
  kMarker = QTextFormat::UserProperty + 1,  // QString: what stands before an item of a list
  kQuoteLevel,                              // int
  kRule,                                    // bool: a line across
};

struct ProseStyle {
  QFont font;
  QFont code_font;
};

// Puts it at the end of the cursor's document, in blocks of its own but for the first.
void write_markdown(QTextCursor& cursor, const QString& source, bool continues_code,
                    const ProseStyle& style);

// The address that a click may open; empty: none.
QString web_address(const QString& href);

}  // namespace desktop
