#include "text_set.h"

#include <functional>
#include <vector>

#include "meter.h"

namespace structgen {

TextSet::TextSet(std::string text, u64 priority, TextSetPtr left, TextSetPtr right)
    : text_(std::move(text)),
      priority_(priority),
      size_(1 + size(left) + size(right)),
      left_(std::move(left)),
      right_(std::move(right)),
      hash_(mix(priority) + hash(left_) + hash(right_)) {}

bool TextSet::same(const TextSetPtr& a, const TextSetPtr& b) {
  if (a == b) return true;
  return a && b && a->hash_ == b->hash_ && a->size_ == b->size_ && a->text_ == b->text_ && same(a->left_, b->left_) &&
         same(a->right_, b->right_);
}

TextSetPtr TextSet::with(const TextSetPtr& set, const std::string& text) {
  if (size(set) >= kMost) throw LimitExceeded{"states", kMost};
  const u64 priority = mix(std::hash<std::string>{}(text));
  // Down to where the text belongs, then a split of what is below it.
  std::vector<std::pair<const TextSet*, bool>> path;  // a node, and whether the way goes left
  const TextSet* at = set.get();
  while (at != nullptr && at->priority_ >= priority) {
    if (at->text_ == text) return set;
    path.emplace_back(at, text < at->text_);
    at = path.back().second ? at->left_.get() : at->right_.get();
  }
  std::vector<const TextSet*> below;
  for (const TextSet* node = at; node != nullptr;) {
    if (node->text_ == text) return set;
    below.push_back(node);
    node = text < node->text_ ? node->left_.get() : node->right_.get();
  }
  TextSetPtr left, right;
  for (std::size_t i = below.size(); i-- > 0;) {
    const TextSet& node = *below[i];
    if (text < node.text_)
      right = std::make_shared<const TextSet>(node.text_, node.priority_, right, node.right_);
    else
      left = std::make_shared<const TextSet>(node.text_, node.priority_, node.left_, left);
  }
  TextSetPtr made = std::make_shared<const TextSet>(text, priority, left, right);
  for (std::size_t i = path.size(); i-- > 0;) {
    const auto& [node, goes_left] = path[i];
    made = std::make_shared<const TextSet>(node->text_, node->priority_, goes_left ? made : node->left_,
                                           goes_left ? node->right_ : made);
  }
  return made;
}

const std::string* TextSet::lower_bound(const TextSetPtr& set, std::string_view text) {
  const std::string* found = nullptr;
  for (const TextSet* at = set.get(); at != nullptr;) {
    if (at->text_ < text) {
      at = at->right_.get();
    } else {
      found = &at->text_;
      at = at->left_.get();
    }
  }
  return found;
}

TextSet::Next TextSet::next(const TextSetPtr& set, const std::string& prefix) {
  Next found;
  std::string from = prefix;
  for (const std::string* text = TextSet::lower_bound(set, from); text != nullptr && text->starts_with(prefix);
       text = TextSet::lower_bound(set, from)) {
    from = prefix;
    if (text->size() == prefix.size()) {
      found.ends = true;
      from.push_back('\0');
      continue;
    }
    const u8 byte = static_cast<u8>((*text)[prefix.size()]);
    found.bytes[byte >> 6] |= 1ull << (byte & 63);
    if (byte == 255) break;
    from.push_back(static_cast<char>(byte + 1));
  }
  return found;
}

}  // namespace structgen
