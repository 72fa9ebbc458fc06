#pragma once

#include <string_view>

namespace prunenet {

/// Refuses a serialized SentencePiece model (a protobuf ModelProto; its field 1 is a piece, whose field 1 is the text)
/// that would end the process: the library puts pieces into a double array, which throws at a null character through
/// code that was built without exceptions. Looks at the wire format alone
/// (https://protobuf.dev/programming-guides/encoding), and leaves all else to the library. Throws Error(kBadInput) for
/// such a piece and for what is no protobuf message.
void check_sentencepieces(std::string_view serialized);

}  // namespace prunenet
