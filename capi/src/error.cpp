#include "guard.hpp"

#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>

// One block of memory with the text behind it, so that making one is a single allocation that can
// fail without an exception.
struct tlite_error {
  tlite_status status;
  const char* message;
  std::size_t size;
};

namespace tlite::capi {
namespace {

constexpr std::string_view kNoMemory = "out of memory";

// Handed out when there is no memory for an error of its own; tlite_error_free leaves it alone.
constinit tlite_error no_memory = {TLITE_ERROR_OUT_OF_MEMORY, kNoMemory.data(), kNoMemory.size()};

tlite_error* make_error(tlite_status status, std::string_view message) noexcept {
  void* const memory = std::malloc(sizeof(tlite_error) + message.size() + 1);
  if (memory == nullptr) return &no_memory;
  char* const text = static_cast<char*>(memory) + sizeof(tlite_error);
  std::memcpy(text, message.data(), message.size());
  text[message.size()] = '\0';
  return new (memory) tlite_error{status, text, message.size()};
}

tlite_status report(tlite_error** error, tlite_status status, std::string_view message) noexcept {
  if (error != nullptr) *error = make_error(status, message);
  return status;
}

}  // namespace

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
