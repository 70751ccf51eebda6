#include "token_programs.h"

#include <vector>

namespace structgen {

namespace {

constexpr std::size_t kMostRemembered = 4'000'000;

// A word of a program: the kind of step in the upper four bits, below them how many bytes, or which effects.
enum Step : u32 { Skip, Write, End };
constexpr u32 kStepShift = 28;

Step step_of(u32 word) { return static_cast<Step>(word >> kStepShift); }
u32 value_of(u32 word) { return word & ((1u << kStepShift) - 1); }

void add_effect(std::vector<u32>& steps, u32 effect) { steps.push_back((End << kStepShift) | effect); }

void add_byte(std::vector<u32>& steps, Step step) {
  if (!steps.empty() && step_of(steps.back()) == step)
    ++steps.back();
  else
    steps.push_back((step << kStepShift) | 1u);
}

// A terminal ends. False if its text, or its item, is repeated.
bool end_terminal(u32 effect, UniquenessState& state) {
  if (((effect & Record) && state.repeats()) || ((effect & Item) && state.items().repeats())) return false;
  state.settle_items();
  if (effect & Record)
    state.record();
  else
    state.drop();
  if (effect & Open) state.open();
  if (effect & Close) state.close();
  if (effect & Items) state.open_items((effect & Roomy) != 0);
  return true;
}

}  // namespace

Span TokenPrograms::find(u32 configuration, u32 token, std::string_view bytes) {
  const u64 key = pair_key(configuration, token);
  if (const u32 known = memo_.find(key); known != kNone) return programs_[known];
  std::vector<u32> steps;
  Place p = configurations_.place(configuration);
  for (char c : bytes) {
    u32 within = p.parse, with_byte_effect = kNone;
    places_.read(p, static_cast<u8>(c), [&](u32 parse, u32 lexer, bool with_byte) {
      const u32 effect = effects_.at_end(parse, lexer);
      if (with_byte) {
        with_byte_effect = effect;
        return;
      }
      if (effect != None || effects_.records(parse)) add_effect(steps, effect);
      within = places_.after(parse, lexer);
    });
    add_byte(steps, effects_.records(within) ? Write : Skip);
    if (with_byte_effect != kNone && (with_byte_effect != None || effects_.records(within)))
      add_effect(steps, with_byte_effect);
  }
  while (!steps.empty() && step_of(steps.back()) == Skip) steps.pop_back();
  const u32 found = programs_.intern(steps);
  if (memo_.size() > kMostRemembered) memo_.clear();
  memo_.put(key, found);
  return programs_[found];
}

bool TokenPrograms::replay(Span program, std::string_view bytes, UniquenessState& state) {
  for (u32 word : program) {
    const u32 value = value_of(word);
    if (step_of(word) == End) {
      if (!end_terminal(value, state)) return false;
      continue;
    }
    if (step_of(word) == Write) state.write(bytes.substr(0, value));
    state.log(bytes.substr(0, value));
    bytes.remove_prefix(value);
  }
  state.log(bytes);
  return true;
}

}  // namespace structgen
