// Everything. The parts, simple before advanced:
//   session.hpp    talk to a model                 chat.hpp       messages and templates
//   model.hpp      load a checkpoint               tokenizer.hpp  text to ids and back
//   sampling.hpp   how tokens are chosen           evaluator.hpp  the forward pass, in batches
//   engine.hpp     many requests at once           sampler.hpp    a loop of your own:
//   stop_matcher.hpp                               what chooses its tokens, and what ends it
//   quantize.hpp   write GGUF files                importance.hpp what their precision is spent on
//   host.hpp       log, memory and files of yours  error.hpp      what is thrown
//   speed.hpp      what bounds a model's speed     beam_search.hpp the likeliest whole answers
#pragma once

#include <tlite/beam_search.hpp>
#include <tlite/chat.hpp>
#include <tlite/embedding.hpp>
#include <tlite/engine.hpp>
#include <tlite/error.hpp>
#include <tlite/evaluator.hpp>
#include <tlite/host.hpp>
#include <tlite/importance.hpp>
#include <tlite/model.hpp>
#include <tlite/quantize.hpp>
#include <tlite/sampler.hpp>
#include <tlite/sampling.hpp>
#include <tlite/session.hpp>
#include <tlite/speed.hpp>
#include <tlite/stop_matcher.hpp>
#include <tlite/tokenizer.hpp>
#include <tlite/version.hpp>
#include <tlite/weight_mix.hpp>
