// Parser: the grammar laid out. Positions in right-hand sides, shortest texts, what is nullable, left-corner
// components.
#include <algorithm>
#include <bit>

#include "parser.h"

namespace structgen {

void Parser::read(const Source& source) {
  const std::vector<int>& flat = source.nodes;
  std::size_t at = 0;
  while (at < flat.size()) {
    NodeInfo node;
    node.kind = static_cast<NodeKind>(flat[at++]);
    if (node.kind == Rule) {
      for (int n = flat[at++]; n > 0; --n) {
        const int length = flat[at++];
        node.symbols.emplace_back(flat.begin() + static_cast<std::ptrdiff_t>(at),
                                  flat.begin() + static_cast<std::ptrdiff_t>(at) + length);
        at += static_cast<std::size_t>(length);
      }
    } else if (node.kind == Repetition) {
      node.body = flat[at];
      node.min = static_cast<u32>(flat[at + 1]);
      node.max = flat[at + 2] < 0 ? kNone : static_cast<u32>(flat[at + 2]);
      at += 3;
    } else {
      node.separated = flat[at] != 0;
      node.body = flat[at + 1];
      const int n = flat[at + 2];
      at += 3;
      for (int i = 0; i < n; ++i, at += 2) node.members.push_back({flat[at], flat[at + 1]});
    }
    nodes_.push_back(std::move(node));
  }
  NodeInfo top;  // holds the start symbol, so that it stands before a position
  top.symbols.push_back({static_cast<int>(source.start)});
  nodes_.push_back(std::move(top));
}

u32 Parser::symbol_shortest(int symbol) const {
  return symbol < 0 ? terminal_lengths_[static_cast<u32>(-symbol - 1)] : nodes_[static_cast<u32>(symbol)].shortest;
}

// The shortest text of each node (Knuth, A generalization of Dijkstra's algorithm, 1977); then drops what has none.
void Parser::find_lengths(const Source&) {
  std::vector<std::vector<u32>> users(nodes_.size());
  auto uses = [&](u32 node, int symbol) {
    if (symbol >= 0) users[static_cast<u32>(symbol)].push_back(node);
  };
  for (u32 i = 0; i < nodes_.size(); ++i) {
    for (const auto& alternative : nodes_[i].symbols)
      for (int s : alternative) uses(i, s);
    if (nodes_[i].kind == Repetition || nodes_[i].separated) uses(i, nodes_[i].body);
    for (const Member& m : nodes_[i].members) uses(i, m.symbol);
  }
  auto evaluate = [&](const NodeInfo& node) {
    u32 best = kFar;
    if (node.kind == Rule) {
      for (const auto& alternative : node.symbols) {
        u32 sum = 0;
        for (int s : alternative) sum = add_lengths(sum, symbol_shortest(s));
        best = std::min(best, sum);
      }
    } else if (node.kind == Repetition) {
      best = node.min == 0 ? 0 : times_length(symbol_shortest(node.body), node.min);
    } else {
      u32 sum = 0, required = 0;
      for (const Member& m : node.members)
        if (m.mode == 1) sum = add_lengths(sum, symbol_shortest(m.symbol)), ++required;
      if (node.separated && required > 1)
        sum = add_lengths(sum, times_length(symbol_shortest(node.body), required - 1));
      best = sum;
    }
    return best;
  };
  std::vector<u32> queue(nodes_.size());
  std::vector<bool> queued(nodes_.size(), true);
  for (u32 i = 0; i < queue.size(); ++i) queue[i] = static_cast<u32>(nodes_.size()) - 1 - i;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const u32 i = queue[at];
    queued[i] = false;
    const u32 length = evaluate(nodes_[i]);
    meter_.spend(1 + nodes_[i].symbols.size());
    if (length >= nodes_[i].shortest) continue;
    nodes_[i].shortest = length;
    for (u32 user : users[i])
      if (!queued[user]) {
        queued[user] = true;
        queue.push_back(user);
      }
  }
  if (nodes_.back().shortest >= kFar)
    throw EmptyLanguage{
        "no text can match: every way through the grammar needs a "
        "rule that never finishes, or a terminal that denotes nothing"};
  for (NodeInfo& node : nodes_) {
    node.nullable = node.shortest == 0;
    std::erase_if(node.symbols, [&](const std::vector<int>& alternative) {
      return std::any_of(alternative.begin(), alternative.end(), [&](int s) { return symbol_shortest(s) >= kFar; });
    });
    if (node.kind == Repetition) {
      const u32 one = symbol_shortest(node.body);
      if (one == 0) node.min = 0;
      if (one >= kFar || node.max == 0) {  // nothing but the empty text is left
        node = NodeInfo{};
        node.symbols.emplace_back();
        node.shortest = 0;
        node.nullable = true;
      }
    }
    std::erase_if(node.members, [&](const Member& m) { return symbol_shortest(m.symbol) >= kFar; });
    for (Member& m : node.members)
      if (m.mode == 1 && symbol_shortest(m.symbol) == 0) m.mode = 0;
    node.alone = node.kind == Permutation && node.separated && symbol_shortest(node.body) >= kFar;
  }
}

void Parser::lay_out() {
  positions_.push_back({Accept, 0, 0});
  for (u32 i = 0; i < nodes_.size(); ++i) {
    NodeInfo& node = nodes_[i];
    for (const auto& alternative : node.symbols) {
      node.alternatives.push_back(static_cast<u32>(positions_.size()));
      const std::size_t from = positions_.size();
      for (int s : alternative)
        positions_.push_back({s < 0 ? Terminal : Node, static_cast<u32>(s < 0 ? -s - 1 : s), 0});
      positions_.push_back({End, 0, 0});
      u32 rest = 0;
      for (std::size_t k = alternative.size(); k-- > 0;) {
        rest = add_lengths(rest, symbol_shortest(alternative[k]));
        positions_[from + k].shortest = rest;
      }
    }
    if (node.kind == Repetition) {
      const u32 bounds[] = {node.min, node.max};
      node.first_register = registers_.intern(bounds, 2);
      node.loop = static_cast<u32>(positions_.size());
      positions_.push_back({Loop, i, 0});
    } else if (node.kind == Permutation) {
      node.first_register = registers_.intern(std::vector<u32>((node.members.size() + 31) / 32, 0));
      node.choose = static_cast<u32>(positions_.size());
      positions_.push_back({Choose, i, 0});
      node.more = static_cast<u32>(positions_.size());
      positions_.push_back({More, i, 0});
    }
    node.symbols.clear();
    node.symbols.shrink_to_fit();
  }
}

// Tarjan's strongly connected components of the left-corner graph; a component comes before those that begin with it.
void Parser::find_components() {
  const u32 n = static_cast<u32>(nodes_.size());
  std::vector<std::vector<Edge>> corners(n);
  for (u32 i = 0; i < n; ++i)
    first_items(i, 0, [&](const Item& item) {
      choices(item, [&](int symbol, const Item& after) {
        if (symbol >= 0) corners[i].push_back({i, static_cast<u32>(symbol), after});
      });
    });
  std::vector<u32> order(n, kNone), low(n, 0), stack;
  std::vector<bool> open(n, false);
  u32 counter = 0;
  struct Frame {
    u32 node;
    u32 edge;
  };
  for (u32 root = 0; root < n; ++root) {
    if (order[root] != kNone) continue;
    std::vector<Frame> frames{{root, 0}};
    while (!frames.empty()) {
      const u32 node = frames.back().node;
      if (frames.back().edge == 0 && order[node] == kNone) {
        order[node] = low[node] = counter++;
        stack.push_back(node);
        open[node] = true;
      }
      if (frames.back().edge < corners[node].size()) {
        const u32 to = corners[node][frames.back().edge++].to;
        if (order[to] == kNone)
          frames.push_back({to, 0});
        else if (open[to])
          low[node] = std::min(low[node], order[to]);
        continue;
      }
      if (low[node] == order[node]) {
        std::vector<u32> component;
        u32 member;
        do {
          member = stack.back();
          stack.pop_back();
          open[member] = false;
          nodes_[member].component = static_cast<u32>(components_.size());
          component.push_back(member);
        } while (member != node);
        std::sort(component.begin(), component.end());
        components_.push_back(std::move(component));
      }
      frames.pop_back();
      if (!frames.empty()) low[frames.back().node] = std::min(low[frames.back().node], low[node]);
    }
  }
  recursive_.assign(components_.size(), false);
  edges_.resize(components_.size());
  for (u32 i = 0; i < n; ++i)
    for (const Edge& e : corners[i])
      if (nodes_[e.from].component == nodes_[e.to].component) {
        recursive_[nodes_[i].component] = true;
        edges_[nodes_[i].component].push_back(e);
      }
}

}  // namespace structgen
