// Symbol visibility. Everything is hidden unless it carries TLITE_API.
#pragma once

#if defined(_WIN32)
#if defined(TLITE_BUILDING)
#define TLITE_API __declspec(dllexport)
#elif defined(TLITE_SHARED)
#define TLITE_API __declspec(dllimport)
#else
#define TLITE_API
#endif
#else
#define TLITE_API __attribute__((visibility("default")))
#endif
