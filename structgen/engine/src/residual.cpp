#include "residual.h"

#include <algorithm>

namespace structgen {

namespace {

constexpr std::size_t kFewParts = 64;  // up to this many, a comparison sort is faster than counting

// A node of the vocabulary's trie that is merged with others into one node of the residual.
struct Part {
  u32 node, count;
  u8 byte;
};

// Sorted by byte; parts with the same byte stay in order.
std::vector<Part> sorted(std::vector<Part> parts) {
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
}

class Merge {
 public:
  explicit Merge(const Trie& trie) : trie_(trie) {}

  Residual run(const Leaving* first, const Leaving* last) {
    add_node(0);
    levels_.push_back({sorted(roots(first, last)), 0, 0});
    while (!levels_.empty()) {
      if (levels_.back().at < levels_.back().parts.size())
        step();
      else
        close();
    }
    made_.first.push_back(static_cast<u32>(made_.entries.size()));
    return std::move(made_);
  }

 private:
  // The children of a node of the residual that is not complete: the parts from `at` on are still to be merged.
  struct Level {
    std::vector<Part> parts;
    std::size_t at;
    u32 node;
  };

  std::vector<Part> roots(const Leaving* first, const Leaving* last) {
    std::vector<Part> parts;
    for (const Leaving* l = first; l != last; ++l) {
      if (l->kind == Leaving::BeforeNode) {
        parts.push_back({l->node, l->count, trie_.byte(l->node)});
        continue;
      }
      add_own(l->node, l->count);
      if (l->kind == Leaving::AfterNode) add_children(parts, l->node, l->count);
    }
    return parts;
  }

  void close() {
    made_.end[levels_.back().node] = static_cast<u32>(made_.byte.size());
    levels_.pop_back();
  }

  // Merges the next parts with the same byte into one node.
  void step() {
    Level& level = levels_.back();
    const std::size_t from = level.at;
    std::size_t to = from + 1;
    while (to < level.parts.size() && level.parts[to].byte == level.parts[from].byte) ++to;
    level.at = to;
    if (to == from + 1) return copy(level.parts[from]);
    Level below{{}, 0, add_node(level.parts[from].byte)};
    for (std::size_t i = from; i < to; ++i) add_own(level.parts[i].node, level.parts[i].count);
    for (std::size_t i = from; i < to; ++i) add_children(below.parts, level.parts[i].node, level.parts[i].count);
    below.parts = sorted(std::move(below.parts));
    levels_.push_back(std::move(below));
  }

  // A subtree that is merged with no other.
  void copy(const Part part) {
    const u32 shift = static_cast<u32>(made_.byte.size()) - part.node;
    for (u32 node = part.node; node < trie_.end(part.node); ++node) {
      made_.end[add_node(trie_.byte(node))] = trie_.end(node) + shift;
      add_own(node, part.count);
    }
  }

  u32 add_node(u8 byte) {
    made_.byte.push_back(byte);
    made_.end.push_back(0);
    made_.first.push_back(static_cast<u32>(made_.entries.size()));
    return static_cast<u32>(made_.byte.size() - 1);
  }
  void add_own(u32 node, u32 count) {
    for (u32 i = trie_.first_token(node); i < trie_.first_token(node + 1); ++i)
      made_.entries.push_back({trie_.order()[i], count});
  }
  void add_children(std::vector<Part>& parts, u32 node, u32 count) const {
    for (u32 child = node + 1; child < trie_.end(node); child = trie_.end(child))
      parts.push_back({child, count, trie_.byte(child)});
  }

  const Trie& trie_;
  Residual made_;
  std::vector<Level> levels_;
};

}  // namespace

Residual residual_of(const Trie& trie, const Leaving* first, const Leaving* last) {
  return Merge(trie).run(first, last);
}

std::vector<Exit> Residuals::add(std::vector<Leaving> leaving, Meter* meter) {
  const auto earlier = [](const Leaving& a, const Leaving& b) { return a.accept < b.accept; };
  if (!std::is_sorted(leaving.begin(), leaving.end(), earlier))
    std::stable_sort(leaving.begin(), leaving.end(), earlier);
  std::vector<Exit> exits;
  for (std::size_t from = 0, to = 0; from < leaving.size(); from = to) {
    while (to < leaving.size() && leaving[to].accept == leaving[from].accept) ++to;
    Residual residual = residual_of(trie_, &leaving[from], leaving.data() + to);
    if (meter) meter->spend(residual.byte.size());
    if (residual.entries.empty()) continue;
    bytes_ += residual.bytes();
    exits.push_back({leaving[from].accept, static_cast<u32>(residuals_.size())});
    residuals_.push_back(std::make_unique<Residual>(std::move(residual)));
  }
  return exits;
}

}  // namespace structgen
