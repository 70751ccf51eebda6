#include "parser.h"

#include <algorithm>

namespace structgen {

namespace {

constexpr u32 kReference = 1u << 31;  // marks a continuation that is a reference, not a set

void sort_as_set(std::vector<Item>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

}  // namespace

Parser::Parser(const Source& source, u32 longest_token, Meter& meter)
    : meter_(meter), longest_token_(longest_token), layout_(source, meter), predicted_(layout_.size()) {
  intern_flat({Item{0, 0, 0}});  // set 0: the text may end
  std::vector<Item> items;
  flatten({layout_.start()}, items, nullptr);
  start_ = intern_flat(items);
}

u32 Parser::shortest_after(u32 c) const {
  return c & kReference ? references_[c ^ kReference].shortest : infos_[c].shortest;
}

u32 Parser::canonical_after(u32 c) const {
  return c & kReference ? references_[c ^ kReference].canonical : infos_[c].canonical;
}

u32 Parser::depth_after(u32 c) const { return c & kReference ? references_[c ^ kReference].depth : infos_[c].depth; }

u32 Parser::canonical_register(const Item& item) {
  const Layout::Position& position = layout_.position(item.position);
  if (position.kind != Layout::Loop) return item.reg;
  const Span bounds = layout_.registers()[item.reg];
  const u32 one = layout_.symbol_shortest(layout_.node(position.value).body);
  const u32 most = longest_token_ / std::max(1u, one) + 2;
  return layout_.registers().bounds(std::min(bounds[0], most), bounds[1] > most ? kNone : bounds[1]);
}

const std::vector<Item>& Parser::items_of(u32 c, std::vector<Item>& scratch) const {
  if (c & kReference) return references_[c ^ kReference].items;
  const Span words = sets_[c];
  scratch.clear();
  for (u32 i = 0; i < words.size; i += 3) scratch.push_back({words[i], words[i + 1], words[i + 2]});
  return scratch;
}

// Replaces completed items by what follows them. References of an instance that is being made have no items yet:
// they are listed in `open_references` instead.
void Parser::flatten(std::vector<Item> raw, std::vector<Item>& out, std::vector<u32>* open_references) {
  std::vector<u32> entered;
  std::vector<Item> scratch;
  auto enter = [&](u32 continuation) {
    if (std::find(entered.begin(), entered.end(), continuation) != entered.end()) return;
    entered.push_back(continuation);
    if (open_references && (continuation & kReference) && references_[continuation ^ kReference].shortest == kNone)
      return open_references->push_back(continuation);
    const std::vector<Item>& items = items_of(continuation, scratch);
    out.insert(out.end(), items.begin(), items.end());
  };
  while (!raw.empty()) {
    const Item item = raw.back();
    raw.pop_back();
    const Completion found = completion_of(item);
    if (found.goes_on) out.push_back(item);
    if (found.is_complete) enter(item.continuation);
    if (found.is_nullable) raw.push_back({item.position + 1, 0, item.continuation});
  }
  meter_.spend(out.size() + 1);
  if (out.size() > 1) sort_as_set(out);
}

// What may happen to an item without reading anything.
Parser::Completion Parser::completion_of(const Item& item) {
  const Layout::Position& position = layout_.position(item.position);
  switch (position.kind) {
    case Layout::End:
      return {false, true, false};
    case Layout::Node:
      return {true, false, layout_.node(position.value).nullable};
    case Layout::Loop: {
      const Span bounds = layout_.registers()[item.reg];
      return {bounds[1] != 0, bounds[0] == 0, false};
    }
    case Layout::More: {
      const Layout::NodeInfo& node = layout_.node(position.value);
      return {layout_.any_left(node, item.reg), layout_.all_required_used(node, item.reg), false};
    }
    default:
      return {true, false, false};
  }
}

u32 Parser::intern(std::vector<Item> raw) {
  if (raw.size() == 1 && layout_.position(raw[0].position).kind == Layout::End) return raw[0].continuation;
  std::vector<Item> items;
  flatten(std::move(raw), items, nullptr);
  return intern_flat(items);
}

u32 Parser::intern_flat(const std::vector<Item>& items) {
  const u32* words = reinterpret_cast<const u32*>(items.data());
  const u32 size = static_cast<u32>(items.size() * 3);
  if (const u32 known = sets_.find(words, size); known != kNone) return known;
  SetInfo info;
  info.shortest = kFar;
  bool canonical = true;
  std::vector<Item> wide;
  for (const Item& item : items) {
    if (item.position == 0) {
      info.accepts = true;
      info.shortest = 0;
      wide.push_back(item);
      continue;
    }
    info.shortest =
        std::min(info.shortest, add_lengths(layout_.item_shortest(item), shortest_after(item.continuation)));
    info.depth = std::max(info.depth, depth_after(item.continuation) + 1);
    wide.push_back({item.position, canonical_register(item), canonical_after(item.continuation)});
    canonical &= wide.back() == item;
  }
  meter_.spend(items.size());
  meter_.states(sets_.size() + 1);
  meter_.nesting(info.depth);
  const u32 id = sets_.intern(words, size);
  info.canonical = id;
  infos_.push_back(info);
  closures_.emplace_back();
  item_count_ += items.size();
  if (!canonical) {
    std::sort(wide.begin(), wide.end());
    wide.erase(std::unique(wide.begin(), wide.end()), wide.end());
    const u32 found = intern_flat(wide);
    infos_[id].canonical = found;
  }
  return id;
}

// An instance of a component of the left-corner graph: what its nodes continue with, where some of them are entered
// from outside.
class Parser::Instance {
 public:
  Instance(Parser& parser, u32 number, u32 component, const std::vector<Entry>& outside)
      : p_(parser),
        edges_(parser.layout_.component(component).edges),
        component_(component),
        outside_(outside),
        first_(static_cast<u32>(parser.references_.size())) {
    find_active();
    const u32 size = static_cast<u32>(active_.size());
    p_.instance_ranges_.push_back({first_, first_ + size});
    u32 depth = 1;
    for (const Entry& entry : outside) depth = std::max(depth, p_.depth_after(entry.second) + 1);
    for (u32 n : active_) p_.references_.push_back({number, n, {}, kNone, kNone, depth});
    direct_.resize(size);
    links_.resize(size);
    shortest_.assign(size, kFar);
  }

  void run() {
    for (u32 i = 0; i < active_.size(); ++i) find_direct(i);
    find_shortest();
    for (u32 i = 0; i < active_.size(); ++i) {
      Reference& made = p_.references_[first_ + i];
      made.items = all_items(i);
      made.shortest = shortest_[i];
    }
    find_canonical();
  }

 private:
  // Nodes that can stand at the left corner of those entered.
  void find_active() {
    for (const Entry& entry : outside_) active_.push_back(entry.first);
    for (std::size_t i = 0; i < active_.size(); ++i)
      for (const Layout::Edge& e : edges_)
        if (e.from == active_[i] && !is_active(e.to)) active_.push_back(e.to);
  }
  bool is_active(u32 node) const { return std::find(active_.begin(), active_.end(), node) != active_.end(); }
  u32 index(u32 node) const {
    return static_cast<u32>(std::find(active_.begin(), active_.end(), node) - active_.begin());
  }

  // The items that follow a node at once, and the other nodes whose items follow it too.
  void find_direct(u32 i) {
    std::vector<Item> raw;
    for (const Layout::Edge& e : edges_)
      if (e.to == active_[i] && is_active(e.from))
        raw.push_back({e.rest.position, e.rest.reg, kReference | (first_ + index(e.from))});
    p_.flatten(std::move(raw), direct_[i], &links_[i]);
    std::vector<Item> scratch;
    for (const auto& [node, continuation] : outside_) {
      if (node != active_[i]) continue;
      const std::vector<Item>& items = p_.items_of(continuation, scratch);
      direct_[i].insert(direct_[i].end(), items.begin(), items.end());
      shortest_[i] = p_.shortest_after(continuation);
    }
  }

  void find_shortest() {
    for (bool changed = true; changed;) {
      changed = false;
      for (const Layout::Edge& e : edges_) {
        if (!is_active(e.from)) continue;
        const u32 way = add_lengths(p_.layout_.item_shortest(e.rest), shortest_[index(e.from)]);
        u32& known = shortest_[index(e.to)];
        if (way < known) known = way, changed = true;
      }
    }
  }

  // Of a node and all that it is linked with.
  std::vector<Item> all_items(u32 i) {
    std::vector<bool> seen(active_.size(), false);
    std::vector<u32> todo{i};
    seen[i] = true;
    std::vector<Item> items;
    while (!todo.empty()) {
      const u32 at = todo.back();
      todo.pop_back();
      items.insert(items.end(), direct_[at].begin(), direct_[at].end());
      for (u32 link : links_[at]) {
        const u32 to = (link ^ kReference) - first_;
        if (!seen[to]) seen[to] = true, todo.push_back(to);
      }
    }
    sort_as_set(items);
    p_.item_count_ += items.size();
    p_.meter_.spend(items.size() + 1);
    return items;
  }

  void find_canonical() {
    std::vector<Entry> wide = outside_;
    for (Entry& entry : wide) entry.second = p_.canonical_after(entry.second);
    const bool is_canonical = wide == outside_;
    for (u32 i = 0; i < active_.size(); ++i) {
      const u32 found = is_canonical ? kReference | (first_ + i) : p_.reference(component_, wide, active_[i]);
      p_.references_[first_ + i].canonical = found;
    }
  }

  Parser& p_;
  const std::vector<Layout::Edge>& edges_;
  const u32 component_;
  const std::vector<Entry>& outside_;
  const u32 first_;                        // of its references; one for each active node
  std::vector<u32> active_;                // nodes
  std::vector<std::vector<Item>> direct_;  // by active node, as all that follows
  std::vector<std::vector<u32>> links_;    // references
  std::vector<u32> shortest_;
};

// The continuation of `node`, where the component is entered with these continuations from outside.
u32 Parser::reference(u32 component, const std::vector<Entry>& outside, u32 node) {
  std::vector<u32> key{component};
  for (const auto& [n, c] : outside) {
    key.push_back(n);
    key.push_back(c);
  }
  bool added = false;
  const u32 number = instances_.intern(key, &added);
  if (added) {
    const Meter::Hold hold(meter_);
    Instance(*this, number, component, outside).run();
  }
  const auto [first, last] = instance_ranges_[number];
  for (u32 r = first; r < last; ++r)
    if (references_[r].node == node) return kReference | r;
  return kNone;  // not reached: callers name nodes that are active
}

// Finds everything that a state predicts. Components are taken from the outside in, so that all continuations that lead
// into one are known when its turn comes.
class Parser::Closer {
 public:
  explicit Closer(Parser& parser) : p_(parser) {
    p_.waiting_.clear();
    for (u32 node : p_.touched_) p_.predicted_[node].clear();  // not empty after an error
    p_.touched_.clear();
  }

  std::vector<Move> run(u32 state) {
    std::vector<Item> scratch;
    for (const Item& item : p_.items_of(state, scratch)) take_all(item);
    while (!p_.waiting_.empty()) {
      const u32 c = pop_component();
      p_.meter_.spend(1);
      const Layout::Component& component = p_.layout_.component(c);
      if (component.recursive)
        predict_recursive(c, component);
      else
        predict(component.nodes[0]);
    }
    std::sort(moves_.begin(), moves_.end());
    moves_.erase(std::unique(moves_.begin(), moves_.end()), moves_.end());
    return std::move(moves_);
  }

 private:
  void take_all(const Item& item) {
    p_.layout_.choices(item, [this](int symbol, const Item& after) { take(symbol, after); });
  }
  void take(int symbol, const Item& after) {
    if (symbol < 0) return moves_.push_back({static_cast<u32>(-symbol - 1), after});
    const u32 node = static_cast<u32>(symbol);
    std::vector<Item>& list = p_.predicted_[node];
    if (list.empty()) {
      p_.waiting_.push_back(p_.layout_.node(node).component);
      std::push_heap(p_.waiting_.begin(), p_.waiting_.end());
      p_.touched_.push_back(node);
    }
    if (list.empty() || !(list.back() == after)) list.push_back(after);
  }

  u32 pop_component() {
    std::vector<u32>& waiting = p_.waiting_;
    const u32 component = waiting.front();
    while (!waiting.empty() && waiting.front() == component) {
      std::pop_heap(waiting.begin(), waiting.end());
      waiting.pop_back();
    }
    return component;
  }

  // What follows the node, as one continuation.
  u32 continuation(u32 node) {
    std::vector<Item> raw;
    raw.swap(p_.predicted_[node]);
    return p_.intern(std::move(raw));
  }

  void predict(u32 node) {
    p_.layout_.first_items(node, continuation(node), [this](const Item& item) { take_all(item); });
  }

  void predict_recursive(u32 number, const Layout::Component& component) {
    std::vector<Entry> outside;
    for (u32 node : component.nodes)
      if (!p_.predicted_[node].empty()) outside.push_back({node, continuation(node)});
    const u32 instance = p_.references_[p_.reference(number, outside, outside[0].first) ^ kReference].instance;
    const auto [first, last] = p_.instance_ranges_[instance];
    for (u32 r = first; r < last; ++r)
      p_.layout_.first_items(p_.references_[r].node, kReference | r,
                             [&](const Item& item) { take_outer(item, number); });
  }
  // Without the edges inside a component.
  void take_outer(const Item& item, u32 component) {
    p_.layout_.choices(item, [&](int symbol, const Item& after) {
      if (symbol < 0 || p_.layout_.node(static_cast<u32>(symbol)).component != component) take(symbol, after);
    });
  }

  Parser& p_;
  std::vector<Move> moves_;
};

const Parser::Closure& Parser::closure(u32 state) {
  if (closures_[state].done) return closures_[state];
  std::vector<Move> moves = Closer(*this).run(state);
  meter_.spend(moves.size());
  item_count_ += moves.size();
  Closure& closure = closures_[state];
  for (const Move& move : moves)
    if (closure.terminals.empty() || closure.terminals.back() != move.first) closure.terminals.push_back(move.first);
  if (const std::vector<u32>& ignored = layout_.ignored(); !ignored.empty()) {
    std::vector<u32> merged;
    std::set_union(closure.terminals.begin(), closure.terminals.end(), ignored.begin(), ignored.end(),
                   std::back_inserter(merged));
    closure.terminals.swap(merged);
  }
  closure.moves = std::move(moves);
  closure.done = true;
  return closure;
}

u32 Parser::next(u32 state, const std::vector<u32>& terminals) {
  key_.assign(1, state);
  key_.insert(key_.end(), terminals.begin(), terminals.end());
  bool added = false;
  const u32 at = next_keys_.intern(key_, &added);
  if (added) next_values_.push_back(kNone);
  if (next_values_[at] != kNone) return next_values_[at];
  const std::vector<Move>& moves = closure(state).moves;
  const std::vector<u32>& ignored = layout_.ignored();
  std::vector<Item> raw, own;
  for (u32 t : terminals) {
    if (std::binary_search(ignored.begin(), ignored.end(), t)) {
      items_of(state, own);
      raw.insert(raw.end(), own.begin(), own.end());
    }
    auto from = std::lower_bound(moves.begin(), moves.end(), t,
                                 [](const Move& move, u32 terminal) { return move.first < terminal; });
    for (; from != moves.end() && from->first == t; ++from) raw.push_back(from->second);
  }
  std::vector<Item> items;
  flatten(std::move(raw), items, nullptr);
  const u32 result = intern_flat(items);
  next_values_[at] = result;
  return result;
}

}  // namespace structgen
