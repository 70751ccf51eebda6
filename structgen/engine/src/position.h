// Where a sequence is: a configuration, and the state of texts that must be unique, which is blank in grammars that
// have none.
#pragma once

#include "configurations.h"
#include "uniqueness_state.h"

namespace structgen {

struct Position {
  u32 configuration = kFinished;
  UniquenessState state;
};

}  // namespace structgen
