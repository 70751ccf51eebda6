#include "trie.h"

#include <algorithm>

namespace structgen {

namespace {

constexpr std::size_t kLongest = 60'000;      // bytes of a token; longer ones are never offered
constexpr std::size_t kMostBelow = 1u << 24;  // nodes of which the bytes below are kept
constexpr u32 kFewNodes = 2;                  // in a subtree whose bytes are not kept
constexpr u32 kManyNodes = 4096;              // of a trie whose first two bytes are found by a table

bool never_text(char c) {
  const u8 b = static_cast<u8>(c);
  return b == 0xC0 || b == 0xC1 || b >= 0xF5;
}

bool may_be_text(const std::string& token) {
  return !token.empty() && token.size() <= kLongest && std::none_of(token.begin(), token.end(), never_text);
}

u64 prefix_key(const std::string& s) {
  u64 key = 0;
  for (std::size_t i = 0; i < 8; ++i) key = (key << 8) | (i < s.size() ? static_cast<u8>(s[i]) : 0u);
  return key;
}

}  // namespace

std::string Trie::special_bytes(u32 token) {
  std::string s(5, '\xFF');
  for (int i = 0; i < 4; ++i) s[static_cast<std::size_t>(i) + 1] = static_cast<char>((token >> (24 - 8 * i)) & 0xFF);
  return s;
}

// Fills a trie, table by table.
class Trie::Builder {
 public:
  explicit Builder(Trie& trie) : t_(trie) {}

  void run(std::vector<std::optional<std::string>> tokens) {
    add_nodes(take(std::move(tokens)));
    t_.rank_.assign(t_.bytes_.size(), kNone);
    for (u32 i = 0; i < t_.order_.size(); ++i) t_.rank_[t_.order_[i]] = i;
    count_bytes();
    summarize();
    index_children();
  }

 private:
  std::vector<u32> take(std::vector<std::optional<std::string>> tokens);
  void add_nodes(const std::vector<u32>& sorted);
  void count_bytes();
  void summarize();
  ByteSet find_bytes_below(u32 node) const;
  void index_children();

  Trie& t_;
};

Trie::Trie(std::vector<std::optional<std::string>> tokens, u32 width) : width_(width) {
  Builder(*this).run(std::move(tokens));
}

// Keeps the byte strings, and returns the ids of the tokens that have one, sorted by it.
std::vector<u32> Trie::Builder::take(std::vector<std::optional<std::string>> tokens) {
  struct Key {
    u64 prefix;  // so that few comparisons need the whole string
    u32 token;
  };
  std::vector<Key> keys;
  keys.reserve(tokens.size());
  t_.bytes_.resize(tokens.size());
  t_.special_.assign(tokens.size(), false);
  for (u32 t = 0; t < tokens.size(); ++t) {
    if (tokens[t]) {
      if (!may_be_text(*tokens[t])) continue;
      t_.bytes_[t] = std::move(*tokens[t]);
      t_.longest_ = std::max(t_.longest_, static_cast<u32>(t_.bytes_[t].size()));
    } else {
      t_.special_[t] = true;
      t_.bytes_[t] = special_bytes(t);
    }
    keys.push_back({prefix_key(t_.bytes_[t]), t});
  }
  std::sort(keys.begin(), keys.end(), [this](const Key& a, const Key& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = t_.bytes_[a.token].compare(t_.bytes_[b.token]);
    return order != 0 ? order < 0 : a.token < b.token;
  });
  std::vector<u32> sorted;
  sorted.reserve(keys.size());
  for (const Key& key : keys) sorted.push_back(key.token);
  return sorted;
}

void Trie::Builder::add_nodes(const std::vector<u32>& sorted) {
  t_.order_.reserve(sorted.size());
  t_.nodes_.reserve(sorted.size() * 3);
  const auto add = [this](u8 byte, std::size_t depth) {
    t_.nodes_.push_back(
        {0, static_cast<u32>(t_.order_.size()), byte, 0, static_cast<u16>(depth), static_cast<u16>(depth), 0});
    return static_cast<u32>(t_.nodes_.size()) - 1;
  };
  std::vector<u32> path{add(0, 0)};  // nodes from the root to the last token
  std::string_view last;
  for (const u32 token : sorted) {
    const std::string_view text = t_.bytes_[token];
    std::size_t common = 0;
    while (common < last.size() && common < text.size() && last[common] == text[common]) ++common;
    for (; path.size() > common + 1; path.pop_back()) t_.nodes_[path.back()].end = static_cast<u32>(t_.nodes_.size());
    for (std::size_t i = common; i < text.size(); ++i) path.push_back(add(static_cast<u8>(text[i]), path.size()));
    t_.order_.push_back(token);
    last = text;
  }
  for (; !path.empty(); path.pop_back()) t_.nodes_[path.back()].end = static_cast<u32>(t_.nodes_.size());
  add(0, 0);
}

// How many tokens hold each byte, and how many characters each token begins.
void Trie::Builder::count_bytes() {
  std::array<u32, 256> holder;  // by byte: the last token that holds it
  holder.fill(kNone);
  t_.characters_.reserve(t_.order_.size());
  for (const u32 token : t_.order_) {
    u32 characters = 0;
    for (const char c : t_.bytes_[token]) {
      const u8 byte = static_cast<u8>(c);
      if (holder[byte] != token) holder[byte] = token, ++t_.tokens_with_[byte];
      characters += (byte & 0xC0) != 0x80;
    }
    t_.characters_.push_back(static_cast<u16>(characters));
  }
}

// What is below each node; from the last node to the first, children before parents.
void Trie::Builder::summarize() {
  t_.below_.emplace_back();
  for (u32 node = t_.nodes(); node-- > 0;) {
    for (u32 child = node + 1; child < t_.end(node); child = t_.end(child)) {
      t_.nodes_[node].deepest = std::max(t_.nodes_[node].deepest, t_.nodes_[child].deepest);
      t_.nodes_[node].kinds |= t_.nodes_[child].kinds | kind_of(t_.byte(child));
    }
    if (t_.end(node) - node <= kFewNodes || t_.below_.size() == kMostBelow) continue;
    const ByteSet set = find_bytes_below(node);
    t_.nodes_[node].below = static_cast<u32>(t_.below_.size()) & (kMostBelow - 1);
    t_.below_.push_back(set);
  }
}

ByteSet Trie::Builder::find_bytes_below(u32 node) const {
  ByteSet set{};
  for (u32 child = node + 1; child < t_.end(node); child = t_.end(child)) {
    include(set, t_.byte(child));
    if (const ByteSet* deeper = t_.bytes_below(child))
      for (std::size_t i = 0; i < 4; ++i) set[i] |= (*deeper)[i];
    else
      for (u32 inner = child + 1; inner < t_.end(child); ++inner) include(set, t_.byte(inner));
  }
  return set;
}

void Trie::Builder::index_children() {
  t_.roots_.fill(kNone);
  if (t_.nodes() > kManyNodes) t_.pairs_.assign(1u << 16, kNone);
  for (u32 root = 1; root < t_.end(0); root = t_.end(root)) {
    t_.roots_[t_.byte(root)] = root;
    for (u32 child = root + 1; child < t_.end(root) && !t_.pairs_.empty(); child = t_.end(child))
      t_.pairs_[(t_.byte(root) << 8) | t_.byte(child)] = child;
  }
}

u32 Trie::child(u32 node, u8 with) const {
  if (node == 0) return roots_[with];
  if (depth(node) == 1 && !pairs_.empty()) return pairs_[(byte(node) << 8) | with];
  for (u32 at = node + 1; at < end(node); at = end(at))
    if (byte(at) >= with) return byte(at) == with ? at : kNone;
  return kNone;
}

std::optional<std::vector<u32>> Trie::segment(std::string_view text) const {
  const std::size_t n = text.size();
  std::vector<u32> cost(n + 1, kNone), via(n + 1, kNone);
  cost[0] = 0;
  for (std::size_t from = 0; from < n; ++from) {
    if (cost[from] == kNone) continue;
    u32 node = 0;
    for (std::size_t to = from; to < n; ++to) {
      node = child(node, static_cast<u8>(text[to]));
      if (node == kNone) break;
      if (first_token(node) == first_token(node + 1)) continue;
      if (cost[from] + 1 < cost[to + 1]) {
        cost[to + 1] = cost[from] + 1;
        via[to + 1] = order_[first_token(node)];
      }
    }
  }
  if (cost[n] == kNone) return std::nullopt;
  std::vector<u32> found;
  for (std::size_t at = n; at > 0; at -= bytes_[via[at]].size()) found.push_back(via[at]);
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace structgen
