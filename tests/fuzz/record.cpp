#include "prunenet/report/record.h"

#include "fuzz/harness.h"
#include "prunenet/checkpoint/strict_json.h"

namespace prunenet {

/// A record of a comparison.
PRUNENET_FUZZ_TARGET(record) {
  const Record record = record_from_json(parse_json_object(input, "record"), "record");
  static_cast<void>(record.error());
  static_cast<void>(record.model());
  static_cast<void>(record.label());
  static_cast<void>(record.options());
  static_cast<void>(record.data());
  static_cast<void>(record.ratio());
  static_cast<void>(record.seed());
  for (const char* place : {"/parameters", "/seconds/training", "/layers/keep_indices", "/perplexity", "/tasks"}) {
    static_cast<void>(record.number(place));
    static_cast<void>(record.part(place));
  }
}

}  // namespace prunenet
