#include "positions.h"

namespace structgen {

namespace {

constexpr u64 kRemembered = 1u << 18;  // states that have a name at a time

}  // namespace

std::optional<Position> Positions::advance(const Position& from, u32 token) {
  const u32 to = configurations_.advance(from.configuration, token);
  if (to == kNone) return std::nullopt;
  return uniqueness_ ? uniqueness_->advance(from, token, to) : Position{to, {}};
}

bool Positions::advance_known(Position& position, u32 token) const {
  const u32 to = configurations_.known_advance(position.configuration, token);
  if (to == kNone || (uniqueness_ && !uniqueness_->keeps_state(position, token))) return false;
  position.configuration = to;
  return true;
}

std::size_t Positions::read_text(Position& position, std::string_view text) {
  if (position.configuration == kFinished) return 0;
  Place p = configurations_.place(position.configuration);
  std::size_t length = 0;
  for (; length < text.size(); ++length) {
    Place next = p;
    UniquenessState state = position.state;
    if (!read_alive(next, state, static_cast<u8>(text[length]))) break;
    position.state = std::move(state);
    p = next;
  }
  position.configuration = configurations_.intern(p);
  return length;
}

bool Positions::can_stop(const Position& position) {
  return configurations_.can_stop(position.configuration) &&
         (!uniqueness_ || position.configuration == kFinished || uniqueness_->can_stop(position));
}

std::string Positions::next_bytes(const Position& position) {
  std::string found;
  if (position.configuration == kFinished) return found;
  for (u32 b = 0; b < 256; ++b) {
    Place p = configurations_.place(position.configuration);
    UniquenessState state = position.state;
    if (read_alive(p, state, static_cast<u8>(b))) found.push_back(static_cast<char>(b));
  }
  return found;
}

u64 PositionNumbers::number(const Position& position) {
  if (position.state.blank()) return position.configuration;
  const u64 name = position.state.name();
  if (name != 0 && remembered_[name % kRemembered].first == name) return (name << 32) | position.configuration;
  last_ = last_ % INT32_MAX + 1;  // positive as a signed number
  const std::size_t slot = last_ % kRemembered;
  if (slot >= remembered_.size()) remembered_.resize(slot + 1);
  position.state.set_name(last_);
  remembered_[slot] = {last_, position.state};
  return (last_ << 32) | position.configuration;
}

Position PositionNumbers::position(u64 number) const {
  Position found{static_cast<u32>(number), {}};
  if (const u64 name = number >> 32; name != 0) {
    const std::size_t slot = name % kRemembered;
    if (slot >= remembered_.size() || remembered_[slot].first != name) throw Forgotten{};
    found.state = remembered_[slot].second;
  }
  return found;
}

}  // namespace structgen
