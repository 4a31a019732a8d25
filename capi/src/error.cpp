// Errors as objects of the caller's, and the names of statuses. There is no "last error" of a
// thread: callers whose tasks change threads between two calls (goroutines, job systems) would read
// another's.
//
// This is what runs when nothing else worked, so it throws nothing and needs no memory to say that
// there is none.
#include "guard.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string_view>

// One block of memory with the text behind it, so that making one is a single allocation that can
// fail without an exception.
// Nothing in it needs a destructor: free() is all of its end.
struct tlite_error {
  tlite_status status;
  const char* message;
  std::size_t size;
};

namespace tlite::capi {
namespace {

constexpr std::string_view kNoMemory = "out of memory";

// Handed out when there is no memory for an error of its own; tlite_error_free leaves it alone.
// Constant-initialised, for nothing of the library runs before main. Never written, and thus good
// for any number of callers at once.
constinit tlite_error no_memory = {TLITE_ERROR_OUT_OF_MEMORY, kNoMemory.data(), kNoMemory.size()};

// A text in two parts, so that leaving something out takes no memory.
struct Message {
  std::string_view begin, end;
};

// The C++ API names the structure of a field, "EvaluatorOptions::context is 0"; C's structures are
// others, but their fields are called the same.
Message without_structure(std::string_view text) noexcept {
  constexpr std::string_view kMark = "Options::";
  const std::size_t mark = text.find(kMark);
  if (mark == std::string_view::npos) return {text, {}};
  const std::size_t space = text.rfind(' ', mark);
  return {text.substr(0, space == std::string_view::npos ? 0 : space + 1),
          text.substr(mark + kMark.size())};
}

// malloc and not new: a failing operator new would throw, or call a handler of the host's.
tlite_error* make_error(tlite_status status, const Message& message) noexcept {
  const std::size_t size = message.begin.size() + message.end.size();
  void* const memory = std::malloc(sizeof(tlite_error) + size + 1);
  if (memory == nullptr) return &no_memory;
  char* const text = static_cast<char*>(memory) + sizeof(tlite_error);
  std::copy(message.end.begin(), message.end.end(),
            std::copy(message.begin.begin(), message.begin.end(), text));
  text[size] = '\0';
  return new (memory) tlite_error{status, text, size};
}

// `*error` is not looked at: it may be uninitialised, as a language's out parameter often is. An
// old error in it would leak, which tlite.h says.
tlite_status report(tlite_error** error, tlite_status status, std::string_view message) noexcept {
  if (error != nullptr) *error = make_error(status, without_structure(message));
  return status;
}

}  // namespace

// From the special to the general. The numbers of ErrorCode are those of tlite_status, which is a
// rule of error.hpp. An exception of another type is a bug of ours, or of a library below: it gets
// a status too, as it may not leave.
tlite_status report_exception(tlite_error** error) noexcept {
  try {
    throw;
  } catch (const Error& exception) {
    return report(error, static_cast<tlite_status>(exception.code()), exception.what());
  } catch (const std::bad_alloc&) {
    return report(error, TLITE_ERROR_OUT_OF_MEMORY, kNoMemory);
  } catch (const std::length_error&) {  // a container asked for more than can exist
    return report(error, TLITE_ERROR_OUT_OF_MEMORY, kNoMemory);
  } catch (const std::exception& exception) {
    return report(error, TLITE_ERROR_INTERNAL, exception.what());
  } catch (...) {
    return report(error, TLITE_ERROR_INTERNAL, "an exception of an unknown type");
  }
}

}  // namespace tlite::capi

// The C++ names are literals, so that data() ends at a NUL and lives for ever; so it is for all
// functions *_name of this library. TLITE_OK is no ErrorCode.
const char* tlite_status_name(tlite_status status) noexcept {
  if (status == TLITE_OK) return "ok";
  return tlite::to_string(static_cast<tlite::ErrorCode>(status)).data();
}

tlite_status tlite_error_status(const tlite_error* error) noexcept {
  return error == nullptr ? TLITE_OK : error->status;
}

const char* tlite_error_message(const tlite_error* error, size_t* size) noexcept {
  if (size != nullptr) *size = error == nullptr ? 0 : error->size;
  return error == nullptr ? "" : error->message;
}

void tlite_error_free(tlite_error* error) noexcept {
  if (error != &tlite::capi::no_memory) std::free(error);
}
