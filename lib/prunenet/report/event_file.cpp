#include "prunenet/report/event_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <boost/crc.hpp>
#include <cerrno>
#include <system_error>

#include "prunenet/core/error.h"
#include "prunenet/core/system_error.h"

namespace prunenet {

namespace fs = std::filesystem;

namespace {

/// Wire types of protocol buffers (https://protobuf.dev/programming-guides/encoding/).
enum class Wire : std::uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

template <typename Integer>
void append_fixed(std::string& out, Integer value) {
  for (std::size_t i = 0; i < sizeof(value); ++i) out += static_cast<char>((value >> (8U * i)) & 0xFFU);
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7U) out += static_cast<char>((value & 0x7FU) | 0x80U);
  out += static_cast<char>(value);
}

void append_key(std::string& out, std::uint32_t field, Wire wire) {
  append_varint(out, (field << 3U) | static_cast<std::uint32_t>(wire));
}

void append_double(std::string& out, std::uint32_t field, double value) {
  append_key(out, field, Wire::kFixed64);
  append_fixed(out, std::bit_cast<std::uint64_t>(value));
}

void append_float(std::string& out, std::uint32_t field, float value) {
  append_key(out, field, Wire::kFixed32);
  append_fixed(out, std::bit_cast<std::uint32_t>(value));
}

void append_bytes(std::string& out, std::uint32_t field, const std::string& bytes) {
  append_key(out, field, Wire::kBytes);
  append_varint(out, bytes.size());
  out += bytes;
}

namespace event {
constexpr std::uint32_t kWallTime = 1;
constexpr std::uint32_t kStep = 2;
constexpr std::uint32_t kFileVersion = 3;
constexpr std::uint32_t kSummary = 5;
}  // namespace event
namespace summary {
constexpr std::uint32_t kValue = 1;
constexpr std::uint32_t kTag = 1;
constexpr std::uint32_t kSimpleValue = 2;
}  // namespace summary

std::string host_name() {
  constexpr std::size_t kLongest = 256;
  std::array<char, kLongest> name = {};
  return gethostname(name.data(), name.size() - 1) == 0 && name.front() != '\0' ? name.data() : "localhost";
}

std::uint32_t masked_crc32c(const std::string& bytes) {
  return prunenet::masked_crc32c(std::as_bytes(std::span(bytes)));
}

}  // namespace

std::uint32_t masked_crc32c(std::span<const std::byte> bytes) {
  constexpr std::uint32_t kPolynomial = 0x1EDC6F41;
  constexpr std::uint32_t kOnes = 0xFFFFFFFF;
  constexpr std::uint32_t kMaskDelta = 0xa282ead8;
  constexpr int kRotation = 15;
  boost::crc_optimal<32, kPolynomial, kOnes, kOnes, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return std::rotr(static_cast<std::uint32_t>(crc.checksum()), kRotation) + kMaskDelta;
}

EventFile::EventFile(const fs::path& directory, double seconds) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw_system_error(directory, "cannot be made", error.value());
  path_ = directory / fmt::format("events.out.tfevents.{}.{}.{}.prunenet", static_cast<std::int64_t>(seconds),
                                  host_name(), getpid());
  file_.open(path_, std::ios::binary | std::ios::app);
  if (!file_) throw_system_error(path_, "cannot be written", errno);
  std::string first;
  append_double(first, event::kWallTime, seconds);
  append_bytes(first, event::kFileVersion, "brain.Event:2");
  write_record(first);
}

void EventFile::add(std::int64_t step, double seconds, const Scalars& scalars) {
  std::string values;
  for (const auto& [name, number] : scalars) {
    std::string value;
    append_bytes(value, summary::kTag, name);
    append_float(value, summary::kSimpleValue, static_cast<float>(number));
    append_bytes(values, summary::kValue, value);
  }
  std::string data;
  append_double(data, event::kWallTime, seconds);
  if (step != 0) {  // proto3 leaves out what is its type's default
    append_key(data, event::kStep, Wire::kVarint);
    append_varint(data, static_cast<std::uint64_t>(step));
  }
  append_bytes(data, event::kSummary, values);
  write_record(data);
}

void EventFile::write_record(const std::string& data) {
  std::string length;
  append_fixed(length, static_cast<std::uint64_t>(data.size()));
  std::string record = length;
  append_fixed(record, masked_crc32c(length));
  record += data;
  append_fixed(record, masked_crc32c(data));
  errno = 0;
  file_.write(record.data(), static_cast<std::streamsize>(record.size()));
  file_.flush();
  if (!file_) throw_system_error(path_, "cannot be written", errno);
}

}  // namespace prunenet
