// Room in a simdjson parser, for programs that end while a thread of theirs parses.
#pragma once

#include <cstddef>

#include <simdjson.h>

namespace tlite {

// Room for a text of so many bytes, so that parsing asks for none: simdjson would ask the object that
// stands for its code for this processor, which is destroyed when the program ends, and a thread that
// asks later aborts the program. This one asks an object that is never destroyed. MEMALLOC, CAPACITY.
simdjson::error_code make_room(simdjson::dom::parser& parser, std::size_t bytes);

}  // namespace tlite
