// What a tlite_engine is.
//
// No lock and no flag of ours: turns and conflicts are tlite::Engine's matter. What is made from an
// engine, sessions and events, does not need this handle any more.
#pragma once

#include <cstdint>

#include <tlite.h>

#include <tlite/engine.hpp>

struct tlite_engine {
  // The handle's own reference: tlite::Engine is safe to use from any thread.
  tlite::Engine value;
  std::int32_t default_threads;  // the host's
};
