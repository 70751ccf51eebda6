#include "destinations.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace structgen {

void Destinations::add(u32 node, const Place& p) {
  if (p.fresh && !seen_.insert(pair_key(node, p.parse)).second) return;
  const Depth guard(depth_);
  if (!places_.dynamic()) return add_one(node, p);
  for (const Place& one : places_.members(p)) {
    if (!one.fresh) {
      add_one(node, one);
      continue;
    }
    const std::vector<u32> singles = places_.start(one.parse).singles;
    for (u32 single : singles)
      add_walk(store_.walks.walk(node, store_.lexer.normal(single, store_.trie.longest())), one.parse, single);
  }
}

void Destinations::add_one(u32 node, const Place& p) {
  const u32 from = places_.lexer_state(p);
  if (from != kDead) add_walk(store_.walks.walk(node, store_.lexer.normal(from, store_.trie.longest())), p.parse, from);
  if (places_.may_end(p)) add(node, places_.begin(places_.after(p.parse, p.lexer)));
}

// Of a walk with a base, the tokens that were cut are included: what is found is then too much.
void Destinations::add_walk(const Walk::View& view, u32 parse, u32 from) {
  const Walk& walk = *view.walk;
  const std::vector<u32> members = store_.lexer.indices(from);
  if (walk.base.walk != nullptr) add_walk(walk.base, parse, store_.lexer.renumbered(walk.base_state, members));
  if (walk.counted) add_counted(walk, parse, from);
  // A walk begins in the state without counts that no token reaches, and what it lacks is missing in its ends.
  for (u32 i = 0; i < members.size() && !walk.counted; ++i)
    clipped_bytes_ =
        std::max(clipped_bytes_, store_.languages.clipped_below(store_.lexer.rest(from, i), store_.trie.longest()));
  meter_.spend(walk.ends.size() + members.size() + 1);
  for (u32 end : walk.ends)
    found_.insert(configurations_.intern(places_.alone({parse, store_.lexer.renumbered(end, members), false})));
  for (const auto& exit : walk.exits)
    add_residual(store_.walks.residual(exit.residual),
                 places_.begin(places_.after(parse, places_.accepting(from, exit.accept))));
  for (const auto& reference : walk.references)
    add(reference.node, places_.begin(places_.after(parse, places_.accepting(from, reference.accept))));
}

void Destinations::add_counted(const Walk& walk, u32 parse, u32 from) {
  if (walk.by_count.empty() && walk.tail.empty()) return;
  const u32 word = add_lengths(walk.max_remaining, store_.languages.shortest_length(store_.lexer.rest(from, 0)));
  const u32 after = places_.parser().next(parse, {places_.start(parse).terminals[store_.lexer.index(from, 0)]});
  counted_bytes_ = std::max(counted_bytes_, add_lengths(word, places_.parser().shortest(after)));
  if (positions_.uniqueness()) after_counted_.insert(configurations_.intern(places_.begin(after)));
}

void Destinations::add_residual(const Residual& residual, const Place& start) {
  auto take = [&](u32 node, const Place& p) {
    if (residual.first[node] != residual.first[node + 1]) found_.insert(configurations_.intern(p));
  };
  take(0, start);
  std::vector<std::pair<Place, u32>> stack{{start, residual.end[0]}};
  for (u32 node = 1; node < residual.end[0];) {
    while (node >= stack.back().second) stack.pop_back();
    Place p = stack.back().first;
    meter_.spend(1);
    if (!places_.read(p, residual.byte[node])) {
      node = residual.end[node];
      continue;
    }
    take(node, p);
    stack.push_back({p, residual.end[node]});
    ++node;
  }
}

}  // namespace structgen
