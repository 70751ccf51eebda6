#include "new_texts.h"

#include <utility>

namespace structgen {

NewTexts::NewTexts(Languages& languages, Meter& meter, ExprId e, std::string begun)
    : languages_(languages), expressions_(languages.expressions()), meter_(meter), begun_(std::move(begun)) {
  if (const u32 length = languages_.shortest_length(e); length < kFar) prefixes_.push({length, "", e});
}

std::optional<std::string> NewTexts::next(const TextSetPtr& seen) {
  while (!prefixes_.empty()) {
    const Prefix prefix = prefixes_.top();
    const std::string whole = begun_ + prefix.text;
    // It stays in the queue: the next text may go on with this one.
    if (!whole.empty() && !TextSet::has_prefix(seen, whole)) return prefix.text + languages_.shortest(prefix.rest);
    if (expressions_.nullable(prefix.rest) && !whole.empty() && !TextSet::has(seen, whole)) return prefix.text;
    prefixes_.pop();
    extend(prefix);
    meter_.spend(64);
  }
  return std::nullopt;
}

void NewTexts::extend(const Prefix& prefix) {
  for (u32 low = 0, high = 0; low < 256; low = high + 1) {
    high = expressions_.interval(prefix.rest, static_cast<u8>(low)).second;
    const ExprId rest = expressions_.derive(prefix.rest, static_cast<u8>(low));
    const u32 remaining = rest == kEmpty ? kFar : languages_.shortest_length(rest);
    if (remaining >= kFar) continue;
    for (u32 byte = low; byte <= high; ++byte) {
      std::string longer = prefix.text + static_cast<char>(byte);
      const u32 length = add_lengths(static_cast<u32>(longer.size()), remaining);
      prefixes_.push({length, std::move(longer), rest});
    }
  }
}

}  // namespace structgen
