# simdjson: JSON in. It is the one reader; writing is a page of our own in base/json_writer.
if(NOT TARGET simdjson::simdjson)
  find_package(simdjson REQUIRED)
endif()
