// What apply.h offers, for Python.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <numeric>
#include <optional>
#include <vector>

#include "apply.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace structgen;

namespace {

// Addresses instead of arrays: passing an ndarray costs more than masking what is allowed nearly everywhere.
void apply_at(std::uintptr_t logits, int type, std::size_t batch, std::size_t width, std::ptrdiff_t stride,
              std::uintptr_t bitmask, std::ptrdiff_t bitmask_stride, std::optional<std::vector<std::int64_t>> rows,
              std::size_t instructions) {
  if (!rows) {
    rows.emplace(batch);
    std::iota(rows->begin(), rows->end(), std::int64_t{0});
  }
  const LogitRows logit_rows{reinterpret_cast<void*>(logits), LogitType{type}, width, stride};
  const MaskRows mask_rows{reinterpret_cast<const std::int32_t*>(bitmask), bitmask_stride};
  constexpr std::size_t kLarge = std::size_t{1} << 20;  // below some 30 µs, giving up the GIL costs more than it gains
  if (rows->size() * width < kLarge) return apply_bitmask(logit_rows, mask_rows, *rows, instructions);
  const nb::gil_scoped_release without_gil;
  apply_bitmask(logit_rows, mask_rows, *rows, instructions);
}

std::vector<bool> copy_at(std::uintptr_t from, std::uintptr_t to, int type, std::size_t batch, std::size_t width,
                          std::ptrdiff_t stride, std::uintptr_t bitmask, std::ptrdiff_t bitmask_stride,
                          const std::vector<std::int64_t>& rows, std::size_t instructions) {
  const LogitRows source{reinterpret_cast<void*>(from), LogitType{type}, width, stride};
  const LogitRows target{reinterpret_cast<void*>(to), LogitType{type}, width, static_cast<std::ptrdiff_t>(width)};
  const MaskRows mask_rows{reinterpret_cast<const std::int32_t*>(bitmask), bitmask_stride};
  const nb::gil_scoped_release without_gil;
  return copy_masked(source, target, batch, mask_rows, rows, instructions);
}

}  // namespace

void bind_apply(nb::module_& m) {
  m.def("apply_bitmask", &apply_at, "logits"_a, "type"_a, "batch"_a, "width"_a, "stride"_a, "bitmask"_a,
        "bitmask_stride"_a, "rows"_a.none() = nb::none(), "instructions"_a = 0,
        "Sets forbidden logits to minus infinity. Takes addresses, and strides in elements; checks nothing.");
  m.def("copy_masked", &copy_at, "source"_a, "target"_a, "type"_a, "batch"_a, "width"_a, "stride"_a, "bitmask"_a,
        "bitmask_stride"_a, "rows"_a, "instructions"_a = 0,
        "Copies rows of logits to contiguous rows; those in `rows`, ascending, are masked. Returns for each of these "
        "whether\n"
        "any token is allowed. Takes addresses, and strides in elements; checks nothing.");
  m.def("apply_instructions", &apply_instructions, "What apply_bitmask() can use on this machine, the best first.");
}
