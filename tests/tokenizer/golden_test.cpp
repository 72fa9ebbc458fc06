// Ids and texts of the reference implementation (huggingface/tokenizers), written by
// tests/data/make_tokenizer_goldens.py.
#include <gtest/gtest.h>

#include <ostream>

#include "tokenizer/fixture.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;

const json& goldens() {
  static const json content = read_fixture("goldens.json");
  return content;
}

/// The variant's tokenizer.json, as `compose` of the script makes it.
json compose(const json& variant) {
  json file = read_fixture(variant.at("base").get<std::string>() + ".json");
  for (const auto& [key, value] : variant.at("parts").items()) {
    if (key == "model")
      file["model"].update(value);
    else
      file[key] = value;
  }
  return file;
}

/// Ids that a variant leaves out are those of the first variant of its file.
const json& expected_ids(const json& variant, std::size_t text) {
  if (variant["cases"][text].contains("ids")) return variant["cases"][text]["ids"];
  for (const json& other : goldens()["variants"]) {
    if (other["base"] == variant["base"]) return other["cases"][text].at("ids");
  }
  throw std::runtime_error("no first variant");
}

class TokenizerGolden : public ::testing::TestWithParam<std::size_t> {
 protected:
  const json& variant() const { return goldens()["variants"].at(GetParam()); }
};

TEST_P(TokenizerGolden, EncodesAsTheReference) {
  const auto tokenizer = load_from(compose(variant()));
  for (std::size_t i = 0; i < goldens()["texts"].size(); ++i) {
    const auto text = goldens()["texts"][i].get<std::string>();
    EXPECT_EQ(json(tokenizer->encode(text)), expected_ids(variant(), i)) << goldens()["texts"][i];
  }
  EXPECT_EQ(json(tokenizer->default_prefix()), variant()["prefix"]);
}

TEST_P(TokenizerGolden, DecodesAsTheReference) {
  const auto tokenizer = load_from(compose(variant()));
  for (std::size_t i = 0; i < goldens()["texts"].size(); ++i) {
    const json& expected = variant()["cases"][i];
    if (!expected.contains("decoded")) continue;
    const auto ids = expected_ids(variant(), i).get<std::vector<TokenId>>();
    EXPECT_EQ(json(tokenizer->decode(ids)), expected["decoded"]) << goldens()["texts"][i];
    EXPECT_EQ(json(tokenizer->decode(ids, true)), expected.value("plain", expected["decoded"]))
        << goldens()["texts"][i];
  }
}

std::string variant_name(const ::testing::TestParamInfo<std::size_t>& info) {
  return goldens()["variants"][info.param]["name"].get<std::string>();
}

INSTANTIATE_TEST_SUITE_P(Variants, TokenizerGolden, ::testing::Range<std::size_t>(0, goldens()["variants"].size()),
                         variant_name);

}  // namespace
}  // namespace prunenet::testing
