#include "prunenet/tokenizer/post_processor.h"

#include <string>

#include "prunenet/tokenizer/json_fields.h"

namespace prunenet {
namespace {

using nlohmann::json;

std::vector<TokenId> template_prefix(const json& component) {
  std::vector<TokenId> prefix;
  for (const json& part : component.at("single")) {
    if (!part.contains("SpecialToken")) break;  // the text itself
    const std::string token = part["SpecialToken"].at("id").get<std::string>();
    for (const json& id : component.at("special_tokens").at(token).at("ids"))
      prefix.push_back(token_id(id, "the post_processor's token"));
  }
  return prefix;
}

/// A later processor's prefix goes before what an earlier one has put there.
std::vector<TokenId> sequence_prefix(const json& components) {
  std::vector<TokenId> prefix;
  for (const json& component : components) {
    const std::vector<TokenId> outer = post_processor_prefix(component);
    prefix.insert(prefix.begin(), outer.begin(), outer.end());
  }
  return prefix;
}

}  // namespace

std::vector<TokenId> post_processor_prefix(const json& component) {
  if (component.is_null()) return {};
  const std::string type = component_type(component, "post_processor");
  if (type == "ByteLevel") return {};
  if (type == "Sequence") return sequence_prefix(component.at("processors"));
  if (type == "TemplateProcessing") return template_prefix(component);
  if (type == "BertProcessing" || type == "RobertaProcessing")
    return {token_id(component.at("cls").at(1), "the post_processor's cls")};
  throw_unsupported("post_processor", type);
}

}  // namespace prunenet
