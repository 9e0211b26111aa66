#include "bind/bag.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "bind/arrays.hpp"
#include "bind/released.hpp"
#include "core/bag.hpp"
#include "core/layout.hpp"

namespace textmill::bind {
namespace {

using Table = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// The trainer, and the arrays that it reads.
struct HeldBag {
  std::unique_ptr<Bag> bag;
  In<float> data;
  In<std::int32_t> indices, indptr;
  Table targets, strength;
};

Out<float> copied(const HeldBag& held, void (Bag::*copy)(float*) const, std::initializer_list<std::size_t> shape) {
  std::size_t n = 1;
  for (const std::size_t side : shape) n *= side;
  PageArray<float> out = page_array<float>(n);
  (*held.bag.*copy)(out.get());
  return own(std::move(out), shape);
}

}  // namespace

void bind_bag(nb::module_& m) {
  nb::class_<HeldBag>(m, "Bag")
      .def("__init__", [](HeldBag* self, In<float> data, In<std::int32_t> indices, In<std::int32_t> indptr, Table targets, Table strength, bool share, Table start) {
        const Sparse rows = checked_sparse(array(data), array(indices), array(indptr), start.shape(0));
        const std::size_t n = rows.n_rows, k = targets.shape(1), width = start.shape(1);
        require(k >= 1 && width >= 1, "targets, start: wanted a column or more");
        require(targets.shape(0) == n, "targets: wanted one row a text");
        require(strength.shape(0) == n && (strength.shape(1) == 1 || (strength.shape(1) == k && !share)), "strength: wanted one value a text");
        std::unique_ptr<Bag> bag;
        released(data.shape(0) * 4 + start.shape(0) * width * 4, [&] {
          bag = std::make_unique<Bag>(rows, BagTargets{targets.data(), strength.data(), strength.shape(1) > 1, share}, k, width, start.data());
        });
        new (self) HeldBag{std::move(bag), std::move(data), std::move(indices), std::move(indptr), std::move(targets), std::move(strength)};
      }, nb::arg("data"), nb::arg("indices"), nb::arg("indptr"), nb::arg("targets"), nb::arg("strength"), nb::arg("share"), nb::arg("start"))
      .def("epoch", [](HeldBag& self, In<std::int32_t> order, int batch, float first_rate, float last_rate, int threads) {
        const std::size_t n = order.shape(0), n_rows = self.bag->n_rows(), n_threads = at_least_one(threads);
        require(batch >= 1, "batch: wanted 1 or more");
        require(std::all_of(order.data(), order.data() + n, [&](std::int32_t row) { return row >= 0 && static_cast<std::size_t>(row) < n_rows; }),
                "order: wanted numbers of texts");
        double loss = 0;
        released(self.data.shape(0) * self.bag->width(), [&] {
          loss = self.bag->epoch(order.data(), n, static_cast<std::size_t>(batch), first_rate, last_rate, n_threads);
        });
        return loss;
      }, nb::arg("order"), nb::arg("batch"), nb::arg("first_rate"), nb::arg("last_rate"), nb::arg("threads"))
      .def("vectors", [](const HeldBag& self) { return copied(self, &Bag::vectors, {self.bag->n_columns(), self.bag->width()}); })
      .def("head", [](const HeldBag& self) { return copied(self, &Bag::head, {self.bag->width(), self.bag->n_outputs()}); })
      .def("bias", [](const HeldBag& self) { return copied(self, &Bag::bias, {self.bag->n_outputs()}); });
}

}  // namespace textmill::bind
