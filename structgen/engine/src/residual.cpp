// Walks: what is left of tokens in which a terminal ended, as small tries.
//
// Where a terminal ends before `(`, whole subtrees of the vocabulary's trie are left, thousands of them alike. They are
// laid over each other from their roots on, so that each text that is left is in the residual once, and no text is
// looked at.
#include <algorithm>

#include "walk.h"

namespace structgen {

namespace {

constexpr std::size_t kFewParts = 64;  // that are sorted faster by comparing them

}  // namespace

Residual Walks::residual_of(const Leaving* first, const Leaving* last) const {
  Residual r;
  struct Part {
    u32 node, count;
    u8 byte;
  };
  // The nodes below one of the residual: what is at the same place in the subtrees that are laid over each other there.
  struct Level {
    std::vector<Part> parts;
    std::size_t at;
    u32 node;
  };
  auto add_node = [&r](u8 byte) {
    r.byte.push_back(byte);
    r.end.push_back(0);
    r.first.push_back(static_cast<u32>(r.entries.size()));
    return static_cast<u32>(r.byte.size() - 1);
  };
  auto add_own = [&](u32 node, u32 count) {
    for (u32 i = trie_.first_token(node); i < trie_.first_token(node + 1); ++i)
      r.entries.push_back({trie_.order()[i], count});
  };
  auto add_children = [this](std::vector<Part>& parts, u32 node, u32 count) {
    for (u32 child = node + 1; child < trie_.end(node); child = trie_.end(child))
      parts.push_back({child, count, trie_.byte(child)});
  };
  auto sorted = [](std::vector<Part> parts) {
    const auto earlier = [](const Part& a, const Part& b) { return a.byte < b.byte; };
    if (std::is_sorted(parts.begin(), parts.end(), earlier)) return parts;
    if (parts.size() < kFewParts) {
      std::stable_sort(parts.begin(), parts.end(), earlier);
      return parts;
    }
    std::array<std::size_t, 257> place{};  // by byte: where its parts begin
    for (const Part& part : parts) ++place[part.byte + 1u];
    for (std::size_t i = 1; i < place.size(); ++i) place[i] += place[i - 1];
    std::vector<Part> found(parts.size());
    for (const Part& part : parts) found[place[part.byte]++] = part;
    return found;
  };
  std::vector<Part> top;
  add_node(0);
  for (const Leaving* l = first; l != last; ++l) {
    if (l->kind == Leaving::With) {
      top.push_back({l->node, l->count, trie_.byte(l->node)});
      continue;
    }
    add_own(l->node, l->count);
    if (l->kind == Leaving::Behind) add_children(top, l->node, l->count);
  }
  std::vector<Level> levels;
  levels.push_back({sorted(std::move(top)), 0, 0});
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.at == level.parts.size()) {
      r.end[level.node] = static_cast<u32>(r.byte.size());
      levels.pop_back();
      continue;
    }
    const std::size_t from = level.at;
    std::size_t to = from + 1;
    while (to < level.parts.size() && level.parts[to].byte == level.parts[from].byte) ++to;
    level.at = to;
    if (to == from + 1) {  // nothing is laid over it: a copy
      const Part part = level.parts[from];
      const u32 shift = static_cast<u32>(r.byte.size()) - part.node;
      for (u32 node = part.node; node < trie_.end(part.node); ++node) {
        r.end[add_node(trie_.byte(node))] = trie_.end(node) + shift;
        add_own(node, part.count);
      }
      continue;
    }
    Level below{{}, 0, add_node(level.parts[from].byte)};
    for (std::size_t i = from; i < to; ++i) add_own(level.parts[i].node, level.parts[i].count);
    for (std::size_t i = from; i < to; ++i) add_children(below.parts, level.parts[i].node, level.parts[i].count);
    below.parts = sorted(std::move(below.parts));
    levels.push_back(std::move(below));
  }
  r.first.push_back(static_cast<u32>(r.entries.size()));
  return r;
}

// Puts what leaves into residuals, one for each set of members that accept.
void Walks::finish(Walk& walk, std::vector<Leaving> leaving) {
  const auto earlier = [](const Leaving& a, const Leaving& b) { return a.accept < b.accept; };
  if (!std::is_sorted(leaving.begin(), leaving.end(), earlier))
    std::stable_sort(leaving.begin(), leaving.end(), earlier);
  for (std::size_t from = 0, to = 0; from < leaving.size(); from = to) {
    while (to < leaving.size() && leaving[to].accept == leaving[from].accept) ++to;
    Residual residual = residual_of(&leaving[from], leaving.data() + to);
    if (meter_) meter_->spend(residual.byte.size());
    if (residual.entries.empty()) continue;
    bytes_ += residual.byte.size() * 9 + residual.entries.size() * sizeof(Residual::Entry);
    walk.exits.push_back({leaving[from].accept, static_cast<u32>(residuals_.size())});
    residuals_.push_back(std::make_unique<Residual>(std::move(residual)));
  }
  std::sort(walk.ends.begin(), walk.ends.end());
  walk.ends.erase(std::unique(walk.ends.begin(), walk.ends.end()), walk.ends.end());
  walk.interior.shrink();
  bytes_ += walk.interior.bytes() + sizeof(Walk) + 4 * (walk.cut.size() + walk.ends.size());
}

}  // namespace structgen
