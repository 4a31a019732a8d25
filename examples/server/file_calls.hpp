// /v1/files. All throw Refusal or openai::FieldError.
#pragma once

#include "batch_jobs.hpp"
#include "files.hpp"
#include "stored_calls.hpp"

namespace server {

// multipart/form-data with `file` and `purpose`, which is "batch".
http::Response upload_file(Files& files, const StoredCall& call);
http::Response list_files(Files& files, const StoredCall& call);
http::Response get_file(Files& files, const StoredCall& call);
http::Response file_content(Files& files, const StoredCall& call);
// Not one that an unfinished batch reads.
http::Response delete_file(Files& files, BatchJobs& batches, const StoredCall& call);

}  // namespace server
