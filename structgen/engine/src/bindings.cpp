// The only unit that includes nanobind: converts, translates errors, releases the GIL, decides nothing.
#include <nanobind/nanobind.h>

namespace nb = nanobind;

NB_MODULE(_native, m) {
  m.doc() = "The native engine of structgen. Use structgen.compile() instead.";
}
