#include "grammar_layout.h"

#include <algorithm>

namespace structgen {

// Reads the flat numbers.
class GrammarLayout::Reader {
 public:
  explicit Reader(const std::vector<int>& numbers) : numbers_(numbers) {}

  std::vector<NodeInfo> run() {
    std::vector<NodeInfo> nodes;
    while (at_ < numbers_.size()) {
      NodeInfo node;
      node.kind = static_cast<NodeKind>(next());
      if (node.kind == Rule)
        read_rule(node);
      else if (node.kind == Repetition)
        read_repetition(node);
      else
        read_permutation(node);
      nodes.push_back(std::move(node));
    }
    return nodes;
  }

 private:
  int next() { return numbers_[at_++]; }
  void read_rule(NodeInfo& node) {
    for (int n = next(); n > 0; --n) {
      std::vector<int> symbols(static_cast<std::size_t>(next()));
      for (int& symbol : symbols) symbol = next();
      node.symbols.push_back(std::move(symbols));
    }
  }
  void read_repetition(NodeInfo& node) {
    node.body = next();
    node.min = static_cast<u32>(next());
    const int max = next();
    node.max = max < 0 ? kNone : static_cast<u32>(max);
  }
  void read_permutation(NodeInfo& node) {
    node.separated = next() != 0;
    node.body = next();
    for (int n = next(); n > 0; --n) {
      const int symbol = next();
      node.members.push_back({symbol, static_cast<Mode>(next())});
    }
  }

  const std::vector<int>& numbers_;
  std::size_t at_ = 0;
};

// The shortest text of each node (Knuth, A generalization of Dijkstra's algorithm, 1977).
class GrammarLayout::Lengths {
 public:
  Lengths(GrammarLayout& layout, Meter& meter) : l_(layout), meter_(meter), users_(layout.nodes_.size()) {
    for (u32 i = 0; i < l_.size(); ++i) add_uses(i);
  }

  void run() {
    const u32 n = l_.size();
    std::vector<u32> queue(n);
    std::vector<bool> queued(n, true);
    for (u32 i = 0; i < n; ++i) queue[i] = n - 1 - i;
    for (std::size_t at = 0; at < queue.size(); ++at) {
      const u32 i = queue[at];
      NodeInfo& node = l_.nodes_[i];
      queued[i] = false;
      meter_.spend(1 + node.symbols.size());
      const u32 length = shortest(node);
      if (length >= node.shortest) continue;
      node.shortest = length;
      for (u32 user : users_[i]) {
        if (queued[user]) continue;
        queued[user] = true;
        queue.push_back(user);
      }
    }
  }

 private:
  void add_uses(u32 i) {
    const NodeInfo& node = l_.nodes_[i];
    for (const auto& alternative : node.symbols)
      for (int symbol : alternative) add_use(i, symbol);
    if (node.kind == Repetition || node.separated) add_use(i, node.body);
    for (const Member& member : node.members) add_use(i, member.symbol);
  }
  void add_use(u32 node, int symbol) {
    if (symbol >= 0) users_[static_cast<u32>(symbol)].push_back(node);
  }

  u32 shortest(const NodeInfo& node) const {
    if (node.kind == Repetition) return node.min == 0 ? 0 : times_length(l_.symbol_shortest(node.body), node.min);
    if (node.kind == Permutation) return shortest_permutation(node);
    u32 best = kFar;
    for (const auto& alternative : node.symbols) {
      u32 sum = 0;
      for (int symbol : alternative) sum = add_lengths(sum, l_.symbol_shortest(symbol));
      best = std::min(best, sum);
    }
    return best;
  }
  u32 shortest_permutation(const NodeInfo& node) const {
    u32 sum = 0, required = 0;
    for (const Member& member : node.members)
      if (member.mode == Required) sum = add_lengths(sum, l_.symbol_shortest(member.symbol)), ++required;
    if (!node.separated || required <= 1) return sum;
    return add_lengths(sum, times_length(l_.symbol_shortest(node.body), required - 1));
  }

  GrammarLayout& l_;
  Meter& meter_;
  std::vector<std::vector<u32>> users_;  // by node
};

// Tarjan's strongly connected components of the left-corner graph.
class GrammarLayout::Components {
 public:
  explicit Components(GrammarLayout& layout)
      : l_(layout),
        corners_(layout.size()),
        order_(layout.size(), kNone),
        low_(layout.size(), 0),
        open_(layout.size()) {
    for (u32 i = 0; i < l_.size(); ++i)
      l_.first_items(i, 0, [&](const Item& item) {
        l_.choices(item, [&](int symbol, const Item& after) {
          if (symbol >= 0) corners_[i].push_back({i, static_cast<u32>(symbol), after});
        });
      });
  }

  void run() {
    for (u32 root = 0; root < l_.size(); ++root)
      if (order_[root] == kNone) search(root);
    for (const auto& corners : corners_)
      for (const Edge& e : corners) {
        const u32 c = l_.nodes_[e.from].component;
        if (c != l_.nodes_[e.to].component) continue;
        l_.components_[c].recursive = true;
        l_.components_[c].edges.push_back(e);
      }
  }

 private:
  struct Frame {
    u32 node, edge;
  };

  void search(u32 root) {
    enter(root);
    while (!frames_.empty()) {
      const u32 node = frames_.back().node;
      if (frames_.back().edge < corners_[node].size())
        follow(node, corners_[node][frames_.back().edge++].to);
      else
        leave(node);
    }
  }
  void enter(u32 node) {
    order_[node] = low_[node] = counter_++;
    stack_.push_back(node);
    open_[node] = true;
    frames_.push_back({node, 0});
  }
  void follow(u32 node, u32 to) {
    if (order_[to] == kNone)
      enter(to);
    else if (open_[to])
      low_[node] = std::min(low_[node], order_[to]);
  }
  void leave(u32 node) {
    if (low_[node] == order_[node]) close(node);
    frames_.pop_back();
    if (!frames_.empty()) low_[frames_.back().node] = std::min(low_[frames_.back().node], low_[node]);
  }
  // The nodes above `node` on the stack are a component with it.
  void close(u32 node) {
    Component component;
    u32 member;
    do {
      member = stack_.back();
      stack_.pop_back();
      open_[member] = false;
      l_.nodes_[member].component = static_cast<u32>(l_.components_.size());
      component.nodes.push_back(member);
    } while (member != node);
    std::sort(component.nodes.begin(), component.nodes.end());
    l_.components_.push_back(std::move(component));
  }

  GrammarLayout& l_;
  std::vector<std::vector<Edge>> corners_;  // by node
  std::vector<u32> order_, low_, stack_;
  std::vector<bool> open_;
  std::vector<Frame> frames_;
  u32 counter_ = 0;
};

GrammarLayout::GrammarLayout(const GrammarSource& source, Meter& meter)
    : nodes_(Reader(source.nodes).run()), terminal_lengths_(source.terminal_lengths) {
  NodeInfo top;  // holds the start symbol, so that it stands before a position
  top.symbols.push_back({static_cast<int>(source.start)});
  nodes_.push_back(std::move(top));
  Lengths(*this, meter).run();
  if (nodes_.back().shortest >= kFar)
    throw EmptyLanguage{
        "no text can match: every way through the grammar needs a "
        "rule that never finishes, or a terminal that denotes nothing"};
  for (NodeInfo& node : nodes_) drop_impossible(node);
  lay_out();
  Components(*this).run();
  for (u32 t : source.ignored)
    if (terminal_lengths_[t] < kFar) ignored_.push_back(t);
  std::sort(ignored_.begin(), ignored_.end());
}

// Removes what has no text.
void GrammarLayout::drop_impossible(NodeInfo& node) const {
  const auto is_impossible = [this](int symbol) { return symbol_shortest(symbol) >= kFar; };
  node.nullable = node.shortest == 0;
  std::erase_if(node.symbols, [&](const std::vector<int>& alternative) {
    return std::any_of(alternative.begin(), alternative.end(), is_impossible);
  });
  if (node.kind == Repetition) {
    if (symbol_shortest(node.body) == 0) node.min = 0;
    if (node.shortest == 0 && (is_impossible(node.body) || node.max == 0)) {  // only the empty text remains
      node = NodeInfo{};
      node.symbols.emplace_back();
      node.shortest = 0;
      node.nullable = true;
    }
  }
  std::erase_if(node.members, [&](const Member& member) { return is_impossible(member.symbol); });
  for (Member& member : node.members)
    if (member.mode == Required && symbol_shortest(member.symbol) == 0) member.mode = Optional;
  node.alone = node.kind == Permutation && node.separated && is_impossible(node.body);
}

void GrammarLayout::lay_out() {
  positions_.push_back({Accept, 0, 0});
  const auto add = [this](PositionKind kind, u32 node) {
    positions_.push_back({kind, node, 0});
    return static_cast<u32>(positions_.size()) - 1;
  };
  for (u32 i = 0; i < nodes_.size(); ++i) {
    NodeInfo& node = nodes_[i];
    for (const auto& alternative : node.symbols) {
      node.alternatives.push_back(static_cast<u32>(positions_.size()));
      lay_out(alternative);
    }
    if (node.kind == Repetition) {
      node.first_register = registers_.bounds(node.min, node.max);
      node.loop = add(Loop, i);
    } else if (node.kind == Permutation) {
      node.first_register = registers_.no_members(node.members.size());
      node.choose = add(Choose, i);
      node.more = add(More, i);
    }
    node.symbols.clear();
    node.symbols.shrink_to_fit();
  }
}

// One right-hand side.
void GrammarLayout::lay_out(const std::vector<int>& symbols) {
  const std::size_t from = positions_.size();
  for (int s : symbols) positions_.push_back({s < 0 ? Terminal : Node, static_cast<u32>(s < 0 ? -s - 1 : s), 0});
  positions_.push_back({End, 0, 0});
  u32 rest = 0;
  for (std::size_t k = symbols.size(); k-- > 0;) {
    rest = add_lengths(rest, symbol_shortest(symbols[k]));
    positions_[from + k].shortest = rest;
  }
}

bool GrammarLayout::all_required_used(const NodeInfo& node, u32 reg) const {
  for (u32 i = 0; i < node.members.size(); ++i)
    if (node.members[i].mode == Required && !registers_.used(reg, i)) return false;
  return true;
}

bool GrammarLayout::any_left(const NodeInfo& node, u32 reg) const {
  if (node.alone) return false;
  for (u32 i = 0; i < node.members.size(); ++i)
    if (node.members[i].mode == AnyNumber || !registers_.used(reg, i)) return true;
  return false;
}

u32 GrammarLayout::item_shortest(const Item& item) const {
  const Position& position = positions_[item.position];
  switch (position.kind) {
    case Loop:
      return times_length(symbol_shortest(nodes_[position.value].body), registers_[item.reg][0]);
    case Choose:
    case More:
      return permutation_shortest(item, position.kind == Choose);
    default:
      return position.shortest;
  }
}

// `is_first`: a member comes next, without a separator.
u32 GrammarLayout::permutation_shortest(const Item& item, bool is_first) const {
  const NodeInfo& node = nodes_[positions_[item.position].value];
  u32 sum = 0, required = 0, least = kFar;
  for (u32 i = 0; i < node.members.size(); ++i) {
    const Member& member = node.members[i];
    if (member.mode != AnyNumber && registers_.used(item.reg, i)) continue;
    const u32 length = symbol_shortest(member.symbol);
    least = std::min(least, length);
    if (member.mode == Required) sum = add_lengths(sum, length), ++required;
  }
  if (is_first && required == 0) return least;
  const u32 separators = is_first ? required - 1 : required;
  return node.separated ? add_lengths(sum, times_length(symbol_shortest(node.body), separators)) : sum;
}

}  // namespace structgen
